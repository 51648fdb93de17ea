//! Twins: a core shared by all sessions, a readout and (where wanted) a shifter per session, and a
//! likelihood, composed from data and rebuilt from data.
//!
//! [`TwinSpec`] says what to build, [`Twin::build`] builds it, [`Twin::loss_and_gradients`] is what
//! fitting needs, [`Twin::predict`] what everybody else needs. A core, readout, shifter or
//! likelihood is one file in the folder of that name and one line in its registry.
//!
//! ```
//! use striate_base::Streams;
//! use striate_model::{ClipInput, ModelConfig, SessionShape, SessionStart, Twin, TwinSpec};
//!
//! let model: ModelConfig = serde_json::from_str(
//!     r#"{ "core": { "kind": "factorised-3d", "channels": [4], "spatial_kernels": [5],
//!          "temporal_kernels": [3] } }"#,
//! )?;
//! let session = SessionShape {
//!     id: "mouse-1".into(), n_neurons: 7, n_behaviour: 0, has_pupil_center: false,
//! };
//! let spec = TwinSpec { model, height: 12, width: 16, sessions: vec![session] };
//! let start = SessionStart { mean_response: vec![0.5; 7], ..SessionStart::default() };
//! let twin = Twin::build(spec, &[start], &Streams::new(42))?;
//!
//! // One clip of 10 frames gives rates of 10 - 2 frames and 7 neurons.
//! let stimulus = vec![0.0; 10 * 12 * 16];
//! let rates = twin.predict(&ClipInput {
//!     session: 0, n_clips: 1, n_frames: 10, stimulus: &stimulus, behaviour: None, pupil_center: None,
//! })?;
//! assert_eq!(twin.frames_consumed(), 2);
//! assert_eq!(rates.len(), 8 * 7);
//! assert!(rates.iter().all(|&rate| rate > 0.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod baseline;
mod config;
pub mod core;
mod error;
mod grid;
pub mod latent;
pub mod likelihood;
mod network;
mod parameters;
mod pass;
pub mod readout;
mod registry;
pub mod shifter;
mod twin;

pub use self::core::CoreConfig;
pub use config::{InputConfig, ModelConfig};
pub use error::ModelError;
pub use grid::OutputGrid;
pub use latent::LatentConfig;
pub use likelihood::LikelihoodConfig;
pub use parameters::{Gradients, Parameter, ParameterBuilder, ParameterId, Parameters};
pub use pass::{Mode, Pass};
pub use readout::ReadoutConfig;
pub use shifter::ShifterConfig;
pub use twin::{
    ChannelInput, ClipInput, Judgement, LatentState, Moments, SeenResponses, SessionShape,
    SessionStart, StepLoss, Twin, TwinSpec, WindowInput, Windows,
};
