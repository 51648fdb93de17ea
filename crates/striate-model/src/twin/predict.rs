//! Predictions, and gradients of predictions with respect to the stimulus.

use std::ops::Range;

use striate_ops::{Seed, Tape, Var};

use super::input::fits;
use super::{ClipInput, LatentState, Twin};
use crate::error::ModelError;
use crate::likelihood::Likelihood;
use crate::pass::{Noise, Pass};

/// Values of the largest activation at a time (128 MiB).
pub(super) const MOST_VALUES: usize = 1 << 25;

/// What is computed at a time.
struct Piece {
    clips: Range<usize>,
    frames: Range<usize>,
    /// Of the predictions of each clip, those that are as if all frames were there.
    kept: Range<usize>,
}

/// Some frames of `[clip, frame, neuron]`.
fn keep_frames(pass: &mut Pass<'_>, all: Var, kept: &Range<usize>) -> Result<Var, ModelError> {
    let &[n_clips, n_frames, n_neurons] = all.shape() else { return Ok(all) };
    if kept.len() == n_frames {
        return Ok(all);
    }
    let clips = all.values().chunks_exact((n_frames * n_neurons).max(1));
    let cut = |clip: &[f32]| clip[kept.start * n_neurons..kept.end * n_neurons].to_vec();
    let values: Vec<f32> = clips.flat_map(cut).collect();
    Ok(pass.tape.constant(vec![n_clips, kept.len(), n_neurons], &values)?)
}

impl Twin {
    /// Predicted mean responses `[clip, frame - frames_consumed, neuron]` (running statistics,
    /// positions at their centres; latents averaged over their prior). Long clips and many clips are computed piece by piece, which
    /// bounds memory and changes no value.
    ///
    /// # Errors
    /// [`ModelError::Length`] or [`ModelError::Mismatch`] for an input that does not fit the twin.
    pub fn predict(&self, input: &ClipInput<'_>) -> Result<Vec<f32>, ModelError> {
        if let Some(prior) = self.prior_of(input) {
            let mut rates = self.predict_given(input, &[prior])?;
            return Ok(rates.pop().unwrap_or_default());
        }
        let mut rates = Vec::new();
        self.each_piece(input, |likelihood, pass, read| {
            rates.extend_from_slice(likelihood.rate(pass, read)?.values());
            Ok(())
        })?;
        Ok(rates)
    }

    /// What is known about the latents in the frames of an input before anything is seen; `None` where
    /// none take part.
    pub(super) fn prior_of(&self, input: &ClipInput<'_>) -> Option<LatentState> {
        let n_frames = input.n_frames.saturating_sub(self.frames_consumed());
        let latent = self.active_latents()?;
        Some(LatentState::prior(input.n_clips * n_frames, latent.config.dim))
    }

    /// Give what is read in each piece of the clips to `take`, in the order of the predictions.
    pub(super) fn each_piece(
        &self,
        input: &ClipInput<'_>,
        mut take: impl FnMut(&dyn Likelihood, &mut Pass<'_>, &[Var]) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        input.check(&self.spec, self.core.grid().n_lags)?;
        let likelihood = &*self.session(input.session)?.likelihood;
        for Piece { clips, frames, kept } in self.pieces(input) {
            let piece = input.part(clips, frames);
            let mut pass =
                Pass::new(Tape::forward_only(&self.pool), &self.parameters, Noise::Absent);
            let stimulus = self.stimulus(&mut pass, &piece, false)?;
            let read = self.read(&mut pass, &piece, stimulus)?;
            let read = read.into_iter().map(|var| keep_frames(&mut pass, var, &kept));
            let read = read.collect::<Result<Vec<_>, _>>()?;
            take(likelihood, &mut pass, &read)?;
        }
        Ok(())
    }

    /// Whole clips together, or overlapping stretches of one long clip after the other.
    fn pieces(&self, input: &ClipInput<'_>) -> Vec<Piece> {
        let (n_lags, ahead) = (self.core.grid().n_lags, self.frames_ahead());
        let per_lags = self.core.activations(1, n_lags).largest.max(1);
        // Stretches below twice the overlap would compute mostly overlap.
        let shortest = 2 * (n_lags + 2 * ahead);
        let most_frames = (self.most_values / per_lags * n_lags).max(shortest);
        let (n_clips, n_frames) = (input.n_clips, input.n_frames);
        let n_predicted = n_frames - (n_lags - 1);
        if n_frames <= most_frames {
            let together = (most_frames / n_frames).max(1);
            let starts = (0..n_clips).step_by(together);
            let end = |clip: usize| (clip + together).min(n_clips);
            let whole = |c| Piece { clips: c..end(c), frames: 0..n_frames, kept: 0..n_predicted };
            return starts.map(whole).collect();
        }
        let new_frames = most_frames - (n_lags - 1) - 2 * ahead;
        let stretch = move |clip: usize, start: usize| {
            let end = (start + new_frames).min(n_predicted);
            // Predictions near a cut lack those beyond it: they are computed and thrown away.
            let (first, last) = (start.saturating_sub(ahead), (end + ahead).min(n_predicted));
            Piece {
                clips: clip..clip + 1,
                frames: first..last + n_lags - 1,
                kept: start - first..end - first,
            }
        };
        let starts =
            move |clip| (0..n_predicted).step_by(new_frames).map(move |start| stretch(clip, start));
        (0..n_clips).flat_map(starts).collect()
    }

    /// Gradient `[clip, frame, height, width]` with respect to the stimulus of the sum of all
    /// predictions (at latents of 0) weighted by `output_weights` `[clip, frame - frames_consumed, neuron]`.
    ///
    /// # Errors
    /// As [`Twin::predict`].
    pub fn stimulus_gradient(
        &self,
        input: &ClipInput<'_>,
        output_weights: &[f32],
    ) -> Result<Vec<f32>, ModelError> {
        input.check(&self.spec, self.core.grid().n_lags)?;
        let n_neurons = input.shape(&self.spec)?.n_neurons;
        let axes = [input.n_clips, input.n_frames - self.frames_consumed(), n_neurons];
        fits("output weights", output_weights, &axes, "clip, predicted frame, neuron")?;
        let mut pass = Pass::new(Tape::recording(&self.pool), &self.parameters, Noise::Absent);
        let stimulus = self.stimulus(&mut pass, input, true)?;
        let rates = self.rates(&mut pass, input, stimulus.clone())?;
        let seed = Seed::weighted(&pass.tape, &rates, output_weights)?;
        drop(rates);
        let (tape, _, _) = pass.finish();
        let gradient = tape.backward(vec![seed]).take(&stimulus);
        Ok(gradient.map_or_else(|| vec![0.0; input.stimulus.len()], |gradient| gradient.to_vec()))
    }
}
