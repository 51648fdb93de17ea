//! Settings of the whole way.

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use striate_formats::stack::StackOptions;

use crate::decomposition::{self, DecompositionConfig};
use crate::deconvolution::DeconvolutionConfig;
use crate::demixing::DemixingConfig;
use crate::registration::RegistrationConfig;
use crate::traces::DffConfig;
use crate::{ImagingError, MovieShape};

/// Seconds averaged when cells are looked for: transients last longer.
const BIN_S: f64 = 0.3;

/// Frames of a bin at most, where it is the rate that decides.
const MOST_FRAMES: usize = 100;

/// Bins at most, so that memory does not grow with the movie.
const MOST_BINS: usize = 4000;

/// Whether a movie is registered, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Register {
    /// It is registered already.
    #[default]
    None,
    /// Every frame is shifted as a whole.
    Rigid,
    /// Parts of a frame are shifted on their own.
    Piecewise,
}

/// Settings of the whole way from a movie to traces. None has to be set but the frame rate, where the file does not say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExtractionConfig {
    /// Frames per second, above 0 to 10000. Default 0: what the file says.
    pub frame_rate_hz: f64,
    /// Least height of an event, in standard deviations of the trace's noise, 0 to 100. Default 3.
    pub event_threshold: f64,
    /// How the file is read.
    pub movie: StackOptions,
    /// Micrometres per pixel, 0 to 1000. Default 0: not known.
    pub um_per_px: f64,
    /// Whether the movie is registered, and how. Default `none`: it is registered already.
    pub register: Register,
    /// Settings of the registration, where there is one.
    pub registration: RegistrationConfig,
    /// Compression and denoising.
    pub decomposition: DecompositionConfig,
    /// Cells; by default 0.3 s of frames are averaged when they are looked for.
    pub demixing: DemixingConfig,
    /// dF/F.
    pub dff: DffConfig,
    /// Spikes.
    pub deconvolution: DeconvolutionConfig,
}

impl Default for ExtractionConfig {
    fn default() -> Self {
        Self {
            frame_rate_hz: 0.0,
            event_threshold: 3.0,
            movie: StackOptions::default(),
            um_per_px: 0.0,
            register: Register::None,
            registration: RegistrationConfig::default(),
            decomposition: DecompositionConfig::default(),
            demixing: DemixingConfig::default(),
            dff: DffConfig::default(),
            deconvolution: DeconvolutionConfig::default(),
        }
    }
}

/// An [`ExtractionConfig`] whose values are all within their ranges.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidExtraction(ExtractionConfig);

impl Deref for ValidExtraction {
    type Target = ExtractionConfig;

    fn deref(&self) -> &ExtractionConfig {
        &self.0
    }
}

impl ExtractionConfig {
    /// Refuse values outside the documented ranges.
    ///
    /// # Errors
    /// [`ImagingError::Config`], naming the setting.
    pub fn check(self) -> Result<ValidExtraction, ImagingError> {
        let rate = self.frame_rate_hz;
        if !(rate > 0.0 && rate <= 1e4) {
            let expected = "above 0 to 10000";
            return Err(ImagingError::config("frame_rate_hz", rate, expected));
        }
        if !(0.0..=100.0).contains(&self.event_threshold) {
            return Err(ImagingError::config("event_threshold", self.event_threshold, "0 to 100"));
        }
        if !(0.0..=1000.0).contains(&self.um_per_px) {
            return Err(ImagingError::config("um_per_px", self.um_per_px, "0 to 1000"));
        }
        self.registration.check()?;
        self.decomposition.check()?;
        self.demixing.check()?;
        self.dff.check(rate)?;
        self.deconvolution.check()?;
        Ok(ValidExtraction(self))
    }
}

impl ValidExtraction {
    /// The settings of the registration, where there is one.
    pub(crate) fn registration_wanted(&self) -> Option<RegistrationConfig> {
        let rigid = RegistrationConfig { piecewise: None, ..self.registration.clone() };
        match self.register {
            Register::None => None,
            Register::Rigid => Some(rigid),
            Register::Piecewise => {
                let piecewise = self.registration.piecewise.clone().unwrap_or_default();
                Some(RegistrationConfig { piecewise: Some(piecewise), ..rigid })
            }
        }
    }

    /// The settings of demixing for a movie of that shape.
    pub(crate) fn demixing_of(&self, shape: MovieShape) -> DemixingConfig {
        let bin_frames = match self.demixing.bin_frames {
            0 => ((BIN_S * self.frame_rate_hz) as usize).min(MOST_FRAMES),
            frames => frames,
        };
        let least = shape.n_frames.div_ceil(MOST_BINS);
        DemixingConfig { bin_frames: bin_frames.max(least).max(1), ..self.demixing.clone() }
    }

    /// Bytes that the whole way takes at its peak, about: the decomposition, or the parts of the movie in which cells
    /// are looked for with the traces of as many cells as there is room for.
    pub fn memory_bytes(&self, shape: MovieShape) -> u64 {
        let config = self.demixing_of(shape);
        let demixing = crate::demixing::memory_bytes(shape, &config, self.decomposition.block);
        decomposition::memory_bytes(shape, &self.decomposition).max(demixing)
    }
}
