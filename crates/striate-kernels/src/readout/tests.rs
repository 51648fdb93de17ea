use proptest::prelude::*;

use super::{BilinearReadout, Positions, ReadoutGradients, Sampling};
use crate::testing::{
    TOLERANCE, assert_close, at_every_level, at_native_speed, cases, channels, random, with_threads,
};

/// What is read, and the gradient of the output.
pub(super) struct Arguments {
    pub(super) features: Vec<f32>,
    pub(super) centres: Vec<f32>,
    pub(super) spread: Vec<f32>,
    pub(super) noise: Vec<f32>,
    pub(super) shift: Vec<f32>,
    weights: Vec<f32>,
    bias: Vec<f32>,
    gradient: Vec<f32>,
    pub(super) has_noise: bool,
    pub(super) has_shift: bool,
}

impl Arguments {
    pub(super) fn new(r: &BilinearReadout, has_noise: bool, has_shift: bool) -> Self {
        let scaled = |length, seed, scale: f32| -> Vec<f32> {
            random(length, seed).iter().map(|x| scale * x).collect()
        };
        Self {
            features: random(r.n_frames * r.height * r.width * r.channels, 1),
            // Some of them outside.
            centres: scaled(r.n_neurons * 2, 2, 0.8),
            spread: scaled(r.n_neurons * 4, 6, 0.4),
            noise: random(r.n_frames * r.n_neurons * 2, 7),
            shift: scaled(r.n_frames * 2, 8, 0.2),
            weights: random(r.n_neurons * r.channels, 3),
            bias: random(r.n_neurons, 4),
            gradient: random(r.n_frames * r.n_neurons, 5),
            has_noise,
            has_shift,
        }
    }

    pub(super) fn positions(&self) -> Positions<'_> {
        let sampling = Sampling { spread: &self.spread, noise: &self.noise };
        Positions {
            centres: &self.centres,
            sampling: self.has_noise.then_some(sampling),
            shift: self.has_shift.then_some(&self.shift),
        }
    }

    /// In the order output, features, centres, spread, shift, weights, bias.
    fn lengths(&self) -> [usize; 7] {
        let Self { gradient, features, centres, spread, shift, weights, bias, .. } = self;
        [gradient, features, centres, spread, shift, weights, bias].map(Vec::len)
    }
}

/// Weight of pixel `index` at a position along an axis, and its slope.
pub(super) fn hat(position: f64, index: usize, size: usize) -> [f64; 2] {
    let half = 0.5 * (size - 1) as f64;
    let distance = (position + 1.0) * half - index as f64;
    if (-1.0..0.0).contains(&distance) {
        [1.0 + distance, half]
    } else if (0.0..1.0).contains(&distance) {
        [1.0 - distance, -half]
    } else {
        [0.0, 0.0]
    }
}

/// Results by definition.
fn naive(r: &BilinearReadout, a: &Arguments) -> [Vec<f64>; 7] {
    let wide = |value: f32| f64::from(value);
    let mut results = a.lengths().map(|length| vec![0.0; length]);
    let [output, of_features, of_centres, of_spread, of_shift, of_weights, of_bias] = &mut results;
    for (at, &g) in a.gradient.iter().enumerate() {
        let (n, frame) = (at % r.n_neurons, at / r.n_neurons);
        let noise = [0, 1].map(|axis| {
            let noise = a.noise[(2 * frame + axis) * r.n_neurons + n];
            if a.has_noise { wide(noise) } else { 0.0 }
        });
        let drawn = [0, 1].map(|axis| {
            let spread = &a.spread[4 * n + 2 * axis..][..2];
            let moved = wide(spread[0]) * noise[0] + wide(spread[1]) * noise[1];
            wide(a.centres[2 * n + axis]) + moved
        });
        let [x, y] = [0, 1].map(|axis| {
            let shift = if a.has_shift { wide(a.shift[2 * frame + axis]) } else { 0.0 };
            drawn[axis].clamp(-1.0, 1.0) + shift
        });
        output[at] = wide(a.bias[n]);
        of_bias[n] += wide(g);
        let mut along = [0.0; 2];
        for index in 0..r.height * r.width * r.channels {
            let (channel, pixel) = (index % r.channels, index / r.channels);
            let [wx, dx] = hat(x, pixel % r.width, r.width);
            let [wy, dy] = hat(y, pixel / r.width, r.height);
            let source = frame * r.height * r.width * r.channels + index;
            let weight = n * r.channels + channel;
            let product = wide(a.features[source]) * wide(a.weights[weight]);
            output[at] += wx * wy * product;
            of_features[source] += wide(g) * wx * wy * wide(a.weights[weight]);
            of_weights[weight] += wide(g) * wx * wy * wide(a.features[source]);
            along[0] += wide(g) * dx * wy * product;
            along[1] += wide(g) * wx * dy * product;
        }
        for axis in 0..2 {
            of_shift[2 * frame + axis] += along[axis];
            if drawn[axis].abs() <= 1.0 {
                of_centres[2 * n + axis] += along[axis];
                of_spread[4 * n + 2 * axis] += along[axis] * noise[0];
                of_spread[4 * n + 2 * axis + 1] += along[axis] * noise[1];
            }
        }
    }
    results
}

