//! The hot loops of Striate with their gradients: plain slices in, plain slices out.
//!
//! Arrays are `f32`, row-major and channels-last: `[clip, frame, height, width, channel]`. Every
//! function overwrites its results; what was in those slices before does not matter. Slices of the
//! wrong length panic, as an index out of bounds would. NaN in an input makes every result that
//! depends on it NaN; a convolution in tiles may make other results of the same tiles NaN too, also
//! for infinities and for inputs near the largest number.
//!
//! - [`SpatialConvolution`], [`TemporalConvolution`], [`DepthwiseConvolution`]: convolution without a
//!   matrix of patches; of dense layers in tiles with fewer multiplications where that is less work.
//!   [`Bf16`] makes products of bf16 numbers.
//! - [`Affine`]: fully connected layers.
//! - [`normalisation`]: batch statistics, normalisation and ELU.
//! - [`readout`]: feature maps read at the neurons' positions.
//! - [`pointwise`]: rates and their Poisson likelihood.
//! - [`gaussian`]: Gaussian likelihood of two outputs per neuron.
//! - [`zero_inflated_gamma`]: zero-inflated gamma likelihood of two outputs per neuron.
//! - [`monte_carlo`]: Poisson, zero-inflated gamma and Gaussian likelihood of neurons that share latents.
//! - [`noise`]: standard normal numbers.
//! - [`matrix`]: products of small matrices.
//! - [`optimiser`]: Adam and `AdamW`.
//!
//! # Instructions
//! The vector instructions are chosen when the program runs: AVX-512, AVX2 with FMA, NEON, or whatever
//! the compiler makes of portable code. The environment variable `STRIATE_SIMD` (`portable`, `avx2`,
//! `avx512` or `neon`), read once, asks for a lower level than the processor has. [`simd_level`] tells
//! which is in use.
//!
//! # Threads and bits
//! Work is spread over the current rayon pool. Sums are split into parts that depend on the shapes
//! alone and are added in order, so any number of threads gives the same bits. Another instruction
//! level may round differently.
//!
//! ```
//! use striate_kernels::TemporalConvolution;
//!
//! // Differences of neighbouring frames: one clip of 4 frames, one pixel, one channel.
//! let difference = TemporalConvolution {
//!     n_clips: 1,
//!     n_frames: 4,
//!     n_pixels: 1,
//!     in_channels: 1,
//!     out_channels: 1,
//!     kernel: 2,
//! };
//! let mut output = [0.0; 3];
//! difference.forward(&[1.0, 2.0, 4.0, 8.0], &[-1.0, 1.0], None, &mut output);
//! assert_eq!(output, [1.0, 2.0, 4.0]);
//! ```

mod affine;
mod bf16;
mod check;
mod columns;
mod depthwise_convolution;
pub mod gaussian;
mod images;
mod ln;
pub mod matrix;
pub mod monte_carlo;
mod near;
pub mod noise;
pub mod normalisation;
pub mod optimiser;
mod pairs;
mod partition;
pub mod pointwise;
mod product;
pub mod readout;
mod scratch;
mod simd;
mod spatial_convolution;
mod temporal_convolution;
#[cfg(test)]
mod testing;
mod winograd;
pub mod zero_inflated_gamma;

pub use affine::Affine;
pub use bf16::Bf16;
pub use depthwise_convolution::DepthwiseConvolution;
pub use normalisation::Activation;
pub use simd::simd_level;
pub use spatial_convolution::SpatialConvolution;
pub use temporal_convolution::TemporalConvolution;
