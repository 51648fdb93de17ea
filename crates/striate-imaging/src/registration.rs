//! Registration: where each frame lies relative to a template, and the movie with that undone.
//!
//! **Shifts.** A shift `(y, x)` says where tissue has gone: what lies at `p` in the template lies at
//! `p + shift` in the frame. [`Registered`] shows `frame[p + shift]`.
//!
//! **Rigid.** Frame and template are faded at their borders and compared by their spectra: phase
//! correlation (Kuglin and Hines 1975) smoothed by a Gaussian, or cross-correlation. The peak is
//! sought within `max_shift_px` and refined by a matrix-multiply transform around it
//! (Guizar-Sicairos, Thurman and Fienup 2008). One-photon mode takes the local mean off first.
//!
//! **Template.** Of some hundred frames spread over the movie, the one most like its 19 best
//! companions is averaged with them; then the frames are registered to that template and the best of
//! them averaged, more each time (as in suite2p, Pachitariu et al. 2017).
//!
//! **Piecewise-rigid.** Patches that overlap by half find their own shifts near the rigid one;
//! between patches shifts are interpolated (after `NoRMCorre`, Pnevmatikakis and Giovannucci 2017;
//! instead of that paper's blending, one smooth field is applied).
//!
//! Frames are read in chunks of at most 64 MiB, worked on in parallel, and the numbers do not depend
//! on the number of threads. Movies with pixels that are not finite are refused.

use ndarray::{Array2, Array3};
use striate_base::{CancelToken, Progress};

use crate::{ImagingError, Movie};

mod apply;
mod config;
mod correlate;
mod frames;
mod piecewise;
mod quality;
mod shifts;
mod spectrum;
mod template;

#[cfg(test)]
mod tests;

pub use apply::Registered;
pub use config::{
    Correlation, Interpolation, PiecewiseConfig, RegistrationConfig, RegistrationMode,
    TemplateConfig,
};
pub use quality::{QualityMeasures, RegistrationQuality};
pub use shifts::{ShiftField, Shifts};

use correlate::{Correlator, Settings};
use piecewise::Patches;
use spectrum::Peak;

/// A registered movie's shifts, and how good they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// Where each frame lies.
    pub shifts: Shifts,
    /// What frames were compared with, `[y, x]`.
    pub template: Array2<f32>,
    /// Height of each frame's peak of correlation: in phase correlation 1 for a frame like the
    /// template, near 0 for one that cannot be placed.
    pub peaks: Vec<f32>,
    /// Before and after.
    pub quality: RegistrationQuality,
}

/// Register a movie.
///
/// ```
/// use striate_base::{CancelToken, NoProgress};
/// use striate_imaging::registration::{RegistrationConfig, register};
/// use striate_imaging::simulate::{MovieSimulationConfig, SimulatedMovie};
///
/// let movie = SimulatedMovie::new(MovieSimulationConfig {
///     n_frames: 200,
///     ..MovieSimulationConfig::demo()
/// })?;
/// let config = RegistrationConfig::default();
/// let found = register(&movie, &config, &mut NoProgress, &CancelToken::new())?;
/// let truth = &movie.truth().shifts;
/// // A common offset is free: only differences between frames are told by the movie.
/// let moved = |s: &ndarray::Array2<f32>| s[[150, 0]] - s[[20, 0]];
/// assert!((moved(&found.shifts.rigid) - moved(truth)).abs() < 0.3);
/// assert!(found.quality.after.crispness > found.quality.before.crispness);
/// # Ok::<(), striate_imaging::ImagingError>(())
/// ```
///
/// # Errors
/// A setting out of its range, frames too small for the largest shift, pixels that are not finite,
/// a movie that cannot be read, or an interruption.
pub fn register(
    movie: &dyn Movie,
    config: &RegistrationConfig,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<Registration, ImagingError> {
    config.check()?;
    check_size(movie, config)?;
    let mut template = template::initial(movie, config, progress, cancel)?;
    let mut found = pass(movie, &template, config, progress, cancel)?;
    for _ in 1..config.template.n_passes {
        let registered = Registered::new(movie, &found.0, config.applied_interpolation())?;
        let all: Vec<usize> = (0..movie.shape().n_frames).collect();
        template = frames::mean(&registered, &all, cancel)?;
        found = pass(movie, &template, config, progress, cancel)?;
    }
    let (shifts, peaks) = found;
    let quality = quality::assess(movie, &shifts, &template, config, cancel)?;
    let size = (movie.shape().height, movie.shape().width);
    let template = Array2::from_shape_fn(size, |(y, x)| template[y * size.1 + x]);
    Ok(Registration { shifts, template, peaks, quality })
}

fn check_size(movie: &dyn Movie, config: &RegistrationConfig) -> Result<(), ImagingError> {
    let shape = movie.shape();
    let least = (4.0 * config.max_shift_px).ceil() as usize;
    if shape.n_frames == 0 || shape.height < least || shape.width < least {
        return Err(ImagingError::input(
            "movie to register",
            format!("{} frames of {} x {}", shape.n_frames, shape.height, shape.width),
            format!(
                "a frame or more, of {least} x {least} or more (four times \
                 registration.max_shift_px)"
            ),
        ));
    }
    Ok(())
}

/// What is found of one frame.
type Found = (Peak, Vec<[f64; 2]>);

/// Find the shifts of all frames.
fn pass(
    movie: &dyn Movie,
    template: &[f32],
    config: &RegistrationConfig,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<(Shifts, Vec<f32>), ImagingError> {
    let size = (movie.shape().height, movie.shape().width);
    let correlator = Correlator::new(template, size, Settings::of(config, config.max_shift_px));
    let patches = config.piecewise.as_ref().map(|p| Patches::new(template, size, config, p));
    let locate = |frame: &[f32]| -> Found {
        let peak = correlator.locate(frame);
        let field = patches.as_ref().map(|patches| patches.locate(frame, peak.shift));
        (peak, field.unwrap_or_default())
    };
    progress.start("registration", Some(movie.shape().n_frames as u64));
    let found = frames::map_all(movie, progress, cancel, locate)?;
    progress.finish();
    Ok(collect(&found, patches.as_ref()))
}

fn collect(found: &[Found], patches: Option<&Patches>) -> (Shifts, Vec<f32>) {
    let rigid = Array2::from_shape_fn((found.len(), 2), |(f, axis)| found[f].0.shift[axis] as f32);
    let field = patches.map(|patches| {
        let [centres_y, centres_x] = patches.centres();
        let values = Array3::from_shape_fn((found.len(), patches.len(), 2), |(f, patch, axis)| {
            found[f].1[patch][axis] as f32
        });
        ShiftField { centres_y, centres_x, values }
    });
    (Shifts { rigid, field }, found.iter().map(|(peak, _)| peak.height as f32).collect())
}
