//! Memory that scoring will need.

use striate_model::Twin;
use striate_recording::{Recording, StimulusKind};

/// Frames of a video that are predicted at a time.
const FRAMES_AT_A_TIME: usize = 300;

/// Images that are predicted at a time.
const IMAGES_AT_A_TIME: usize = 64;

/// Most that the running averages of a linear-nonlinear baseline take.
const MOST_FOR_AVERAGES: u64 = 1 << 30;

/// Features of an image that the Gabor ridge uses, about.
const RIDGE_FEATURES: u64 = 1200;

/// Responses and predictions in f64, each once by trial and once in one piece, transformed, less their
/// means, and one to spare.
const COPIES_OF_TRIALS: u64 = 8;

/// The covariance, standardised, its eigenvectors with room to work in, and one to spare.
const COPIES_OF_COVARIANCE: u64 = 6;

/// What code, thread stacks and allocator keep for themselves.
const PROCESS_BYTES: u64 = 48 << 20;

/// Predicted peak in bytes of a twin's predictions for trials of the recording.
pub fn prediction_bytes(twin: &Twin, recording: &Recording) -> u64 {
    let (n_lags, n_beside) = (twin.frames_consumed() + 1, 2 * twin.frames_ahead());
    let of_session = |session: &striate_recording::Session| {
        let info = &session.info;
        let longest = info.trials.iter().map(|trial| trial.n_frames).max().unwrap_or(1);
        let (n_clips, n_frames) = match info.kind {
            StimulusKind::Image => (IMAGES_AT_A_TIME, 1),
            StimulusKind::Video => (1, longest.min(FRAMES_AT_A_TIME + n_lags + n_beside)),
        };
        // What training keeps is more than a prediction needs, and that is known.
        let activations = twin.training_bytes(n_clips, n_frames);
        let per_frame = info.height * info.width + 3 * info.n_neurons + info.n_behaviour + 2;
        activations + (2 * 4 * n_clips * longest.max(n_frames) * per_frame) as u64
    };
    let parameters = twin.parameters().0.iter().map(|p| p.values.len() as u64).sum::<u64>();
    let sessions = recording.sessions.iter().map(of_session).max().unwrap_or(0);
    2 * 4 * parameters + sessions + recording.resident_bytes() + PROCESS_BYTES
}

/// Predicted bytes, beyond those of a prediction, of the latents of a trial inferred without each neuron in
/// turn: what the layers of the encoder hold of every frame.
pub fn leave_one_out_bytes(twin: &Twin, recording: &Recording) -> u64 {
    let Some(latent) = &twin.spec().model.latent else { return 0 };
    let per_frame = 4 * (3 * latent.hidden + 5 * latent.state + 3 * latent.dim) as u64;
    let of_session = |session: &striate_recording::Session| {
        let longest = session.info.trials.iter().map(|trial| trial.n_frames as u64).max();
        per_frame * session.info.n_neurons as u64 * longest.unwrap_or(0)
    };
    recording.sessions.iter().map(of_session).max().unwrap_or(0)
}

/// Predicted peak in bytes of fitting a baseline to the recording's tier `tier`.
pub fn baseline_bytes(recording: &Recording, tier: &str) -> u64 {
    let of_session = |session: &striate_recording::Session| {
        let info = &session.info;
        let n_pixels = (info.height * info.width) as u64;
        let n_neurons = info.n_neurons as u64;
        match info.kind {
            StimulusKind::Video => (2 * 8 * 20 * n_pixels * (n_neurons + 1)).min(MOST_FOR_AVERAGES),
            StimulusKind::Image => {
                let n_images = session.trials_of(tier).len() as u64;
                // Features and their products in f64, responses and weights in f32.
                8 * RIDGE_FEATURES * (2 * n_images + 3 * RIDGE_FEATURES)
                    + 4 * n_neurons * (n_images + 2 * RIDGE_FEATURES)
            }
        }
    };
    recording.sessions.iter().map(of_session).max().unwrap_or(0)
}

/// Predicted peak in bytes of factor analysis of each session's population on the tier `tier`.
pub fn factor_bytes(recording: &Recording, tier: &str) -> u64 {
    let of_session = |session: &striate_recording::Session| {
        let info = &session.info;
        let frames = |trial: usize| info.trials[trial].n_frames as u64;
        let n_frames: u64 = session.trials_of(tier).into_iter().map(frames).sum();
        let n_neurons = info.n_neurons as u64;
        8 * n_neurons * (COPIES_OF_TRIALS * n_frames + COPIES_OF_COVARIANCE * n_neurons)
    };
    recording.sessions.iter().map(of_session).max().unwrap_or(0)
}
