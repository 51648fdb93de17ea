//! The stimuli, and responses to them: recorded, predicted, drawn from the twin.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis, s};
use striate_base::{CancelToken, Progress, Streams};
use striate_recording::{Session, TrialData};

use super::config::GeometryConfig;
use crate::error::InsilicoError;
use crate::familiarity::{Familiarity, Strangeness};
use crate::subject::Subject;
use crate::training::spread;

/// Tiers that are looked at by themselves, first one first.
const USUAL: [&str; 5] = ["live_test_main", "test", "oracle", "validation", "train"];

/// Responses to stimuli. Stimuli of the same group follow each other and were shown in the same trials.
pub(super) struct Responses {
    pub(super) tier: String,
    /// `[neuron]`: numbers of the neurons looked at.
    pub(super) neurons: Vec<usize>,
    /// Places among them of those whose correlations are looked at.
    pub(super) pair_neurons: Vec<usize>,
    /// `[stimulus]`: which trials it was shown in.
    pub(super) groups: Vec<usize>,
    /// Recorded, `[repeat, neuron]` for each stimulus.
    pub(super) recorded: Vec<Array2<f32>>,
    /// Drawn from the twin for the same trials, `[repeat, pair neuron]` for each stimulus.
    pub(super) drawn: Vec<Array2<f32>>,
    /// The twin's mean responses with behaviour at its mean, `[stimulus, neuron]`.
    pub(super) twin: Array2<f32>,
}

/// What is shown in some trials.
struct Group {
    /// Repeats.
    trials: Vec<usize>,
    /// Stretches of the trials that are stimuli.
    bins: Vec<Range<usize>>,
}

