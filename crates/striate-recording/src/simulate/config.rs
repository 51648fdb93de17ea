//! The configuration of a simulation, its presets and its checks.

mod check;
mod state;

use serde::{Deserialize, Serialize};
use striate_stimuli::{Canvas, NaturalVideo};

pub use check::ValidSimulation;
pub use state::{BehaviourLaw, LatentKind, LoadingLaw, StateLaw};

/// What is simulated. [`SimulationConfig::check`] turns it into a [`ValidSimulation`].
///
/// The default is the size of a small real session: 36 x 64 pixels, 120 neurons, trials of 150
/// frames at 30 Hz.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulationConfig {
    /// Seed of all randomness.
    pub seed: u64,
    /// Number of sessions, 1..=1000; each has its own neurons, videos and trials.
    pub n_sessions: usize,
    /// Neurons per session, 1..=1000000.
    pub n_neurons: usize,
    /// Frames per trial, pixels and frame rate.
    pub canvas: Canvas,
    /// NaN frames after the end of every trial, 0..=10000.
    pub n_padding_frames: usize,
    /// How many trials of which kind.
    pub trials: TrialCounts,
    /// Number format of the files in `data`.
    pub number_format: NumberFormat,
    /// Frames over which the standard deviation of responses is pooled, odd; 1 for the raw
    /// statistic per frame that real folders have.
    pub statistics_window_frames: usize,
    /// What is shown.
    pub video: NaturalVideo,
    /// The receptive fields.
    pub population: PopulationLaw,
    /// Divisive normalisation.
    pub normalisation: NormalisationLaw,
    /// Shared state and behaviour.
    pub state: StateLaw,
    /// Eye movement.
    pub eye: EyeLaw,
    /// Rates and response noise.
    pub response: ResponseLaw,
}

/// How many trials of which tier a session has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrialCounts {
    /// Training trials, at least 2, each with a video of its own.
    pub train: usize,
    /// Where given, only so many training trials are generated, and the others are hard links to
    /// them in turn (copies where the file system has no links). Makes recordings of any size in
    /// no time, for tests of tools at scale; at least 2.
    pub distinct_train: Option<usize>,
    /// The validation tier, `oracle`.
    pub oracle: Repeats,
    /// The test tier, `live_test_main`; its responses are not withheld.
    pub live_test_main: Repeats,
}

/// A tier of videos each shown several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeats {
    /// Different videos; 0 for no such tier.
    pub n_videos: usize,
    /// Trials of each.
    pub n_repeats: usize,
}

/// Number format of array files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumberFormat {
    /// 8 bytes, as the real recordings.
    Float64,
    /// 4 bytes.
    Float32,
}

/// From what the receptive fields are drawn. Bounds are `[low, high]`, drawn uniformly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PopulationLaw {
    /// Share of complex cells, 0..=1; the others are simple.
    pub complex_fraction: f64,
    /// Share of direction-selective cells among simple and complex ones alike, 0..=1; the others
    /// respond equally to both directions of drift.
    pub direction_fraction: f64,
    /// Standard deviation of the Gabor envelope in pixels, within 0.5..=1000.
    pub sigma_px: [f64; 2],
    /// Wavelength over envelope standard deviation, within 1..=20.
    pub wavelength_per_sigma: [f64; 2],
    /// Rate of the temporal kernel `(kt)^3 e^-kt (1/3! - (kt)^2/5!)`; it peaks near `2 / k`.
    pub kernel_rate_hz: [f64; 2],
    /// Frames after which the temporal kernel is cut, 1..=1000.
    pub kernel_frames: usize,
    /// Free border, in pixels, around the points of the retinotopic map.
    pub margin_px: f64,
    /// Standard deviation, along x and y, of receptive fields around the map.
    pub scatter_px: f64,
    /// Cortical distance per pixel of the map.
    pub cortex_um_per_px: f64,
    /// Rotation of the map between the screen and the cortex; it is mirrored as well.
    pub map_rotation_deg: f64,
}

/// Divisive normalisation by local contrast energy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NormalisationLaw {
    /// Contrast (root mean square) at which normalisation halves the response, above 0.
    pub semi_saturation: f64,
    /// Standard deviation of the Gaussian pool in pixels, within 0.5..=1000.
    pub pool_sigma_px: f64,
    /// Frames after which the pool's memory has fallen to 1/e, above 0.
    pub pool_frames: f64,
}

/// Eye movement: saccades to new positions and slow drift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EyeLaw {
    /// Standard deviation of gaze along x and y, in stimulus pixels; 0 for a still eye.
    pub fixation_px: f64,
    /// Saccades per second, >= 0.
    pub saccade_rate_hz: f64,
    /// Standard deviation of drift around the point of fixation, in stimulus pixels.
    pub drift_px: f64,
    /// Pixels of the eye camera per stimulus pixel of gaze.
    pub camera_px_per_px: f64,
    /// Standard deviation of the pupil tracker's error, in camera pixels.
    pub tracker_noise_px: f64,
}

