//! The ascent of some channels at once.

use striate_base::{CancelToken, Streams};
use striate_model::{ChannelInput, Twin};

use super::config::FeatureConfig;
use crate::error::InsilicoError;
use crate::exciting::{
    Ascent, Constraint, Copies, Form, Preconditioner, Preconditioning, similarity,
};
use crate::subject::Subject;

/// Pixels of a batch.
const PIXELS_AT_ONCE: usize = 1 << 16;

/// Blur of the noise that inputs start from, in pixels.
const START_BLUR_PX: f64 = 1.0;

/// What is needed to look for inputs of channels.
pub(super) struct Search<'a> {
    pub(super) twin: &'a Twin,
    /// Frames of an input: as many as one response depends on.
    pub(super) n_frames: usize,
    /// Rows and columns of an input.
    pub(super) size: [usize; 2],
    behaviour: Option<&'a [f32]>,
    constraint: Constraint,
    config: &'a FeatureConfig,
}

/// What was found for some channels, one after the other.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// `[channel, frame, row, column]`
    pub(super) inputs: Vec<f32>,
    pub(super) responses: Vec<f32>,
    /// Lowest similarity of the input with those of the other starts.
    pub(super) agreements: Vec<f32>,
}

impl Found {
    pub(super) fn append(&mut self, other: Self) {
        self.inputs.extend(other.inputs);
        self.responses.extend(other.responses);
        self.agreements.extend(other.agreements);
    }
}

impl<'a> Search<'a> {
    pub(super) fn new(subject: &'a Subject<'_>, config: &'a FeatureConfig) -> Self {
        let (twin, _) = subject.first();
        let (n_frames, size) = (twin.output_grid().n_lags, twin.channel_window());
        let training = &subject.training;
        let n_pixels = (n_frames * size[0] * size[1]) as f64;
        let constraint = Constraint {
            mean: training.mean,
            norm: config.contrast * f64::from(training.deviation) * n_pixels.sqrt(),
            range: training.luminance_range,
        };
        let behaviour = training.behaviour.as_deref().filter(|_| twin.sees_behaviour());
        Self { twin, n_frames, size, behaviour, constraint, config }
    }

    /// Enough to keep the kernels busy, whatever the number of threads.
    pub(super) fn channels_at_once(&self) -> usize {
        let clips = (PIXELS_AT_ONCE / self.per_clip()).clamp(4, 256);
        (clips / self.config.n_starts).max(1)
    }

    fn per_clip(&self) -> usize {
        self.n_frames * self.size[0] * self.size[1]
    }

    pub(super) fn input<'c>(&'c self, n_clips: usize, stimulus: &'c [f32]) -> ChannelInput<'c> {
        let (n_frames, size, behaviour) = (self.n_frames, self.size, self.behaviour);
        ChannelInput { n_clips, n_frames, size, stimulus, behaviour }
    }

    /// Climb from all starts of some channels, and keep the best of each.
    pub(super) fn optimise(
        &self,
        channels: &[usize],
        streams: &Streams,
        cancel: &CancelToken,
    ) -> Result<Found, InsilicoError> {
        let n_starts = self.config.n_starts;
        let clips: Vec<usize> =
            channels.iter().flat_map(|&channel| std::iter::repeat_n(channel, n_starts)).collect();
        let ascent = Ascent {
            constraint: self.constraint,
            preconditioner: self.preconditioner(self.config.preconditioning),
            copies: Copies { n: 1, repulsion: 0.0 },
        };
        let mut inputs = self.starts(channels, streams);
        for step in 0..self.config.steps {
            if cancel.is_cancelled() {
                return Err(InsilicoError::Cancelled);
            }
            let shown = self.input(clips.len(), &inputs);
            let (_, gradient) = self.twin.channel_gradient(&shown, &clips)?;
            ascent.step(&mut inputs, gradient, self.per_clip(), self.step_size(step));
        }
        let responses = self.twin.channel_responses(&self.input(clips.len(), &inputs))?;
        let own =
            |(clip, &channel): (usize, &usize)| responses[clip * self.twin.n_channels() + channel];
        let responses: Vec<f32> = clips.iter().enumerate().map(own).collect();
        Ok(self.best(&inputs, &responses))
    }

    fn preconditioner(&self, preconditioning: Preconditioning) -> Preconditioner {
        let form = if self.n_frames > 1 { Form::Video } else { Form::Image };
        Preconditioner::new(preconditioning, form, self.size)
    }

    /// Smooth noise, from a stream of each channel's own.
    fn starts(&self, channels: &[usize], streams: &Streams) -> Vec<f32> {
        let smooth = self.preconditioner(Preconditioning::Blur { sigma_px: START_BLUR_PX });
        let mut all = Vec::new();
        for channel in channels {
            let mut random = streams.stream(&format!("exciting input of channel {channel}"));
            for _ in 0..self.config.n_starts {
                let mut clip = vec![0.0; self.per_clip()];
                random.fill_normal(&mut clip);
                smooth.apply(&mut clip);
                clip.iter_mut().for_each(|value| *value += self.constraint.mean);
                self.constraint.project(&mut clip);
                all.extend(clip);
            }
        }
        all
    }

    /// Share of the norm; from `step_size` to a hundredth of it along half a cosine.
    fn step_size(&self, step: usize) -> f64 {
        let along = step as f64 / self.config.steps.saturating_sub(1).max(1) as f64;
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * along).cos());
        self.config.step_size * (0.01 + 0.99 * cosine)
    }

    /// Of each channel the best start.
    fn best(&self, inputs: &[f32], responses: &[f32]) -> Found {
        let (n_starts, per_clip) = (self.config.n_starts, self.per_clip());
        let mut found = Found::default();
        for (inputs, responses) in
            inputs.chunks_exact(n_starts * per_clip).zip(responses.chunks_exact(n_starts))
        {
            let ranked = responses.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
            let (best, &response) = ranked.unwrap_or((0, &0.0));
            let of_start = |start: usize| &inputs[start * per_clip..][..per_clip];
            let alike = |start: usize| {
                similarity(of_start(best), of_start(start), self.constraint.mean) as f32
            };
            found.inputs.extend(of_start(best));
            found.responses.push(response);
            found.agreements.push((0..n_starts).map(alike).fold(1.0, f32::min));
        }
        found
    }
}
