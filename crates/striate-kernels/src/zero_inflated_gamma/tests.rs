use proptest::prelude::*;

use super::*;
use crate::testing::{at_every_level, at_native_speed, cases, random, with_threads};

const RHO: f32 = 0.005;
const CONVENTIONS: [Convention; 3] =
    [Convention::Released, Convention::PointMass, Convention::Density];

/// `q` and `theta` in double precision.
fn wide(a: f64, h: f64) -> [f64; 3] {
    let sigmoid = 1.0 / (1.0 + (-a).exp());
    let rest = 1.0 / (1.0 + a.exp());
    let theta = if h > 0.0 { h + 1.0 } else { h.exp() } + 1e-6;
    [0.99999 * sigmoid + 1e-6, 0.99999 * rest + 9e-6, theta]
}

/// Negative log-likelihood in double precision.
fn naive(convention: Convention, [a, h]: [f64; 2], y: f32, [k, log_gamma]: [f64; 2]) -> f64 {
    let [q, rest, theta] = wide(a, h);
    // The difference as the kernel has it, in f32.
    let x = f64::from(y - RHO);
    let normaliser = k * theta.ln() + log_gamma;
    -match convention {
        _ if x > 0.0 => q.ln() + (k - 1.0) * x.ln() - x / theta - normaliser,
        Convention::Released => rest.ln() - normaliser,
        Convention::PointMass => rest.ln(),
        Convention::Density => rest.ln() - f64::from(RHO).ln(),
    }
}