/// Rates and response noise. Bounds are `[low, high]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResponseLaw {
    /// Mean response of a neuron, drawn log-uniformly; above 0.
    pub mean_rate: [f64; 2],
    /// Share of the mean that does not depend on the stimulus, 0..=0.99.
    pub spontaneous_share: f64,
    /// Correlation of a neuron's single-trial response with its expectation given the video, were
    /// eye and shared state to stand still; drawn uniformly, within 0.01..=0.99. It sets the size of
    /// the neuron's events.
    pub ceiling: [f64; 2],
    /// Shape of the gamma law of one event, above 0; larger is more regular.
    pub event_shape: f64,
    /// Videos on which rates and event sizes are set, 1..=1000.
    pub calibration_videos: usize,
}

impl Default for SimulationConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            n_sessions: 1,
            n_neurons: 120,
            canvas: Canvas { n_frames: 150, height: 36, width: 64, frame_rate_hz: 30.0 },
            n_padding_frames: 12,
            trials: TrialCounts::default(),
            number_format: NumberFormat::Float64,
            statistics_window_frames: 31,
            video: NaturalVideo::default(),
            population: PopulationLaw::default(),
            normalisation: NormalisationLaw::default(),
            state: StateLaw::default(),
            eye: EyeLaw::default(),
            response: ResponseLaw::default(),
        }
    }
}

impl SimulationConfig {
    /// The recording of `striate demo`: small enough to be simulated in seconds and learnt in a
    /// minute or two on two cores.
    pub fn demo() -> Self {
        Self {
            n_neurons: 100,
            canvas: Canvas { n_frames: 150, height: 24, width: 40, frame_rate_hz: 30.0 },
            number_format: NumberFormat::Float32,
            ..Self::default()
        }
    }

    /// The recording of `striate demo latent`: many neurons, small frames, and three slow latents that
    /// behaviour follows, with smooth loadings over the cortex and a still eye.
    pub fn demo_latent() -> Self {
        Self {
            n_neurons: 240,
            canvas: Canvas { n_frames: 150, height: 18, width: 30, frame_rate_hz: 30.0 },
            number_format: NumberFormat::Float32,
            trials: TrialCounts {
                oracle: Repeats { n_videos: 6, n_repeats: 2 },
                live_test_main: Repeats { n_videos: 20, n_repeats: 2 },
                ..TrialCounts::default()
            },
            population: PopulationLaw { margin_px: 4.0, ..PopulationLaw::default() },
            state: StateLaw {
                n_latents: 3,
                arousal_loading: 0.0,
                loading_spread: 0.3,
                strength: Some(0.8),
                behaviour: BehaviourLaw::Linear,
                pupil_latents: vec![0],
                running_latents: vec![1, 2],
                ..StateLaw::default()
            },
            eye: EyeLaw { fixation_px: 0.0, drift_px: 0.0, ..EyeLaw::default() },
            ..Self::default()
        }
    }

    /// The recording of `striate demo probe`: many videos, an eye that stands still, and cells that tell
    /// directions apart among the others.
    pub fn demo_probe() -> Self {
        Self {
            trials: TrialCounts { train: 240, ..TrialCounts::default() },
            population: PopulationLaw { direction_fraction: 0.4, ..PopulationLaw::default() },
            eye: EyeLaw { fixation_px: 0.0, drift_px: 0.0, ..EyeLaw::default() },
            ..Self::demo()
        }
    }

    /// A recording of a fraction of a second of work, for tests and examples.
    pub fn tiny() -> Self {
        Self {
            n_neurons: 6,
            canvas: Canvas { n_frames: 70, height: 14, width: 20, frame_rate_hz: 30.0 },
            n_padding_frames: 5,
            trials: TrialCounts {
                train: 6,
                distinct_train: None,
                oracle: Repeats { n_videos: 2, n_repeats: 2 },
                live_test_main: Repeats { n_videos: 1, n_repeats: 3 },
            },
            ..Self::default()
        }
    }
}

impl Default for TrialCounts {
    fn default() -> Self {
        Self {
            train: 120,
            distinct_train: None,
            oracle: Repeats { n_videos: 6, n_repeats: 8 },
            live_test_main: Repeats { n_videos: 6, n_repeats: 8 },
        }
    }
}

impl Default for PopulationLaw {
    fn default() -> Self {
        Self {
            complex_fraction: 0.6,
            direction_fraction: 0.0,
            sigma_px: [1.8, 2.8],
            wavelength_per_sigma: [2.4, 3.2],
            kernel_rate_hz: [42.0, 54.0],
            kernel_frames: 9,
            margin_px: 5.0,
            scatter_px: 0.5,
            cortex_um_per_px: 20.0,
            map_rotation_deg: 30.0,
        }
    }
}

impl Default for NormalisationLaw {
    fn default() -> Self {
        Self { semi_saturation: 0.15, pool_sigma_px: 3.5, pool_frames: 3.0 }
    }
}

impl Default for EyeLaw {
    fn default() -> Self {
        Self {
            fixation_px: 0.6,
            saccade_rate_hz: 0.7,
            drift_px: 0.15,
            camera_px_per_px: 4.0,
            tracker_noise_px: 0.2,
        }
    }
}

impl Default for ResponseLaw {
    fn default() -> Self {
        Self {
            mean_rate: [1.0, 10.0],
            spontaneous_share: 0.1,
            ceiling: [0.45, 0.85],
            event_shape: 2.0,
            calibration_videos: 8,
        }
    }
}
