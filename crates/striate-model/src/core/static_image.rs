//! The static 2-D core of the Sensorium 2022 baseline.
//!
//! The first layer is a full convolution; each layer after is depth-separable: 1x1, then one kernel
//! per channel with padding to the same size, then 1x1. Batch normalisation and ELU after each.
//! (Willeke et al. 2022, arXiv 2206.08666; Lurz et al. 2021, "Generalization in data-driven models
//! of primary visual cortex", ICLR, section 3.) Frames are images of their own: nothing mixes them.
//!
//! # Differences from the paper
//! None intended with the defaults. A stride and padding of the first layer are additions.

use serde::{Deserialize, Serialize};
use striate_ops::{Activation, Precision, Var, laplace_ratio_spatial};

use super::layers::{BatchNorm, Depthwise, Padding, Spatial, SpatialShape, check_momentum};
use super::{Activations, Core, CoreInput, CoreSettings, Penalty};
use crate::config::{count, in_range, not_negative};
use crate::error::ModelError;
use crate::grid::OutputGrid;
use crate::parameters::ParameterBuilder;
use crate::pass::Pass;

/// Settings of the static 2-D core; the defaults are the Sensorium 2022 baseline's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StaticConfig {
    /// Output channels of every layer, 1 to 4096. Default 64.
    pub channels: usize,
    /// Number of layers, 1 to 32. Default 4 (the linear baseline of the paper has 3).
    pub layers: usize,
    /// Length and width of the first kernel in pixels, 1 to 99. Default 9.
    pub input_kernel: usize,
    /// What the first convolution does at the edges. Default `"valid"`.
    pub input_padding: Padding,
    /// Stride of the first convolution in pixels, 1 to 16. Default 1.
    pub input_stride: usize,
    /// Length and width of the kernels after the first, odd, 1 to 99. Default 7.
    pub hidden_kernel: usize,
    /// Whether the convolutions of the depth-separable layers have biases (the library that the
    /// baseline was published with has none, later ones do). Default false.
    pub separable_bias: bool,
    /// Leave out all nonlinearities, which makes the twin a linear-nonlinear model. Default false.
    pub linear: bool,
    /// Weight of the batch in the running statistics, 0 to 1. Default 0.9.
    pub batch_norm_momentum: f64,
    /// Weight of the roughness of the first kernel. Default 6.3831.
    pub gamma_input: f64,
}

impl Default for StaticConfig {
    fn default() -> Self {
        Self {
            channels: 64,
            layers: 4,
            input_kernel: 9,
            input_padding: Padding::Valid,
            input_stride: 1,
            hidden_kernel: 7,
            separable_bias: false,
            linear: false,
            batch_norm_momentum: 0.9,
            gamma_input: 6.3831,
        }
    }
}

impl CoreSettings for StaticConfig {
    fn check(&self) -> Result<(), ModelError> {
        count("model.core.channels", self.channels)?;
        in_range("model.core.layers", self.layers, (1..=32).contains(&self.layers), "1 to 32")?;
        self.input_padding.check("model.core.input_kernel", self.input_kernel)?;
        Padding::Same.check("model.core.hidden_kernel", self.hidden_kernel)?;
        let stride = self.input_stride;
        in_range("model.core.input_stride", stride, (1..=16).contains(&stride), "1 to 16")?;
        check_momentum("model.core.batch_norm_momentum", self.batch_norm_momentum)?;
        not_negative("model.core.gamma_input", self.gamma_input)
    }

