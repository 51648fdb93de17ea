//! A gated recurrent unit.

mod recurrence;
#[cfg(test)]
mod tests;

use striate_kernels::Affine;

use crate::channel_sums::channel_sums;
use crate::error::OpError;
use crate::pool::Buffer;
use crate::shape::check_shape;
use crate::tape::{Flow, Tape, Target, Var};
use crate::tensor::Tensor;
use recurrence::{Gates, Recurrence};

const NAME: &str = "gated recurrent unit";

/// The weights of a gated recurrent unit: of the gates reset and update and of the candidate, in this
/// order along the last axis.
#[derive(Debug, Clone, Copy)]
pub struct GruWeights<'a> {
    /// `[in, 3 state]`.
    pub input_weight: &'a Var,
    /// `[state, 3 state]`.
    pub hidden_weight: &'a Var,
    /// `[3 state]`.
    pub input_bias: &'a Var,
    /// `[3 state]`.
    pub hidden_bias: &'a Var,
}

/// A gated recurrent unit (Cho et al. 2014, "Learning phrase representations using RNN
/// encoder-decoder for statistical machine translation", arXiv 1406.1078), as in `PyTorch`: from the
/// state `h`, 0 before the first frame, and the input `x` of the frame
///
/// ```text
/// r  = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
/// z  = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
/// n  = tanh(W_in x + b_in + r (W_hn h + b_hn))
/// h' = (1 - z) n + z h
/// ```
///
/// # Shapes
/// `input` `[clip, frame, in]`; result, the state after each frame, `[clip, frame, state]`.
///
/// # Errors
/// [`OpError::Shape`] for shapes that do not fit together.
pub fn gru(tape: &mut Tape, input: &Var, weights: GruWeights<'_>) -> Result<Var, OpError> {
    let sizes = Sizes::new(input, weights)?;
    let GruWeights { input_weight, hidden_weight, input_bias, hidden_bias } = weights;
    let n_rows = sizes.n_rows();
    let mut gates = tape.pool().take(n_rows * 3 * sizes.state);
    let [w, b] = [input_weight, input_bias].map(Var::values);
    sizes.input_layer().forward(input.values(), w, b, &mut gates);
    let mut inner = tape.pool().take(n_rows * sizes.state);
    let mut states = tape.pool().take(n_rows * sizes.state);
    let [w, b] = [hidden_weight, hidden_bias].map(Var::values);
    sizes.recurrence().forward(w, b, [&mut gates, &mut inner, &mut states]);
    let value = Tensor::new(vec![sizes.n_clips, sizes.n_frames, sizes.state], states)?;
    let arguments = [input, input_weight, hidden_weight, input_bias, hidden_bias];
    let saved = Saved {
        sizes,
        input: input.clone(),
        input_weight: input_weight.clone(),
        hidden_weight: hidden_weight.clone(),
        gates,
        inner,
        states: value.clone(),
        targets: arguments.map(Var::target),
    };
    Ok(tape.record_tensor(value, &arguments, |gradient, flow| saved.backward(&gradient, flow)))
}

#[derive(Debug, Clone, Copy)]
struct Sizes {
    n_clips: usize,
    n_frames: usize,
    ins: usize,
    state: usize,
}

impl Sizes {
    fn new(input: &Var, weights: GruWeights<'_>) -> Result<Self, OpError> {
        let &[n_clips, n_frames, ins] = input.shape() else {
            return Err(OpError::shape(NAME, "input", input.shape(), "[clip, frame, in]"));
        };
        let hidden = weights.hidden_weight.shape();
        let &[state, _] = hidden else {
            return Err(OpError::shape(NAME, "hidden weight", hidden, "[state, 3 state]"));
        };
        let outs = 3 * state;
        check_shape(NAME, "hidden weight", hidden, &[state, outs])?;
        check_shape(NAME, "input weight", weights.input_weight.shape(), &[ins, outs])?;
        check_shape(NAME, "input bias", weights.input_bias.shape(), &[outs])?;
        check_shape(NAME, "hidden bias", weights.hidden_bias.shape(), &[outs])?;
        Ok(Self { n_clips, n_frames, ins, state })
    }

    fn n_rows(self) -> usize {
        self.n_clips * self.n_frames
    }

    /// The part of the gates that depends on the input.
    fn input_layer(self) -> Affine {
        let Self { ins, state, .. } = self;
        Affine { n_rows: self.n_rows(), in_channels: ins, out_channels: 3 * state }
    }

    /// The part of the gates that depends on the states before.
    fn hidden_layer(self) -> Affine {
        Affine { in_channels: self.state, ..self.input_layer() }
    }

    fn recurrence(self) -> Recurrence {
        Recurrence { n_frames: self.n_frames, state: self.state }
    }
}

/// What the gradients depend on.
struct Saved {
    sizes: Sizes,
    input: Var,
    input_weight: Var,
    hidden_weight: Var,
    gates: Buffer,
    inner: Buffer,
    states: Tensor,
    /// Of the input, both weights and both biases.
    targets: [Target; 5],
}

impl Saved {
    fn backward(mut self, gradient: &[f32], flow: &mut Flow<'_>) {
        let sizes = self.sizes;
        let mut before = flow.take(self.states.values().len());
        sizes.recurrence().states_before(self.states.values(), &mut before);
        // The gates become their gradients.
        let mut of_hidden = flow.take(self.gates.len());
        let gates = Gates { inner: &self.inner, before: &before, gradient };
        sizes.recurrence().backward(
            self.hidden_weight.values(),
            gates,
            [&mut self.gates, &mut of_hidden],
        );
        let [to_input, to_input_weight, to_hidden_weight, to_input_bias, to_hidden_bias] =
            self.targets;
        let (input_layer, hidden_layer) = (sizes.input_layer(), sizes.hidden_layer());
        let of_input = &self.gates;
        flow.add(to_hidden_bias, |out| channel_sums(&of_hidden, out));
        flow.add(to_input_bias, |out| channel_sums(of_input, out));
        flow.add(to_hidden_weight, |out| hidden_layer.weight_gradient(&before, &of_hidden, out));
        let x = self.input.values();
        flow.add(to_input_weight, |out| input_layer.weight_gradient(x, of_input, out));
        let w = self.input_weight.values();
        flow.add(to_input, |out| input_layer.input_gradient(w, of_input, out));
    }
}
