//! What neurons did and what the twin says, of the trials that show one stimulus.

use std::path::Path;
use std::sync::Arc;

use ndarray::{Array2, s};
use serde::Serialize;
use striate_model::Twin;
use striate_recording::{Recording, Session, StimulusKind};
use striate_score::{Predictor, TrialInput, TwinPredictor, stimuli};

use crate::library::file::Stamp;
use crate::opened::Opened;
use crate::reply::Refusal;

/// Repeats shown of a video.
const MOST_REPEATS: usize = 10;

/// Frames shown of a trial.
const MOST_FRAMES: usize = 3000;

/// Images shown.
const MOST_IMAGES: usize = 300;

/// Which trials of which run.
pub(crate) struct Wanted<'a> {
    pub(crate) run: &'a Path,
    /// Number of the session in the twin.
    pub(crate) session: usize,
    /// Absent: the first tier that has repeats, or else the first with responses.
    pub(crate) tier: Option<&'a str>,
    /// Number of the trial within its tier.
    pub(crate) trial: usize,
}

/// All neurons of a session.
#[derive(Debug)]
pub(crate) struct Traces {
    kind: StimulusKind,
    frame_rate_hz: Option<f64>,
    tier: String,
    tiers: Vec<String>,
    /// Trials of the tier.
    trials: Vec<String>,
    /// `[frame, neuron]` of each repeat; of images one `[image, neuron]`, means over repeats.
    recorded: Vec<Array2<f32>>,
    /// `[frame, neuron]`, mean over repeats; NaN where the twin predicts nothing.
    predicted: Array2<f32>,
}

/// One neuron.
#[derive(Debug, Serialize)]
pub(crate) struct Trace<'a> {
    kind: StimulusKind,
    frame_rate_hz: Option<f64>,
    tier: &'a str,
    tiers: &'a [String],
    trials: &'a [String],
    recorded: Vec<Vec<f32>>,
    predicted: Vec<f32>,
}

impl Traces {
    /// Predict, or find what was predicted before.
    pub(crate) fn of(wanted: &Wanted<'_>, opened: &Opened) -> Result<Arc<Self>, Refusal> {
        let Wanted { run, session, tier, trial } = wanted;
        let stamp = Stamp::of(&[run.join("twin.json"), run.join("twin.safetensors")]);
        let name = format!("traces of session {session} {} {trial}", tier.unwrap_or_default());
        opened.traces.get(&run.join(name), &stamp, || {
            let traces = Self::predict(wanted, opened)?;
            let n_values: usize = traces.recorded.iter().map(Array2::len).sum();
            let n_bytes = 4 * (n_values + traces.predicted.len()) + 64 * traces.trials.len();
            Ok((traces, n_bytes))
        })
    }

    fn predict(wanted: &Wanted<'_>, opened: &Opened) -> Result<Self, Refusal> {
        let twin = opened.twin(wanted.run)?;
        let recording = opened.recording_of(wanted.run)?;
        let shape =
            twin.spec().sessions.get(wanted.session).ok_or_else(|| Refusal::no("session"))?;
        let found = recording.sessions.iter().position(|session| session.info.id == shape.id);
        let place = found.ok_or_else(|| Refusal::no("session in the recording"))?;
        let session = &recording.sessions[place];
        let tiers = tiers_with_responses(session);
        let tier = match wanted.tier {
            Some(tier) => tiers.iter().find(|known| *known == tier),
            None => tiers.first(),
        };
        let tier = tier.ok_or_else(|| Refusal::no("tier with responses"))?.clone();
        let trials = session.trials_of(&tier);
        let shown = Shown { twin: &twin, recording: &recording, place, session };
        let (recorded, predicted) = match session.info.kind {
            StimulusKind::Video => {
                let &trial = trials.get(wanted.trial).ok_or_else(|| Refusal::no("trial"))?;
                shown.video(&trials, trial)?
            }
            StimulusKind::Image => shown.images(&trials)?,
        };
        let (kind, frame_rate_hz) = (session.info.kind, session.info.frame_rate_hz);
        let trials = trials.iter().map(|&trial| session.info.trials[trial].id.clone()).collect();
        Ok(Self { kind, frame_rate_hz, tier, tiers, trials, recorded, predicted })
    }

    /// What one neuron did.
    pub(crate) fn of_neuron(&self, neuron: usize) -> Result<Trace<'_>, Refusal> {
        if neuron >= self.predicted.ncols() {
            return Err(Refusal::no("neuron"));
        }
        let column = |values: &Array2<f32>| values.column(neuron).to_vec();
        Ok(Trace {
            kind: self.kind,
            frame_rate_hz: self.frame_rate_hz,
            tier: &self.tier,
            tiers: &self.tiers,
            trials: &self.trials,
            recorded: self.recorded.iter().map(column).collect(),
            predicted: column(&self.predicted),
        })
    }
}

