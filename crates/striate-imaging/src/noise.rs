//! Noise level of a trace: the estimators in use, which differ and must not be mixed.
//!
//! All take the noise for white and the signal for slow. Missing frames (NaN, infinities) are cut
//! out and the rest is joined.

pub(crate) mod band;
mod welch;

#[cfg(test)]
mod tests;

/// How the standard deviation of white noise is told from a trace.
///
/// | estimator | variance | bias on white noise |
/// | --- | --- | --- |
/// | `welch-symmetric` | mean of half the Welch spectrum over the upper half of frequencies; segments of 256 with a symmetric Hann window, overlap 128, no detrending; zero-padded below 256 frames | 63.5/64: the Nyquist bin is halved once too often |
/// | `welch` | the same with a periodic Hann window and segments centred, as SciPy has it; needs 256 frames | 63.5/64 |
/// | `lag-difference` | `C(0) - C(1)`, the autocovariances of the centred trace | none; takes fast signal for noise |
/// | `band-mean` | mean of the periodogram in (0.25, 0.5] of the sampling rate; up to 3072 frames from start, middle and end | none |
/// | `band-median` | its median | ln 2 = 0.693 |
/// | `band-log` | exponential of its mean logarithm | exp(-0.5772) = 0.5615 |
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseEstimator {
    /// Welch's spectrum as the first PMD code takes it.
    WelchSymmetric,
    /// Welch's spectrum as SciPy takes it.
    Welch,
    /// Difference of two autocovariances.
    LagDifference,
    /// Mean of the periodogram's upper half.
    #[default]
    BandMean,
    /// Median of the periodogram's upper half.
    BandMedian,
    /// Exponential of the mean logarithm of the periodogram's upper half.
    BandLog,
}

impl NoiseEstimator {
    /// Frames below which there is no estimate.
    pub fn shortest(self) -> usize {
        match self {
            Self::Welch => welch::SEGMENT,
            Self::LagDifference => 2,
            Self::WelchSymmetric | Self::BandMean | Self::BandMedian | Self::BandLog => 4,
        }
    }

    /// Standard deviation of the noise of `trace`, in its units; `None` where fewer frames than
    /// [`NoiseEstimator::shortest`] are finite.
    ///
    /// ```
    /// use striate_base::Streams;
    /// use striate_imaging::noise::NoiseEstimator;
    ///
    /// let mut stream = Streams::new(1).stream("trace");
    /// let trace: Vec<f64> = (0..4000).map(|t| (t as f64 / 300.0).sin() + 0.1 * stream.normal()).collect();
    /// let noise = NoiseEstimator::BandMean.deviation(&trace).unwrap();
    /// assert!((noise - 0.1).abs() < 0.01);
    /// assert_eq!(NoiseEstimator::Welch.deviation(&trace[..100]), None);
    /// ```
    pub fn deviation<T: Copy + Into<f64>>(self, trace: &[T]) -> Option<f64> {
        let finite: Vec<f64> =
            trace.iter().map(|&value| value.into()).filter(|value| value.is_finite()).collect();
        (finite.len() >= self.shortest()).then(|| self.variance(&finite).max(0.0).sqrt())
    }

    fn variance(self, trace: &[f64]) -> f64 {
        match self {
            Self::WelchSymmetric => welch::symmetric(trace),
            Self::Welch => welch::periodic(trace),
            Self::LagDifference => lag_difference(trace),
            Self::BandMean => mean(&band::periodogram(trace)),
            Self::BandMedian => band::median(band::periodogram(trace)),
            Self::BandLog => {
                // An exact zero of the spectrum is a trace without noise.
                let logs: Vec<f64> = band::periodogram(trace).into_iter().map(f64::ln).collect();
                mean(&logs).exp()
            }
        }
    }
}

/// `C(0) - C(1)` with `C(0) = sum x_t^2 / T` and `C(1) = sum x_t x_{t+1} / (T - 1)`.
fn lag_difference(trace: &[f64]) -> f64 {
    let centre = mean(trace);
    let products = |lag: usize| {
        let pairs = trace.iter().zip(&trace[lag..]);
        let sum: f64 = pairs.map(|(a, b)| (a - centre) * (b - centre)).sum();
        sum / (trace.len() - lag) as f64
    };
    products(0) - products(1)
}

/// Mean; 0 of nothing.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / (values.len() as f64).max(1.0)
}
