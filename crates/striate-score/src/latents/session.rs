//! The latents of one session.

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use striate_base::{CancelToken, Progress};
use striate_model::{LatentState, Twin};
use striate_recording::{Recording, Session};

use super::LatentAnalysisConfig;
use super::behaviour::BehaviourLink;
use super::calibration::{Calibration, RunningCalibration};
use super::effect::Effect;
use super::gain::{Gain, GainPoint};
use super::joint::{JointLikelihood, RunningJoint};
use super::noise_correlation::{NoiseCorrelations, RunningNoise};
use super::trial::Trial;
use super::truth::TruthComparison;
use crate::error::ScoreError;
use crate::predictor::TwinPredictor;

/// A latent counts as used where [`SessionLatents::signal_nats`] exceeds this.
pub const USED: f64 = 0.02;

/// Trials that the effect of latents is averaged over.
const TRIALS_OF_EFFECT: usize = 4;

/// Latents of one session on one tier.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionLatents {
    /// Trials with responses that latents were inferred in.
    pub n_trials: usize,
    /// Of them those that everything but behaviour was found on.
    pub n_trials_judged: usize,
    /// Divergence of each latent from a standard normal prior, in nats per frame: near 0 for one that
    /// is not used.
    pub divergence_nats: Vec<f64>,
    /// Half the mean square of each latent's posterior means, in nats per frame: 0 for one that nothing is
    /// inferred about. Under an autoregressive prior its divergence is not 0 even then.
    pub signal_nats: Vec<f64>,
    /// Posterior standard deviation of each latent.
    pub posterior_scale: Vec<f32>,
    /// Correlation of each latent with itself a frame later under the prior.
    pub prior_coefficients: Vec<f32>,
    /// The link with each trace of behaviour.
    pub behaviour: Vec<BehaviourLink>,
    /// Why there is none, where there is none.
    pub behaviour_missing: Option<String>,
    /// A quarter of the neurons, predicted while more and more of the others are seen.
    pub gain: Vec<GainPoint>,
    /// Calibration, where the likelihood is a distribution of these responses.
    pub calibration: Option<Calibration>,
    /// Noise correlations.
    pub noise_correlations: Option<NoiseCorrelations>,
    /// The joint likelihood, where frames are independent under the prior and responses have densities.
    pub joint: Option<JointLikelihood>,
    /// One trial.
    pub example: Option<LatentTrace>,
    /// Loadings `[output][latent][neuron]`.
    pub loadings: Vec<Vec<Vec<f32>>>,
    /// Relative change of each neuron's mean response per standard deviation of a latent, averaged over some
    /// trials, `[latent][neuron]`: what the loadings of all outputs together do.
    pub effects: Vec<Vec<f32>>,
    /// Positions of the neurons in the tissue in micrometres, `[neuron][axis]`; empty where not known.
    pub coordinates_um: Vec<Vec<f32>>,
    /// The comparison with the truth, where the recording was simulated.
    pub truth: Option<TruthComparison>,
}

/// Latents and behaviour of one trial.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LatentTrace {
    /// The trial's id.
    pub trial: String,
    /// Frames per second, where known.
    pub frame_rate_hz: Option<f64>,
    /// First frame shown: those before it let the encoder warm up.
    pub first_frame: usize,
    /// Posterior means `[latent][frame]`.
    pub latents: Vec<Vec<f32>>,
    /// Names of the traces, of those without gaps.
    pub names: Vec<String>,
    /// Behaviour `[trace][frame]`.
    pub behaviour: Vec<Vec<f32>>,
}

/// Latents and behaviour of all trials, one after the other.
#[derive(Default)]
struct Series {
    /// `[frame, dim]`
    latents: Vec<f32>,
    /// `[trace][frame]`
    traces: Vec<Vec<f64>>,
    lengths: Vec<usize>,
}

