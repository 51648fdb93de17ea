//! With products of bf16 numbers.

use proptest::prelude::*;

use super::{SAME, SpatialConvolution, Tiled, arguments, channels, naive, pairs};
use crate::bf16::Bf16;
use crate::testing::{
    TOLERANCE, assert_close, at_every_level, at_native_speed, cases, rounded, with_threads,
};

/// Output and gradient of the weights, in slices that were full of NaN.
fn found(g: &SpatialConvolution, [x, w, b, d]: &[Vec<f32>; 4]) -> [Vec<f32>; 2] {
    let mut results = [d.len(), w.len()].map(|length| vec![f32::NAN; length]);
    let [output, of_weight] = &mut results;
    Bf16(*g).forward(x, w, Some(b), output);
    Bf16(*g).weight_gradient(x, d, of_weight);
    results
}

/// Compare with the definition on factors rounded to bf16, whose products are exact.
fn check(g: &SpatialConvolution) {
    let arguments = arguments(g);
    let mut factors = arguments.clone();
    for factor in [0, 1, 3] {
        factors[factor] = arguments[factor].iter().map(|&value| rounded(value)).collect();
    }
    let [output, of_weight, _] = naive(g, &factors);
    at_every_level(|| {
        let [found_output, found_of_weight] = found(g, &arguments);
        assert_close("output", &found_output, &output, TOLERANCE);
        assert_close("weight", &found_of_weight, &of_weight, TOLERANCE);
    });
}

proptest! {
    #![proptest_config(cases(80))]

    #[test]
    fn results_are_those_of_rounded_factors(
        n_images in 1..at_native_speed(3usize, 2),
        (kernel, padding, stride, more) in (pairs(1, at_native_speed(6, 4)), pairs(0, at_native_speed(5, 2)), pairs(1, 4), pairs(0, at_native_speed(8, 2))),
        (in_channels, out_channels) in (channels(), channels()),
    ) {
        let size = |axis: usize| {
            let fits = kernel[axis].saturating_sub(2 * padding[axis]).max(1);
            fits + more[axis]
        };
        let [height, width] = [size(0), size(1)];
        let geometry = SpatialConvolution {
            n_images, height, width, in_channels, out_channels, kernel, padding, stride,
        };
        prop_assume!(!Tiled::new(&geometry).is_some_and(|tiled| tiled.is_cheaper()));
        check(&geometry);
    }
}

/// A first layer: one channel, large kernels.
const FIRST: SpatialConvolution = SpatialConvolution {
    n_images: 37,
    height: 17,
    width: 19,
    in_channels: 1,
    out_channels: 18,
    kernel: [11, 11],
    padding: [5, 5],
    stride: [2, 2],
};

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn first_layers_are_right_with_every_stride() {
    for stride in [[1, 1], [2, 2], [3, 1]] {
        check(&SpatialConvolution { stride, ..FIRST });
    }
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn tiles_stay_in_f32() {
    let geometry = SpatialConvolution { in_channels: 32, out_channels: 32, ..SAME };
    let geometry = SpatialConvolution { n_images: 1, kernel: [5, 5], padding: [2, 2], ..geometry };
    assert!(Tiled::new(&geometry).is_some_and(|tiled| tiled.is_cheaper()));
    let arguments = arguments(&geometry);
    at_every_level(|| {
        let [output, of_weight, _] = super::found(&geometry, &arguments);
        assert_eq!(found(&geometry, &arguments), [output, of_weight]);
    });
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn any_number_of_threads_gives_the_same_bits() {
    let arguments = arguments(&FIRST);
    at_every_level(|| {
        let run = || found(&FIRST, &arguments);
        assert_eq!(with_threads(1, run), with_threads(3, run));
    });
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn nothing_in_nothing_out() {
    for geometry in [
        SpatialConvolution { n_images: 0, ..FIRST },
        SpatialConvolution { in_channels: 0, ..FIRST },
        SpatialConvolution { out_channels: 0, ..FIRST },
    ] {
        check(&geometry);
    }
}
