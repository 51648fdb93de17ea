//! Settings of the search.

use serde::{Deserialize, Serialize};

use crate::error::{InsilicoError, in_range};
use crate::subject::Subject;

/// Which end of a neuron's range is looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// The largest response.
    #[default]
    Most,
    /// The smallest response.
    Least,
}

impl Goal {
    /// 1 or -1: what the response is multiplied by to be climbed.
    pub(super) fn sign(self) -> f32 {
        if self == Self::Most { 1.0 } else { -1.0 }
    }

    /// The experiment's name.
    pub fn kind(self) -> &'static str {
        if self == Self::Most { "most-exciting" } else { "least-exciting" }
    }

    pub(super) fn stage(self) -> &'static str {
        if self == Self::Most { "most exciting inputs" } else { "least exciting inputs" }
    }
}

/// What an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// One image, shown throughout.
    Image,
    /// Every frame for itself.
    Video,
}

/// What the gradient is multiplied by in space before a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Preconditioning {
    /// Nothing.
    None,
    /// A Gaussian blur.
    Blur {
        /// Standard deviation in pixels, above 0, at most 20.
        sigma_px: f64,
    },
    /// One over a power of the spatial frequency.
    Fourier {
        /// The power, 0 to 4.
        exponent: f64,
    },
}

/// Settings of [`super::most_exciting`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExcitingConfig {
    /// Most or least. Default `"most"`.
    pub goal: Goal,
    /// Image or video. Default: video where a response depends on several frames.
    pub form: Option<Form>,
    /// Frames of an input, at least as many as one response depends on, at most 1000; with more the mean of
    /// several responses is climbed. Default: as many as one response depends on.
    pub n_frames: Option<usize>,
    /// Contrast: the norm of an input's deviations from the training stimuli's mean, in units of what such a
    /// window of training stimuli has on average; above 0, at most 10. Default 0.4: an input puts in one place
    /// what natural stimuli spread, and with more its pixels would reach the ends of the display's range.
    pub contrast: f64,
    /// Steps of the ascent, 1 to 100 000. Default 200.
    pub steps: usize,
    /// Length of the first step as a share of the norm, above 0, at most 1; the last is a hundredth of it.
    /// Default 0.3.
    pub step_size: f64,
    /// What makes the gradient smooth. Default a blur of 1 pixel.
    pub preconditioning: Preconditioning,
    /// Starts for each input, 1 to 100; the best is kept and their agreement told. Default 2.
    pub n_starts: usize,
    /// Distinct inputs of each neuron, 1 to 32; 1: the most exciting one alone. Default 1.
    pub n_diverse: usize,
    /// How strongly distinct inputs push each other apart, beside the response climbed, 0 to 100. Default 0.3.
    pub repulsion: f64,
    /// Pixels around what a neuron sees, 0 to 100. Default 0.
    pub margin_px: usize,
}

impl Default for ExcitingConfig {
    fn default() -> Self {
        Self {
            goal: Goal::Most,
            form: None,
            n_frames: None,
            contrast: 0.4,
            steps: 200,
            step_size: 0.3,
            preconditioning: Preconditioning::Blur { sigma_px: 1.0 },
            n_starts: 2,
            n_diverse: 1,
            repulsion: 0.3,
            margin_px: 0,
        }
    }
}

