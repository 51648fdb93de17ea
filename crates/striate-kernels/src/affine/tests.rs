use proptest::prelude::*;

use super::*;
use crate::testing::{
    TOLERANCE, assert_close, at_every_level, cases, channels, random, with_threads,
};

/// Output, gradient of the weights and gradient of the input, by definition.
fn naive(layer: Affine, [x, w, b, g]: [&[f32]; 4]) -> [Vec<f64>; 3] {
    let Affine { n_rows, in_channels: ins, out_channels: outs } = layer;
    let mut output: Vec<f64> = (0..n_rows * outs).map(|i| f64::from(b[i % outs])).collect();
    let (mut of_weight, mut of_input) = (vec![0.0; w.len()], vec![0.0; x.len()]);
    for row in 0..n_rows {
        for i in 0..ins {
            for o in 0..outs {
                let [x, w] = [x[row * ins + i], w[i * outs + o]].map(f64::from);
                let g = f64::from(g[row * outs + o]);
                output[row * outs + o] += x * w;
                of_weight[i * outs + o] += x * g;
                of_input[row * ins + i] += w * g;
            }
        }
    }
    [output, of_weight, of_input]
}

/// The same by the methods, on memory full of NaN.
fn compute(layer: Affine, [x, w, b, g]: [&[f32]; 4]) -> [Vec<f32>; 3] {
    let mut results = [g.len(), w.len(), x.len()].map(|length| vec![f32::NAN; length]);
    layer.forward(x, w, b, &mut results[0]);
    layer.weight_gradient(x, g, &mut results[1]);
    layer.input_gradient(w, g, &mut results[2]);
    results
}

fn arguments(layer: Affine) -> [Vec<f32>; 4] {
    let Affine { n_rows, in_channels: ins, out_channels: outs } = layer;
    let lengths = [n_rows * ins, ins * outs, outs, n_rows * outs];
    std::array::from_fn(|argument| random(lengths[argument], argument as u64 + 1))
}

fn check(n_rows: usize, in_channels: usize, out_channels: usize) {
    let layer = Affine { n_rows, in_channels, out_channels };
    let arguments = arguments(layer);
    let slices = arguments.each_ref().map(Vec::as_slice);
    let expected = naive(layer, slices);
    at_every_level(|| {
        let found = compute(layer, slices);
        let names = ["output", "weight gradient", "input gradient"];
        for ((name, found), expected) in names.into_iter().zip(&found).zip(&expected) {
            assert_close(name, found, expected, TOLERANCE);
        }
    });
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn results_are_those_of_the_definition(
        n_rows in 0..40usize,
        in_channels in channels(),
        out_channels in channels(),
    ) {
        check(n_rows, in_channels, out_channels);
    }
}

#[test]
fn empty_layers_are_the_bias() {
    for (rows, ins, outs) in [(0, 2, 3), (2, 0, 3), (2, 3, 0), (0, 0, 0)] {
        check(rows, ins, outs);
    }
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn large_layers_are_right_and_have_the_same_bits_for_any_number_of_threads() {
    for (n_rows, in_channels, out_channels) in [(300, 1100, 20), (1100, 300, 20), (70, 2, 300)] {
        check(n_rows, in_channels, out_channels);
        let layer = Affine { n_rows, in_channels, out_channels };
        let arguments = arguments(layer);
        let run = || compute(layer, arguments.each_ref().map(Vec::as_slice));
        assert_eq!(with_threads(1, run), with_threads(3, run));
    }
}

#[test]
#[should_panic(expected = "weight has 5 values, expected the shape [2, 3]")]
fn weights_of_the_wrong_length_are_refused() {
    let layer = Affine { n_rows: 1, in_channels: 2, out_channels: 3 };
    layer.forward(&[0.0; 2], &[0.0; 5], &[0.0; 3], &mut [0.0; 3]);
}
