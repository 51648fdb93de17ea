//! Reading feature maps at the neurons' positions.

use striate_kernels::readout::{BilinearReadout, ReadoutGradients};

use crate::error::OpError;
use crate::shape::{check_shape, images};
use crate::tape::{Tape, Var};

const NAME: &str = "bilinear readout";

/// Dot product of each neuron's weights with the feature maps at its position, plus its bias.
///
/// Positions (x, y) run from -1 to 1 between the centres of the outermost pixels ("align corners");
/// between pixels features are interpolated bilinearly, outside they are zero.
///
/// # Shapes
/// `features` `[.., height, width, channel]` (leading axes: frames), `positions` `[frame or 1,
/// neuron, 2]`, `weights` `[neuron, channel]`, `bias` `[neuron]`; result `[frame, neuron]`.
///
/// # Errors
/// [`OpError::Shape`] for shapes that do not fit together.
pub fn bilinear_readout(
    tape: &mut Tape,
    features: &Var,
    positions: &Var,
    weights: &Var,
    bias: Option<&Var>,
) -> Result<Var, OpError> {
    let kernel = geometry(features, positions, weights)?;
    let n_neurons = kernel.n_neurons;
    let bias = match bias {
        Some(bias) => bias.clone(),
        None => tape.constant(vec![n_neurons], &vec![0.0; n_neurons])?,
    };
    check_shape(NAME, "bias", bias.shape(), &[n_neurons])?;
    let mut output = tape.pool().take(kernel.n_frames * n_neurons);
    let (f, p, w) = (features.values(), positions.values(), weights.values());
    kernel.forward(f, p, w, bias.values(), &mut output);
    let arguments = [features, positions, weights, &bias];
    let targets = arguments.map(Var::target);
    let (f, p, w) = (features.clone(), positions.clone(), weights.clone());
    let shape = vec![kernel.n_frames, n_neurons];
    Ok(tape.record(shape, output, &arguments, move |gradient, flow| {
        let mut found = targets.map(|target| flow.buffer(target));
        let [features, positions, weights, bias] = found.each_mut().map(Option::as_deref_mut);
        let gradients = ReadoutGradients { features, positions, weights, bias };
        kernel.backward(f.values(), p.values(), w.values(), &gradient, gradients);
        for (target, found) in targets.into_iter().zip(found) {
            if let Some(found) = found {
                flow.pass(target, found);
            }
        }
    }))
}

fn geometry(features: &Var, positions: &Var, weights: &Var) -> Result<BilinearReadout, OpError> {
    let (n_frames, [height, width, channels]) = images(NAME, features.shape())?;
    let &[n_neurons, weight_channels] = weights.shape() else {
        return Err(OpError::shape(NAME, "weights", weights.shape(), "[neuron, channel]"));
    };
    check_shape(NAME, "weights", &[weight_channels], &[channels])?;
    let positions_per_frame = positions.shape().first() != Some(&1) || n_frames == 1;
    let n_positions = if positions_per_frame { n_frames } else { 1 };
    check_shape(NAME, "positions", positions.shape(), &[n_positions, n_neurons, 2])?;
    Ok(BilinearReadout { n_frames, height, width, channels, n_neurons, positions_per_frame })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    /// 2 frames of 3 x 4 pixels and 2 channels, 3 neurons.
    fn naive(x: &[Vec<f64>], per_frame: bool) -> Vec<f64> {
        let value = |index: usize| {
            let (n, frame) = (index % 3, index / 3);
            let at = if per_frame { frame * 3 + n } else { n };
            let pixel = |axis: usize, last: f64| last * f64::midpoint(x[1][at * 2 + axis], 1.0);
            let (px, py) = (pixel(0, 3.0), pixel(1, 2.0));
            let mut sum = x.get(3).map_or(0.0, |bias| bias[n]);
            for (row, column, channel) in (0..24).map(|i| (i / 8, i / 2 % 4, i % 2)) {
                let near = |p: f64, q: usize| (1.0 - (p - q as f64).abs()).max(0.0);
                let feature = x[0][((frame * 3 + row) * 4 + column) * 2 + channel];
                sum += near(py, row) * near(px, column) * feature * x[2][n * 2 + channel];
            }
            sum
        };
        (0..6).map(value).collect()
    }

    // Inside, near the edge, and outside the map; none on a pixel's centre, where the slope jumps.
    const POSITIONS: [f32; 12] = [0.1, -0.3, 0.95, 0.9, -1.2, 0.2, -0.5, 0.4, 1.1, -0.6, 0.3, 2.3];

    #[test]
    fn gradients_agree_with_differences() {
        let case = |frames: usize| {
            Case::new()
                .random(&[2, 3, 4, 2], 1)
                .argument(&[frames, 3, 2], &POSITIONS[..frames * 6])
                .random(&[3, 2], 2)
                .random(&[3], 3)
        };
        for frames in [1, 2] {
            check(
                &case(frames),
                |t, v| bilinear_readout(t, &v[0], &v[1], &v[2], Some(&v[3])),
                |x| naive(x, frames == 2),
            );
        }
        let case = Case::new()
            .random(&[1, 2, 3, 4, 2], 1)
            .argument(&[1, 3, 2], &POSITIONS[..6])
            .random(&[3, 2], 2);
        check(&case, |t, v| bilinear_readout(t, &v[0], &v[1], &v[2], None), |x| naive(x, false));
    }
}
