//! Reading feature maps at the neurons' positions.

use striate_kernels::readout::{self, BilinearReadout, ReadoutGradients};

use crate::error::OpError;
use crate::shape::{check_shape, images};
use crate::tape::{Tape, Target, Var};

const NAME: &str = "bilinear readout";

/// Where neurons read, in coordinates (x, y): in each frame at `clamp(centre + spread noise, -1, 1) +
/// shift`. Where the clamp acts, no gradient flows to centre and spread.
#[derive(Debug, Clone)]
pub struct Positions {
    /// `[neuron, 2]`
    pub centres: Var,
    /// Where positions are drawn.
    pub sampling: Option<Sampling>,
    /// `[frame, 2]`, for all neurons alike. What leaves [-1, 1] by it stays outside.
    pub shift: Option<Var>,
}

/// How positions are drawn around their centres.
#[derive(Debug, Clone)]
pub struct Sampling {
    /// `[neuron, 2, 2]`
    pub spread: Var,
    /// `[frame, 2, neuron]`; gets no gradient.
    pub noise: Var,
}

/// Dot product of each neuron's weights with the feature maps at its position, plus its bias.
///
/// Positions run from -1 to 1 between the centres of the outermost pixels ("align corners"); between
/// pixels features are interpolated bilinearly, outside they are zero.
///
/// # Shapes
/// `features` `[.., height, width, channel]` (leading axes: frames), `weights` `[neuron, channel]`,
/// `bias` `[neuron]`; result `[frame, neuron]`.
///
/// # Errors
/// [`OpError::Shape`] for shapes that do not fit together.
pub fn bilinear_readout(
    tape: &mut Tape,
    features: &Var,
    positions: Positions,
    weights: &Var,
    bias: Option<&Var>,
) -> Result<Var, OpError> {
    let kernel = geometry(features, weights)?;
    let n_neurons = kernel.n_neurons;
    positions.check(NAME, kernel.n_frames, n_neurons)?;
    let bias = match bias {
        Some(bias) => bias.clone(),
        None => tape.constant_buffer(vec![n_neurons], tape.pool().zeros(n_neurons))?,
    };
    check_shape(NAME, "bias", bias.shape(), &[n_neurons])?;
    let mut output = tape.pool().take(kernel.n_frames * n_neurons);
    let (f, w) = (features.values(), weights.values());
    kernel.forward(f, &positions.values(), w, bias.values(), &mut output);
    let spread = positions.sampling.as_ref().map(|sampling| &sampling.spread);
    let optional = [spread, positions.shift.as_ref()];
    let mut arguments = vec![features, &positions.centres, weights, &bias];
    arguments.extend(optional.into_iter().flatten());
    let target = |var: Option<&Var>| var.map_or_else(Target::default, Var::target);
    let [to_spread, to_shift] = optional.map(target);
    let [to_features, to_centres] = [features, &positions.centres].map(Var::target);
    let targets = [to_features, to_centres, to_spread, to_shift, weights.target(), bias.target()];
    let (features, saved, weights) = (features.clone(), positions.clone(), weights.clone());
    let shape = vec![kernel.n_frames, n_neurons];
    Ok(tape.record(shape, output, &arguments, move |gradient, flow| {
        let mut found = targets.map(|target| flow.buffer(target));
        let (f, w) = (features.values(), weights.values());
        let [features, centres, spread, shift, weights, bias] =
            found.each_mut().map(Option::as_deref_mut);
        let gradients = ReadoutGradients { features, centres, spread, shift, weights, bias };
        kernel.backward(f, &saved.values(), w, &gradient, gradients);
        for (target, found) in targets.into_iter().zip(found) {
            if let Some(found) = found {
                flow.pass(target, found);
            }
        }
    }))
}

impl Positions {
    pub(crate) fn check(
        &self,
        operation: &'static str,
        n_frames: usize,
        n_neurons: usize,
    ) -> Result<(), OpError> {
        check_shape(operation, "centres", self.centres.shape(), &[n_neurons, 2])?;
        if let Some(Sampling { spread, noise }) = &self.sampling {
            check_shape(operation, "spread", spread.shape(), &[n_neurons, 2, 2])?;
            check_shape(operation, "noise", noise.shape(), &[n_frames, 2, n_neurons])?;
        }
        match &self.shift {
            Some(shift) => check_shape(operation, "shift", shift.shape(), &[n_frames, 2]),
            None => Ok(()),
        }
    }

    pub(crate) fn values(&self) -> readout::Positions<'_> {
        let sampling = self.sampling.as_ref();
        readout::Positions {
            centres: self.centres.values(),
            sampling: sampling.map(|sampling| readout::Sampling {
                spread: sampling.spread.values(),
                noise: sampling.noise.values(),
            }),
            shift: self.shift.as_ref().map(Var::values),
        }
    }
}

