//! Which clips are shown at which step: a pure function of seed, epoch and step.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use striate_base::Streams;

use crate::error::RecordingError;
use crate::recording::Recording;
use crate::session::{Session, StimulusKind};

/// What clips are drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplerConfig {
    /// Tier to draw from, as `train`.
    pub tier: String,
    /// Frames per clip; images are clips of one frame whatever it says. Range: 1 and above.
    pub clip_frames: usize,
    /// Clips per batch. Range: 1 and above.
    pub clips_per_batch: usize,
    /// Seed of the order of clips and of where they begin.
    pub seed: u64,
}

/// A stretch of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// Place of the trial in its session.
    pub trial: usize,
    /// The frames.
    pub frames: Range<usize>,
}

/// Draws the clips of every step.
///
/// One epoch shows each trial once, cut at a random place; a trial cut out of a continuous stimulus
/// gives as many clips as fit into it, each at a random place in its own share of the trial. Batches
/// are always full: what a session lacks at the end of an epoch comes from another pass through it,
/// shuffled anew. Sessions take turns, one batch of each in a step, until the longest is through.
///
/// Each batch depends on the seed, the epoch, the step and the session alone, so that a fit resumes
/// by counting.
#[derive(Debug, Clone)]
pub struct ClipSampler {
    streams: Streams,
    clips_per_batch: usize,
    sessions: Vec<SessionClips>,
}

/// The clips of one pass through a session.
#[derive(Debug, Clone)]
struct SessionClips {
    /// Frames of each clip.
    n_frames: usize,
    /// For each clip its trial, and the frames at which it can begin.
    clips: Vec<(usize, Range<usize>)>,
}

impl ClipSampler {
    /// Prepare the clips of `recording`.
    ///
    /// # Errors
    /// [`RecordingError`] for settings out of range, a session without trials of the tier that have
    /// responses, a trial shorter than a clip, and sessions whose frames differ in size.
    pub fn new(recording: &Recording, config: SamplerConfig) -> Result<Self, RecordingError> {
        for (what, value) in
            [("clip_frames", config.clip_frames), ("clips_per_batch", config.clips_per_batch)]
        {
            if value == 0 {
                return Err(RecordingError::mismatch(what, 0, "1 or more"));
            }
        }
        refuse_other_sizes(recording)?;
        let sessions = recording.sessions.iter().map(|session| SessionClips::new(session, &config));
        Ok(Self {
            streams: Streams::new(config.seed).child("clip-sampler"),
            clips_per_batch: config.clips_per_batch,
            sessions: sessions.collect::<Result<_, _>>()?,
        })
    }

    /// Steps after which the session with the most clips has shown each of them.
    pub fn steps_per_epoch(&self) -> usize {
        let steps = |session: &SessionClips| session.clips.len().div_ceil(self.clips_per_batch);
        self.sessions.iter().map(steps).max().unwrap_or(0).max(1)
    }

    /// Number of sessions that take turns in each step.
    pub fn n_sessions(&self) -> usize {
        self.sessions.len()
    }

    /// The clips of one session's batch in one step of one epoch, all of the same length. Empty for
    /// a session that is not there.
    pub fn clips(&self, epoch: u64, step: usize, session: usize) -> Vec<Clip> {
        let Some(of_session) = self.sessions.get(session) else { return Vec::new() };
        let n = of_session.clips.len();
        let first = step * self.clips_per_batch;
        let mut batch = Vec::with_capacity(self.clips_per_batch);
        while batch.len() < self.clips_per_batch {
            let place = first + batch.len();
            let pass = self.pass(epoch, session, place / n);
            let rest = self.clips_per_batch - batch.len();
            batch.extend(pass.into_iter().skip(place % n).take(rest));
        }
        batch
    }

    /// All clips of a session, in the order of one pass through it.
    fn pass(&self, epoch: u64, session: usize, pass: usize) -> Vec<Clip> {
        let of_session = &self.sessions[session];
        let streams = self.streams.child(&format!("epoch {epoch} session {session} pass {pass}"));
        let mut starts = streams.stream("start");
        let mut clips: Vec<Clip> = of_session
            .clips
            .iter()
            .map(|(trial, range)| {
                let start = range.start + starts.below(range.len());
                Clip { trial: *trial, frames: start..start + of_session.n_frames }
            })
            .collect();
        streams.stream("order").shuffle(&mut clips);
        clips
    }
}

impl SessionClips {
    fn new(session: &Session, config: &SamplerConfig) -> Result<Self, RecordingError> {
        let info = &session.info;
        let n_frames = match info.kind {
            StimulusKind::Image => 1,
            StimulusKind::Video => config.clip_frames,
        };
        let mut clips = Vec::new();
        for trial in session.trials_of(&config.tier) {
            let of_trial = &info.trials[trial];
            if !of_trial.has_responses {
                continue;
            }
            if of_trial.n_frames < n_frames {
                let what = format!("frames of trial {} of session `{}`", of_trial.id, info.id);
                let expected = format!("at least the {n_frames} of a clip (clip_frames)");
                return Err(RecordingError::mismatch(what, of_trial.n_frames, expected));
            }
            let n_clips = if info.is_continuous { of_trial.n_frames / n_frames } else { 1 };
            clips.extend(shares(of_trial.n_frames - n_frames + 1, n_clips).map(|s| (trial, s)));
        }
        if clips.is_empty() {
            return Err(RecordingError::NoTrials {
                session: info.id.clone(),
                tier: config.tier.clone(),
                known: session.tiers_in_words(),
            });
        }
        Ok(Self { n_frames, clips })
    }
}

/// `0..n` in `parts` shares that differ by one at most; at least one in each, as `n` allows.
fn shares(n: usize, parts: usize) -> impl Iterator<Item = Range<usize>> {
    let parts = parts.clamp(1, n);
    (0..parts).map(move |part| part * n / parts..(part + 1) * n / parts)
}

fn refuse_other_sizes(recording: &Recording) -> Result<(), RecordingError> {
    let size = |session: &Session| [session.info.height, session.info.width];
    let Some(first) = recording.sessions.first() else {
        return Err(RecordingError::mismatch("sessions", 0, "one or more"));
    };
    match recording.sessions.iter().find(|session| size(session) != size(first)) {
        None => Ok(()),
        Some(other) => {
            let what = format!("frame size of session `{}`", other.info.id);
            let found = format!("{:?} (height, width)", size(other));
            let expected = format!("{:?}, as of session `{}`", size(first), first.info.id);
            Err(RecordingError::mismatch(what, found, expected))
        }
    }
}

#[cfg(test)]
mod tests;
