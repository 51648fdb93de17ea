//! Normalisation of channels, with ELU or nothing after it.
//!
//! Batch normalisation is `y = f(gamma (x - mean) / sqrt(variance + epsilon) + beta)` per channel
//! (Ioffe & Szegedy 2015, "Batch normalization", algorithm 1). Here statistics and affine map are one
//! `scale` and one `shift` per channel, `y = f(scale x + shift)`, and gradients compute the slope of
//! `f` again from `x`, so that `x` is all that must be kept. `f` is ELU with alpha 1 (Clevert et al.
//! 2016, "Fast and accurate deep network learning by exponential linear units", equation 15),
//! relative error below 3e-7, or the identity.
//!
//! Sums run over blocks of 64 rows in `f32` and from there in `f64`.
//!
//! ```
//! use striate_kernels::normalisation::{
//!     NormBackward, batch_norm_elu_backward, batch_statistics, scale_shift_elu,
//! };
//! use striate_kernels::Activation;
//!
//! // Three values of one channel.
//! let values = [1.0, 2.0, 3.0];
//! let (mean, variance) = batch_statistics(&values, 1);
//! assert_eq!(mean[0], 2.0);
//! assert!((variance[0] - 2.0 / 3.0).abs() < 1e-12);
//!
//! let inverse_deviation = [1.0 / variance[0].sqrt()];
//! let scale = [inverse_deviation[0] as f32];
//! let shift = [(-mean[0] * inverse_deviation[0]) as f32];
//! let mut output = [0.0; 3];
//! scale_shift_elu(&values, &scale, &shift, &mut output, Activation::Identity);
//! assert!((output[2] - 1.5f32.sqrt()).abs() < 1e-6);
//!
//! let forward = NormBackward {
//!     values: &values,
//!     scale: &scale,
//!     shift: &shift,
//!     mean: &mean,
//!     inverse_deviation: &inverse_deviation,
//!     activation: Activation::Identity,
//! };
//! // What is the same for all values of a channel changes nothing after normalisation.
//! let mut gradient = [4.0; 3];
//! let (of_scale, of_shift) = batch_norm_elu_backward(&forward, &mut gradient);
//! assert!(gradient.iter().all(|g| g.abs() < 1e-5));
//! assert!(of_scale[0].abs() < 1e-5 && of_shift[0] == 12.0);
//! ```

mod rows;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::check::check_length;
use crate::partition::sum_chunks;
use crate::simd::Level;
use rows::{Gradients, Maps, Moments, Slopes};

/// Values per task, and per part of a sum.
const CHUNK: usize = 1 << 16;

/// What is applied after normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x` above 0, `exp(x) - 1` below.
    Elu,
    /// Nothing.
    Identity,
}

/// Whole rows of `n_channels` values, about [`CHUNK`] of them.
fn chunk(n_channels: usize) -> usize {
    (CHUNK / n_channels.max(1)).max(1) * n_channels.max(1)
}

/// Mean and variance (divided by the number of values) of each channel; 0 where there is no value.
///
/// # Shapes
/// `values` `[.., channel]`; results `[channel]`.
///
/// # Panics
/// Where the length of `values` is no multiple of `n_channels`.
pub fn batch_statistics(values: &[f32], n_channels: usize) -> (Vec<f64>, Vec<f64>) {
    let n_rows = values.len() / n_channels.max(1);
    check_length("values", values.len(), &[n_rows, n_channels]);
    if n_rows == 0 {
        return (vec![0.0; n_channels], vec![0.0; n_channels]);
    }
    let level = Level::active();
    // Moments around a value of each channel: a mean far from 0 costs no digits of the variance.
    let centre = &values[..n_channels];
    let chunks: Vec<&[f32]> = values.chunks(chunk(n_channels)).collect();
    let [sums, squares] = sum_chunks(chunks.len(), n_channels, |index| {
        level.run(Moments { values: chunks[index], centre })
    });
    let offsets = sums.iter().map(|sum| sum / n_rows as f64);
    let variance = squares.iter().zip(offsets.clone());
    let variance = variance.map(|(square, d)| (square / n_rows as f64 - d * d).max(0.0)).collect();
    let mean = offsets.zip(centre).map(|(offset, &centre)| offset + f64::from(centre)).collect();
    (mean, variance)
}

/// Overwrite `out` with `activation(scale x + shift)` for each `x` of `values`.
///
/// # Shapes
/// `values` and `out` `[.., channel]`, `scale` and `shift` `[channel]`.
///
/// # Panics
/// Where lengths do not fit together.
pub fn scale_shift_elu(
    values: &[f32],
    scale: &[f32],
    shift: &[f32],
    out: &mut [f32],
    activation: Activation,
) {
    let n_channels = scale.len();
    check_length("shift", shift.len(), &[n_channels]);
    check_length("values", values.len(), &[values.len() / n_channels.max(1), n_channels]);
    check_length("output", out.len(), &[values.len()]);
    let level = Level::active();
    let chunk = chunk(n_channels);
    values.par_chunks(chunk).zip(out.par_chunks_mut(chunk)).for_each(|(values, out)| {
        match activation {
            Activation::Elu => level.run(Maps::<true> { values, scale, shift, out }),
            Activation::Identity => level.run(Maps::<false> { values, scale, shift, out }),
        }
    });
}

