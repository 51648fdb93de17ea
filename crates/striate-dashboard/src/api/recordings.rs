//! Recordings: sessions, trials, and what was shown and done in them.

use std::sync::Arc;

use axum::extract::State as Shared;
use ndarray::{Array2, Axis, concatenate};
use serde::Serialize;
use striate_recording::{Session, StimulusKind, TrialData};

use super::{Answer, Numbers, numbers, read};
use crate::dashboard::State;
use crate::reply::{self, Refusal, bytes, floats};

/// Trials listed of a session.
const MOST_TRIALS: usize = 10_000;

/// Values read of a trial: of longer ones the first frames are shown.
const MOST_VALUES: usize = 24 << 20;

/// Neurons of a raster.
const MOST_NEURONS: usize = 2000;

#[derive(Serialize)]
struct Page<'a> {
    name: &'a str,
    sessions: Vec<SessionPage<'a>>,
}

#[derive(Serialize)]
struct SessionPage<'a> {
    id: &'a str,
    kind: StimulusKind,
    n_neurons: usize,
    height: usize,
    width: usize,
    n_behaviour: usize,
    /// Where the layout says what they are.
    behaviour_names: Option<&'static [&'static str]>,
    has_pupil_center: bool,
    frame_rate_hz: Option<f64>,
    scored_from_frame: usize,
    tiers: std::collections::BTreeMap<String, usize>,
    trials: Vec<TrialLine<'a>>,
}

#[derive(Serialize)]
struct TrialLine<'a> {
    id: &'a str,
    tier: &'a str,
    n_frames: usize,
    stimulus_id: Option<&'a str>,
    has_responses: bool,
}

impl<'a> SessionPage<'a> {
    fn of(session: &'a Session, is_sensorium: bool) -> Self {
        let info = &session.info;
        let trial = |trial: &'a striate_recording::TrialInfo| TrialLine {
            id: &trial.id,
            tier: &trial.tier,
            n_frames: trial.n_frames,
            stimulus_id: trial.stimulus_id.as_deref(),
            has_responses: trial.has_responses,
        };
        Self {
            id: &info.id,
            kind: info.kind,
            n_neurons: info.n_neurons,
            height: info.height,
            width: info.width,
            n_behaviour: info.n_behaviour,
            behaviour_names: is_sensorium
                .then(|| behaviour_names(info.kind, info.n_behaviour))
                .flatten(),
            has_pupil_center: info.has_pupil_center,
            frame_rate_hz: info.frame_rate_hz,
            scored_from_frame: info.scored_from_frame,
            tiers: session.tiers(),
            trials: info.trials.iter().take(MOST_TRIALS).map(trial).collect(),
        }
    }
}

/// What the Sensorium layouts record of behaviour: of images Willeke et al. (2022), of videos Turishcheva et
/// al. (2023).
fn behaviour_names(kind: StimulusKind, n_behaviour: usize) -> Option<&'static [&'static str]> {
    let names: &[&str] = match kind {
        StimulusKind::Image => &["pupil size", "change of pupil size", "running speed"],
        StimulusKind::Video => &["pupil dilation", "running speed"],
    };
    (names.len() == n_behaviour).then_some(names)
}

pub(super) async fn recording(Shared(state): Shared<Arc<State>>, path: Numbers<String>) -> Answer {
    let id = numbers(path)?;
    read(&state, move |state| {
        let found = state.library.recording(&id)?;
        // Folders are in one of the Sensorium layouts, everything else is a manifest.
        let is_sensorium = found.place.path.is_dir();
        let recording = state.opened.recording(&found)?;
        let page = |session| SessionPage::of(session, is_sensorium);
        let sessions = recording.sessions.iter().map(page).collect();
        Ok(reply::json(&Page { name: &recording.name, sessions }))
    })
    .await
}

/// Recording, session and trial.
type Trial = Numbers<(String, usize, usize)>;

async fn of_trial(
    state: &Arc<State>,
    path: Trial,
    answer: impl FnOnce(&TrialData) -> Answer + Send + 'static,
) -> Answer {
    let (id, session, trial) = numbers(path)?;
    read(state, move |state| {
        let found = state.library.recording(&id)?;
        answer(&*state.opened.trial(&found, (session, trial), MOST_VALUES)?)
    })
    .await
}

pub(super) async fn stimulus(Shared(state): Shared<Arc<State>>, path: Trial) -> Answer {
    of_trial(&state, path, |data| {
        let [low, high] = range(data.stimulus.iter().copied());
        let pixels = data.stimulus.iter().map(|&value| grey(value, [low, high])).collect();
        let (n_frames, height, width) = data.stimulus.dim();
        Ok(bytes(&[n_frames, height, width], pixels, &[("x-range", format!("{low},{high}"))]))
    })
    .await
}

