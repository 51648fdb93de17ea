use ndarray::Array2;
use serde::Deserialize;
use striate_base::Streams;

use super::autoregression::{filter, peak};
use super::*;

const FIRST: [f64; 2] = [0.95, 0.0];
const SECOND: [f64; 2] = [1.5, -0.54];

/// Spikes of size 1 with probability 0.02, and the trace: calcium, noise and a constant.
fn simulated(coefficients: [f64; 2], n_frames: usize, noise: f64, offset: f64) -> [Vec<f64>; 2] {
    let mut stream = Streams::new(7).stream("trace");
    let mut spikes: Vec<f64> =
        (0..n_frames).map(|_| f64::from(u8::from(stream.uniform() < 0.02))).collect();
    spikes[0] = 0.0;
    let calcium = filter(coefficients, &spikes);
    let trace = calcium.iter().map(|c| c + offset + noise * stream.normal()).collect();
    [spikes, trace]
}

fn assert_optimal(optimality: Optimality, gap: f64) {
    assert!(optimality.least_spike >= 0.0, "{optimality:?}");
    assert!(optimality.dynamics < 1e-9, "{optimality:?}");
    assert!(optimality.excess < gap, "{optimality:?}");
    assert!(optimality.gap.abs() < gap, "{optimality:?}");
}

#[test]
fn solutions_have_no_duality_gap() {
    for coefficients in [FIRST, SECOND] {
        let [_, mut trace] = simulated(coefficients, 2000, 0.3, 0.0);
        let solver = Solver { coefficients, baseline: Some(0.0) };
        for gaps in [false, true] {
            if gaps {
                trace[..20].fill(f64::NAN);
                trace[500..560].fill(f64::NAN);
                trace[1990..].fill(f64::INFINITY);
            }
            for lambda in [0.0, 0.3, 2.4, 1e4] {
                let fit = solver.penalised(&trace, lambda);
                assert_optimal(solver.optimality(&trace, &fit), 1e-7);
            }
        }
    }
}

/// The check itself must see what is not optimal.
#[test]
fn certificate_sees_a_wrong_solution() {
    let [spikes, trace] = simulated(FIRST, 500, 0.3, 0.0);
    let solver = Solver { coefficients: FIRST, baseline: Some(0.0) };
    let mut fit = solver.penalised(&trace, 1.0);
    fit.solution = Solution { calcium: filter(FIRST, &spikes), spikes };
    let optimality = solver.optimality(&trace, &fit);
    assert!(optimality.gap.abs().max(optimality.excess) > 0.01, "{optimality:?}");
}

