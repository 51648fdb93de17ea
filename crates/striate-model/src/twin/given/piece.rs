//! Some frames with what is known about their latents.

use striate_base::RandomStream;
use striate_kernels::noise;
use striate_ops::{MonteCarlo, Noise, OpError, Posterior, Var, add, affine, row_key};

use crate::error::ModelError;
use crate::latent::{LatentPart, PredictionKind};
use crate::likelihood::{Likelihood, SilentFrames};
use crate::pass::Pass;

/// Key of the samples of latents in evaluation: the same in every frame, so that a prediction does not
/// depend on what it is computed together with.
pub(in crate::twin) const EVALUATION_KEY: u64 = 0x5171_A7E0;

/// What is read in some frames, and what is known about their latents.
pub(super) struct Given<'a, 'p> {
    pub(super) latent: &'a LatentPart,
    pub(super) likelihood: &'a dyn Likelihood,
    pub(super) pass: &'a mut Pass<'p>,
    /// For each output `[clip, frame, neuron]`.
    pub(super) read: &'a [Var],
    /// For each output `[dim, neuron]`.
    pub(super) loadings: &'a [Var],
    /// Place of the first row among all that are predicted.
    pub(super) first_row: usize,
    /// `[row, dim]`
    pub(super) mean: Var,
    /// `[dim]`
    pub(super) scale: Var,
}

