//! One session of a manifest.

use std::ops::Range;
use std::path::Path;

use ndarray::{Array2, Ix2};

use super::array::ArrayFile;
use super::config::{ArrayEntry, Manifest, NeuronsEntry, SessionEntry};
use super::cut::{Extent, Piece, cut};
use super::responses::Responses;
use super::rows::Rows;
use super::stimulus::Stimulus;
use crate::error::RecordingError;
use crate::session::{Session, SessionInfo, StimulusKind, TrialData, TrialInfo};
use crate::source::{Missing, SessionSource};

/// The trials of a session of a manifest.
struct ManifestSource {
    stimulus: Stimulus,
    responses: Responses,
    behaviour: Option<Rows>,
    pupil_center: Option<Rows>,
    /// For each trial its first frame or its image, and its repeat.
    trials: Vec<(usize, Option<usize>)>,
}

/// Open one session.
pub(super) fn open(
    manifest: &Manifest,
    entry: &SessionEntry,
    folder: &Path,
    path: &Path,
) -> Result<Session, RecordingError> {
    let id = entry.id.as_str();
    let shown = |stimulus| Stimulus::open(folder, stimulus, entry.stimulus.as_ref(), id, path);
    let shown = manifest.stimulus.as_ref().map(shown).transpose()?;
    let (own, to) = (entry.responses.as_ref(), (id, shown.as_ref()));
    let responses = Responses::open(folder, &manifest.responses, own, to, path)?;
    let stimulus = shown.unwrap_or_else(|| Stimulus::blank(responses.n_frames(), path));
    let rows = |name, rows: &Option<_>| match rows {
        Some(rows) => Rows::open(folder, name, rows, (id, &stimulus, &responses), path).map(Some),
        None => Ok(None),
    };
    let behaviour = rows("behaviour", &manifest.behaviour)?;
    let pupil_center = rows("pupil_center", &manifest.pupil_center)?;
    let mut remarks = Vec::new();
    let (trials, places) = trials(manifest, &stimulus, &responses, (path, &mut remarks))?;
    let (neuron_ids, neuron_coordinates) =
        neurons(folder, manifest.neurons.as_ref(), id, responses.n_neurons)?;
    let info = SessionInfo {
        id: id.to_owned(),
        kind: stimulus.kind,
        n_neurons: responses.n_neurons,
        height: stimulus.height,
        width: stimulus.width,
        n_behaviour: behaviour.as_ref().map_or(0, |rows| rows.n_channels),
        has_pupil_center: pupil_center.is_some(),
        neuron_ids,
        neuron_coordinates,
        frame_rate_hz: manifest.frame_rate_hz,
        scored_from_frame: manifest.scored_from_frame,
        is_continuous: stimulus.kind == StimulusKind::Video && responses.trial_frames().is_none(),
        response_normalisation: "none".to_owned(),
        trials,
        remarks,
    };
    let source = ManifestSource { stimulus, responses, behaviour, pupil_center, trials: places };
    Ok(Session::new(info, Box::new(source)))
}

type Trials = (Vec<TrialInfo>, Vec<(usize, Option<usize>)>);

/// The trials, and for each its first frame or its image, and its repeat.
fn trials(
    manifest: &Manifest,
    stimulus: &Stimulus,
    responses: &Responses,
    (path, remarks): (&Path, &mut Vec<String>),
) -> Result<Trials, RecordingError> {
    let (kind, n, trial_frames) = (stimulus.kind, stimulus.n, responses.trial_frames());
    let pieces = cut(manifest, Extent { kind, n, trial_frames }, path)?;
    match stimulus.kind {
        StimulusKind::Video => Ok(stretches(&pieces)),
        StimulusKind::Image => images(&pieces, responses, stimulus.n, remarks),
    }
}

/// Trials that are stretches of a continuous stimulus, or follow one another in the arrays.
fn stretches(pieces: &[Piece]) -> Trials {
    let trial = |(number, piece): (usize, &Piece)| TrialInfo {
        id: number.to_string(),
        tier: piece.tier.clone(),
        n_frames: piece.range.len(),
        stimulus_id: None,
        has_responses: true,
    };
    let trials = pieces.iter().enumerate().map(trial).collect();
    (trials, pieces.iter().map(|piece| (piece.range.start, None)).collect())
}

