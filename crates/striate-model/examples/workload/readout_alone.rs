//! Gaussian readout and Poisson likelihood alone, forward and backward, through the operations that
//! the model calls and with their random positions drawn as it draws them.

use std::time::Instant;

use striate_base::{RandomStream, Streams};
use striate_kernels::noise::fill_normal;
use striate_ops::{Pool, Positions, Sampling, Seed, Tape, bilinear_readout, poisson_loss};

use crate::batch::Batch;
use crate::{Failure, Outcome, Schedule};

/// Channels of the feature maps.
const CHANNELS: usize = 32;

/// The parameters of the readout with their shapes, and what it reads and is compared with.
struct Readout {
    n_frames: usize,
    n_neurons: usize,
    maps: Vec<usize>,
    features: Vec<f32>,
    responses: Vec<f32>,
    /// Centres, spread, weights, bias.
    parameters: [(Vec<usize>, Vec<f32>); 4],
}

pub(crate) fn run(batch: Batch, schedule: Schedule) -> Result<Outcome, Failure> {
    let mut random = Streams::new(0).stream("readout");
    let readout = Readout::new(batch, &mut random);
    let pool = Pool::new();
    let seconds = schedule.time(|_| readout.step(&pool, &mut random))?;
    let n_parameters = readout.parameters.iter().map(|(_, values)| values.len()).sum();
    Ok(Outcome { seconds, gflop: None, n_parameters })
}

impl Readout {
    fn new(batch: Batch, random: &mut RandomStream) -> Self {
        let (n_neurons, n_frames) = (batch.n_neurons, batch.n_clips * batch.n_frames);
        let mut uniform = |length: usize, range: f64| -> Vec<f32> {
            (0..length).map(|_| random.uniform_in(-range, range) as f32).collect()
        };
        let parameters = [
            (vec![n_neurons, 2], uniform(n_neurons * 2, 0.8)),
            (vec![n_neurons, 2, 2], uniform(n_neurons * 4, 0.1)),
            (vec![n_neurons, CHANNELS], uniform(n_neurons * CHANNELS, 0.3)),
            (vec![n_neurons], uniform(n_neurons, 0.1)),
        ];
        let features = uniform(batch.n_values() * CHANNELS, 1.0);
        let mut response = || random.below(4) as f32 / 2.0;
        let responses = (0..n_frames * n_neurons).map(|_| response()).collect();
        let maps = vec![batch.n_clips, batch.n_frames, batch.height, batch.width, CHANNELS];
        Self { n_frames, n_neurons, maps, features, responses, parameters }
    }

    /// Forward and backward; gives when the clock started. The copies of what a core and the data
    /// would hand over do not count.
    fn step(&self, pool: &Pool, random: &mut RandomStream) -> Result<Instant, Failure> {
        let mut tape = Tape::recording(pool);
        let features = tape.leaf(self.maps.clone(), &self.features)?;
        let responses = tape.constant(vec![self.n_frames, self.n_neurons], &self.responses)?;
        let start = Instant::now();
        let mut leaves = Vec::new();
        for (shape, values) in &self.parameters {
            leaves.push(tape.leaf(shape.clone(), values)?);
        }
        let [centres, spread, weights, bias] = &leaves[..] else {
            return Err("expected four parameters".into());
        };
        let mut noise = pool.take(self.n_frames * self.n_neurons * 2);
        fill_normal(random.next_u64(), &mut noise);
        let noise = tape.constant_buffer(vec![self.n_frames, 2, self.n_neurons], noise)?;
        let sampling = Some(Sampling { spread: spread.clone(), noise });
        let positions = Positions { centres: centres.clone(), sampling, shift: None };
        let read = bilinear_readout(&mut tape, &features, positions, weights, Some(bias))?;
        let (loss, _) = poisson_loss(&mut tape, &read, &responses, 1e-8)?;
        let seed = Seed::scaled(&loss, 1.0 / self.responses.len() as f32);
        drop(read);
        let mut gradients = tape.backward(vec![seed]);
        leaves.push(features);
        if leaves.iter().any(|leaf| gradients.take(leaf).is_none()) {
            return Err("a parameter of the readout has no gradient".into());
        }
        Ok(start)
    }
}
