//! The baseline for images: ridge regression from a log-energy Gabor pyramid and pixel blocks.

#[cfg(test)]
mod tests;

use ndarray::{Array1, Array2, ArrayView2, ArrayView3, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::gabor_pyramid::{Features, GaborPyramid};
use super::{BaselineError, GaborPyramidConfig, SessionSize, Stretch, Visit, ridge};

/// Added to each energy before the logarithm, relative to the mean energy of its level and
/// orientation: what is fainter than this counts as nothing.
const LOG_FLOOR: f64 = 0.01;

/// Settings of [`GaborRidge`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GaborRidgeConfig {
    /// The features.
    pub pyramid: GaborPyramidConfig,
}

/// Ridge regression from images to the responses of a session's neurons.
///
/// Features are the logarithms of the energies of complex Gabors of several wavelengths and
/// orientations, averaged over a coarse grid, and the mean brightness of each block of the grid, all
/// standardised. Each neuron's ridge is chosen by leave-one-out cross-validation within
/// the data it is fitted on. Energies of quadrature pairs are the classical model of complex cells
/// (Adelson & Bergen 1985, "Spatiotemporal energy models for the perception of motion", eq. 4); a
/// regression from a Gabor pyramid follows Kay et al. 2008, "Identifying natural images from human
/// brain activity".
///
/// # Differences from the paper
///
/// Logarithms of energies averaged over a grid instead of square roots of energies at every place;
/// ridge instead of early stopping; brightness blocks are added.
///
/// # Memory
/// The features of all training images (some 1000 numbers each) in f64, and all responses in f32.
#[derive(Debug, Clone, PartialEq)]
pub struct GaborRidge {
    config: GaborRidgeConfig,
    height: usize,
    width: usize,
    scaling: Scaling,
    /// Shape `[feature, neuron]`.
    weights: Array2<f32>,
    /// Shape `[neuron]`.
    intercepts: Array1<f32>,
    /// Shape `[neuron]`.
    unexplained: Array1<f64>,
}

/// What the training images say about the features.
#[derive(Debug, Clone, PartialEq)]
struct Scaling {
    /// Added to the energies of each level and orientation.
    floors: Vec<f64>,
    /// Mean of each feature.
    means: Array1<f64>,
    /// Standard deviation of each feature, 1 where it is constant.
    deviations: Array1<f64>,
}

impl GaborRidge {
    /// Fit all neurons of a session.
    ///
    /// `stream` shows the training set once to the function it is given, in stretches of images.
    /// Images shown several times should come once, with their mean response: the cross-validation
    /// takes samples as independent.
    ///
    /// # Errors
    /// Settings out of range, shapes that do not fit, values that are not finite, fewer than three
    /// images, and whatever `stream` fails with.
    pub fn fit<E: From<BaselineError>>(
        config: &GaborRidgeConfig,
        size: SessionSize,
        mut stream: impl FnMut(&mut Visit<'_>) -> Result<(), E>,
    ) -> Result<Self, E> {
        config.pyramid.check()?;
        let pyramid = GaborPyramid::new(&config.pyramid);
        let mut features = Vec::new();
        let mut responses = Vec::new();
        stream(&mut |stretch: Stretch<'_>| {
            stretch.check(size, 0)?;
            let mut images = stretch.stimulus;
            images.slice_axis_inplace(Axis(0), (stretch.n_context()..).into());
            features.extend(all_features(&pyramid, images));
            responses.extend(stretch.responses.iter().copied());
            Ok(())
        })?;
        if features.len() < 3 {
            let found = features.len();
            return Err(BaselineError::TooFew { what: "images", found, expected: 3 }.into());
        }
        let scaling = Scaling::of(&features);
        let outputs = rows(&responses, features.len(), size.n_neurons);
        let map = ridge::fit(scaling.apply(&features).view(), outputs)?;
        Ok(Self {
            config: config.clone(),
            height: size.height,
            width: size.width,
            scaling,
            weights: map.weights.mapv(|weight| weight as f32),
            intercepts: map.intercepts.mapv(|value| value as f32),
            unexplained: map.unexplained,
        })
    }

    /// Neurons of the session.
    pub fn n_neurons(&self) -> usize {
        self.intercepts.len()
    }

    /// Predict the responses to images `[image, height, width]`, as `[image, neuron]`.
    ///
    /// # Errors
    /// Images of another size.
    pub fn predict(&self, images: ArrayView3<'_, f32>) -> Result<Array2<f32>, BaselineError> {
        let (n_images, height, width) = images.dim();
        if (height, width) != (self.height, self.width) {
            return Err(BaselineError::Shape {
                found: format!("images [{n_images}, {height}, {width}]"),
                expected: format!("[image, {}, {}]", self.height, self.width),
            });
        }
        if n_images == 0 {
            return Ok(Array2::zeros((0, self.n_neurons())));
        }
        let pyramid = GaborPyramid::new(&self.config.pyramid);
        let inputs = self.scaling.apply(&all_features(&pyramid, images));
        Ok(inputs.mapv(|value| value as f32).dot(&self.weights) + &self.intercepts)
    }

    /// Share of each neuron's variance that its leave-one-out predictions leave unexplained, within
    /// the training set; NaN for a neuron that never changed.
    pub fn unexplained(&self) -> &Array1<f64> {
        &self.unexplained
    }
}

fn rows(values: &[f32], n_images: usize, n_neurons: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((n_images, n_neurons), values)
        .expect("every stretch was checked to hold one row of responses per image")
}

fn all_features(pyramid: &GaborPyramid, images: ArrayView3<'_, f32>) -> Vec<Features> {
    let images: Vec<ArrayView2<'_, f32>> = images.outer_iter().collect();
    images.into_par_iter().map(|image| pyramid.features(image)).collect()
}

impl Scaling {
    fn of(features: &[Features]) -> Self {
        let n = features.len() as f64;
        let n_groups = features.first().map_or(0, |image| image.energies.len());
        let mean_energy = |group: usize| {
            let mean = |image: &Features| {
                let energies = &image.energies[group];
                energies.iter().sum::<f64>() / energies.len().max(1) as f64
            };
            features.iter().map(mean).sum::<f64>() / n
        };
        let floor = |group| (LOG_FLOOR * mean_energy(group)).max(f64::MIN_POSITIVE);
        let floors = (0..n_groups).map(floor).collect();
        let mut scaling = Self { floors, means: Array1::zeros(0), deviations: Array1::zeros(0) };
        let raw = scaling.raw(features);
        scaling.means = raw.mean_axis(Axis(0)).unwrap_or_default();
        let usable = |sd: f64| if sd > 1e-9 { sd } else { 1.0 };
        scaling.deviations = raw.std_axis(Axis(0), 0.0).mapv(usable);
        scaling
    }

    /// Shape `[image, feature]`: log energies and blocks.
    fn raw(&self, features: &[Features]) -> Array2<f64> {
        let values = |image: &Features| {
            let groups = image.energies.iter().zip(&self.floors);
            let logs =
                groups.flat_map(|(group, floor)| group.iter().map(move |e| (e + floor).ln()));
            logs.chain(image.blocks.iter().copied()).collect::<Vec<_>>()
        };
        let rows: Vec<f64> = features.iter().flat_map(values).collect();
        let n_features = rows.len() / features.len().max(1);
        Array2::from_shape_vec((features.len(), n_features), rows)
            .expect("images of one size have the same features")
    }

    /// Shape `[image, feature]`, standardised.
    fn apply(&self, features: &[Features]) -> Array2<f64> {
        (self.raw(features) - &self.means) / &self.deviations
    }
}
