//! Differences of Gaussians, and their fit to a picture.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::starts::blobs;
use super::surface::{FitQuality, Fitted, Picture, PictureFitConfig, Surface};
use crate::error::InsilicoError;

/// Centre x and y, logarithm of the centre's sigma and of the surround's over it; amplitudes of
/// centre and surround, offset.
const N: usize = 7;

/// Ratios of both sigmas tried at the start.
const RATIOS: [f64; 2] = [1.6, 3.0];

/// A centre and a concentric, wider surround of opposite sign, or the standard error of each
/// parameter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DifferenceOfGaussians {
    /// Centre in pixels, x and y (downwards).
    pub centre_px: [f64; 2],
    /// Standard deviation of the centre's Gaussian.
    pub sigma_centre_px: f64,
    /// Standard deviation of the surround's Gaussian, larger.
    pub sigma_surround_px: f64,
    /// Height of the centre's Gaussian, in units of the picture; negative in an OFF field.
    pub amplitude_centre: f64,
    /// Height of the surround's Gaussian, which is subtracted: of the sign of `amplitude_centre` in
    /// an antagonistic surround.
    pub amplitude_surround: f64,
    /// Value far from the centre, in units of the picture.
    pub offset: f64,
}

/// Whether a field is excited by light or by dark in its centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Polarity {
    /// By light.
    On,
    /// By dark.
    Off,
}

/// A difference of Gaussians fitted to a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DifferenceOfGaussiansFit {
    /// The difference of Gaussians.
    pub parameters: DifferenceOfGaussians,
    /// The sign of the surface at its centre.
    pub polarity: Polarity,
    /// The standard error of each parameter, under the same conditions as in
    /// [`super::GaborFit::standard_errors`].
    pub standard_errors: Option<DifferenceOfGaussians>,
    /// Whether the centre or a size is at an end of its range: what is sought lies beyond, or nowhere, and there
    /// are no errors.
    pub is_at_bound: bool,
    /// How good the description is.
    pub quality: FitQuality,
}

impl DifferenceOfGaussians {
    /// The value at pixel `(x, y)`, with `d` its distance from the centre: `offset +
    /// amplitude_centre exp(-d^2 / 2 sigma_centre^2) - amplitude_surround exp(-d^2 / 2 sigma_surround^2)`.
    pub fn value(&self, x: f64, y: f64) -> f64 {
        Concentric::new(&self.parameters()).at(x, y).0
    }

    /// The function on the pixels of a picture: `[height, width]`.
    pub fn picture(&self, height: usize, width: usize) -> Array2<f32> {
        let surface = Concentric::new(&self.parameters());
        Array2::from_shape_fn((height, width), |(y, x)| surface.at(x as f64, y as f64).0 as f32)
    }

    fn parameters(&self) -> [f64; N] {
        [
            self.centre_px[0],
            self.centre_px[1],
            self.sigma_centre_px.ln(),
            (self.sigma_surround_px / self.sigma_centre_px).ln(),
            self.amplitude_centre,
            self.amplitude_surround,
            self.offset,
        ]
    }

    fn from_parameters(parameters: &[f64; N]) -> Self {
        let [x, y, sigma, ratio, amplitude_centre, amplitude_surround, offset] = *parameters;
        Self {
            centre_px: [x, y],
            sigma_centre_px: sigma.exp(),
            sigma_surround_px: (sigma + ratio).exp(),
            amplitude_centre,
            amplitude_surround,
            offset,
        }
    }

    /// Standard errors by the delta method.
    fn errors(&self, covariance: &[[f64; N]; N]) -> Self {
        let error = |k: usize| covariance[k][k].sqrt();
        let of_surround = covariance[2][2] + 2.0 * covariance[2][3] + covariance[3][3];
        Self {
            centre_px: [error(0), error(1)],
            sigma_centre_px: self.sigma_centre_px * error(2),
            sigma_surround_px: self.sigma_surround_px * of_surround.max(0.0).sqrt(),
            amplitude_centre: error(4),
            amplitude_surround: error(5),
            offset: error(6),
        }
    }
}

