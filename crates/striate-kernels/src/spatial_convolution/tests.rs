mod bf16;

use proptest::prelude::*;

use super::SpatialConvolution;
use super::winograd::Tiled;
use crate::columns::reversed_transposes;
use crate::testing::{
    TOLERANCE_IN_TILES, assert_close, at_every_level, at_native_speed, cases, channels, random,
    with_threads,
};

/// Calls `visit` with the indices of output, input and weight of each product of the definition.
fn products(g: &SpatialConvolution, mut visit: impl FnMut(usize, usize, usize)) {
    let (height, width) = (g.out_height(), g.out_width());
    let [rows, columns] = g.kernel;
    for place in 0..g.n_images * height * width {
        let (x, y, image) = (place % width, place / width % height, place / width / height);
        for weight in 0..rows * columns * g.in_channels * g.out_channels {
            let (o, rest) = (weight % g.out_channels, weight / g.out_channels);
            let (i, rest) = (rest % g.in_channels, rest / g.in_channels);
            let (column, row) = (rest % columns, rest / columns);
            let y = (y * g.stride[0] + row).wrapping_sub(g.padding[0]);
            let x = (x * g.stride[1] + column).wrapping_sub(g.padding[1]);
            if y < g.height && x < g.width {
                let source = (image * g.height + y) * g.width + x;
                visit(place * g.out_channels + o, source * g.in_channels + i, weight);
            }
        }
    }
}

