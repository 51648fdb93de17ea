//! The factorised 3-D core of the Sensorium 2023 baseline.
//!
//! Each layer: convolution over space, convolution over time, batch normalisation, ELU; nothing
//! between the two convolutions. (Turishcheva et al. 2023, arXiv 2305.19654, the factorised
//! baseline; Hoefling et al. 2022, bioRxiv 2022.11.30.518492, for the factorisation.)
//!
//! # Differences from the paper
//! None intended with the defaults. Strides, padding to the same size and convolutions without
//! biases are additions.

use serde::{Deserialize, Serialize};
use striate_ops::{Activation, Var, laplace_ratio_spatial, laplace_ratio_temporal};

use super::layers::{
    BatchNorm, Padding, Spatial, SpatialShape, Temporal, TemporalShape, check_momentum,
};
use super::{Activations, Core, CoreInput, CoreSettings, Penalty};
use crate::config::{count, in_range, not_negative};
use crate::error::ModelError;
use crate::grid::OutputGrid;
use crate::parameters::ParameterBuilder;
use crate::pass::Pass;

/// Settings of the factorised 3-D core; the defaults are the Sensorium 2023 baseline's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FactorisedConfig {
    /// Output channels of each layer, 1 to 4096. Default `[32, 64, 128]`.
    pub channels: Vec<usize>,
    /// Length and width of each layer's spatial kernel in pixels, 1 to 99. Default `[11, 5, 5]`.
    pub spatial_kernels: Vec<usize>,
    /// Length of each layer's temporal kernel in frames, 1 to 99. Default `[11, 5, 5]`.
    pub temporal_kernels: Vec<usize>,
    /// What the spatial convolutions do at the edges. Default `"valid"`.
    pub spatial_padding: Padding,
    /// Strides of the first layers' spatial convolutions in pixels, 1 to 16; the layers after have
    /// stride 1. Default none.
    pub spatial_strides: Vec<usize>,
    /// Whether both convolutions have biases. Default true.
    pub bias: bool,
    /// Weight of the batch in the running statistics, 0 to 1. Default 0.7.
    pub batch_norm_momentum: f64,
    /// Weight of the roughness of the first spatial kernel. Default 10.
    pub gamma_spatial: f64,
    /// Weight of the roughness of the first temporal kernel. Default 0.01.
    pub gamma_temporal: f64,
    /// Numbers of which products are made, in fitting and wherever the twin is used. Default `"f32"`.
    pub precision: Precision,
}

/// Numbers of which a core makes products.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// As they are.
    #[default]
    F32,
    /// Rounded to bf16, with sums in `f32`, where that makes convolutions faster on processors with
    /// AVX512-BF16: over time, and over space in first layers or with strides. About 1 % of random
    /// error in what they compute and in the gradients. Other processors compute the same, slowly.
    Bf16,
}

impl From<Precision> for striate_ops::Precision {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::F32,
            Precision::Bf16 => Self::Bf16,
        }
    }
}

impl Default for FactorisedConfig {
    fn default() -> Self {
        Self {
            channels: vec![32, 64, 128],
            spatial_kernels: vec![11, 5, 5],
            temporal_kernels: vec![11, 5, 5],
            spatial_padding: Padding::Valid,
            spatial_strides: Vec::new(),
            bias: true,
            batch_norm_momentum: 0.7,
            gamma_spatial: 10.0,
            gamma_temporal: 0.01,
            precision: Precision::F32,
        }
    }
}

impl FactorisedConfig {
    fn check_lists(&self) -> Result<(), ModelError> {
        let n_layers = self.channels.len();
        in_range("model.core.channels", n_layers, (1..=32).contains(&n_layers), "1 to 32 layers")?;
        for (key, length) in [
            ("model.core.spatial_kernels", self.spatial_kernels.len()),
            ("model.core.temporal_kernels", self.temporal_kernels.len()),
        ] {
            let expected = format!("{n_layers} entries, one for each of model.core.channels");
            in_range(key, format!("{length} entries"), length == n_layers, &expected)?;
        }
        let (key, n_strides) = ("model.core.spatial_strides", self.spatial_strides.len());
        let expected = format!("at most {n_layers} entries");
        in_range(key, format!("{n_strides} entries"), n_strides <= n_layers, &expected)
    }

    fn stride(&self, layer: usize) -> usize {
        self.spatial_strides.get(layer).copied().unwrap_or(1)
    }
}

impl CoreSettings for FactorisedConfig {
    fn check(&self) -> Result<(), ModelError> {
        self.check_lists()?;
        for &channels in &self.channels {
            count("model.core.channels", channels)?;
        }
        for &kernel in &self.spatial_kernels {
            self.spatial_padding.check("model.core.spatial_kernels", kernel)?;
        }
        for &kernel in &self.temporal_kernels {
            in_range("model.core.temporal_kernels", kernel, (1..=99).contains(&kernel), "1 to 99")?;
        }
        for &stride in &self.spatial_strides {
            in_range("model.core.spatial_strides", stride, (1..=16).contains(&stride), "1 to 16")?;
        }
        check_momentum("model.core.batch_norm_momentum", self.batch_norm_momentum)?;
        not_negative("model.core.gamma_spatial", self.gamma_spatial)?;
        not_negative("model.core.gamma_temporal", self.gamma_temporal)
    }