/// The same by the kernel, in slices that were full of NaN.
fn found(r: &BilinearReadout, a: &Arguments) -> [Vec<f32>; 7] {
    let mut results = a.lengths().map(|length| vec![f32::NAN; length]);
    let [output, features, centres, spread, shift, weights, bias] = &mut results;
    r.forward(&a.features, &a.positions(), &a.weights, &a.bias, output);
    let gradients = ReadoutGradients {
        features: Some(features),
        centres: Some(centres),
        spread: Some(spread),
        shift: Some(shift),
        weights: Some(weights),
        bias: Some(bias),
    };
    r.backward(&a.features, &a.positions(), &a.weights, &a.gradient, gradients);
    results
}

const NAMES: [&str; 7] = ["output", "features", "centres", "spread", "shift", "weights", "bias"];

fn check(r: &BilinearReadout, has_noise: bool, has_shift: bool) {
    check_arguments(r, &Arguments::new(r, has_noise, has_shift));
}

fn check_arguments(r: &BilinearReadout, arguments: &Arguments) {
    let expected = naive(r, arguments);
    at_every_level(|| {
        for ((what, found), expected) in NAMES.iter().zip(found(r, arguments)).zip(&expected) {
            assert_close(what, &found, expected, TOLERANCE);
        }
    });
}

proptest! {
    #![proptest_config(cases(80))]

    #[test]
    fn results_are_those_of_the_definition(
        n_frames in 1..at_native_speed(5usize, 3),
        n_neurons in prop_oneof![1..at_native_speed(9usize, 4), Just(at_native_speed(64usize, 5)), Just(at_native_speed(70, 5))],
        [height, width] in [1..at_native_speed(6usize, 4), 1..at_native_speed(6usize, 4)],
        channels in channels(),
        (has_noise, has_shift) in any::<(bool, bool)>(),
    ) {
        let readout = BilinearReadout { n_frames, height, width, channels, n_neurons };
        check(&readout, has_noise, has_shift);
    }
}

const LARGE: BilinearReadout = BilinearReadout {
    n_frames: at_native_speed(37, 18),
    height: 4,
    width: 5,
    channels: at_native_speed(3, 1),
    n_neurons: at_native_speed(50, 3),
};

#[test]
fn several_chunks_of_frames_fit_together() {
    check(&LARGE, false, false);
    check(&LARGE, true, true);
}

#[test]
fn neurons_without_channels_have_their_bias() {
    check(&BilinearReadout { channels: 0, ..LARGE }, true, true);
}

