mod bf16;

use proptest::prelude::*;

use super::TemporalConvolution;
use super::blocks::BLOCK;
use super::winograd::Tiled;
use crate::columns::reversed_transposes;
use crate::testing::{
    TOLERANCE_IN_TILES, assert_close, at_every_level, at_native_speed, cases, channels, random,
    with_threads,
};

/// Calls `visit` with the indices of output, input and weight of each product of the definition.
fn products(g: &TemporalConvolution, mut visit: impl FnMut(usize, usize, usize)) {
    let (frames, pixels) = (g.out_frames(), g.n_pixels);
    for place in 0..g.n_clips * frames * pixels {
        let (pixel, t, clip) = (place % pixels, place / pixels % frames, place / pixels / frames);
        for weight in 0..g.kernel * g.in_channels * g.out_channels {
            let (o, row) = (weight % g.out_channels, weight / g.out_channels);
            let (i, k) = (row % g.in_channels, row / g.in_channels);
            let source = (clip * g.n_frames + t + k) * pixels + pixel;
            visit(place * g.out_channels + o, source * g.in_channels + i, weight);
        }
    }
}

/// Results of the three methods by definition.
fn naive(g: &TemporalConvolution, [x, w, b, d]: &[Vec<f32>; 4]) -> [Vec<f64>; 3] {
    let wide = |value: f32| f64::from(value);
    let mut output: Vec<f64> = (0..d.len()).map(|i| wide(b[i % g.out_channels])).collect();
    let (mut of_weight, mut of_input) = (vec![0.0; w.len()], vec![0.0; x.len()]);
    products(g, |out, input, weight| {
        output[out] += wide(x[input]) * wide(w[weight]);
        of_weight[weight] += wide(x[input]) * wide(d[out]);
        of_input[input] += wide(w[weight]) * wide(d[out]);
    });
    [output, of_weight, of_input]
}

fn arguments(g: &TemporalConvolution) -> [Vec<f32>; 4] {
    let outputs = g.n_clips * g.out_frames() * g.n_pixels * g.out_channels;
    [
        random(g.n_clips * g.n_frames * g.n_pixels * g.in_channels, 1),
        random(g.kernel * g.in_channels * g.out_channels, 2),
        random(g.out_channels, 3),
        random(outputs, 4),
    ]
}

/// Results of the three methods, in slices that were full of NaN.
fn found(g: &TemporalConvolution, [x, w, b, d]: &[Vec<f32>; 4]) -> [Vec<f32>; 3] {
    let mut results = [d.len(), w.len(), x.len()].map(|length| vec![f32::NAN; length]);
    let [output, of_weight, of_input] = &mut results;
    g.forward(x, w, Some(b), output);
    g.weight_gradient(x, d, of_weight);
    g.input_gradient(w, d, of_input);
    results
}

fn check(g: &TemporalConvolution) {
    let arguments = arguments(g);
    let expected = naive(g, &arguments);
    let mut without_bias = arguments.clone();
    without_bias[2].fill(0.0);
    let [linear, ..] = naive(g, &without_bias);
    at_every_level(|| {
        let mut output = vec![f32::NAN; linear.len()];
        g.forward(&arguments[0], &arguments[1], None, &mut output);
        assert_close("output without bias", &output, &linear, TOLERANCE_IN_TILES);
        let found = found(g, &arguments);
        for (what, (found, expected)) in
            ["output", "weight", "input"].into_iter().zip(found.iter().zip(&expected))
        {
            assert_close(what, found, expected, TOLERANCE_IN_TILES);
        }
    });
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn results_are_those_of_the_definition(
        (n_clips, n_pixels, kernel, more) in (1..3usize, 1..at_native_speed(30usize, 4), 1..at_native_speed(6usize, 4), 0..at_native_speed(5usize, 2)),
        (in_channels, out_channels) in (channels(), channels()),
    ) {
        let n_frames = kernel + more;
        check(&TemporalConvolution { n_clips, n_frames, n_pixels, in_channels, out_channels, kernel });
    }
}

const SEVERAL_BLOCKS: TemporalConvolution = TemporalConvolution {
    n_clips: at_native_speed(2, 1),
    n_frames: at_native_speed(13, 5),
    n_pixels: BLOCK + 3,
    in_channels: at_native_speed(3, 1),
    out_channels: at_native_speed(5, 1),
    kernel: 4,
};

