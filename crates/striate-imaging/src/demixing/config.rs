//! Settings of the demixing.

use serde::{Deserialize, Serialize};

use crate::ImagingError;
use crate::range::within;

/// Settings of the demixing. The cell's diameter is the one worth a look; the rest follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DemixingConfig {
    /// Diameter of a cell in pixels, 3 to 60. Default 12.
    pub diameter_px: f64,
    /// Frames averaged for finding cells, 1 to 1000; about a third of the indicator's decay. Default 0: 1, or what
    /// the frame rate asks for where it is known.
    pub bin_frames: usize,
    /// Least strength of a cell when it is looked for: root of the summed squares of what its trace rises above 3
    /// times its noise, in units of that noise; 1 to 1000. Default 5.
    pub min_strength: f64,
    /// Distance of the nodes of the smooth background in cell diameters, 1 to 20. Default 2.
    pub background_spacing: f64,
    /// Pixels below this share of a footprint's largest are cut off, 0.01 to 0.9. Default 0.2.
    pub footprint_level: f64,
    /// Overlapping cells whose traces correlate above this are one, 0.3 to 1. Default 0.8.
    pub merge_correlation: f64,
    /// Rounds of looking for cells in what the others leave, 1 to 5. Default 2.
    pub rounds: usize,
    /// Alternations of traces and footprints after each round, 1 to 100. Default 5.
    pub iterations: usize,
    /// Least rise of a cell above rest that is kept, over the noise of a pixel, 0 to 100. Default 1.
    pub min_peak_snr: f64,
    /// Largest spread of a cell that is kept: the mean distance of its pixels from their centre over that of a disc of
    /// as many, 1 to 100. Somata are below 1.3, dendrites above. Default 1.3.
    pub max_spread: f64,
}

impl Default for DemixingConfig {
    fn default() -> Self {
        Self {
            diameter_px: 12.0,
            bin_frames: 0,
            min_strength: 5.0,
            background_spacing: 2.0,
            footprint_level: 0.2,
            merge_correlation: 0.8,
            rounds: 2,
            iterations: 5,
            min_peak_snr: 1.0,
            max_spread: 1.3,
        }
    }
}

impl DemixingConfig {
    /// Refuse values outside the documented ranges.
    ///
    /// # Errors
    /// [`ImagingError::Config`], naming the setting.
    pub fn check(&self) -> Result<(), ImagingError> {
        within("demixing.diameter_px", self.diameter_px, 3.0, 60.0)?;
        within("demixing.bin_frames", self.bin_frames as f64, 0.0, 1000.0)?;
        within("demixing.min_strength", self.min_strength, 1.0, 1000.0)?;
        within("demixing.background_spacing", self.background_spacing, 1.0, 20.0)?;
        within("demixing.footprint_level", self.footprint_level, 0.01, 0.9)?;
        within("demixing.merge_correlation", self.merge_correlation, 0.3, 1.0)?;
        within("demixing.rounds", self.rounds as f64, 1.0, 5.0)?;
        within("demixing.iterations", self.iterations as f64, 1.0, 100.0)?;
        within("demixing.min_peak_snr", self.min_peak_snr, 0.0, 100.0)?;
        within("demixing.max_spread", self.max_spread, 1.0, 100.0)
    }

    /// Pixels of a round cell.
    pub(crate) fn area_px(&self) -> f64 {
        std::f64::consts::PI * 0.25 * self.diameter_px * self.diameter_px
    }
}
