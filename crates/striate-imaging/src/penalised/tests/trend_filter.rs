use proptest::prelude::*;

use super::super::banded::Pentadiagonal;
use super::super::*;
use super::{largest_difference, noise};

fn second(values: &[f64]) -> Vec<f64> {
    values.windows(3).map(|x| 2.0 * x[1] - x[0] - x[2]).collect()
}

fn objective(data: &[f64], x: &[f64], lambda: f64) -> f64 {
    let distance: f64 = x.iter().zip(data).map(|(x, y)| 0.5 * (x - y).powi(2)).sum();
    distance + lambda * second(x).iter().map(|d| d.abs()).sum::<f64>()
}

/// A slow wave with noise.
fn wave(n: usize, seed: u64) -> Vec<f64> {
    noise(n, seed).iter().enumerate().map(|(t, e)| (t as f64 / 15.0).sin() * 2.0 + e).collect()
}

/// `x = y - lambda D' z`, `|z| <= 1`, `z` the sign of `D x` where that is not 0.
fn assert_optimal(data: &[f64], trend: &Trend, lambda: f64) {
    assert!(trend.optimal);
    let mut expected = data.to_vec();
    for (i, z) in trend.dual.iter().enumerate() {
        assert!(z.abs() <= 1.0 + 1e-9, "{z}");
        expected[i] += lambda * z;
        expected[i + 1] -= 2.0 * lambda * z;
        expected[i + 2] += lambda * z;
    }
    assert!(largest_difference(&expected, &trend.values) < 1e-8);
    for (difference, z) in second(&trend.values).iter().zip(&trend.dual) {
        assert!(difference.abs() < 1e-7 || (z - difference.signum()).abs() < 1e-9);
    }
}