    fn build(
        &self,
        input: CoreInput,
        builder: &mut ParameterBuilder<'_>,
    ) -> Result<Box<dyn Core>, ModelError> {
        let (kernel, stride) = (self.input_kernel, self.input_stride);
        let padding = self.input_padding.of(kernel);
        let image = OutputGrid::of_image(input.height, input.width);
        let mut grid = image.convolved(kernel, padding, stride).ok_or_else(|| {
            let size = format!("an input of {} x {} pixels", input.height, input.width);
            let expected = format!("at least {kernel} x {kernel}");
            ModelError::mismatch("first kernel of the core", size, expected)
        })?;
        for _ in 1..self.layers {
            grid = grid.seeing(self.hidden_kernel, grid.stride);
        }
        let (in_channels, out_channels) = (input.channels, self.channels);
        let has_bias = false;
        let precision = Precision::F32;
        let shape = SpatialShape {
            kernel,
            in_channels,
            out_channels,
            padding,
            stride,
            has_bias,
            precision,
        };
        let first = Spatial::new(builder, "layer0.spatial", shape);
        let first_norm = self.norm(builder, 0);
        let separable =
            (1..self.layers).map(|index| Separable::new(self, index, builder)).collect();
        let (gamma_input, channels) = (self.gamma_input, self.channels);
        Ok(Box::new(StaticCore { first, first_norm, separable, gamma_input, channels, grid }))
    }
}

impl StaticConfig {
    fn norm(&self, builder: &mut ParameterBuilder<'_>, layer: usize) -> BatchNorm {
        let activation = if self.linear { Activation::Identity } else { Activation::Elu };
        let name = format!("layer{layer}.norm");
        BatchNorm::new(builder, &name, self.channels, self.batch_norm_momentum, activation)
    }
}

/// 1x1, one kernel per channel, 1x1, batch normalisation, ELU.
struct Separable {
    mix_in: Spatial,
    depthwise: Depthwise,
    mix_out: Spatial,
    norm: BatchNorm,
}

impl Separable {
    fn new(config: &StaticConfig, index: usize, builder: &mut ParameterBuilder<'_>) -> Self {
        let (channels, has_bias) = (config.channels, config.separable_bias);
        let name = |part: &str| format!("layer{index}.{part}");
        let mix = SpatialShape::pointwise(channels, channels, has_bias);
        let kernel = config.hidden_kernel;
        Self {
            mix_in: Spatial::new(builder, &name("mix_in"), mix),
            depthwise: Depthwise::new(builder, &name("depthwise"), kernel, channels, has_bias),
            mix_out: Spatial::new(builder, &name("mix_out"), mix),
            norm: config.norm(builder, index),
        }
    }

    fn forward(&self, pass: &mut Pass<'_>, input: &Var) -> Result<Var, ModelError> {
        let mixed = self.mix_in.forward(pass, input)?;
        let filtered = self.depthwise.forward(pass, &mixed)?;
        drop(mixed);
        let mixed = self.mix_out.forward(pass, &filtered)?;
        drop(filtered);
        self.norm.forward(pass, &mixed)
    }
}

struct StaticCore {
    first: Spatial,
    first_norm: BatchNorm,
    separable: Vec<Separable>,
    gamma_input: f64,
    channels: usize,
    grid: OutputGrid,
}

impl Core for StaticCore {
    fn grid(&self) -> OutputGrid {
        self.grid
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn forward(&self, pass: &mut Pass<'_>, input: Var) -> Result<Var, ModelError> {
        let mut maps = self.first.forward(pass, &input)?;
        drop(input);
        maps = self.first_norm.forward(pass, &maps)?;
        for layer in &self.separable {
            maps = layer.forward(pass, &maps)?;
        }
        Ok(maps)
    }

    fn penalties(&self, pass: &mut Pass<'_>) -> Result<Vec<Penalty>, ModelError> {
        let first = pass.parameter(self.first.weight)?;
        let value = laplace_ratio_spatial(&mut pass.tape, &first)?;
        Ok(vec![Penalty { value, weight: self.gamma_input }])
    }

    fn activations(&self, n_clips: usize, n_frames: usize) -> Activations {
        let length = n_clips * n_frames * self.grid.size[0] * self.grid.size[1] * self.channels;
        // Before and after normalisation in every layer, and two more in the separable ones.
        let saved = (2 + 4 * self.separable.len()) * length;
        Activations { saved, largest: length }
    }
}
