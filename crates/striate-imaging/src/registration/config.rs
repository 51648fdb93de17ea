//! How a movie is registered.

use serde::{Deserialize, Serialize};

use crate::ImagingError;
use crate::range::within;

/// What kind of movie it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegistrationMode {
    /// Two-photon: frames are compared as they are.
    #[default]
    TwoPhoton,
    /// One-photon: the haze is taken off before frames are compared (`highpass_px`).
    OnePhoton,
}

/// How a frame is compared with the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Correlation {
    /// Only the phases of frame and template count (Kuglin and Hines 1975): slow changes of light
    /// and bright cells matter little.
    #[default]
    Phase,
    /// Cross-correlation: the best for white noise and a template that differs in position only.
    Cross,
}

/// How values between pixels are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// The nearest pixel: shifts are rounded, and the noise stays as independent as it was.
    Nearest,
    /// From 4 neighbours; blurs most.
    Bilinear,
    /// Cubic convolution from 16 neighbours (Keys 1981, a = -1/2).
    #[default]
    Cubic,
    /// By the phases of the whole frame, for rigid shifts only; nothing is blurred, but sharp borders
    /// ring. Where the field is piecewise, cubic.
    Fourier,
}

/// Registration.
///
/// ```
/// use striate_imaging::registration::RegistrationConfig;
///
/// let config = RegistrationConfig { max_shift_px: -1.0, ..RegistrationConfig::default() };
/// assert_eq!(
///     config.check().unwrap_err().to_string(),
///     "registration.max_shift_px: found -1, expected 1 to 200",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistrationConfig {
    /// What kind of movie it is.
    pub mode: RegistrationMode,
    /// How frames are compared.
    pub correlation: Correlation,
    /// Largest rigid shift along each axis in pixels; 1 to 200. Frames must be at least four times
    /// as large.
    pub max_shift_px: f64,
    /// Whether shifts are found between pixels. Without, they are whole and applied as they are, so
    /// that the noise of neighbouring pixels stays independent.
    pub subpixel: bool,
    /// Fineness of the up-sampled correlation: steps of 1/`upsampling` pixel, then the vertex of a
    /// parabola; 2 to 100.
    pub upsampling: usize,
    /// S.d. of the Gaussian that smooths the comparison in pixels; 0.5 to 10.
    pub smoothing_px: f64,
    /// Half width of the box whose mean is subtracted in one-photon mode, in pixels; 1 to 200. About
    /// the radius of a cell.
    pub highpass_px: usize,
    /// How values between pixels are made when shifts are applied.
    pub interpolation: Interpolation,
    /// The template.
    pub template: TemplateConfig,
    /// Piecewise-rigid registration after the rigid one; none: rigid only.
    pub piecewise: Option<PiecewiseConfig>,
}

impl Default for RegistrationConfig {
    fn default() -> Self {
        Self {
            mode: RegistrationMode::TwoPhoton,
            correlation: Correlation::Phase,
            max_shift_px: 10.0,
            subpixel: true,
            upsampling: 5,
            smoothing_px: 1.15,
            highpass_px: 8,
            interpolation: Interpolation::Cubic,
            template: TemplateConfig::default(),
            piecewise: None,
        }
    }
}

/// How the template is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TemplateConfig {
    /// Frames that the template is made of, evenly spread over the movie; 1 to 5000.
    pub n_frames: usize,
    /// Times that those frames are registered to the template and averaged again, the best of them,
    /// more each time and half of them at last; 0 to 20.
    pub n_refinements: usize,
    /// Times that the whole movie is registered: after each but the last, the template becomes the
    /// mean of the registered movie; 1 to 5.
    pub n_passes: usize,
}

impl Default for TemplateConfig {
    fn default() -> Self {
        Self { n_frames: 300, n_refinements: 5, n_passes: 1 }
    }
}

/// Piecewise-rigid registration: patches that overlap by half find their own shifts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PiecewiseConfig {
    /// Side of a patch in pixels; 16 to 1024. Smaller frames are one patch. Small patches draw shifts
    /// towards the rigid one: those of 24 pixels by a fifth where tissue is smooth.
    pub patch_px: usize,
    /// Largest difference from the rigid shift along each axis in pixels; 0.5 to 50 and at most a
    /// quarter of the patch.
    pub max_deviation_px: f64,
    /// Times that a patch without a distinct peak may average its comparison with those of its
    /// neighbours (weights 1-2-1 along both axes) and look again; 0 to 10.
    pub n_smoothings: usize,
}

impl Default for PiecewiseConfig {
    fn default() -> Self {
        Self { patch_px: 64, max_deviation_px: 3.0, n_smoothings: 2 }
    }
}

impl RegistrationConfig {
    /// Check every setting.
    ///
    /// # Errors
    /// The first setting out of its range.
    pub fn check(&self) -> Result<(), ImagingError> {
        within("registration.max_shift_px", self.max_shift_px, 1.0, 200.0)?;
        within("registration.upsampling", self.upsampling, 2, 100)?;
        within("registration.smoothing_px", self.smoothing_px, 0.5, 10.0)?;
        within("registration.highpass_px", self.highpass_px, 1, 200)?;
        let template = &self.template;
        within("registration.template.n_frames", template.n_frames, 1, 5000)?;
        within("registration.template.n_refinements", template.n_refinements, 0, 20)?;
        within("registration.template.n_passes", template.n_passes, 1, 5)?;
        self.piecewise.as_ref().map_or(Ok(()), PiecewiseConfig::check)
    }

    /// How shifts are applied.
    pub fn applied_interpolation(&self) -> Interpolation {
        if self.subpixel { self.interpolation } else { Interpolation::Nearest }
    }
}

impl PiecewiseConfig {
    fn check(&self) -> Result<(), ImagingError> {
        within("registration.piecewise.patch_px", self.patch_px, 16, 1024)?;
        let most = 50.0_f64.min(self.patch_px as f64 / 4.0);
        within("registration.piecewise.max_deviation_px", self.max_deviation_px, 0.5, most)?;
        within("registration.piecewise.n_smoothings", self.n_smoothings, 0, 10)
    }
}
