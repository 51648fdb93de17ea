//! One animal, one scan, its own neurons: what is known of it, and reading its trials.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use ndarray::{Array2, Array3, s};
use serde::{Deserialize, Serialize};

use crate::error::RecordingError;
use crate::source::{Missing, SessionSource};

/// What is shown in one trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StimulusKind {
    /// A still image: a trial of one frame.
    Image,
    /// A video: a trial of many frames.
    Video,
}

/// Everything that is known of a session without reading its trials.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionInfo {
    /// Name of the session, unique within its recording.
    pub id: String,
    /// Images or videos.
    pub kind: StimulusKind,
    /// Number of neurons.
    pub n_neurons: usize,
    /// Height of a frame in pixels, as handed over.
    pub height: usize,
    /// Width of a frame in pixels, as handed over.
    pub width: usize,
    /// Number of behaviour traces; 0 without behaviour.
    pub n_behaviour: usize,
    /// Whether the position of the pupil was recorded.
    pub has_pupil_center: bool,
    /// Identifier of each neuron, shape `[neuron]`; their places where the recording names none.
    pub neuron_ids: Vec<i64>,
    /// Position of each neuron in the tissue, shape `[neuron, axis]`, in micrometres.
    pub neuron_coordinates: Option<Array2<f32>>,
    /// Frames per second of a video, where known.
    pub frame_rate_hz: Option<f64>,
    /// First frame of each trial that benchmarks on this recording score.
    pub scored_from_frame: usize,
    /// Whether trials were cut out of one continuous stimulus, so that their length says nothing
    /// about the experiment.
    pub is_continuous: bool,
    /// How responses were normalised, in words, as `per neuron and frame`.
    pub response_normalisation: String,
    /// Every trial, in the order of the recording.
    pub trials: Vec<TrialInfo>,
    /// What was noticed while the session was opened and is no error, one sentence each.
    pub remarks: Vec<String>,
}

/// Everything that is known of a trial without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialInfo {
    /// Name of the trial, unique within its session; a number in the Sensorium layouts.
    pub id: String,
    /// Its tier, as `train`.
    pub tier: String,
    /// Number of frames; 1 for an image.
    pub n_frames: usize,
    /// Trials of the same identifier show the same stimulus. `None` where it is not known, or not
    /// looked for (Sensorium 2023: in the tiers `train` and `none`, and in hidden ones).
    pub stimulus_id: Option<String>,
    /// Whether the recording has responses to it; not so in hidden test tiers.
    pub has_responses: bool,
}

/// A stretch of a trial. All arrays are in standard layout; NaN never occurs.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialData {
    /// What was shown, normalised: shape `[frame, height, width]`.
    pub stimulus: Array3<f32>,
    /// Responses, normalised: shape `[frame, neuron]`; `None` in hidden tiers.
    pub responses: Option<Array2<f32>>,
    /// Behaviour, normalised: shape `[frame, channel]`; `None` where none was recorded.
    pub behaviour: Option<Array2<f32>>,
    /// Position of the pupil, normalised: shape `[frame, 2]`; `None` where it was not recorded.
    pub pupil_center: Option<Array2<f32>>,
}

impl TrialData {
    /// Keep no frame.
    fn cut_to_nothing(&mut self) {
        self.stimulus.slice_collapse(s![..0, .., ..]);
        let rows = self.responses.iter_mut().chain(&mut self.behaviour);
        for values in rows.chain(&mut self.pupil_center) {
            values.slice_collapse(s![..0, ..]);
        }
    }
}

/// A session: what is known of it, and its trials to be read from disk.
///
/// It holds no data (beyond what [`crate::Recording::resident_bytes`] counts) and no open files.
pub struct Session {
    /// What is known of it.
    pub info: SessionInfo,
    source: Box<dyn SessionSource>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(info: SessionInfo, source: Box<dyn SessionSource>) -> Self {
        Self { info, source }
    }

