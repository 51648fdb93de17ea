//! What is in a recording, and what is odd about it.
//!
//! **Noise ceilings.** Trials of the same stimulus are repeats; of a video each frame from
//! [`SessionInfo::scored_from_frame`](crate::SessionInfo::scored_from_frame) on is a stimulus of its
//! own. For each neuron, over the stimuli with two repeats or more:
//!
//! ```text
//! noise    = mean over stimuli of the variance across repeats (ddof 1)
//! signal   = variance over stimuli (ddof 0) of the mean over repeats
//!            - (1 - 1/B) mean over stimuli of (variance across repeats / repeats)
//! explainable fraction       = signal / (signal + noise)
//! ceiling of a single trial  = sqrt(signal / (signal + noise))
//! ceiling to the average     = sqrt(signal / (signal + mean of noise / repeats))
//! ```
//!
//! with `B` the number of stimuli; a negative `signal` counts as 0. The first is the signal power of
//! Sahani & Linden 2003 ("How linear are auditory cortical responses?", equation 1) as a share of the
//! single-trial variance; the second is the largest correlation with a single trial that a model
//! of the stimulus can expect (Hsu, Borst & Theunissen 2004, "Quantifying variability in neural responses
//! and its application for the validation of model predictions", equation 6; Schoppe et al. 2016,
//! "Measuring the performance of neural models", equations 5 and 8), the third that with the mean over
//! repeats. `striate score` uses the same definition.

mod ceiling;
mod duplicates;
mod examples;
mod plan;
mod sums;
mod types;
mod warnings;

use std::collections::BTreeMap;

use striate_base::{CancelToken, Progress};

use crate::error::RecordingError;
use crate::recording::Recording;
use crate::session::{Session, TrialData};
use crate::source::Missing;
use ceiling::Repeats;
use duplicates::Duplicates;
pub use examples::{Example, SessionExamples, examples};
use plan::Plan;
use sums::{NeuronSums, PixelSums};
pub use types::{
    CeilingSummary, Inspection, InspectionConfig, NeuronSummary, SessionInspection, Severity,
    StimulusSummary, TierInspection, Warning,
};

/// Frames that are read at a time.
const FRAMES_PER_PIECE: usize = 300;

