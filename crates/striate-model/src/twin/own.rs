//! Predictions of neurons each of which has a latent state of its own: that inferred without it.

use rayon::prelude::*;
use striate_kernels::noise;
use striate_ops::Var;

use super::given::EVALUATION_KEY;
use super::input::fits;
use super::{ClipInput, Judgement, LatentState, Twin};
use crate::error::ModelError;
use crate::latent::PredictionKind;
use crate::likelihood::Likelihood;
use crate::pass::Pass;

/// Latents of each neuron in some frames, and where they go.
struct Own<'a> {
    /// `[neuron, frame, dim]`, of all frames.
    state: &'a LatentState,
    n_frames: usize,
    first_frame: usize,
    /// For each output `[dim, neuron]`.
    loadings: Vec<Var>,
}

impl Twin {
    /// [`Twin::judge_given`] of one clip with a state for each neuron, `[neuron, predicted frame, dim]`, as
    /// [`Twin::infer_without_each`] finds them: every neuron from all others.
    ///
    /// # Errors
    /// As [`Twin::judge_given`]; [`ModelError::Mismatch`] for more clips than one.
    pub fn judge_each(
        &self,
        input: &ClipInput<'_>,
        responses: &[f32],
        state: &LatentState,
    ) -> Result<Judgement, ModelError> {
        self.check_responses(input, responses)?;
        if input.n_clips != 1 {
            return Err(ModelError::mismatch("clips", input.n_clips, 1));
        }
        let latent = self.latents()?;
        let n_frames = input.n_frames - self.frames_consumed();
        let n_neurons = input.shape(&self.spec)?.n_neurons;
        let axes = [n_neurons, n_frames, latent.config.dim];
        fits("means of the latents", &state.mean, &axes, "neuron, predicted frame, latent")?;
        let n_samples = match latent.config.prediction {
            PredictionKind::Means => latent.config.n_evaluation_samples,
            PredictionKind::Parameters | PredictionKind::AtMean => 0,
        };
        let mut found = Judgement::default();
        self.each_piece(input, |likelihood, pass, read| {
            let loadings = latent.loadings(pass, input.session)?;
            let first_frame = found.rates.len() / n_neurons;
            let own = Own { state, n_frames, first_frame, loadings };
            let here = &responses[found.rates.len()..found.rates.len() + read[0].values().len()];
            let (rates, log_densities) = own.judge(
                likelihood,
                (pass, read),
                here,
                (n_samples, latent.config.n_evaluation_samples),
            )?;
            found.rates.extend(rates);
            found.append(log_densities);
            Ok(())
        })?;
        Ok(found)
    }
}

impl Own<'_> {
    /// Rates averaged over `of_rates` samples (0: at the mean), densities over `of_densities`.
    fn judge(
        &self,
        likelihood: &dyn Likelihood,
        (pass, read): (&mut Pass<'_>, &[Var]),
        responses: &[f32],
        (of_rates, of_densities): (usize, usize),
    ) -> Result<(Vec<f32>, Vec<Vec<f32>>), ModelError> {
        let dim = self.state.scale.len();
        let mut noise = vec![0.0; of_densities * dim];
        noise::fill_normal(EVALUATION_KEY, &mut noise);
        let mut rates = if of_rates == 0 {
            let read = self.read_at(pass, read, &vec![0.0; dim])?;
            likelihood.rate(pass, &read)?.values().to_vec()
        } else {
            vec![0.0; responses.len()]
        };
        let mut sums: Vec<LogSums> = Vec::new();
        for noise in noise.chunks_exact(dim) {
            let read = self.read_at(pass, read, noise)?;
            if of_rates > 0 {
                let found = likelihood.rate(pass, &read)?;
                for (rate, found) in rates.iter_mut().zip(found.values()) {
                    *rate += found / of_rates as f32;
                }
            }
            let found = likelihood.log_densities(pass, &read, responses)?;
            sums.resize_with(found.len(), || LogSums::new(responses.len()));
            for (sums, found) in sums.iter_mut().zip(&found) {
                sums.add(found);
            }
        }
        Ok((rates, sums.into_iter().map(LogSums::means).collect()))
    }

    /// What is read in each frame for each neuron with its latents at the same distance from their means.
    fn read_at(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        noise: &[f32],
    ) -> Result<Vec<Var>, ModelError> {
        let dim = self.state.scale.len();
        let offsets: Vec<f32> = self.state.scale.iter().zip(noise).map(|(s, n)| s * n).collect();
        let of = |(read, loading): (&Var, &Var)| {
            let n_neurons = loading.shape()[1];
            let mut found = pass.tape.pool().copy(read.values());
            found.par_chunks_mut(n_neurons.max(1)).enumerate().for_each(|(frame, values)| {
                for (neuron, value) in values.iter_mut().enumerate() {
                    let place = (neuron * self.n_frames + self.first_frame + frame) * dim;
                    let mean = &self.state.mean[place..place + dim];
                    for (d, (mean, offset)) in mean.iter().zip(&offsets).enumerate() {
                        *value += loading.values()[d * n_neurons + neuron] * (mean + offset);
                    }
                }
            });
            Ok(pass.tape.constant_buffer(read.shape().to_vec(), found)?)
        };
        read.iter().zip(&self.loadings).map(of).collect()
    }
}

/// Logarithms of running means of exponentials, one for each value.
struct LogSums {
    largest: Vec<f32>,
    sums: Vec<f32>,
    n: usize,
}

impl LogSums {
    fn new(length: usize) -> Self {
        Self { largest: vec![f32::NEG_INFINITY; length], sums: vec![0.0; length], n: 0 }
    }

    fn add(&mut self, values: &[f32]) {
        for ((largest, sum), &value) in self.largest.iter_mut().zip(&mut self.sums).zip(values) {
            // Relative to the largest so far; NaN goes to the sum and stays there.
            if value > *largest {
                *sum *= (*largest - value).exp();
                *largest = value;
            }
            *sum += (value - *largest).exp();
        }
        self.n += 1;
    }

    fn means(self) -> Vec<f32> {
        let n = self.n.max(1) as f32;
        self.largest.iter().zip(&self.sums).map(|(largest, sum)| largest + (sum / n).ln()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_exponentials_do_not_overflow() {
        let mut sums = LogSums::new(3);
        for values in [[-1000.0, 0.0, f32::NAN], [-1001.0, 200.0, 0.0]] {
            sums.add(&values);
        }
        let found = sums.means();
        let expected = -1000.0 + f32::midpoint(1.0, (-1.0f32).exp()).ln();
        assert!((found[0] - expected).abs() < 1e-3);
        assert!((found[1] - (200.0 - 2.0f32.ln())).abs() < 1e-4);
        assert!(found[2].is_nan());
    }
}