    /// Read the frames `frames` of trial number `trial` (its place in [`SessionInfo::trials`]).
    ///
    /// # Errors
    /// [`RecordingError`] for a trial or frames that are not there, for files that cannot be read or
    /// have changed since the session was opened, and for values that are not finite.
    ///
    /// ```
    /// # use striate_base::{CancelToken, NoProgress};
    /// # use striate_recording::simulate::{SimulationConfig, simulate};
    /// use striate_recording::{Recording, RecordingConfig};
    ///
    /// # let folder = std::env::temp_dir().join(format!("striate-load-{}", std::process::id()));
    /// # let config = SimulationConfig { n_neurons: 3, ..SimulationConfig::tiny() }.check().unwrap();
    /// # simulate(&config, &folder, &mut NoProgress, &CancelToken::new()).unwrap();
    /// let recording = Recording::open(&RecordingConfig::at(&folder))?;
    /// let session = &recording.sessions[0];
    /// let data = session.load(0, 10..30)?;
    /// let info = &session.info;
    /// assert_eq!(data.stimulus.dim(), (20, info.height, info.width));
    /// assert_eq!(data.responses.unwrap().dim(), (20, info.n_neurons));
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), striate_recording::RecordingError>(())
    /// ```
    pub fn load(&self, trial: usize, frames: Range<usize>) -> Result<TrialData, RecordingError> {
        self.read(trial, frames, Missing::Refuse)
    }

    /// Read a whole trial.
    ///
    /// # Errors
    /// As [`Session::load`].
    pub fn load_whole(&self, trial: usize) -> Result<TrialData, RecordingError> {
        let n_frames = self.info.trials.get(trial).map_or(0, |trial| trial.n_frames);
        self.load(trial, 0..n_frames)
    }

    /// [`Session::load`], with a say in what becomes of values that are not finite.
    pub(crate) fn read(
        &self,
        trial: usize,
        frames: Range<usize>,
        missing: Missing,
    ) -> Result<TrialData, RecordingError> {
        let out_of_range = |what: &str, found: String, expected: String| {
            let (what, session) = (what.to_owned(), self.info.id.clone());
            Err(RecordingError::OutOfRange { what, session, found, expected })
        };
        let Some(info) = self.info.trials.get(trial) else {
            let expected = format!("less than {}", self.info.trials.len());
            return out_of_range("place of a trial", trial.to_string(), expected);
        };
        if frames.start > frames.end || frames.end > info.n_frames {
            let what = format!("frames of trial {}", info.id);
            let found = format!("{} to {}", frames.start, frames.end);
            return out_of_range(&what, found, format!("0 to {}", info.n_frames));
        }
        if info.n_frames == 1 && frames.is_empty() {
            let mut data = self.source.load(trial, 0..1, missing)?;
            data.cut_to_nothing();
            return Ok(data);
        }
        self.source.load(trial, frames, missing)
    }

    /// Places of all trials of a tier, in the order of the recording.
    pub fn trials_of(&self, tier: &str) -> Vec<usize> {
        let trials = self.info.trials.iter().enumerate();
        trials.filter(|(_, trial)| trial.tier == tier).map(|(place, _)| place).collect()
    }

    /// The tiers, each with its number of trials.
    pub fn tiers(&self) -> BTreeMap<String, usize> {
        let mut tiers = BTreeMap::new();
        for trial in &self.info.trials {
            *tiers.entry(trial.tier.clone()).or_default() += 1;
        }
        tiers
    }

    /// Bytes that the session keeps in memory, now or once it was read from.
    pub fn resident_bytes(&self) -> u64 {
        let info = &self.info;
        let per_trial = 600;
        (info.trials.len() * per_trial + info.n_neurons * 24) as u64 + self.source.resident_bytes()
    }

    /// The tiers in words, for errors.
    pub(crate) fn tiers_in_words(&self) -> String {
        let tiers = self.tiers();
        let hidden = |tier: &str| {
            let mut trials = self.info.trials.iter();
            !trials.any(|trial| trial.tier == tier && trial.has_responses)
        };
        let words: Vec<String> = tiers
            .iter()
            .map(|(tier, n)| {
                let note = if hidden(tier) { ", hidden" } else { "" };
                format!("`{tier}` ({n} trials{note})")
            })
            .collect();
        if words.is_empty() { "no trials".to_owned() } else { words.join(", ") }
    }
}
