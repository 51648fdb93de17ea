//! The core of the reference step alone, forward and backward, through the operations that the model
//! calls.

use std::time::Instant;

use striate_base::Streams;
use striate_model::Twin;
use striate_ops::{
    Activation, ConvolutionOptions, Normalisation, Pool, Precision, Seed, Tape, Var,
    batch_norm_elu, spatial_convolution, temporal_convolution,
};

use crate::batch::Batch;
use crate::convolutions::Gflop;
use crate::{Failure, Outcome, Schedule, twins};

/// Every output of the core has the weight 1 in what is differentiated.
pub(crate) fn run(batch: Batch, schedule: Schedule) -> Result<Outcome, Failure> {
    let twin = twins::twin("core", "f32", batch)?;
    let mut stimulus = vec![0.0; batch.n_values()];
    Streams::new(0).stream("batch").fill_normal(&mut stimulus);
    let pool = Pool::new();
    let seconds = schedule.time(|_| {
        let start = Instant::now();
        let mut pass = Pass { tape: Tape::recording(&pool), twin: &twin, leaves: Vec::new() };
        let axes = vec![batch.n_clips, batch.n_frames, batch.height, batch.width, 1];
        let mut maps = pass.tape.constant(axes, &stimulus)?;
        for layer in 0..3 {
            maps = pass.layer(layer, &maps)?;
        }
        let seed = Seed::scaled(&maps, 1.0);
        drop(maps);
        let mut gradients = pass.tape.backward(vec![seed]);
        if pass.leaves.iter().any(|leaf| gradients.take(leaf).is_none()) {
            return Err("a weight of the core has no gradient".into());
        }
        Ok(start)
    })?;
    let of_core = twin.parameters().0.iter().filter(|p| p.group == "core" && p.trainable);
    let n_parameters = of_core.map(|p| p.values.len()).sum();
    let gflop = Some(Gflop::of(&twin.spec().model.core, batch).training);
    Ok(Outcome { seconds, gflop, n_parameters })
}

struct Pass<'a> {
    tape: Tape,
    twin: &'a Twin,
    leaves: Vec<Var>,
}

impl Pass<'_> {
    /// Convolution over space, over time, batch normalisation, ELU.
    fn layer(&mut self, layer: usize, input: &Var) -> Result<Var, Failure> {
        let spatial = self.leaf(layer, "spatial.weight")?;
        let temporal = self.leaf(layer, "temporal.weight")?;
        let scale = &self.leaf(layer, "norm.scale")?;
        let shift = &self.leaf(layer, "norm.shift")?;
        let padding = [spatial.shape()[0] / 2, spatial.shape()[1] / 2];
        let precision = Precision::F32;
        let options = ConvolutionOptions { padding, stride: [1; 2], precision };
        let tape = &mut self.tape;
        let maps = spatial_convolution(tape, input, &spatial, None, options)?;
        let maps = temporal_convolution(tape, &maps, &temporal, None, precision)?;
        let affine = Normalisation { scale, shift, epsilon: 1e-5, activation: Activation::Elu };
        Ok(batch_norm_elu(tape, &maps, &affine)?.0)
    }

    fn leaf(&mut self, layer: usize, part: &str) -> Result<Var, Failure> {
        let name = format!("core.layer{layer}.{part}");
        let parameter = self.twin.parameters().find(&name).ok_or(name)?;
        let leaf = self.tape.leaf(parameter.shape.clone(), &parameter.values)?;
        self.leaves.push(leaf.clone());
        Ok(leaf)
    }
}