impl ExcitingConfig {
    /// Refuse settings outside their ranges; `n_lags` is what one response depends on.
    ///
    /// # Errors
    /// [`InsilicoError::OutOfRange`].
    pub fn check(&self, n_lags: usize) -> Result<(), InsilicoError> {
        let n = self.n_frames.unwrap_or(n_lags);
        in_range("n_frames", n, (n_lags..=1000).contains(&n), &format!("{n_lags} to 1000"))?;
        let within = |key, value: f64, low: f64, most: f64| {
            let expected = format!("above {low}, at most {most}");
            in_range(key, value, value > low && value <= most, &expected)
        };
        within("contrast", self.contrast, 0.0, 10.0)?;
        within("step_size", self.step_size, 0.0, 1.0)?;
        let counted = |key, n: usize, most: usize| {
            in_range(key, n, (1..=most).contains(&n), &format!("1 to {most}"))
        };
        counted("steps", self.steps, 100_000)?;
        counted("n_starts", self.n_starts, 100)?;
        counted("n_diverse", self.n_diverse, 32)?;
        let repulsion = self.repulsion;
        in_range("repulsion", repulsion, (0.0..=100.0).contains(&repulsion), "0 to 100")?;
        in_range("margin_px", self.margin_px, self.margin_px <= 100, "0 to 100")?;
        match self.preconditioning {
            Preconditioning::None => Ok(()),
            Preconditioning::Blur { sigma_px } => {
                within("preconditioning.sigma_px", sigma_px, 0.0, 20.0)
            }
            Preconditioning::Fourier { exponent } => {
                let holds = (0.0..=4.0).contains(&exponent);
                in_range("preconditioning.exponent", exponent, holds, "0 to 4")
            }
        }
    }

    pub(super) fn n_frames(&self, subject: &Subject<'_>) -> usize {
        self.n_frames.unwrap_or(subject.n_lags())
    }

    pub(super) fn form(&self, subject: &Subject<'_>) -> Form {
        let usual = if subject.n_lags() > 1 { Form::Video } else { Form::Image };
        self.form.unwrap_or(usual)
    }

    /// Clips of each neuron.
    pub(super) fn copies(&self) -> usize {
        self.n_starts * self.n_diverse
    }

    /// Neurons whose clips, on windows of so many rows and columns, make a batch: enough to keep the kernels busy, few enough to stay in the caches.
    /// The batches, and so the bits, do not depend on the number of threads.
    pub(super) fn neurons_at_once(
        &self,
        subject: &Subject<'_>,
        [height, width]: [usize; 2],
    ) -> usize {
        let per_clip = self.n_frames(subject) * height * width;
        let clips = (PIXELS_AT_ONCE / per_clip.max(1)).clamp(4, 256);
        (clips / self.copies()).max(1)
    }

    /// Bytes that [`super::most_exciting`] holds beside what the twins need, about.
    ///
    /// # Errors
    /// As [`Subject::windows`].
    pub fn needed_bytes(
        &self,
        subject: &Subject<'_>,
        neurons: &[usize],
    ) -> Result<u64, InsilicoError> {
        let [height, width] = subject.windows(neurons, self.margin_px)?.size;
        let n_frames = self.n_frames(subject);
        let per_clip = (4 * n_frames * height * width) as u64;
        let diverse = if self.n_diverse > 1 { self.n_diverse } else { 0 };
        let results = per_clip * (neurons.len() * (1 + diverse)) as u64;
        // Inputs of a batch with their gradients, and what the twins keep of them.
        let n_clips =
            self.neurons_at_once(subject, [height, width]).min(neurons.len()) * self.copies();
        let batch = 4 * per_clip * n_clips as u64
            + subject.own_gradient_bytes(n_clips, n_frames, [height, width]);
        let shown = if subject.n_twins() > 1 { shown_bytes(subject, n_frames) } else { 0 };
        // While files are written, results are there twice.
        Ok(results + results.max(batch).max(shown))
    }
}

/// Inputs, on whole screens, that are shown at a time.
pub(super) fn shown_at_once([height, width]: [usize; 2], n_frames: usize) -> usize {
    (SHOWN_AT_ONCE / (n_frames * height * width).max(1)).clamp(1, 32)
}

/// Bytes that showing inputs on whole screens takes, about.
pub(super) fn shown_bytes(subject: &Subject<'_>, n_frames: usize) -> u64 {
    let [height, width] = subject.screen();
    let n_clips = shown_at_once([height, width], n_frames);
    let screens = (4 * n_clips * n_frames * height * width) as u64;
    2 * screens + subject.own_gradient_bytes(n_clips, n_frames, [height, width])
}

/// Pixels of the screens that are shown at a time, unless one input has more.
const SHOWN_AT_ONCE: usize = 1 << 20;

/// Pixels of a batch.
const PIXELS_AT_ONCE: usize = 1 << 16;
