//! Differentiable operations over the kernels of `striate-kernels`: a reverse-mode tape, and one
//! file per operation.
//!
//! A [`Tape`] records what is computed. A [`Var`] is a [`Tensor`] on the tape; an operation takes
//! the tape and its arguments and gives a new `Var`. [`Tape::backward`] walks the tape from its end
//! and leaves the gradients of the leaves. Activations live as long as somebody needs them: the
//! holder of the `Var`, or a recorded operation whose gradient depends on them, which gives them up
//! as soon as that gradient is known. Their memory comes from a [`Pool`] and returns to it, so that
//! a training step after the first asks the operating system for nothing.
//!
//! Layout is channels-last throughout, as `[clip, frame, height, width, channel]`.
//!
//! ```
//! use striate_ops::{Pool, Seed, Tape, l1};
//!
//! let mut tape = Tape::recording(&Pool::new());
//! let weights = tape.leaf(vec![3], &[1.0, -2.0, 0.5])?;
//! let penalty = l1(&mut tape, &weights);
//! assert_eq!(penalty.scalar(), 3.5);
//! let mut gradients = tape.backward(vec![Seed::scaled(&penalty, 10.0)]);
//! assert_eq!(*gradients.take(&weights).unwrap(), [10.0, -10.0, 10.0]);
//! # Ok::<(), striate_ops::OpError>(())
//! ```

mod affine;
mod append_channels;
mod batch_norm_elu;
mod bilinear_readout;
mod channel_sums;
mod convolution;
mod depthwise_convolution;
mod elementwise;
mod error;
mod expand;
mod gaussian;
mod gaussian_kl;
mod gru;
mod l1;
mod laplace_ratio;
mod last_frames;
mod layer_norm;
mod mixed_readout;
mod monte_carlo;
mod poisson;
mod pool;
mod precision;
mod shape;
mod spatial_convolution;
mod tape;
mod temporal_convolution;
mod tensor;
#[cfg(test)]
mod testing;
mod transpose;
mod zero_inflated_gamma;

pub use affine::affine;
pub use append_channels::append_constant_channels;
pub use batch_norm_elu::{BatchStatistics, Normalisation, batch_norm_elu, frozen_norm_elu};
pub use bilinear_readout::{Positions, Sampling, bilinear_readout};
pub use depthwise_convolution::depthwise_convolution;
pub use elementwise::{add, elu, scale, sigmoid, sum, tanh};
pub use error::OpError;
pub use expand::expand;
pub use gaussian::gaussian_loss;
pub use gaussian_kl::{KlDirection, LatentPrior, gaussian_kl};
pub use gru::{GruWeights, gru};
pub use l1::l1;
pub use laplace_ratio::{laplace_ratio_spatial, laplace_ratio_temporal};
pub use last_frames::last_frames;
pub use layer_norm::layer_norm;
pub use mixed_readout::{MixedOutput, Mixing, mixed_readout};
pub use monte_carlo::{MonteCarlo, MonteCarloLaw, Noise, Objective, Posterior, row_key};
pub use poisson::{elu_plus_one, poisson_loss};
pub use pool::{Buffer, Pool};
pub use precision::Precision;
pub use spatial_convolution::{ConvolutionOptions, spatial_convolution};
pub use striate_kernels::Activation;
pub use striate_kernels::zero_inflated_gamma::Convention;
pub use tape::{Flow, LeafGradients, Seed, Tape, Var};
pub use temporal_convolution::temporal_convolution;
pub use tensor::Tensor;
pub use transpose::transpose;
pub use zero_inflated_gamma::{ZeroInflatedGamma, ZeroInflatedHeads};