/// Fit a difference of Gaussians to a picture by least squares, from the places and sizes of most
/// contrast energy. The form is Rodieck's (Vision Research 5:583, 1965) and Enroth-Cugell and
/// Robson's (J. Physiol. 187:517, 1966, equation 1), with heights for volumes and an offset.
///
/// Ranges: centre within the picture or a quarter of its longer side beyond, the centre's sigma from 0.3
/// pixels to the longer side, the surround's from 1.1 to 20 times that. A field without surround does
/// not determine its size: the errors are large then, or there are none. A fit that ends at an end of a range
/// says so.
///
/// # Shapes
/// `picture` is `[height, width]`, at least 5 x 5, in any unit.
///
/// # Errors
/// [`InsilicoError`] for a picture that is too small, constant, or has a value that is not
/// finite, and for a setting out of range.
pub fn fit_difference_of_gaussians(
    picture: ArrayView2<f32>,
    config: &PictureFitConfig,
) -> Result<DifferenceOfGaussiansFit, InsilicoError> {
    config.check()?;
    let picture = Picture::new(picture)?;
    let starts = blobs(&picture).into_iter().flat_map(|blob| {
        let ([x, y], sigma) = (blob.centre, blob.sigma.ln());
        RATIOS.map(|ratio| [x, y, sigma, ratio.ln(), 0.0, 0.0, 0.0])
    });
    let bounds = bounds(&picture);
    let fitted = picture.fit::<Concentric, N>(starts, &bounds, config);
    let Fitted { parameters, covariance, quality } = fitted;
    let is_at = |(value, [low, high]): (&f64, &[f64; 2])| value <= low || value >= high;
    let is_at_bound = parameters.iter().zip(&bounds).any(is_at);
    let parameters = DifferenceOfGaussians::from_parameters(&parameters);
    let standard_errors = covariance.map(|covariance| parameters.errors(&covariance));
    let on = parameters.amplitude_centre >= parameters.amplitude_surround;
    let polarity = if on { Polarity::On } else { Polarity::Off };
    Ok(DifferenceOfGaussiansFit { parameters, polarity, standard_errors, is_at_bound, quality })
}

fn bounds(picture: &Picture) -> [[f64; 2]; N] {
    let side = picture.side();
    let within = |length: usize| [-0.25 * side, length as f64 - 1.0 + 0.25 * side];
    let free = [f64::NEG_INFINITY, f64::INFINITY];
    let sigma = [0.3f64.ln(), side.ln()];
    let ratio = [1.1f64.ln(), 20f64.ln()];
    [within(picture.width), within(picture.height), sigma, ratio, free, free, free]
}

/// A difference of Gaussians ready to be evaluated.
pub(super) struct Concentric {
    centre: [f64; 2],
    /// Inverse variances of centre and surround.
    precision: [f64; 2],
    amplitudes: [f64; 2],
    offset: f64,
}

impl Surface<N> for Concentric {
    fn new(parameters: &[f64; N]) -> Self {
        let [x, y, sigma, ratio, centre, surround, offset] = *parameters;
        Self {
            centre: [x, y],
            precision: [(-2.0 * sigma).exp(), (-2.0 * (sigma + ratio)).exp()],
            amplitudes: [centre, surround],
            offset,
        }
    }

    fn at(&self, x: f64, y: f64) -> (f64, [f64; N]) {
        let (dx, dy) = (x - self.centre[0], y - self.centre[1]);
        let square = dx * dx + dy * dy;
        let [narrow, wide] = self.precision.map(|precision| (-0.5 * square * precision).exp());
        let (centre, surround) = (self.amplitudes[0] * narrow, -self.amplitudes[1] * wide);
        let falls = [self.precision[0] * centre, self.precision[1] * surround];
        let fall = falls[0] + falls[1];
        let gradient = [dx * fall, dy * fall, square * fall, square * falls[1], narrow, -wide, 1.0];
        (centre + surround + self.offset, gradient)
    }
}

#[cfg(test)]
mod tests;