/// Trials that show images of a range, each once, or once for each repeat that exists.
fn images(
    pieces: &[Piece],
    responses: &Responses,
    n_images: usize,
    remarks: &mut Vec<String>,
) -> Result<Trials, RecordingError> {
    let (present, n_partial) = responses.present(n_images)?;
    if n_partial > 0 {
        remarks.push(format!(
            "{n_partial} presentations lack the responses of some neurons and are left out"
        ));
    }
    let mut n_without = 0;
    let (mut trials, mut places) = (Vec::new(), Vec::new());
    for piece in pieces {
        for image in piece.range.clone() {
            let there = present[image].iter().enumerate().filter(|(_, there)| **there);
            let before = trials.len();
            for (repeat, _) in there {
                let repeat = responses.n_repeats.map(|_| repeat);
                trials.push(TrialInfo {
                    id: repeat.map_or(image, |_| trials.len()).to_string(),
                    tier: piece.tier.clone(),
                    n_frames: 1,
                    stimulus_id: Some(image.to_string()),
                    has_responses: true,
                });
                places.push((image, repeat));
            }
            n_without += usize::from(trials.len() == before);
        }
    }
    if n_without > 0 {
        remarks.push(format!("{n_without} images have no responses and are left out"));
    }
    Ok((trials, places))
}

type Neurons = (Vec<i64>, Option<Array2<f32>>);

/// Identifiers and positions of the neurons.
fn neurons(
    folder: &Path,
    entry: Option<&NeuronsEntry>,
    session: &str,
    n_neurons: usize,
) -> Result<Neurons, RecordingError> {
    let open = |entry: &ArrayEntry| ArrayFile::open(folder, entry, session, false);
    let mut neurons: Neurons = ((0..n_neurons as i64).collect(), None);
    if let Some(ids) = entry.and_then(|entry| entry.ids.as_ref()) {
        let file = open(ids)?;
        if file.shape() != [n_neurons] {
            let expected = format!("[{n_neurons}] (neuron), as the responses");
            let error = RecordingError::shape("neurons.ids", file.shape(), expected, file.path());
            return Err(error);
        }
        neurons.0 = file.read_i64()?.into_iter().collect();
    }
    if let Some(coordinates) = entry.and_then(|entry| entry.coordinates.as_ref()) {
        let file = open(coordinates)?;
        if !matches!(file.shape(), [n, 2 | 3] if *n == n_neurons) {
            let expected = format!("[{n_neurons}, 2 or 3] (neuron, axis), as the responses");
            let what = "neurons.coordinates";
            return Err(RecordingError::shape(what, file.shape(), expected, file.path()));
        }
        let values = file.read()?.into_dimensionality::<Ix2>().expect("two axes, as checked");
        neurons.1 = Some(values);
    }
    Ok(neurons)
}

impl SessionSource for ManifestSource {
    fn load(
        &self,
        trial: usize,
        frames: Range<usize>,
        missing: Missing,
    ) -> Result<TrialData, RecordingError> {
        let (first, repeat) = self.trials[trial];
        let range = first + frames.start..first + frames.end;
        let rows = |rows: &Option<Rows>| {
            rows.as_ref().map(|rows| rows.read(range.clone(), missing)).transpose()
        };
        Ok(TrialData {
            stimulus: self.stimulus.read(range.clone(), missing)?,
            responses: Some(self.responses.read(range.clone(), repeat, missing)?),
            behaviour: rows(&self.behaviour)?,
            pupil_center: rows(&self.pupil_center)?,
        })
    }

    fn resident_bytes(&self) -> u64 {
        let rows = self.behaviour.iter().chain(&self.pupil_center);
        self.stimulus.resident_bytes()
            + self.responses.resident_bytes()
            + rows.map(Rows::resident_bytes).sum::<u64>()
            + 32 * self.trials.len() as u64
    }
}
