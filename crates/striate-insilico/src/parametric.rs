//! Parametric descriptions of receptive fields and tuning curves, with errors.
//!
//! [`fit_gabor`] and [`fit_difference_of_gaussians`] describe a picture, say the receptive field of a
//! neuron, by least squares; [`OrientationTuning`] and [`peak_on_log_axis`] summarise responses to
//! gratings. Every number comes with a standard error, or with none where
//! the data do not determine it.

mod cholesky;
mod circular;
mod difference_of_gaussians;
mod estimate;
mod gabor;
mod levenberg_marquardt;
mod log_peak;
mod starts;
mod surface;

pub use circular::OrientationTuning;
pub use difference_of_gaussians::{
    DifferenceOfGaussians, DifferenceOfGaussiansFit, Polarity, fit_difference_of_gaussians,
};
pub use estimate::Estimate;
pub use gabor::{EllipticalGabor, GaborFit, fit_gabor};
pub use log_peak::{LogPeak, peak_on_log_axis};
pub use surface::{FitQuality, PictureFitConfig};