#[test]
fn anchor_of_the_specification() {
    let data = wave(300, 1);
    let trend = trend_filter(&data, 30.0, None);
    assert_optimal(&data, &trend, 30.0);
    // 23 there, for another signal of the same length and penalty.
    assert!(trend.steps < 60, "{}", trend.steps);
    let largest = trend.dual.iter().fold(0.0f64, |most, z| most.max(z.abs()));
    assert!((largest - 1.0).abs() < 1e-9);
    let again = trend_filter(&data, 30.0, Some(&trend.dual));
    assert!(again.steps == 1 && largest_difference(&again.values, &trend.values) < 1e-9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn solutions_meet_the_optimality_conditions(
        n in 3usize..400,
        seed in 0u64..1000,
        lambda in 0.01f64..100.0,
    ) {
        let data = wave(n, seed);
        assert_optimal(&data, &trend_filter(&data, lambda, None), lambda);
    }
}

/// `|D2 x|_1 = |D1 (D1 x)|_1`: alternating directions with an exact fused lasso (Ramdas &
/// Tibshirani, J. Comput. Graph. Stat. 25 (2016)).
#[test]
fn alternating_directions_agree() {
    let data = wave(200, 2);
    let (n, lambda, rho) = (data.len(), 5.0, 5.0);
    let rows = (0..n).map(|i| {
        let ends = if i == 0 || i + 1 == n { 1.0 } else { 2.0 };
        [1.0 + rho * ends, -rho, 0.0]
    });
    let system = Pentadiagonal::factor(rows.collect());
    let slopes = |x: &[f64]| -> Vec<f64> { x.windows(2).map(|x| x[1] - x[0]).collect() };
    let mut x = data.clone();
    let mut alpha = slopes(&x);
    let mut dual = vec![0.0; n - 1];
    for _ in 0..5000 {
        let mut right = data.clone();
        for i in 0..n - 1 {
            right[i] -= rho * (alpha[i] + dual[i]);
            right[i + 1] += rho * (alpha[i] + dual[i]);
        }
        x = system.solve(right);
        let slope = slopes(&x);
        let shifted: Vec<f64> = slope.iter().zip(&dual).map(|(s, u)| s - u).collect();
        alpha = total_variation(&shifted, lambda / rho);
        for i in 0..n - 1 {
            dual[i] += alpha[i] - slope[i];
        }
    }
    let exact = trend_filter(&data, lambda, None);
    assert!(largest_difference(&x, &exact.values) < 1e-6);
}

/// Projected gradient on the dual, slow: never below the optimum and near it.
#[test]
fn projected_gradient_agrees() {
    let data = wave(60, 3);
    let lambda = 2.0;
    let signal = |z: &[f64]| {
        let mut x = data.clone();
        for (i, z) in z.iter().enumerate() {
            x[i] += z;
            x[i + 1] -= 2.0 * z;
            x[i + 2] += z;
        }
        x
    };
    let mut z = vec![0.0; 58];
    for _ in 0..200_000 {
        let difference = second(&signal(&z));
        for (z, d) in z.iter_mut().zip(difference) {
            *z = (*z + d / 16.0).clamp(-lambda, lambda);
        }
    }
    let slow = signal(&z);
    let exact = trend_filter(&data, lambda, None);
    assert!(largest_difference(&slow, &exact.values) < 1e-6);
    let [ours, theirs] = [&exact.values, &slow].map(|x| objective(&data, x, lambda));
    assert!(ours <= theirs + 1e-9);
}

#[test]
fn long_signals() {
    for n in [3000, 20_000] {
        let data = wave(n, 6);
        let mut start: Option<Vec<f64>> = None;
        for lambda in [1.0, 30.0, 1000.0, 30_000.0] {
            let trend = trend_filter(&data, lambda, start.as_deref());
            assert_optimal(&data, &trend, lambda);
            start = Some(trend.dual);
        }
        let cold = trend_filter(&data, 1000.0, None);
        assert_optimal(&data, &cold, 1000.0);
        let found = constrained_trend_filter(&data, 0.9, None);
        assert!(found.reached, "{}", found.lambda);
    }
}

#[test]
fn limits_are_the_data_and_a_line() {
    let data = wave(500, 4);
    assert_eq!(trend_filter(&data, 0.0, None).values, data);
    let near = trend_filter(&data, 1e-8, None);
    assert!(largest_difference(&near.values, &data) < 1e-7);
    let largest = largest_trend_penalty(&data);
    let line = trend_filter(&data, 1.001 * largest, None);
    assert!(line.optimal && second(&line.values).iter().all(|d| d.abs() < 1e-8));
    let bent = trend_filter(&data, 0.99 * largest, None);
    assert!(second(&bent.values).iter().any(|d| d.abs() > 1e-7));
    // The line of least squares.
    let centre = 249.5;
    let moment: f64 = (0..500).map(|t| (t as f64 - centre).powi(2)).sum();
    let mean = crate::noise::mean(&data);
    let slope = (0..500).map(|t| (t as f64 - centre) * data[t]).sum::<f64>() / moment;
    for (t, x) in line.values.iter().enumerate() {
        assert!((x - mean - slope * (t as f64 - centre)).abs() < 1e-6);
    }
    assert_eq!(trend_filter(&[1.0, 2.0], 3.0, None).values, [1.0, 2.0]);
}

#[test]
fn constrained_trend_has_the_distance_and_starts_warm() {
    let data = wave(1000, 5);
    let cold = constrained_trend_filter(&data, 0.8, None);
    let distance = |found: &ConstrainedTrend| -> f64 {
        let parts = found.trend.values.iter().zip(&data).map(|(x, y)| (x - y).powi(2));
        parts.sum::<f64>() / 1000.0
    };
    assert!(cold.reached && (distance(&cold) / 0.8 - 1.0).abs() <= 0.02);
    let warm = constrained_trend_filter(&data, 0.8, Some(&cold));
    assert!(warm.reached && warm.trend.steps <= 2 && warm.lambda == cold.lambda);
    // A line is nearer than that.
    let line = constrained_trend_filter(&data, 100.0, None);
    assert!(!line.reached && second(&line.trend.values).iter().all(|d| d.abs() < 1e-7));
    assert_eq!(constrained_trend_filter(&data, 0.0, None).trend.values, data);
}
