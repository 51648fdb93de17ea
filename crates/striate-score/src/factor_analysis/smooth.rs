//! Gaussian-process factor analysis: factors that are smooth in time.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis, concatenate, s};
use serde::{Deserialize, Serialize};

use super::FactorError;
use super::ascent::ascend;
use super::conditional::{Conditional, hidden_of};
use super::kernel::{Kernel, Kernels};
use super::model::{FactorAnalysis, FactorConfig, centred, weighted};
use super::posterior::Posterior;

/// How factors are smooth over the frames of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmoothingConfig {
    /// Timescales in frames that a factor can have, 1 to 1000 of them, each above 0. Fitting starts
    /// from the middle one. Default: 0.5 to 64 frames, each the square root of 2 times the one before.
    pub timescales: Vec<f64>,
    /// Most frames that are conditioned on together, 1..=1000: longer trials are cut into windows as
    /// equal as can be, across whose borders factors know nothing of each other. Default 50. Memory and
    /// time: matrices of factors times frames a side.
    pub window: usize,
}

impl Default for SmoothingConfig {
    fn default() -> Self {
        let timescales = (0..15).map(|k| 0.5 * 2f64.powf(0.5 * f64::from(k))).collect();
        Self { timescales, window: 50 }
    }
}

impl SmoothingConfig {
    fn check(&self) -> Result<(), FactorError> {
        if !(1..=1000).contains(&self.timescales.len()) {
            let found = format!("{} of them", self.timescales.len());
            return Err(FactorError::setting("timescales", found, "1 to 1000 of them"));
        }
        let out = |timescale: &&f64| !(**timescale > 0.0 && timescale.is_finite());
        if let Some(found) = self.timescales.iter().find(out) {
            return Err(FactorError::setting("timescales", found, "numbers above 0"));
        }
        if (1..=1000).contains(&self.window) {
            return Ok(());
        }
        Err(FactorError::setting("window", self.window, "1 to 1000"))
    }
}

/// Factor analysis whose factors are Gaussian processes over the frames of a trial, each with a
/// timescale of its own (Yu et al. 2009, equations 1 to 3 and appendix). See the [module](super) for
/// differences from the paper.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianProcessFactors {
    model: FactorAnalysis,
    timescales: Vec<f64>,
    window: usize,
}