fn geometry(features: &Var, weights: &Var) -> Result<BilinearReadout, OpError> {
    let (n_frames, [height, width, channels]) = images(NAME, features.shape())?;
    let &[n_neurons, weight_channels] = weights.shape() else {
        return Err(OpError::shape(NAME, "weights", weights.shape(), "[neuron, channel]"));
    };
    check_shape(NAME, "weights", &[weight_channels], &[channels])?;
    Ok(BilinearReadout { n_frames, height, width, channels, n_neurons })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    // Of 3 neurons, close to the middle and to the edge; none on a pixel's centre, where the slope
    // jumps.
    const CENTRES: [f32; 6] = [0.1, -0.3, 0.95, 0.9, -0.85, 0.2];
    // Of 2 frames; 3.0 drives some positions to the clamp.
    const NOISE: [f32; 12] = [0.3, 3.0, -0.4, -0.2, 0.1, 0.5, 0.1, 0.2, -0.1, -3.0, 0.3, 0.6];
    // Some positions leave the map.
    const SHIFT: [f32; 4] = [0.12, -0.03, -0.21, 0.34];

    /// 2 frames of 3 x 4 pixels and 2 channels: features, weights, bias, centres and, where there
    /// are, spread and shift.
    fn naive(x: &[Vec<f64>], spread: Option<usize>, shift: Option<usize>) -> Vec<f64> {
        let value = |index: usize| {
            let (n, frame) = (index % 3, index / 3);
            let pixel = |axis: usize, last: f64| {
                let mut drawn = x[3][n * 2 + axis];
                for other in 0..2 {
                    let noise = f64::from(NOISE[(frame * 2 + other) * 3 + n]);
                    drawn += spread.map_or(0.0, |at| x[at][n * 4 + axis * 2 + other] * noise);
                }
                let moved = shift.map_or(0.0, |at| x[at][frame * 2 + axis]);
                last * f64::midpoint(drawn.clamp(-1.0, 1.0) + moved, 1.0)
            };
            let (px, py) = (pixel(0, 3.0), pixel(1, 2.0));
            let mut sum = x[2][n];
            for (row, column, channel) in (0..24).map(|i| (i / 8, i / 2 % 4, i % 2)) {
                let near = |p: f64, q: usize| (1.0 - (p - q as f64).abs()).max(0.0);
                let feature = x[0][((frame * 3 + row) * 4 + column) * 2 + channel];
                sum += near(py, row) * near(px, column) * feature * x[1][n * 2 + channel];
            }
            sum
        };
        (0..6).map(value).collect()
    }

    #[test]
    fn gradients_agree_with_differences() {
        for (is_drawn, is_shifted) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut case = Case::new()
                .random(&[2, 3, 4, 2], 1)
                .random(&[3, 2], 2)
                .random(&[3], 3)
                .argument(&[3, 2], &CENTRES);
            let spread = is_drawn.then_some(4);
            let shift = is_shifted.then_some(if is_drawn { 5 } else { 4 });
            if is_drawn {
                case = case.random(&[3, 2, 2], 5);
            }
            if is_shifted {
                case = case.argument(&[2, 2], &SHIFT);
            }
            check(
                &case,
                |t, v| {
                    let noise = t.constant(vec![2, 2, 3], &NOISE)?;
                    let sampling = spread.map(|at| Sampling { spread: v[at].clone(), noise });
                    let shift = shift.map(|at| v[at].clone());
                    let positions = Positions { centres: v[3].clone(), sampling, shift };
                    bilinear_readout(t, &v[0], positions, &v[1], Some(&v[2]))
                },
                |x| naive(x, spread, shift),
            );
        }
    }

    #[test]
    fn neurons_need_no_bias() {
        let case =
            Case::new().random(&[1, 2, 3, 4, 2], 1).random(&[3, 2], 2).argument(&[3, 2], &CENTRES);
        check(
            &case,
            |t, v| {
                let positions = Positions { centres: v[2].clone(), sampling: None, shift: None };
                bilinear_readout(t, &v[0], positions, &v[1], None)
            },
            |x| naive(&[x[0].clone(), x[1].clone(), vec![0.0; 3], x[2].clone()], None, None),
        );
    }

    #[test]
    fn clamp_stops_the_gradient() {
        let mut tape = Tape::recording(&crate::Pool::new());
        // One row whose feature is its coordinate; the second neuron is drawn beyond its end.
        let features = tape.constant(vec![1, 1, 3, 1], &[-1.0, 0.0, 1.0]).unwrap();
        let centres = tape.leaf(vec![2, 2], &[-0.5, 0.0, 0.9, 0.0]).unwrap();
        let spread = tape.leaf(vec![2, 2, 2], &[0.1, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0]).unwrap();
        let noise = tape.constant(vec![1, 2, 2], &[2.0, 2.0, 3.0, 3.0]).unwrap();
        let weights = tape.constant(vec![2, 1], &[1.0, 1.0]).unwrap();
        let positions = Positions {
            centres: centres.clone(),
            sampling: Some(Sampling { spread: spread.clone(), noise }),
            shift: None,
        };
        let read = bilinear_readout(&mut tape, &features, positions, &weights, None).unwrap();
        assert!((read.values()[0] + 0.3).abs() < 1e-6 && read.values()[1] == 1.0);
        let mut gradients = tape.backward(vec![crate::Seed::scaled(&read, 1.0)]);
        assert_eq!(*gradients.take(&centres).unwrap(), [1.0, 0.0, 0.0, 0.0]);
        let of_spread = gradients.take(&spread).unwrap();
        assert_eq!(of_spread[..2], [2.0, 3.0]);
        assert_eq!(of_spread[4..], [0.0; 4]);
    }
}
