//! Settings of the deconvolution.

use serde::{Deserialize, Serialize};

use crate::ImagingError;
use crate::noise::NoiseEstimator;
use crate::range::within;

/// What makes spikes few.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sparsity {
    /// The fewest spikes whose residual is the noise.
    Noise,
    /// A penalty on the sum of spikes, in standard deviations of what the noise alone gives: of
    /// noise filtered with the response to a spike, so that it suits any frame rate; `[0, inf)`.
    Penalty(f64),
    /// Spikes are 0 or at least this, in units of the noise; `[0, inf)`.
    MinimumSpike(f64),
}

/// What the trace is above.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// A constant, the best one together with the calcium.
    Free,
    /// A known constant, in units of the trace.
    Fixed(f64),
    /// A percentile of the trace; `[0, 100]`.
    Percentile(f64),
    /// A running percentile, and a constant on top that is free.
    Running {
        /// Percentile within the window; `[0, 100]`.
        percentile: f64,
        /// Length of the window in seconds; `(0, inf)`.
        window_s: f64,
    },
}

/// Settings of the deconvolution of traces. The defaults are the best of some 60 combinations on
/// 33 recordings of mouse V1 cells with known spikes (`benches/peers/README.md`); what they are good
/// for on other sets is measured there too.
///
/// ```
/// use striate_imaging::deconvolution::{DeconvolutionConfig, Sparsity};
///
/// let config: DeconvolutionConfig = toml::from_str("sparsity = { penalty = 2.0 }").unwrap();
/// assert_eq!(config.sparsity, Sparsity::Penalty(2.0));
/// assert!(DeconvolutionConfig { order: 3, ..config }.check().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeconvolutionConfig {
    /// Order of the autoregression where it is estimated, 1 or 2.
    pub order: usize,
    /// Decay time in seconds, `(0, inf)`; estimated from each trace where it is not given.
    pub decay_s: Option<f64>,
    /// Rise time in seconds, `(0, inf)`, beside a given decay: second order.
    pub rise_s: Option<f64>,
    /// Lags of the autocovariance that the estimate uses, in seconds, `(0, 60]`; 10 frames at
    /// least.
    pub lags_s: f64,
    /// Factor on the estimated roots, `(0, 1]`.
    pub root_factor: f64,
    /// Least and largest decay time of the estimate, in seconds; positive, ascending.
    pub decay_bounds_s: [f64; 2],
    /// What makes spikes few.
    pub sparsity: Sparsity,
    /// Factor on the noise that the residual is to have, `(0, 10]`.
    pub noise_factor: f64,
    /// Estimator of the noise.
    pub noise: NoiseEstimator,
    /// What the trace is above.
    pub baseline: Baseline,
}

impl Default for DeconvolutionConfig {
    fn default() -> Self {
        Self {
            order: 1,
            decay_s: None,
            rise_s: None,
            lags_s: 0.5,
            root_factor: 1.0,
            decay_bounds_s: [0.05, 5.0],
            sparsity: Sparsity::Penalty(1.3),
            noise_factor: 1.0,
            noise: NoiseEstimator::BandMean,
            baseline: Baseline::Running { percentile: 10.0, window_s: 30.0 },
        }
    }
}

/// Settings that passed [`DeconvolutionConfig::check`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValidDeconvolution(DeconvolutionConfig);

impl ValidDeconvolution {
    /// The settings.
    pub fn config(&self) -> &DeconvolutionConfig {
        &self.0
    }
}

impl DeconvolutionConfig {
    /// Check every range.
    ///
    /// # Errors
    /// [`ImagingError::Config`] for the first setting out of its range.
    pub fn check(self) -> Result<ValidDeconvolution, ImagingError> {
        if !(1..=2).contains(&self.order) {
            return Err(ImagingError::config("deconvolution.order", self.order, "1 or 2"));
        }
        within("deconvolution.lags_s", self.lags_s, f64::MIN_POSITIVE, 60.0)?;
        within("deconvolution.root_factor", self.root_factor, f64::MIN_POSITIVE, 1.0)?;
        within("deconvolution.noise_factor", self.noise_factor, f64::MIN_POSITIVE, 10.0)?;
        self.check_times()?;
        self.check_sparsity()?;
        self.check_baseline()?;
        Ok(ValidDeconvolution(self))
    }

    fn check_times(&self) -> Result<(), ImagingError> {
        let [shortest, longest] = self.decay_bounds_s;
        if !(shortest > 0.0 && shortest <= longest && longest.is_finite()) {
            return Err(ImagingError::config(
                "deconvolution.decay_bounds_s",
                format!("[{shortest}, {longest}]"),
                "two positive numbers, ascending",
            ));
        }
        for (key, time) in
            [("deconvolution.decay_s", self.decay_s), ("deconvolution.rise_s", self.rise_s)]
        {
            within(key, time.unwrap_or(1.0), f64::MIN_POSITIVE, f64::MAX)?;
        }
        if self.rise_s.is_some() && self.decay_s.is_none() {
            return Err(ImagingError::config(
                "deconvolution.rise_s",
                "a rise without a decay",
                "deconvolution.decay_s beside it",
            ));
        }
        Ok(())
    }

    fn check_sparsity(&self) -> Result<(), ImagingError> {
        match self.sparsity {
            Sparsity::Noise => Ok(()),
            Sparsity::Penalty(value) | Sparsity::MinimumSpike(value) => {
                within("deconvolution.sparsity", value, 0.0, f64::MAX)
            }
        }
    }

    fn check_baseline(&self) -> Result<(), ImagingError> {
        let key = "deconvolution.baseline";
        match self.baseline {
            Baseline::Free => Ok(()),
            Baseline::Fixed(value) => within(key, value, f64::MIN, f64::MAX),
            Baseline::Percentile(percentile) => within(key, percentile, 0.0, 100.0),
            Baseline::Running { percentile, window_s } => {
                within(key, percentile, 0.0, 100.0)?;
                within(key, window_s, f64::MIN_POSITIVE, f64::MAX)
            }
        }
    }

    /// The estimator of the noise.
    pub(super) fn estimator(&self) -> NoiseEstimator {
        self.noise
    }
}
