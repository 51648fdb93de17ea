//! The numbers of a twin, named and in a fixed order.

use striate_base::{RandomStream, Streams};

/// A named array of a twin: a weight that is fitted, or a statistic that is kept beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Unique name, words separated by dots, as `core.layer0.spatial.weight` or
    /// `readout.SESSION.features`.
    pub name: String,
    /// `core`, `readout`, `shifter`, `likelihood`, `latent`, or `positions` for the receptive-field centres and covariances of
    /// a readout, which live on another scale than weights.
    pub group: String,
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// The values, last axis fastest.
    pub values: Vec<f32>,
    /// Whether it has a gradient; false for running statistics and for data kept with the twin,
    /// such as normalised coordinates.
    pub trainable: bool,
    /// Whether fitting leaves it as it is (see [`crate::Twin::freeze`]); its gradient stays 0.
    pub frozen: bool,
}

impl Parameter {
    /// Whether its gradient is computed.
    pub fn needs_gradient(&self) -> bool {
        self.trainable && !self.frozen
    }
}

/// All parameters of a twin, in a fixed order: the core's, then each session's, then those of latents.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters(pub Vec<Parameter>);

impl Parameters {
    /// The parameter of that name.
    pub fn find(&self, name: &str) -> Option<&Parameter> {
        self.0.iter().find(|parameter| parameter.name == name)
    }

    /// Number of trainable values.
    pub fn n_trainable(&self) -> usize {
        self.0.iter().filter(|p| p.trainable).map(|p| p.values.len()).sum()
    }
}

/// One gradient per parameter, in the order of [`Parameters`]; zero where none is computed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gradients(pub Vec<Vec<f32>>);

impl Gradients {
    /// Zeros for every parameter.
    pub fn zeros(parameters: &Parameters) -> Self {
        Self(parameters.0.iter().map(|parameter| vec![0.0; parameter.values.len()]).collect())
    }

    /// Back to zero, keeping the memory.
    pub fn clear(&mut self) {
        for gradient in &mut self.0 {
            gradient.fill(0.0);
        }
    }
}

/// The place of a parameter in [`Parameters`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParameterId(pub(crate) usize);

/// Collects the parameters of one part of a twin while it is built.
pub struct ParameterBuilder<'a> {
    parameters: &'a mut Parameters,
    streams: &'a Streams,
    group: &'static str,
    prefix: String,
}

impl<'a> ParameterBuilder<'a> {
    /// A builder for the part `prefix` (as `readout.SESSION`) of a group.
    pub(crate) fn new(
        parameters: &'a mut Parameters,
        streams: &'a Streams,
        group: &'static str,
        prefix: String,
    ) -> Self {
        Self { parameters, streams, group, prefix }
    }

    /// A trainable parameter, its values drawn by `draw` from a random stream of its own.
    pub fn random(
        &mut self,
        name: &str,
        shape: &[usize],
        mut draw: impl FnMut(&mut RandomStream) -> f64,
    ) -> ParameterId {
        let mut random = self.streams.stream(&format!("{}.{name}", self.prefix));
        let length = shape.iter().product();
        let values = (0..length).map(|_| draw(&mut random) as f32).collect();
        self.push(name, shape, values, true)
    }

    /// A trainable parameter with the same value everywhere.
    pub fn constant(&mut self, name: &str, shape: &[usize], value: f32) -> ParameterId {
        self.push(name, shape, vec![value; shape.iter().product()], true)
    }

    /// A trainable parameter of one axis with the given values.
    pub fn vector(&mut self, name: &str, values: Vec<f32>) -> ParameterId {
        self.push(name, &[values.len()], values, true)
    }

    /// A trainable parameter `[row, 2]`.
    pub fn pairs(&mut self, name: &str, values: &[[f32; 2]]) -> ParameterId {
        self.push(name, &[values.len(), 2], values.concat(), true)
    }

    /// Values that are kept with the twin but not fitted, `[row, column]` or of one axis.
    pub fn statistic(&mut self, name: &str, shape: &[usize], values: Vec<f32>) -> ParameterId {
        self.push(name, shape, values, false)
    }

    /// Count a parameter as a receptive-field position: group `positions`.
    pub(crate) fn is_position(&mut self, id: ParameterId) {
        "positions".clone_into(&mut self.parameters.0[id.0].group);
    }

    fn push(
        &mut self,
        name: &str,
        shape: &[usize],
        values: Vec<f32>,
        trainable: bool,
    ) -> ParameterId {
        self.parameters.0.push(Parameter {
            name: format!("{}.{name}", self.prefix),
            group: self.group.to_owned(),
            shape: shape.to_vec(),
            values,
            trainable,
            frozen: false,
        });
        ParameterId(self.parameters.0.len() - 1)
    }
}

/// Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural
/// networks", eq. 16 in its normal form: standard deviation `sqrt(2 / (fan_in + fan_out))`.
pub(crate) fn xavier_normal(fan_in: usize, fan_out: usize) -> impl FnMut(&mut RandomStream) -> f64 {
    let deviation = (2.0 / (fan_in + fan_out).max(1) as f64).sqrt();
    move |random| deviation * random.normal()
}

/// Uniform in `(-bound, bound)`.
pub(crate) fn uniform(bound: f64) -> impl FnMut(&mut RandomStream) -> f64 {
    move |random| random.uniform_in(-bound, bound)
}
