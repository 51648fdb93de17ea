use striate_base::Streams;

use super::*;

fn directions(n: usize) -> Vec<f64> {
    (0..n).map(|k| 360.0 * k as f64 / n as f64).collect()
}

#[test]
fn curves_of_cosines_have_closed_forms() {
    // r = 4 + 2 cos 2(d - 30) + cos(d - 210): sums over even directions pick out half of each.
    let angles = directions(16);
    let response = |d: &f64| {
        4.0 + 2.0 * (2.0 * (d - 30.0)).to_radians().cos() + (d - 210.0).to_radians().cos()
    };
    let means: Vec<f64> = angles.iter().map(response).collect();
    let tuning = OrientationTuning::new(&angles, &means, None).unwrap();
    assert!((tuning.orientation_selectivity.value - 0.25).abs() < 1e-12);
    assert!((tuning.direction_selectivity.value - 0.125).abs() < 1e-12);
    // Directions 30 and 210 are drift across stripes of orientation 120.
    assert!((tuning.preferred_orientation_deg.value - 120.0).abs() < 1e-9);
    assert!((tuning.preferred_direction_deg.value - 210.0).abs() < 1e-9);
    assert_eq!(tuning.orientation_selectivity.standard_error, None);
}

#[test]
fn one_direction_alone_is_fully_selective_and_all_alike_not_at_all() {
    let angles = directions(8);
    let mut means = vec![0.0; 8];
    means[3] = 5.0;
    let tuning = OrientationTuning::new(&angles, &means, Some(&[0.0; 8])).unwrap();
    for index in
        [tuning.orientation_selectivity, tuning.direction_selectivity, tuning.direction_index]
    {
        assert!((index.value - 1.0).abs() < 1e-12);
        assert_eq!(index.standard_error, Some(0.0));
    }
    assert!((tuning.preferred_direction_deg.value - 135.0).abs() < 1e-9);
    assert!((tuning.preferred_orientation_deg.value - 45.0).abs() < 1e-9);
    let flat = OrientationTuning::new(&angles, &[2.0; 8], Some(&[0.1; 8])).unwrap();
    assert!(flat.orientation_selectivity.value < 1e-12 && flat.direction_index.value == 0.0);
}

#[test]
fn standard_errors_are_those_of_many_draws() {
    let angles = directions(12);
    let response = |d: &f64| 5.0 + 3.0 * (2.0 * (d - 50.0)).to_radians().cos() + 0.1 * (d / 30.0);
    let means: Vec<f64> = angles.iter().map(response).collect();
    let errors: Vec<f64> = (0..12).map(|k| 0.05 + 0.02 * f64::from(k)).collect();
    let picked = |tuning: &OrientationTuning| {
        [
            tuning.orientation_selectivity,
            tuning.preferred_orientation_deg,
            tuning.direction_selectivity,
            tuning.preferred_direction_deg,
            tuning.direction_index,
        ]
    };
    let truth = picked(&OrientationTuning::new(&angles, &means, Some(&errors)).unwrap());
    let mut random = Streams::new(6).stream("responses");
    let n = 2000;
    let mut squares = [0.0; 5];
    for _ in 0..n {
        let drawn: Vec<f64> =
            means.iter().zip(&errors).map(|(mean, error)| mean + error * random.normal()).collect();
        let found = picked(&OrientationTuning::new(&angles, &drawn, None).unwrap());
        for ((square, found), truth) in squares.iter_mut().zip(found).zip(truth) {
            *square += (found.value - truth.value).powi(2) / f64::from(n);
        }
    }
    for (k, (square, truth)) in squares.iter().zip(truth).enumerate().take(4) {
        let ratio = square.sqrt() / truth.standard_error.unwrap();
        // 2000 draws leave 0.016; curvature adds some hundredths.
        assert!((ratio - 1.0).abs() < 0.1, "{k}: {ratio}");
    }
    // The largest response may be another one by chance; its error is at most a little larger.
    let ratio = squares[4].sqrt() / truth[4].standard_error.unwrap();
    assert!((0.8..1.3).contains(&ratio), "{ratio}");
}

#[test]
fn hostile_curves_are_refused() {
    let angles = directions(8);
    let said = |angles: &[f64], means: &[f64], errors: Option<&[f64]>| {
        OrientationTuning::new(angles, means, errors).unwrap_err().to_string()
    };
    assert!(said(&angles, &[1.0; 7], None).contains("found 7 and 8"));
    assert!(said(&angles, &[1.0; 8], Some(&[1.0; 3])).contains("found 8 and 3 standard errors"));
    assert!(said(&angles, &[0.0; 8], None).contains("sum of mean responses: found 0"));
    assert!(said(&angles, &[-1.0; 8], None).contains("found -1, expected 0 or more"));
    assert!(said(&angles, &[f64::NAN; 8], None).contains("found NaN"));
    assert!(said(&angles, &[1.0; 8], Some(&[-1.0; 8])).contains("standard error: found -1"));
    assert!(said(&[0.0, 45.0, 90.0, 135.0], &[1.0; 4], None).contains("evenly spread"));
    assert!(said(&[f64::NAN; 4], &[1.0; 4], None).contains("evenly spread"));
    assert!(said(&[], &[], None).contains("found 0"));
    assert!(said(&directions(5), &[1.0; 5], None).contains("pairs of opposites"));
}
