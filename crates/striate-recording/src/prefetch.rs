//! Reads batches ahead in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::error::RecordingError;
use crate::recording::Recording;
use crate::sampler::{Clip, ClipSampler};
use crate::session::{Session, TrialData};

/// Batches that wait for the consumer at most; one more may be in the making.
const WAITING: usize = 2;

/// Clips of one session that are shown together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClipBatch {
    /// Place of the session in the recording.
    pub session: usize,
    /// Epoch it belongs to.
    pub epoch: u64,
    /// Step within the epoch.
    pub step: usize,
    /// Number of clips.
    pub n_clips: usize,
    /// Frames per clip.
    pub n_frames: usize,
    /// Shape `[clip, frame, height, width]`.
    pub stimulus: Vec<f32>,
    /// Shape `[clip, frame, neuron]`.
    pub responses: Vec<f32>,
    /// Shape `[clip, frame, channel]`; `None` where no behaviour was recorded.
    pub behaviour: Option<Vec<f32>>,
    /// Shape `[clip, frame, 2]`; `None` where the pupil was not recorded.
    pub pupil_center: Option<Vec<f32>>,
}

impl ClipBatch {
    /// Read clips of equal length from a session.
    ///
    /// # Errors
    /// As [`Session::load`].
    pub fn load(session: &Session, clips: &[Clip]) -> Result<Self, RecordingError> {
        let mut batch = Self::default();
        for clip in clips {
            batch.push(session.load(clip.trial, clip.frames.clone())?, clips.len());
        }
        Ok(batch)
    }

    fn push(&mut self, data: TrialData, n_clips: usize) {
        if self.n_clips == 0 {
            self.n_frames = data.stimulus.dim().0;
            self.stimulus.reserve_exact(n_clips * data.stimulus.len());
            let n_responses = data.responses.as_ref().map_or(0, ndarray::Array2::len);
            self.responses.reserve_exact(n_clips * n_responses);
        }
        self.n_clips += 1;
        self.stimulus.extend(data.stimulus.iter());
        self.responses.extend(data.responses.iter().flatten());
        if let Some(behaviour) = data.behaviour {
            self.behaviour.get_or_insert_default().extend(behaviour.iter());
        }
        if let Some(pupil_center) = data.pupil_center {
            self.pupil_center.get_or_insert_default().extend(pupil_center.iter());
        }
    }
}

/// A thread that reads the batches of a [`ClipSampler`] in order, a few ahead of the consumer.
///
/// It waits while two batches wait for the consumer, hands an error over in its place and ends there,
/// and ends when the prefetcher is dropped.
#[derive(Debug)]
pub struct Prefetcher {
    /// `None` once dropping has begun.
    batches: Option<Receiver<Result<ClipBatch, RecordingError>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Prefetcher {
    /// Begin to read, from step `step` of epoch `epoch` on: in each step a batch of every session,
    /// and after `steps_per_epoch` steps the next epoch.
    pub fn start(
        recording: Arc<Recording>,
        sampler: ClipSampler,
        epoch: u64,
        step: usize,
        steps_per_epoch: usize,
    ) -> Self {
        let (sender, receiver) = sync_channel(WAITING);
        let stop = Arc::new(AtomicBool::new(false));
        let reader = Reader { recording, sampler, stop: Arc::clone(&stop) };
        let failed = sender.clone();
        let spawned = std::thread::Builder::new()
            .name("striate-prefetch".to_owned())
            .spawn(move || reader.run(epoch, step, steps_per_epoch.max(1), &sender));
        let thread = match spawned {
            Ok(thread) => Some(thread),
            Err(error) => {
                let reason = format!("cannot start a thread: {error}");
                // The channel is empty and open: there is room, and somebody to read it.
                let _ = failed.try_send(Err(RecordingError::ReadAhead { reason }));
                None
            }
        };
        Self { batches: Some(receiver), stop, thread }
    }

    /// The next batch: of the first session, the second, ..., then of the next step.
    ///
    /// # Errors
    /// What reading the batch met; after that, or where the thread cannot go on,
    /// [`RecordingError::ReadAhead`].
    #[expect(clippy::should_implement_trait, reason = "endless, and an error is not an item")]
    pub fn next(&mut self) -> Result<ClipBatch, RecordingError> {
        let received = self.batches.as_ref().and_then(|batches| batches.recv().ok());
        received.unwrap_or_else(|| {
            let reason = "the thread has ended after an error".to_owned();
            Err(RecordingError::ReadAhead { reason })
        })
    }
}

impl Drop for Prefetcher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // A thread that waits to hand over a batch wakes when nobody can receive it.
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been reported by it; dropping must not panic again.
            let _ = thread.join();
        }
    }
}

/// What the thread works with.
struct Reader {
    recording: Arc<Recording>,
    sampler: ClipSampler,
    stop: Arc<AtomicBool>,
}

impl Reader {
    fn run(
        &self,
        mut epoch: u64,
        mut step: usize,
        steps_per_epoch: usize,
        batches: &SyncSender<Result<ClipBatch, RecordingError>>,
    ) {
        loop {
            if step >= steps_per_epoch {
                (epoch, step) = (epoch + 1, 0);
            }
            for session in 0..self.sampler.n_sessions() {
                let Some(batch) = self.read(epoch, step, session) else { return };
                let failed = batch.is_err();
                if batches.send(batch).is_err() || failed {
                    return;
                }
            }
            step += 1;
        }
    }

    /// One batch; `None` when asked to stop.
    fn read(
        &self,
        epoch: u64,
        step: usize,
        session: usize,
    ) -> Option<Result<ClipBatch, RecordingError>> {
        let source = self.recording.sessions.get(session)?;
        let clips = self.sampler.clips(epoch, step, session);
        let mut batch = ClipBatch { session, epoch, step, ..ClipBatch::default() };
        for clip in &clips {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            match source.load(clip.trial, clip.frames.clone()) {
                Ok(data) => batch.push(data, clips.len()),
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(batch))
    }
}

#[cfg(test)]
mod tests;
