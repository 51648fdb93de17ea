//! Scores per neuron, their summaries, and the statement of what they refer to.

mod file;
mod json;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use file::ScoreFile;
pub use table::render_table;

/// A number per neuron; the definitions are in [`crate::metric`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Correlation over single trials.
    SingleTrialCorrelation,
    /// Correlation of averages over repeats.
    CorrelationToAverage,
    /// Fraction of explainable variance explained.
    Feve,
    /// Single-trial correlation over the noise ceiling.
    FractionOfCeiling,
    /// Expected single-trial correlation of a perfect predictor: says something about the
    /// recording, not about the predictor.
    NoiseCeiling,
    /// Correlation with the mean of the other repeats: likewise.
    Oracle,
    /// Log-likelihood in bits per frame, silent frames by convention A, as the released code of Schmidt
    /// et al. 2024 counts them.
    BitsReleased,
    /// Log-likelihood in bits per frame, silent frames by convention B, a point mass.
    BitsPointMass,
    /// Log-likelihood in bits per frame, silent frames by convention C, a proper density.
    BitsDensity,
}

impl Metric {
    /// The metrics that judge a predictor.
    pub const OF_PREDICTOR: [Self; 4] = [
        Self::SingleTrialCorrelation,
        Self::CorrelationToAverage,
        Self::Feve,
        Self::FractionOfCeiling,
    ];

    /// The metrics that say what is possible.
    pub const OF_RECORDING: [Self; 2] = [Self::NoiseCeiling, Self::Oracle];

    /// The log-likelihood of a predictor whose distribution of responses has a density, under the
    /// conventions A, B and C; bits compare only within one convention.
    pub const OF_LIKELIHOOD: [Self; 3] =
        [Self::BitsReleased, Self::BitsPointMass, Self::BitsDensity];

    /// The name in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::SingleTrialCorrelation => "single_trial_correlation",
            Self::CorrelationToAverage => "correlation_to_average",
            Self::Feve => "feve",
            Self::FractionOfCeiling => "fraction_of_ceiling",
            Self::NoiseCeiling => "noise_ceiling",
            Self::Oracle => "oracle",
            Self::BitsReleased => "bits_released",
            Self::BitsPointMass => "bits_point_mass",
            Self::BitsDensity => "bits_density",
        }
    }

    /// The name in tables.
    pub fn title(self) -> &'static str {
        match self {
            Self::SingleTrialCorrelation => "single-trial correlation",
            Self::CorrelationToAverage => "correlation to average",
            Self::Feve => "FEVE",
            Self::FractionOfCeiling => "fraction of ceiling",
            Self::NoiseCeiling => "noise ceiling",
            Self::Oracle => "oracle",
            Self::BitsReleased => "bits per frame (A)",
            Self::BitsPointMass => "bits per frame (B)",
            Self::BitsDensity => "bits per frame (C)",
        }
    }
}

/// Mean and median over the neurons for which a metric is defined.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Mean over neurons.
    pub mean: f64,
    /// Median over neurons; the mean of the two middle ones where their number is even.
    pub median: f64,
    /// Neurons for which the metric is defined.
    pub n_neurons: usize,
}

impl Summary {
    /// Summarise what is defined; `None` where nothing is.
    ///
    /// ```
    /// use striate_score::Summary;
    /// let summary = Summary::of([Some(1.0), None, Some(2.0), Some(6.0)]).unwrap();
    /// assert_eq!(summary, Summary { mean: 3.0, median: 2.0, n_neurons: 3 });
    /// assert_eq!(Summary::of([None, None]), None);
    /// ```
    pub fn of(values: impl IntoIterator<Item = Option<f64>>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().flatten().collect();
        let n_neurons = values.len();
        let mean = values.iter().sum::<f64>() / n_neurons as f64;
        values.sort_by(f64::total_cmp);
        let upper = *values.get(n_neurons / 2)?;
        let lower = *values.get((n_neurons - 1) / 2)?;
        Some(Self { mean, median: f64::midpoint(lower, upper), n_neurons })
    }
}

