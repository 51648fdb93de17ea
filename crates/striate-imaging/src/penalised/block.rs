//! All components of a block.

use ndarray::{Array2, ArrayView1, ArrayView2};

use super::rank_one::{RankOne, Residual, rank_one};
use super::{PenalisedSettings, Thresholds};
use crate::ImagingError;

/// Components of a block: `images . traces` is the block without noise.
#[derive(Debug, Clone, PartialEq)]
pub struct PenalisedBlock {
    /// Smoothed images of norm 1, `[pixel, component]`. They need not be orthogonal.
    pub images: Array2<f64>,
    /// Traces, `[component, frame]`.
    pub traces: Array2<f64>,
    /// What the traces take of the factor: `traces = weights' . factor`, `[k, component]`.
    pub weights: Array2<f64>,
    /// Components tried and given up.
    pub n_rejected: usize,
}

/// Energy of a component, as a fraction of the block's, that is none.
const ROUNDING: f64 = 1e-20;

/// The block `basis . factor` less the components so far.
struct Deflated<'a> {
    basis: ArrayView2<'a, f64>,
    factor: ArrayView2<'a, f64>,
    components: Vec<Component>,
}

struct Component {
    found: RankOne,
    /// Its trace is `factor' weights`.
    weights: Vec<f64>,
}

impl Deflated<'_> {
    /// `w` for which `factor' w` is the trace of the residual along `image`: products with what was
    /// subtracted need no frames.
    fn weights(&self, image: &[f64]) -> Vec<f64> {
        let mut weights = self.basis.t().dot(&ArrayView1::from(image)).to_vec();
        for Component { found, weights: others } in &self.components {
            subtract(&mut weights, dot(&found.image, image), others);
        }
        weights
    }
}

impl Residual for Deflated<'_> {
    fn n_pixels(&self) -> usize {
        self.basis.nrows()
    }

    fn image(&self, trace: &[f64]) -> Vec<f64> {
        let along = self.factor.dot(&ArrayView1::from(trace)).to_vec();
        let mut image = self.basis.dot(&ArrayView1::from(&along)).to_vec();
        for Component { found, weights } in &self.components {
            subtract(&mut image, dot(weights, &along), &found.image);
        }
        image
    }

    fn trace(&self, image: &[f64]) -> Vec<f64> {
        self.factor.t().dot(&ArrayView1::from(&self.weights(image))).to_vec()
    }
}

/// Decompose a block of `height` by `width` pixels, each divided by its noise, that is
/// `basis . factor`: `basis` `[pixel, k]` with orthonormal columns, as of a singular value
/// decomposition, and `factor` `[k, frame]`. The full block has the identity as its basis. A
/// product with the block costs `k (d + T)` and not `d T`.
///
/// Components are found one by one and subtracted, accepted or not, until
/// `settings.consecutive_failures` in a row are rougher than `thresholds` allow. The roughness has no
/// unit: in a block without noise what smoothing leaves of a component becomes the next one.
///
/// ```
/// use ndarray::Array2;
/// use striate_imaging::penalised::{PenalisedSettings, Thresholds, decompose_block};
///
/// // A bright half that follows a slow wave, without noise.
/// let basis = Array2::from_shape_fn((64, 1), |(p, _)| if p % 8 < 4 { 1.0 / 32f64.sqrt() } else { 0.0 });
/// let factor = Array2::from_shape_fn((1, 300), |(_, t)| (t as f64 / 20.0).sin());
/// let thresholds = Thresholds { spatial: 1.1, temporal: 1.7 };
/// let block = decompose_block(basis.view(), factor.view(), [8, 8], thresholds, &PenalisedSettings::default())?;
/// assert!(block.traces.nrows() >= 1);
/// let rest = &block.images.dot(&block.traces) - &basis.dot(&factor);
/// assert!(rest.iter().all(|difference| difference.abs() < 1e-6));
/// # Ok::<(), striate_imaging::ImagingError>(())
/// ```
///
/// # Errors
/// [`ImagingError`] for a setting out of its range, shapes that do not fit, values that are not
/// finite, less than 2 pixels a side, or fewer than 4 frames.
pub fn decompose_block(
    basis: ArrayView2<f64>,
    factor: ArrayView2<f64>,
    [height, width]: [usize; 2],
    thresholds: Thresholds,
    settings: &PenalisedSettings,
) -> Result<PenalisedBlock, ImagingError> {
    settings.check()?;
    check(basis, factor, height, width)?;
    let mut residual = Deflated { basis, factor, components: Vec::new() };
    let energy: f64 = factor.iter().map(|value| value * value).sum();
    let mut failures = 0;
    let mut n_accepted = 0;
    while failures < settings.consecutive_failures && n_accepted < settings.max_components {
        let found = rank_one(&residual, width, thresholds, settings);
        // Nothing is left, not even noise.
        if dot(&found.trace, &found.trace) <= ROUNDING * energy {
            break;
        }
        if found.accepted {
            (failures, n_accepted) = (0, n_accepted + 1);
        } else {
            failures += 1;
        }
        let weights = residual.weights(&found.image);
        residual.components.push(Component { found, weights });
    }
    Ok(collected(&residual.components, basis.dim(), factor.ncols()))
}

fn check(
    basis: ArrayView2<f64>,
    factor: ArrayView2<f64>,
    height: usize,
    width: usize,
) -> Result<(), ImagingError> {
    let (n_pixels, rank) = basis.dim();
    if n_pixels != height * width || height < 2 || width < 2 {
        let expected = format!("{height} x {width} pixels, at least 2 x 2");
        return Err(ImagingError::input("basis of a block", n_pixels, expected));
    }
    if factor.nrows() != rank || factor.ncols() < 4 {
        let found = format!("{:?}", factor.dim());
        let expected = format!("[{rank}, at least 4 frames]");
        return Err(ImagingError::input("factor of a block", found, expected));
    }
    if basis.iter().chain(factor).any(|value| !value.is_finite()) {
        return Err(ImagingError::input("block", "a value that is not finite", "finite values"));
    }
    Ok(())
}

fn collected(
    components: &[Component],
    (n_pixels, k): (usize, usize),
    n_frames: usize,
) -> PenalisedBlock {
    let accepted: Vec<&Component> = components.iter().filter(|one| one.found.accepted).collect();
    let mut images = Array2::zeros((n_pixels, accepted.len()));
    let mut traces = Array2::zeros((accepted.len(), n_frames));
    let mut weights = Array2::zeros((k, accepted.len()));
    for (number, component) in accepted.iter().enumerate() {
        images.column_mut(number).assign(&ArrayView1::from(&component.found.image));
        traces.row_mut(number).assign(&ArrayView1::from(&component.found.trace));
        weights.column_mut(number).assign(&ArrayView1::from(&component.weights));
    }
    let n_rejected = components.len() - accepted.len();
    PenalisedBlock { images, traces, weights, n_rejected }
}

fn subtract(values: &mut [f64], factor: f64, direction: &[f64]) {
    values.iter_mut().zip(direction).for_each(|(value, part)| *value -= factor * part);
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
