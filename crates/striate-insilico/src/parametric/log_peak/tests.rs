use striate_base::Streams;

use super::*;

#[test]
fn peak_of_an_uneven_parabola_is_exact() {
    let stimuli = [0.02, 0.03, 0.07, 0.1, 0.3];
    let response = |s: &f64| 5.0 - 2.0 * (s / 0.06).ln().powi(2);
    let means: Vec<f64> = stimuli.iter().map(response).collect();
    let peak = peak_on_log_axis(&stimuli, &means, None).unwrap();
    assert!(peak.inside);
    assert!((peak.at.value - 0.06).abs() < 1e-12 && (peak.height.value - 5.0).abs() < 1e-12);
    assert_eq!((peak.at.standard_error, peak.height.standard_error), (None, None));
}

#[test]
fn peak_at_the_edge_is_called_so() {
    let peak = peak_on_log_axis(&[1.0, 2.0, 4.0], &[3.0, 2.0, 1.0], Some(&[0.5; 3])).unwrap();
    assert!(!peak.inside);
    assert_eq!(peak.at, Estimate { value: 1.0, standard_error: None });
    assert_eq!(peak.height, Estimate { value: 3.0, standard_error: Some(0.5) });
}

#[test]
fn flat_curve_has_no_error_of_its_peak() {
    let peak = peak_on_log_axis(&[1.0, 2.0, 4.0], &[3.0; 3], Some(&[0.5; 3])).unwrap();
    assert_eq!(peak.at.standard_error, None);
    assert_eq!(peak.height.value, 3.0);
}

#[test]
fn standard_errors_are_those_of_many_draws() {
    let stimuli = [1.0, 2.0, 3.5, 8.0];
    let means = [1.0, 4.0, 5.0, 1.5];
    let errors = [0.1, 0.05, 0.08, 0.12];
    let truth = peak_on_log_axis(&stimuli, &means, Some(&errors)).unwrap();
    let mut random = Streams::new(9).stream("responses");
    let n = 4000;
    let mut squares = [0.0; 2];
    for _ in 0..n {
        let drawn: Vec<f64> =
            means.iter().zip(errors).map(|(mean, error)| mean + error * random.normal()).collect();
        let found = peak_on_log_axis(&stimuli, &drawn, None).unwrap();
        squares[0] += (found.at.value - truth.at.value).powi(2) / f64::from(n);
        squares[1] += (found.height.value - truth.height.value).powi(2) / f64::from(n);
    }
    for (square, estimate) in squares.iter().zip([truth.at, truth.height]) {
        let ratio = square.sqrt() / estimate.standard_error.unwrap();
        // 4000 draws leave 0.011, and the second order little.
        assert!((ratio - 1.0).abs() < 0.06, "{ratio}");
    }
}

#[test]
fn hostile_curves_are_refused() {
    let said = |stimuli: &[f64], means: &[f64]| {
        peak_on_log_axis(stimuli, means, None).unwrap_err().to_string()
    };
    assert!(said(&[1.0, 2.0], &[1.0; 2]).contains("three or more"));
    assert!(said(&[], &[]).contains("three or more"));
    assert!(said(&[0.0, 1.0, 2.0], &[1.0; 3]).contains("positive"));
    assert!(said(&[1.0, 1.0, 2.0], &[1.0; 3]).contains("ascending"));
    assert!(said(&[1.0, f64::NAN, 2.0], &[1.0; 3]).contains("ascending"));
    assert!(said(&[1.0, 2.0, 3.0], &[1.0; 2]).contains("found 2"));
    assert!(said(&[1.0, 2.0, 3.0], &[1.0, f64::INFINITY, 1.0]).contains("found inf"));
}
