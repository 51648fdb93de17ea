//! The `[fit]` table: how a twin is fitted.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How the parameters are fitted: the `[fit]` table of the configuration.
///
/// The defaults are the published settings of the factorised video baseline (Sensorium 2023).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FitSection {
    /// Which optimiser; `adamw` decays weights apart from the gradient, `adam` adds an L2 term.
    pub optimiser: OptimiserKind,
    /// Learning rate at the start. Range: above 0, at most 1.
    pub learning_rate: f64,
    /// Factor on the learning rate of receptive-field centres and covariances, which live on a scale of
    /// their own: 1 is a frame's half width. Small values suit positions that start where they belong.
    /// Default 1, as published. Range: 0 to 10.
    pub position_rate: f64,
    /// Weight decay. Range: 0 to 1.
    pub weight_decay: f64,
    /// Decay rates of the first and second moment. Range of each: 0 to below 1.
    pub betas: [f64; 2],
    /// Added to the root of the second moment. Range: above 0.
    pub eps: f64,
    /// Consecutive frames of one training clip; images have one frame. Range: 1 and above.
    pub clip_frames: usize,
    /// Clips per session and step. Range: 1 and above.
    pub clips_per_batch: usize,
    /// Epochs after which the fit ends whatever the score. Range: 1 and above.
    pub max_epochs: u64,
    /// Optimiser steps after which the fit ends whatever the score; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u64>,
    /// Optimiser steps of one epoch; absent: every training clip of the longest session once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps_per_epoch: Option<usize>,
    /// Tier the parameters are fitted on.
    pub train_tier: String,
    /// Parameter groups that stay as they start: `core`, `readout`, `positions`, `shifter`, or a
    /// name's prefix.
    #[serde(deserialize_with = "one_or_many")]
    pub freeze: Vec<String>,
    /// Fit a twin with latents without them first, to the end of schedule and stopping, and then
    /// everything together. Default true.
    pub without_latents_first: bool,
    /// The stage with latents.
    pub joint: JointConfig,
    /// Run or twin folder whose weights are the start (shared parts, and sessions of equal name).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_from: Option<PathBuf>,
    /// Largest length of the whole gradient; longer ones are scaled down; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_clip: Option<f64>,
    /// Where the receptive-field positions of the readout start.
    pub init_positions: InitialPositions,
    /// Number format of the parameters. That of products is `model.core.precision`.
    pub precision: Precision,
    /// How the loss of a batch is scaled.
    pub reduction: LossReduction,
    /// Memory the fit may use, as `"8GiB"`; absent: what the machine has available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<String>,
    /// How the learning rate changes.
    pub schedule: ScheduleConfig,
    /// When the fit ends before `max_epochs`.
    pub stopping: StoppingConfig,
    /// How the twin is judged while it is fitted.
    pub validation: ValidationConfig,
    /// When and how many checkpoints are kept.
    pub checkpoint: CheckpointConfig,
}

impl Default for FitSection {
    fn default() -> Self {
        Self {
            optimiser: OptimiserKind::Adamw,
            learning_rate: 5e-3,
            position_rate: 1.0,
            weight_decay: 0.01,
            betas: [0.9, 0.999],
            eps: 1e-8,
            clip_frames: 80,
            clips_per_batch: 8,
            max_epochs: 200,
            max_steps: None,
            steps_per_epoch: None,
            train_tier: "train".into(),
            freeze: Vec::new(),
            without_latents_first: true,
            joint: JointConfig::default(),
            start_from: None,
            gradient_clip: None,
            init_positions: InitialPositions::Auto,
            precision: Precision::F32,
            reduction: LossReduction::RootTrials,
            memory_limit: None,
            schedule: ScheduleConfig::default(),
            stopping: StoppingConfig::default(),
            validation: ValidationConfig::default(),
            checkpoint: CheckpointConfig::default(),
        }
    }
}

/// Which optimiser moves the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimiserKind {
    /// Adam with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101, algorithm 2).
    Adamw,
    /// Adam, weight decay as an L2 term of the gradient (Kingma & Ba, arXiv 1412.6980, algorithm 1).
    Adam,
}

/// Number format of the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floating point.
    F32,
}

/// How the loss of one batch is scaled before its gradient is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossReduction {
    /// Sum over the batch times `sqrt(n_train / clips_per_batch)`, as both Sensorium baselines do.
    RootTrials,
    /// Sum over the batch.
    Sum,
    /// Mean over the batch's scored values.
    Mean,
}

/// Where the readout's receptive-field positions start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitialPositions {
    /// From the neurons' coordinates where the recording has them, else from the responses.
    Auto,
    /// From the neurons' coordinates in the tissue.
    Coordinates,
    /// From the peak of each neuron's response-triggered average stimulus.
    ResponseAverage,
    /// Drawn at random by the readout.
    Random,
}

