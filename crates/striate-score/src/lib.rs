//! How well a twin predicts: correlations, explained variance, noise ceilings and score tables;
//! baselines fitted on a recording; benchmark submissions.
//!
//! Anything that predicts is a [`Predictor`]: a twin in its recording ([`TwinPredictor`]), a
//! baseline ([`BaselinePredictor`]), a submission read back. [`score`] streams the trials of
//! a recording past it and gives [`Scores`] per neuron, with their summaries, a statement of what
//! they refer to, and the JSON of `striate score`. [`metric`] has the definitions.
//!
//! [`latents`] says what the latents of a twin are, and what they buy.
//!
//! [`cca`] says how much two multivariate series have in common, as latents and behaviour; [`subspace`]
//! how far apart two subspaces are, as those of true and inferred loadings. [`factor_analysis`] predicts
//! neurons from the others in closed form.
//!
//! ```
//! use striate_score::metric::correlation;
//! use ndarray::array;
//!
//! let (predicted, recorded) = (array![0.1f32, 0.9, 0.2], array![0.0f32, 2.0, 0.5]);
//! assert!((correlation(predicted.view(), recorded.view()) - 0.992).abs() < 1e-3);
//! ```

pub mod baseline;
pub mod cca;
mod error;
pub mod factor_analysis;
pub mod latents;
mod memory;
pub mod metric;
mod positions;
mod predict;
mod predictor;
mod scorer;
mod scores;
pub mod submission;
pub mod subspace;
#[cfg(test)]
mod testing;

pub use baseline::BaselinePredictor;
pub use error::ScoreError;
pub use memory::{baseline_bytes, factor_bytes, leave_one_out_bytes, prediction_bytes};
pub use positions::{
    LEAST_CEILING_FOR_POSITIONS, PositionErrors, readout_positions_px, true_positions_px,
};
pub use predict::{PredictConfig, PredictedTrial, predict_trials};
pub use predictor::{
    Condition, ConditionedPredictor, EnsemblePredictor, FACTORS_GIVEN, FactorPredictor, GIVEN,
    JudgedTrial, Predictor, SMOOTH_FACTORS_GIVEN, TrialInput, TwinPredictor, WITHOUT_LATENTS,
};
pub use scorer::{ScoreConfig, score, score_all, stimuli};
pub use scores::{
    Metric, NeuronScores, ScoreFile, Scores, SkippedTier, Statement, Summary, TierScores,
    render_table,
};