#[test]
fn both_algorithms_agree_on_the_first_order() {
    let [_, mut trace] = simulated(FIRST, 1500, 0.3, 0.7);
    trace[700..730].fill(f64::NAN);
    let problem = Problem::new(&trace, 0.0);
    for (baseline, lambda) in [(Some(0.5), 1.0), (None, 0.4), (None, 3.0)] {
        let swept = Solver { coefficients: FIRST, baseline }.penalised(&trace, lambda);
        let (interior, level) = ar2::solve(&problem, FIRST, baseline, lambda);
        assert!((swept.baseline - level).abs() < 1e-6, "{} {level}", swept.baseline);
        for (a, b) in swept.solution.calcium.iter().zip(&interior.calcium) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
}

#[test]
fn free_baseline_is_stationary() {
    for coefficients in [FIRST, SECOND] {
        let [_, trace] = simulated(coefficients, 2000, 0.3, 0.7);
        let fit = Solver { coefficients, baseline: None }.penalised(&trace, 1.0);
        let residuals: Vec<f64> =
            trace.iter().zip(&fit.solution.calcium).map(|(y, c)| y - fit.baseline - c).collect();
        assert!(crate::noise::mean(&residuals).abs() < 1e-9);
    }
}

#[test]
fn constrained_residual_is_the_noise() {
    for coefficients in [FIRST, SECOND] {
        let [_, trace] = simulated(coefficients, 2000, 0.3, 0.7);
        for baseline in [Some(0.7), None] {
            let solver = Solver { coefficients, baseline };
            let fit = solver.constrained(&trace, 0.09);
            assert!((fit.residual / 180.0 - 1.0).abs() < 1e-6, "{}", fit.residual);
            assert!(fit.lambda > 0.0);
            assert_optimal(solver.optimality(&trace, &fit), 1e-7);
            // More noise allowed than there is variance: no spike. Less than can be reached: no
            // penalty; a free baseline far below the trace reaches everything.
            assert_eq!(solver.constrained(&trace, 1e3).solution.spikes.iter().sum::<f64>(), 0.0);
            if baseline.is_some() {
                assert_eq!(solver.constrained(&trace, 1e-3).lambda, 0.0);
            }
        }
    }
}

/// The test that the reference package has: 0.95, 0.3, 2.4; correlations within 3 % and 20 % of 1.
#[test]
fn truth_is_found() {
    let [spikes, trace] = simulated(FIRST, 3000, 0.3, 0.0);
    let fit = Solver { coefficients: FIRST, baseline: Some(0.0) }.penalised(&trace, 2.4);
    assert!(correlation(&filter(FIRST, &spikes), &fit.solution.calcium) > 0.97);
    assert!(correlation(&spikes, &fit.solution.spikes) > 0.8);
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let centred = |values: &[f64]| -> Vec<f64> {
        let mean = crate::noise::mean(values);
        values.iter().map(|value| value - mean).collect()
    };
    let [a, b] = [centred(a), centred(b)];
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

#[test]
fn spikes_are_none_or_at_least_the_threshold() {
    let [spikes, trace] = simulated(FIRST, 3000, 0.1, 0.0);
    let fit = Solver { coefficients: FIRST, baseline: Some(0.0) }.thresholded(&trace, 0.5);
    // The first is no spike but what is there at the start.
    let after = fit.solution.spikes.iter().skip(1).copied();
    let found: Vec<f64> = after.filter(|&spike| spike > 1e-9).collect();
    assert!(found.iter().all(|&spike| spike > 0.5 - 1e-12), "{found:?}");
    let n_true = spikes.iter().filter(|&&spike| spike > 0.0).count();
    assert!(found.len().abs_diff(n_true) <= n_true / 20, "{} {n_true}", found.len());
}

#[derive(Deserialize)]
struct Golden {
    kind: String,
    coefficients: [f64; 2],
    trace: Vec<f64>,
    calcium: Vec<f64>,
    spikes: Vec<f64>,
    #[serde(default)]
    lambda_: f64,
    #[serde(default)]
    minimum_spike: f64,
    #[serde(default)]
    variance: f64,
}

/// `benches/peers/oasis_golden.py` wrote the file with oasis-deconv.
#[test]
fn solutions_are_those_of_the_reference_package() {
    let cases: Vec<Golden> =
        serde_json::from_str(include_str!("../../tests/data/oasis.json")).unwrap();
    for golden in cases {
        let solver = Solver { coefficients: golden.coefficients, baseline: Some(0.0) };
        let fit = match golden.kind.as_str() {
            "thresholded" => solver.thresholded(&golden.trace, golden.minimum_spike),
            _ => solver.penalised(&golden.trace, golden.lambda_),
        };
        for (ours, theirs) in [
            (&fit.solution.calcium[..], &golden.calcium[..]),
            // The package calls what is there at the start no spike.
            (&fit.solution.spikes[1..], &golden.spikes[1..]),
        ] {
            let largest = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(largest < 1e-6, "{} {:?}: {largest}", golden.kind, golden.coefficients);
        }
        if golden.kind == "constrained" {
            // The package ends its search within about 1e-3 of the constraint.
            let ours = solver.constrained(&golden.trace, golden.variance);
            assert!((ours.lambda / golden.lambda_ - 1.0).abs() < 5e-3, "{}", ours.lambda);
        }
    }
}

#[test]
fn coefficients_come_back_from_long_traces() {
    for (coefficients, order) in [(FIRST, 1), (SECOND, 2)] {
        let [_, trace] = simulated(coefficients, 100_000, 0.3, 1.0);
        let found = estimated_coefficients(&trace, order, 10, 0.3, 1.0).unwrap();
        for (a, b) in found.iter().zip(coefficients) {
            // 2000 spikes: the slower root is known to about 1 %.
            assert!((a - b).abs() < 0.05, "{found:?}");
        }
    }
    assert_eq!(estimated_coefficients(&[1.0; 50], 1, 10, 0.0, 1.0), None);
    // Gaps leave pairs out and shift nothing.
    let [_, mut trace] = simulated(FIRST, 100_000, 0.3, 1.0);
    let whole = estimated_coefficients(&trace, 1, 10, 0.3, 1.0).unwrap();
    trace.iter_mut().skip(100).step_by(7).for_each(|value| *value = f64::NAN);
    let broken = estimated_coefficients(&trace, 1, 10, 0.3, 1.0).unwrap();
    assert!((whole[0] - broken[0]).abs() < 0.005, "{whole:?} {broken:?}");
    assert!(estimated_coefficients(&trace[..5], 1, 10, 0.0, 1.0).is_some());
}

#[test]
fn peaks_of_responses() {
    assert_eq!(peak(FIRST), 1.0);
    let mut impulse = vec![0.0; 400];
    impulse[0] = 1.0;
    let response = filter(SECOND, &impulse);
    assert_eq!(peak(SECOND), response.iter().copied().fold(0.0, f64::max));
    let energy: f64 = response.iter().map(|c| c * c).sum();
    assert!((autoregression::energy(SECOND) / energy - 1.0).abs() < 1e-9);
}

#[test]
fn gaps_shift_nothing() {
    let [_, trace] = simulated(FIRST, 2000, 0.2, 0.3);
    let mut trace: Vec<f32> = trace.into_iter().map(|y| y as f32).collect();
    trace[900..950].fill(f32::NAN);
    for config in [
        DeconvolutionConfig::default(),
        DeconvolutionConfig { order: 2, ..Default::default() },
        DeconvolutionConfig { sparsity: Sparsity::MinimumSpike(2.0), ..Default::default() },
    ] {
        let cell = deconvolve(&trace, 20.0, &config.check().unwrap()).unwrap();
        assert!(cell.calcium.iter().chain(&cell.spikes).all(|value| value.is_finite()));
        // Between the observations there is nothing to see.
        assert!(cell.spikes[901..950].iter().all(|&spike| spike < 1e-4));
        assert!((cell.noise - 0.2).abs() < 0.02);
    }
}

#[test]
fn cells_do_not_depend_on_each_other_or_on_threads() {
    let traces = Array2::from_shape_fn((5, 600), |(cell, t)| {
        ((t * (cell + 3)) as f32 * 0.37).sin() + if t % 97 < 20 { 2.0 } else { 0.0 }
    });
    let config = DeconvolutionConfig::default().check().unwrap();
    let together = deconvolve_all(&traces, 10.0, &config).unwrap();
    for (row, cell) in traces.rows().into_iter().zip(&together) {
        assert_eq!(&deconvolve(&row.to_vec(), 10.0, &config).unwrap(), cell);
    }
    let empty = Array2::from_elem((2, 600), f32::NAN);
    let error = deconvolve_all(&empty, 10.0, &config).unwrap_err();
    assert_eq!(error.to_string(), "trace of cell 0: found 0 finite frames, expected at least 16");
    assert!(deconvolve(&[0.0; 100], f64::NAN, &config).is_err());
    for decay in [None, Some(0.5)] {
        for rise_s in [None, decay.map(|_| 0.1)] {
            let config = DeconvolutionConfig { decay_s: decay, rise_s, ..Default::default() };
            let silent = deconvolve(&[1.5; 100], 10.0, &config.check().unwrap()).unwrap();
            assert!(silent.spikes.iter().all(|&spike| spike == 0.0));
            assert!(silent.baseline.iter().all(|&level| (level - 1.5).abs() < 1e-6));
            // A constant above a known baseline is calcium that stays, once it has risen.
            let baseline = Baseline::Fixed(1.0);
            let config = DeconvolutionConfig { baseline, ..config }.check().unwrap();
            let steady = deconvolve(&[1.5; 100], 10.0, &config).unwrap();
            assert!(steady.calcium[30..].iter().all(|&c| (c - 0.5).abs() < 1e-4), "{rise_s:?}");
        }
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let base = DeconvolutionConfig::default();
    for wrong in [
        DeconvolutionConfig { order: 0, ..base },
        DeconvolutionConfig { lags_s: 0.0, ..base },
        DeconvolutionConfig { root_factor: 0.0, ..base },
        DeconvolutionConfig { noise_factor: f64::NAN, ..base },
        DeconvolutionConfig { decay_s: Some(-1.0), ..base },
        DeconvolutionConfig { rise_s: Some(0.1), ..base },
        DeconvolutionConfig { decay_bounds_s: [1.0, 0.5], ..base },
        DeconvolutionConfig { sparsity: Sparsity::Penalty(-1.0), ..base },
        DeconvolutionConfig { baseline: Baseline::Percentile(101.0), ..base },
        DeconvolutionConfig {
            baseline: Baseline::Running { percentile: 10.0, window_s: 0.0 },
            ..base
        },
    ] {
        assert!(wrong.check().is_err(), "{wrong:?}");
    }
    assert!(toml::from_str::<DeconvolutionConfig>("ordr = 1").is_err());
}
