//! Settings.

use serde::{Deserialize, Serialize};

use crate::error::{InsilicoError, in_range};

/// Which gratings are shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TuningConfig {
    /// Directions of drift over 360 degrees, even (for twins of images orientations over 180 degrees), 8
    /// to 360. Default 16.
    pub n_directions: usize,
    /// Spatial frequencies in cycles per pixel, ascending, above 0 to 0.5. Default: eight, by equal
    /// factors, from one cycle on the screen's shorter side to 0.4.
    pub spatial_frequencies_cpp: Option<Vec<f64>>,
    /// Temporal frequencies, ascending, each at least half a cycle in `window_s` and at most half the frame
    /// rate; moved to whole cycles in `window_s`. Twins of images are not shown any. Default: those of 1, 2, 4,
    /// 7 and 12 Hz that the frame rate shows.
    pub temporal_frequencies_hz: Option<Vec<f64>>,
    /// Contrast of all gratings but those that differ in contrast, above 0 to 1. Default 0.5.
    pub contrast: f64,
    /// Contrasts, ascending, above 0 to 1, at least 3. Default 0.06, 0.12, 0.2, 0.35, 0.5, 0.7 and 1.
    pub contrasts: Vec<f64>,
    /// Diameters of apertures in pixels, ascending, at least 3. Default: eight, by equal factors, from
    /// 3 to the screen's longer side.
    pub diameters_px: Option<Vec<f64>>,
    /// Width of the apertures' edge, from full to no contrast, in pixels, 0 to 100. Default 2.
    pub edge_px: f64,
    /// Time over which responses to drift are averaged, once all frames that a response depends on show
    /// it, above 0 to 60 seconds. Default 1.
    pub window_s: f64,
    /// Phases of the gratings that twins of images are shown, 4 to 64. Default 8.
    pub n_phases: usize,
    /// Frames per second where the recording does not tell, above 0 to 10 000. Default 30.
    pub frame_rate_hz: f64,
}

impl Default for TuningConfig {
    fn default() -> Self {
        Self {
            n_directions: 16,
            spatial_frequencies_cpp: None,
            temporal_frequencies_hz: None,
            contrast: 0.5,
            contrasts: vec![0.06, 0.12, 0.2, 0.35, 0.5, 0.7, 1.0],
            diameters_px: None,
            edge_px: 2.0,
            window_s: 1.0,
            n_phases: 8,
            frame_rate_hz: 30.0,
        }
    }
}

impl TuningConfig {
    /// Refuse settings outside their ranges.
    ///
    /// # Errors
    /// [`InsilicoError::OutOfRange`].
    pub fn check(&self) -> Result<(), InsilicoError> {
        let n = self.n_directions;
        // Fewer hold too few orientations for a preference between them.
        let holds = (8..=360).contains(&n) && n.is_multiple_of(2);
        in_range("n_directions", n, holds, "an even number, 8 to 360")?;
        let frequencies = self.spatial_frequencies_cpp.as_deref();
        ascending("spatial_frequencies_cpp", frequencies.unwrap_or(&[0.5]), (1, 0.5))?;
        let frequencies = self.temporal_frequencies_hz.as_deref();
        ascending("temporal_frequencies_hz", frequencies.unwrap_or(&[1.0]), (1, f64::MAX))?;
        let contrast = self.contrast;
        in_range("contrast", contrast, contrast > 0.0 && contrast <= 1.0, "above 0 to 1")?;
        ascending("contrasts", &self.contrasts, (3, 1.0))?;
        let diameters = self.diameters_px.as_deref();
        ascending("diameters_px", diameters.unwrap_or(&[1.0, 2.0, 3.0]), (3, 1e5))?;
        let edge = self.edge_px;
        in_range("edge_px", edge, (0.0..=100.0).contains(&edge), "0 to 100")?;
        let seconds = self.window_s;
        in_range("window_s", seconds, seconds > 0.0 && seconds <= 60.0, "above 0 to 60")?;
        let n = self.n_phases;
        in_range("n_phases", n, (4..=64).contains(&n), "4 to 64")?;
        let rate = self.frame_rate_hz;
        in_range("frame_rate_hz", rate, rate > 0.0 && rate <= 1e4, "above 0 to 10000")
    }
}

fn ascending(
    key: &'static str,
    values: &[f64],
    (at_least, highest): (usize, f64),
) -> Result<(), InsilicoError> {
    let orderly = values.windows(2).all(|pair| pair[0] < pair[1]);
    let inside = values.iter().all(|&value| value > 0.0 && value <= highest);
    let expected = match highest {
        f64::MAX => format!("{at_least} or more, ascending, above 0"),
        _ => format!("{at_least} or more, ascending, above 0 to {highest}"),
    };
    let holds = orderly && inside && values.len() >= at_least;
    in_range(key, format!("{values:?}"), holds, &expected)
}
