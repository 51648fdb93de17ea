//! The reference training step, timed: the workload of `benches/peers/pytorch_step.py`.
//!
//! 4 clips of 80 frames of 36 x 64 pixels; three layers of spatial ('same') and temporal ('valid')
//! convolution, kernels 11, 5, 5, with 32 channels, batch normalisation and ELU; a Gaussian readout of
//! 8000 neurons, one sampled position per neuron and frame; mean Poisson loss; `AdamW`.
//!
//! Prints one JSON object: seconds per step and peak memory. Arguments: STEPS WARM-UP THREADS

use std::error::Error;
use std::time::Instant;

use striate_base::{RandomStream, Streams};
use striate_kernels::optimiser::{AdamWStep, adamw_step};
use striate_model::{
    ClipInput, Gradients, ModelConfig, SessionShape, SessionStart, Twin, TwinSpec,
};

/// Whatever went wrong.
type Failure = Box<dyn Error + Send + Sync>;

const N_CLIPS: usize = 4;
const N_FRAMES: usize = 80;
const HEIGHT: usize = 36;
const WIDTH: usize = 64;
const N_NEURONS: usize = 8000;

fn main() -> Result<(), Failure> {
    let numbers: Result<Vec<usize>, _> = std::env::args().skip(1).map(|a| a.parse()).collect();
    let [steps, warm_up, n_threads] = numbers?[..] else {
        return Err("expected three arguments: STEPS WARM-UP THREADS".into());
    };
    rayon::ThreadPoolBuilder::new().num_threads(n_threads).build()?.install(|| {
        let seconds = run(steps, warm_up)?;
        let seconds: Vec<String> = seconds.iter().map(|s| format!("{s:.4}")).collect();
        let (seconds, peak_mb) = (seconds.join(", "), peak_memory_mb());
        println!(r#"{{"variant": "striate", "seconds": [{seconds}], "peak_mb": {peak_mb:.0}}}"#);
        Ok(())
    })
}

/// Seconds of each step after the warm-up.
fn run(steps: usize, warm_up: usize) -> Result<Vec<f64>, Failure> {
    let mut random = Streams::new(0).stream("reference step");
    let mut twin = twin(&mut random)?;
    let mut stimulus = vec![0.0; N_CLIPS * N_FRAMES * HEIGHT * WIDTH];
    random.fill_normal(&mut stimulus);
    let counts = N_CLIPS * N_FRAMES * N_NEURONS;
    let responses: Vec<f32> = (0..counts).map(|_| random.below(4) as f32 / 2.0).collect();
    let input = ClipInput {
        session: 0,
        n_clips: N_CLIPS,
        n_frames: N_FRAMES,
        stimulus: &stimulus,
        behaviour: None,
        pupil_center: None,
    };
    let n_predicted = N_CLIPS * (N_FRAMES - twin.frames_consumed()) * N_NEURONS;
    let mut gradients = Gradients::zeros(twin.parameters());
    let mut moments = gradients.0.iter().map(|g| [g.clone(), g.clone()]).collect::<Vec<_>>();
    let mut seconds = Vec::new();
    for step in 0..steps + warm_up {
        let start = Instant::now();
        gradients.clear();
        let scale = 1.0 / n_predicted as f64;
        twin.loss_and_gradients(&input, &responses, scale, &mut random, &mut gradients)?;
        update(&mut twin, &gradients, &mut moments, step as u64 + 1);
        if step >= warm_up {
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    Ok(seconds)
}

fn twin(random: &mut RandomStream) -> Result<Twin, Failure> {
    let model: ModelConfig = serde_json::from_str(
        r#"{ "core": { "channels": [32, 32, 32], "spatial_padding": "same", "bias": false },
             "readout": { "init_sigma": 0.1 } }"#,
    )?;
    let session = SessionShape {
        id: "reference".to_owned(),
        n_neurons: N_NEURONS,
        n_behaviour: 0,
        has_pupil_center: false,
    };
    let mut coordinate = || random.uniform_in(-0.8, 0.8) as f32;
    let start = SessionStart {
        mean_response: vec![0.0; N_NEURONS],
        positions: Some((0..N_NEURONS).map(|_| [coordinate(), coordinate()]).collect()),
        coordinates: None,
    };
    let spec = TwinSpec { model, height: HEIGHT, width: WIDTH, sessions: vec![session] };
    Ok(Twin::build(spec, &[start], &Streams::new(1))?)
}

fn update(twin: &mut Twin, gradients: &Gradients, moments: &mut [[Vec<f32>; 2]], step: u64) {
    let settings = AdamWStep {
        learning_rate: 1e-3,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        weight_decay: 0.01,
        decoupled: true,
        step,
    };
    let parameters = twin.parameters_mut().0.iter_mut().zip(&gradients.0).zip(moments);
    for ((parameter, gradient), [first, second]) in parameters {
        if parameter.trainable {
            adamw_step(&settings, &mut parameter.values, gradient, first, second);
        }
    }
}

/// Largest resident set so far, as the kernel counts it; 0 where it does not.
fn peak_memory_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse().unwrap_or_default();
    kibibytes / 1024.0
}
