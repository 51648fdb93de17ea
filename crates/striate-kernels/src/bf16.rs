//! Convolution with products of bf16 numbers.

/// A convolution whose products are of numbers rounded to bf16 (8 significant bits) and are added in
/// `f32`. The methods are those of the convolution.
///
/// Processors with AVX512-BF16 compute two such products in the time of one. Others compute the same,
/// slower than in `f32`: this is for them to get the same results, not for speed. What this does not
/// make faster anywhere stays in `f32`: convolutions over time with few channels or taps, those over
/// space that are computed in tiles, and gradients of the input over space.
///
/// The error of a result is about 1 % of its typical size over time, where numbers are rounded at the
/// points of tiles, and 0.2 % over space. Numbers below 1e-38 may count as 0.
///
/// ```
/// use striate_kernels::{Bf16, TemporalConvolution};
///
/// let geometry = TemporalConvolution {
///     n_clips: 1,
///     n_frames: 8,
///     n_pixels: 1,
///     in_channels: 32,
///     out_channels: 32,
///     kernel: 5,
/// };
/// let input: Vec<f32> = (0..8 * 32).map(|i| (i as f32).sin()).collect();
/// let weight: Vec<f32> = (0..5 * 32 * 32).map(|i| (0.7 * i as f32).cos()).collect();
/// let (mut exact, mut output) = ([0.0; 4 * 32], [0.0; 4 * 32]);
/// geometry.forward(&input, &weight, None, &mut exact);
/// Bf16(geometry).forward(&input, &weight, None, &mut output);
/// // Sums of 160 products of numbers of size 0.7.
/// assert_ne!(output, exact);
/// assert!(output.iter().zip(exact).all(|(found, exact)| (found - exact).abs() < 0.5));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bf16<C>(pub C);
