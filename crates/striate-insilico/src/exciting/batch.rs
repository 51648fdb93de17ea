//! Some neurons at once.

use rayon::prelude::*;
use striate_base::{CancelToken, Streams};
use striate_model::Windows;

use super::ascent::{Ascent, Copies};
use super::config::ExcitingConfig;
use super::constraint::{Constraint, Preconditioner};
use crate::error::InsilicoError;
use crate::parts::Part;
use crate::subject::{OwnClips, Subject};

/// Blur of the noise that inputs start from, in pixels.
const START_BLUR_PX: f64 = 1.0;

/// Neurons whose inputs are looked for together, each with copies: starts, and distinct inputs of each start.
pub(super) struct Batch<'a> {
    subject: &'a Subject<'a>,
    config: &'a ExcitingConfig,
    neurons: &'a [usize],
    /// The neuron of each clip: `[neuron, start, copy]`.
    clips: Vec<usize>,
    /// One for each clip.
    windows: Windows,
    constraint: Constraint,
}

impl<'a> Batch<'a> {
    /// `windows` has one for each neuron.
    pub(super) fn new(
        subject: &'a Subject<'a>,
        (neurons, windows): (&'a [usize], &Windows),
        config: &'a ExcitingConfig,
    ) -> Self {
        let copies = config.copies();
        let clips: Vec<usize> =
            neurons.iter().flat_map(|&neuron| std::iter::repeat_n(neuron, copies)).collect();
        let origins = windows.origins.iter();
        let origins = origins.flat_map(|&at| std::iter::repeat_n(at, copies)).collect();
        let windows = Windows { size: windows.size, origins };
        let n_pixels = config.n_frames(subject) * windows.size[0] * windows.size[1];
        let training = &subject.training;
        let constraint = Constraint {
            mean: training.mean,
            norm: config.contrast * f64::from(training.deviation) * (n_pixels as f64).sqrt(),
            range: training.luminance_range,
        };
        Self { subject, config, neurons, clips, windows, constraint }
    }

    /// Climb from all starts.
    pub(super) fn optimise(
        &self,
        streams: &Streams,
        cancel: &CancelToken,
    ) -> Result<Part, InsilicoError> {
        let n_frames = self.config.n_frames(self.subject);
        let n_predicted = n_frames + 1 - self.subject.n_lags();
        let form = self.config.form(self.subject);
        let preconditioner =
            Preconditioner::new(self.config.preconditioning, form, self.windows.size);
        let copies = Copies { n: self.config.n_diverse, repulsion: self.config.repulsion };
        let ascent = Ascent { constraint: self.constraint, preconditioner, copies };
        let mut inputs = self.starts(streams, &ascent);
        let weight = self.config.goal.sign() / n_predicted as f32;
        let weights = vec![weight; self.clips.len() * n_predicted];
        let per_clip = inputs.len() / self.clips.len();
        for step in 0..self.config.steps {
            if cancel.is_cancelled() {
                return Err(InsilicoError::Cancelled);
            }
            let (_, gradient) =
                self.subject.own_gradient(&self.shown(&inputs, n_frames), &weights)?;
            ascent.step(&mut inputs, gradient, per_clip, self.step_size(step));
        }
        let responses = self.subject.own_responses(&self.shown(&inputs, n_frames))?;
        let mean = |of_clip: &[f32]| of_clip.iter().sum::<f32>() / n_predicted as f32;
        let responses = responses.chunks_exact(n_predicted).map(mean).collect();
        Ok(self.part(responses, inputs, n_frames))
    }

    fn shown<'c>(&'c self, inputs: &'c [f32], n_frames: usize) -> OwnClips<'c> {
        OwnClips { neurons: &self.clips, windows: &self.windows, n_frames, stimulus: inputs }
    }

    /// Share of the norm; from `step_size` to a hundredth of it along half a cosine.
    fn step_size(&self, step: usize) -> f64 {
        let along = step as f64 / self.config.steps.saturating_sub(1).max(1) as f64;
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * along).cos());
        self.config.step_size * (0.01 + 0.99 * cosine)
    }

    /// Smooth noise, from a stream of each neuron's own; `[clip, frame, row, column]`.
    fn starts(&self, streams: &Streams, ascent: &Ascent) -> Vec<f32> {
        let [height, width] = self.windows.size;
        let n_frames = self.config.n_frames(self.subject);
        let copies = self.config.copies();
        let mean = self.constraint.mean;
        let blur = super::config::Preconditioning::Blur { sigma_px: START_BLUR_PX };
        let form = self.config.form(self.subject);
        let smooth = Preconditioner::new(blur, form, self.windows.size);
        let of = |&neuron: &usize| {
            let mut random = streams.stream(&format!("exciting input of neuron {neuron}"));
            let mut all = Vec::new();
            for _ in 0..copies {
                let mut clip = vec![0.0; n_frames * height * width];
                random.fill_normal(&mut clip);
                smooth.apply(&mut clip);
                clip.iter_mut().for_each(|value| *value += mean);
                ascent.constraint.project(&mut clip);
                all.extend(clip);
            }
            all
        };
        self.neurons.par_iter().flat_map_iter(of).collect()
    }

    /// Responses `[neuron, start, copy]`, inputs in the same order, and where the windows lie.
    fn part(&self, responses: Vec<f32>, inputs: Vec<f32>, n_frames: usize) -> Part {
        let [height, width] = self.windows.size;
        let (starts, copies) = (self.config.n_starts, self.config.n_diverse);
        let n = self.neurons.len();
        let every = self.windows.origins.iter().step_by(starts * copies);
        let origins: Vec<f32> = every.flat_map(|at| at.map(|pixel| pixel as f32)).collect();
        let mut part = Part::default();
        part.push("response", &[n, starts, copies], responses);
        part.push("input", &[n, starts, copies, n_frames, height, width], inputs);
        part.push("origin", &[n, 2], origins);
        part
    }
}
