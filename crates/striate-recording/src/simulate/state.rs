//! Shared state, behaviour and eye movement of one trial.

use ndarray::Array2;
use striate_base::{RandomStream, Streams};

use super::config::{BehaviourLaw, EyeLaw, LatentKind, SimulationConfig, StateLaw};
use super::truth::BehaviourTruth;

/// What happens in a trial beside the video.
pub(super) struct TrialState {
    /// Latent states, `[latent, frame]`.
    pub(super) latents: Array2<f32>,
    /// Pupil dilation and running speed, `[2, frame]`.
    pub(super) behaviour: Array2<f32>,
    /// Shift of the receptive fields in pixels, x and y: `[2, frame]`.
    pub(super) eye_px: Array2<f32>,
    /// What the eye camera tells of it, `[2, frame]`, in camera pixels.
    pub(super) pupil_center: Array2<f32>,
}

/// Middle of the eye camera's picture, x and y.
const CAMERA_MIDDLE_PX: [f64; 2] = [160.0, 120.0];

impl TrialState {
    /// Draw the state of one trial from streams of its own.
    pub(super) fn draw(config: &SimulationConfig, streams: &Streams) -> Self {
        let (n_frames, rate_hz) = (config.canvas.n_frames, config.canvas.frame_rate_hz);
        let mut random = streams.stream("state");
        let state = &config.state;
        let shape = (state.n_latents, n_frames);
        let latents = draw_latents(state, shape, rate_hz, &mut random);
        let traces = traces(state);
        let own = (traces.iter().map(|trace| trace.own_weights.len()).max().unwrap_or(0), n_frames);
        let own = draw_latents(state, own, rate_hz, &mut streams.stream("behaviour's own state"));
        let behaviour = behaviour(&traces, [&latents, &own], &mut random);
        let eye_px = eye(&config.eye, n_frames, rate_hz, &mut streams.stream("eye"));
        let mut tracker = streams.stream("tracker");
        let pupil_center = Array2::from_shape_fn((2, n_frames), |(axis, frame)| {
            let gaze = config.eye.camera_px_per_px * f64::from(eye_px[[axis, frame]]);
            let error = config.eye.tracker_noise_px * tracker.normal();
            (CAMERA_MIDDLE_PX[axis] + gaze + error) as f32
        });
        Self { latents, behaviour, eye_px, pupil_center }
    }
}

/// States `[latent, frame]` of mean 0 and variance 1.
fn draw_latents(
    state: &StateLaw,
    shape: (usize, usize),
    rate_hz: f64,
    random: &mut RandomStream,
) -> Array2<f32> {
    let decay = match state.dynamics {
        LatentKind::Autoregressive => (-1.0 / (state.time_constant_s * rate_hz)).exp(),
        LatentKind::Independent => 0.0,
    };
    let mut latents = Array2::zeros(shape);
    for mut row in latents.rows_mut() {
        fill_autoregressive(row.iter_mut(), decay, random);
    }
    latents
}

/// How pupil dilation (camera pixels) and running (cm/s) come about.
pub(super) fn traces(state: &StateLaw) -> [BehaviourTruth; 2] {
    let trace = |name: &str, weights: Vec<f64>, [offset, scale]: [f64; 2], lowest| {
        let unrelated = state.behaviour == BehaviourLaw::Unrelated;
        let none = vec![0.0; state.n_latents];
        let (latent_weights, own_weights) =
            if unrelated { (none, weights) } else { (weights, Vec::new()) };
        let (name, noise) = (name.to_owned(), state.behaviour_noise);
        BehaviourTruth { name, latent_weights, own_weights, noise, offset, scale, lowest }
    };
    if state.behaviour == BehaviourLaw::Arousal {
        let (mut pupil, mut running) = (vec![0.0; state.n_latents], vec![0.0; state.n_latents]);
        let second = usize::from(state.n_latents > 1);
        pupil[0] = 1.0;
        running[0] += 0.7;
        running[second] += 0.7;
        return [
            trace("pupil dilation", pupil, [40.0, 8.0], Some(1.0)),
            // At rest half the time.
            trace("running", running, [0.0, 10.0], Some(0.0)),
        ];
    }
    let named = [&state.pupil_latents, &state.running_latents];
    let n_states = match state.behaviour {
        BehaviourLaw::Unrelated => named.iter().copied().flatten().max().map_or(0, |last| last + 1),
        _ => state.n_latents,
    };
    let [pupil, running] = named.map(|latents| {
        let part = 1.0 / (latents.len() as f64).sqrt();
        (0..n_states).map(|k| if latents.contains(&k) { part } else { 0.0 }).collect()
    });
    // Never cut, so that it stays linear; running may go backwards.
    [
        trace("pupil dilation", pupil, [40.0, 8.0], None),
        trace("running", running, [10.0, 10.0], None),
    ]
}

