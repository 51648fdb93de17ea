//! Opening one session folder, and reading its trials.

use std::ops::Range;
use std::path::Path;

use ndarray::{Array2, Array3, ArrayD, Axis, Ix2, Ix3};
use striate_formats::npy::NpyFile;

use super::normaliser::{Normaliser, Variable};
use super::rescale::Rescale;
use super::trials::{Shapes, TrialFiles};
use super::{meta, repeats, stimulus_folder, tiers, trials};
use crate::error::RecordingError;
use crate::recording::{RecordingConfig, ResponseNormalisation};
use crate::session::{Session, SessionInfo, StimulusKind, TrialData, TrialInfo};
use crate::source::{Missing, SessionSource, frames_first, refuse_missing};

/// Frame rate of Sensorium 2023.
const FRAME_RATE_HZ: f64 = 30.0;

/// The trials of a session folder.
struct SensoriumSource {
    kind: StimulusKind,
    trials: Vec<TrialFiles>,
    rescale: Option<Rescale>,
    normalisers: Normalisers,
}

/// What is done to each variable.
#[derive(Default)]
struct Normalisers {
    stimulus: Normaliser,
    responses: Normaliser,
    behaviour: Normaliser,
    pupil_center: Normaliser,
}

/// Open a session folder.
pub(super) fn open(
    folder: &Path,
    id: String,
    kind: StimulusKind,
    config: &RecordingConfig,
) -> Result<Session, RecordingError> {
    let tiers = meta::tiers(folder)?;
    let (mut trials, mut shapes) = trials::open(folder, kind, &tiers)?;
    let neuron_ids = neuron_ids(folder, &mut shapes)?;
    tiers::drop_hidden(&mut trials, &tiers)?;
    let longest = trials.iter().map(|trial| trial.n_frames).max().unwrap_or(1);
    let normalisers = Normalisers::read(folder, kind, &shapes, longest, config)?;
    let response_normalisation = match config.response_normalisation {
        ResponseNormalisation::None => "none".to_owned(),
        ResponseNormalisation::Official | ResponseNormalisation::PerNeuron => {
            normalisers.responses.in_words().to_owned()
        }
    };
    let rescale = (kind == StimulusKind::Image && config.image_scale < 1.0)
        .then(|| Rescale::new(shapes.height, shapes.width, config.image_scale));
    let (height, width) = rescale.as_ref().map_or((shapes.height, shapes.width), Rescale::size);
    let is_video = kind == StimulusKind::Video;
    let info = SessionInfo {
        id,
        kind,
        n_neurons: shapes.n_neurons,
        height,
        width,
        n_behaviour: shapes.n_behaviour,
        has_pupil_center: shapes.has_pupil_center,
        neuron_coordinates: meta::coordinates(folder, shapes.n_neurons)?,
        neuron_ids,
        frame_rate_hz: is_video.then_some(FRAME_RATE_HZ),
        scored_from_frame: if is_video { scored_from(longest) } else { 0 },
        is_continuous: false,
        response_normalisation,
        trials: trial_infos(folder, kind, &trials, &tiers)?,
        remarks: Vec::new(),
    };
    Ok(Session::new(info, Box::new(SensoriumSource { kind, trials, rescale, normalisers })))
}

/// Frames that scores leave out, where trials are longer than that.
fn scored_from(longest: usize) -> usize {
    let first = crate::simulate::SCORED_FROM_FRAME;
    if longest > first { first } else { 0 }
}

/// Identifiers of the neurons, which also say how many there are where no responses do.
fn neuron_ids(folder: &Path, shapes: &mut Shapes) -> Result<Vec<i64>, RecordingError> {
    let Some(ids) = meta::neuron_ids(folder)? else {
        return Ok((0..shapes.n_neurons as i64).collect());
    };
    if shapes.n_neurons == 0 {
        shapes.n_neurons = ids.len();
    }
    if ids.len() == shapes.n_neurons {
        return Ok(ids);
    }
    let expected = format!("[{}], as responses have neurons", shapes.n_neurons);
    let path = folder.join("meta/neurons/unit_ids.npy");
    Err(RecordingError::shape("identifiers of neurons", &[ids.len()], expected, &path))
}

