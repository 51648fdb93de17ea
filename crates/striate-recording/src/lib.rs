//! A recorded experiment as a data set.
//!
//! A [`Recording`] is one or several [`Session`]s; a session is a list of trials, each a stretch of
//! frames with a stimulus and, where its tier is not hidden, responses. A still image is a trial of
//! one frame.
//!
//! | layout | what [`Recording::open`] is given |
//! | --- | --- |
//! | Sensorium 2023 (video) | a session folder with `data/videos`, or a folder of such folders |
//! | Sensorium 2022 (images) | a session folder with `data/images`, or a folder of such folders |
//! | anybody's arrays | a manifest (TOML): see `docs/recordings.md` |
//!
//! Nothing loads a whole recording: opening reads headers and metadata, [`Session::load`] reads the
//! frames it is asked for, [`Prefetcher`] reads the batches of a [`ClipSampler`] a few ahead.
//! [`inspect`](inspect()) looks through everything once and says what is there and what is odd;
//! [`simulate`] writes recordings whose truth is known.
//!
//! ```
//! use striate_base::{CancelToken, NoProgress};
//! use striate_recording::simulate::{SimulationConfig, simulate};
//! use striate_recording::{ClipBatch, ClipSampler, Recording, RecordingConfig, SamplerConfig};
//!
//! let folder = std::env::temp_dir().join(format!("striate-recording-{}", std::process::id()));
//! let config = SimulationConfig { n_neurons: 3, ..SimulationConfig::tiny() }.check()?;
//! simulate(&config, &folder, &mut NoProgress, &CancelToken::new())?;
//!
//! let recording = Recording::open(&RecordingConfig::at(&folder))?;
//! let session = &recording.sessions[0];
//! assert_eq!(session.tiers()["train"], 6);
//!
//! let sampler = ClipSampler::new(&recording, SamplerConfig {
//!     tier: "train".into(), clip_frames: 20, clips_per_batch: 2, seed: 7,
//! })?;
//! let clips = sampler.clips(0, 2, 0);
//! let batch = ClipBatch::load(session, &clips)?;
//! assert_eq!(batch.responses.len(), 2 * 20 * 3);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod average;
mod error;
mod inspect;
mod prefetch;
mod reader;
mod recording;
mod sampler;
mod session;
pub mod simulate;
mod source;
#[cfg(test)]
mod testing;

pub use average::{StimulusFeature, response_triggered_average};
pub use error::RecordingError;
pub use inspect::{
    CeilingSummary, Example, Inspection, InspectionConfig, NeuronSummary, SessionExamples,
    SessionInspection, Severity, StimulusSummary, TierInspection, Warning, examples, inspect,
};
pub use prefetch::{ClipBatch, Prefetcher};
pub use recording::{Recording, RecordingConfig, ResponseNormalisation};
pub use sampler::{Clip, ClipSampler, SamplerConfig};
pub use session::{Session, SessionInfo, StimulusKind, TrialData, TrialInfo};