#[test]
fn positions_at_centres_and_ends_and_outside_are_right() {
    // Of 5 columns and 3 rows: centres, the middle between two, ends, and by a shift outside.
    let axis = [-1.0, 0.25, 1.0, -1.5, -0.5, 0.0, 0.5];
    let axis = &axis[..at_native_speed(axis.len(), 4)];
    let centres: Vec<f32> =
        axis.iter().flat_map(|&x| axis.iter().flat_map(move |&y| [x, y])).collect();
    let (n_neurons, channels) = (centres.len() / 2, at_native_speed(5, 1));
    let grid = BilinearReadout { n_frames: 1, height: 3, channels, n_neurons, ..LARGE };
    for grid in [grid, BilinearReadout { height: 1, ..grid }] {
        for shift in [0.0, 0.5, -8.0] {
            let mut arguments = Arguments::new(&grid, false, true);
            arguments.centres.clone_from(&centres);
            arguments.shift.fill(shift);
            check_arguments(&grid, &arguments);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn several_blocks_of_neurons_fit_together() {
    // Enough channels that the sums of one block hold only some of the neurons.
    let many = BilinearReadout { channels: 30_000, n_frames: 2, height: 1, width: 2, ..LARGE };
    check(&many, true, true);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let readout = BilinearReadout { n_frames: at_native_speed(LARGE.n_frames, 2), ..LARGE };
    let arguments = Arguments::new(&readout, true, true);
    at_every_level(|| {
        let run = || found(&readout, &arguments);
        assert_eq!(with_threads(1, run), with_threads(3, run));
    });
}

#[test]
fn each_gradient_is_the_same_without_the_others() {
    let a = Arguments::new(&LARGE, true, true);
    let [_, features, centres, spread, shift, weights, bias] = found(&LARGE, &a);
    let alone = |pick: fn(&mut [f32]) -> ReadoutGradients<'_>, expected: Vec<f32>| {
        let mut found = vec![f32::NAN; expected.len()];
        LARGE.backward(&a.features, &a.positions(), &a.weights, &a.gradient, pick(&mut found));
        assert_eq!(found, expected);
    };
    alone(|s| ReadoutGradients { features: Some(s), ..Default::default() }, features);
    alone(|s| ReadoutGradients { centres: Some(s), ..Default::default() }, centres);
    alone(|s| ReadoutGradients { spread: Some(s), ..Default::default() }, spread);
    alone(|s| ReadoutGradients { shift: Some(s), ..Default::default() }, shift);
    alone(|s| ReadoutGradients { weights: Some(s), ..Default::default() }, weights);
    alone(|s| ReadoutGradients { bias: Some(s), ..Default::default() }, bias);
}

const STILL: Positions<'_> =
    Positions { centres: &[0.0, f32::NAN, 0.0, 0.0], sampling: None, shift: None };

#[test]
fn a_neuron_without_a_position_has_no_response() {
    let one = BilinearReadout { n_frames: 1, n_neurons: 2, channels: 1, ..LARGE };
    at_every_level(|| {
        let mut output = [0.0; 2];
        one.forward(&[1.0; 20], &STILL, &[1.0; 2], &[0.5; 2], &mut output);
        assert!(output[0].is_nan() && output[1] == 1.5);
        let mut of_centres = [0.0; 4];
        let centres = ReadoutGradients { centres: Some(&mut of_centres), ..Default::default() };
        one.backward(&[1.0; 20], &STILL, &[1.0; 2], &[f32::NAN, 1.0], centres);
        assert!(of_centres[0].is_nan() && of_centres[1].is_nan() && of_centres[2] == 0.0);
    });
}

#[test]
fn nothing_is_read_by_no_neuron_and_in_no_frame() {
    let none = BilinearReadout { n_frames: 1, n_neurons: 0, channels: 1, ..LARGE };
    let nobody = Positions { centres: &[], ..STILL };
    none.forward(&[1.0; 20], &nobody, &[], &[], &mut []);
    let (mut of_features, mut of_shift) = ([f32::NAN; 20], [f32::NAN; 2]);
    let gradients = ReadoutGradients {
        features: Some(&mut of_features),
        shift: Some(&mut of_shift),
        centres: Some(&mut []),
        weights: Some(&mut []),
        bias: Some(&mut []),
        ..Default::default()
    };
    none.backward(&[1.0; 20], &nobody, &[], &[], gradients);
    assert_eq!((of_features, of_shift), ([0.0; 20], [0.0; 2]));
    let nowhere = BilinearReadout { n_frames: 0, n_neurons: 2, ..none };
    nowhere.forward(&[], &STILL, &[1.0; 2], &[0.5; 2], &mut []);
    let mut of_bias = [f32::NAN; 2];
    let bias = ReadoutGradients { bias: Some(&mut of_bias), ..Default::default() };
    nowhere.backward(&[], &STILL, &[1.0; 2], &[], bias);
    assert_eq!(of_bias, [0.0; 2]);
}

#[test]
fn features_that_are_nan_reach_what_depends_on_them() {
    let two = BilinearReadout { n_frames: 1, height: 1, width: 4, channels: 1, n_neurons: 2 };
    let positions = Positions { centres: &[-0.8, 0.0, 0.8, 0.0], ..STILL };
    let features = [f32::NAN, 1.0, 2.0, 3.0];
    at_every_level(|| {
        let (mut output, mut of_weights) = ([0.0; 2], [0.0; 2]);
        two.forward(&features, &positions, &[1.0; 2], &[0.0; 2], &mut output);
        let weights = ReadoutGradients { weights: Some(&mut of_weights), ..Default::default() };
        two.backward(&features, &positions, &[1.0; 2], &[1.0; 2], weights);
        assert!(output[0].is_nan() && of_weights[0].is_nan());
        assert!(output[1].is_finite() && of_weights[1].is_finite());
    });
}

#[test]
#[should_panic(expected = "feature maps without pixels")]
fn maps_without_pixels_are_refused() {
    let empty = BilinearReadout { height: 0, n_neurons: 2, n_frames: 1, channels: 3, ..LARGE };
    empty.forward(&[], &STILL, &[0.0; 6], &[0.0; 2], &mut [0.0; 2]);
}