/// Results of the three methods by definition.
fn naive(g: &SpatialConvolution, [x, w, b, d]: &[Vec<f32>; 4]) -> [Vec<f64>; 3] {
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

fn arguments(g: &SpatialConvolution) -> [Vec<f32>; 4] {
    let outputs = g.n_images * g.out_height() * g.out_width() * g.out_channels;
    [
        random(g.n_images * g.height * g.width * g.in_channels, 1),
        random(g.kernel[0] * g.kernel[1] * g.in_channels * g.out_channels, 2),
        random(g.out_channels, 3),
        random(outputs, 4),
    ]
}

/// Results of the three methods, in slices that were full of NaN.
fn found(g: &SpatialConvolution, [x, w, b, d]: &[Vec<f32>; 4]) -> [Vec<f32>; 3] {
    let mut results = [d.len(), w.len(), x.len()].map(|length| vec![f32::NAN; length]);
    let [output, of_weight, of_input] = &mut results;
    g.forward(x, w, Some(b), output);
    g.weight_gradient(x, d, of_weight);
    g.input_gradient(w, d, of_input);
    results
}

fn check(g: &SpatialConvolution) {
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

fn pairs(from: usize, to: usize) -> impl Strategy<Value = [usize; 2]> {
    [from..to, from..to]
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn results_are_those_of_the_definition(
        n_images in 1..at_native_speed(3usize, 2),
        (kernel, stride) in (pairs(1, at_native_speed(6, 4)), pairs(1, 4)),
        (padding, more) in (pairs(0, at_native_speed(5, 3)), pairs(0, at_native_speed(8, 3))),
        (in_channels, out_channels) in (channels(), channels()),
    ) {
        // The smallest image on which the padded kernel fits, and a bit more.
        let size = |axis: usize| {
            let fits = kernel[axis].saturating_sub(2 * padding[axis]).max(1);
            fits + more[axis]
        };
        check(&SpatialConvolution {
            n_images,
            height: size(0),
            width: size(1),
            in_channels,
            out_channels,
            kernel,
            padding,
            stride,
        });
    }
}

const SAME: SpatialConvolution = SpatialConvolution {
    n_images: at_native_speed(37, 2),
    height: 7,
    width: at_native_speed(31, 6),
    in_channels: at_native_speed(3, 1),
    out_channels: at_native_speed(18, 5),
    kernel: [3, 5],
    padding: [1, 2],
    stride: [1, 1],
};

#[test]
fn wide_kernels_of_one_channel_and_many_channels_are_right() {
    let [height, width] = at_native_speed([7, 29], [1, 2]);
    let image = SpatialConvolution { n_images: 1, height, width, ..SAME };
    let one = SpatialConvolution { in_channels: 1, out_channels: at_native_speed(32, 1), ..image };
    check(&SpatialConvolution { kernel: [11, 11], padding: [5, 5], ..one });
    let [in_channels, out_channels] = at_native_speed([40, 70], [5, 9]);
    check(&SpatialConvolution { in_channels, out_channels, ..image });
}

/// Channels of more than a vector, a width that cuts tiles off, several bands of tiles.
const TILED: SpatialConvolution = SpatialConvolution {
    n_images: 2,
    height: 14,
    width: 21,
    in_channels: 17,
    out_channels: 34,
    kernel: [5, 5],
    padding: [2, 2],
    stride: [1, 1],
};

/// As [`check`], in tiles whether or not they pay.
fn check_tiled(g: &SpatialConvolution) {
    let arguments = arguments(g);
    let [x, w, b, d] = &arguments;
    let expected = naive(g, &arguments);
    at_every_level(|| {
        let mut results = [d.len(), w.len(), x.len()].map(|length| vec![f32::NAN; length]);
        let tiled = Tiled::new(g).unwrap();
        tiled.write(x, w, Some(b), &mut results[0]);
        tiled.weight_gradient(x, d, &mut results[1]);
        let adjoint = reversed_transposes(w, g.in_channels, g.out_channels);
        Tiled::adjoint(g).unwrap().write(d, &adjoint, None, &mut results[2]);
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
        let small = SpatialConvolution { height: 6, width: 5, n_images: 1, ..TILED };
        let small = SpatialConvolution { in_channels: 2, out_channels: 3, ..small };
        return check_tiled(&SpatialConvolution { kernel: [7, 3], padding: [3, 1], ..small });
    }
    let kernels = [[2, 3], [3, 3], [4, 1], [5, 5], [6, 2], [7, 7], [1, 9], [11, 5]];
    for kernel in kernels {
        for padding in [[0, 0], kernel.map(|taps| taps / 2), [kernel[0] - 1, 0]] {
            check_tiled(&SpatialConvolution { n_images: 1, kernel, padding, ..TILED });
        }
    }
    check_tiled(&SpatialConvolution { in_channels: 40, out_channels: 70, height: 30, ..TILED });
    check_tiled(&SpatialConvolution { in_channels: 1, out_channels: 3, ..TILED });
}

#[test]
fn kernels_that_tiles_do_not_pay_for_are_left_alone() {
    let pays = |geometry| Tiled::new(&geometry).is_some_and(|tiled| tiled.is_cheaper());
    let alone = |geometry| assert!(!pays(geometry));
    assert!(pays(TILED));
    alone(SpatialConvolution { kernel: [1, 1], padding: [0, 0], ..TILED });
    alone(SpatialConvolution { in_channels: 1, ..TILED });
    alone(SpatialConvolution { stride: [2, 1], ..TILED });
    alone(SpatialConvolution { height: 1, width: 1, ..TILED });
    // More padding than a kernel has taps less one: the gradient of the input is no convolution.
    let padded = SpatialConvolution { padding: [5, 0], ..TILED };
    assert!(pays(padded) && Tiled::adjoint(&padded).is_none());
    if !cfg!(miri) {
        check(&padded);
    }
}

#[test]
fn strides_longer_than_the_kernel_leave_gaps() {
    let gaps = SpatialConvolution { n_images: 1, kernel: [1, 2], stride: [2, 3], ..SAME };
    check(&SpatialConvolution { padding: [0, 0], ..gaps });
    check(&gaps);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let small = SpatialConvolution { height: 2, width: 2, kernel: [2, 1], padding: [1, 0], ..SAME };
    for geometry in at_native_speed([SAME, TILED], [small, small]) {
        let arguments = arguments(&geometry);
        at_every_level(|| {
            let run = || found(&geometry, &arguments);
            assert_eq!(with_threads(1, run), with_threads(3, run));
        });
    }
}

#[test]
fn nothing_in_nothing_out() {
    let small = SpatialConvolution { width: 2, kernel: [3, 1], padding: [1, 1], ..SAME };
    let some = at_native_speed(SAME, small);
    for geometry in [
        SpatialConvolution { n_images: 0, ..some },
        SpatialConvolution { n_images: 1, height: 0, kernel: [2, 1], ..some },
        SpatialConvolution { n_images: 1, width: 0, kernel: [2, 1], ..some },
        SpatialConvolution { n_images: 1, out_channels: 0, ..some },
        SpatialConvolution { n_images: 1, in_channels: 0, ..some },
    ] {
        check(&geometry);
    }
}

#[test]
fn nan_reaches_what_depends_on_it_and_nothing_else() {
    at_every_level(|| {
        let line = SpatialConvolution { n_images: 1, height: 1, kernel: [1, 3], ..SAME };
        let line = SpatialConvolution { padding: [0, 1], in_channels: 1, out_channels: 1, ..line };
        let mut input = vec![1.0; SAME.width];
        input[3] = f32::NAN;
        let mut output = vec![0.0; SAME.width];
        line.forward(&input, &[1.0, 0.0, 1.0], None, &mut output);
        let spoiled: Vec<usize> = (0..SAME.width).filter(|&x| output[x].is_nan()).collect();
        assert_eq!(spoiled, [2, 3, 4]);
    });
}

#[test]
#[cfg_attr(miri, ignore = "too long; the same paths are run by other tests")]
fn nan_stays_in_its_image_in_tiles() {
    at_every_level(|| {
        let mut arguments = arguments(&TILED);
        arguments[0][17 * 21 * 5] = f32::NAN;
        let [output, of_weight, _] = found(&TILED, &arguments);
        assert!((3..8).all(|row| (0..3).all(|column| output[(row * 21 + column) * 34].is_nan())));
        assert!(of_weight.iter().any(|weight| weight.is_nan()));
        assert!(output[34 * 21 * 14..].iter().all(|value| value.is_finite()), "another image");
    });
}

#[test]
#[should_panic(expected = "a kernel of 9 does not fit 7 pixels")]
fn kernels_larger_than_the_image_are_refused() {
    SpatialConvolution { kernel: [9, 1], padding: [0, 0], ..SAME }.out_height();
}

#[test]
#[should_panic(expected = "a stride of 0")]
fn no_stride_is_refused() {
    SpatialConvolution { stride: [0, 1], ..SAME }.out_height();
}
