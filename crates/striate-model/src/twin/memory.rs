//! Memory that a step will need.

use super::Twin;

/// Values per predicted frame and neuron: noise (two) and responses.
const PER_NEURON_AND_FRAME: usize = 3;

/// The same for each output of the readout: what is read, and its gradient.
const PER_OUTPUT: usize = 2;

/// The same with mixing: all outputs before they are told apart, what comes back to them from each (two), and
/// what the kernel holds of them.
const OF_MIXING: usize = 4;

/// The same with latents: what is hidden, seen and counted, for frames without prediction too.
const OF_LATENTS: usize = 3;

/// Activations of the largest size in flight in the backward pass: the gradient that comes, the one
/// that leaves, and what a kernel keeps for itself.
const IN_FLIGHT: usize = 3;

impl Twin {
    /// Bytes that a training step on batches of this size keeps in memory at once, without the
    /// parameters, the batch itself and what kernels borrow for their sums (up to some 64 MiB); a
    /// prediction from above.
    pub fn training_bytes(&self, n_clips: usize, n_frames: usize) -> u64 {
        let core = self.core.activations(n_clips, n_frames);
        let n_predicted = n_clips * n_frames.saturating_sub(self.frames_consumed());
        let n_neurons = self.spec.sessions.iter().map(|s| s.n_neurons).max().unwrap_or(0);
        let n_outputs = self.spec.model.likelihood.settings().outputs().len();
        let per_output = PER_OUTPUT + if self.frames_ahead() > 0 { OF_MIXING } else { 0 };
        let mut readout = (PER_NEURON_AND_FRAME + per_output * n_outputs) * n_predicted * n_neurons;
        if self.latent.is_some() {
            readout += OF_LATENTS * n_clips * n_frames * n_neurons;
        }
        let values = core.saved + IN_FLIGHT * core.largest + readout;
        // The pool holds up to 30 % beyond what is used at once.
        (values as f64 * 1.3) as u64 * size_of::<f32>() as u64
    }

    /// Bytes that [`Twin::own_gradient`] keeps in memory at once for so many clips on windows of `size` rows and
    /// columns, without parameters and input, about.
    pub fn own_gradient_bytes(&self, n_clips: usize, n_frames: usize, size: [usize; 2]) -> u64 {
        let core = self.core.activations(n_clips, n_frames);
        // Statistics are fixed and weights have no gradients: of a layer's three activations two are kept, and
        // little more than one is in flight.
        let values = (2 * core.saved / 3 + core.largest) as f64;
        let share = (size[0] * size[1]) as f64 / (self.spec.height * self.spec.width) as f64;
        (values * share) as u64 * size_of::<f32>() as u64
    }
}
