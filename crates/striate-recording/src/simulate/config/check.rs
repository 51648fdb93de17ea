//! The permitted ranges of a simulation.

use std::fmt::Display;
use std::ops::Deref;

use super::{EyeLaw, NormalisationLaw, PopulationLaw, ResponseLaw, SimulationConfig};
use crate::simulate::SimulationError;

/// A [`SimulationConfig`] whose values are all within their ranges.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidSimulation(SimulationConfig);

impl Deref for ValidSimulation {
    type Target = SimulationConfig;

    fn deref(&self) -> &SimulationConfig {
        &self.0
    }
}

impl SimulationConfig {
    /// Refuse values outside the documented ranges.
    ///
    /// # Errors
    /// [`SimulationError::Config`] or [`SimulationError::Stimulus`], naming the setting.
    ///
    /// ```
    /// use striate_recording::simulate::SimulationConfig;
    /// let error = SimulationConfig { n_neurons: 0, ..SimulationConfig::demo() }.check();
    /// let message = error.unwrap_err().to_string();
    /// assert_eq!(message, "simulation setting n_neurons is 0, expected 1 to 1000000");
    /// ```
    pub fn check(self) -> Result<ValidSimulation, SimulationError> {
        whole("n_sessions", self.n_sessions, 1, 1_000, "1 to 1000")?;
        whole("n_neurons", self.n_neurons, 1, 1_000_000, "1 to 1000000")?;
        whole("n_padding_frames", self.n_padding_frames, 0, 10_000, "0 to 10000")?;
        self.canvas.check()?;
        self.video.check()?;
        self.check_trials()?;
        let window = self.statistics_window_frames;
        require(window % 2 == 1, "statistics_window_frames", window, "an odd number")?;
        self.population.check(self.canvas.height.min(self.canvas.width))?;
        self.normalisation.check()?;
        self.state.check()?;
        self.eye.check()?;
        self.response.check()?;
        Ok(ValidSimulation(self))
    }

    fn check_trials(&self) -> Result<(), SimulationError> {
        let trials = &self.trials;
        let most = 10_000_000;
        whole("trials.train", trials.train, 2, most, "2 to 10000000")?;
        let distinct = trials.distinct_train.unwrap_or(trials.train);
        let expected = "2 to the number of training trials";
        whole("trials.distinct_train", distinct, 2, trials.train, expected)?;
        for (name, tier) in
            [("trials.oracle", &trials.oracle), ("trials.live_test_main", &trials.live_test_main)]
        {
            let holds = tier.n_videos.checked_mul(tier.n_repeats).is_some_and(|n| n <= most)
                && (tier.n_videos == 0 || tier.n_repeats > 0);
            let found = format!("{} videos x {} repeats", tier.n_videos, tier.n_repeats);
            require(holds, name, found, "at least one repeat and at most 10000000 trials")?;
        }
        Ok(())
    }
}

impl PopulationLaw {
    fn check(&self, shorter_side: usize) -> Result<(), SimulationError> {
        let fraction = self.complex_fraction;
        number("population.complex_fraction", fraction, 0.0, 1.0, "0 to 1")?;
        let fraction = self.direction_fraction;
        number("population.direction_fraction", fraction, 0.0, 1.0, "0 to 1")?;
        bounds("population.sigma_px", self.sigma_px, 0.5, 1e3, "0.5 <= low <= high <= 1000")?;
        let ratio = self.wavelength_per_sigma;
        bounds("population.wavelength_per_sigma", ratio, 1.0, 20.0, "1 <= low <= high <= 20")?;
        let shortest = self.sigma_px[0] * ratio[0];
        let name = "population.sigma_px x wavelength_per_sigma (shortest wavelength in pixels)";
        require(shortest >= 2.0, name, shortest, "at least 2")?;
        let rate = self.kernel_rate_hz;
        bounds("population.kernel_rate_hz", rate, 1e-3, 1e6, "0.001 <= low <= high <= 1e6")?;
        whole("population.kernel_frames", self.kernel_frames, 1, 1_000, "1 to 1000")?;
        let widest = 0.5 * (shorter_side as f64 - 1.0);
        let expected = "0 to half the shorter side of the video";
        number("population.margin_px", self.margin_px, 0.0, widest, expected)?;
        number("population.scatter_px", self.scatter_px, 0.0, 1e3, "0 to 1000")?;
        let distance = self.cortex_um_per_px;
        number("population.cortex_um_per_px", distance, 1e-3, 1e6, "0.001 to 1e6")?;
        let rotation = self.map_rotation_deg;
        number("population.map_rotation_deg", rotation, -360.0, 360.0, "-360 to 360")
    }
}

impl NormalisationLaw {
    fn check(&self) -> Result<(), SimulationError> {
        let contrast = self.semi_saturation;
        number("normalisation.semi_saturation", contrast, 1e-3, 10.0, "0.001 to 10")?;
        number("normalisation.pool_sigma_px", self.pool_sigma_px, 0.5, 1e3, "0.5 to 1000")?;
        number("normalisation.pool_frames", self.pool_frames, 1e-3, 1e3, "0.001 to 1000")
    }
}

impl EyeLaw {
    fn check(&self) -> Result<(), SimulationError> {
        number("eye.fixation_px", self.fixation_px, 0.0, 1e3, "0 to 1000")?;
        number("eye.saccade_rate_hz", self.saccade_rate_hz, 0.0, 1e3, "0 to 1000")?;
        number("eye.drift_px", self.drift_px, 0.0, 1e3, "0 to 1000")?;
        let scale = self.camera_px_per_px;
        number("eye.camera_px_per_px", scale, 1e-3, 1e3, "0.001 to 1000")?;
        number("eye.tracker_noise_px", self.tracker_noise_px, 0.0, 1e3, "0 to 1000")
    }
}

impl ResponseLaw {
    fn check(&self) -> Result<(), SimulationError> {
        let rate = self.mean_rate;
        bounds("response.mean_rate", rate, 1e-6, 1e6, "1e-6 <= low <= high <= 1e6")?;
        let share = self.spontaneous_share;
        number("response.spontaneous_share", share, 0.0, 0.99, "0 to 0.99")?;
        bounds("response.ceiling", self.ceiling, 0.01, 0.99, "0.01 <= low <= high <= 0.99")?;
        number("response.event_shape", self.event_shape, 1e-3, 1e3, "0.001 to 1000")?;
        let videos = self.calibration_videos;
        whole("response.calibration_videos", videos, 1, 1_000, "1 to 1000")
    }
}

pub(super) fn require(
    holds: bool,
    name: &'static str,
    found: impl Display,
    expected: &'static str,
) -> Result<(), SimulationError> {
    if holds {
        Ok(())
    } else {
        Err(SimulationError::Config { name, found: found.to_string(), expected })
    }
}

pub(super) fn whole(
    name: &'static str,
    found: usize,
    low: usize,
    high: usize,
    expected: &'static str,
) -> Result<(), SimulationError> {
    require((low..=high).contains(&found), name, found, expected)
}

pub(super) fn number(
    name: &'static str,
    found: f64,
    low: f64,
    high: f64,
    expected: &'static str,
) -> Result<(), SimulationError> {
    require((low..=high).contains(&found), name, found, expected)
}

fn bounds(
    name: &'static str,
    found: [f64; 2],
    low: f64,
    high: f64,
    expected: &'static str,
) -> Result<(), SimulationError> {
    let holds = low <= found[0] && found[0] <= found[1] && found[1] <= high;
    require(holds, name, format!("[{}, {}]", found[0], found[1]), expected)
}
