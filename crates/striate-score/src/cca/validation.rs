//! Cross-validated canonical correlations.

use ndarray::Axis;
use serde::{Deserialize, Serialize};

use super::folds::deal;
use super::{CanonicalFit, CcaConfig, CcaError, PairedSeries};

/// Canonical correlations on frames fitted on and on held-out ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CcaScores {
    /// Mean over folds and seeds on the frames fitted on, one per component.
    pub train: Vec<f64>,
    /// Mean over folds and seeds on the held-out frames, one per component.
    pub test: Vec<f64>,
    /// Standard deviation of the latter over folds and seeds (ddof 0). Folds share most of the frames
    /// they are fitted on, so this is no standard error.
    pub test_deviation: Vec<f64>,
    /// Every fold of every seed.
    pub folds: Vec<FoldScores>,
}

/// One fold of one seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoldScores {
    /// Seed of the dealing.
    pub seed: u64,
    /// Number of the fold held out.
    pub fold: usize,
    /// Frames held out.
    pub n_test_frames: usize,
    /// Correlations on the frames fitted on, one per component.
    pub train: Vec<f64>,
    /// Correlations of the same mixtures on the held-out frames.
    pub test: Vec<f64>,
}

/// Find mixtures on all folds but one and judge them on that one, for every fold and seed.
///
/// # Errors
/// [`CcaError`] for a setting out of range, or fewer frames or trials than folds.
pub fn validate(series: &PairedSeries, config: &CcaConfig) -> Result<CcaScores, CcaError> {
    config.check()?;
    let mut folds = Vec::new();
    for &seed in &config.seeds {
        let dealt = deal(series, config.folds, config.n_folds, seed)?;
        for fold in 0..config.n_folds {
            folds.push(hold_out(series, config, &dealt, (seed, fold))?);
        }
    }
    let over = |of: fn(&FoldScores) -> &[f64]| -> (Vec<f64>, Vec<f64>) {
        let n = folds.len() as f64;
        let moments = |k: usize| {
            let mean = folds.iter().map(|fold| of(fold)[k]).sum::<f64>() / n;
            let variance = folds.iter().map(|fold| (of(fold)[k] - mean).powi(2)).sum::<f64>() / n;
            (mean, variance.sqrt())
        };
        (0..config.n_components).map(moments).unzip()
    };
    let (train, _) = over(|fold| &fold.train);
    let (test, test_deviation) = over(|fold| &fold.test);
    Ok(CcaScores { train, test, test_deviation, folds })
}

fn hold_out(
    series: &PairedSeries,
    config: &CcaConfig,
    dealt: &[usize],
    (seed, fold): (u64, usize),
) -> Result<FoldScores, CcaError> {
    let rows = |held_out: bool| -> Vec<usize> {
        (0..dealt.len()).filter(|&frame| (dealt[frame] == fold) == held_out).collect()
    };
    let (train, test) = (rows(false), rows(true));
    let [train, test] = [&train, &test]
        .map(|rows| [&series.first, &series.second].map(|side| side.select(Axis(0), rows)));
    let (first, second) = (train[0].view(), train[1].view());
    let fit = CanonicalFit::new(first, second, config.n_components, config.ridge)?;
    Ok(FoldScores {
        seed,
        fold,
        n_test_frames: test[0].nrows(),
        train: fit.correlations().to_vec(),
        test: fit.score(test[0].view(), test[1].view()),
    })
}