pub(super) async fn responses(Shared(state): Shared<Arc<State>>, path: Trial) -> Answer {
    of_trial(&state, path, |data| {
        let responses =
            data.responses.as_ref().ok_or_else(|| Refusal::no("response: the tier is hidden"))?;
        let step = responses.ncols().div_ceil(MOST_NEURONS).max(1);
        let raster = raster(responses, step);
        let shape = [raster.nrows(), raster.ncols()];
        Ok(bytes(&shape, raster.into_iter().collect(), &[("x-neurons", step.to_string())]))
    })
    .await
}

pub(super) async fn behaviour(Shared(state): Shared<Arc<State>>, path: Trial) -> Answer {
    of_trial(&state, path, |data| {
        let parts: Vec<_> =
            data.behaviour.iter().chain(&data.pupil_center).map(|part| part.view()).collect();
        let joined = concatenate(Axis(1), &parts).map_err(|_| Refusal::no("behaviour"))?;
        let (n_frames, n_channels) = joined.dim();
        Ok(floats(&[n_frames, n_channels], &joined.into_iter().collect::<Vec<_>>()))
    })
    .await
}

/// `[frame, neuron]` of every `step`th neuron, each from its lowest value to its 99.5th percentile; of a single
/// frame, as an image has it, all over one range.
fn raster(responses: &Array2<f32>, step: usize) -> Array2<u8> {
    let n_neurons = responses.ncols().div_ceil(step);
    let mut raster = Array2::zeros((responses.nrows(), n_neurons));
    let of_all = (responses.nrows() == 1).then(|| robust_range(responses.iter()));
    for (place, mut column) in raster.columns_mut().into_iter().enumerate() {
        let values = responses.column(place * step);
        let range = of_all.unwrap_or_else(|| robust_range(values.iter()));
        column.iter_mut().zip(values).for_each(|(cell, &value)| *cell = grey(value, range));
    }
    raster
}

/// Lowest value and 99.5th percentile, never equal.
fn robust_range<'a>(values: impl Iterator<Item = &'a f32>) -> [f32; 2] {
    let mut sorted: Vec<f32> = values.copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(0.0);
    let (low, high) = (at(0), at((last * 995).div_ceil(1000)));
    if low < high { [low, high] } else { [low, low + 1.0] }
}

/// Lowest and highest finite value, never equal.
fn range(values: impl Iterator<Item = f32>) -> [f32; 2] {
    let finite = values.filter(|value| value.is_finite());
    let [low, high] =
        finite.fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], v| [low.min(v), high.max(v)]);
    match low < high {
        true => [low, high],
        false if low.is_finite() => [low, low + 1.0],
        false => [0.0, 1.0],
    }
}

/// 0 to 255 over the range; what is not a number becomes 0.
fn grey(value: f32, [low, high]: [f32; 2]) -> u8 {
    ((value - low) / (high - low) * 255.0).round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_neuron_has_a_range_of_its_own() {
        let responses = ndarray::array![[0.0, 10.0, 5.0], [1.0, 20.0, 5.0], [2.0, 0.0, 5.0]];
        let expected = ndarray::array![[0, 128, 0], [128, 255, 0], [255, 0, 0]];
        assert_eq!(raster(&responses, 1), expected);
        assert_eq!(raster(&responses, 2).dim(), (3, 2));
        assert_eq!(raster(&Array2::from_elem((2, 1), f32::NAN), 1), ndarray::array![[0], [0]]);
        assert_eq!(raster(&ndarray::array![[0.0, 1.0, 2.0]], 1), ndarray::array![[0, 128, 255]]);
    }

    #[test]
    fn behaviour_is_named_where_the_layout_says_what_it_is() {
        let video = behaviour_names(StimulusKind::Video, 2);
        assert_eq!(video, Some(&["pupil dilation", "running speed"][..]));
        assert_eq!(
            behaviour_names(StimulusKind::Image, 3).map(|names| names[2]),
            Some("running speed")
        );
        assert_eq!(behaviour_names(StimulusKind::Video, 3), None);
    }

    #[test]
    fn a_range_is_never_empty() {
        assert_eq!(range([3.0, f32::NAN, 1.0].into_iter()), [1.0, 3.0]);
        assert_eq!(range([2.0, 2.0].into_iter()), [2.0, 3.0]);
        assert_eq!(range(std::iter::empty()), [0.0, 1.0]);
    }
}
