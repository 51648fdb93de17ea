use proptest::prelude::*;

use super::DepthwiseConvolution;
use crate::testing::{
    TOLERANCE, assert_close, at_every_level, at_native_speed, cases, channels, random, with_threads,
};

/// Calls `visit` with the indices of output, input and weight of each product of the definition.
fn products(g: &DepthwiseConvolution, mut visit: impl FnMut(usize, usize, usize)) {
    let (height, width) = (g.out_height(), g.out_width());
    let [rows, columns] = g.kernel;
    for place in 0..g.n_images * height * width {
        let (x, y, image) = (place % width, place / width % height, place / width / height);
        for weight in 0..rows * columns * g.channels {
            let (c, rest) = (weight % g.channels, weight / g.channels);
            let (column, row) = (rest % columns, rest / columns);
            let y = (y + row).wrapping_sub(g.padding[0]);
            let x = (x + column).wrapping_sub(g.padding[1]);
            if y < g.height && x < g.width {
                let source = (image * g.height + y) * g.width + x;
                visit(place * g.channels + c, source * g.channels + c, weight);
            }
        }
    }
}

/// Results of the three methods by definition.
fn naive(g: &DepthwiseConvolution, [x, w, b, d]: &[Vec<f32>; 4]) -> [Vec<f64>; 3] {
    let wide = |value: f32| f64::from(value);
    let mut output: Vec<f64> = (0..d.len()).map(|i| wide(b[i % g.channels])).collect();
    let (mut of_weight, mut of_input) = (vec![0.0; w.len()], vec![0.0; x.len()]);
    products(g, |out, input, weight| {
        output[out] += wide(x[input]) * wide(w[weight]);
        of_weight[weight] += wide(x[input]) * wide(d[out]);
        of_input[input] += wide(w[weight]) * wide(d[out]);
    });
    [output, of_weight, of_input]
}

fn arguments(g: &DepthwiseConvolution) -> [Vec<f32>; 4] {
    let outputs = g.n_images * g.out_height() * g.out_width() * g.channels;
    [
        random(g.n_images * g.height * g.width * g.channels, 1),
        random(g.kernel[0] * g.kernel[1] * g.channels, 2),
        random(g.channels, 3),
        random(outputs, 4),
    ]
}

/// Results of the three methods, in slices that were full of NaN.
fn found(g: &DepthwiseConvolution, [x, w, b, d]: &[Vec<f32>; 4]) -> [Vec<f32>; 3] {
    let mut results = [d.len(), w.len(), x.len()].map(|length| vec![f32::NAN; length]);
    let [output, of_weight, of_input] = &mut results;
    g.forward(x, w, Some(b), output);
    g.weight_gradient(x, d, of_weight);
    g.input_gradient(w, d, of_input);
    results
}

fn check(g: &DepthwiseConvolution) {
    let arguments = arguments(g);
    let expected = naive(g, &arguments);
    let mut without_bias = arguments.clone();
    without_bias[2].fill(0.0);
    let [linear, ..] = naive(g, &without_bias);
    at_every_level(|| {
        let mut output = vec![f32::NAN; linear.len()];
        g.forward(&arguments[0], &arguments[1], None, &mut output);
        assert_close("output without bias", &output, &linear, TOLERANCE);
        let found = found(g, &arguments);
        for (what, (found, expected)) in
            ["output", "weight", "input"].into_iter().zip(found.iter().zip(&expected))
        {
            assert_close(what, found, expected, TOLERANCE);
        }
    });
}

fn pairs(from: usize, to: usize) -> impl Strategy<Value = [usize; 2]> {
    [from..to, from..to]
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn results_are_those_of_the_definition(
        n_images in 1..at_native_speed(3usize, 2),
        kernel in pairs(1, at_native_speed(8, 4)),
        (padding, more) in (pairs(0, at_native_speed(5, 3)), pairs(0, at_native_speed(12, 3))),
        channels in channels(),
    ) {
        let size = |axis: usize| {
            let fits = kernel[axis].saturating_sub(2 * padding[axis]).max(1);
            fits + more[axis]
        };
        let (height, width) = (size(0), size(1));
        check(&DepthwiseConvolution { n_images, height, width, channels, kernel, padding });
    }
}

const SAME: DepthwiseConvolution = DepthwiseConvolution {
    n_images: at_native_speed(37, 2),
    height: 7,
    width: at_native_speed(21, 3),
    channels: at_native_speed(18, 5),
    kernel: [3, 5],
    padding: [1, 2],
};

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let small =
        DepthwiseConvolution { height: 2, width: 2, kernel: [2, 1], padding: [1, 0], ..SAME };
    let geometry = at_native_speed(SAME, small);
    let arguments = arguments(&geometry);
    at_every_level(|| {
        let run = || found(&geometry, &arguments);
        assert_eq!(with_threads(1, run), with_threads(3, run));
    });
}

#[test]
fn nothing_in_nothing_out() {
    for geometry in [
        DepthwiseConvolution { n_images: 0, ..SAME },
        DepthwiseConvolution { n_images: 1, height: 0, kernel: [2, 1], ..SAME },
        DepthwiseConvolution { n_images: 1, width: 0, kernel: [2, 1], ..SAME },
        DepthwiseConvolution { n_images: 1, channels: 0, ..SAME },
    ] {
        check(&geometry);
    }
}

#[test]
#[should_panic(expected = "a kernel of 9 does not fit 7 pixels")]
fn kernels_larger_than_the_image_are_refused() {
    DepthwiseConvolution { kernel: [9, 1], padding: [0, 0], ..SAME }.out_height();
}
