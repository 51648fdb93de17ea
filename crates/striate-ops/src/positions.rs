//! Where neurons read: sampled positions, centres, and shifts of either.

use rayon::prelude::*;

use crate::error::OpError;
use crate::pool::Buffer;
use crate::shape::check_shape;
use crate::tape::{Tape, Var};
use crate::tensor::Tensor;

/// Neurons whose gradients one task sums over frames.
const NEURONS: usize = 256;

/// Positions drawn around their centres: `clamp(centre + spread noise, -1, 1)`, one for each frame
/// and neuron. Where the clamp acts, no gradient flows.
///
/// # Shapes
/// `centres` `[neuron, 2]`, `spread` `[neuron, 2, 2]`, `noise` `[frame, neuron, 2]` (its length gives
/// the number of frames); result `[frame, neuron, 2]`, (x, y).
///
/// # Errors
/// [`OpError::Shape`] for shapes that do not fit together.
pub fn sample_positions(
    tape: &mut Tape,
    centres: &Var,
    spread: &Var,
    noise: Buffer,
) -> Result<Var, OpError> {
    const NAME: &str = "sampled positions";
    let n_neurons = n_neurons(NAME, centres)?;
    check_shape(NAME, "spread", spread.shape(), &[n_neurons, 2, 2])?;
    let per_frame = 2 * n_neurons;
    if !noise.len().is_multiple_of(per_frame.max(1)) {
        let expected = format!("a multiple of {per_frame} values");
        return Err(OpError::shape(NAME, "noise", &[noise.len()], expected));
    }
    let n_frames = noise.len() / per_frame.max(1);
    let mut positions = tape.pool().take(noise.len());
    let frames = positions.par_chunks_mut(per_frame.max(1));
    frames.zip(noise.par_chunks(per_frame.max(1))).for_each(|(positions, noise)| {
        draw(positions, noise, centres.values(), spread.values());
    });
    let (to_centres, to_spread) = (centres.target(), spread.target());
    let positions = Tensor::new(vec![n_frames, n_neurons, 2], positions)?;
    let saved = positions.clone();
    Ok(tape.record_tensor(positions, &[centres, spread], move |mut gradient, flow| {
        mask(&mut gradient, saved.values());
        let sums = sums_over_frames(&gradient, &noise, n_neurons);
        let column = |out: &mut [f32], columns: std::ops::Range<usize>| {
            for (out, sums) in out.chunks_exact_mut(columns.len()).zip(&sums) {
                for (out, &sum) in out.iter_mut().zip(&sums[columns.clone()]) {
                    *out = sum as f32;
                }
            }
        };
        flow.add(to_centres, |out| column(out, 0..2));
        flow.add(to_spread, |out| column(out, 2..6));
    }))
}

fn n_neurons(name: &'static str, centres: &Var) -> Result<usize, OpError> {
    match centres.shape() {
        &[n_neurons, 2] => Ok(n_neurons),
        other => Err(OpError::shape(name, "centres", other, "[neuron, 2]")),
    }
}

/// Positions of one frame.
fn draw(positions: &mut [f32], noise: &[f32], centres: &[f32], spread: &[f32]) {
    let neurons = centres.as_chunks::<2>().0.iter().zip(spread.as_chunks::<4>().0);
    let places = positions.as_chunks_mut::<2>().0.iter_mut().zip(noise.as_chunks::<2>().0);
    for ((place, noise), (centre, spread)) in places.zip(neurons) {
        let x = centre[0] + spread[0] * noise[0] + spread[1] * noise[1];
        let y = centre[1] + spread[2] * noise[0] + spread[3] * noise[1];
        *place = [x.clamp(-1.0, 1.0), y.clamp(-1.0, 1.0)];
    }
}

/// Stop the gradient where the clamp acted.
fn mask(gradient: &mut [f32], positions: &[f32]) {
    let places = gradient.par_iter_mut().with_min_len(1 << 14).zip(positions);
    places.for_each(|(gradient, position)| {
        if position.abs() >= 1.0 {
            *gradient = 0.0;
        }
    });
}

/// For each neuron the sums over frames of `gradient` (2) and of `gradient` times `noise` (2 x 2).
fn sums_over_frames(gradient: &[f32], noise: &[f32], n_neurons: usize) -> Vec<[f64; 6]> {
    let mut sums = vec![[0.0f64; 6]; n_neurons];
    sums.par_chunks_mut(NEURONS).enumerate().for_each(|(chunk, sums)| {
        let first = 2 * chunk * NEURONS;
        let frames = gradient.chunks_exact(2 * n_neurons).zip(noise.chunks_exact(2 * n_neurons));
        for (gradient, noise) in frames {
            let here = first..first + 2 * sums.len();
            let places = gradient[here.clone()].as_chunks::<2>().0.iter();
            for ((sum, g), e) in sums.iter_mut().zip(places).zip(noise[here].as_chunks::<2>().0) {
                let [gx, gy] = g.map(f64::from);
                let [ex, ey] = e.map(f64::from);
                for (sum, more) in sum.iter_mut().zip([gx, gy, gx * ex, gx * ey, gy * ex, gy * ey])
                {
                    *sum += more;
                }
            }
        }
    });
    sums
}

/// The centres themselves, kept within [-1, 1], the same in every frame.
///
/// # Shapes
/// `centres` `[neuron, 2]`; result `[1, neuron, 2]`.
///
/// # Errors
/// [`OpError::Shape`] for another shape.
pub fn clamped_positions(tape: &mut Tape, centres: &Var) -> Result<Var, OpError> {
    let n_neurons = n_neurons("clamped positions", centres)?;
    let mut positions = tape.pool().copy(centres.values());
    for position in positions.iter_mut() {
        *position = position.clamp(-1.0, 1.0);
    }
    let (target, saved) = (centres.target(), centres.clone());
    Ok(tape.record(vec![1, n_neurons, 2], positions, &[centres], move |mut gradient, flow| {
        for (gradient, centre) in gradient.iter_mut().zip(saved.values()) {
            if centre.abs() > 1.0 {
                *gradient = 0.0;
            }
        }
        flow.pass(target, gradient);
    }))
}