fn trial_infos(
    folder: &Path,
    kind: StimulusKind,
    trials: &[TrialFiles],
    tiers: &[String],
) -> Result<Vec<TrialInfo>, RecordingError> {
    let ids = trial_ids(folder, kind, trials.len())?;
    let stimuli = stimulus_ids(folder, kind, trials, tiers)?;
    let infos = trials.iter().zip(tiers).zip(ids).zip(stimuli);
    let infos = infos.map(|(((trial, tier), id), stimulus_id)| TrialInfo {
        id,
        tier: tier.clone(),
        n_frames: trial.n_frames,
        stimulus_id,
        has_responses: trial.responses.is_some(),
    });
    Ok(infos.collect())
}

/// Numbers of the files; those of `trial_idx` for images, which their submissions ask for.
fn trial_ids(
    folder: &Path,
    kind: StimulusKind,
    n_trials: usize,
) -> Result<Vec<String>, RecordingError> {
    let numbers = match kind {
        StimulusKind::Image => meta::trial_numbers(folder, "trial_idx", n_trials)?,
        StimulusKind::Video => None,
    };
    let differ = |numbers: &Vec<i64>| {
        let mut seen = std::collections::BTreeSet::new();
        numbers.iter().all(|number| seen.insert(*number))
    };
    let numbers = numbers.filter(differ).unwrap_or_else(|| (0..n_trials as i64).collect());
    Ok(numbers.iter().map(i64::to_string).collect())
}

/// `frame_image_id` for images. Videos have no identifiers: those of tiers that may have repeats are
/// compared, and named after the first trial that shows them.
fn stimulus_ids(
    folder: &Path,
    kind: StimulusKind,
    trials: &[TrialFiles],
    tiers: &[String],
) -> Result<Vec<Option<String>>, RecordingError> {
    if kind == StimulusKind::Image
        && let Some(ids) = meta::trial_numbers(folder, "frame_image_id", trials.len())?
    {
        return Ok(ids.iter().map(|id| Some(id.to_string())).collect());
    }
    let mut stimuli = vec![None; trials.len()];
    let places: Vec<usize> = (0..trials.len())
        .filter(|&trial| {
            trials[trial].responses.is_some() && !matches!(tiers[trial].as_str(), "train" | "none")
        })
        .collect();
    for (&place, first) in places.iter().zip(repeats::same_video(trials, &places)?) {
        stimuli[place] = Some(first.to_string());
    }
    Ok(stimuli)
}

impl Normalisers {
    fn read(
        folder: &Path,
        kind: StimulusKind,
        shapes: &Shapes,
        longest: usize,
        config: &RecordingConfig,
    ) -> Result<Self, RecordingError> {
        let (stimulus, rows): (Vec<usize>, &dyn Fn(usize) -> Vec<usize>) = match kind {
            StimulusKind::Video => {
                (vec![shapes.height, shapes.width, longest], &|rows| vec![rows, longest])
            }
            StimulusKind::Image => (vec![1, shapes.height, shapes.width], &|rows| vec![rows]),
        };
        let of = |name: &'static str, shape: Vec<usize>| Variable { session: folder, name, shape };
        let mut normalisers = Self {
            stimulus: Normaliser::z_score(&of(stimulus_folder(kind), stimulus))?,
            ..Self::default()
        };
        let responses = of("responses", rows(shapes.n_neurons));
        normalisers.responses = match (config.response_normalisation, kind) {
            (ResponseNormalisation::None, _) => Normaliser::default(),
            (ResponseNormalisation::PerNeuron, StimulusKind::Video) => {
                Normaliser::precision_over_frames(&responses)?
            }
            // An image's responses have no frames to differ in.
            _ => Normaliser::precision(&responses)?,
        };
        if shapes.n_behaviour > 0 {
            let behaviour = of("behavior", rows(shapes.n_behaviour));
            normalisers.behaviour = Normaliser::precision(&behaviour)?;
        }
        if shapes.has_pupil_center {
            normalisers.pupil_center = Normaliser::z_score(&of("pupil_center", rows(2)))?;
        }
        Ok(normalisers)
    }
}

