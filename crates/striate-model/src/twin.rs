//! A twin: everything from stimulus to rates, for all sessions of a recording.

mod channels;
mod distribution;
mod file;
mod given;
mod input;
mod latents;
mod memory;
mod own;
mod predict;
mod step;
#[cfg(test)]
mod tests;
mod window;

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use striate_base::Streams;
use striate_ops::{Pool, Tape};

pub use channels::ChannelInput;
pub use distribution::{Judgement, Moments};
pub use input::ClipInput;
pub use latents::{LatentState, SeenResponses};
pub use step::StepLoss;
pub use window::{WindowInput, Windows};

use crate::config::{ModelConfig, in_range};
use crate::core::{Core, CoreInput};
use crate::error::ModelError;
use crate::grid::OutputGrid;
use crate::latent::LatentPart;
use crate::likelihood::{ActiveResponses, Likelihood};
use crate::parameters::{Parameter, ParameterBuilder, Parameters};
use crate::pass::{Noise, Pass};
use crate::readout::{Readout, ReadoutInput};
use crate::shifter::Shifter;

/// Most rows or columns of a stimulus.
const MOST_PIXELS: usize = 4096;

/// Most neurons of a session.
const MOST_NEURONS: usize = 10_000_000;

/// What a twin is built from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwinSpec {
    /// The parts and their settings.
    pub model: ModelConfig,
    /// Rows of the stimulus in pixels.
    pub height: usize,
    /// Columns of the stimulus in pixels.
    pub width: usize,
    /// The sessions, in order.
    pub sessions: Vec<SessionShape>,
}

impl TwinSpec {
    /// Where the pixels of the core's output will lie on the stimulus, before a twin is built: what
    /// [`SessionStart::positions`] refer to.
    ///
    /// # Errors
    /// As [`Twin::build`].
    pub fn output_grid(&self) -> Result<OutputGrid, ModelError> {
        check_spec(self)?;
        Ok(build_core(self, &mut Parameters::default(), &Streams::new(0))?.grid())
    }
}

/// What a twin needs to know of a session to be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionShape {
    /// Unique name.
    pub id: String,
    /// Number of neurons.
    pub n_neurons: usize,
    /// Number of behaviour traces.
    pub n_behaviour: usize,
    /// Whether the pupil's centre was recorded.
    pub has_pupil_center: bool,
}

/// What a session's data say before the first step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SessionStart {
    /// Mean response of each neuron.
    pub mean_response: Vec<f32>,
    /// Receptive-field centres, (x, y) in [-1, 1] over the core's output; see [`OutputGrid`].
    pub positions: Option<Vec<[f32; 2]>>,
    /// Coordinates in the tissue, two in the plane, in any unit; they take precedence over
    /// `positions`.
    pub coordinates: Option<Vec<[f32; 2]>>,
    /// The same with depth, for loadings that come from positions.
    pub cortex: Option<Vec<[f32; 3]>>,
    /// What the likelihood asks for ([`crate::LikelihoodConfig::wants_active`]).
    pub active: Option<ActiveResponses>,
}

/// A twin.
///
/// Built from data ([`TwinSpec`]), so that `twin.json` and `twin.safetensors` are all there is to it.
pub struct Twin {
    spec: TwinSpec,
    core: Box<dyn Core>,
    sessions: Vec<SessionParts>,
    latent: Option<LatentPart>,
    /// Whether the latents take part.
    uses_latents: bool,
    /// Of the latents' divergence in the loss.
    divergence_factor: f64,
    /// Largest activation of a prediction, about: longer inputs are computed piece by piece.
    most_values: usize,
    parameters: Parameters,
    pool: Pool,
}

struct SessionParts {
    readout: Box<dyn Readout>,
    shifter: Option<Box<dyn Shifter>>,
    likelihood: Box<dyn Likelihood>,
}

impl Twin {
    /// Build a twin, its parameters as they are before fitting. Each parameter draws from a random
    /// stream of its own name.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`] for settings outside their range, [`ModelError::Mismatch`] for
    /// sessions, starts and settings that do not fit together.
    pub fn build(
        spec: TwinSpec,
        starts: &[SessionStart],
        streams: &Streams,
    ) -> Result<Self, ModelError> {
        check_spec(&spec)?;
        if starts.len() != spec.sessions.len() {
            let (found, expected) = (starts.len(), spec.sessions.len());
            return Err(ModelError::mismatch("starts of sessions", found, expected));
        }
        let mut parameters = Parameters::default();
        let core = build_core(&spec, &mut parameters, streams)?;
        let mut sessions = Vec::new();
        for (shape, start) in spec.sessions.iter().zip(starts) {
            sessions.push(SessionParts {
                readout: build_readout(&spec, &*core, (shape, start), &mut parameters, streams)?,
                shifter: build_shifter(&spec, shape, &mut parameters, streams)?,
                likelihood: build_likelihood(&spec, (shape, start), &mut parameters, streams)?,
            });
        }
        let latent = build_latents(&spec, starts, &mut parameters, streams)?;
        Ok(Self {
            spec,
            core,
            sessions,
            uses_latents: latent.is_some(),
            latent,
            divergence_factor: 1.0,
            most_values: predict::MOST_VALUES,
            parameters,
            pool: Pool::new(),
        })
    }

