//! Whether registration helped.

use serde::{Deserialize, Serialize};
use striate_base::CancelToken;

use super::apply::Registered;
use super::config::{Interpolation, RegistrationConfig};
use super::correlate::{Correlator, Settings};
use super::frames;
use super::shifts::Shifts;
use crate::{ImagingError, Movie};

/// Frames on which quality is measured, evenly spread over the movie.
const N_FRAMES: usize = 400;

/// How steady a movie is, measured on up to 400 frames, inside a border as wide as the largest shift
/// that was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QualityMeasures {
    /// Norm of the gradient of the mean image (Pnevmatikakis and Giovannucci 2017): larger is
    /// crisper.
    pub crispness: f64,
    /// Mean correlation of frames with the mean image.
    pub mean_correlation: f64,
}

/// Before and after registration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegistrationQuality {
    /// The movie as it was.
    pub before: QualityMeasures,
    /// The registered movie. Its frames are moved by whole pixels when they are correlated, because
    /// interpolation would lower their noise and so raise any correlation; the mean image is that of
    /// the shifts as applied.
    pub after: QualityMeasures,
    /// Root mean square shift of both axes that a second registration, of the registered movie to
    /// the same template, finds; in pixels, the mean shift left aside. It tells whether shifts were
    /// found and undone consistently; it is smaller than their error, since the second registration
    /// is misled by the same noise.
    pub residual_px: f64,
    /// Share of the frames whose rigid shift is within half a pixel of the largest allowed: if not
    /// near 0, `max_shift_px` is too small or frames cannot be placed.
    pub share_at_limit: f64,
}

pub(super) fn assess(
    movie: &dyn Movie,
    shifts: &Shifts,
    template: &[f32],
    config: &RegistrationConfig,
    cancel: &CancelToken,
) -> Result<RegistrationQuality, ImagingError> {
    let indices = frames::spread(movie, N_FRAMES);
    let applied = Registered::new(movie, shifts, config.applied_interpolation())?;
    let whole = Registered::new(movie, shifts, Interpolation::Nearest)?;
    let margin = border(movie, shifts);
    Ok(RegistrationQuality {
        before: measure(movie, movie, &indices, margin, cancel)?,
        after: measure(&applied, &whole, &indices, margin, cancel)?,
        residual_px: residual(&applied, template, &indices, config, cancel)?,
        share_at_limit: share_at_limit(shifts, config),
    })
}

/// Pixels at each border that some frame does not show; at most a quarter of the frame.
fn border(movie: &dyn Movie, shifts: &Shifts) -> usize {
    let field = shifts.field.iter().flat_map(|field| field.values.iter());
    let largest = shifts.rigid.iter().chain(field).fold(0.0_f32, |m, v| m.max(v.abs()));
    (largest.ceil() as usize).min(movie.shape().height.min(movie.shape().width) / 4)
}

fn measure(
    averaged: &dyn Movie,
    correlated: &dyn Movie,
    indices: &[usize],
    margin: usize,
    cancel: &CancelToken,
) -> Result<QualityMeasures, ImagingError> {
    let width = averaged.shape().width;
    let crop = |image: &[f32]| -> Vec<f32> {
        let n_rows = image.len() / width - 2 * margin;
        let rows = image.chunks_exact(width).skip(margin).take(n_rows);
        rows.flat_map(|row| row[margin..width - margin].iter().copied()).collect()
    };
    let mean = crop(&frames::mean(averaged, indices, cancel)?);
    let correlations = frames::map(correlated, indices, cancel, |_, frame| {
        crate::matching::correlation(&crop(frame), &mean)
    })?;
    Ok(QualityMeasures {
        crispness: crispness(&mean, width - 2 * margin),
        mean_correlation: correlations.iter().sum::<f64>() / correlations.len().max(1) as f64,
    })
}

/// Root of the sum of squared differences of neighbours along both axes.
fn crispness(image: &[f32], width: usize) -> f64 {
    let square = |(a, b): (&f32, &f32)| f64::from(a - b).powi(2);
    let down: f64 = image.iter().zip(&image[width..]).map(square).sum();
    let across: f64 = image
        .chunks_exact(width)
        .map(|row| row.iter().zip(&row[1..]).map(square).sum::<f64>())
        .sum();
    (down + across).sqrt()
}

fn residual(
    registered: &dyn Movie,
    template: &[f32],
    indices: &[usize],
    config: &RegistrationConfig,
    cancel: &CancelToken,
) -> Result<f64, ImagingError> {
    let size = (registered.shape().height, registered.shape().width);
    let settings = Settings::of(config, config.max_shift_px);
    let correlator = Correlator::new(template, size, settings);
    let shifts = frames::map(registered, indices, cancel, |_, f| correlator.locate(f).shift)?;
    let n = shifts.len().max(1) as f64;
    let variance = |axis: usize| {
        let mean = shifts.iter().map(|s| s[axis]).sum::<f64>() / n;
        shifts.iter().map(|s| (s[axis] - mean).powi(2)).sum::<f64>() / n
    };
    Ok((variance(0) + variance(1)).sqrt())
}

fn share_at_limit(shifts: &Shifts, config: &RegistrationConfig) -> f64 {
    let limit = (config.max_shift_px - 0.5) as f32;
    let at_limit = |row: ndarray::ArrayView1<'_, f32>| row.iter().any(|s| s.abs() >= limit);
    let n = shifts.rigid.rows().into_iter().filter(|row| at_limit(*row)).count();
    n as f64 / shifts.n_frames().max(1) as f64
}
