//! The zero-inflated gamma likelihood of neurons that share latents, forward and backward, through the
//! operation that the model calls: ours of `benches/peers/pytorch_latent.py`.

use std::time::Instant;

use striate_base::{RandomStream, Streams};
use striate_ops::{
    Convention, MonteCarlo, MonteCarloLaw, Noise, Objective, Pool, Posterior, Seed, Tape,
    ZeroInflatedGamma,
};

use crate::batch::Batch;
use crate::{Failure, Outcome, Schedule};

/// Latents.
const DIM: usize = 12;
/// Samples of them.
const N_SAMPLES: usize = 100;

struct Population {
    batch: Batch,
    responses: Vec<f32>,
    /// 0.5 for every neuron, and its `lgamma`.
    gamma: [Vec<f32>; 2],
    /// Heads and loadings of both outputs, mean and scale, with their shapes.
    arguments: [(Vec<usize>, Vec<f32>); 6],
}

pub(crate) fn run(batch: Batch, schedule: Schedule) -> Result<Outcome, Failure> {
    let population = Population::new(batch, &mut Streams::new(0).stream("latents"));
    let pool = Pool::new();
    let seconds = schedule.time(|step| population.step(&pool, step as u64))?;
    let n_parameters = population.arguments[2..4].iter().map(|(_, values)| values.len()).sum();
    Ok(Outcome { seconds, gflop: None, n_parameters })
}

impl Population {
    fn new(batch: Batch, random: &mut RandomStream) -> Self {
        let Batch { n_clips, n_frames, n_neurons, .. } = batch;
        let n_values = n_clips * n_frames * n_neurons;
        let mut uniform = |shape: Vec<usize>, range: f64| {
            let length = shape.iter().product();
            let values = (0..length).map(|_| random.uniform_in(-range, range) as f32).collect();
            (shape, values)
        };
        let of_heads = vec![n_clips, n_frames, n_neurons];
        let of_loadings = vec![DIM, n_neurons];
        let arguments = [
            uniform(of_heads.clone(), 2.0),
            uniform(of_heads, 1.0),
            uniform(of_loadings.clone(), 0.3),
            uniform(of_loadings, 0.1),
            uniform(vec![n_clips, n_frames, DIM], 1.0),
            (vec![DIM], vec![0.8; DIM]),
        ];
        // Silent in half of the frames.
        let responses = uniform(vec![n_values], 2.0).1.into_iter().map(|y: f32| y.max(0.0));
        let responses = responses.collect();
        let gamma = [vec![0.5; n_neurons], vec![0.572_365; n_neurons]];
        Self { batch, responses, gamma, arguments }
    }

    /// Forward and backward; gives when the clock started. The copies of what readout, encoder and data
    /// would hand over do not count; drawing the samples does.
    fn step(&self, pool: &Pool, key: u64) -> Result<Instant, Failure> {
        let Batch { n_clips, n_frames, n_neurons, .. } = self.batch;
        let mut tape = Tape::recording(pool);
        let mut leaves = Vec::new();
        for (shape, values) in &self.arguments {
            leaves.push(tape.leaf(shape.clone(), values)?);
        }
        let responses = tape.constant(vec![n_clips, n_frames, n_neurons], &self.responses)?;
        let shape = tape.constant(vec![n_neurons], &self.gamma[0])?;
        let log_gamma = tape.constant(vec![n_neurons], &self.gamma[1])?;
        let start = Instant::now();
        let neurons = ZeroInflatedGamma { shape, log_gamma, rho: 0.005 };
        let convention = Convention::Density;
        let population = MonteCarlo {
            law: &MonteCarloLaw::ZeroInflatedGamma { neurons, convention },
            heads: &leaves[..2],
            loadings: &leaves[2..4],
            posterior: &Posterior { mean: leaves[4].clone(), scale: leaves[5].clone() },
            n_samples: N_SAMPLES,
            noise: &Noise::Key(key),
        };
        let (loss, _) = population.loss(&mut tape, Objective::Average, &responses, None)?;
        let seed = Seed::scaled(&loss, 1.0 / self.responses.len() as f32);
        let mut gradients = tape.backward(vec![seed]);
        if leaves.iter().any(|leaf| gradients.take(leaf).is_none()) {
            return Err("an argument of the likelihood has no gradient".into());
        }
        Ok(start)
    }
}