impl Responses {
    pub(super) fn collect(
        (subject, session): (&Subject<'_>, &Session),
        neurons: &[usize],
        config: &GeometryConfig,
        streams: &Streams,
        (progress, cancel): (&mut dyn Progress, &CancelToken),
    ) -> Result<(Self, Vec<Strangeness>), InsilicoError> {
        if let Some(neuron) = neurons.iter().find(|&&neuron| neuron >= subject.n_neurons()) {
            let expected = format!("below {}", subject.n_neurons());
            return Err(InsilicoError::mismatch("number of a neuron", neuron, expected));
        }
        let tier = tier(session, config)?;
        let groups = groups((subject, session), &tier, config)?;
        let neurons = config.looked_at(neurons);
        let pair_neurons = spread(neurons.len(), config.max_pair_neurons).collect();
        let twin = Array2::zeros((0, neurons.len()));
        let (recorded, drawn) = (Vec::new(), Vec::new());
        let mut found =
            Self { tier, neurons, pair_neurons, groups: Vec::new(), recorded, drawn, twin };
        let known = Familiarity::of(&subject.training)?;
        let mut strangeness = Vec::new();
        let n_trials: usize = groups.iter().map(|group| group.trials.len()).sum();
        progress.start("responses", Some(n_trials as u64));
        for (number, group) in groups.iter().enumerate() {
            if cancel.is_cancelled() {
                return Err(InsilicoError::Cancelled);
            }
            found.groups.extend(group.bins.iter().map(|_| number));
            let shown = found.add((subject, session), (number, group), (streams, &known))?;
            strangeness.extend(shown);
            progress.advance(group.trials.len() as u64);
        }
        progress.finish();
        Ok((found, strangeness))
    }

    /// Show one group, and tell how far its stimuli are from training stimuli.
    fn add(
        &mut self,
        (subject, session): (&Subject<'_>, &Session),
        (number, group): (usize, &Group),
        (streams, known): (&Streams, &Familiarity),
    ) -> Result<Vec<Strangeness>, InsilicoError> {
        let n_lost = subject.n_lags() - 1;
        let mut strangeness = Vec::new();
        let shape = |n_neurons: usize| Array2::zeros((group.trials.len(), n_neurons));
        let mut recorded = vec![shape(self.neurons.len()); group.bins.len()];
        let mut drawn = vec![shape(self.pair_neurons.len()); group.bins.len()];
        let drawn_neurons: Vec<usize> =
            self.pair_neurons.iter().map(|&place| self.neurons[place]).collect();
        for (repeat, &trial) in group.trials.iter().enumerate() {
            let data = session.load_whole(trial)?;
            let mut random = streams.stream(&format!("responses to trial {trial}"));
            let sample = subject.draw(&data, number, &mut random)?;
            if repeat == 0 {
                self.predict(subject, &data, &group.bins)?;
                strangeness = judge(known, &data, &group.bins)?;
            }
            let responses = data.responses.as_ref().ok_or_else(|| {
                let what = format!("responses to trial {}", session.info.trials[trial].id);
                InsilicoError::mismatch(what, "none", "those of every neuron")
            })?;
            for (bin, frames) in group.bins.iter().enumerate() {
                let mean = mean_over(responses.view(), frames.clone(), &self.neurons);
                recorded[bin].row_mut(repeat).assign(&mean);
                let frames = frames.start - n_lost..frames.end - n_lost;
                let mean = mean_over(sample.view(), frames, &drawn_neurons);
                drawn[bin].row_mut(repeat).assign(&mean);
            }
        }
        self.recorded.append(&mut recorded);
        self.drawn.append(&mut drawn);
        Ok(strangeness)
    }

    fn predict(
        &mut self,
        subject: &Subject<'_>,
        data: &TrialData,
        bins: &[Range<usize>],
    ) -> Result<(), InsilicoError> {
        let n_lost = subject.n_lags() - 1;
        let found = subject.respond(data.stimulus.view().insert_axis(Axis(0)))?;
        let found = found.index_axis_move(Axis(0), 0);
        for frames in bins {
            let frames = frames.start - n_lost..frames.end - n_lost;
            let mean = mean_over(found.view(), frames, &self.neurons);
            self.twin.push_row(mean.view()).map_err(|e| {
                InsilicoError::mismatch("responses of the twin", e, self.neurons.len())
            })?;
        }
        Ok(())
    }
}

/// How far each stimulus of a trial is from training stimuli, over at least the two frames that a video has.
fn judge(
    known: &Familiarity,
    data: &TrialData,
    bins: &[Range<usize>],
) -> Result<Vec<Strangeness>, InsilicoError> {
    let mut found = Vec::new();
    for bin in bins {
        let first =
            if known.is_video() { bin.start.min(bin.end.saturating_sub(2)) } else { bin.start };
        let clip = data.stimulus.slice(s![first..bin.end, .., ..]);
        found.extend(known.judge(clip.insert_axis(Axis(0)))?);
    }
    Ok(found)
}

/// Mean of `[frame, neuron]` over some frames, of some neurons.
fn mean_over(
    responses: ArrayView2<'_, f32>,
    frames: Range<usize>,
    neurons: &[usize],
) -> ndarray::Array1<f32> {
    let n = frames.len() as f64;
    let part = responses.slice(s![frames, ..]);
    let mean = |&neuron: &usize| {
        (part.column(neuron).iter().map(|&value| f64::from(value)).sum::<f64>() / n) as f32
    };
    neurons.iter().map(mean).collect()
}

/// The tier asked for, or the first usual one that has responses.
fn tier(session: &Session, config: &GeometryConfig) -> Result<String, InsilicoError> {
    let trials = &session.info.trials;
    let has_responses =
        |tier: &str| trials.iter().any(|trial| trial.tier == tier && trial.has_responses);
    let asked = config.tier.as_deref();
    let found = match asked {
        Some(tier) => has_responses(tier).then_some(tier),
        None => USUAL.into_iter().find(|tier| has_responses(tier)),
    };
    found.map(str::to_owned).ok_or_else(|| InsilicoError::NotEnough {
        what: format!("tiers with responses in session {}", session.info.id),
        found: session.tiers().into_keys().collect::<Vec<_>>().join(", "),
        expected: asked.map_or_else(|| USUAL.join(" or "), str::to_owned),
    })
}

/// Stimuli, evenly chosen: of those that are repeated, or of all where none is.
fn groups(
    (subject, session): (&Subject<'_>, &Session),
    tier: &str,
    config: &GeometryConfig,
) -> Result<Vec<Group>, InsilicoError> {
    let first = session.info.scored_from_frame.max(subject.n_lags() - 1);
    let n_frames = |trial: usize| session.info.trials[trial].n_frames;
    let mut trials = session.trials_of(tier);
    trials.retain(|&trial| session.info.trials[trial].has_responses && n_frames(trial) > first);
    let mut groups = striate_score::stimuli(session, &trials);
    if groups.iter().any(|trials| trials.len() > 1) {
        groups.retain(|trials| trials.len() > 1);
    }
    groups.iter_mut().for_each(|trials| trials.truncate(config.max_repeats));
    let bins = |trials: &Vec<usize>| {
        let end = trials.iter().map(|&trial| n_frames(trial)).min().unwrap_or(0);
        let length = config.bin_frames.min(end - first);
        (first..=end - length).step_by(length).map(move |start| start..start + length)
    };
    let all: Vec<(usize, Range<usize>)> = groups
        .iter()
        .enumerate()
        .flat_map(|(group, trials)| bins(trials).map(move |bin| (group, bin)))
        .collect();
    if all.len() < 3 {
        return Err(InsilicoError::NotEnough {
            what: format!("stimuli of tier `{tier}` in session {}", session.info.id),
            found: format!("{} of {} frames", all.len(), config.bin_frames),
            expected: "at least 3".into(),
        });
    }
    let mut chosen: Vec<Vec<Range<usize>>> = vec![Vec::new(); groups.len()];
    for place in spread(all.len(), config.max_stimuli) {
        chosen[all[place].0].push(all[place].1.clone());
    }
    let groups = groups.into_iter().zip(chosen).filter(|(_, bins)| !bins.is_empty());
    Ok(groups.map(|(trials, bins)| Group { trials, bins }).collect())
}
