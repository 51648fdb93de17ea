//! The parts of the configuration.

use serde::{Deserialize, Serialize};

use super::positive;
use crate::ImagingError;
use crate::range::within;

/// What a soma looks like in the focal plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellShape {
    /// A disc whose nucleus is darker: cytosolic indicators.
    #[default]
    Ring,
    /// An even disc: nuclear indicators.
    Disc,
    /// A Gaussian whose s.d. is half the radius.
    Gaussian,
}

/// The cells: ellipses with soft edges, whose peak weight is 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CellConfig {
    /// Cells; 1 to 100000.
    pub n_cells: usize,
    /// Shape.
    pub shape: CellShape,
    /// Mean radius in pixels; 1 to 200.
    pub radius_px: f64,
    /// S.d. of the log of each radius; 0 to 0.5.
    pub radius_spread: f64,
    /// Least distance between two centres in pixels; 0 to 1000. Below twice the radius, cells overlap.
    pub min_distance_px: f64,
    /// Light of a cell at rest at its brightest pixel; 0 to 1e6.
    pub baseline: f64,
    /// S.d. of the log of each cell's baseline; 0 to 2.
    pub baseline_spread: f64,
    /// Peak SNR of the faintest cells: the largest value of a cell's calcium trace over the movie
    /// (at its brightest pixel, where its footprint is 1), divided by the s.d. of the noise at that
    /// pixel while all is at rest. The peak-to-noise ratio of Zhou et al. 2018, of one pixel.
    /// 0.01 to 1000.
    pub peak_snr: f64,
    /// Spread of brightness: the peak SNR of a cell is `peak_snr * exp(spread * |z|)`, `z` standard
    /// normal, so that no cell is fainter than `peak_snr`; 0 to 3.
    pub brightness_spread: f64,
}

impl Default for CellConfig {
    fn default() -> Self {
        Self {
            n_cells: 40,
            shape: CellShape::Ring,
            radius_px: 6.0,
            radius_spread: 0.12,
            min_distance_px: 8.0,
            baseline: 100.0,
            baseline_spread: 0.3,
            peak_snr: 5.0,
            brightness_spread: 0.5,
        }
    }
}

impl CellConfig {
    pub(super) fn check(&self) -> Result<(), ImagingError> {
        within("simulate.cells.n_cells", self.n_cells, 1, 100_000)?;
        within("simulate.cells.radius_px", self.radius_px, 1.0, 200.0)?;
        within("simulate.cells.radius_spread", self.radius_spread, 0.0, 0.5)?;
        within("simulate.cells.min_distance_px", self.min_distance_px, 0.0, 1000.0)?;
        within("simulate.cells.baseline", self.baseline, 0.0, 1e6)?;
        within("simulate.cells.baseline_spread", self.baseline_spread, 0.0, 2.0)?;
        within("simulate.cells.peak_snr", self.peak_snr, 0.01, 1000.0)?;
        within("simulate.cells.brightness_spread", self.brightness_spread, 0.0, 3.0)
    }
}

/// When cells spike: bursts that begin at random.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpikeConfig {
    /// Bursts per second; above 0 to 1000. A cell that would be silent gets one burst.
    pub burst_rate_hz: f64,
    /// S.d. of the log of each cell's rate; 0 to 2.
    pub rate_spread: f64,
    /// Mean spikes of a burst (geometric law); 1 to 100.
    pub spikes_per_burst: f64,
    /// Seconds over which the spikes of a burst spread; 0 to 10.
    pub burst_s: f64,
}

impl Default for SpikeConfig {
    fn default() -> Self {
        Self { burst_rate_hz: 0.15, rate_spread: 0.4, spikes_per_burst: 3.0, burst_s: 0.15 }
    }
}

impl SpikeConfig {
    pub(super) fn check(&self) -> Result<(), ImagingError> {
        positive("simulate.spikes.burst_rate_hz", self.burst_rate_hz, 1000.0)?;
        within("simulate.spikes.rate_spread", self.rate_spread, 0.0, 2.0)?;
        within("simulate.spikes.spikes_per_burst", self.spikes_per_burst, 1.0, 100.0)?;
        within("simulate.spikes.burst_s", self.burst_s, 0.0, 10.0)
    }
}

/// How the indicator answers a spike: an autoregression of order 2, of order 1 where `rise_s` is 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IndicatorConfig {
    /// Time constant of the rise in seconds; 0 to 10.
    pub rise_s: f64,
    /// Time constant of the decay in seconds; above 0 to 100.
    pub decay_s: f64,
}

impl Default for IndicatorConfig {
    fn default() -> Self {
        Self { rise_s: 0.05, decay_s: 0.5 }
    }
}

impl IndicatorConfig {
    pub(super) fn check(&self) -> Result<(), ImagingError> {
        within("simulate.indicator.rise_s", self.rise_s, 0.0, 10.0)?;
        positive("simulate.indicator.decay_s", self.decay_s, 100.0)
    }
}

/// Neuropil: smooth fields, each with a slow time course of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NeuropilConfig {
    /// Fields; 0 to 64 (0: no neuropil).
    pub n_components: usize,
    /// Mean light of all fields together; 0 to 1e6.
    pub level: f64,
    /// S.d. over time of each field's course, as a share of its mean; 0 to 1.
    pub fluctuation: f64,
    /// Time constant of the courses in seconds; above 0 to 1000.
    pub timescale_s: f64,
    /// Smoothness of the fields (s.d. of a Gaussian) in pixels; 1 to 1000.
    pub smoothness_px: f64,
}