    /// A twin of other sessions with the core of the twin saved in `folder`: the start of a transfer.
    /// Freeze the core ([`Twin::freeze`]) to fit the new sessions' readouts alone.
    ///
    /// # Errors
    /// As [`Twin::build`] and [`Twin::load`]; [`ModelError::Mismatch`] where the core is another.
    pub fn for_sessions(
        spec: TwinSpec,
        starts: &[SessionStart],
        streams: &Streams,
        folder: &Path,
    ) -> Result<Self, ModelError> {
        let source = Self::load(folder)?;
        let mut twin = Self::build(spec, starts, streams)?;
        for parameter in twin.parameters.0.iter_mut().filter(|p| p.group == "core") {
            let found = source.parameters.find(&parameter.name);
            let Some(fitting) = found.filter(|found| found.shape == parameter.shape) else {
                let what = format!("`{}` of the core to take over", parameter.name);
                let found = found.map_or("none".to_owned(), |f| format!("{:?}", f.shape));
                let expected = format!("shape {:?}", parameter.shape);
                return Err(ModelError::mismatch(what, found, expected));
            };
            parameter.values.clone_from(&fitting.values);
        }
        Ok(twin)
    }

    /// What the twin was built from.
    pub fn spec(&self) -> &TwinSpec {
        &self.spec
    }

    /// Frames at the start of a clip that have no prediction: prediction `j` belongs to frame
    /// `j + frames_consumed`.
    pub fn frames_consumed(&self) -> usize {
        self.core.grid().n_lags - 1
    }

    /// Frames after its own in the clip that a prediction depends on, through the readout's mixing; where
    /// there are, it depends on `frames_consumed + frames_ahead` frames before its own. 0 without mixing.
    pub fn frames_ahead(&self) -> usize {
        self.sessions.iter().map(|parts| parts.readout.frames_ahead()).max().unwrap_or(0)
    }

    /// Where the pixels of the core's output lie on the stimulus.
    pub fn output_grid(&self) -> OutputGrid {
        self.core.grid()
    }

    /// Number of values that are fitted, frozen ones included.
    pub fn n_parameters(&self) -> usize {
        self.parameters.n_trainable()
    }

    /// All parameters and statistics, in a fixed order.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The parameters, to be moved. Names, shapes and lengths must stay.
    pub fn parameters_mut(&mut self) -> &mut Parameters {
        &mut self.parameters
    }

    /// Freeze the parameters that `is_frozen` selects, and no others: they get no gradient. A core
    /// all of whose parameters are frozen is evaluated with its running statistics, which then stay
    /// as they are, and costs no backward pass.
    pub fn freeze(&mut self, is_frozen: impl Fn(&Parameter) -> bool) {
        for parameter in &mut self.parameters.0 {
            parameter.frozen = is_frozen(parameter);
        }
    }

    /// Receptive-field centres of a session's neurons, (x, y) in [-1, 1] over the core's output;
    /// [`OutputGrid::pixel`] makes them stimulus pixels.
    ///
    /// # Errors
    /// [`ModelError::Mismatch`] for a session that the twin does not have.
    pub fn readout_positions(&self, session: usize) -> Result<Vec<[f32; 2]>, ModelError> {
        let parts = self.session(session)?;
        let tape = Tape::forward_only(&self.pool);
        let mut pass = Pass::new(tape, &self.parameters, Noise::Absent);
        let centres = parts.readout.centres(&mut pass)?;
        Ok(centres.values().chunks_exact(2).map(|c| [c[0], c[1]]).collect())
    }

    fn session(&self, session: usize) -> Result<&SessionParts, ModelError> {
        self.sessions.get(session).ok_or_else(|| {
            let expected = format!("below {}", self.sessions.len());
            ModelError::mismatch("session number", session, expected)
        })
    }
}

fn build_core(
    spec: &TwinSpec,
    parameters: &mut Parameters,
    streams: &Streams,
) -> Result<Box<dyn Core>, ModelError> {
    let channels = 1 + n_behaviour_channels(spec)?;
    let input = CoreInput { height: spec.height, width: spec.width, channels };
    let mut builder = ParameterBuilder::new(parameters, streams, "core", "core".to_owned());
    spec.model.core.settings().build(input, &mut builder)
}

