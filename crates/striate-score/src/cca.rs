//! Canonical correlation analysis: how much two multivariate time series have in common.
//!
//! Used for the link between inferred latents and behaviour, or between inferred and true latents.
//! Canonical correlation `k` is the largest correlation between a linear mixture of the columns of
//! the first series and one of the second, uncorrelated with the mixtures before it (Hotelling,
//! "Relations between two sets of variates", Biometrika 28:321, 1936). With a second series of one
//! column it is the multiple correlation R of a linear regression.
//!
//! Mixtures are found on some frames and judged on others ([`validate`]), since with many columns and
//! few frames anything correlates with anything:
//!
//! - [`Folds::Shuffled`] deals single frames. Neighbouring frames of a slow series land on both sides,
//!   so that the held-out correlation is too high. It is what the literature on latents of visual cortex
//!   reports.
//! - [`Folds::Blocked`] deals whole trials. It is the honest one.
//!
//! Even then two slow series that have nothing to do with one another correlate by accident.
//! [`shifted_control`] measures how much: it pairs each trial of the first series with another trial
//! of the second.
//!
//! # Numerics
//! All in f64. Columns are standardised (mean 0, variance 1, of the frames fitted on), then
//! decomposed by their singular values, as in Björck & Golub ("Numerical methods for computing angles
//! between linear subspaces", Math. Comp. 27:579, 1973); no covariance is formed. Directions whose
//! singular value is below 1e-10 of the largest do not count, so that constant, repeated and too
//! many columns are no trouble. With [`CcaConfig::ridge`] `r`, covariances of standardised columns
//! become `C + r I` (Vinod, "Canonical ridge and econometrics of joint production", J. Econometrics
//! 4:147, 1976). A component there is no direction for has a correlation of 0.
//!
//! **Missing values.** NaN and infinities are refused, naming the frame and the column.
//!
//! ```
//! use ndarray::{Array2, array};
//! use striate_score::cca::{CcaConfig, PairedSeries, validate};
//!
//! // Twelve trials of 20 frames; the second series is a linear map of the first.
//! let first = Array2::from_shape_fn((240, 2), |(t, k)| (t as f64 * [0.37, 0.83][k]).sin());
//! let second = first.dot(&array![[1.0, -2.0], [0.5, 1.0]]);
//! let series = PairedSeries::new(first.view(), second.view(), &[20; 12])?;
//! let scores = validate(&series, &CcaConfig { n_components: 2, ..CcaConfig::default() })?;
//! assert!(scores.test.iter().all(|r| *r > 0.999));
//! # Ok::<(), striate_score::cca::CcaError>(())
//! ```

mod control;
mod error;
mod fit;
mod folds;
mod series;
mod validation;
mod whitening;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use control::{ControlBand, shifted_control};
pub use error::CcaError;
pub use fit::CanonicalFit;
pub use series::{PairedSeries, correlation, pearson};
pub use validation::{CcaScores, FoldScores, validate};

pub(crate) use series::check_finite;
pub(crate) use whitening::Svd;

/// How a cross-validated analysis is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CcaConfig {
    /// Canonical correlations wanted, 1..=1000.
    pub n_components: usize,
    /// Added to the variance of every standardised column, 0..=1000; 0 for plain analysis.
    pub ridge: f64,
    /// Parts of which each is held out once, 2..=1000.
    pub n_folds: usize,
    /// What is dealt to the folds.
    pub folds: Folds,
    /// Seeds of the dealing, at least one; the analysis is repeated for each.
    pub seeds: Vec<u64>,
}

/// What is dealt to the folds of a cross-validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Folds {
    /// Single frames, as published; neighbours leak.
    Shuffled,
    /// Whole trials.
    Blocked,
}

impl Default for CcaConfig {
    fn default() -> Self {
        Self {
            n_components: 1,
            ridge: 0.0,
            n_folds: 5,
            folds: Folds::Blocked,
            seeds: (40..=44).collect(),
        }
    }
}

impl CcaConfig {
    fn check(&self) -> Result<(), CcaError> {
        let refuse =
            |name, found: String, expected| Err(CcaError::Setting { name, found, expected });
        if !(1..=1000).contains(&self.n_components) {
            return refuse("n_components", self.n_components.to_string(), "1 to 1000");
        }
        check_ridge(self.ridge)?;
        if !(2..=1000).contains(&self.n_folds) {
            return refuse("n_folds", self.n_folds.to_string(), "2 to 1000");
        }
        if self.seeds.is_empty() {
            return refuse("seeds", "none".to_owned(), "at least one");
        }
        Ok(())
    }
}

fn check_ridge(ridge: f64) -> Result<(), CcaError> {
    if (0.0..=1000.0).contains(&ridge) {
        return Ok(());
    }
    Err(CcaError::Setting { name: "ridge", found: ridge.to_string(), expected: "0 to 1000" })
}