/// The scores of each neuron of a session on one tier.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NeuronScores {
    /// Trials scored.
    pub n_trials: usize,
    /// Stimuli with two trials or more.
    pub n_repeated_stimuli: usize,
    /// Frames scored, of all trials together.
    pub n_frames: u64,
    /// Correlation over single trials.
    pub single_trial_correlation: Vec<f64>,
    /// Correlation of averages over repeats.
    pub correlation_to_average: Vec<Option<f64>>,
    /// Fraction of explainable variance explained.
    pub feve: Vec<Option<f64>>,
    /// Single-trial correlation over the noise ceiling.
    pub fraction_of_ceiling: Vec<Option<f64>>,
    /// Expected single-trial correlation of a perfect predictor.
    pub noise_ceiling: Vec<Option<f64>>,
    /// Correlation with the mean of the other repeats.
    pub oracle: Vec<Option<f64>>,
    /// Log-likelihood in bits per frame, convention A; empty where the predictor has no density.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bits_released: Vec<Option<f64>>,
    /// The same, convention B.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bits_point_mass: Vec<Option<f64>>,
    /// The same, convention C.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bits_density: Vec<Option<f64>>,
}

impl NeuronScores {
    /// A metric of each neuron.
    pub fn values(&self, metric: Metric) -> Vec<Option<f64>> {
        match metric {
            Metric::SingleTrialCorrelation => {
                self.single_trial_correlation.iter().copied().map(Some).collect()
            }
            Metric::CorrelationToAverage => self.correlation_to_average.clone(),
            Metric::Feve => self.feve.clone(),
            Metric::FractionOfCeiling => self.fraction_of_ceiling.clone(),
            Metric::NoiseCeiling => self.noise_ceiling.clone(),
            Metric::Oracle => self.oracle.clone(),
            Metric::BitsReleased => self.bits_released.clone(),
            Metric::BitsPointMass => self.bits_point_mass.clone(),
            Metric::BitsDensity => self.bits_density.clone(),
        }
    }

    /// A metric over the session's neurons.
    pub fn summary(&self, metric: Metric) -> Option<Summary> {
        Summary::of(self.values(metric))
    }
}

/// The scores of one tier.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TierScores {
    /// Each session's scores, by its id.
    pub sessions: BTreeMap<String, NeuronScores>,
}

impl TierScores {
    /// A metric over all neurons of all sessions: sessions count by their neurons.
    pub fn pooled(&self, metric: Metric) -> Option<Summary> {
        Summary::of(self.sessions.values().flat_map(|session| session.values(metric)))
    }

    /// Mean over sessions of each session's mean: sessions count alike, as benchmark servers do.
    pub fn mean_over_sessions(&self, metric: Metric) -> Option<f64> {
        let means = self.sessions.values().map(|session| session.summary(metric).map(|s| s.mean));
        Summary::of(means).map(|summary| summary.mean)
    }
}

/// A tier of a session that has no responses to score against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedTier {
    /// The tier.
    pub tier: String,
    /// The session.
    pub session: String,
    /// Its trials.
    pub n_trials: usize,
}

impl fmt::Display for SkippedTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tier, session, n_trials } = self;
        write!(f, "tier `{tier}` of session `{session}` has no responses ({n_trials} trials)")
    }
}

/// What scores refer to: without it a number means nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The recording.
    pub recording: String,
    /// How responses were normalised, where the caller said so.
    pub normalisation: Option<String>,
    /// Hash of the data, where the caller said so.
    pub data_hash: Option<String>,
    /// The first frame of each trial that is scored, by session.
    pub scored_from_frame: BTreeMap<String, usize>,
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recording {}", self.recording)?;
        if let Some(hash) = &self.data_hash {
            write!(f, " (data {hash})")?;
        }
        f.write_str(". ")?;
        if let Some(normalisation) = &self.normalisation {
            write!(f, "Responses normalised {normalisation}. ")?;
        }
        let first = self.scored_from_frame.values().min().copied().unwrap_or(0);
        let last = self.scored_from_frame.values().max().copied().unwrap_or(0);
        if last == 0 {
            write!(f, "All frames of each trial are scored. ")?;
        } else if first == last {
            write!(f, "The first {last} frames of each trial are not scored. ")?;
        } else {
            write!(
                f,
                "The first {first} to {last} frames of each trial, by session, are not scored. "
            )?;
        }
        write!(f, "Means and medians are over all neurons of all sessions together.")
    }
}

/// The scores of one predictor on a recording.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Who predicted.
    pub predictor: String,
    /// What the scores refer to.
    pub statement: Statement,
    /// Scores of each tier that has responses.
    pub tiers: BTreeMap<String, TierScores>,
    /// What could not be scored.
    pub skipped: Vec<SkippedTier>,
}

impl Scores {
    pub(crate) fn new(predictor: &str, statement: Statement) -> Self {
        Self { predictor: predictor.to_owned(), statement, ..Self::default() }
    }

    pub(crate) fn insert(&mut self, tier: &str, session: &str, scores: NeuronScores) {
        let tier = self.tiers.entry(tier.to_owned()).or_default();
        tier.sessions.insert(session.to_owned(), scores);
    }
}
