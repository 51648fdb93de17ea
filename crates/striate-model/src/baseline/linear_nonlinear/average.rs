//! Running response-triggered averages of a block of neurons.

use std::ops::Range;

use ndarray::{Array2, Array3, ArrayView2, Axis, concatenate, s};
use rayon::prelude::*;

use super::super::{SessionSize, Stretch};
use super::LinearNonlinearConfig;

/// Every stretch of this number is kept apart to choose settings on.
const STRETCHES_PER_CHECK: usize = 5;

/// Sums of the products of responses and stimulus at each lag.
struct Sums {
    /// Responses seen.
    n: f64,
    /// Shape `[neuron]`: sums of the responses.
    responses: Vec<f64>,
    /// Shape `[lag, neuron + 1, pixel]`; the last row of each lag sums the stimulus itself.
    products: Array3<f64>,
}

/// Running response-triggered averages, of two parts of the data.
pub(super) struct Averages {
    block: Range<usize>,
    n_seen: usize,
    fitted: Sums,
    checked: Sums,
}

/// Covariance of one neuron's response with the stimulus, `[lag, pixel]`.
pub(super) struct Triggered {
    /// From all data.
    pub(super) all: Array2<f64>,
    /// From the part the filter is fitted on while settings are chosen.
    pub(super) fitted: Array2<f64>,
    /// From the part kept apart.
    pub(super) checked: Array2<f64>,
}

impl Averages {
    /// How many neurons fit the memory at once.
    pub(super) fn most_neurons(config: &LinearNonlinearConfig, size: SessionSize) -> usize {
        let per_neuron = 2 * size_of::<f64>() * config.n_lags * size.n_pixels();
        (config.memory_bytes / per_neuron.max(1)).max(1)
    }

    pub(super) fn new(
        config: &LinearNonlinearConfig,
        size: SessionSize,
        block: Range<usize>,
    ) -> Self {
        let sums = || Sums {
            n: 0.0,
            responses: vec![0.0; block.len()],
            products: Array3::zeros((config.n_lags, block.len() + 1, size.n_pixels())),
        };
        Self { n_seen: 0, fitted: sums(), checked: sums(), block }
    }

    /// See a stretch whose shape has been checked.
    pub(super) fn add(&mut self, stretch: &Stretch<'_>) {
        self.n_seen += 1;
        let part = match self.n_seen % STRETCHES_PER_CHECK {
            0 => &mut self.checked,
            _ => &mut self.fitted,
        };
        let responses = stretch.responses.slice(s![.., self.block.clone()]);
        part.add(stretch, responses);
    }

    /// Frames with a response that were seen.
    pub(super) fn n_frames(&self) -> usize {
        (self.fitted.n + self.checked.n) as usize
    }

    pub(super) fn n_neurons(&self) -> usize {
        self.block.len()
    }

    /// Mean of each pixel of the stimulus over both parts.
    pub(super) fn mean_stimulus(&self) -> Vec<f64> {
        let n = (self.fitted.n + self.checked.n).max(1.0);
        let last = self.block.len();
        let sums = |part: &Sums| part.products.slice(s![0, last, ..]).to_owned();
        ((sums(&self.fitted) + sums(&self.checked)) / n).to_vec()
    }

    /// The averages of one neuron of the block.
    pub(super) fn of(&self, neuron: usize) -> Triggered {
        let fitted = self.fitted.covariance(&[&self.fitted], neuron);
        // Too few stretches to keep one apart: choose on what there is.
        let checked = if self.checked.n > 0.0 { &self.checked } else { &self.fitted };
        let checked = checked.covariance(&[checked], neuron);
        let all = self.fitted.covariance(&[&self.fitted, &self.checked], neuron);
        Triggered { all, fitted, checked }
    }
}

impl Sums {
    fn add(&mut self, stretch: &Stretch<'_>, responses: ArrayView2<'_, f32>) {
        let (n_scored, n_context) = (responses.nrows(), stretch.n_context());
        self.n += n_scored as f64;
        for (sum, column) in self.responses.iter_mut().zip(responses.columns()) {
            *sum += column.iter().map(|&value| f64::from(value)).sum::<f64>();
        }
        let ones = Array2::ones((n_scored, 1));
        let weights = concatenate![Axis(1), responses, ones];
        let (n_frames, height, width) = stretch.stimulus.dim();
        let frames = stretch.stimulus.as_standard_layout();
        let Ok(frames) = frames.view().into_shape_with_order((n_frames, height * width)) else {
            return;
        };
        let lags: Vec<_> = self.products.outer_iter_mut().enumerate().collect();
        lags.into_par_iter().for_each(|(lag, mut sums)| {
            let first = n_context - lag;
            let products = weights.t().dot(&frames.slice(s![first..first + n_scored, ..]));
            sums.zip_mut_with(&products, |sum, &product| *sum += f64::from(product));
        });
    }

    /// Covariance over the given parts together.
    fn covariance(&self, parts: &[&Sums], neuron: usize) -> Array2<f64> {
        let n = parts.iter().map(|part| part.n).sum::<f64>().max(1.0);
        let mean = parts.iter().map(|part| part.responses[neuron]).sum::<f64>() / n;
        let (n_lags, n_rows, n_pixels) = self.products.dim();
        let mut covariance = Array2::zeros((n_lags, n_pixels));
        for part in parts {
            covariance += &part.products.slice(s![.., neuron, ..]);
            covariance.scaled_add(-mean, &part.products.slice(s![.., n_rows - 1, ..]));
        }
        covariance / n
    }
}