impl Default for NeuropilConfig {
    fn default() -> Self {
        Self {
            n_components: 3,
            level: 100.0,
            fluctuation: 0.2,
            timescale_s: 1.5,
            smoothness_px: 20.0,
        }
    }
}

impl NeuropilConfig {
    pub(super) fn check(&self) -> Result<(), ImagingError> {
        within("simulate.neuropil.n_components", self.n_components, 0, 64)?;
        within("simulate.neuropil.level", self.level, 0.0, 1e6)?;
        within("simulate.neuropil.fluctuation", self.fluctuation, 0.0, 1.0)?;
        positive("simulate.neuropil.timescale_s", self.timescale_s, 1000.0)?;
        within("simulate.neuropil.smoothness_px", self.smoothness_px, 1.0, 1000.0)
    }
}

/// Light that never changes: `level * exp(contrast * z)` of a smooth and a fine random field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackgroundConfig {
    /// Median light; 0 to 1e6.
    pub level: f64,
    /// S.d. of the log of the smooth part (20 px); 0 to 2.
    pub smooth_contrast: f64,
    /// S.d. of the log of the fine part; 0 to 2.
    pub fine_contrast: f64,
    /// Grain of the fine part (s.d. of a Gaussian) in pixels; 1 to 20.
    pub grain_px: f64,
}

impl Default for BackgroundConfig {
    fn default() -> Self {
        Self { level: 100.0, smooth_contrast: 0.3, fine_contrast: 0.3, grain_px: 1.5 }
    }
}

impl BackgroundConfig {
    pub(super) fn check(&self) -> Result<(), ImagingError> {
        within("simulate.background.level", self.level, 0.0, 1e6)?;
        within("simulate.background.smooth_contrast", self.smooth_contrast, 0.0, 2.0)?;
        within("simulate.background.fine_contrast", self.fine_contrast, 0.0, 2.0)?;
        within("simulate.background.grain_px", self.grain_px, 1.0, 20.0)
    }
}

/// How the tissue moves: slow drift, jitter from frame to frame, jumps that last, and a smooth
/// displacement that differs over the field of view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MotionConfig {
    /// S.d. of the drift along each axis in pixels; 0 to 50.
    pub drift_px: f64,
    /// Time constant of the drift in seconds; above 0 to 10000.
    pub drift_s: f64,
    /// S.d. of the jitter along each axis in pixels; 0 to 20.
    pub jitter_px: f64,
    /// Jumps per second; 0 to 100.
    pub jump_rate_hz: f64,
    /// S.d. of a jump along each axis in pixels; 0 to 50. It fades with the drift's time constant.
    pub jump_px: f64,
    /// Largest rigid shift along each axis in pixels; 0 to 100. Larger ones are cut.
    pub max_shift_px: f64,
    /// S.d. of the non-rigid displacement along each axis in pixels; 0 to 20.
    pub nonrigid_px: f64,
    /// Smoothness of the non-rigid displacement (s.d. of a Gaussian) in pixels; 8 to 1000.
    pub nonrigid_smoothness_px: f64,
}

impl Default for MotionConfig {
    fn default() -> Self {
        Self {
            drift_px: 1.0,
            drift_s: 5.0,
            jitter_px: 0.2,
            jump_rate_hz: 0.1,
            jump_px: 2.0,
            max_shift_px: 6.0,
            nonrigid_px: 0.0,
            nonrigid_smoothness_px: 40.0,
        }
    }
}

impl MotionConfig {
    /// Tissue that stands still.
    pub fn none() -> Self {
        Self { drift_px: 0.0, jitter_px: 0.0, jump_rate_hz: 0.0, ..Self::default() }
    }

    pub(super) fn check(&self) -> Result<(), ImagingError> {
        within("simulate.motion.drift_px", self.drift_px, 0.0, 50.0)?;
        positive("simulate.motion.drift_s", self.drift_s, 1e4)?;
        within("simulate.motion.jitter_px", self.jitter_px, 0.0, 20.0)?;
        within("simulate.motion.jump_rate_hz", self.jump_rate_hz, 0.0, 100.0)?;
        within("simulate.motion.jump_px", self.jump_px, 0.0, 50.0)?;
        within("simulate.motion.max_shift_px", self.max_shift_px, 0.0, 100.0)?;
        within("simulate.motion.nonrigid_px", self.nonrigid_px, 0.0, 20.0)?;
        let smoothness = self.nonrigid_smoothness_px;
        within("simulate.motion.nonrigid_smoothness_px", smoothness, 8.0, 1000.0)
    }
}

/// Numbers a camera or digitiser writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PixelType {
    /// Rounded and cut to 0..=65535.
    #[default]
    UInt16,
    /// As computed.
    Float32,
}

/// Noise: `offset + Poisson(light * photons_per_unit) / photons_per_unit + read_noise * normal`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoiseConfig {
    /// Photons per unit of light; above 0 to 1e6.
    pub photons_per_unit: f64,
    /// S.d. of the read noise in units of light; 0 to 1e6.
    pub read_noise: f64,
    /// Value of a dark pixel; -1e6 to 1e6.
    pub offset: f64,
    /// Numbers written.
    pub output: PixelType,
}

impl Default for NoiseConfig {
    fn default() -> Self {
        Self { photons_per_unit: 0.1, read_noise: 10.0, offset: 200.0, output: PixelType::UInt16 }
    }
}

impl NoiseConfig {
    pub(super) fn check(&self) -> Result<(), ImagingError> {
        positive("simulate.noise.photons_per_unit", self.photons_per_unit, 1e6)?;
        within("simulate.noise.read_noise", self.read_noise, 0.0, 1e6)?;
        within("simulate.noise.offset", self.offset, -1e6, 1e6)
    }
}