impl SensoriumSource {
    /// The frames of a stimulus, normalised and rescaled: `[frame, height, width]`.
    fn stimulus(
        &self,
        file: &NpyFile,
        frames: &Range<usize>,
        missing: Missing,
    ) -> Result<Array3<f32>, RecordingError> {
        let mut values = match self.kind {
            StimulusKind::Video => file.read_last_axis_f32(frames.clone())?,
            StimulusKind::Image => file.read_f32()?,
        };
        if values.ndim() == 2 {
            values = values.insert_axis(Axis(0));
        }
        let axes: &[&str] = match self.kind {
            StimulusKind::Video => &["row", "column", "frame"],
            StimulusKind::Image => &["channel", "row", "column"],
        };
        if missing == Missing::Refuse {
            let what = || "stimulus".to_owned();
            refuse_missing(values.view(), &what, axes, frames.start, file.path())?;
        }
        let columns = self.columns(frames, values.shape());
        self.normalisers.stimulus.apply(values.view_mut(), &columns);
        let values = three(values);
        Ok(match (self.kind, &self.rescale) {
            (StimulusKind::Video, _) => {
                values.permuted_axes([2, 0, 1]).as_standard_layout().into_owned()
            }
            (StimulusKind::Image, None) => values,
            (StimulusKind::Image, Some(rescale)) => rescale.apply_all(&values),
        })
    }

    /// What statistics per entry of the last axis are cut to: frames of a video, else all.
    fn columns(&self, frames: &Range<usize>, shape: &[usize]) -> Range<usize> {
        match self.kind {
            StimulusKind::Video => frames.clone(),
            StimulusKind::Image => 0..shape.last().copied().unwrap_or(0),
        }
    }

    /// A variable of rows, normalised: `[frame, row]`.
    fn rows(
        &self,
        (file, name, normaliser): (&NpyFile, &str, &Normaliser),
        frames: &Range<usize>,
        missing: Missing,
    ) -> Result<Array2<f32>, RecordingError> {
        let mut values = match self.kind {
            StimulusKind::Video => file.read_last_axis_f32(frames.clone())?,
            StimulusKind::Image => file.read_f32()?,
        };
        if self.kind == StimulusKind::Image {
            let n = values.len();
            values = values.into_shape_with_order(vec![n]).expect("as many values");
        }
        if missing == Missing::Refuse {
            let row = if name == "responses" { "neuron" } else { "row" };
            let what = || name.to_owned();
            refuse_missing(values.view(), &what, &[row, "frame"], frames.start, file.path())?;
        }
        let columns = self.columns(frames, values.shape());
        normaliser.apply(values.view_mut(), &columns);
        if self.kind == StimulusKind::Image {
            values = values.insert_axis(Axis(1));
        }
        let values = values.into_dimensionality::<Ix2>().expect("two axes, as checked on opening");
        Ok(frames_first(values))
    }
}

fn three(values: ArrayD<f32>) -> Array3<f32> {
    values.into_dimensionality::<Ix3>().expect("three axes, as checked on opening")
}

impl SessionSource for SensoriumSource {
    fn load(
        &self,
        trial: usize,
        frames: Range<usize>,
        missing: Missing,
    ) -> Result<TrialData, RecordingError> {
        let files = &self.trials[trial];
        let rows = |file: &Option<NpyFile>, name: &str, normaliser: &Normaliser| {
            let read = |file| self.rows((file, name, normaliser), &frames, missing);
            file.as_ref().map(read).transpose()
        };
        let with = &self.normalisers;
        Ok(TrialData {
            stimulus: self.stimulus(&files.stimulus, &frames, missing)?,
            responses: rows(&files.responses, "responses", &with.responses)?,
            behaviour: rows(&files.behaviour, "behavior", &with.behaviour)?,
            pupil_center: rows(&files.pupil_center, "pupil_center", &with.pupil_center)?,
        })
    }

    fn resident_bytes(&self) -> u64 {
        let with = &self.normalisers;
        let normalisers = [&with.stimulus, &with.responses, &with.behaviour, &with.pupil_center];
        let statistics: u64 = normalisers.iter().map(|n| n.resident_bytes()).sum();
        // Four files a trial, each with its path, its shape and what it takes to know it again.
        let path = self.trials.first().map_or(0, |t| t.stimulus.path().as_os_str().len());
        statistics + self.trials.len() as u64 * 4 * (200 + path as u64)
    }
}
