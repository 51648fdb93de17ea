//! What a manifest can say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use super::axes::Axis;
use crate::error::RecordingError;

/// A manifest, as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) name: Option<String>,
    /// Folder that paths are relative to, itself relative to the manifest's.
    pub(super) root: Option<PathBuf>,
    pub(super) frame_rate_hz: Option<f64>,
    #[serde(default)]
    pub(super) scored_from_frame: usize,
    #[serde(default)]
    pub(super) sessions: Vec<SessionEntry>,
    /// What was shown; without it nothing was, which is a blank of 1 x 1 pixel.
    pub(super) stimulus: Option<StimulusEntry>,
    pub(super) responses: ResponsesEntry,
    pub(super) behaviour: Option<RowsEntry>,
    pub(super) pupil_center: Option<RowsEntry>,
    pub(super) neurons: Option<NeuronsEntry>,
    #[serde(default)]
    pub(super) tiers: Vec<TierEntry>,
    pub(super) split: Option<SplitEntry>,
}

/// A session: its id for `{session}` in paths, and files of its own.
#[derive(Debug, Clone)]
pub(super) struct SessionEntry {
    pub(super) id: String,
    pub(super) stimulus: Option<ArrayEntry>,
    pub(super) responses: Option<ArrayEntry>,
}

/// An array: a `.npy` file, or a member of a `.npz`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArrayEntry {
    pub(super) path: PathBuf,
    pub(super) member: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StimulusEntry {
    pub(super) path: PathBuf,
    pub(super) member: Option<String>,
    /// Axes of the array in the file's order; none for an archive of images.
    pub(super) axes: Option<Vec<Axis>>,
    /// Lengths of the axes that are packed, eight values to the byte, into the last axis of the file.
    pub(super) unpacked: Option<Vec<usize>>,
    #[serde(default = "one")]
    pub(super) scale: f32,
    #[serde(default)]
    pub(super) offset: f32,
    /// Pixels along each side whose mean becomes one pixel.
    #[serde(default = "one_pixel")]
    pub(super) downscale: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResponsesEntry {
    pub(super) path: PathBuf,
    pub(super) member: Option<String>,
    pub(super) axes: Vec<Axis>,
    /// What stands where there is no response; `nan` for NaN.
    pub(super) missing: Option<f64>,
    /// Samples along the array whose sum is the response of one frame.
    #[serde(default = "one_sample")]
    pub(super) bin_frames: usize,
    #[serde(default = "one")]
    pub(super) scale: f32,
}

/// Behaviour or the pupil's position.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowsEntry {
    pub(super) path: PathBuf,
    pub(super) member: Option<String>,
    pub(super) axes: Vec<Axis>,
    /// Samples along the array whose mean is the value of one frame.
    #[serde(default = "one_sample")]
    pub(super) bin_frames: usize,
    #[serde(default = "one")]
    pub(super) scale: f32,
    #[serde(default)]
    pub(super) offset: f32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NeuronsEntry {
    pub(super) ids: Option<ArrayEntry>,
    pub(super) coordinates: Option<ArrayEntry>,
}

/// A tier made of a range of frames, images or trials.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TierEntry {
    pub(super) name: String,
    pub(super) frames: Option<[usize; 2]>,
    pub(super) images: Option<[usize; 2]>,
    pub(super) trials: Option<[usize; 2]>,
    pub(super) trial_frames: Option<usize>,
}

/// Tiers made by chance.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SplitEntry {
    pub(super) seed: u64,
    pub(super) fractions: BTreeMap<String, f64>,
    pub(super) trial_frames: Option<usize>,
}

fn one() -> f32 {
    1.0
}

fn one_pixel() -> usize {
    1
}

fn one_sample() -> usize {
    1
}

impl<'de> Deserialize<'de> for SessionEntry {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            id: String,
            stimulus: Option<ArrayEntry>,
            responses: Option<ArrayEntry>,
        }
        let value = toml::Value::deserialize(source)?;
        let named = match &value {
            toml::Value::String(id) => Some(id.clone()),
            toml::Value::Integer(id) => Some(id.to_string()),
            _ => None,
        };
        if let Some(id) = named {
            return Ok(Self { id, stimulus: None, responses: None });
        }
        // Only the first line of the message: what follows shows another text than the manifest.
        let short = |error: toml::de::Error| {
            serde::de::Error::custom(error.message().lines().next().unwrap_or_default().to_owned())
        };
        let Table { id, stimulus, responses } = value.try_into().map_err(short)?;
        Ok(Self { id, stimulus, responses })
    }
}

impl Manifest {
    /// Check what does not depend on the arrays.
    pub(super) fn check(&self, path: &Path) -> Result<(), RecordingError> {
        let refuse = |key: &str, found: String, expected: &str| {
            Err(RecordingError::setting(key, found, expected, path))
        };
        if let Some(rate) = self.frame_rate_hz.filter(|rate| !(*rate > 0.0 && rate.is_finite())) {
            return refuse("frame_rate_hz", rate.to_string(), "a number above 0");
        }
        self.check_stimulus(path)?;
        check_scale("responses.scale", self.responses.scale, path)?;
        match (self.tiers.is_empty(), &self.split) {
            (true, None) => refuse("tiers", "not given".to_owned(), "[[tiers]], or [split]"),
            (false, Some(_)) => refuse("split", "given beside [[tiers]]".to_owned(), "one of them"),
            _ => Ok(()),
        }
    }

    fn check_stimulus(&self, path: &Path) -> Result<(), RecordingError> {
        let Some(stimulus) = &self.stimulus else {
            let own = self.sessions.iter().find(|session| session.stimulus.is_some());
            return own.map_or(Ok(()), |session| {
                let found = format!("given for session `{}` alone", session.id);
                let expected = "[stimulus], which says how its axes run, or no stimulus";
                Err(RecordingError::setting("sessions.stimulus", found, expected, path))
            });
        };
        if stimulus.downscale == 0 {
            let key = "stimulus.downscale";
            return Err(RecordingError::setting(key, 0, "1 or more", path));
        }
        check_scale("stimulus.scale", stimulus.scale, path)?;
        if stimulus.offset.is_finite() {
            return Ok(());
        }
        let (key, found) = ("stimulus.offset", stimulus.offset);
        Err(RecordingError::setting(key, found, "a finite number", path))
    }

    /// The sessions; where none are named one, called as the recording or `session`.
    pub(super) fn session_entries(&self) -> Vec<SessionEntry> {
        if self.sessions.is_empty() {
            let id = self.name.clone().unwrap_or_else(|| "session".to_owned());
            return vec![SessionEntry { id, stimulus: None, responses: None }];
        }
        self.sessions.clone()
    }
}

fn check_scale(key: &str, scale: f32, path: &Path) -> Result<(), RecordingError> {
    if scale != 0.0 && scale.is_finite() {
        return Ok(());
    }
    Err(RecordingError::setting(key, scale, "a finite number other than 0", path))
}