/// Traces of behaviour, `[trace, frame]`, from the shared states and those of their own.
fn behaviour(
    traces: &[BehaviourTruth],
    [latents, own]: [&Array2<f32>; 2],
    random: &mut RandomStream,
) -> Array2<f32> {
    let follow = |weights: &[f64], states: &Array2<f32>, frame: usize| -> f64 {
        weights.iter().zip(states.column(frame)).map(|(w, &z)| w * f64::from(z)).sum()
    };
    let mut behaviour = Array2::zeros((traces.len(), latents.ncols()));
    for frame in 0..latents.ncols() {
        for (row, trace) in traces.iter().enumerate() {
            let followed = follow(&trace.latent_weights, latents, frame)
                + follow(&trace.own_weights, own, frame);
            let value = trace.offset + trace.scale * (followed + trace.noise * random.normal());
            let lowest = trace.lowest.unwrap_or(f64::NEG_INFINITY);
            behaviour[[row, frame]] = value.max(lowest) as f32;
        }
    }
    behaviour
}

/// Gaze in stimulus pixels: a normal point of fixation, drawn anew at Poisson times, plus drift.
fn eye(law: &EyeLaw, n_frames: usize, rate_hz: f64, random: &mut RandomStream) -> Array2<f32> {
    /// Correlation time of drift.
    const DRIFT_S: f64 = 0.5;
    let mut gaze = Array2::zeros((2, n_frames));
    for mut row in gaze.rows_mut() {
        fill_autoregressive(row.iter_mut(), (-1.0 / (DRIFT_S * rate_hz)).exp(), random);
    }
    let mut fixation = [random.normal(), random.normal()];
    for frame in 0..n_frames {
        if random.uniform() < law.saccade_rate_hz / rate_hz {
            fixation = [random.normal(), random.normal()];
        }
        for axis in 0..2 {
            let drift = law.drift_px as f32 * gaze[[axis, frame]];
            gaze[[axis, frame]] = (law.fixation_px * fixation[axis]) as f32 + drift;
        }
    }
    gaze
}

/// A stationary first-order autoregression of mean 0 and variance 1.
fn fill_autoregressive<'a>(
    row: impl Iterator<Item = &'a mut f32>,
    decay: f64,
    random: &mut RandomStream,
) {
    let mut state = random.normal();
    let innovation = (1.0 - decay * decay).sqrt();
    for value in row {
        *value = state as f32;
        state = decay * state + innovation * random.normal();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn autoregression_has_unit_variance_and_the_stated_memory() {
        let mut random = Streams::new(4).stream("latent");
        let n = 100_000;
        let mut values = vec![0.0f32; n];
        fill_autoregressive(values.iter_mut(), 0.9, &mut random);
        let mean_of = |lag: usize| {
            let pairs = values.iter().zip(&values[lag..]);
            pairs.map(|(a, b)| f64::from(a * b)).sum::<f64>() / (n - lag) as f64
        };
        // Five standard errors: some 5000 independent stretches, variance of a square 2.
        assert!((mean_of(0) - 1.0).abs() < 0.1 && (mean_of(3) - 0.729).abs() < 0.1);
    }

    #[test]
    fn pupil_tells_where_the_eye_looks_and_how_aroused_the_animal_is() {
        let config = SimulationConfig::default();
        let (mut eye, mut arousal) = (Vec::new(), Vec::new());
        for trial in 0..20 {
            let state = TrialState::draw(&config, &Streams::new(trial));
            eye.extend(state.eye_px.row(0).iter().zip(state.pupil_center.row(0)).map(pair));
            arousal.extend(state.latents.row(0).iter().zip(state.behaviour.row(0)).map(pair));
        }
        assert!(correlation(&eye) > 0.95 && correlation(&arousal) > 0.9);
    }

    fn pair((a, b): (&f32, &f32)) -> (f64, f64) {
        (f64::from(*a), f64::from(*b))
    }

    fn correlation(pairs: &[(f64, f64)]) -> f64 {
        let mut sums = crate::simulate::statistics::PairSums::default();
        for &(a, b) in pairs {
            sums.add(a, b);
        }
        sums.correlation()
    }
}
