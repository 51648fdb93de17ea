//! What is true of a simulated recording, and its file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array2, Ix2};
use serde::{Deserialize, Serialize};
use striate_formats::npy::NpyFile;
use striate_stimuli::Gabor;

use super::SimulationConfig;
use super::error::{SimulationError, file_error};
use super::state::traces;

/// Version of the truth file this code writes.
const FORMAT_VERSION: u32 = 3;

/// Oldest version this code reads. Version 1 knows nothing of how behaviour came about, version 2
/// nothing of direction-selective cells.
const OLDEST_VERSION: u32 = 1;

/// Largest truth file read: a million neurons of 2 KiB each.
const LARGEST_FILE: u64 = 2 << 30;

/// The truth of all sessions of a simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// One per session, in the order of their names' numbers.
    pub sessions: Vec<SessionTruth>,
}

/// The truth of one session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionTruth {
    /// Version of this description.
    pub format_version: u32,
    /// What wrote it.
    pub producer: String,
    /// Name of the session, that of its folder.
    pub id: String,
    /// The configuration it was simulated from.
    pub config: SimulationConfig,
    /// Every neuron, in the order of the responses.
    pub neurons: Vec<NeuronTruth>,
    /// Every trace of behaviour, in the order of the rows of `data/behavior`.
    #[serde(default)]
    pub behaviour: Vec<BehaviourTruth>,
    /// Every trial, in the order of the file numbers.
    pub trials: Vec<TrialTruth>,
    /// The best possible scores per tier.
    pub ceilings: BTreeMap<String, TierCeilings>,
    /// The session's folder; set on reading.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// How a cell combines the two phases of its Gabor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellKind {
    /// One phase, half-squared.
    Simple,
    /// Energy of two phases in quadrature.
    Complex,
}

/// One model neuron.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeuronTruth {
    /// Identifier, as in `meta/neurons/unit_ids.npy`.
    pub unit_id: i64,
    /// Simple or complex.
    pub kind: CellKind,
    /// Receptive field when the eye looks straight ahead, in stimulus pixels.
    pub receptive_field: Gabor,
    /// Temporal kernel; entry `l` weighs the frame `l` frames ago. Its absolute values sum to 1.
    pub kernel: Vec<f64>,
    /// In a direction-selective cell, the slower kernel of the Gabor's other phase, as long as
    /// `kernel` and scaled likewise; its sign sets the direction
    /// ([`NeuronTruth::preferred_direction_deg`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quadrature_kernel: Option<Vec<f64>>,
    /// Position in the cortex, x, y and depth.
    pub coordinates_um: [f64; 3],
    /// Loadings on the latent states.
    pub loadings: Vec<f64>,
    /// Rate without any stimulus.
    pub spontaneous_rate: f64,
    /// Rate per unit of normalised drive.
    pub drive_gain: f64,
    /// Mean size of one event.
    pub event_size: f64,
}

/// How one trace of behaviour came about:
/// `offset + scale (latent_weights . z + own_weights . u + noise e)`, cut at `lowest`, with the
/// shared latents `z`, states `u` of behaviour's own that follow the same law and that no neuron
/// knows of, and `e` standard normal in every frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BehaviourTruth {
    /// What it stands for.
    pub name: String,
    /// Weights on the shared latents, one each.
    pub latent_weights: Vec<f64>,
    /// Weights on states that are behaviour's own.
    pub own_weights: Vec<f64>,
    /// Standard deviation of the noise.
    pub noise: f64,
    /// Value at rest.
    pub offset: f64,
    /// Units of the trace per unit of its states.
    pub scale: f64,
    /// Lowest value, where the trace is cut.
    pub lowest: Option<f64>,
}

/// One trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialTruth {
    /// Tier.
    pub tier: String,
    /// Number of the video shown; trials of the same number show the same video.
    pub video: usize,
    /// The earlier trial this one is a copy of, in everything, if it is one.
    pub copy_of: Option<usize>,
}

/// The best possible single-trial correlations in a tier, per neuron: of the recorded response
/// with its true expectation, over all trials concatenated, from frame
/// [`super::SCORED_FROM_FRAME`] on where trials are longer than that. 0 where not defined.
///
/// What cannot be known counts as noise. `stimulus` therefore bounds predictions that see neither
/// other neurons nor behaviour, and falls as the shared state grows stronger; `full` bounds those
/// that do, for an observer who knew the state without error. A ceiling estimated from repeats
/// (`striate inspect`) takes what differs between repeats for noise, which is the state and the eye:
/// it estimates `stimulus` where the eye stands still, and less than that where it moves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierCeilings {
    /// Expectation given video, eye position and shared state: the array `truth/rates`.
    pub full: Vec<f64>,
    /// Expectation given video and eye position: the array `truth/stimulus_rates`.
    pub stimulus: Vec<f64>,
}

impl Truth {
    /// Whether `path` is a simulated session or a folder of such, as far as names tell.
    pub fn is_beside(path: &Path) -> bool {
        session_folders(path).is_ok_and(|folders| !folders.is_empty())
    }