/// How the learning rate changes during the fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ScheduleConfig {
    /// Lowered where the validation score stops rising; early stopping then has several rounds.
    Plateau(PlateauConfig),
    /// Half a cosine from the start to `final_fraction` of it over all steps, after a warm-up.
    Cosine(CosineConfig),
    /// The same all along.
    Constant,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self::Plateau(PlateauConfig::default())
    }
}

/// Settings of the plateau schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlateauConfig {
    /// Factor of each lowering. Range: above 0, below 1.
    pub factor: f64,
    /// Validations without a better score before the rate is lowered. Range: 0 and above.
    pub patience: u64,
    /// The rate is never lowered below this. Range: 0 to `learning_rate`.
    pub min_learning_rate: f64,
    /// Rounds of early stopping; each but the last ends by putting the best weights back.
    /// Range: 1 and above.
    pub decay_rounds: u64,
    /// A score counts as better where it exceeds the best by more than this. Range: 0 and above.
    pub threshold: f64,
}

impl Default for PlateauConfig {
    fn default() -> Self {
        Self { factor: 0.3, patience: 5, min_learning_rate: 1e-4, decay_rounds: 4, threshold: 1e-6 }
    }
}

/// Settings of the cosine schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CosineConfig {
    /// Steps over which the rate rises linearly from 0. Range: 0 and above.
    pub warmup_steps: u64,
    /// Rate at the last step as a fraction of `learning_rate`. Range: 0 to 1.
    pub final_fraction: f64,
}

impl Default for CosineConfig {
    fn default() -> Self {
        Self { warmup_steps: 0, final_fraction: 0.01 }
    }
}

/// Early stopping: after `patience` validations without a better score the fit ends, or, under the
/// plateau schedule, the best weights are put back and the next of its `decay_rounds` begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoppingConfig {
    /// Validations without a better score; 0: no early stopping; absent: 5 under the plateau
    /// schedule, no early stopping under the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// A score counts as better where it exceeds the best by more than this. Range: 0 and above.
    pub threshold: f64,
}

impl Default for StoppingConfig {
    fn default() -> Self {
        Self { patience: None, threshold: 1e-6 }
    }
}

/// The stage in which latents are fitted; what is absent is as in the one before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JointConfig {
    /// Learning rate at its start. Range: above 0, at most 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Epochs before the latents' divergence counts in full: nothing in the first half of them, then its
    /// factor rises (Bowman et al. 2016, "Generating sentences from a continuous space", section 3.1).
    /// Default 0, as released.
    pub divergence_warmup_epochs: u64,
    /// Epochs of the stage. Range: 1 and above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_epochs: Option<u64>,
    /// Optimiser steps of the stage. Range: 1 and above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u64>,
    /// How the learning rate changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleConfig>,
    /// When the stage ends before its last epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopping: Option<StoppingConfig>,
}

/// How the twin is judged while it is fitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValidationConfig {
    /// Tier it is judged on; `auto` takes `validation` or `oracle`, whichever the recording has.
    pub tier: String,
    /// What is computed: the mean over neurons, pooled over sessions.
    pub metric: ValidationMetric,
    /// Epochs between two validations. Range: 1 and above.
    pub every_epochs: u64,
    /// Length of random crops; absent: whole trials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop_frames: Option<usize>,
    /// At most this many trials per session, evenly spread; absent: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_trials: Option<usize>,
}

impl Default for ValidationConfig {
    fn default() -> Self {
        Self {
            tier: "auto".into(),
            metric: ValidationMetric::Auto,
            every_epochs: 1,
            crop_frames: None,
            max_trials: None,
        }
    }
}

/// The score that schedule and stopper watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValidationMetric {
    /// `conditioned-correlation` while latents are fitted, else `single-trial-correlation`.
    Auto,
    /// Correlation of prediction and response over all frames of all trials, mean over neurons. Latents
    /// are averaged over their prior.
    SingleTrialCorrelation,
    /// The same, of neurons that the twin does not see, given the other half of the population
    /// (`model.latent.hidden_half`).
    ConditionedCorrelation,
}

/// When checkpoints are written and how many are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointConfig {
    /// Steps between two checkpoints; absent: by time alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_steps: Option<u64>,
    /// Seconds between two checkpoints. Range: above 0.
    pub every_s: f64,
    /// Checkpoints kept, newest first. Range: 2 and above, so that one may turn out damaged.
    pub keep: usize,
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self { every_steps: None, every_s: 60.0, keep: 3 }
    }
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(source)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}
