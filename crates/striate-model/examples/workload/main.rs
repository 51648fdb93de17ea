//! One workload, timed: ours of what `benches/peers/pytorch_workloads.py` does in PyTorch.
//!
//! Arguments: WORKLOAD STEPS WARM-UP THREADS [PRECISION [SCALE]]; WORKLOAD may be `all`, PRECISION is
//! `f32` or `bf16` (of whole video twins, the others take no notice), SCALE is `full` or `tiny` (to see that it runs, not how fast). Prints one JSON object per
//! workload: seconds of each step after the warm-up, peak memory, GFLOP of a step counted as direct
//! convolution, and the number of parameters.
//!
//! Or: gradients FILE [SCALE], which writes the gradients of one reference step.

mod agreement;
mod batch;
mod convolutions;
mod core_alone;
mod latents;
mod readout_alone;
mod sgemm;
mod twins;

use std::error::Error;
use std::time::Instant;

use batch::Batch;

/// Whatever went wrong.
type Failure = Box<dyn Error + Send + Sync>;

const WORKLOADS: [&str; 11] = [
    "step",
    "core",
    "sensorium-2023",
    "sensorium-2022",
    "readout-1k",
    "readout-8k",
    "readout-40k",
    "inference",
    "monte-carlo",
    "monte-carlo-1",
    "sgemm",
];

/// How often to do the work.
#[derive(Clone, Copy)]
struct Schedule {
    steps: usize,
    warm_up: usize,
}

/// What a workload tells of itself.
struct Outcome {
    /// Of each step after the warm-up.
    seconds: Vec<f64>,
    /// Of one step, counted as direct convolution or matrix product; absent for what is bound
    /// by other things.
    gflop: Option<f64>,
    n_parameters: usize,
}

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [command, path, options @ ..] = &words[..]
        && command == "gradients"
    {
        let is_tiny = options.first().is_some_and(|scale| scale == "tiny");
        return agreement::run(sized(Batch::of("step"), is_tiny), path.as_ref());
    }
    let [workload, steps, warm_up, n_threads, options @ ..] = &words[..] else {
        return Err("expected WORKLOAD STEPS WARM-UP THREADS [PRECISION [SCALE]]".into());
    };
    let schedule = Schedule { steps: steps.parse()?, warm_up: warm_up.parse()? };
    let mut options = options.iter().map(String::as_str);
    let precision = options.next().unwrap_or("f32");
    let is_tiny = options.next() == Some("tiny");
    let wanted = WORKLOADS.iter().filter(|name| workload == "all" || workload == *name);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads.parse()?).build()?;
    let mut is_known = false;
    for name in wanted {
        is_known = true;
        let report = pool.install(|| {
            let outcome = run(name, precision, schedule, is_tiny)?;
            Ok::<_, Failure>(report(name, precision, &outcome))
        })?;
        println!("{report}");
    }
    if is_known { Ok(()) } else { Err(format!("expected all or one of {WORKLOADS:?}").into()) }
}

fn run(name: &str, precision: &str, schedule: Schedule, is_tiny: bool) -> Result<Outcome, Failure> {
    let batch = sized(Batch::of(name), is_tiny);
    match name {
        "core" => core_alone::run(batch, schedule),
        "inference" => twins::predict(precision, batch, schedule),
        "sgemm" => sgemm::run(if is_tiny { 64 } else { 2048 }, schedule),
        _ if name.starts_with("monte-carlo") => latents::run(batch, schedule),
        _ if name.starts_with("readout") => readout_alone::run(batch, schedule),
        _ => twins::train(name, precision, batch, schedule),
    }
}

fn sized(batch: Batch, is_tiny: bool) -> Batch {
    if is_tiny { batch.tiny() } else { batch }
}

impl Schedule {
    /// Seconds that the calls after the warm-up take. Each call says itself when its clock starts,
    /// so that preparations do not count.
    fn time(
        self,
        mut call: impl FnMut(usize) -> Result<Instant, Failure>,
    ) -> Result<Vec<f64>, Failure> {
        let mut seconds = Vec::new();
        for step in 0..self.warm_up + self.steps {
            let elapsed = call(step)?.elapsed().as_secs_f64();
            if step >= self.warm_up {
                seconds.push(elapsed);
            }
        }
        Ok(seconds)
    }
}

fn report(workload: &str, precision: &str, outcome: &Outcome) -> serde_json::Value {
    serde_json::json!({
        "workload": workload,
        "variant": "striate",
        "precision": precision,
        "threads": rayon::current_num_threads(),
        "seconds": outcome.seconds,
        "peak_mb": peak_memory_mb(),
        "gflop": outcome.gflop,
        "parameters": outcome.n_parameters,
    })
}

/// Largest resident set so far, as the kernel counts it; 0 where it does not.
fn peak_memory_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse().unwrap_or_default();
    kibibytes / 1024.0
}
