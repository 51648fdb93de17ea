//! What a twin says about responses beyond their mean.

use striate_base::RandomStream;

use super::{ClipInput, Twin};
use crate::error::ModelError;

/// Mean and variance of every response, `[clip, frame - frames_consumed, neuron]` each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moments {
    /// Means: what [`Twin::predict`] gives.
    pub mean: Vec<f32>,
    /// Variances around them.
    pub variance: Vec<f32>,
}

/// Recorded responses under a twin, arrays `[clip, frame - frames_consumed, neuron]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// Predicted means.
    pub rates: Vec<f32>,
    /// Natural logarithm of each response's density under each convention of
    /// [`crate::likelihood::SilentFrames::ALL`]; empty where the likelihood is no density.
    pub log_densities: Vec<Vec<f32>>,
}

impl Judgement {
    /// Add densities of further responses.
    pub(super) fn append(&mut self, log_densities: Vec<Vec<f32>>) {
        self.log_densities.resize_with(log_densities.len(), Vec::new);
        for (all, more) in self.log_densities.iter_mut().zip(log_densities) {
            all.extend(more);
        }
    }
}

impl Twin {
    /// Predicted means and variances. Those of a twin with latents are at latents of 0.
    ///
    /// # Errors
    /// As [`Twin::predict`].
    pub fn moments(&self, input: &ClipInput<'_>) -> Result<Moments, ModelError> {
        let mut moments = Moments::default();
        self.each_piece(input, |likelihood, pass, read| {
            moments.mean.extend_from_slice(likelihood.rate(pass, read)?.values());
            moments.variance.extend(likelihood.variance(pass, read)?);
            Ok(())
        })?;
        Ok(moments)
    }

    /// Responses `[clip, frame - frames_consumed, neuron]` drawn from the predicted distributions: of all
    /// neurons together where there are latents, those of each frame independent.
    ///
    /// # Errors
    /// As [`Twin::predict`].
    pub fn sample(
        &self,
        input: &ClipInput<'_>,
        random: &mut RandomStream,
    ) -> Result<Vec<f32>, ModelError> {
        if let Some(prior) = self.prior_of(input) {
            return self.sample_given(input, &prior, random);
        }
        let mut drawn = Vec::new();
        self.each_piece(input, |likelihood, pass, read| {
            drawn.extend(likelihood.sample(pass, read, random)?);
            Ok(())
        })?;
        Ok(drawn)
    }

    /// Predicted means, and how likely `responses` `[clip, frame - frames_consumed, neuron]` are, each by
    /// itself. Latents are averaged over their prior.
    ///
    /// # Errors
    /// As [`Twin::predict`], and [`ModelError::Length`] for another number of responses.
    pub fn judge(&self, input: &ClipInput<'_>, responses: &[f32]) -> Result<Judgement, ModelError> {
        self.check_responses(input, responses)?;
        if let Some(prior) = self.prior_of(input) {
            let mut found = self.judge_given(input, responses, &[prior])?;
            return Ok(found.pop().unwrap_or_default());
        }
        let mut found = Judgement::default();
        let mut n_done = 0;
        self.each_piece(input, |likelihood, pass, read| {
            let rates = likelihood.rate(pass, read)?;
            found.rates.extend_from_slice(rates.values());
            let here = &responses[n_done..n_done + rates.values().len()];
            n_done += here.len();
            found.append(likelihood.log_densities(pass, read, here)?);
            Ok(())
        })?;
        Ok(found)
    }
}
