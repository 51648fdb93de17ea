use super::*;
use crate::bilinear_readout::Sampling;
use crate::testing::{Case, check};

// Of 3 neurons; none on a pixel's centre, where the slope jumps.
const CENTRES: [f32; 6] = [0.1, -0.3, 0.95, 0.9, -0.85, 0.2];
// Of 2 clips of 4 frames.
const N_FRAMES: usize = 8;
const MIXING: [usize; 2] = [5, 3];

fn noise() -> Vec<f32> {
    (0..N_FRAMES * 6).map(|i| 0.13 * ((i * 7 % 11) as f32 - 5.2)).collect()
}

/// 2 clips of 4 frames of 3 x 4 pixels and 4 channels; two outputs. Arguments: features, centres, spread, shift,
/// mixing, bias of the mixing, weights of both outputs, bias of the second.
fn case() -> Case {
    Case::new()
        .random(&[2, 4, 3, 4, 4], 1)
        .argument(&[3, 2], &CENTRES)
        .random(&[3, 2, 2], 2)
        .argument(&[N_FRAMES, 2], &[0.13; 2 * N_FRAMES])
        .random(&[2, MIXING[0], MIXING[1]], 3)
        .random(&[2], 4)
        .random(&[3, 4], 5)
        .random(&[3, 4], 6)
        .random(&[3], 7)
}

/// Features `[channel]` where neuron `n` reads in a frame.
fn sampled(x: &[Vec<f64>], noise: &[f32], frame: usize, n: usize) -> [f64; 4] {
    let pixel = |axis: usize, last: f64| {
        let mut drawn = x[1][n * 2 + axis];
        for other in 0..2 {
            let noise = f64::from(noise[(frame * 2 + other) * 3 + n]);
            drawn += x[2][n * 4 + axis * 2 + other] * noise;
        }
        last * f64::midpoint(drawn.clamp(-1.0, 1.0) + x[3][frame * 2 + axis], 1.0)
    };
    let (px, py) = (pixel(0, 3.0), pixel(1, 2.0));
    let mut found = [0.0; 4];
    let near = |p: f64, q: usize| (1.0 - (p - q as f64).abs()).max(0.0);
    for (row, column, channel) in (0..48).map(|i| (i / 16, i / 4 % 4, i % 4)) {
        let feature = x[0][((frame * 3 + row) * 4 + column) * 4 + channel];
        found[channel] += near(py, row) * near(px, column) * feature;
    }
    found
}

/// The convolution over frames and channels, then the weights: one output.
fn naive(x: &[Vec<f64>], output: usize) -> Vec<f64> {
    let noise = noise();
    let value = |index: usize| {
        let (n, frame) = (index % 3, index / 3);
        let mut sum = if output == 1 { x[8][n] } else { 0.0 };
        for d in 0..4 {
            let mut mixed = x[5][output];
            for (a, j) in (0..15).map(|tap| (tap / 3, tap % 3)) {
                let (to, channel) = ((frame + a).wrapping_sub(2), (d + j).wrapping_sub(1));
                // `wrapping_sub` makes what lies before the first frame larger than any.
                if channel < 4 && to < N_FRAMES && to / 4 == frame / 4 {
                    let kernel = x[4][(output * MIXING[0] + a) * MIXING[1] + j];
                    mixed += kernel * sampled(x, &noise, to, n)[channel];
                }
            }
            sum += mixed * x[6 + output][n * 4 + d];
        }
        sum
    };
    (0..N_FRAMES * 3).map(value).collect()
}

fn read(t: &mut Tape, v: &[Var]) -> Result<Vec<Var>, OpError> {
    let noise = t.constant(vec![N_FRAMES, 2, 3], &noise())?;
    let positions = Positions {
        centres: v[1].clone(),
        sampling: Some(Sampling { spread: v[2].clone(), noise }),
        shift: Some(v[3].clone()),
    };
    let outputs = [
        MixedOutput { weights: v[6].clone(), bias: None },
        MixedOutput { weights: v[7].clone(), bias: Some(v[8].clone()) },
    ];
    let mixing = Mixing { weight: v[4].clone(), bias: v[5].clone() };
    mixed_readout(t, &v[0], positions, &outputs, &mixing)
}

#[test]
fn gradients_agree_with_differences() {
    // The sum of one and twice the other output, so that every argument has a gradient.
    let both = |t: &mut Tape, v: &[Var]| {
        let read = read(t, v)?;
        assert_eq!(read[0].shape(), [2, 4, 3]);
        let twice = crate::scale(t, &read[1], 2.0);
        crate::add(t, &read[0], &twice)
    };
    check(&case(), both, |x| {
        naive(x, 0).iter().zip(naive(x, 1)).map(|(a, b)| a + 2.0 * b).collect()
    });
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let mut tape = Tape::forward_only(&crate::Pool::new());
    let mut constant = |shape: &[usize]| {
        tape.constant(shape.to_vec(), &vec![0.0; shape.iter().product()]).unwrap()
    };
    let (features, centres) = (constant(&[1, 2, 3, 4, 4]), constant(&[3, 2]));
    let (weights, bias) = (constant(&[3, 4]), constant(&[1]));
    let kernels = [constant(&[1, 2, 3]), constant(&[2, 3, 3]), constant(&[1, 3])];
    let other = [constant(&[3, 5]), constant(&[2, 3, 4, 4])];
    let good = constant(&[1, 3, 3]);
    let mut message = |features: &Var, weights: &Var, weight: &Var| {
        let outputs = [MixedOutput { weights: weights.clone(), bias: None }];
        let mixing = Mixing { weight: weight.clone(), bias: bias.clone() };
        let positions = Positions { centres: centres.clone(), sampling: None, shift: None };
        mixed_readout(&mut tape, features, positions, &outputs, &mixing).unwrap_err().to_string()
    };
    assert!(message(&features, &weights, &kernels[0]).contains("odd numbers"));
    assert!(message(&features, &weights, &kernels[1]).contains("1 outputs"));
    assert!(message(&features, &weights, &kernels[2]).contains("[output, frame, channel]"));
    assert!(message(&features, &other[0], &good).contains("weights"));
    assert!(message(&other[1], &weights, &good).contains("[clip, frame, height, width, channel]"));
}