fn build_readout(
    spec: &TwinSpec,
    core: &dyn Core,
    (shape, start): (&SessionShape, &SessionStart),
    parameters: &mut Parameters,
    streams: &Streams,
) -> Result<Box<dyn Readout>, ModelError> {
    let (found, expected) = (start.mean_response.len(), shape.n_neurons);
    if found != expected {
        let what = format!("mean responses of session {}", shape.id);
        return Err(ModelError::mismatch(what, found, expected));
    }
    let prefix = format!("readout.{}", shape.id);
    let mut builder = ParameterBuilder::new(parameters, streams, "readout", prefix);
    let likelihood = spec.model.likelihood.settings();
    let input = ReadoutInput {
        channels: core.channels(),
        n_neurons: shape.n_neurons,
        start,
        outputs: likelihood.outputs(),
        matching: &likelihood.matching(start),
    };
    spec.model.readout.settings().build(input, &mut builder)
}

fn build_shifter(
    spec: &TwinSpec,
    shape: &SessionShape,
    parameters: &mut Parameters,
    streams: &Streams,
) -> Result<Option<Box<dyn Shifter>>, ModelError> {
    let Some(shifter) = &spec.model.shifter else { return Ok(None) };
    if !shape.has_pupil_center {
        let what = format!("`model.shifter` for session {}", shape.id);
        let expected = "a recorded pupil center, or no `model.shifter`";
        return Err(ModelError::mismatch(what, "no pupil center", expected));
    }
    let prefix = format!("shifter.{}", shape.id);
    let mut builder = ParameterBuilder::new(parameters, streams, "shifter", prefix);
    Ok(Some(shifter.settings().build(&mut builder)))
}

fn build_likelihood(
    spec: &TwinSpec,
    (shape, start): (&SessionShape, &SessionStart),
    parameters: &mut Parameters,
    streams: &Streams,
) -> Result<Box<dyn Likelihood>, ModelError> {
    let prefix = format!("likelihood.{}", shape.id);
    let mut builder = ParameterBuilder::new(parameters, streams, "likelihood", prefix);
    spec.model.likelihood.settings().build(start, &mut builder)
}

fn build_latents(
    spec: &TwinSpec,
    starts: &[SessionStart],
    parameters: &mut Parameters,
    streams: &Streams,
) -> Result<Option<LatentPart>, ModelError> {
    let Some(config) = &spec.model.latent else { return Ok(None) };
    let group = LatentPart::GROUP;
    let mut builder = ParameterBuilder::new(parameters, streams, group, group.to_owned());
    let mut latent = LatentPart::new(config, &mut builder);
    let outputs = spec.model.likelihood.settings().outputs();
    for (shape, start) in spec.sessions.iter().zip(starts) {
        let prefix = |part: &str| format!("{part}.{}", shape.id);
        let mut builder = ParameterBuilder::new(parameters, streams, group, prefix("encoder"));
        latent.add_encoder(shape.n_neurons, &mut builder);
        let mut builder = ParameterBuilder::new(parameters, streams, group, prefix("loadings"));
        latent.add_loadings((start, shape.n_neurons), outputs, &mut builder)?;
    }
    Ok(Some(latent))
}

fn check_spec(spec: &TwinSpec) -> Result<(), ModelError> {
    spec.model.check()?;
    for (key, length) in [("height", spec.height), ("width", spec.width)] {
        let expected = format!("1 to {MOST_PIXELS} pixels");
        in_range(key, length, (1..=MOST_PIXELS).contains(&length), &expected)?;
    }
    let n_sessions = spec.sessions.len();
    in_range("sessions", n_sessions, n_sessions > 0, "at least one")?;
    let mut seen = BTreeSet::new();
    for session in &spec.sessions {
        let expected = format!("1 to {MOST_NEURONS}");
        let is_in_range = (1..=MOST_NEURONS).contains(&session.n_neurons);
        in_range("n_neurons", session.n_neurons, is_in_range, &expected)?;
        in_range("sessions", &session.id, seen.insert(&session.id), "each id only once")?;
    }
    Ok(())
}

/// Behaviour traces that the core sees as channels.
fn n_behaviour_channels(spec: &TwinSpec) -> Result<usize, ModelError> {
    if !spec.model.input.behaviour_as_channels {
        return Ok(0);
    }
    let expected = spec.sessions.first().map_or(0, |session| session.n_behaviour);
    for session in &spec.sessions {
        if session.n_behaviour != expected {
            let what = format!("behaviour traces of session {}", session.id);
            let expected = format!(
                "{expected} as in session {} (or `model.input.behaviour_as_channels = false`)",
                spec.sessions[0].id
            );
            return Err(ModelError::mismatch(what, session.n_behaviour, expected));
        }
    }
    Ok(expected)
}
