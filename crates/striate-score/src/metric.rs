//! The metrics, exactly.
//!
//! One neuron is judged at a time, on observations: the frames of video trials, or the images of
//! image trials. Observations of the same **stimulus** (the same image, or the same frame of the same
//! video) are repeats. With recorded responses `y`, predictions `p`, and `n` repeats of each of `B`
//! stimuli:
//!
//! | metric | definition |
//! | --- | --- |
//! | [`correlation`] | mean of the product of z-scores of `p` and `y` over all observations; ddof 0; 1e-8 added to each standard deviation; what is not a number counts as 0 |
//! | [`correlation_to_average`] | the same between `p` and `y` averaged over the repeats of each stimulus |
//! | [`feve`] | fraction of explainable variance explained: `1 - (MSE - noise) / (total - noise)` with `MSE` over all observations, `noise` the mean over stimuli of the variance across repeats (ddof 1), `total` the variance of all observations (ddof 1); undefined where `(total - noise) / total` is below 0.15 |
//! | [`oracle`] | correlation between each observation and the mean of the other repeats of its stimulus |
//! | [`noise_ceiling`] | expected single-trial correlation of a perfect predictor: `sqrt(signal / (signal + noise))` with `noise` as above and `signal` the variance over stimuli (ddof 0) of the mean over repeats, less what noise adds to it, `(1 - 1/B) * mean of (variance across repeats / n)` |
//!
//! The first three are those of the Sensorium benchmarks (Willeke et al. 2022, arXiv 2206.08666;
//! Turishcheva et al. 2023, arXiv 2305.19654). The ceiling is the signal power of Sahani & Linden
//! 2003 ("How linear are auditory cortical responses?", eq. 1) put into the largest correlation of
//! Hsu, Borst & Theunissen 2004 ("Quantifying variability in neural responses and its application
//! for the validation of model predictions", eq. 6) for one trial; see Schoppe et al. 2016
//! ("Measuring the performance of neural models", eqs. 5 and 8).
//!
//! **Repeats.** All but [`correlation`] look only at stimuli with two observations or more; they are
//! undefined (`None`, JSON `null`) where there are none.
//!
//! **Fraction of ceiling** is `correlation / noise_ceiling`, undefined where the ceiling is undefined
//! or below [`LEAST_CEILING`]. It is not cut off at 1: a predictor that knows a state shared by the
//! repeats' noise, such as running, can do better than knowing the stimulus alone.
//!
//! **Missing values.** Observations that are not a number make what depends on them 0
//! (correlations) or undefined (all others).
//!
//! These functions take a neuron's observations as arrays. [`Correlations`] and [`Repeats`] take them
//! as they come, for all neurons of a session, and give the same numbers without ever holding a
//! recording.

mod accumulators;
mod arrays;
mod bits;
mod repeats;
#[cfg(test)]
mod tests;

pub use accumulators::Correlations;
pub use arrays::{correlation, correlation_to_average, feve, noise_ceiling, oracle};
pub use bits::Bits;
pub use repeats::{RepeatScores, Repeats};

/// Added to each standard deviation of a correlation.
const DEVIATION_FLOOR: f64 = 1e-8;

/// Neurons whose explainable share of the variance is smaller have no FEVE.
pub const LEAST_EXPLAINABLE: f64 = 0.15;

/// Neurons with a smaller noise ceiling have no fraction of ceiling: the quotient would be noise.
pub const LEAST_CEILING: f64 = 0.1;

/// Correlation as a fraction of the noise ceiling.
///
/// ```
/// use striate_score::metric::fraction_of_ceiling;
/// assert_eq!(fraction_of_ceiling(0.3, Some(0.6)), Some(0.5));
/// assert_eq!(fraction_of_ceiling(0.3, Some(0.01)), None);
/// assert_eq!(fraction_of_ceiling(0.3, None), None);
/// ```
pub fn fraction_of_ceiling(correlation: f64, ceiling: Option<f64>) -> Option<f64> {
    ceiling.filter(|&ceiling| ceiling >= LEAST_CEILING).map(|ceiling| correlation / ceiling)
}

/// The FEVE of its three variances; `None` below the least explainable share.
fn feve_of(squared_error: f64, noise: f64, total: f64) -> Option<f64> {
    let explainable = total - noise;
    // A comparison that is false for a neuron that never changes (0 / 0) and for NaN.
    (explainable / total >= LEAST_EXPLAINABLE)
        .then(|| 1.0 - (squared_error - noise) / explainable)
        .filter(|feve| feve.is_finite())
}

/// The ceiling from signal and noise variance; 0 for a neuron without signal.
fn ceiling_of(signal: f64, noise: f64) -> Option<f64> {
    let signal = signal.max(0.0);
    let ceiling = if signal + noise > 0.0 { (signal / (signal + noise)).sqrt() } else { 0.0 };
    (signal.is_finite() && noise.is_finite()).then_some(ceiling)
}
