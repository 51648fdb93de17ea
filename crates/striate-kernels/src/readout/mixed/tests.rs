use proptest::prelude::*;

use super::{MixedGradients, MixedReadout, MixedWeights};
use crate::readout::tests::{Arguments, hat};
use crate::readout::{BilinearReadout, Positions};
use crate::testing::{
    TOLERANCE, assert_close, at_every_level, at_native_speed, cases, channels, random, with_threads,
};

/// Beside what is read, two outputs' weights, the kernel, and the gradient of the output.
struct Mixing {
    arguments: Arguments,
    weights: Vec<Vec<f32>>,
    mixing: Vec<f32>,
    gradient: Vec<f32>,
}

impl Mixing {
    fn new(m: &MixedReadout, has_noise: bool, has_shift: bool) -> Self {
        let r = &m.readout;
        let weights = |output| random(r.n_neurons * r.channels, 20 + output as u64);
        Self {
            arguments: Arguments::new(r, has_noise, has_shift),
            weights: (0..m.n_outputs).map(weights).collect(),
            mixing: random(m.n_outputs * m.mixing[0] * m.mixing[1], 30),
            gradient: random(m.n_outputs * r.n_frames * r.n_neurons, 31),
        }
    }

    /// In the order output, features, centres, spread, shift, mixing, weights of each output.
    fn lengths(&self) -> Vec<usize> {
        let Arguments { features, centres, spread, shift, .. } = &self.arguments;
        let first = [&self.gradient, features, centres, spread, shift, &self.mixing];
        first.into_iter().chain(&self.weights).map(Vec::len).collect()
    }
}

fn wide(value: f32) -> f64 {
    f64::from(value)
}

/// Position of a neuron before the clamp, and after it and the shift.
fn position(r: &BilinearReadout, a: &Arguments, frame: usize, n: usize) -> [[f64; 2]; 3] {
    let noise = [0, 1].map(|axis| {
        let noise = a.noise[(2 * frame + axis) * r.n_neurons + n];
        if a.has_noise { wide(noise) } else { 0.0 }
    });
    let drawn = [0, 1].map(|axis| {
        let spread = &a.spread[4 * n + 2 * axis..][..2];
        let moved = wide(spread[0]) * noise[0] + wide(spread[1]) * noise[1];
        wide(a.centres[2 * n + axis]) + moved
    });
    let at = [0, 1].map(|axis| {
        let shift = if a.has_shift { wide(a.shift[2 * frame + axis]) } else { 0.0 };
        drawn[axis].clamp(-1.0, 1.0) + shift
    });
    [noise, drawn, at]
}

/// Features at the position and their slopes along x and y: `[frame, neuron, channel]` each.
fn sampled(r: &BilinearReadout, a: &Arguments) -> [Vec<f64>; 3] {
    let mut found = [0; 3].map(|_| vec![0.0; r.n_frames * r.n_neurons * r.channels]);
    for at in 0..r.n_frames * r.n_neurons {
        let (n, frame) = (at % r.n_neurons, at / r.n_neurons);
        let [_, _, [x, y]] = position(r, a, frame, n);
        for index in 0..r.height * r.width * r.channels {
            let (channel, pixel) = (index % r.channels, index / r.channels);
            let [wx, dx] = hat(x, pixel % r.width, r.width);
            let [wy, dy] = hat(y, pixel / r.width, r.height);
            let feature = wide(a.features[frame * r.height * r.width * r.channels + index]);
            for (found, weight) in found.iter_mut().zip([wx * wy, dx * wy, wx * dy]) {
                found[at * r.channels + channel] += weight * feature;
            }
        }
    }
    found
}

/// Results by definition: the convolution, then the weights.
fn naive(m: &MixedReadout, x: &Mixing) -> Vec<Vec<f64>> {
    let (r, a) = (&m.readout, &x.arguments);
    let [y, along_x, along_y] = sampled(r, a);
    let mut results: Vec<Vec<f64>> = x.lengths().into_iter().map(|n| vec![0.0; n]).collect();
    let mut of_y = vec![0.0; y.len()];
    let per_clip = r.n_frames / m.n_clips.max(1);
    for at in 0..m.n_outputs * r.n_frames * r.n_neurons * r.channels {
        let (d, at) = (at % r.channels, at / r.channels);
        let (n, frame, output) =
            (at % r.n_neurons, at / r.n_neurons % r.n_frames, at / r.n_neurons / r.n_frames);
        let (g, weight) = (wide(x.gradient[at]), n * r.channels + d);
        let feature = wide(x.weights[output][weight]);
        for tap in 0..m.mixing[0] * m.mixing[1] {
            let (later, further) = (tap / m.mixing[1], tap % m.mixing[1]);
            let Some(to) = (frame + later).checked_sub(m.mixing[0] / 2) else { continue };
            let Some(channel) = (d + further).checked_sub(m.mixing[1] / 2) else { continue };
            if to / per_clip != frame / per_clip || to >= r.n_frames || channel >= r.channels {
                continue;
            }
            let mixing = output * m.mixing[0] * m.mixing[1] + tap;
            let k = wide(x.mixing[mixing]);
            let from = (to * r.n_neurons + n) * r.channels + channel;
            results[0][at] += feature * k * y[from];
            results[5][mixing] += g * feature * y[from];
            results[6 + output][weight] += g * k * y[from];
            of_y[from] += g * feature * k;
        }
    }
    add_places(r, a, (&of_y, &along_x, &along_y), &mut results);
    results
}

