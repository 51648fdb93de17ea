//! Populations that are nothing but latents, written as anybody's recording, and twins fitted to them.

use std::path::Path;

use ndarray::{Array2, Array3, s};
use striate::base::{CancelToken, NoProgress, RandomStream, Streams};
use striate::fit::{FitConfig, FitOutcome, RunFolder, fit};
use striate::formats::npy;
use striate::model::Twin;
use striate::recording::Recording;
use tempfile::TempDir;

pub(crate) const N_NEURONS: usize = 200;

pub(crate) const N_FRAMES: usize = 80;

/// Trials of the tiers `train`, `validation` and `test`.
const N_TRIALS: [usize; 3] = [40, 6, 16];

/// First trial of the tier `test`.
pub(crate) const FIRST_TEST: usize = N_TRIALS[0] + N_TRIALS[1];

/// Correlation of an autoregressive latent with itself a frame later.
pub(crate) const PERSISTENCE: f64 = 0.8;

/// How latents go on from frame to frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Course {
    Independent,
    Autoregressive,
}

/// What responses are drawn from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Law {
    Poisson,
    /// Silent with probability 0.4, else a gamma variable of this shape beyond 0.005.
    ZeroInflatedGamma(f64),
}

/// A population to be drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Population {
    pub(crate) n_latents: usize,
    /// Standard deviation of the logarithm of a rate for each latent.
    pub(crate) strength: f64,
    pub(crate) course: Course,
    pub(crate) law: Law,
}

/// A recording, what is true of it, and the twins fitted to it.
pub(crate) struct World {
    _folder: TempDir,
    pub(crate) recording: Recording,
    /// `[trial, latent, frame]`
    pub(crate) latents: Array3<f64>,
    /// `[latent, neuron]`
    pub(crate) loadings: Array2<f64>,
    pub(crate) twin: Twin,
    pub(crate) without_latents: Twin,
}

impl World {
    /// Draw a population and two traces of behaviour, one a mixture of all latents with noise, the other
    /// of the same course and linked with nothing; then fit a twin with five latents.
    pub(crate) fn new(population: Population, changes: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (latents, loadings) = draw(population, folder.path());
        let run = folder.path().join("run");
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        let config = FitConfig::from_toml(CONFIG, folder.path(), &changes).unwrap();
        let config = config.check().unwrap();
        let outcome = fit(&config, &run, &mut NoProgress, &CancelToken::new()).unwrap();
        assert!(matches!(outcome, FitOutcome::Finished { .. }), "{outcome:?}");
        let before = RunFolder::open(&run).unwrap().without_latents().unwrap();
        let mut without_latents = Twin::load(&before).unwrap();
        without_latents.use_latents(false);
        let recording = Recording::open(&config.recording).unwrap();
        let twin = Twin::load(&run).unwrap();
        Self { _folder: folder, recording, latents, loadings, twin, without_latents }
    }
}

const MANIFEST: &str = r#"
name = "latents"

[responses]
path = "responses.npy"
axes = ["trial", "neuron", "frame"]

[behaviour]
path = "behaviour.npy"
axes = ["trial", "channel", "frame"]
"#;

const CONFIG: &str = r#"
[recording]
path = "latents.toml"

[model.input]
behaviour_as_channels = false

[model.core]
kind = "identity"

[model.readout]
kind = "gaussian"
init_bias = "mean-rate"

[model.latent]
dim = 5
posterior_scale = "per-dimension"
init_scale = 0.5
n_samples = 2
n_evaluation_samples = 50

[fit]
clip_frames = 40
clips_per_batch = 4
learning_rate = 0.01
max_epochs = 1
schedule = { kind = "cosine", warmup_steps = 10 }

[fit.joint]
learning_rate = 0.03                      # what turns the latents until the surplus ones are idle
max_epochs = 120
"#;

/// Write a recording; its latents `[trial, latent, frame]` and loadings `[latent, neuron]`.
fn draw(population: Population, folder: &Path) -> (Array3<f64>, Array2<f64>) {
    let streams = Streams::new(7);
    let n_trials = N_TRIALS.iter().sum();
    let random = &mut streams.stream("population");
    let biases: Vec<f64> = (0..N_NEURONS).map(|_| random.uniform_in(-0.5, 0.5)).collect();
    let shape = (population.n_latents, N_NEURONS);
    let loadings = Array2::from_shape_simple_fn(shape, || population.strength * random.normal());
    let mut latents = Array3::zeros((n_trials, population.n_latents, N_FRAMES));
    let mut responses = Array3::<f32>::zeros((n_trials, N_NEURONS, N_FRAMES));
    let mut behaviour = Array3::<f32>::zeros((n_trials, 2, N_FRAMES));
    for trial in 0..n_trials {
        let states = course(population.n_latents + 1, population.course, random);
        let own = states.slice(s![..population.n_latents, ..]).to_owned();
        for frame in 0..N_FRAMES {
            let drive = own.column(frame).dot(&loadings);
            for neuron in 0..N_NEURONS {
                let rate = (biases[neuron] + drive[neuron]).exp();
                responses[[trial, neuron, frame]] = response(population.law, rate, random);
            }
            let mixture = own.column(frame).sum() / (population.n_latents as f64).sqrt();
            behaviour[[trial, 0, frame]] = (mixture + 0.5 * random.normal()) as f32;
            let unrelated = states[[population.n_latents, frame]];
            behaviour[[trial, 1, frame]] = (unrelated + 0.5 * random.normal()) as f32;
        }
        latents.slice_mut(s![trial, .., ..]).assign(&own);
    }
    npy::write_f32(&folder.join("responses.npy"), &responses.into_dyn().view()).unwrap();
    npy::write_f32(&folder.join("behaviour.npy"), &behaviour.into_dyn().view()).unwrap();
    let mut manifest = MANIFEST.to_owned();
    let mut first = 0;
    for (name, n) in ["train", "validation", "test"].into_iter().zip(N_TRIALS) {
        let range = format!("trials = [{first}, {}]", first + n);
        manifest += &format!("\n[[tiers]]\nname = \"{name}\"\n{range}\n");
        first += n;
    }
    std::fs::write(folder.join("latents.toml"), manifest).unwrap();
    (latents, loadings)
}

/// Standard normal states `[state, frame]`.
fn course(n: usize, course: Course, random: &mut RandomStream) -> Array2<f64> {
    let mut states = Array2::from_shape_simple_fn((n, N_FRAMES), || random.normal());
    if course == Course::Autoregressive {
        for frame in 1..N_FRAMES {
            for state in 0..n {
                let fresh = (1.0 - PERSISTENCE.powi(2)).sqrt() * states[[state, frame]];
                states[[state, frame]] = PERSISTENCE * states[[state, frame - 1]] + fresh;
            }
        }
    }
    states
}

fn response(law: Law, rate: f64, random: &mut RandomStream) -> f32 {
    match law {
        Law::Poisson => random.poisson(rate) as f32,
        Law::ZeroInflatedGamma(_) if random.uniform() < 0.4 => 0.0,
        Law::ZeroInflatedGamma(shape) => (0.005 + random.gamma(shape, rate / shape)) as f32,
    }
}
