//! What a simulated movie shows.

use serde::{Deserialize, Serialize};

use crate::ImagingError;
use crate::range::within;

mod parts;

pub use parts::{
    BackgroundConfig, CellConfig, CellShape, IndicatorConfig, MotionConfig, NeuropilConfig,
    NoiseConfig, PixelType, SpikeConfig,
};

/// A two-photon movie to simulate.
///
/// ```
/// use striate_imaging::simulate::MovieSimulationConfig;
///
/// let config = MovieSimulationConfig { n_frames: 100, ..MovieSimulationConfig::demo() };
/// assert!(config.check().is_ok());
/// let nothing = MovieSimulationConfig { n_frames: 0, ..config };
/// assert_eq!(
///     nothing.check().unwrap_err().to_string(),
///     "simulate.n_frames: found 0, expected 2 to 100000000",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MovieSimulationConfig {
    /// Frames; 2 to 1e8.
    pub n_frames: usize,
    /// Rows of a frame; 8 to 8192.
    pub height: usize,
    /// Columns of a frame; 8 to 8192.
    pub width: usize,
    /// Frames per second; above 0 to 10000.
    pub frame_rate_hz: f64,
    /// Seed of every random draw.
    pub seed: u64,
    /// The cells.
    pub cells: CellConfig,
    /// When they spike.
    pub spikes: SpikeConfig,
    /// How a spike is seen.
    pub indicator: IndicatorConfig,
    /// Smooth light between the cells that varies slowly.
    pub neuropil: NeuropilConfig,
    /// Light that never changes.
    pub background: BackgroundConfig,
    /// How the tissue moves.
    pub motion: MotionConfig,
    /// How light becomes numbers.
    pub noise: NoiseConfig,
}

impl Default for MovieSimulationConfig {
    fn default() -> Self {
        Self::demo()
    }
}

impl MovieSimulationConfig {
    /// A small movie for a first try: 1500 frames of 128 x 128, 40 cells.
    pub fn demo() -> Self {
        Self {
            n_frames: 1500,
            height: 128,
            width: 128,
            frame_rate_hz: 30.0,
            seed: 1,
            cells: CellConfig::default(),
            spikes: SpikeConfig::default(),
            indicator: IndicatorConfig::default(),
            neuropil: NeuropilConfig::default(),
            background: BackgroundConfig::default(),
            motion: MotionConfig::default(),
            noise: NoiseConfig::default(),
        }
    }

    /// What extraction is accepted on: 3000 frames of 256 x 256, 100 cells, a third of which touch
    /// another, none fainter than a peak SNR of 4, neuropil; no motion.
    pub fn acceptance() -> Self {
        Self {
            n_frames: 3000,
            height: 256,
            width: 256,
            cells: CellConfig { n_cells: 100, peak_snr: 4.0, ..CellConfig::default() },
            motion: MotionConfig::none(),
            ..Self::demo()
        }
    }

    /// Check every setting.
    ///
    /// # Errors
    /// The first setting out of its range.
    pub fn check(&self) -> Result<(), ImagingError> {
        within("simulate.n_frames", self.n_frames, 2, 100_000_000)?;
        within("simulate.height", self.height, 8, 8192)?;
        within("simulate.width", self.width, 8, 8192)?;
        positive("simulate.frame_rate_hz", self.frame_rate_hz, 1e4)?;
        self.cells.check()?;
        self.spikes.check()?;
        self.indicator.check()?;
        self.neuropil.check()?;
        self.background.check()?;
        self.motion.check()?;
        self.noise.check()
    }
}

/// A number above 0 and at most `high`; not NaN.
fn positive(key: &'static str, found: f64, high: f64) -> Result<(), ImagingError> {
    if found > 0.0 && found <= high {
        return Ok(());
    }
    Err(ImagingError::config(key, found, format!("above 0 to {high}")))
}
