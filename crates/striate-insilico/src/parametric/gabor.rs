//! Gabor functions with an elliptical envelope, and their fit to a picture.

use std::f64::consts::{FRAC_PI_2, TAU};

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::starts::{Blob, blobs, wave_vectors};
use super::surface::{FitQuality, Fitted, Picture, PictureFitConfig, Surface};
use crate::error::InsilicoError;

/// Centre x and y, logarithms of both sigmas and of the wavelength, orientation in radians;
/// amplitudes of cosine and sine, offset.
const N: usize = 9;

/// A Gabor function whose envelope is an ellipse along the stripes, or the standard error of each of
/// its parameters. Angles are those of [`striate_stimuli::Gabor`]: orientation 0 is a horizontal
/// bar, counted counter-clockwise on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EllipticalGabor {
    /// Centre in pixels, x and y (downwards).
    pub centre_px: [f64; 2],
    /// Standard deviation of the envelope along the stripes.
    pub sigma_along_px: f64,
    /// Standard deviation of the envelope across the stripes.
    pub sigma_across_px: f64,
    /// Length of one cycle.
    pub wavelength_px: f64,
    /// Orientation of the stripes, within 0..180.
    pub orientation_deg: f64,
    /// Phase of the cosine at the centre, within -180..=180.
    pub phase_deg: f64,
    /// Amplitude of the wave, positive, in units of the picture.
    pub amplitude: f64,
    /// Value far from the centre, in units of the picture.
    pub offset: f64,
}

/// A Gabor function fitted to a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GaborFit {
    /// The Gabor function.
    pub gabor: EllipticalGabor,
    /// The standard error of each parameter; none where the fit has not converged or the picture does
    /// not determine all of them. They hold for noise that is independent from pixel to pixel, and are
    /// too small where neighbours share noise.
    pub standard_errors: Option<EllipticalGabor>,
    /// How good the description is.
    pub quality: FitQuality,
}

impl EllipticalGabor {
    /// The value at pixel `(x, y)`:
    /// `offset + amplitude exp(-u^2 / 2 sigma_along^2 - v^2 / 2 sigma_across^2) cos(2 pi v / wavelength + phase)`
    /// with `u` the distance from the centre along the stripes and `v` across.
    pub fn value(&self, x: f64, y: f64) -> f64 {
        GaborSurface::new(&self.parameters()).at(x, y).0
    }

    /// The function on the pixels of a picture: `[height, width]`.
    pub fn picture(&self, height: usize, width: usize) -> Array2<f32> {
        let surface = GaborSurface::new(&self.parameters());
        Array2::from_shape_fn((height, width), |(y, x)| surface.at(x as f64, y as f64).0 as f32)
    }

    fn parameters(&self) -> [f64; N] {
        let (sine, cosine) = self.phase_deg.to_radians().sin_cos();
        [
            self.centre_px[0],
            self.centre_px[1],
            self.sigma_along_px.ln(),
            self.sigma_across_px.ln(),
            self.wavelength_px.ln(),
            self.orientation_deg.to_radians(),
            self.amplitude * cosine,
            -self.amplitude * sine,
            self.offset,
        ]
    }

    fn from_parameters(parameters: &[f64; N]) -> Self {
        let [x, y, along, across, wavelength, orientation, cosine, sine, offset] = *parameters;
        let half_turns = (orientation.to_degrees() / 180.0).floor();
        let phase_deg = (-sine).atan2(cosine).to_degrees();
        Self {
            centre_px: [x, y],
            sigma_along_px: along.exp(),
            sigma_across_px: across.exp(),
            wavelength_px: wavelength.exp(),
            orientation_deg: orientation.to_degrees() - 180.0 * half_turns,
            // Half a turn of the stripes swaps their sides.
            phase_deg: if half_turns.rem_euclid(2.0) == 0.0 { phase_deg } else { -phase_deg },
            amplitude: cosine.hypot(sine),
            offset,
        }
    }

    /// Standard errors by the delta method.
    fn errors(&self, parameters: &[f64; N], covariance: &[[f64; N]; N]) -> Self {
        let error = |k: usize| covariance[k][k].sqrt();
        let [cosine, sine] = [parameters[6] / self.amplitude, parameters[7] / self.amplitude];
        let of_both = |a: f64, b: f64| {
            let [cc, cs, ss] = [covariance[6][6], covariance[6][7], covariance[7][7]];
            (a * a * cc + 2.0 * a * b * cs + b * b * ss).max(0.0).sqrt()
        };
        Self {
            centre_px: [error(0), error(1)],
            sigma_along_px: self.sigma_along_px * error(2),
            sigma_across_px: self.sigma_across_px * error(3),
            wavelength_px: self.wavelength_px * error(4),
            orientation_deg: error(5).to_degrees(),
            phase_deg: (of_both(sine, -cosine) / self.amplitude).to_degrees(),
            amplitude: of_both(cosine, sine),
            offset: error(8),
        }
    }
}