/// Tiers that have responses, those with repeated stimuli first.
fn tiers_with_responses(session: &Session) -> Vec<String> {
    let trials = &session.info.trials;
    let with_responses = |tier: &String| {
        session.trials_of(tier).into_iter().filter(|&trial| trials[trial].has_responses).collect()
    };
    let mut tiers: Vec<(bool, String)> = Vec::new();
    for tier in session.tiers().into_keys() {
        let found: Vec<usize> = with_responses(&tier);
        let is_repeated = stimuli(session, &found).iter().any(|group| group.len() > 1);
        if !found.is_empty() {
            tiers.push((!is_repeated, tier));
        }
    }
    tiers.sort();
    tiers.into_iter().map(|(_, tier)| tier).collect()
}

struct Shown<'a> {
    twin: &'a Twin,
    recording: &'a Recording,
    /// Place of the session in the recording.
    place: usize,
    session: &'a Session,
}

impl Shown<'_> {
    /// All repeats of what a trial shows.
    fn video(
        &self,
        trials: &[usize],
        trial: usize,
    ) -> Result<(Vec<Array2<f32>>, Array2<f32>), Refusal> {
        let groups = stimuli(self.session, trials);
        let mut repeats =
            groups.into_iter().find(|group| group.contains(&trial)).unwrap_or_default();
        // The trial asked for comes first, whatever is left out.
        repeats.retain(|&other| other != trial);
        repeats.insert(0, trial);
        repeats.truncate(MOST_REPEATS);
        let predictor = TwinPredictor::new(self.twin, self.recording)?;
        let (mut recorded, mut predicted) = (Vec::new(), Vec::new());
        for trial in repeats {
            let (did, says) = self.trial(trial, &predictor)?;
            recorded.extend(did);
            predicted.push(says);
        }
        Ok((recorded, mean(&predicted)))
    }

    /// Means over the repeats of each image, `[image, neuron]`.
    fn images(&self, trials: &[usize]) -> Result<(Vec<Array2<f32>>, Array2<f32>), Refusal> {
        let predictor = TwinPredictor::new(self.twin, self.recording)?;
        let n_neurons = self.session.info.n_neurons;
        let (mut recorded, mut predicted) = (Vec::new(), Vec::new());
        for group in stimuli(self.session, trials).into_iter().take(MOST_IMAGES) {
            let (mut did, mut say) = (Vec::new(), Vec::new());
            for trial in group.into_iter().take(MOST_REPEATS) {
                let (one, other) = self.trial(trial, &predictor)?;
                did.extend(one);
                say.push(other);
            }
            recorded.extend(mean(&did));
            predicted.extend(mean(&say));
        }
        let array = |values: Vec<f32>| {
            let n = values.len() / n_neurons.max(1);
            Array2::from_shape_vec((n, n_neurons), values)
                .map_err(|_| Refusal::failed("images with different neurons"))
        };
        Ok((vec![array(recorded)?], array(predicted)?))
    }

    /// What the neurons did and what the twin says of the first frames of a trial, `[frame, neuron]`.
    fn trial(
        &self,
        trial: usize,
        predictor: &TwinPredictor<'_>,
    ) -> Result<(Option<Array2<f32>>, Array2<f32>), Refusal> {
        let n_frames = self.session.info.trials[trial].n_frames.min(MOST_FRAMES);
        let data = self.session.load(trial, 0..n_frames)?;
        let mut predicted = Array2::from_elem((n_frames, self.session.info.n_neurons), f32::NAN);
        let consumed = predictor.frames_consumed();
        if n_frames > consumed {
            let input = TrialInput { session: self.place, trial, first_frame: 0, data: &data };
            predicted.slice_mut(s![consumed.., ..]).assign(&predictor.predict(input)?);
        }
        Ok((data.responses, predicted))
    }
}

/// Over as many frames as all have.
fn mean(repeats: &[Array2<f32>]) -> Array2<f32> {
    let n_frames = repeats.iter().map(Array2::nrows).min().unwrap_or(0);
    let n_neurons = repeats.iter().map(Array2::ncols).min().unwrap_or(0);
    Array2::from_shape_fn((n_frames, n_neurons), |at| {
        let sum: f64 = repeats.iter().map(|repeat| f64::from(repeat[at])).sum();
        (sum / repeats.len() as f64) as f32
    })
}
