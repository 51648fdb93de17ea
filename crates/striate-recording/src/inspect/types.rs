//! What an inspection finds, as plain data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::session::StimulusKind;

/// How much is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InspectionConfig {
    /// Values (pixels and responses) read of each session at most. Where there are more, an evenly
    /// spread part of the trials is read, as is said in a warning; repeats of a stimulus are read
    /// together or not at all. Default 2^30.
    pub max_values: u64,
}

impl Default for InspectionConfig {
    fn default() -> Self {
        Self { max_values: 1 << 30 }
    }
}

/// What is in a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// Name of the recording.
    pub name: String,
    /// Its sessions, in order.
    pub sessions: Vec<SessionInspection>,
}

impl Inspection {
    /// The gravest warning of all sessions.
    pub fn worst(&self) -> Option<Severity> {
        let warnings = self.sessions.iter().flat_map(|session| &session.warnings);
        warnings.map(|warning| warning.severity).max()
    }
}

/// What is in a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionInspection {
    /// Name of the session.
    pub id: String,
    /// Images or videos.
    pub kind: StimulusKind,
    /// Number of neurons.
    pub n_neurons: usize,
    /// Height of a frame in pixels, as models see it.
    pub height: usize,
    /// Width of a frame in pixels, as models see it.
    pub width: usize,
    /// Number of behaviour traces.
    pub n_behaviour: usize,
    /// Whether the position of the pupil was recorded.
    pub has_pupil_center: bool,
    /// Whether positions of the neurons in the tissue are known.
    pub has_coordinates: bool,
    /// Frames per second of a video, where known.
    pub frame_rate_hz: Option<f64>,
    /// First frame of each trial that is scored, and counts for ceilings.
    pub scored_from_frame: usize,
    /// How responses are normalised.
    pub response_normalisation: String,
    /// Number of trials.
    pub n_trials: usize,
    /// Number of trials whose values were looked at.
    pub n_trials_read: usize,
    /// The tiers by name.
    pub tiers: BTreeMap<String, TierInspection>,
    /// Pixels as models see them.
    pub stimulus: StimulusSummary,
    /// Mean response per frame or image over all neurons, as models see it.
    pub mean_response: f64,
    /// The same per second, where responses are counts of a video of known frame rate.
    pub mean_rate_hz: Option<f64>,
    /// Responses that are not finite.
    pub n_missing_responses: u64,
    /// Values of behaviour that are not finite.
    pub n_missing_behaviour: u64,
    /// Coordinates of the pupil that are not finite.
    pub n_missing_pupil: u64,
    /// Noise ceilings over neurons; `None` without repeats.
    pub ceiling: Option<CeilingSummary>,
    /// Every neuron, in the recording's order.
    pub neurons: Vec<NeuronSummary>,
    /// What is odd, gravest first.
    pub warnings: Vec<Warning>,
}

/// What a tier consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierInspection {
    /// Number of trials.
    pub n_trials: usize,
    /// Those with responses; 0: the tier is hidden.
    pub n_trials_with_responses: usize,
    /// Frames in all trials together.
    pub n_frames: usize,
    /// Frames of the shortest trial.
    pub shortest_trial: usize,
    /// Frames of the longest trial.
    pub longest_trial: usize,
    /// Stimuli shown more than once.
    pub n_repeated_stimuli: usize,
    /// Fewest presentations of a repeated stimulus.
    pub fewest_repeats: Option<usize>,
    /// Most presentations of a repeated stimulus.
    pub most_repeats: Option<usize>,
}

/// The values of the stimulus.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct StimulusSummary {
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Mean over all pixels.
    pub mean: f64,
    /// Standard deviation over all pixels.
    pub std: f64,
    /// Values that are not finite.
    pub n_missing: u64,
}

/// One neuron in numbers. Responses are as models see them: normalised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NeuronSummary {
    /// Its identifier.
    pub id: i64,
    /// Mean response per frame or image.
    pub mean: f64,
    /// Standard deviation (ddof 0).
    pub std: f64,
    /// Largest response.
    pub max: f64,
    /// Share of responses that are exactly 0.
    pub zero_fraction: f64,
    /// Responses below 0.
    pub n_negative: u64,
    /// Responses that are not finite; left out of the above.
    pub n_missing: u64,
    /// Share of the single-trial variance that the stimulus explains; `None` without repeats of two
    /// stimuli or more.
    pub explainable_fraction: Option<f64>,
    /// Largest correlation with single trials that a model of the stimulus can expect.
    pub noise_ceiling: Option<f64>,
    /// Largest correlation with the mean over the repeats there are.
    pub ceiling_to_average: Option<f64>,
}

/// Noise ceilings over the neurons of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CeilingSummary {
    /// Repeated stimuli they come from: images, or frames of videos.
    pub n_stimuli: u64,
    /// Mean over neurons of the ceiling for single trials.
    pub mean: f64,
    /// Median over neurons of the ceiling for single trials.
    pub median: f64,
    /// Mean over neurons of the ceiling for the average of repeats.
    pub mean_to_average: f64,
    /// Mean over neurons of the explainable share of the variance.
    pub mean_explainable: f64,
}

impl CeilingSummary {
    /// Over the neurons that have ceilings; `None` where none has.
    pub(super) fn of(neurons: &[NeuronSummary], n_stimuli: u64) -> Option<Self> {
        let mean =
            |of: fn(&NeuronSummary) -> Option<f64>| super::mean(neurons.iter().filter_map(of));
        let mut single: Vec<f64> = neurons.iter().filter_map(|n| n.noise_ceiling).collect();
        single.sort_by(f64::total_cmp);
        let (low, high) = (single.len().saturating_sub(1) / 2, single.len() / 2);
        Some(Self {
            n_stimuli,
            mean: mean(|neuron| neuron.noise_ceiling)?,
            median: f64::midpoint(*single.get(low)?, *single.get(high)?),
            mean_to_average: mean(|neuron| neuron.ceiling_to_average)?,
            mean_explainable: mean(|neuron| neuron.explainable_fraction)?,
        })
    }
}

/// How grave a warning is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// May make results wrong; look at it.
    Warning,
    /// Fits and scores will refuse these data.
    Error,
}

/// Something odd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// How grave it is.
    pub severity: Severity,
    /// What it is, for programs, as `constant-neurons`.
    pub code: String,
    /// What it is, and what to do, for people.
    pub message: String,
}