#[test]
fn several_blocks_of_pixels_fit_together() {
    check(&SEVERAL_BLOCKS);
}

/// Channels of more than a vector and frames that cut the last tile off.
const TILED: TemporalConvolution = TemporalConvolution {
    n_clips: 2,
    n_frames: 17,
    n_pixels: BLOCK + 3,
    in_channels: 17,
    out_channels: 18,
    kernel: 5,
};

/// As [`check`], in tiles whether or not they pay.
fn check_tiled(g: &TemporalConvolution) {
    let arguments = arguments(g);
    let [x, w, b, d] = &arguments;
    let expected = naive(g, &arguments);
    at_every_level(|| {
        let mut results = [d.len(), w.len(), x.len()].map(|length| vec![f32::NAN; length]);
        Tiled::new(g).write(x, w, Some(b), &mut results[0]);
        Tiled::new(g).weight_gradient(x, d, &mut results[1]);
        let adjoint = reversed_transposes(w, g.in_channels, g.out_channels);
        Tiled::adjoint(g).write(d, &adjoint, None, &mut results[2]);
        for (what, (found, expected)) in
            ["output", "weight", "input"].into_iter().zip(results.iter().zip(&expected))
        {
            assert_close(what, found, expected, TOLERANCE_IN_TILES);
        }
    });
}

#[test]
fn tiles_are_right_for_every_kernel() {
    if cfg!(miri) {
        let small = TemporalConvolution { n_clips: 1, n_frames: 11, n_pixels: 2, ..TILED };
        return check_tiled(&TemporalConvolution { in_channels: 2, kernel: 7, ..small });
    }
    for kernel in [1, 2, 3, 4, 5, 6, 7, 9, 11, 15] {
        for more in [0, 4, 7, 13] {
            let few = TemporalConvolution { n_clips: 1, n_pixels: 3, ..TILED };
            check_tiled(&TemporalConvolution { n_frames: kernel + more, kernel, ..few });
        }
    }
    check_tiled(&TILED);
    check_tiled(&TemporalConvolution { in_channels: 1, out_channels: 3, ..TILED });
}

#[test]
fn kernels_that_tiles_do_not_pay_for_are_left_alone() {
    let alone = |geometry| assert!(!Tiled::new(&geometry).is_cheaper());
    assert!(Tiled::new(&TILED).is_cheaper());
    alone(TemporalConvolution { kernel: 1, ..TILED });
    alone(TemporalConvolution { kernel: 2, ..TILED });
    alone(TemporalConvolution { in_channels: 1, ..TILED });
    alone(TemporalConvolution { n_frames: 5, ..TILED });
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let small = TemporalConvolution {
        n_frames: 2,
        n_pixels: 2,
        kernel: 1,
        n_clips: 2,
        out_channels: 5,
        ..SEVERAL_BLOCKS
    };
    for geometry in at_native_speed([SEVERAL_BLOCKS, TILED], [small, small]) {
        let arguments = arguments(&geometry);
        at_every_level(|| {
            let run = || found(&geometry, &arguments);
            assert_eq!(with_threads(1, run), with_threads(3, run));
        });
    }
}

#[test]
fn nothing_in_nothing_out() {
    let n_pixels = at_native_speed(SEVERAL_BLOCKS.n_pixels, 2);
    let some = TemporalConvolution { n_pixels, ..SEVERAL_BLOCKS };
    for geometry in [
        TemporalConvolution { n_clips: 0, ..some },
        TemporalConvolution { n_pixels: 0, ..some },
        TemporalConvolution { out_channels: 0, ..some },
        TemporalConvolution { in_channels: 0, ..some },
    ] {
        check(&geometry);
    }
}

#[test]
#[should_panic(expected = "5 taps do not fit 4 frames")]
fn kernels_longer_than_the_clip_are_refused() {
    TemporalConvolution { n_frames: 4, kernel: 5, ..SEVERAL_BLOCKS }.out_frames();
}

#[test]
#[should_panic(expected = "weight has 7 values, expected the shape [4, 3, 5]")]
fn slices_of_another_length_are_refused() {
    let geometry = TemporalConvolution { in_channels: 3, out_channels: 5, ..SEVERAL_BLOCKS };
    let input = vec![0.0; geometry.n_clips * geometry.n_frames * geometry.n_pixels * 3];
    geometry.forward(&input, &[0.0; 7], None, &mut []);
}
