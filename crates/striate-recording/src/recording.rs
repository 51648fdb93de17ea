//! A recording: one or several sessions, opened from wherever they lie.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

use crate::error::RecordingError;
use crate::reader;
use crate::session::Session;

/// Where a recording lies and how it is read.
///
/// | key | default | purpose | range |
/// | --- | --- | --- | --- |
/// | `path` | none | a session folder or a folder of session folders (Sensorium 2023 or 2022), or a manifest (TOML, `docs/recordings.md`) | |
/// | `root` | the manifest's own | folder that the paths in a manifest are relative to | manifests only |
/// | `sessions` | all | ids of the sessions to open, in this order | ids there are |
/// | `image_scale` | 0.25 | factor by which Sensorium 2022 images are rescaled | above 0, at most 1 |
/// | `response_normalisation` | `official` | what responses of the Sensorium layouts are multiplied by | `official`, `per-neuron`, `none` |
///
/// ```
/// use striate_recording::{RecordingConfig, ResponseNormalisation};
///
/// let config: RecordingConfig = toml::from_str("path = \"data/mouse-7\"").unwrap();
/// assert_eq!(config, RecordingConfig::at("data/mouse-7"));
/// assert_eq!(config.response_normalisation, ResponseNormalisation::Official);
/// assert!(toml::from_str::<RecordingConfig>("path = \"x\"\nrot = \"y\"").is_err());
/// let one: RecordingConfig = toml::from_str("path = \"x\"\nsessions = 190923").unwrap();
/// assert_eq!(one.sessions, Some(vec!["190923".to_owned()]));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordingConfig {
    /// A folder in one of the Sensorium layouts, or a manifest.
    pub path: PathBuf,
    /// Folder that the paths in a manifest are relative to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<PathBuf>,
    /// The sessions to open, by their ids and in this order; absent: all. In TOML one id will do, and
    /// an id may be a number.
    #[serde(default, deserialize_with = "ids", skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Vec<String>>,
    /// Factor by which the images of the Sensorium 2022 layout are rescaled. Range: above 0 to 1.
    #[serde(default = "default_image_scale")]
    pub image_scale: f64,
    /// How the responses of the Sensorium layouts are normalised.
    #[serde(default)]
    pub response_normalisation: ResponseNormalisation,
}

/// What the responses of the Sensorium layouts are multiplied by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResponseNormalisation {
    /// One over their standard deviation, which is never taken as smaller than 0.01 times its mean
    /// over neurons. With statistics per neuron and frame every frame of a neuron has a factor of
    /// its own, as the benchmark's server has it.
    #[default]
    Official,
    /// The same with variances averaged over the frames of a neuron, so that all its frames have one
    /// factor: responses then mean the same at all times of a trial.
    PerNeuron,
    /// Nothing.
    None,
}

/// One id or a list of ids, each a text or a number.
fn ids<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "an id, or a list of ids")]
    enum Ids {
        Text(String),
        Number(i64),
        Many(Vec<Ids>),
    }
    fn flat(ids: Ids) -> Vec<String> {
        match ids {
            Ids::Text(id) => vec![id],
            Ids::Number(id) => vec![id.to_string()],
            Ids::Many(ids) => ids.into_iter().flat_map(flat).collect(),
        }
    }
    Ok(Option::deserialize(source)?.map(flat))
}

fn default_image_scale() -> f64 {
    0.25
}

impl Default for RecordingConfig {
    fn default() -> Self {
        Self::at("")
    }
}

impl RecordingConfig {
    /// The recording at `path`, read as its layout has it.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            root: None,
            sessions: None,
            image_scale: default_image_scale(),
            response_normalisation: ResponseNormalisation::default(),
        }
    }

    fn check(&self) -> Result<(), RecordingError> {
        if self.image_scale > 0.0 && self.image_scale <= 1.0 {
            return Ok(());
        }
        let key = "recording.image_scale";
        Err(RecordingError::setting(key, self.image_scale, "above 0, at most 1", &self.path))
    }
}

/// A recorded experiment: one or several sessions.
///
/// Opening reads headers, metadata and statistics, and looks for the end of each trial and for
/// repeated stimuli; trials are read when they are asked for. Nothing loads a whole recording.
#[derive(Debug)]
pub struct Recording {
    /// What it is called: the manifest's name, or the folder's.
    pub name: String,
    /// Its sessions, in natural order of their ids, or in the manifest's order.
    pub sessions: Vec<Session>,
}

impl Recording {
    /// Open a recording.
    ///
    /// # Errors
    /// [`RecordingError`] naming the file, what was found and what was expected.
    ///
    /// ```
    /// use striate_recording::{Recording, RecordingConfig};
    ///
    /// let error = Recording::open(&RecordingConfig::at("no/such/folder")).unwrap_err();
    /// assert!(error.to_string().ends_with("no/such/folder"));
    /// ```
    pub fn open(config: &RecordingConfig) -> Result<Self, RecordingError> {
        config.check()?;
        let recording = reader::open(config)?;
        recording.refuse_equal_ids(&config.path)?;
        Ok(recording)
    }

    /// Bytes that the recording keeps in memory, now or once all of it was read from: statistics,
    /// file names and headers, and arrays from archives, which can only be read as a whole.
    pub fn resident_bytes(&self) -> u64 {
        self.sessions.iter().map(Session::resident_bytes).sum()
    }

    fn refuse_equal_ids(&self, path: &Path) -> Result<(), RecordingError> {
        let mut seen = BTreeSet::new();
        match self.sessions.iter().find(|session| !seen.insert(&session.info.id)) {
            None => Ok(()),
            Some(session) => {
                let found = format!("`{}` twice", session.info.id);
                Err(RecordingError::setting("sessions", found, "ids that differ", path))
            }
        }
    }
}
