//! From frame to frame, and back through time.

use rayon::prelude::*;

use crate::transpose::exchange;

/// The part of a gated recurrent unit that goes through time, each clip on its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recurrence {
    pub(super) n_frames: usize,
    pub(super) state: usize,
}

/// What the gradients of gates depend on besides the gates: all `[clip, frame, state]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gates<'a> {
    /// `W_hn h + b_hn`.
    pub(super) inner: &'a [f32],
    /// The states before each frame.
    pub(super) before: &'a [f32],
    /// Of the states after each frame.
    pub(super) gradient: &'a [f32],
}

impl Recurrence {
    fn clip(self) -> usize {
        (self.n_frames * self.state).max(1)
    }

    /// Overwrite `gates` `[clip, frame, 3 state]`, what the input makes of them, with `r`, `z` and `n`;
    /// `inner` and `states`, the states after each frame, `[clip, frame, state]`.
    pub(super) fn forward(
        self,
        weight: &[f32],
        bias: &[f32],
        [gates, inner, states]: [&mut [f32]; 3],
    ) {
        let clips = gates.par_chunks_exact_mut(3 * self.clip());
        let clips = clips.zip(inner.par_chunks_exact_mut(self.clip()));
        clips.zip(states.par_chunks_exact_mut(self.clip())).for_each(|((gates, inner), states)| {
            let mut hidden = vec![0.0; 3 * self.state];
            let mut before = vec![0.0; self.state];
            let frames = gates.chunks_exact_mut(3 * self.state);
            let frames = frames.zip(inner.chunks_exact_mut(self.state));
            for ((gates, inner), states) in frames.zip(states.chunks_exact_mut(self.state)) {
                hidden.copy_from_slice(bias);
                add_product(&before, weight, &mut hidden);
                inner.copy_from_slice(&hidden[2 * self.state..]);
                self.update(&hidden, gates, &before, states);
                before.copy_from_slice(states);
            }
        });
    }

    /// One frame: `gates` from what input and state make of them, and the new state.
    fn update(self, hidden: &[f32], gates: &mut [f32], before: &[f32], after: &mut [f32]) {
        let (reset, rest) = gates.split_at_mut(self.state);
        let (update, candidate) = rest.split_at_mut(self.state);
        for i in 0..self.state {
            let r = sigmoid(reset[i] + hidden[i]);
            let z = sigmoid(update[i] + hidden[self.state + i]);
            let n = (candidate[i] + r * hidden[2 * self.state + i]).tanh();
            after[i] = (1.0 - z) * n + z * before[i];
            (reset[i], update[i], candidate[i]) = (r, z, n);
        }
    }

    /// The state before each frame from those after.
    pub(super) fn states_before(self, states: &[f32], before: &mut [f32]) {
        let clips = before.chunks_exact_mut(self.clip()).zip(states.chunks_exact(self.clip()));
        for (before, states) in clips {
            let (first, later) = before.split_at_mut(self.state);
            first.fill(0.0);
            later.copy_from_slice(&states[..later.len()]);
        }
    }

    /// Turn `gates` (`r`, `z`, `n`) into the gradients of what the input makes of them, and overwrite
    /// `of_hidden` with the gradients of what the state makes of them; all `[clip, frame, 3 state]`.
    pub(super) fn backward(
        self,
        weight: &[f32],
        saved: Gates<'_>,
        [gates, of_hidden]: [&mut [f32]; 2],
    ) {
        let mut transposed = vec![0.0; weight.len()];
        exchange(weight, 3 * self.state, &mut transposed, self.state);
        let clips = gates.par_chunks_exact_mut(3 * self.clip());
        let clips = clips.zip(of_hidden.par_chunks_exact_mut(3 * self.clip()));
        clips.enumerate().for_each(|(clip, (gates, of_hidden))| {
            let mut carried = vec![0.0; self.state];
            let frames = gates.chunks_exact_mut(3 * self.state);
            let frames = frames.zip(of_hidden.chunks_exact_mut(3 * self.state));
            for (frame, (gates, of_hidden)) in frames.enumerate().rev() {
                let saved = saved.frame(clip * self.n_frames + frame, self.state);
                self.downdate(saved, gates, of_hidden, &mut carried);
                add_product(of_hidden, &transposed, &mut carried);
            }
        });
    }

    /// One frame back: the gradients of the gates, and of the state before by the way past them.
    fn downdate(
        self,
        saved: Gates<'_>,
        gates: &mut [f32],
        of_hidden: &mut [f32],
        carried: &mut [f32],
    ) {
        let (reset, rest) = gates.split_at_mut(self.state);
        let (update, candidate) = rest.split_at_mut(self.state);
        for i in 0..self.state {
            let (r, z, n) = (reset[i], update[i], candidate[i]);
            let of_state = saved.gradient[i] + carried[i];
            let of_n = of_state * (1.0 - z) * (1.0 - n * n);
            let of_z = of_state * (saved.before[i] - n) * z * (1.0 - z);
            let of_r = of_n * saved.inner[i] * r * (1.0 - r);
            carried[i] = of_state * z;
            (reset[i], update[i], candidate[i]) = (of_r, of_z, of_n);
            of_hidden[i] = of_r;
            of_hidden[self.state + i] = of_z;
            of_hidden[2 * self.state + i] = of_n * r;
        }
    }
}

impl Gates<'_> {
    fn frame(self, frame: usize, state: usize) -> Self {
        let [inner, before, gradient] = [self.inner, self.before, self.gradient]
            .map(|values| &values[frame * state..][..state]);
        Self { inner, before, gradient }
    }
}

/// Add `factors matrix`, `[term]` times `[term, column]`, to `sums`.
fn add_product(factors: &[f32], matrix: &[f32], sums: &mut [f32]) {
    for (&factor, row) in factors.iter().zip(matrix.chunks_exact(sums.len())) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += factor * value;
        }
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
