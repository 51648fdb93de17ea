//! Everything a report shows, as plain data: what the writer needs and nothing about where it
//! comes from.

use std::collections::BTreeMap;

use striate_score::latents::LatentAnalysis;

/// The contents of one report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportData {
    /// What stands at the top, as the run's name.
    pub title: String,
    /// Short facts under the title, as `("neurons", "135")`.
    pub facts: Vec<(String, String)>,
    /// What was scored beside the baseline and the twin, as `twin given half`: columns of the scores.
    pub beside: Vec<String>,
    /// Scores of each tier, in the order to show them.
    pub tiers: Vec<TierScores>,
    /// Learning curves, oldest epoch first.
    pub curves: Vec<CurvePoint>,
    /// Tier that `neurons` were scored on.
    pub neuron_tier: String,
    /// What the score of a neuron is, as `single-trial correlation`.
    pub neuron_metric: String,
    /// Each neuron of each session.
    pub neurons: Vec<NeuronScore>,
    /// Height and width of the stimulus in pixels.
    pub stimulus_size: Option<[usize; 2]>,
    /// Best, median and worst neurons with what they did and what the twin says.
    pub examples: Vec<Example>,
    /// What the latents are and what they buy, where that was analysed.
    pub latents: Option<LatentAnalysis>,
    /// The resolved configuration.
    pub config: String,
    /// Version, data hash and the like.
    pub provenance: Vec<(String, String)>,
    /// What the reader must know before believing the numbers.
    pub notices: Vec<String>,
}

/// The scores of one tier, pooled over all neurons of all sessions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TierScores {
    /// The tier.
    pub tier: String,
    /// Neurons scored.
    pub n_neurons: usize,
    /// One row a metric.
    pub rows: Vec<ScoreRow>,
    /// The log-likelihood of each predictor that has one.
    pub bits: Vec<BitsRow>,
}

/// One metric: the twin between its baseline and its ceiling.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScoreRow {
    /// Name of the metric, spelled out.
    pub metric: String,
    /// Mean over neurons of the baseline's score.
    pub baseline: Option<f64>,
    /// Mean over neurons of the score of each predictor in [`ReportData::beside`].
    pub beside: Vec<Option<f64>>,
    /// Mean over neurons of the twin's score.
    pub twin: Option<f64>,
    /// Median over neurons of the twin's score.
    pub twin_median: Option<f64>,
    /// Mean over neurons of the noise ceiling.
    pub ceiling: Option<f64>,
    /// Mean of the twin's score by session; shown where there are several.
    pub sessions: BTreeMap<String, f64>,
}

/// The log-likelihood of one predictor in bits per neuron and frame, mean over neurons, under each
/// convention of what a silent frame counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BitsRow {
    /// The predictor, as `twin given half`.
    pub predictor: String,
    /// Convention C: a proper density.
    pub density: Option<f64>,
    /// Convention B: a point mass.
    pub point_mass: Option<f64>,
    /// Convention A: as released with the first such model.
    pub released: Option<f64>,
}

/// One epoch of the learning curves.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CurvePoint {
    /// Epochs done.
    pub epoch: f64,
    /// Training loss per scored value, without regularisers.
    pub loss: f64,
    /// Validation score, where this epoch was validated.
    pub validation: Option<f64>,
    /// Learning rate.
    pub learning_rate: f64,
    /// Whether a twin with latents was fitted without them.
    pub without_latents: bool,
    /// Divergence of the latents from their prior in nats per frame; 0 without latents.
    pub divergence: f64,
}

/// One neuron in numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NeuronScore {
    /// Its session.
    pub session: String,
    /// Its place in the session.
    pub neuron: usize,
    /// The twin's score.
    pub score: f64,
    /// The baseline's score.
    pub baseline: Option<f64>,
    /// The noise ceiling.
    pub ceiling: Option<f64>,
    /// Centre of the fitted receptive field, as x and y in stimulus pixels.
    pub position_px: Option<[f64; 2]>,
    /// Centre of the true receptive field of a simulated neuron, as x and y in stimulus pixels.
    pub true_position_px: Option<[f64; 2]>,
}

/// One neuron, recorded and predicted.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Why it is shown, as `best`.
    pub rank: String,
    /// Its session.
    pub session: String,
    /// Its place in the session.
    pub neuron: usize,
    /// The twin's score.
    pub score: f64,
    /// What is shown.
    pub responses: Responses,
}

/// Recorded and predicted responses of one neuron.
#[derive(Debug, Clone, PartialEq)]
pub enum Responses {
    /// One trial, or several of the same stimulus, frame by frame.
    Video {
        /// Frames a second; frames are shown where it is not known.
        frame_rate_hz: Option<f64>,
        /// Shape `[repeat, frame]`.
        recorded: Vec<Vec<f64>>,
        /// Shape `[frame]`, mean over the repeats.
        predicted: Vec<f64>,
    },
    /// One value an image.
    Images {
        /// Shape `[image]`, mean over repeats.
        recorded: Vec<f64>,
        /// Shape `[image]`.
        predicted: Vec<f64>,
    },
}
