use striate_base::Streams;

use super::*;
use crate::parametric::levenberg_marquardt::tests::assert_gradients;

const PLANTED: VonMises = VonMises {
    preferred_orientation_deg: 170.0,
    concentration: 2.5,
    amplitude: 6.0,
    baseline: 1.5,
};

fn orientations(n: usize) -> Vec<f64> {
    (0..n).map(|k| 180.0 * k as f64 / n as f64 - 90.0).collect()
}

fn means(angles: &[f64]) -> Vec<f64> {
    angles.iter().map(|&angle| PLANTED.value(angle)).collect()
}

fn values(curve: &VonMises) -> [f64; N] {
    [curve.preferred_orientation_deg, curve.concentration, curve.amplitude, curve.baseline]
}

#[test]
fn gradients_are_those_of_central_differences() {
    let angles: Vec<f64> = orientations(9).iter().map(|angle| angle.to_radians()).collect();
    let curve = Curve { angles: &angles, means: &[1.0; 9] };
    assert_gradients(&curve, [2.9, 0.9, 6.0, 1.5]);
}

#[test]
fn planted_curve_is_found_exactly() {
    for concentration in [0.3, 2.5, 12.0] {
        let planted = VonMises { concentration, ..PLANTED };
        let angles = orientations(12);
        let means: Vec<f64> = angles.iter().map(|&angle| planted.value(angle)).collect();
        let found = fit_von_mises(&angles, &means, None).unwrap();
        assert!(found.quality.converged && found.quality.explained_variance > 1.0 - 1e-12);
        for (found, planted) in values(&found.curve).iter().zip(values(&planted)) {
            // Broad curves trade amplitude for concentration; rounding is enlarged by some 1e4.
            assert!((found - planted).abs() < 1e-6, "{found} {planted}");
        }
    }
}

#[test]
fn half_width_is_where_half_the_height_is() {
    let low = PLANTED.value(PLANTED.preferred_orientation_deg + 90.0);
    let high = PLANTED.value(PLANTED.preferred_orientation_deg);
    let half = PLANTED.value(PLANTED.preferred_orientation_deg + PLANTED.half_width_deg());
    assert!((half - 0.5 * (low + high)).abs() < 1e-12, "{half} {low} {high}");
}

#[test]
fn standard_errors_are_those_of_many_draws() {
    let angles = orientations(16);
    let truth = means(&angles);
    let errors: Vec<f64> = (0..16).map(|k| 0.1 + 0.02 * f64::from(k)).collect();
    let mut random = Streams::new(8).stream("responses");
    let n = 400;
    // With errors of the means, and with equal noise and errors from residuals.
    let mut squares = [[0.0; N]; 2];
    for _ in 0..n {
        let mut drawn = |error: &dyn Fn(usize) -> f64| -> Vec<f64> {
            truth.iter().enumerate().map(|(k, mean)| mean + error(k) * random.normal()).collect()
        };
        let (known, equal) = (drawn(&|k| errors[k]), drawn(&|_| 0.2));
        let fits = [
            fit_von_mises(&angles, &known, Some(&errors)).unwrap(),
            fit_von_mises(&angles, &equal, None).unwrap(),
        ];
        for (squares, fit) in squares.iter_mut().zip(fits) {
            let errors = values(&fit.standard_errors.unwrap());
            for k in 0..N {
                let off = values(&fit.curve)[k] - values(&PLANTED)[k];
                squares[k] += (off / errors[k]).powi(2) / f64::from(n);
            }
        }
    }
    let spreads = squares.map(|row| row.map(f64::sqrt));
    // 400 draws leave 0.035; errors from 12 degrees of freedom have heavy tails (1.1).
    assert!(spreads[0].iter().all(|spread| (0.85..1.15).contains(spread)), "{spreads:?}");
    assert!(spreads[1].iter().all(|spread| (0.92..1.28).contains(spread)), "{spreads:?}");
}

#[test]
fn untuned_and_hostile_responses_have_a_clear_outcome() {
    let angles = orientations(8);
    let flat = fit_von_mises(&angles, &[2.0; 8], Some(&[0.1; 8])).unwrap();
    assert!(!flat.quality.converged && flat.standard_errors.is_none());
    assert_eq!(flat.quality.explained_variance, 0.0);
    let zero = fit_von_mises(&angles, &[0.0; 8], None).unwrap();
    assert!(!zero.quality.converged && values(&zero.curve).iter().all(|value| value.is_finite()));
    let said =
        |angles: &[f64], means: &[f64]| fit_von_mises(angles, means, None).unwrap_err().to_string();
    // Eight directions of drift are four orientations.
    let eight: Vec<f64> = (0..8).map(|k| 45.0 * f64::from(k)).collect();
    assert!(said(&eight, &[1.0; 8]).contains("found 4, expected at least 5"));
    assert!(said(&angles, &[1.0; 3]).contains("found 3"));
    assert!(said(&angles, &[f64::NAN; 8]).contains("found NaN"));
    assert!(said(&[f64::INFINITY; 8], &[1.0; 8]).contains("orientation: found inf"));
    assert!(said(&[], &[]).contains("found 0"));
}
