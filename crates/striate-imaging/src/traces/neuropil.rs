//! What lies around a cell and leaks into it.

use serde::{Deserialize, Serialize};

use crate::noise::band;
use crate::{Footprint, ImagingError};

/// Settings of the annuli around cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnnulusConfig {
    /// Pixels around a cell that are left out, `[0, 100]`.
    pub inner_radius: usize,
    /// Pixels that an annulus has at least where the image has them, `[1, inf)`.
    pub n_pixels: usize,
}

impl Default for AnnulusConfig {
    /// suite2p's: inner radius 2, 350 pixels.
    fn default() -> Self {
        Self { inner_radius: 2, n_pixels: 350 }
    }
}

/// The annulus around each footprint: rings of distance (chessboard) above the inner radius, added
/// until they have enough pixels; no pixel of any footprint belongs to it. Empty where the image
/// has no free pixel.
///
/// ```
/// use striate_imaging::{Footprint, traces::{AnnulusConfig, annuli}};
///
/// let cells = [Footprint::of_mask(vec![5 * 11 + 5])];
/// let config = AnnulusConfig { inner_radius: 1, n_pixels: 10 };
/// // Ring at distance 2: 16 pixels.
/// assert_eq!(annuli(&cells, 11, 11, config)?[0].pixels.len(), 16);
/// # Ok::<(), striate_imaging::ImagingError>(())
/// ```
///
/// # Errors
/// [`ImagingError`] for a setting out of its range or a footprint outside of the image.
pub fn annuli(
    footprints: &[Footprint],
    height: usize,
    width: usize,
    config: AnnulusConfig,
) -> Result<Vec<Footprint>, ImagingError> {
    if config.inner_radius > 100 {
        return Err(ImagingError::config("inner_radius", config.inner_radius, "0 to 100"));
    }
    if config.n_pixels == 0 {
        return Err(ImagingError::config("n_pixels", 0, "at least 1"));
    }
    let mut taken = vec![false; height * width];
    for (cell, footprint) in footprints.iter().enumerate() {
        for &pixel in &footprint.pixels {
            let Some(out) = taken.get_mut(pixel as usize) else {
                return Err(ImagingError::input(
                    format!("footprint of cell {cell}"),
                    format!("pixel {pixel}"),
                    format!("pixels below {}", height * width),
                ));
            };
            *out = true;
        }
    }
    Ok(footprints.iter().map(|cell| annulus(cell, &taken, height, width, config)).collect())
}

fn annulus(
    cell: &Footprint,
    taken: &[bool],
    height: usize,
    width: usize,
    config: AnnulusConfig,
) -> Footprint {
    let mut reached = vec![false; taken.len()];
    cell.pixels.iter().for_each(|&pixel| reached[pixel as usize] = true);
    let mut front = cell.pixels.clone();
    let mut found = Vec::new();
    let mut distance = 0;
    while found.len() < config.n_pixels && !front.is_empty() {
        distance += 1;
        front = ring(&front, &mut reached, height, width);
        if distance > config.inner_radius {
            found.extend(front.iter().copied().filter(|&pixel| !taken[pixel as usize]));
        }
    }
    Footprint::of_mask(found)
}

/// Neighbours of `front` that were not reached; they are now.
fn ring(front: &[u32], reached: &mut [bool], height: usize, width: usize) -> Vec<u32> {
    let mut next = Vec::new();
    for &pixel in front {
        let (y, x) = (pixel as usize / width, pixel as usize % width);
        for row in y.saturating_sub(1)..(y + 2).min(height) {
            for column in x.saturating_sub(1)..(x + 2).min(width) {
                let neighbour = row * width + column;
                if !std::mem::replace(&mut reached[neighbour], true) {
                    next.push(neighbour as u32);
                }
            }
        }
    }
    next
}

/// `cell - coefficient (neuropil - median(neuropil))`, so that the level of the cell, and with it
/// dF/F, stays. suite2p's coefficient is 0.7. NaN where either is.
///
/// # Panics
/// Where the traces differ in length.
pub fn subtract_neuropil(cell: &[f32], neuropil: &[f32], coefficient: f32) -> Vec<f32> {
    assert_eq!(cell.len(), neuropil.len(), "one neuropil value for each frame");
    let finite: Vec<f64> =
        neuropil.iter().map(|&value| f64::from(value)).filter(|value| value.is_finite()).collect();
    let level = if finite.is_empty() { 0.0 } else { band::median(finite) as f32 };
    cell.iter().zip(neuropil).map(|(f, n)| f - coefficient * (n - level)).collect()
}

/// Slope of the cell on its neuropil by Tukey's bisquare (iterated least squares, 4.685 times the
/// scale of the residuals' median deviation), kept within `[0, 1]`: transients of the cell are
/// outliers and do not count. 0 where the neuropil does not vary.
///
/// ```
/// use striate_imaging::traces::robust_coefficient;
///
/// let neuropil: Vec<f32> = (0..200).map(|t| (t as f32 / 9.0).sin()).collect();
/// let mut cell: Vec<f32> = neuropil.iter().map(|n| 5.0 + 0.6 * n).collect();
/// cell[50..60].fill(20.0);
/// assert!((robust_coefficient(&cell, &neuropil) - 0.6).abs() < 1e-4);
/// ```
///
/// # Panics
/// Where the traces differ in length.
pub fn robust_coefficient(cell: &[f32], neuropil: &[f32]) -> f32 {
    assert_eq!(cell.len(), neuropil.len(), "one neuropil value for each frame");
    let pairs: Vec<[f64; 2]> = neuropil
        .iter()
        .zip(cell)
        .map(|(&x, &y)| [f64::from(x), f64::from(y)])
        .filter(|pair| pair.iter().all(|value| value.is_finite()))
        .collect();
    let mut weights = vec![1.0; pairs.len()];
    let mut slope = 0.0;
    for _ in 0..ITERATIONS {
        let [level, found] = line(&pairs, &weights);
        slope = found;
        let residuals: Vec<f64> =
            pairs.iter().map(|[x, y]| (y - level - slope * x).abs()).collect();
        if residuals.is_empty() {
            return 0.0;
        }
        let width = BISQUARE * 1.4826 * band::median(residuals.clone());
        for (weight, residual) in weights.iter_mut().zip(&residuals) {
            let inside = if width > 0.0 { 1.0 - (residual / width).powi(2) } else { 1.0 };
            *weight = if inside > 0.0 { inside * inside } else { 0.0 };
        }
    }
    slope.clamp(0.0, 1.0) as f32
}

const ITERATIONS: usize = 30;
const BISQUARE: f64 = 4.685;

/// Level and slope of the weighted line.
fn line(pairs: &[[f64; 2]], weights: &[f64]) -> [f64; 2] {
    let sum = |of: &dyn Fn([f64; 2]) -> f64| -> f64 {
        pairs.iter().zip(weights).map(|(&pair, weight)| weight * of(pair)).sum()
    };
    let total = sum(&|_| 1.0);
    let [x_mean, y_mean] = [sum(&|[x, _]| x) / total, sum(&|[_, y]| y) / total];
    let variance = sum(&|[x, _]| (x - x_mean).powi(2));
    let covariance = sum(&|[x, y]| (x - x_mean) * (y - y_mean));
    let slope = if variance > 0.0 { covariance / variance } else { 0.0 };
    [y_mean - slope * x_mean, slope]
}