/// Fit an elliptical Gabor function to a picture by least squares.
///
/// Starts are the peaks of the picture's Fourier amplitude under Gaussian windows of several sizes, each
/// where there is most contrast energy; the best few, after solving for amplitude and phase, are
/// refined by Levenberg and Marquardt's method, and the best is returned. As in Jones and Palmer
/// (J. Neurophysiol. 58:1233, 1987, equations 1-3), with an offset and the envelope's axes along and
/// across the stripes.
///
/// Ranges: centre within the picture or a quarter of its longer side beyond, sigmas from 0.3 pixels to
/// twice the longer side, wavelength from 2 pixels to four times the longer side. A field of less than
/// one visible cycle, which is no more than a spot, does not determine wavelength, phase and envelope
/// at once: the errors are large then, or there are none.
///
/// # Shapes
/// `picture` is `[height, width]`, at least 5 x 5, in any unit.
///
/// # Errors
/// [`InsilicoError`] for a picture that is too small, constant, or has a value that is not
/// finite, and for a setting out of range.
pub fn fit_gabor(
    picture: ArrayView2<f32>,
    config: &PictureFitConfig,
) -> Result<GaborFit, InsilicoError> {
    config.check()?;
    let picture = Picture::new(picture)?;
    let starts = blobs(&picture).into_iter().flat_map(|blob| starts_at(&picture, blob));
    let fitted = picture.fit::<GaborSurface, N>(starts, &bounds(&picture), config);
    let Fitted { parameters, covariance, quality } = fitted;
    let gabor = EllipticalGabor::from_parameters(&parameters);
    let standard_errors = covariance.map(|covariance| gabor.errors(&parameters, &covariance));
    Ok(GaborFit { gabor, standard_errors, quality })
}

fn starts_at(picture: &Picture, Blob { centre, sigma }: Blob) -> impl Iterator<Item = [f64; N]> {
    // A spot has no peak but the one at frequency zero.
    let spot = [[1.0, 0.0], [0.0, 1.0]].map(|[x, y]: [f64; 2]| [x / sigma, y / sigma]);
    let waves = wave_vectors(picture, Blob { centre, sigma });
    waves.into_iter().chain(spot).map(move |[kx, ky]| {
        let wavelength = TAU / kx.hypot(ky);
        // The wave vector points across the stripes, at orientation + 90, and y downwards.
        let orientation = (-ky).atan2(kx) - FRAC_PI_2;
        let [log_sigma, log_wavelength] = [sigma.ln(), wavelength.ln()];
        let [x, y] = centre;
        [x, y, log_sigma, log_sigma, log_wavelength, orientation, 0.0, 0.0, 0.0]
    })
}

fn bounds(picture: &Picture) -> [[f64; 2]; N] {
    let side = picture.side();
    let within = |length: usize| [-0.25 * side, length as f64 - 1.0 + 0.25 * side];
    let sigma = [0.3f64.ln(), (2.0 * side).ln()];
    let free = [f64::NEG_INFINITY, f64::INFINITY];
    let wavelength = [2f64.ln(), (4.0 * side).ln()];
    let centre = [within(picture.width), within(picture.height)];
    [centre[0], centre[1], sigma, sigma, wavelength, free, free, free, free]
}

/// A Gabor function ready to be evaluated.
pub(super) struct GaborSurface {
    centre: [f64; 2],
    /// Unit vector along the stripes in pixel coordinates; across is that turned by 90 degrees
    /// counter-clockwise on the screen.
    along: [f64; 2],
    /// Inverse variances along and across.
    precision: [f64; 2],
    wave_number: f64,
    amplitudes: [f64; 2],
    offset: f64,
}

impl Surface<N> for GaborSurface {
    fn new(parameters: &[f64; N]) -> Self {
        let [x, y, along, across, wavelength, orientation, cosine, sine, offset] = *parameters;
        Self {
            centre: [x, y],
            along: [orientation.cos(), -orientation.sin()],
            precision: [(-2.0 * along).exp(), (-2.0 * across).exp()],
            wave_number: TAU / wavelength.exp(),
            amplitudes: [cosine, sine],
            offset,
        }
    }

    fn at(&self, x: f64, y: f64) -> (f64, [f64; N]) {
        let [ax, ay] = self.along;
        let (dx, dy) = (x - self.centre[0], y - self.centre[1]);
        let (u, v) = (ax * dx + ay * dy, ay * dx - ax * dy);
        let [pu, pv] = self.precision;
        let envelope = (-0.5 * (u * u * pu + v * v * pv)).exp();
        let (sine, cosine) = (self.wave_number * v).sin_cos();
        let [a, b] = self.amplitudes;
        let wave = envelope * (a * cosine + b * sine);
        let slope = envelope * self.wave_number * (b * cosine - a * sine);
        let (by_u, by_v) = (-u * pu * wave, slope - v * pv * wave);
        let gradient = [
            -by_u * ax - by_v * ay,
            -by_u * ay + by_v * ax,
            u * u * pu * wave,
            v * v * pv * wave,
            -v * slope,
            by_u * v - by_v * u,
            envelope * cosine,
            envelope * sine,
            1.0,
        ];
        (wave + self.offset, gradient)
    }
}

#[cfg(test)]
mod tests;