/// Add the gradients of features and positions, from those of the sampled features.
fn add_places(
    r: &BilinearReadout,
    a: &Arguments,
    (of_y, along_x, along_y): (&[f64], &[f64], &[f64]),
    results: &mut [Vec<f64>],
) {
    for (at, &g) in of_y.iter().enumerate() {
        let (channel, at_neuron) = (at % r.channels, at / r.channels);
        let (n, frame) = (at_neuron % r.n_neurons, at_neuron / r.n_neurons);
        let [noise, drawn, [x, y]] = position(r, a, frame, n);
        for pixel in 0..r.height * r.width {
            let [wx, _] = hat(x, pixel % r.width, r.width);
            let [wy, _] = hat(y, pixel / r.width, r.height);
            let place = (frame * r.height * r.width + pixel) * r.channels + channel;
            results[1][place] += g * wx * wy;
        }
        for (axis, along) in [along_x, along_y].into_iter().enumerate() {
            let along = g * along[at];
            results[4][2 * frame + axis] += along;
            if drawn[axis].abs() <= 1.0 {
                results[2][2 * n + axis] += along;
                results[3][4 * n + 2 * axis] += along * noise[0];
                results[3][4 * n + 2 * axis + 1] += along * noise[1];
            }
        }
    }
}

/// The same by the kernel, in slices that were full of NaN.
fn found(m: &MixedReadout, x: &Mixing) -> Vec<Vec<f32>> {
    let mut results: Vec<Vec<f32>> = x.lengths().into_iter().map(|n| vec![f32::NAN; n]).collect();
    let a = &x.arguments;
    let features: Vec<&[f32]> = x.weights.iter().map(Vec::as_slice).collect();
    let weights = MixedWeights { features: &features, mixing: &x.mixing };
    let (first, of_weights) = results.split_at_mut(6);
    let [output, features, centres, spread, shift, mixing] = first else { unreachable!() };
    m.forward(&a.features, &a.positions(), &weights, output);
    let gradients = MixedGradients {
        features: Some(features),
        centres: Some(centres),
        spread: Some(spread),
        shift: Some(shift),
        weights: of_weights.iter_mut().map(|w| Some(w.as_mut_slice())).collect(),
        mixing: Some(mixing),
    };
    m.backward(&a.features, &a.positions(), &weights, &x.gradient, gradients);
    results
}

const NAMES: [&str; 6] = ["output", "features", "centres", "spread", "shift", "mixing"];

fn check(m: &MixedReadout, has_noise: bool, has_shift: bool) {
    let arguments = Mixing::new(m, has_noise, has_shift);
    let expected = naive(m, &arguments);
    at_every_level(|| {
        for (index, found) in found(m, &arguments).iter().enumerate() {
            let what = NAMES.get(index).unwrap_or(&"weights");
            assert_close(what, found, &expected[index], TOLERANCE);
        }
    });
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn results_are_those_of_the_definition(
        [n_clips, per_clip] in [1..3usize, 1..at_native_speed(6usize, 3)],
        n_neurons in prop_oneof![1..at_native_speed(5usize, 3), Just(at_native_speed(67, 3))],
        [height, width] in [1..at_native_speed(4usize, 3), 1..at_native_speed(4usize, 3)],
        channels in channels(),
        n_outputs in 1..4usize,
        [frames, mixed] in [0..4usize, 0..3usize],
        (has_noise, has_shift) in any::<(bool, bool)>(),
    ) {
        let n_frames = n_clips * per_clip;
        let readout = BilinearReadout { n_frames, height, width, channels, n_neurons };
        let mixing = [2 * frames + 1, 2 * mixed + 1];
        check(&MixedReadout { readout, n_clips, n_outputs, mixing }, has_noise, has_shift);
    }
}

const LARGE: MixedReadout = MixedReadout {
    readout: BilinearReadout {
        n_frames: at_native_speed(38, 18),
        height: 3,
        width: 4,
        channels: at_native_speed(7, 2),
        n_neurons: at_native_speed(20, 3),
    },
    n_clips: 2,
    n_outputs: 2,
    mixing: [11, 5],
};

