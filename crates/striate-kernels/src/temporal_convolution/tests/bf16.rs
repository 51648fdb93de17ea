//! With products of bf16 numbers.

use super::{TILED, TemporalConvolution, arguments, naive};
use crate::bf16::Bf16;
use crate::testing::{TOLERANCE_IN_TILES, assert_close, at_every_level, random, with_threads};

/// Relative error of results in tiles. Rounding two factors to bf16 costs 0.21 % of a product of
/// random numbers, and the maps of a tile of 4 outputs and 5 taps make 4.4 times that of it; other
/// tilings make less. A wrong or missing term of some hundred would cost 10 %.
const LARGEST_ERROR: f64 = 0.015;

/// Results of the three methods, in slices that were full of NaN.
fn found(g: &TemporalConvolution, [x, w, b, d]: &[Vec<f32>; 4]) -> [Vec<f32>; 3] {
    let mut results = [d.len(), w.len(), x.len()].map(|length| vec![f32::NAN; length]);
    let [output, of_weight, of_input] = &mut results;
    Bf16(*g).forward(x, w, Some(b), output);
    Bf16(*g).weight_gradient(x, d, of_weight);
    Bf16(*g).input_gradient(w, d, of_input);
    results
}

/// Length of the difference by that of the reference.
fn error(found: &[f32], expected: &[f64]) -> f64 {
    let square = |x: f64| x * x;
    let difference = found.iter().zip(expected).map(|(&f, e)| square(f64::from(f) - e));
    (difference.sum::<f64>() / expected.iter().map(|&e| square(e)).sum::<f64>()).sqrt()
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn errors_are_those_of_rounding() {
    for (kernel, n_frames, in_channels, out_channels, n_pixels) in [
        (5, 17, 17, 18, 131),
        (5, 12, 32, 32, 7),
        (3, 20, 32, 33, 2),
        (4, 13, 33, 16, 1),
        (11, 30, 31, 16, 5),
        (15, 33, 32, 17, 3),
    ] {
        let g =
            TemporalConvolution { n_frames, n_pixels, in_channels, out_channels, kernel, ..TILED };
        let arguments = arguments(&g);
        let expected = naive(&g, &arguments);
        at_every_level(|| {
            let found = found(&g, &arguments);
            for (what, (found, expected)) in
                ["output", "weight", "input"].into_iter().zip(found.iter().zip(&expected))
            {
                let error = error(found, expected);
                assert!((1e-4..LARGEST_ERROR).contains(&error), "{what} of {g:?}: {error}");
            }
        });
    }
}

/// Numbers of few bits so far apart that a tile sees a single one of a pixel's channel.
fn few(g: &TemporalConvolution, frames: usize, channels: usize, seed: u64) -> Vec<f32> {
    let mut values = random(g.n_clips * frames * g.n_pixels * channels, seed);
    for (index, value) in values.iter_mut().enumerate() {
        let (place, frame) = (index % (g.n_pixels * channels), index / (g.n_pixels * channels));
        let is_there = (frame % frames + place).is_multiple_of(8);
        *value = if is_there { (4.0 * *value).round().clamp(-4.0, 4.0) } else { 0.0 };
    }
    values
}

/// At the points one number of few bits gives numbers of at most 8 bits: nothing is rounded.
#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn nothing_is_lost_where_nothing_is_rounded() {
    for (in_channels, out_channels, n_pixels) in [(17, 18, 131), (32, 32, 6)] {
        let g = TemporalConvolution { n_pixels, in_channels, out_channels, ..TILED };
        let mut arguments = arguments(&g);
        arguments[0] = few(&g, g.n_frames, g.in_channels, 5);
        arguments[3] = few(&g, g.out_frames(), g.out_channels, 6);
        let [_, expected, _] = naive(&g, &arguments);
        at_every_level(|| {
            let [_, found, _] = found(&g, &arguments);
            assert_close("weight", &found, &expected, TOLERANCE_IN_TILES);
        });
    }
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn what_tiles_do_not_pay_for_stays_in_f32() {
    let g = TemporalConvolution { in_channels: 1, ..TILED };
    let arguments = arguments(&g);
    at_every_level(|| {
        let [output, of_weight, _] = super::found(&g, &arguments);
        let found = found(&g, &arguments);
        assert_eq!([&found[0], &found[1]], [&output, &of_weight]);
    });
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn any_number_of_threads_gives_the_same_bits() {
    let arguments = arguments(&TILED);
    at_every_level(|| {
        let run = || found(&TILED, &arguments);
        assert_eq!(with_threads(1, run), with_threads(3, run));
    });
}

#[test]
#[should_panic(expected = "weight has 7 values, expected the shape [5, 17, 18]")]
fn slices_of_another_length_are_refused() {
    let input = vec![0.0; 2 * 17 * TILED.n_pixels * 17];
    Bf16(TILED).forward(&input, &[0.0; 7], None, &mut []);
}