    fn build(
        &self,
        input: CoreInput,
        builder: &mut ParameterBuilder<'_>,
    ) -> Result<Box<dyn Core>, ModelError> {
        let mut layers = Vec::new();
        let mut grid = OutputGrid::of_image(input.height, input.width);
        let mut in_channels = input.channels;
        for (index, &channels) in self.channels.iter().enumerate() {
            let layer = Layer::new(self, index, [in_channels, channels], grid, builder)?;
            (grid, in_channels) = (layer.grid, channels);
            layers.push(layer);
        }
        let penalty_weights = [self.gamma_spatial, self.gamma_temporal];
        Ok(Box::new(FactorisedCore { layers, penalty_weights, channels: in_channels, grid }))
    }
}

struct Layer {
    spatial: Spatial,
    temporal: Temporal,
    norm: BatchNorm,
    temporal_kernel: usize,
    channels: usize,
    /// After this layer; lags accumulated over the layers.
    grid: OutputGrid,
}

impl Layer {
    fn new(
        config: &FactorisedConfig,
        index: usize,
        [in_channels, out_channels]: [usize; 2],
        before: OutputGrid,
        builder: &mut ParameterBuilder<'_>,
    ) -> Result<Self, ModelError> {
        let kernel = config.spatial_kernels[index];
        let temporal_kernel = config.temporal_kernels[index];
        let (padding, stride) = (config.spatial_padding.of(kernel), config.stride(index));
        let mut grid = before.convolved(kernel, padding, stride).ok_or_else(|| {
            let size = format!("an input of {} x {} pixels", before.size[0], before.size[1]);
            let what = format!("spatial kernel of core layer {index}");
            ModelError::mismatch(what, size, format!("at least {kernel} x {kernel}"))
        })?;
        grid.n_lags = before.n_lags + temporal_kernel - 1;
        let (name, has_bias) = (format!("layer{index}"), config.bias);
        let precision = config.precision.into();
        let shape = SpatialShape {
            kernel,
            in_channels,
            out_channels,
            padding,
            stride,
            has_bias,
            precision,
        };
        let temporal_shape =
            TemporalShape { kernel: temporal_kernel, channels: out_channels, has_bias, precision };
        let momentum = config.batch_norm_momentum;
        let part = |part: &str| format!("{name}.{part}");
        Ok(Self {
            spatial: Spatial::new(builder, &part("spatial"), shape),
            temporal: Temporal::new(builder, &part("temporal"), temporal_shape),
            norm: BatchNorm::new(builder, &part("norm"), out_channels, momentum, Activation::Elu),
            temporal_kernel,
            channels: out_channels,
            grid,
        })
    }
}

struct FactorisedCore {
    layers: Vec<Layer>,
    /// Of the first spatial and the first temporal kernel.
    penalty_weights: [f64; 2],
    channels: usize,
    grid: OutputGrid,
}

impl Core for FactorisedCore {
    fn grid(&self) -> OutputGrid {
        self.grid
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn forward(&self, pass: &mut Pass<'_>, input: Var) -> Result<Var, ModelError> {
        let mut maps = input;
        for layer in &self.layers {
            maps = layer.spatial.forward(pass, &maps)?;
            maps = layer.temporal.forward(pass, &maps)?;
            maps = layer.norm.forward(pass, &maps)?;
        }
        Ok(maps)
    }

    fn penalties(&self, pass: &mut Pass<'_>) -> Result<Vec<Penalty>, ModelError> {
        let Some(first) = self.layers.first() else { return Ok(Vec::new()) };
        let spatial = pass.parameter(first.spatial.weight)?;
        let temporal = pass.parameter(first.temporal.weight)?;
        let [of_spatial, of_temporal] = self.penalty_weights;
        Ok(vec![
            Penalty { value: laplace_ratio_spatial(&mut pass.tape, &spatial)?, weight: of_spatial },
            Penalty {
                value: laplace_ratio_temporal(&mut pass.tape, &temporal)?,
                weight: of_temporal,
            },
        ])
    }

    fn activations(&self, n_clips: usize, n_frames: usize) -> Activations {
        let mut all = Activations::default();
        let mut frames = n_frames;
        for layer in &self.layers {
            let per_frame = n_clips * layer.grid.size[0] * layer.grid.size[1] * layer.channels;
            all.add(frames * per_frame);
            frames = frames.saturating_sub(layer.temporal_kernel - 1);
            // Before and after normalisation.
            all.add(frames * per_frame);
            all.add(frames * per_frame);
        }
        all
    }
}