/// Positions of all neurons moved by one shift per frame. What leaves [-1, 1] stays outside.
///
/// # Shapes
/// `positions` `[frame or 1, neuron, 2]`, `shift` `[frame, 2]`; result `[frame, neuron, 2]`.
///
/// # Errors
/// [`OpError::Shape`] for shapes that do not fit together.
pub fn add_shift(tape: &mut Tape, positions: &Var, shift: &Var) -> Result<Var, OpError> {
    const NAME: &str = "shifted positions";
    let &[n_frames, 2] = shift.shape() else {
        return Err(OpError::shape(NAME, "shift", shift.shape(), "[frame, 2]"));
    };
    let &[n_before, n_neurons, 2] = positions.shape() else {
        let expected = "[frame or 1, neuron, 2]";
        return Err(OpError::shape(NAME, "positions", positions.shape(), expected));
    };
    if n_before != 1 {
        check_shape(NAME, "positions", positions.shape(), &[n_frames, n_neurons, 2])?;
    }
    let per_frame = 2 * n_neurons;
    let mut moved = tape.pool().take(n_frames * per_frame);
    let sources = positions.values().chunks_exact(per_frame.max(1)).cycle();
    let frames = moved.chunks_exact_mut(per_frame.max(1)).zip(shift.values().as_chunks::<2>().0);
    for ((moved, shift), source) in frames.zip(sources) {
        for (index, (moved, &source)) in moved.iter_mut().zip(source).enumerate() {
            *moved = source + shift[index % 2];
        }
    }
    let (to_positions, to_shift) = (positions.target(), shift.target());
    let shape = vec![n_frames, n_neurons, 2];
    Ok(tape.record(shape, moved, &[positions, shift], move |gradient, flow| {
        flow.add(to_shift, |out| sums_over_neurons(&gradient, per_frame, out));
        if n_before == n_frames {
            flow.pass(to_positions, gradient);
        } else {
            flow.add(to_positions, |out| crate::channel_sums::channel_sums(&gradient, out));
        }
    }))
}

fn sums_over_neurons(gradient: &[f32], per_frame: usize, out: &mut [f32]) {
    for (out, frame) in out.chunks_exact_mut(2).zip(gradient.chunks_exact(per_frame.max(1))) {
        let sum = |axis: usize| frame[axis..].iter().step_by(2).map(|&g| f64::from(g)).sum::<f64>();
        out.copy_from_slice(&[sum(0) as f32, sum(1) as f32]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    #[test]
    fn sampled_positions_agree_with_differences() {
        // 2 frames, 3 neurons; noise of 3.0 drives some positions to the clamp.
        let noise = [0.3, -0.2, 3.0, 0.1, -0.4, 0.5, 0.1, -3.0, 0.2, 0.3, -0.1, 0.6];
        let case = Case::new().random(&[3, 2], 1).random(&[3, 2, 2], 2);
        check(
            &case,
            |t, v| {
                let noise = t.pool().copy(&noise);
                sample_positions(t, &v[0], &v[1], noise)
            },
            |x| {
                let value = |index: usize| {
                    let (axis, n, frame) = (index % 2, index / 2 % 3, index / 6);
                    let e = &noise[(frame * 3 + n) * 2..];
                    let s = &x[1][n * 4 + axis * 2..];
                    let p = x[0][n * 2 + axis] + s[0] * f64::from(e[0]) + s[1] * f64::from(e[1]);
                    p.clamp(-1.0, 1.0)
                };
                (0..12).map(value).collect()
            },
        );
    }

    #[test]
    fn clamp_stops_the_gradient() {
        let mut tape = Tape::recording(&crate::Pool::new());
        let centres = tape.leaf(vec![2, 2], &[0.9, 0.0, -0.5, 0.2]).unwrap();
        let spread = tape.leaf(vec![2, 2, 2], &[0.5, 0.0, 0.0, 0.5, 0.1, 0.0, 0.0, 0.1]).unwrap();
        let noise = tape.pool().copy(&[1.0, 1.0, 1.0, 1.0]);
        let positions = sample_positions(&mut tape, &centres, &spread, noise).unwrap();
        assert_eq!(positions.values(), [1.0, 0.5, -0.4, 0.3]);
        let mut gradients = tape.backward(vec![crate::Seed::scaled(&positions, 1.0)]);
        assert_eq!(*gradients.take(&centres).unwrap(), [0.0, 1.0, 1.0, 1.0]);
        assert_eq!(*gradients.take(&spread).unwrap(), [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn shifts_agree_with_differences() {
        for frames in [1, 3] {
            let case = Case::new().random(&[frames, 4, 2], 1).random(&[3, 2], 2);
            check(
                &case,
                |t, v| add_shift(t, &v[0], &v[1]),
                |x| {
                    let value = |index: usize| {
                        let frame = index / 8;
                        x[0][index % (8 * frames)] + x[1][frame * 2 + index % 2]
                    };
                    (0..24).map(value).collect()
                },
            );
        }
        let case = Case::new().argument(&[2, 2], &[0.4, -0.9, 1.5, 0.0]);
        check(
            &case,
            |t, v| clamped_positions(t, &v[0]),
            |x| x[0].iter().map(|p| p.clamp(-1.0, 1.0)).collect(),
        );
    }
}
