//! Arithmetic of a core, counted as direct convolution: a multiplication and an addition for every
//! weight and output place, whichever algorithm computes it.

use striate_model::CoreConfig;
use striate_model::core::{FactorisedConfig, Padding, StaticConfig};

use crate::batch::Batch;

/// GFLOP of one pass over a batch.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Gflop {
    pub(crate) forward: f64,
    /// Forward, weight gradients, and input gradients except that of the stimulus.
    pub(crate) training: f64,
}

impl Gflop {
    /// GFLOP of the core of a model.
    pub(crate) fn of(core: &CoreConfig, batch: Batch) -> Self {
        let mut sum = Self::default();
        match core {
            CoreConfig::Factorised(core) => sum.add_factorised(core, batch),
            CoreConfig::Static(core) => sum.add_static(core, batch),
            CoreConfig::Identity(_) => {}
        }
        sum
    }

    fn add_factorised(&mut self, core: &FactorisedConfig, batch: Batch) {
        let (mut frames, mut size, mut n_in) = (batch.n_frames, [batch.height, batch.width], 1);
        for (layer, &channels) in core.channels.iter().enumerate() {
            let (kernel, lags) = (core.spatial_kernels[layer], core.temporal_kernels[layer]);
            size = after(size, kernel, core.spatial_padding);
            let per_place = kernel * kernel * n_in * channels;
            self.add(batch.n_clips * frames * size[0] * size[1] * per_place);
            frames -= lags - 1;
            self.add(batch.n_clips * frames * size[0] * size[1] * lags * channels * channels);
            n_in = channels;
        }
    }

    fn add_static(&mut self, core: &StaticConfig, batch: Batch) {
        let size = after([batch.height, batch.width], core.input_kernel, core.input_padding);
        let n_places = batch.n_clips * batch.n_frames * size[0] * size[1];
        self.add(n_places * core.input_kernel * core.input_kernel * core.channels);
        for _ in 1..core.layers {
            let (mix, area) = (core.channels * core.channels, core.hidden_kernel.pow(2));
            self.add(n_places * mix);
            self.add(n_places * area * core.channels);
            self.add(n_places * mix);
        }
    }

    /// One convolution of so many products; the first one's input is the stimulus.
    fn add(&mut self, products: usize) {
        let is_first = self.forward == 0.0;
        let forward = 2e-9 * products as f64;
        self.forward += forward;
        self.training += if is_first { 2.0 } else { 3.0 } * forward;
    }
}

fn after(size: [usize; 2], kernel: usize, padding: Padding) -> [usize; 2] {
    match padding {
        Padding::Same => size,
        Padding::Valid => size.map(|length| length - (kernel - 1)),
    }
}