pub(super) struct SessionAnalysis<'a> {
    twin: (&'a Twin, usize),
    without: Option<(&'a Twin, usize)>,
    session: &'a Session,
    config: &'a LatentAnalysisConfig,
}

impl SessionLatents {
    /// Latents that are used, the most used first.
    pub fn used(&self) -> Vec<usize> {
        let mut used: Vec<usize> =
            (0..self.signal_nats.len()).filter(|&d| self.signal_nats[d] > USED).collect();
        used.sort_by(|&a, &b| self.signal_nats[b].total_cmp(&self.signal_nats[a]));
        used
    }
}

impl<'a> SessionAnalysis<'a> {
    pub(super) fn new(
        (twin, without): (&'a Twin, Option<&'a Twin>),
        recording: &'a Recording,
        session: usize,
        config: &'a LatentAnalysisConfig,
    ) -> Result<Self, ScoreError> {
        let placed = |twin: &'a Twin| -> Result<(&'a Twin, usize), ScoreError> {
            Ok((twin, TwinPredictor::new(twin, recording)?.place_of(session)?))
        };
        Ok(Self {
            twin: placed(twin)?,
            without: without.map(placed).transpose()?,
            session: &recording.sessions[session],
            config,
        })
    }

    /// `None` where the session has no responses in the tier, or trials too short to have a prediction.
    pub(super) fn run(
        &self,
        tier: &str,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Option<SessionLatents>, ScoreError> {
        let mut trials = self.session.trials_of(tier);
        trials.retain(|&trial| self.session.info.trials[trial].has_responses);
        if trials.is_empty() {
            return Ok(None);
        }
        let info = &self.session.info;
        let n_judged = trials.len().min(self.config.max_trials.max(1));
        let judged: Vec<usize> =
            (0..n_judged).map(|i| trials[i * trials.len() / n_judged]).collect();
        let mut series = Series::default();
        let mut found = SessionLatents::default();
        let mut gain = (info.n_neurons > 1).then(|| Gain::new(&info.id, info.n_neurons));
        let (of, n_samples) =
            ((info.id.as_str(), info.n_neurons), self.config.n_calibration_samples);
        let mut calibration = RunningCalibration::new(self.without, of, n_samples);
        let mut noise = RunningNoise::new(&info.id, info.n_neurons, self.config.max_neurons);
        let mut joint = self.is_independent()?.then(RunningJoint::default);
        let mut effect = Effect::new(self.twin.0.n_latents(), info.n_neurons);
        for &trial in &trials {
            if cancel.is_cancelled() {
                return Err(ScoreError::Cancelled);
            }
            progress.advance(1);
            let Some(loaded) = Trial::load(self.twin, self.session, trial)? else { continue };
            found.n_trials += 1;
            self.keep(&loaded, trial, &mut series, &mut found)?;
            if judged.contains(&trial) {
                found.n_trials_judged += 1;
                if found.n_trials_judged <= TRIALS_OF_EFFECT {
                    effect.add(&loaded)?;
                }
                gain.as_mut().map(|gain| gain.add(&loaded)).transpose()?;
                calibration.add(&loaded)?;
                noise.add(&loaded)?;
                joint.as_mut().map(|joint| joint.add(&loaded)).transpose()?;
            }
        }
        found.effects = effect.finish();
        if found.n_trials == 0 {
            return Ok(None);
        }
        found.gain = gain.map_or_else(Vec::new, Gain::finish);
        found.calibration = calibration.finish();
        found.noise_correlations = noise.finish();
        found.joint = joint.and_then(|joint| joint.finish());
        self.describe(&series, &mut found)?;
        Ok(Some(found))
    }

    /// Whether the latents of frames are independent under the prior.
    fn is_independent(&self) -> Result<bool, ScoreError> {
        Ok(self.twin.0.prior_coefficients()?.iter().all(|&coefficient| coefficient == 0.0))
    }

    /// Take note of the latents and behaviour of a trial.
    fn keep(
        &self,
        loaded: &Trial<'_>,
        trial: usize,
        series: &mut Series,
        found: &mut SessionLatents,
    ) -> Result<(), ScoreError> {
        let (twin, first) = (self.twin.0, self.twin.0.frames_consumed());
        let state = loaded.infer(None)?.frames(loaded.n_frames, &(first..loaded.n_frames));
        let traces = loaded.traces();
        series.traces.resize_with(traces.len(), Vec::new);
        for (all, trace) in series.traces.iter_mut().zip(&traces) {
            all.extend(trace[first..].iter().map(|&value| f64::from(value)));
        }
        series.lengths.push(loaded.n_frames - first);
        if found.example.is_none() {
            let dim = twin.n_latents();
            // What is not a number cannot be written as JSON.
            let is_whole = |&trace: &usize| traces[trace][first..].iter().all(|v| v.is_finite());
            let shown: Vec<usize> = (0..traces.len()).filter(is_whole).collect();
            let column =
                |d: usize| state.mean.iter().skip(d).step_by(dim).copied().collect::<Vec<f32>>();
            found.example = Some(LatentTrace {
                trial: self.session.info.trials[trial].id.clone(),
                frame_rate_hz: self.session.info.frame_rate_hz,
                first_frame: first,
                latents: (0..dim).map(column).collect(),
                names: shown.iter().map(|&trace| self.trace_name(trace)).collect(),
                behaviour: shown.iter().map(|&trace| traces[trace][first..].to_vec()).collect(),
            });
        }
        found.posterior_scale.clone_from(&state.scale);
        series.latents.extend(state.mean);
        Ok(())
    }

    fn trace_name(&self, trace: usize) -> String {
        let n_behaviour = self.session.info.n_behaviour;
        match trace.checked_sub(n_behaviour) {
            None => format!("behaviour {}", trace + 1),
            Some(0) => "pupil center x".to_owned(),
            Some(_) => "pupil center y".to_owned(),
        }
    }

    fn describe(&self, series: &Series, found: &mut SessionLatents) -> Result<(), ScoreError> {
        let (twin, place) = self.twin;
        let dim = twin.n_latents();
        let state =
            LatentState { mean: series.latents.clone(), scale: found.posterior_scale.clone() };
        found.divergence_nats = state.divergence();
        found.signal_nats = state.signal();
        found.prior_coefficients = twin.prior_coefficients()?;
        let n_neurons = self.session.info.n_neurons;
        let rows = |output: Vec<f32>| output.chunks_exact(n_neurons).map(<[f32]>::to_vec).collect();
        found.loadings = twin.loadings(place)?.into_iter().map(rows).collect();
        if let Some(coordinates) = &self.session.info.neuron_coordinates {
            found.coordinates_um = coordinates.rows().into_iter().map(|row| row.to_vec()).collect();
        }
        let n_frames = series.latents.len() / dim;
        let latents = Array2::from_shape_fn((n_frames, dim), |(frame, d)| {
            f64::from(series.latents[frame * dim + d])
        });
        for (trace, values) in series.traces.iter().enumerate() {
            let name = self.trace_name(trace);
            let shifts = self.config.n_shifts;
            match BehaviourLink::of(name, &latents, values, &series.lengths, shifts) {
                Ok(link) => found.behaviour.push(link),
                Err(reason) => found.behaviour_missing = Some(reason.to_string()),
            }
        }
        if series.traces.is_empty() {
            found.behaviour_missing = Some("the recording has no behaviour".to_owned());
        }
        Ok(())
    }
}