/// Look through a recording.
///
/// Every file was looked at when the recording was opened; here values are read, trial by trial: all
/// of them, or an evenly spread part where a session has more than
/// [`InspectionConfig::max_values`]. Memory: 300 frames of one trial, and of the stimulus at hand two
/// f64 for each neuron and frame.
///
/// # Errors
/// [`RecordingError`] for files that cannot be read, and on cancellation. Values that are not finite
/// are no error here: they are counted and reported.
///
/// ```
/// # use striate_base::{CancelToken, NoProgress};
/// # use striate_recording::simulate::{SimulationConfig, simulate};
/// use striate_recording::{InspectionConfig, Recording, RecordingConfig, inspect};
///
/// # let folder = std::env::temp_dir().join(format!("striate-inspect-{}", std::process::id()));
/// # let config = SimulationConfig::tiny().check().unwrap();
/// # simulate(&config, &folder, &mut NoProgress, &CancelToken::new()).unwrap();
/// let recording = Recording::open(&RecordingConfig::at(&folder))?;
/// let config = InspectionConfig::default();
/// let found = inspect(&recording, &config, &mut NoProgress, &CancelToken::new())?;
/// assert_eq!(found.sessions[0].tiers["oracle"].n_repeated_stimuli, 2);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), striate_recording::RecordingError>(())
/// ```
pub fn inspect(
    recording: &Recording,
    config: &InspectionConfig,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<Inspection, RecordingError> {
    let mut sessions = Vec::with_capacity(recording.sessions.len());
    for session in &recording.sessions {
        let plan = Plan::new(session, config.max_values);
        progress.start(&format!("inspect {}", session.info.id), Some(plan.n_trials() as u64));
        let mut seen = Seen::new(session);
        for group in &plan.groups {
            seen.group(session, group, progress, cancel)?;
        }
        progress.finish();
        sessions.push(seen.finish(session, &plan));
    }
    Ok(Inspection { name: recording.name.clone(), sessions })
}

/// What has been seen of a session.
struct Seen {
    pixels: PixelSums,
    neurons: NeuronSums,
    repeats: Repeats,
    duplicates: Duplicates,
    n_missing_behaviour: u64,
    n_missing_pupil: u64,
}

impl Seen {
    fn new(session: &Session) -> Self {
        let n_neurons = session.info.n_neurons;
        Self {
            pixels: PixelSums::default(),
            neurons: NeuronSums::new(n_neurons),
            repeats: Repeats::new(n_neurons),
            duplicates: Duplicates::default(),
            n_missing_behaviour: 0,
            n_missing_pupil: 0,
        }
    }

    /// See all trials of one stimulus, piece by piece, repeat by repeat.
    fn group(
        &mut self,
        session: &Session,
        group: &[usize],
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<(), RecordingError> {
        let n_frames = |trial: usize| session.info.trials[trial].n_frames;
        let longest = group.iter().map(|&trial| n_frames(trial)).max().unwrap_or(0);
        for start in (0..longest).step_by(FRAMES_PER_PIECE) {
            for &trial in group.iter().filter(|&&trial| n_frames(trial) > start) {
                if cancel.is_cancelled() {
                    return Err(RecordingError::Cancelled);
                }
                let end = (start + FRAMES_PER_PIECE).min(n_frames(trial));
                let data = session.read(trial, start..end, Missing::Keep)?;
                self.piece(session, (trial, start), group.len() > 1, &data);
                if end == n_frames(trial) {
                    progress.advance(1);
                }
            }
            self.repeats.next_stimulus();
        }
        Ok(())
    }

    fn piece(
        &mut self,
        session: &Session,
        (trial, start): (usize, usize),
        repeated: bool,
        data: &TrialData,
    ) {
        self.pixels.add(data.stimulus.view());
        self.duplicates.stimulus(trial, data.stimulus.iter());
        if let Some(responses) = &data.responses {
            self.neurons.add(responses.view());
            self.duplicates.responses(trial, responses.iter());
            if repeated {
                let skipped = session.info.scored_from_frame.saturating_sub(start);
                let skipped = skipped.min(responses.nrows());
                self.repeats.add(responses.slice(ndarray::s![skipped.., ..]));
            }
        }
        let missing = |values: &Option<ndarray::Array2<f32>>| {
            values.iter().flatten().filter(|value| !value.is_finite()).count() as u64
        };
        self.n_missing_behaviour += missing(&data.behaviour);
        self.n_missing_pupil += missing(&data.pupil_center);
    }

    fn finish(self, session: &Session, plan: &Plan) -> SessionInspection {
        let info = &session.info;
        let ceilings = self.repeats.ceilings();
        let neurons = self.neurons.summaries(&info.neuron_ids, &ceilings);
        let rate = info.frame_rate_hz.filter(|_| info.response_normalisation == "none");
        let mean_response = mean(neurons.iter().map(|neuron| neuron.mean)).unwrap_or(0.0);
        let mut found = SessionInspection {
            id: info.id.clone(),
            kind: info.kind,
            n_neurons: info.n_neurons,
            height: info.height,
            width: info.width,
            n_behaviour: info.n_behaviour,
            has_pupil_center: info.has_pupil_center,
            has_coordinates: info.neuron_coordinates.is_some(),
            frame_rate_hz: info.frame_rate_hz,
            scored_from_frame: info.scored_from_frame,
            response_normalisation: info.response_normalisation.clone(),
            n_trials: info.trials.len(),
            n_trials_read: plan.n_trials(),
            tiers: tiers(session),
            stimulus: self.pixels.summary(),
            mean_response,
            mean_rate_hz: rate.map(|rate| rate * mean_response),
            n_missing_responses: neurons.iter().map(|neuron| neuron.n_missing).sum(),
            n_missing_behaviour: self.n_missing_behaviour,
            n_missing_pupil: self.n_missing_pupil,
            ceiling: CeilingSummary::of(&neurons, self.repeats.n_stimuli()),
            neurons,
            warnings: Vec::new(),
        };
        found.warnings = warnings::of(session, &found, &self.duplicates);
        found
    }
}

/// What the tiers consist of.
fn tiers(session: &Session) -> BTreeMap<String, TierInspection> {
    let mut tiers = BTreeMap::new();
    for tier in session.tiers().into_keys() {
        let trials = session.trials_of(&tier);
        let infos = trials.iter().map(|&trial| &session.info.trials[trial]);
        let mut repeats: BTreeMap<&str, usize> = BTreeMap::new();
        for info in infos.clone() {
            if let Some(stimulus) = &info.stimulus_id {
                *repeats.entry(stimulus).or_default() += 1;
            }
        }
        let repeated = repeats.values().copied().filter(|n| *n > 1);
        let lengths = infos.clone().map(|info| info.n_frames);
        let found = TierInspection {
            n_trials: trials.len(),
            n_trials_with_responses: infos.filter(|info| info.has_responses).count(),
            n_frames: lengths.clone().sum(),
            shortest_trial: lengths.clone().min().unwrap_or(0),
            longest_trial: lengths.max().unwrap_or(0),
            n_repeated_stimuli: repeated.clone().count(),
            fewest_repeats: repeated.clone().min(),
            most_repeats: repeated.max(),
        };
        tiers.insert(tier, found);
    }
    tiers
}

/// The mean, where there is anything.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0u64), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / n as f64)
}

#[cfg(test)]
mod tests;
