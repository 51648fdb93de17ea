//! Example neurons: recorded and predicted responses.

use std::collections::BTreeMap;

use ndarray::Array2;
use striate_base::CancelToken;
use striate_recording::{Recording, Session, StimulusKind, TrialData};
use striate_score::{Predictor, ScoreError, TrialInput, TwinPredictor, stimuli};

use crate::data::{Example, NeuronScore, Responses};
use crate::error::ReportError;

/// Which neurons are shown, by their place among all, best first.
const RANKS: [(&str, f64); 4] =
    [("best", 0.0), ("better than 3 of 4", 0.25), ("median", 0.5), ("worst", 1.0)];

/// Frames shown of a video.
const MOST_FRAMES: usize = 300;

/// Repeats shown of a stimulus.
const MOST_REPEATS: usize = 20;

/// Images shown.
const MOST_IMAGES: usize = 1000;

/// Neurons from best to worst with what they did in trials of `tier`.
pub(super) fn examples(
    neurons: &[NeuronScore],
    tier: &str,
    recording: &Recording,
    predictor: &TwinPredictor<'_>,
    cancel: &CancelToken,
) -> Result<Vec<Example>, ReportError> {
    let mut ranked: Vec<&NeuronScore> = neurons.iter().filter(|n| n.score.is_finite()).collect();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    let Some(last) = ranked.len().checked_sub(1) else { return Ok(Vec::new()) };
    let mut shown: BTreeMap<&str, Shown> = BTreeMap::new();
    let mut examples = Vec::new();
    for (rank, place) in RANKS {
        let neuron = ranked[(place * last as f64).round() as usize];
        if !shown.contains_key(neuron.session.as_str()) {
            let found = Shown::of(&neuron.session, tier, recording, predictor, cancel)?;
            shown.insert(&neuron.session, found);
        }
        let responses = shown[neuron.session.as_str()].of_neuron(neuron.neuron);
        examples.push(Example {
            rank: rank.to_owned(),
            session: neuron.session.clone(),
            neuron: neuron.neuron,
            score: neuron.score,
            responses,
        });
    }
    Ok(examples)
}

/// The trials of a session that are shown, all neurons.
struct Shown {
    kind: StimulusKind,
    frame_rate_hz: Option<f64>,
    /// By stimulus; of each the repeats, each `[frame, neuron]`, recorded and predicted.
    stimuli: Vec<Vec<[Array2<f32>; 2]>>,
}

impl Shown {
    fn of(
        id: &str,
        tier: &str,
        recording: &Recording,
        predictor: &TwinPredictor<'_>,
        cancel: &CancelToken,
    ) -> Result<Self, ReportError> {
        let found = recording.sessions.iter().enumerate().find(|(_, s)| s.info.id == id);
        let Some((place, session)) = found else {
            return Err(ReportError::UnknownSession { session: id.to_owned() });
        };
        let mut stimuli = Vec::new();
        for trials in shown_trials(session, tier) {
            let mut repeats = Vec::new();
            for trial in trials {
                if cancel.is_cancelled() {
                    return Err(ScoreError::Cancelled.into());
                }
                repeats.extend(recorded_and_predicted(session, place, trial, predictor)?);
            }
            stimuli.push(repeats);
        }
        let (kind, frame_rate_hz) = (session.info.kind, session.info.frame_rate_hz);
        Ok(Self { kind, frame_rate_hz, stimuli })
    }

    fn of_neuron(&self, neuron: usize) -> Responses {
        let trace = |values: &Array2<f32>| -> Vec<f64> {
            values.column(neuron).iter().map(|&value| f64::from(value)).collect()
        };
        let traces = |stimulus: &[[Array2<f32>; 2]], side: usize| -> Vec<Vec<f64>> {
            stimulus.iter().map(|repeat| trace(&repeat[side])).collect()
        };
        match self.kind {
            StimulusKind::Video => {
                let stimulus = self.stimuli.first().map_or(&[][..], Vec::as_slice);
                Responses::Video {
                    frame_rate_hz: self.frame_rate_hz,
                    recorded: traces(stimulus, 0),
                    predicted: mean_trace(&traces(stimulus, 1)),
                }
            }
            StimulusKind::Image => {
                let mean = |stimulus: &Vec<_>, side| mean_trace(&traces(stimulus, side))[0];
                let of = |side| {
                    let with_repeats = self.stimuli.iter().filter(|repeats| !repeats.is_empty());
                    with_repeats.map(|stimulus| mean(stimulus, side)).collect()
                };
                Responses::Images { recorded: of(0), predicted: of(1) }
            }
        }
    }
}

/// Frame by frame, over as many frames as all have.
fn mean_trace(traces: &[Vec<f64>]) -> Vec<f64> {
    let n_frames = traces.iter().map(Vec::len).min().unwrap_or(0);
    let mean = |frame| traces.iter().map(|trace| trace[frame]).sum::<f64>() / traces.len() as f64;
    (0..n_frames).map(mean).collect()
}

/// Trials by stimulus: of a video the most repeated one, of images as many as fit.
fn shown_trials(session: &Session, tier: &str) -> Vec<Vec<usize>> {
    let mut trials = session.trials_of(tier);
    trials.retain(|&trial| session.info.trials[trial].has_responses);
    let mut groups = stimuli(session, &trials);
    // The sort is stable: the recording's order decides between equals.
    groups.sort_by_key(|trials| std::cmp::Reverse(trials.len()));
    groups.iter_mut().for_each(|trials| trials.truncate(MOST_REPEATS));
    groups.truncate(match session.info.kind {
        StimulusKind::Video => 1,
        StimulusKind::Image => MOST_IMAGES,
    });
    groups
}

/// The scored frames at the start of a trial, `[frame, neuron]`; `None` where there are none.
fn recorded_and_predicted(
    session: &Session,
    place: usize,
    trial: usize,
    predictor: &TwinPredictor<'_>,
) -> Result<Option<[Array2<f32>; 2]>, ReportError> {
    let consumed = predictor.frames_consumed();
    let from = session.info.scored_from_frame.max(consumed);
    let to = session.info.trials[trial].n_frames.min(from + MOST_FRAMES);
    if to <= from {
        return Ok(None);
    }
    let loaded = predictor.context(&(from..to), session.info.trials[trial].n_frames);
    let first_frame = loaded.start;
    let data: TrialData = session.load(trial, loaded)?;
    let Some(responses) = &data.responses else { return Ok(None) };
    let recorded = responses.slice(ndarray::s![from - first_frame..to - first_frame, ..]);
    let predicted =
        predictor.predict(TrialInput { session: place, trial, first_frame, data: &data })?;
    let first = first_frame + consumed;
    let predicted = predicted.slice(ndarray::s![from - first..to - first, ..]);
    Ok(Some([recorded.to_owned(), predicted.to_owned()]))
}
