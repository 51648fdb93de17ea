//! Total variation of signals and images.

mod line;

use super::search::search;
use super::statistics::variation;
pub use line::total_variation;

/// When the smoothing of an image is good enough.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Accuracy {
    /// Duality gap at most this fraction of half the squared image; at most 10 000 sweeps.
    Gap(f64),
    /// So many sweeps: 1 is what the first code of PMD does, far from the optimum.
    Sweeps(usize),
}

/// A smoothed image and how good it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Smooth {
    /// The image `[y, x]`.
    pub image: Vec<f64>,
    /// Duality gap: the objective is at most this above the optimum, and the squared distance to
    /// the solution at most twice this.
    pub gap: f64,
    /// Sweeps over columns and rows.
    pub sweeps: usize,
}

const MOST_SWEEPS: usize = 10_000;

/// `argmin_x 1/2 |x - image|^2 + lambda TV(x)` for an image `[y, x]` with anisotropic total
/// variation over 4 neighbours.
///
/// Averaged reflections (Douglas and Rachford) between the dual sets of columns and rows, each an
/// exact problem in one dimension (Barbero & Sra, JMLR 19 (2018)). Every sweep yields dual points
/// of columns and rows, `x` is the image less both, and the gap is `lambda TV(x) - <image - x, x>`.
///
/// ```
/// use striate_imaging::penalised::{Accuracy, total_variation_2d};
///
/// // A bright pixel among 3 x 3 loses 4 lambda, its neighbours gain what it loses.
/// let mut image = [0.0; 9];
/// image[4] = 9.0;
/// let smooth = total_variation_2d(&image, 3, 1.0, Accuracy::Gap(1e-12));
/// assert!((smooth.image[4] - 5.0).abs() < 1e-5 && (smooth.image[1] - 0.5).abs() < 1e-5);
/// assert!(smooth.gap < 1e-10);
/// ```
///
/// # Panics
/// Where the image is no whole number of rows.
pub fn total_variation_2d(image: &[f64], width: usize, lambda: f64, accuracy: Accuracy) -> Smooth {
    assert!(width > 0 && image.len().is_multiple_of(width), "a whole number of rows");
    let energy: f64 = image.iter().map(|value| value * value).sum();
    let (most, wanted) = match accuracy {
        Accuracy::Gap(fraction) => (MOST_SWEEPS, 0.5 * fraction * energy),
        Accuracy::Sweeps(sweeps) => (sweeps, f64::NEG_INFINITY),
    };
    let start = 2.0 * crate::noise::mean(image);
    let mut state = vec![start; image.len()];
    for sweep in 0..most {
        let [columns, doubled, rows] = half_sweep(image, &state, width, lambda, true);
        let x: Vec<f64> = rows.iter().zip(&columns).map(|(r, c)| r - c).collect();
        let gap = gap(image, &x, width, lambda);
        if gap <= wanted {
            return Smooth { image: x, gap, sweeps: sweep + 1 };
        }
        for ((value, row), double) in state.iter_mut().zip(&rows).zip(&doubled) {
            *value = 0.5 * (*value + 2.0 * row - double);
        }
    }
    let [columns, _, rows] = half_sweep(image, &state, width, lambda, false);
    let x: Vec<f64> = rows.iter().zip(&columns).map(|(r, c)| r - c).collect();
    Smooth { gap: gap(image, &x, width, lambda), image: x, sweeps: most }
}

/// Projection of the state on the dual set of the columns, that reflected, and its projection on
/// the image less the dual set of the rows. Without reflection the last two start from the first.
fn half_sweep(
    image: &[f64],
    state: &[f64],
    width: usize,
    lambda: f64,
    reflect: bool,
) -> [Vec<f64>; 3] {
    let smooth = down(state, width, lambda);
    let columns: Vec<f64> = state.iter().zip(smooth).map(|(z, prox)| z - prox).collect();
    let doubled: Vec<f64> = if reflect {
        columns.iter().zip(state).map(|(s, t)| 2.0 * s - t).collect()
    } else {
        columns.clone()
    };
    let less: Vec<f64> = image.iter().zip(&doubled).map(|(y, z)| y - z).collect();
    let smooth = across(&less, width, lambda);
    let rows = doubled.iter().zip(smooth).map(|(z, prox)| z + prox).collect();
    [columns, doubled, rows]
}

fn gap(image: &[f64], x: &[f64], width: usize, lambda: f64) -> f64 {
    let product: f64 = image.iter().zip(x).map(|(y, x)| (y - x) * x).sum();
    lambda * variation(x, width) - product
}

/// Each row smoothed.
fn across(image: &[f64], width: usize, lambda: f64) -> Vec<f64> {
    image.chunks_exact(width).flat_map(|row| total_variation(row, lambda)).collect()
}

/// Each column smoothed.
fn down(image: &[f64], width: usize, lambda: f64) -> Vec<f64> {
    let mut out = vec![0.0; image.len()];
    for column in 0..width {
        let values: Vec<f64> = image[column..].iter().step_by(width).copied().collect();
        let smooth = total_variation(&values, lambda);
        out[column..].iter_mut().step_by(width).zip(smooth).for_each(|(out, value)| *out = value);
    }
    out
}

/// The smoothest image at a given distance, and the penalty to start the next search with.
#[derive(Debug, Clone, PartialEq)]
pub struct ConstrainedVariation {
    /// The image `[y, x]` and its gap.
    pub smooth: Smooth,
    /// Its penalty.
    pub lambda: f64,
    /// Whether the distance was reached within the tolerance.
    pub reached: bool,
}

/// Penalty that the first search starts with.
pub(super) const FIRST_PENALTY: f64 = 0.0025;
const TOLERANCE: f64 = 0.05;

/// `argmin_x TV(x)` with `|x - image|^2 <= d variance` for an image of `d` pixels: the penalty is
/// searched from `start` on until the distance is within 5 %. Where the mean of the image is closer
/// than that, it is the solution.
pub fn constrained_total_variation(
    image: &[f64],
    width: usize,
    variance: f64,
    start: f64,
    accuracy: Accuracy,
) -> ConstrainedVariation {
    let target = variance * image.len() as f64;
    let mut smooth = Smooth { image: image.to_vec(), gap: 0.0, sweeps: 0 };
    if target <= 0.0 {
        return ConstrainedVariation { smooth, lambda: start, reached: true };
    }
    let found = search(target, start, TOLERANCE, |lambda| {
        smooth = total_variation_2d(image, width, lambda, accuracy);
        smooth.image.iter().zip(image).map(|(x, y)| (x - y).powi(2)).sum()
    });
    ConstrainedVariation { smooth, lambda: found.lambda, reached: found.reached }
}