    /// Read the truth beside a simulated recording: of one session, given its folder, or of all in
    /// a folder of sessions.
    ///
    /// # Errors
    /// [`SimulationError`] where there is none or it cannot be understood.
    pub fn read(path: &Path) -> Result<Self, SimulationError> {
        let folders = session_folders(path).map_err(file_error("list the folder", path))?;
        let mut sessions = Vec::new();
        for folder in folders {
            sessions.push(SessionTruth::read(&folder)?);
        }
        if sessions.is_empty() {
            let reason = "found no truth/truth.json, expected one here or in a sub-folder".into();
            return Err(SimulationError::Truth { reason, path: path.to_path_buf() });
        }
        // Shorter names first, so that session 2 comes before session 10.
        sessions.sort_by(|a, b| (a.id.len(), &a.id).cmp(&(b.id.len(), &b.id)));
        Ok(Self { sessions })
    }
}

impl SessionTruth {
    /// A session's truth, not yet written anywhere.
    pub(super) fn new(id: String, config: SimulationConfig, folder: PathBuf) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            producer: format!("striate {}", env!("CARGO_PKG_VERSION")),
            id,
            behaviour: traces(&config.state).to_vec(),
            config,
            neurons: Vec::new(),
            trials: Vec::new(),
            ceilings: BTreeMap::new(),
            folder,
        }
    }

    fn read(folder: &Path) -> Result<Self, SimulationError> {
        let path = truth_file(folder);
        let refuse = |reason| SimulationError::Truth { reason, path: path.clone() };
        let length = fs::metadata(&path).map_err(file_error("read the file", &path))?.len();
        if length > LARGEST_FILE {
            return Err(refuse(format!("found {length} bytes, expected at most {LARGEST_FILE}")));
        }
        let text = fs::read(&path).map_err(file_error("read the file", &path))?;
        let truth: Self = serde_json::from_slice(&text).map_err(|e| refuse(e.to_string()))?;
        let (found, known) = (truth.format_version, OLDEST_VERSION..=FORMAT_VERSION);
        if !known.contains(&found) {
            let expected = format!("{OLDEST_VERSION} to {FORMAT_VERSION}");
            return Err(refuse(format!("found version {found}, expected {expected}")));
        }
        Ok(Self { folder: folder.to_path_buf(), ..truth })
    }

    /// Write the description into the folder `folder/truth`.
    pub(super) fn write(&self, folder: &Path) -> Result<(), SimulationError> {
        let path = truth_file(folder);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|e| SimulationError::Truth { reason: e.to_string(), path: path.clone() })?;
        striate_base::files::write_atomic_bytes(&path, &text)
            .map_err(file_error("write the file", &path))
    }

    /// Loadings of the neurons on the latents: `[latent, neuron]`.
    pub fn loadings(&self) -> Array2<f64> {
        let n_latents = self.neurons.first().map_or(0, |neuron| neuron.loadings.len());
        Array2::from_shape_fn((n_latents, self.neurons.len()), |(latent, neuron)| {
            self.neurons[neuron].loadings.get(latent).copied().unwrap_or(0.0)
        })
    }

    /// Expected responses in a trial given video, eye and state: `[neuron, frame]`.
    ///
    /// # Errors
    /// [`SimulationError`] where the file is missing or broken.
    pub fn rates(&self, trial: usize) -> Result<Array2<f32>, SimulationError> {
        self.read_trial("rates", trial)
    }

    /// Expected responses in a trial given video and eye, at the state's mean gain:
    /// `[neuron, frame]`.
    ///
    /// # Errors
    /// [`SimulationError`] where the file is missing or broken.
    pub fn stimulus_rates(&self, trial: usize) -> Result<Array2<f32>, SimulationError> {
        self.read_trial("stimulus_rates", trial)
    }

    /// The shared state in a trial: `[latent, frame]`.
    ///
    /// # Errors
    /// [`SimulationError`] where the file is missing or broken.
    pub fn latents(&self, trial: usize) -> Result<Array2<f32>, SimulationError> {
        self.read_trial("latents", trial)
    }

    /// Shift of all receptive fields in a trial, x and y in pixels: `[2, frame]`.
    ///
    /// # Errors
    /// [`SimulationError`] where the file is missing or broken.
    pub fn eye_px(&self, trial: usize) -> Result<Array2<f32>, SimulationError> {
        self.read_trial("eye", trial)
    }

    fn read_trial(&self, variable: &str, trial: usize) -> Result<Array2<f32>, SimulationError> {
        let path = self.folder.join("truth").join(variable).join(format!("{trial}.npy"));
        let values = NpyFile::open(&path)?.read_f32()?;
        let shape = values.shape().to_vec();
        values.into_dimensionality::<Ix2>().map_err(|_| SimulationError::Truth {
            reason: format!("found an array of shape {shape:?}, expected two axes"),
            path,
        })
    }
}

/// The folder itself if it holds a truth, else its sub-folders that do.
fn session_folders(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if truth_file(path).is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut folders = Vec::new();
    for entry in fs::read_dir(path)? {
        let folder = entry?.path();
        // A session that is still being written has a hidden name.
        let hidden = folder.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        if !hidden && truth_file(&folder).is_file() {
            folders.push(folder);
        }
    }
    Ok(folders)
}

fn truth_file(folder: &Path) -> PathBuf {
    folder.join("truth").join("truth.json")
}
