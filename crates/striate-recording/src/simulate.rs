//! Simulated recordings with known truth, written in the folder layout of Sensorium 2023.
//!
//! A population of model V1 cells watches natural-like video ([`striate_stimuli::natural_video`]).
//! Per neuron and frame:
//!
//! ```text
//! C(t)    = sum over pixels of I(t) g                    complex Gabor g, moved with the eye
//! L(t)    = sum over lags of k(lag) C(t - lag)           biphasic k; direction-selective k + i q
//! D(t)    = max(0, Re e^{i phase} L)^2   simple cell     |L|^2   complex cell
//! R(t)    = D / (s^2 + E(t))                             E: local contrast energy, pooled
//! rate(t) = (spontaneous + gain R(t)) exp(w . z(t) - |w|^2 / 2)
//! y(t)    = sum of Poisson(rate / event) events, each gamma with mean `event`
//! ```
//!
//! with `I` the contrast of the video and `z` latent states shared by all neurons, which make trials
//! differ in a way that the video does not explain ([`StateLaw`]). The mean gain over states is 1, so
//! that `spontaneous + gain R` is the expectation given the video. The states are first-order
//! autoregressions or drawn anew in every frame; they may show in pupil dilation and running, or not.
//! Half-squared simple cells and divisive normalisation follow Heeger
//! (Visual Neuroscience 9:181, 1992, equations 4-8), the energy of a quadrature pair, the fast
//! biphasic kernel `k` and the slow one `q` Adelson and Bergen (J. Opt. Soc. Am. A 2:284, 1985,
//! equation 1 and figures 9 and 10). Their oriented unit `even k - odd q` is the real part of `L`, its
//! partner in quadrature `odd k + even q` the imaginary one; a share
//! [`PopulationLaw::direction_fraction`] of the cells is of this kind, simple and complex ones alike.
//! The compound Poisson-gamma response has mean `rate`, variance
//! `rate event (1 + 1/shape)` and is exactly 0 with probability `exp(-rate / event)`, as
//! deconvolved calcium traces are (compare the zero-inflated gamma law of Wei et al., Neurons,
//! Behavior, Data Analysis and Theory 3, 2020).
//!
//! # Differences from real recordings
//! The calcium indicator's slowness and the 8 Hz imaging rate are left out: given the rates,
//! frames are independent. The standard deviation of responses per neuron and frame, as the real
//! folders have it, is pooled over [`SimulationConfig::statistics_window_frames`] neighbouring
//! frames, since few trials estimate it badly. Medians are left out of the statistics.
//!
//! # Files
//! Each session is a folder `simulated-K` that appears when it is complete: `data`, `meta` as in
//! the real layout, and `truth`:
//!
//! ```text
//! truth/truth.json          configuration, every neuron, every trial, ceilings per tier
//! truth/rates/I.npy         [neuron, frame] f32: expected response given video, eye and state
//! truth/stimulus_rates/I.npy  [neuron, frame] f32: the same with the state's gain at its mean, 1
//! truth/latents/I.npy       [latent, frame] f32
//! truth/eye/I.npy           [2, frame] f32: shift of all receptive fields in pixels, x then y
//! ```
//!
//! ```
//! use striate_base::{CancelToken, NoProgress};
//! use striate_recording::simulate::{SimulationConfig, Truth, simulate};
//!
//! let folder = std::env::temp_dir().join(format!("striate-doc-{}", std::process::id()));
//! let config = SimulationConfig { n_neurons: 3, ..SimulationConfig::tiny() }.check()?;
//! let truth = simulate(&config, &folder, &mut NoProgress, &CancelToken::new())?;
//! assert_eq!(truth.sessions[0].neurons.len(), 3);
//! assert_eq!(truth, Truth::read(&folder)?);
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok::<(), striate_recording::simulate::SimulationError>(())
//! ```

mod calibration;
mod config;
mod error;
mod filter;
mod layout;
mod loading;
mod needs;
mod plan;
mod population;
mod response;
mod session;
mod state;
mod statistics;
mod truth;
mod tuning;

use std::path::Path;

use striate_base::{CancelToken, Progress, Streams};

pub use config::{
    BehaviourLaw, EyeLaw, LatentKind, LoadingLaw, NormalisationLaw, NumberFormat, PopulationLaw,
    Repeats, ResponseLaw, SimulationConfig, StateLaw, TrialCounts, ValidSimulation,
};
pub use error::SimulationError;
pub use truth::{
    BehaviourTruth, CellKind, NeuronTruth, SessionTruth, TierCeilings, TrialTruth, Truth,
};

/// Frames at the start of every trial that scores of this layout leave out.
pub const SCORED_FROM_FRAME: usize = 50;

/// Simulate every session of `config` into `folder`, one sub-folder each.
///
/// The files depend on `config` alone, not on the number of threads. Trials are generated and
/// written a few at a time; memory is bounded by the statistics of one session
/// (`n_neurons * n_frames` numbers of 16 bytes) and those few trials. Work runs on the current
/// rayon pool.
///
/// # Errors
/// [`SimulationError`] where a session folder exists already, a file cannot be written, or
/// `cancel` was triggered.
pub fn simulate(
    config: &ValidSimulation,
    folder: &Path,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<Truth, SimulationError> {
    let streams = Streams::new(config.seed).child("simulation");
    let mut sessions = Vec::with_capacity(config.n_sessions);
    for number in 1..=config.n_sessions {
        let id = format!("simulated-{number}");
        let job = session::SessionJob::new(config, streams.child(&id), id, cancel);
        sessions.push(job.run(folder, progress)?);
    }
    Ok(Truth { sessions })
}

#[cfg(test)]
mod tests;
