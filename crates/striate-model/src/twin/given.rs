//! What a twin predicts where something is known about its latents.

mod piece;

use striate_base::RandomStream;

pub(super) use piece::EVALUATION_KEY;
use piece::Given;

use super::input::fits;
use super::{ClipInput, Judgement, LatentState, Twin};
use crate::error::ModelError;
use crate::latent::PredictionKind;

impl Twin {
    /// Predicted mean responses `[clip, frame - frames_consumed, neuron]` for each of several states of
    /// the latents in these frames, as `model.latent.prediction` says.
    ///
    /// # Errors
    /// As [`Twin::predict`], and for a state of another size.
    pub fn predict_given(
        &self,
        input: &ClipInput<'_>,
        states: &[LatentState],
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        self.rates_given(input, states, self.latents()?.config.prediction)
    }

    /// Predicted mean responses at the means of several states of the latents, as if these were known.
    ///
    /// # Errors
    /// As [`Twin::predict_given`].
    pub fn predict_at(
        &self,
        input: &ClipInput<'_>,
        states: &[LatentState],
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        self.rates_given(input, states, PredictionKind::AtMean)
    }

    fn rates_given(
        &self,
        input: &ClipInput<'_>,
        states: &[LatentState],
        kind: PredictionKind,
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut rates = vec![Vec::new(); states.len()];
        self.each_piece_given(input, states, |given, which| {
            rates[which].extend(given.rates(kind)?);
            Ok(())
        })?;
        Ok(rates)
    }

    /// What [`Twin::predict_given`] gives, and how likely `responses` `[clip, frame - frames_consumed,
    /// neuron]` are, each averaged over the latents by itself.
    ///
    /// # Errors
    /// As [`Twin::predict_given`] and [`Twin::judge`].
    pub fn judge_given(
        &self,
        input: &ClipInput<'_>,
        responses: &[f32],
        states: &[LatentState],
    ) -> Result<Vec<Judgement>, ModelError> {
        self.check_responses(input, responses)?;
        let kind = self.latents()?.config.prediction;
        let mut found = vec![Judgement::default(); states.len()];
        self.each_piece_given(input, states, |given, which| {
            let judgement: &mut Judgement = &mut found[which];
            let n_done = judgement.rates.len();
            judgement.rates.extend(given.rates(kind)?);
            let here = &responses[n_done..judgement.rates.len()];
            judgement.append(given.log_densities(here)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Responses drawn from the predicted joint distribution of all neurons, given a state of the latents.
    ///
    /// # Errors
    /// As [`Twin::predict_given`].
    pub fn sample_given(
        &self,
        input: &ClipInput<'_>,
        state: &LatentState,
        random: &mut RandomStream,
    ) -> Result<Vec<f32>, ModelError> {
        let mut drawn = Vec::new();
        self.each_piece_given(input, std::slice::from_ref(state), |given, _| {
            let latents = given.draw(random);
            let read = given.read_at(&latents)?;
            drawn.extend(given.likelihood.sample(given.pass, &read, random)?);
            Ok(())
        })?;
        Ok(drawn)
    }

    /// Logarithms of the importance weights `p(y, z) / q(z)` of the samples of each frame, `[frame of all
    /// clips, sample]`: their mean is the joint density of the frame's responses. `counted` `[neuron]` says
    /// whose responses count; the prior is standard normal in every frame.
    ///
    /// # Errors
    /// As [`Twin::judge_given`]; [`ModelError::Mismatch`] for a likelihood without densities.
    pub fn log_weights(
        &self,
        input: &ClipInput<'_>,
        responses: &[f32],
        state: &LatentState,
        counted: &[bool],
    ) -> Result<Vec<Vec<f64>>, ModelError> {
        self.check_responses(input, responses)?;
        let mut weights = Vec::new();
        let mut n_done = 0;
        self.each_piece_given(input, std::slice::from_ref(state), |given, _| {
            let n_here = given.read[0].values().len();
            weights.extend(given.log_weights(&responses[n_done..n_done + n_here], counted)?);
            n_done += n_here;
            Ok(())
        })?;
        Ok(weights)
    }

    /// Probability of a response up to the recorded one, `[clip, frame - frames_consumed, neuron]`,
    /// averaged over `n_samples` of the latents; within an atom drawn uniformly. Empty for a likelihood
    /// without a distribution function.
    ///
    /// # Errors
    /// As [`Twin::judge_given`].
    pub fn cumulative(
        &self,
        input: &ClipInput<'_>,
        responses: &[f32],
        (state, n_samples): (Option<&LatentState>, usize),
        random: &mut RandomStream,
    ) -> Result<Vec<f32>, ModelError> {
        self.check_responses(input, responses)?;
        let (mut found, mut n_done) = (Vec::new(), 0);
        let mut within =
            |length: usize| -> Vec<f32> { (0..length).map(|_| random.uniform() as f32).collect() };
        let Some(state) = state else {
            self.each_piece(input, |likelihood, pass, read| {
                let here = &responses[n_done..n_done + read[0].values().len()];
                n_done += here.len();
                found.extend(likelihood.cumulative(pass, read, here, &within(here.len()))?);
                Ok(())
            })?;
            return Ok(found);
        };
        self.each_piece_given(input, std::slice::from_ref(state), |given, _| {
            let here = &responses[n_done..n_done + given.read[0].values().len()];
            n_done += here.len();
            found.extend(given.cumulative(here, &within(here.len()), n_samples)?);
            Ok(())
        })?;
        Ok(found)
    }

    pub(super) fn check_responses(
        &self,
        input: &ClipInput<'_>,
        responses: &[f32],
    ) -> Result<(), ModelError> {
        let n_frames = input.n_frames.saturating_sub(self.frames_consumed());
        let axes = [input.n_clips, n_frames, input.shape(&self.spec)?.n_neurons];
        fits("responses", responses, &axes, "clip, predicted frame, neuron")
    }

    /// Give what is read in each piece of the clips, with each state in these frames, to `take`.
    fn each_piece_given(
        &self,
        input: &ClipInput<'_>,
        states: &[LatentState],
        mut take: impl FnMut(&mut Given<'_, '_>, usize) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        let latent = self.latents()?;
        let dim = latent.config.dim;
        let n_rows = input.n_clips * input.n_frames.saturating_sub(self.frames_consumed());
        for state in states {
            fits("means of the latents", &state.mean, &[n_rows, dim], "predicted frame, latent")?;
            fits("scales of the latents", &state.scale, &[dim], "latent")?;
        }
        let mut done = 0;
        self.each_piece(input, |likelihood, pass, read| {
            let loadings = latent.loadings(pass, input.session)?;
            let n_neurons = read[0].shape().last().copied().unwrap_or(1);
            let rows = done..done + read[0].values().len() / n_neurons;
            done = rows.end;
            for (which, state) in states.iter().enumerate() {
                let mean = pass.tape.constant(
                    vec![rows.len(), dim],
                    &state.mean[rows.start * dim..rows.end * dim],
                )?;
                let scale = pass.tape.constant(vec![dim], &state.scale)?;
                let (read, loadings) = (read, &loadings[..]);
                let first_row = rows.start;
                let mut given =
                    Given { latent, likelihood, pass, read, loadings, first_row, mean, scale };
                take(&mut given, which)?;
            }
            Ok(())
        })
    }
}