/// Loss and gradients of some neurons in some frames.
fn found(
    convention: Convention,
    law: &ZeroInflatedGamma<'_>,
    [a, h]: [&[f32]; 2],
    responses: &[f32],
) -> (f64, Vec<f32>, Vec<f32>) {
    let (mut q, mut theta) = (vec![f32::NAN; a.len()], vec![f32::NAN; a.len()]);
    let gradients = HeadGradients { q: &mut q, theta: &mut theta };
    let loss = law.loss(convention, Heads { q: a, theta: h }, responses, gradients);
    (loss, q, theta)
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn loss_and_gradients_agree_with_differences(
        a in -16.0f32..16.0,
        h in -9.0f32..30.0,
        y in prop_oneof![Just(0.0f32), 0.0f32..0.0049, 0.0051f32..0.1, 0.1f32..40.0],
        shape in 0.1f32..5.0,
        log_gamma in -1.0f32..3.0,
    ) {
        // The slope of theta along h jumps in its derivative at 0; stay a step away.
        prop_assume!(h.abs() > 1e-3);
        let law = ZeroInflatedGamma { shape: &[shape], log_gamma: &[log_gamma], rho: RHO };
        let constants = [shape, log_gamma].map(f64::from);
        let point = [a, h].map(f64::from);
        for convention in CONVENTIONS {
            let (loss, q, theta) = found(convention, &law, [&[a], &[h]], &[y]);
            let of = |da: f64, dh: f64| naive(convention, [point[0] + da, point[1] + dh], y, constants);
            // Terms in f32: each is right to some 3e-7 of its size, and they may cancel.
            let [_, _, scale] = wide(point[0], point[1]);
            let size = 20.0 + f64::from(y) / scale + 8.0 * f64::from(shape);
            prop_assert!((loss - of(0.0, 0.0)).abs() < 1e-6 * size, "{loss} {}", of(0.0, 0.0));
            // Central differences of f64: truncation step^2 and rounding 1e-16 / step of the size.
            let step = 1e-5;
            let slope_q = (of(step, 0.0) - of(-step, 0.0)) / (2.0 * step);
            let slope_theta = (of(0.0, step) - of(0.0, -step)) / (2.0 * step);
            prop_assert!((f64::from(q[0]) - slope_q).abs() < 2e-6 * size, "{} {slope_q}", q[0]);
            let error = (f64::from(theta[0]) - slope_theta).abs();
            prop_assert!(error < 2e-6 * size, "{} {slope_theta}", theta[0]);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn every_number_of_neurons_gives_the_sum_of_single_ones() {
    at_every_level(|| {
        for n_neurons in [1, 3, 16, 17, 255, at_native_speed(300, 20)] {
            let n = 3 * n_neurons;
            let (a, h) = (random(n, 1), random(n, 2));
            let shape: Vec<f32> = random(n_neurons, 3).iter().map(|x| 0.2 + x.abs()).collect();
            let log_gamma = random(n_neurons, 4);
            let responses: Vec<f32> = random(n, 5).iter().map(|x| x.max(0.0)).collect();
            let law = ZeroInflatedGamma { shape: &shape, log_gamma: &log_gamma, rho: RHO };
            let mut mean = vec![f32::NAN; n];
            law.mean(Heads { q: &a, theta: &h }, &mut mean);
            for convention in CONVENTIONS {
                let (loss, _, _) = found(convention, &law, [&a, &h], &responses);
                let mut expected = 0.0;
                for i in 0..n {
                    let point = [a[i], h[i]].map(f64::from);
                    let k = f64::from(shape[i % n_neurons]);
                    let constants = [k, f64::from(log_gamma[i % n_neurons])];
                    expected += naive(convention, point, responses[i], constants);
                    let [q, rest, theta] = wide(point[0], point[1]);
                    let rho = f64::from(RHO);
                    let moment = rest * rho / 2.0 + q * (k * theta + rho);
                    assert!((f64::from(mean[i]) - moment).abs() < 1e-6 * (1.0 + moment));
                }
                assert!((loss - expected).abs() < 1e-6 * 10.0 * n as f64, "{loss} {expected}");
            }
        }
    });
}

#[test]
fn mean_has_the_right_slopes() {
    let (a, h, k) = ([0.3f32, -2.0], [-0.7f32, 1.5], [0.5f32, 1.3]);
    let law = ZeroInflatedGamma { shape: &k, log_gamma: &[0.0; 2], rho: RHO };
    let (mut q, mut theta) = ([0.0; 2], [0.0; 2]);
    let gradients = HeadGradients { q: &mut q, theta: &mut theta };
    law.mean_backward(Heads { q: &a, theta: &h }, &[1.0, -2.0], gradients);
    for (i, weight) in [1.0, -2.0].into_iter().enumerate() {
        let of = |da: f64, dh: f64| {
            let [q, rest, theta] = wide(f64::from(a[i]) + da, f64::from(h[i]) + dh);
            let rho = f64::from(RHO);
            weight * (rest * rho / 2.0 + q * (f64::from(k[i]) * theta + rho))
        };
        let step = 1e-5;
        let slope = |da: f64, dh: f64| (of(da, dh) - of(-da, -dh)) / (2.0 * step);
        assert!((f64::from(q[i]) - slope(step, 0.0)).abs() < 1e-6);
        assert!((f64::from(theta[i]) - slope(0.0, step)).abs() < 1e-6);
    }
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn extremes_are_finite() {
    let extremes = [-1e30f32, -100.0, -30.0, 0.0, 30.0, 100.0, 1e30];
    // Exact zeros, the edge of the spike, its neighbour, a huge response.
    let responses = [0.0, -0.0, RHO, f32::from_bits(RHO.to_bits() + 1), 1.0, 1e6];
    let law = ZeroInflatedGamma { shape: &[0.05], log_gamma: &[2.97], rho: RHO };
    at_every_level(|| {
        for convention in CONVENTIONS {
            for (&a, &h) in extremes.iter().flat_map(|a| extremes.iter().map(move |h| (a, h))) {
                for y in responses {
                    let (loss, q, theta) = found(convention, &law, [&[a], &[h]], &[y]);
                    let all = loss.is_finite() && q[0].is_finite() && theta[0].is_finite();
                    assert!(all, "{convention:?} {a} {h} {y}: {loss} {q:?} {theta:?}");
                }
            }
        }
    });
}

#[test]
fn nan_reaches_what_depends_on_it_and_nothing_else() {
    let law = ZeroInflatedGamma { shape: &[0.5; 2], log_gamma: &[0.57; 2], rho: RHO };
    at_every_level(|| {
        for which in 0..3 {
            let mut numbers = [[0.5f32; 2], [0.2; 2], [1.0, 0.0]];
            numbers[which][1] = f32::NAN;
            let [a, h, y] = &numbers;
            let (loss, q, theta) = found(Convention::Density, &law, [a, h], y);
            assert!(loss.is_nan() && q[1].is_nan() && theta[1].is_nan(), "{which}");
            assert!(q[0].is_finite() && theta[0].is_finite());
        }
    });
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn loss_has_the_same_bits_for_any_number_of_threads() {
    let (n_frames, n_neurons) = (70, 777);
    let n = n_frames * n_neurons;
    let (a, h) = (random(n, 1), random(n, 2));
    let responses: Vec<f32> = random(n, 3).iter().map(|x| x.max(0.0)).collect();
    let (shape, log_gamma) = (vec![0.5; n_neurons], vec![0.572_365; n_neurons]);
    let law = ZeroInflatedGamma { shape: &shape, log_gamma: &log_gamma, rho: RHO };
    at_every_level(|| {
        let run = || {
            let (loss, q, theta) = found(Convention::Density, &law, [&a, &h], &responses);
            (loss.to_bits(), q, theta)
        };
        assert_eq!(with_threads(1, run), with_threads(3, run));
    });
}