/// What gradients need to know of the forward pass `y = activation(scale x + shift)`, with `scale =
/// gamma inverse_deviation` and `shift = beta - scale mean`.
#[derive(Debug, Clone, Copy)]
pub struct NormBackward<'a> {
    /// `x` `[.., channel]`
    pub values: &'a [f32],
    /// `[channel]`
    pub scale: &'a [f32],
    /// `[channel]`
    pub shift: &'a [f32],
    /// `[channel]`
    pub mean: &'a [f64],
    /// `1 / sqrt(variance + epsilon)` `[channel]`
    pub inverse_deviation: &'a [f64],
    /// What was applied.
    pub activation: Activation,
}

/// Overwrite the gradient of the result with that of the input, for statistics of the batch itself
/// (Ioffe & Szegedy 2015, section 3); give the gradients of `gamma` and `beta` `[channel]`.
///
/// # Panics
/// Where lengths do not fit together.
pub fn batch_norm_elu_backward(
    forward: &NormBackward<'_>,
    gradient: &mut [f32],
) -> (Vec<f64>, Vec<f64>) {
    let (of_scale, of_shift) = forward.sums(gradient);
    let n_rows = (gradient.len() / forward.scale.len().max(1)) as f64;
    let per_row = |sums: &[f64], channel: usize| {
        -f64::from(forward.scale[channel]) * sums[channel] / n_rows.max(1.0)
    };
    let n_channels = forward.scale.len();
    let slope = |c: usize| (per_row(&of_scale, c) * forward.inverse_deviation[c]) as f32;
    let slope: Vec<f32> = (0..n_channels).map(slope).collect();
    let offset: Vec<f32> = (0..n_channels).map(|c| per_row(&of_shift, c) as f32).collect();
    forward.write(gradient, &slope, &offset);
    (of_scale, of_shift)
}

/// Overwrite the gradient of the result with that of the input, for given statistics; give the
/// gradients of `gamma` and `beta` `[channel]`.
///
/// # Panics
/// Where lengths do not fit together.
///
/// ```
/// use striate_kernels::Activation;
/// use striate_kernels::normalisation::{NormBackward, frozen_norm_elu_backward};
///
/// let forward = NormBackward {
///     values: &[1.0, 5.0],
///     scale: &[2.0],
///     shift: &[-2.0],
///     mean: &[1.0],
///     inverse_deviation: &[0.5],
///     activation: Activation::Identity,
/// };
/// let mut gradient = [1.0, 3.0];
/// let (of_scale, of_shift) = frozen_norm_elu_backward(&forward, &mut gradient);
/// assert_eq!(gradient, [2.0, 6.0]);
/// assert_eq!((of_scale[0], of_shift[0]), (3.0 * (5.0 - 1.0) * 0.5, 4.0));
/// ```
pub fn frozen_norm_elu_backward(
    forward: &NormBackward<'_>,
    gradient: &mut [f32],
) -> (Vec<f64>, Vec<f64>) {
    let sums = forward.sums(gradient);
    let zeros = vec![0.0; forward.scale.len()];
    forward.write(gradient, &zeros, &zeros);
    sums
}

impl NormBackward<'_> {
    fn check(&self, gradient: &[f32]) {
        let n_channels = self.scale.len();
        check_length("shift", self.shift.len(), &[n_channels]);
        check_length("mean", self.mean.len(), &[n_channels]);
        check_length("inverse deviation", self.inverse_deviation.len(), &[n_channels]);
        let n_rows = self.values.len() / n_channels.max(1);
        check_length("values", self.values.len(), &[n_rows, n_channels]);
        check_length("gradient", gradient.len(), &[self.values.len()]);
    }

    /// The gradients of `gamma` and `beta`.
    fn sums(&self, gradient: &[f32]) -> (Vec<f64>, Vec<f64>) {
        self.check(gradient);
        let level = Level::active();
        let n_channels = self.scale.len();
        let chunk = chunk(n_channels);
        let chunks: Vec<_> = self.values.chunks(chunk).zip(gradient.chunks(chunk)).collect();
        let narrow = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<f32>>();
        let (mean, deviation) = (narrow(self.mean), narrow(self.inverse_deviation));
        let [sums, products] = sum_chunks(chunks.len(), n_channels, |index| {
            let (values, gradient) = chunks[index];
            let slopes = Slopes { values, gradient, scale: self.scale, shift: self.shift };
            let (mean, inverse) = (&mean[..], &deviation[..]);
            match self.activation {
                Activation::Elu => level.run(Gradients::<true> { slopes, mean, inverse }),
                Activation::Identity => level.run(Gradients::<false> { slopes, mean, inverse }),
            }
        });
        (products, sums)
    }

    /// Overwrite `gradient` with `scale gradient f' + slope (x - mean) + offset`.
    fn write(&self, gradient: &mut [f32], slope: &[f32], offset: &[f32]) {
        let level = Level::active();
        let mean: Vec<f32> = self.mean.iter().map(|&mean| mean as f32).collect();
        let chunk = chunk(self.scale.len());
        let chunks = self.values.par_chunks(chunk).zip(gradient.par_chunks_mut(chunk));
        chunks.for_each(|(values, gradient)| {
            let maps = rows::InputGradients {
                forward: self,
                values,
                gradient,
                mean: &mean,
                slope,
                offset,
            };
            match self.activation {
                Activation::Elu => level.run(rows::WithActivation::<true>(maps)),
                Activation::Identity => level.run(rows::WithActivation::<false>(maps)),
            }
        });
    }
}