impl Given<'_, '_> {
    pub(super) fn rates(&mut self, kind: PredictionKind) -> Result<Vec<f32>, ModelError> {
        match kind {
            #[expect(
                clippy::redundant_closure_for_method_calls,
                reason = "the method itself is of one lifetime alone"
            )]
            PredictionKind::Means => self.sampled(&self.shared(), |samples| samples.means()),
            // Nothing is known: the only case in which the released code samples.
            PredictionKind::Parameters if self.mean.values().iter().all(|&mean| mean == 0.0) => {
                self.rates_of_average_parameters()
            }
            PredictionKind::Parameters | PredictionKind::AtMean => self.rates_at_mean(),
        }
    }

    fn rates_at_mean(&mut self) -> Result<Vec<f32>, ModelError> {
        let mean = self.mean.values().to_vec();
        let read = self.read_at(&mean)?;
        Ok(self.likelihood.rate(self.pass, &read)?.values().to_vec())
    }

    fn rates_of_average_parameters(&mut self) -> Result<Vec<f32>, ModelError> {
        let (noise, n_samples) = (self.noise(), self.latent.config.n_evaluation_samples as f32);
        let mut averages: Vec<Vec<f32>> = Vec::new();
        for noise in noise.chunks_exact(self.dim()) {
            let read = self.read_at(&self.at(noise))?;
            let found = self.likelihood.parameters(self.pass, &read)?;
            averages.resize_with(found.len(), || vec![0.0; read[0].values().len()]);
            for (averages, found) in averages.iter_mut().zip(&found) {
                for (average, value) in averages.iter_mut().zip(found) {
                    *average += value / n_samples;
                }
            }
        }
        self.likelihood.mean_of(self.pass, &averages)
    }

    /// One array for each convention of silent frames.
    pub(super) fn log_densities(&mut self, responses: &[f32]) -> Result<Vec<Vec<f32>>, ModelError> {
        let targets = self.pass.tape.constant(self.read[0].shape().to_vec(), responses)?;
        let mut found = self.sampled(&self.shared(), |samples| samples.log_densities(&targets))?;
        for (index, &response) in responses.iter().enumerate() {
            let constant = self.likelihood.constant(response);
            if constant != 0.0 {
                found.iter_mut().for_each(|found| found[index] += constant as f32);
            }
        }
        // A law without silent frames has one density under all conventions.
        let first = found.first().cloned().unwrap_or_default();
        found.resize(SilentFrames::ALL.len(), first);
        Ok(found)
    }

    /// Logarithms of importance weights, `[row][sample]`.
    pub(super) fn log_weights(
        &mut self,
        responses: &[f32],
        counted: &[bool],
    ) -> Result<Vec<Vec<f64>>, ModelError> {
        let n_neurons = self.n_neurons();
        if counted.len() != n_neurons {
            return Err(ModelError::mismatch("counted neurons", counted.len(), n_neurons));
        }
        let counts: Vec<f32> = counted.iter().map(|&counts| f32::from(u8::from(counts))).collect();
        let n_rows = responses.len() / n_neurons;
        let shape = self.read[0].shape().to_vec();
        let all = self.pass.tape.constant(shape.clone(), &counts.repeat(n_rows))?;
        let targets = self.pass.tape.constant(shape, responses)?;
        // Each frame has samples of its own, so that errors do not add up over frames.
        let n_samples = self.latent.config.n_evaluation_samples;
        let per_row = n_samples * self.dim();
        let mut noise = vec![0.0; n_rows * per_row];
        for (row, noise) in noise.chunks_exact_mut(per_row).enumerate() {
            noise::fill_normal(row_key(EVALUATION_KEY, self.first_row + row), noise);
        }
        let given = Noise::Given(noise.as_slice().into());
        let weights = self.sampled(&given, |samples| samples.log_weights(&targets, Some(&all)))?;
        let dim = self.dim();
        let row = |row: usize| {
            let responses = &responses[row * n_neurons..(row + 1) * n_neurons];
            let counted = responses.iter().zip(counted).filter(|(_, counts)| **counts);
            let constant = counted.map(|(&y, _)| self.likelihood.constant(y)).sum::<f64>();
            let mean = &self.mean.values()[row * dim..(row + 1) * dim];
            let noise = &noise[row * per_row..(row + 1) * per_row];
            let of_row = &weights[row * n_samples..(row + 1) * n_samples];
            let weighed = self.weighed(of_row, (mean, noise));
            weighed.into_iter().map(|weight| weight + constant).collect()
        };
        Ok((0..n_rows).map(row).collect())
    }

    /// Add `log p(z) - log q(z)` of every sample of a row.
    fn weighed(&self, weights: &[f64], (mean, noise): (&[f32], &[f32])) -> Vec<f64> {
        let scale = self.scale.values();
        let ratio = |noise: &[f32]| -> f64 {
            let of = |((&mean, &scale), &noise): ((&f32, &f32), &f32)| {
                let (scale, noise) = (f64::from(scale), f64::from(noise));
                let z = f64::from(mean) + scale * noise;
                0.5 * (noise * noise - z * z) + scale.abs().ln()
            };
            mean.iter().zip(scale).zip(noise).map(of).sum()
        };
        weights.iter().zip(noise.chunks_exact(self.dim())).map(|(w, n)| w + ratio(n)).collect()
    }

    pub(super) fn cumulative(
        &mut self,
        responses: &[f32],
        within: &[f32],
        n_samples: usize,
    ) -> Result<Vec<f32>, ModelError> {
        let dim = self.dim();
        let mut noise = vec![0.0; n_samples * dim];
        noise::fill_normal(EVALUATION_KEY, &mut noise);
        let mut sums = Vec::new();
        for noise in noise.chunks_exact(dim) {
            let latents = self.at(noise);
            let read = self.read_at(&latents)?;
            let found = self.likelihood.cumulative(self.pass, &read, responses, within)?;
            sums.resize(found.len(), 0.0);
            for (sum, value) in sums.iter_mut().zip(found) {
                *sum += value / n_samples as f32;
            }
        }
        Ok(sums)
    }

    /// A sample of the latents of every row, `[row, dim]`.
    pub(super) fn draw(&self, random: &mut RandomStream) -> Vec<f32> {
        let scale = self.scale.values().iter().cycle();
        let of = |(&mean, &scale): (&f32, &f32)| mean + scale * random.normal() as f32;
        self.mean.values().iter().zip(scale).map(of).collect()
    }

    /// The latents of every row at the same distance from their means, `[row, dim]`.
    fn at(&self, noise: &[f32]) -> Vec<f32> {
        let offsets: Vec<f32> = self.scale.values().iter().zip(noise).map(|(s, n)| s * n).collect();
        let offsets = offsets.iter().cycle();
        self.mean.values().iter().zip(offsets).map(|(mean, offset)| mean + offset).collect()
    }

    /// What is read with latents `[row, dim]` added.
    pub(super) fn read_at(&mut self, latents: &[f32]) -> Result<Vec<Var>, ModelError> {
        let shape = vec![latents.len() / self.dim(), self.dim()];
        let latents = self.pass.tape.constant(shape, latents)?;
        let none = self.pass.tape.constant(vec![self.n_neurons()], &vec![0.0; self.n_neurons()])?;
        let of = |(read, loading): (&Var, &Var)| {
            let tape = &mut self.pass.tape;
            let added = affine(tape, &latents, loading, &none)?.reshape(read.shape().to_vec())?;
            Ok(add(tape, read, &added)?)
        };
        self.read.iter().zip(self.loadings).map(of).collect()
    }

    /// Hand the population with samples of this noise to `task`.
    fn sampled<T>(
        &mut self,
        noise: &Noise,
        task: impl FnOnce(&MonteCarlo<'_>) -> Result<T, OpError>,
    ) -> Result<T, ModelError> {
        let law = self.likelihood.law(self.pass)?;
        let shape = self.read[0].shape();
        let mean = self.mean.reshape(vec![shape[0], shape[1], self.dim()])?;
        Ok(task(&MonteCarlo {
            law: &law,
            heads: self.read,
            loadings: self.loadings,
            posterior: &Posterior { mean, scale: self.scale.clone() },
            n_samples: self.latent.config.n_evaluation_samples,
            noise,
        })?)
    }

    /// The samples' noise, `[sample, dim]`.
    fn noise(&self) -> Vec<f32> {
        let mut noise = vec![0.0; self.latent.config.n_evaluation_samples * self.dim()];
        noise::fill_normal(EVALUATION_KEY, &mut noise);
        noise
    }

    /// The same noise in every frame.
    fn shared(&self) -> Noise {
        Noise::Shared(self.noise().into())
    }

    fn dim(&self) -> usize {
        self.scale.values().len()
    }

    fn n_neurons(&self) -> usize {
        self.read[0].shape().last().copied().unwrap_or(1)
    }
}
