use proptest::prelude::*;

use super::{BilinearReadout, NEURONS, ReadoutGradients};
use crate::testing::{
    TOLERANCE, assert_close, at_every_level, at_native_speed, cases, channels, random, with_threads,
};

/// Features, positions, weights, bias, and the gradient of the output.
type Arguments = [Vec<f32>; 5];

fn arguments(r: &BilinearReadout) -> Arguments {
    let n_positions = if r.positions_per_frame { r.n_frames } else { 1 };
    [
        random(r.n_frames * r.height * r.width * r.channels, 1),
        // Some of them outside.
        random(n_positions * r.n_neurons * 2, 2).iter().map(|x| 0.8 * x).collect(),
        random(r.n_neurons * r.channels, 3),
        random(r.n_neurons, 4),
        random(r.n_frames * r.n_neurons, 5),
    ]
}

/// Weight of pixel `index` at a position along an axis, and its slope.
fn hat(position: f32, index: usize, size: usize) -> [f64; 2] {
    let half = 0.5 * (size - 1) as f64;
    let distance = (f64::from(position) + 1.0) * half - index as f64;
    if (-1.0..0.0).contains(&distance) {
        [1.0 + distance, half]
    } else if (0.0..1.0).contains(&distance) {
        [1.0 - distance, -half]
    } else {
        [0.0, 0.0]
    }
}

/// Output and the gradients of features, positions, weights and bias by definition.
fn naive(r: &BilinearReadout, [f, p, w, b, g]: &Arguments) -> [Vec<f64>; 5] {
    let wide = |value: f32| f64::from(value);
    let mut results = [g, f, p, w, b].map(|argument| vec![0.0; argument.len()]);
    let [output, of_features, of_positions, of_weights, of_bias] = &mut results;
    for (at, &g) in g.iter().enumerate() {
        let (n, frame) = (at % r.n_neurons, at / r.n_neurons);
        let place = 2 * if r.positions_per_frame { at } else { n };
        output[at] = wide(b[n]);
        of_bias[n] += wide(g);
        for index in 0..r.height * r.width * r.channels {
            let (channel, pixel) = (index % r.channels, index / r.channels);
            let [wx, dx] = hat(p[place], pixel % r.width, r.width);
            let [wy, dy] = hat(p[place + 1], pixel / r.width, r.height);
            let source = frame * r.height * r.width * r.channels + index;
            let weight = n * r.channels + channel;
            let product = wide(f[source]) * wide(w[weight]);
            output[at] += wx * wy * product;
            of_features[source] += wide(g) * wx * wy * wide(w[weight]);
            of_positions[place] += wide(g) * dx * wy * product;
            of_positions[place + 1] += wide(g) * wx * dy * product;
            of_weights[weight] += wide(g) * wx * wy * wide(f[source]);
        }
    }
    results
}

/// The same by the kernel, in slices that were full of NaN.
fn found(r: &BilinearReadout, [f, p, w, b, g]: &Arguments) -> [Vec<f32>; 5] {
    let mut results = [g, f, p, w, b].map(|argument| vec![f32::NAN; argument.len()]);
    let [output, of_features, of_positions, of_weights, of_bias] = &mut results;
    r.forward(f, p, w, b, output);
    let gradients = ReadoutGradients {
        features: Some(of_features),
        positions: Some(of_positions),
        weights: Some(of_weights),
        bias: Some(of_bias),
    };
    r.backward(f, p, w, g, gradients);
    results
}

fn check(r: &BilinearReadout) {
    check_arguments(r, &arguments(r));
}

fn check_arguments(r: &BilinearReadout, arguments: &Arguments) {
    let expected = naive(r, arguments);
    let names = ["output", "features", "positions", "weights", "bias"];
    at_every_level(|| {
        for ((what, found), expected) in names.iter().zip(found(r, arguments)).zip(&expected) {
            assert_close(what, &found, expected, TOLERANCE);
        }
    });
}

proptest! {
    #![proptest_config(cases(80))]

    #[test]
    fn results_are_those_of_the_definition(
        (n_frames, n_neurons) in (1..at_native_speed(5usize, 3), 1..at_native_speed(9usize, 4)),
        [height, width] in [1..at_native_speed(6usize, 4), 1..at_native_speed(6usize, 4)],
        channels in channels(),
        positions_per_frame in any::<bool>(),
    ) {
        check(&BilinearReadout {
            n_frames, height, width, channels, n_neurons, positions_per_frame,
        });
    }
}

const LARGE: BilinearReadout = BilinearReadout {
    n_frames: at_native_speed(37, 18),
    height: 4,
    width: 5,
    channels: at_native_speed(3, 1),
    n_neurons: at_native_speed(50, 3),
    positions_per_frame: false,
};