impl GaussianProcessFactors {
    /// Fit to trials of responses `[frame, neuron]`: factor analysis, then EM from there.
    ///
    /// # Errors
    /// [`FactorError`] as [`FactorAnalysis::fit`], and for trials without frames or with different
    /// numbers of neurons.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use striate_score::factor_analysis::{FactorConfig, GaussianProcessFactors, SmoothingConfig};
    ///
    /// // Ten trials in which four neurons follow one slow wave.
    /// let trial = |k: usize| Array2::from_shape_fn((20, 4), |(t, n)| {
    ///     (0.2 * t as f64 + k as f64).sin() + ((2.1 + n as f64) * (t + 20 * k) as f64).cos()
    /// });
    /// let trials: Vec<Array2<f64>> = (0..10).map(trial).collect();
    /// let views: Vec<_> = trials.iter().map(|trial| trial.view()).collect();
    /// let config = FactorConfig::with_factors(1);
    /// let model = GaussianProcessFactors::fit(&views, &config, &SmoothingConfig::default())?;
    /// assert!(model.timescales()[0] > 3.0);
    /// # Ok::<(), striate_score::factor_analysis::FactorError>(())
    /// ```
    pub fn fit(
        trials: &[ArrayView2<'_, f64>],
        config: &FactorConfig,
        smoothing: &SmoothingConfig,
    ) -> Result<Self, FactorError> {
        smoothing.check()?;
        let all = stacked(trials)?;
        let mut model = FactorAnalysis::fit(all.view(), config)?;
        let centred = &all - &model.mean;
        let mut windows = Vec::new();
        let mut first = 0;
        for trial in trials {
            let cut = cut(trial.nrows(), smoothing.window);
            windows.extend(cut.map(|w| centred.slice(s![first + w.start..first + w.end, ..])));
            first += trial.nrows();
        }
        let kernels =
            Kernels::new(&smoothing.timescales, windows.iter().map(|window| window.dim().0))?;
        let places = ascend(&mut model, &windows, &kernels, config)?;
        let timescales = places.iter().map(|&place| smoothing.timescales[place]).collect();
        Ok(Self { model, timescales, window: smoothing.window })
    }

    /// A model of known parameters: the means, loadings and private variances of `model`, timescales
    /// in frames, one for each factor, and the most frames conditioned on together.
    ///
    /// # Errors
    /// [`FactorError`] for another number of timescales and values out of range.
    pub fn new(
        model: FactorAnalysis,
        timescales: Vec<f64>,
        window: usize,
    ) -> Result<Self, FactorError> {
        if timescales.len() != model.n_factors() {
            let (found, expected) = (timescales.len(), model.n_factors());
            return Err(FactorError::shape("timescales, one for each factor", found, expected));
        }
        if !timescales.is_empty() {
            SmoothingConfig { timescales: timescales.clone(), window }.check()?;
        }
        Ok(Self { model, timescales, window })
    }

    /// Means, loadings, private variances and the log-likelihoods of the fit. What it says of a frame
    /// alone is right, since every factor has variance 1 in each.
    pub fn factor_analysis(&self) -> &FactorAnalysis {
        &self.model
    }

    /// Timescales in frames, one for each factor.
    pub fn timescales(&self) -> &[f64] {
        &self.timescales
    }

    /// The other neurons, given the responses `[frame, visible]` of the neurons `visible` in all frames
    /// of each trial; one result for each trial.
    ///
    /// # Errors
    /// As [`FactorAnalysis::condition`].
    pub fn condition(
        &self,
        visible: &[usize],
        trials: &[ArrayView2<'_, f64>],
    ) -> Result<Vec<Conditional>, FactorError> {
        let hidden = hidden_of(visible, self.model.n_neurons())?;
        let own = self.model.loadings.select(Axis(0), visible);
        let weights = weighted(&own, &self.model.private_variances.select(Axis(0), visible));
        let seen = own.t().dot(&weights);
        let loadings = self.model.loadings.select(Axis(0), &hidden);
        let mut known: BTreeMap<usize, (Posterior, Array2<f64>)> = BTreeMap::new();
        let mut all = Vec::with_capacity(trials.len());
        for &trial in trials {
            let projected = centred(&self.model.mean, visible, trial)?.dot(&weights);
            let mut mean = Array2::zeros((trial.nrows(), hidden.len()));
            let mut variance = mean.clone();
            for window in cut(trial.nrows(), self.window) {
                let length = window.len();
                if let Entry::Vacant(place) = known.entry(length) {
                    let posterior = self.posterior(&seen, length)?;
                    let uncertain = variances(&loadings, &posterior, length);
                    place.insert((posterior, uncertain));
                }
                let (posterior, uncertain) = &known[&length];
                let rows = s![window.start..window.end, ..];
                let means = posterior.means(&projected.slice(rows).to_owned());
                mean.slice_mut(rows).assign(&loadings.dot(&means).t());
                variance.slice_mut(rows).assign(uncertain);
            }
            mean += &self.model.mean.select(Axis(0), &hidden);
            variance += &self.model.private_variances.select(Axis(0), &hidden);
            all.push(Conditional { hidden: hidden.clone(), mean, variance });
        }
        Ok(all)
    }

    fn posterior(&self, seen: &Array2<f64>, length: usize) -> Result<Posterior, FactorError> {
        let kernels: Vec<Kernel> = self
            .timescales
            .iter()
            .map(|&timescale| Kernel::new(timescale, length))
            .collect::<Result<_, _>>()?;
        Posterior::new(&kernels.iter().collect::<Vec<_>>(), seen, length)
    }
}

/// Trials one after another, `[frame, neuron]`.
pub(super) fn stacked(trials: &[ArrayView2<'_, f64>]) -> Result<Array2<f64>, FactorError> {
    let n_neurons = trials.first().map_or(0, |trial| trial.dim().1);
    for trial in trials {
        if trial.ncols() != n_neurons {
            return Err(FactorError::shape("neurons of a trial", trial.ncols(), n_neurons));
        }
        if trial.nrows() == 0 {
            return Err(FactorError::shape("frames of a trial", 0, "1 or more"));
        }
    }
    concatenate(Axis(0), trials).map_err(|_| FactorError::shape("trials", "none", "1 or more"))
}

/// Windows of at most `window` frames, as equal as can be.
fn cut(n_frames: usize, window: usize) -> impl Iterator<Item = Range<usize>> {
    let n = n_frames.div_ceil(window);
    (0..n).map(move |i| i * n_frames / n..(i + 1) * n_frames / n)
}

/// Variances of the hidden neurons that come from the factors, `[frame, hidden]`.
fn variances(loadings: &Array2<f64>, posterior: &Posterior, length: usize) -> Array2<f64> {
    let mut all = Array2::zeros((length, loadings.nrows()));
    for (frame, mut row) in all.outer_iter_mut().enumerate() {
        row.assign(&(loadings * &loadings.dot(&posterior.of_frame(frame))).sum_axis(Axis(1)));
    }
    all
}