#[test]
fn several_chunks_and_clips_fit_together() {
    check(&LARGE, true, true);
    check(&MixedReadout { n_clips: 1, ..LARGE }, false, false);
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn many_neurons_are_taken_in_parts() {
    let readout = BilinearReadout { n_frames: 2, n_neurons: 600, ..LARGE.readout };
    check(&MixedReadout { readout, n_clips: 1, ..LARGE }, true, true);
    // Enough channels that neurons come one by one, and that their sums come in blocks.
    let readout = BilinearReadout { channels: 30_000, height: 1, width: 2, ..LARGE.readout };
    let readout = BilinearReadout { n_frames: 2, n_neurons: 36, ..readout };
    check(&MixedReadout { readout, n_clips: 1, mixing: [1, 3], ..LARGE }, true, true);
}

#[test]
fn a_kernel_of_one_is_the_plain_readout() {
    let m = MixedReadout { n_outputs: 1, mixing: [1, 1], ..LARGE };
    let x = Mixing::new(&m, true, true);
    let (a, r) = (&x.arguments, &m.readout);
    let mut expected = vec![0.0; x.gradient.len()];
    r.forward(&a.features, &a.positions(), &x.weights[0], &vec![0.0; r.n_neurons], &mut expected);
    let mut output = vec![f32::NAN; x.gradient.len()];
    let weights = MixedWeights { features: &[&x.weights[0]], mixing: &[1.0] };
    m.forward(&a.features, &a.positions(), &weights, &mut output);
    let expected: Vec<f64> = expected.into_iter().map(f64::from).collect();
    assert_close("output", &output, &expected, TOLERANCE);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let arguments = Mixing::new(&LARGE, true, true);
    at_every_level(|| {
        let run = || found(&LARGE, &arguments);
        assert_eq!(with_threads(1, run), with_threads(3, run));
    });
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn each_gradient_is_the_same_without_the_others() {
    let x = Mixing::new(&LARGE, true, true);
    let all = found(&LARGE, &x);
    let a = &x.arguments;
    let features: Vec<&[f32]> = x.weights.iter().map(Vec::as_slice).collect();
    let weights = MixedWeights { features: &features, mixing: &x.mixing };
    let alone = |pick: fn(&mut [f32]) -> MixedGradients<'_>, expected: &[f32]| {
        let mut found = vec![f32::NAN; expected.len()];
        LARGE.backward(&a.features, &a.positions(), &weights, &x.gradient, pick(&mut found));
        assert_eq!(found, expected);
    };
    alone(|s| MixedGradients { features: Some(s), ..Default::default() }, &all[1]);
    alone(|s| MixedGradients { centres: Some(s), ..Default::default() }, &all[2]);
    alone(|s| MixedGradients { spread: Some(s), ..Default::default() }, &all[3]);
    alone(|s| MixedGradients { shift: Some(s), ..Default::default() }, &all[4]);
    alone(|s| MixedGradients { mixing: Some(s), ..Default::default() }, &all[5]);
    alone(|s| MixedGradients { weights: vec![None, Some(s)], ..Default::default() }, &all[7]);
}

#[test]
fn neighbouring_frames_alone_decide() {
    // What lies further away than the kernel reaches changes no bit.
    let mut x = Mixing::new(&LARGE, false, false);
    let m = MixedReadout { n_clips: 1, ..LARGE };
    let before = found(&m, &x).swap_remove(0);
    let (r, last) = (m.readout, m.readout.n_frames - 1);
    let per_frame = r.height * r.width * r.channels;
    x.arguments.features[last * per_frame..].fill(9.0);
    let after = found(&m, &x).swap_remove(0);
    let reached = (last - 5) * r.n_neurons;
    assert_eq!(before[..reached], after[..reached]);
    assert_ne!(before[reached..r.n_frames * r.n_neurons], after[reached..r.n_frames * r.n_neurons]);
}

#[test]
fn nothing_is_read_by_no_neuron_and_in_no_frame() {
    let nobody = Positions { centres: &[], sampling: None, shift: None };
    let none = BilinearReadout { n_frames: 2, n_neurons: 0, ..LARGE.readout };
    let weights = MixedWeights { features: &[&[], &[]], mixing: &[1.0; 110] };
    let per_frame = none.height * none.width * none.channels;
    let (features, mut of_features) = (vec![1.0; 2 * per_frame], vec![f32::NAN; 2 * per_frame]);
    let mut of_mixing = [f32::NAN; 110];
    let none = MixedReadout { readout: none, ..LARGE };
    none.forward(&features, &nobody, &weights, &mut []);
    let gradients = MixedGradients {
        features: Some(&mut of_features),
        mixing: Some(&mut of_mixing),
        ..Default::default()
    };
    none.backward(&features, &nobody, &weights, &[], gradients);
    assert!(of_features.iter().chain(&of_mixing).all(|&g| g == 0.0));
}

#[test]
#[should_panic(expected = "even length has no centre")]
fn kernels_of_even_length_are_refused() {
    let even = MixedReadout { mixing: [2, 1], ..LARGE };
    let x = Mixing::new(&even, false, false);
    found(&even, &x);
}