#[test]
fn several_chunks_of_frames_fit_together() {
    let large = BilinearReadout { n_neurons: at_native_speed(LARGE.n_neurons, 1), ..LARGE };
    check(&large);
    check(&BilinearReadout { positions_per_frame: true, ..large });
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn several_blocks_of_neurons_fit_together() {
    // Enough channels that the sums of one block hold only some of the neurons.
    check(&BilinearReadout { channels: 30_000, n_frames: 2, height: 1, width: 2, ..LARGE });
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for positions_per_frame in [false, true] {
        let n_frames = at_native_speed(LARGE.n_frames, 2);
        let readout = BilinearReadout { n_frames, positions_per_frame, ..LARGE };
        let arguments = arguments(&readout);
        at_every_level(|| {
            let run = || found(&readout, &arguments);
            assert_eq!(with_threads(1, run), with_threads(3, run));
        });
    }
}

#[test]
fn positions_at_centres_and_ends_and_outside_are_right() {
    // Of 5 columns and 3 rows: centres, the middle between two, and up to two pixels outside.
    let axis = [-1.5, -1.0, 0.25, 1.0, 9.0, -2.0, -1.25, -0.5, 0.0, 0.5, 1.25, 1.5, 2.0];
    let axis = &axis[..at_native_speed(axis.len(), 5)];
    let positions: Vec<f32> =
        axis.iter().flat_map(|&x| axis.iter().flat_map(move |&y| [x, y])).collect();
    let (n_neurons, channels) = (positions.len() / 2, at_native_speed(5, 1));
    let grid = BilinearReadout { n_frames: 1, height: 3, channels, n_neurons, ..LARGE };
    for grid in [grid, BilinearReadout { height: 1, ..grid }] {
        let mut arguments = arguments(&grid);
        arguments[1].clone_from(&positions);
        check_arguments(&grid, &arguments);
    }
}

#[test]
fn several_tasks_of_neurons_fit_together() {
    let n_neurons = at_native_speed(NEURONS + 5, 5);
    let many = BilinearReadout { n_frames: 2, height: 2, width: 2, n_neurons, ..LARGE };
    check(&BilinearReadout { channels: 1, ..many });
}

#[test]
fn neurons_without_channels_have_their_bias() {
    check(&BilinearReadout { channels: 0, ..LARGE });
}

#[test]
fn each_gradient_is_the_same_without_the_others() {
    let readout = BilinearReadout { n_frames: at_native_speed(LARGE.n_frames, 2), ..LARGE };
    let [f, p, w, b, g] = arguments(&readout);
    let [_, features, positions, weights, bias] =
        found(&readout, &[f.clone(), p.clone(), w.clone(), b, g.clone()]);
    let alone = |pick: fn(&mut [f32]) -> ReadoutGradients<'_>, expected: Vec<f32>| {
        let mut found = vec![f32::NAN; expected.len()];
        readout.backward(&f, &p, &w, &g, pick(&mut found));
        assert_eq!(found, expected);
    };
    alone(|s| ReadoutGradients { features: Some(s), ..Default::default() }, features);
    alone(|s| ReadoutGradients { positions: Some(s), ..Default::default() }, positions);
    alone(|s| ReadoutGradients { weights: Some(s), ..Default::default() }, weights);
    alone(|s| ReadoutGradients { bias: Some(s), ..Default::default() }, bias);
}

#[test]
fn a_neuron_without_a_position_has_no_response() {
    let one = BilinearReadout { n_frames: 1, n_neurons: 2, channels: 1, ..LARGE };
    let mut output = [0.0; 2];
    at_every_level(|| {
        let mut output = [0.0; 2];
        one.forward(&[1.0; 20], &[0.0, f32::NAN, 0.0, 0.0], &[1.0; 2], &[0.5; 2], &mut output);
        assert!(output[0].is_nan() && output[1] == 1.5);
    });
    let none = BilinearReadout { n_neurons: 0, ..one };
    none.forward(&[1.0; 20], &[], &[], &[], &mut []);
    let mut of_features = [f32::NAN; 20];
    let features = ReadoutGradients { features: Some(&mut of_features), ..Default::default() };
    none.backward(&[1.0; 20], &[], &[], &[], features);
    assert_eq!(of_features, [0.0; 20]);
    let nowhere = BilinearReadout { n_frames: 0, ..one };
    nowhere.forward(&[], &[0.0; 4], &[1.0; 2], &[0.5; 2], &mut []);
    output.fill(f32::NAN);
    let bias = ReadoutGradients { bias: Some(&mut output), ..Default::default() };
    nowhere.backward(&[], &[0.0; 4], &[1.0; 2], &[], bias);
    assert_eq!(output, [0.0; 2]);
}

#[test]
#[should_panic(expected = "feature maps without pixels")]
fn maps_without_pixels_are_refused() {
    let empty = BilinearReadout { height: 0, channels: 3, n_neurons: 1, n_frames: 1, ..LARGE };
    empty.forward(&[], &[0.0; 2], &[0.0; 3], &[0.0], &mut [0.0]);
}
