use ndarray::{Array2, array};
use striate_base::Streams;

use super::*;

fn noise(seed: u64, n_latents: usize, n_neurons: usize) -> Array2<f64> {
    let mut random = Streams::new(seed).stream("loadings");
    Array2::from_shape_simple_fn((n_latents, n_neurons), || random.normal())
}

#[test]
fn agrees_with_scipy() {
    // scipy.linalg.subspace_angles(a.T, b.T) in degrees.
    let wave = |n, of: fn(f64, f64) -> f64| {
        Array2::from_shape_fn((n, 6), |(k, i)| of(i as f64, k as f64 + 1.0))
    };
    let a = wave(3, |i, k| (1.0 + i * k).sin());
    let b = wave(2, |i, k| (0.5 * i * k).cos());
    let angles = principal_angles_deg(a.view(), b.view()).unwrap();
    assert_eq!(angles.len(), 2);
    for (found, expected) in angles.iter().zip([9.575_049_267_992_373, 70.869_297_222_899_74]) {
        // scipy's own two ways differ in the twelfth digit.
        assert!((found - expected).abs() < 1e-9, "{angles:?}");
    }
}

#[test]
fn same_space_in_another_basis_is_at_no_angle() {
    let loadings = noise(1, 4, 50);
    let turned = noise(2, 4, 4).dot(&loadings);
    let angle = largest_angle_deg(loadings.view(), turned.view()).unwrap();
    // The turn's condition number costs digits; a cosine alone would give no better than 1e-6.
    assert!(angle < 1e-10, "{angle}");
}

#[test]
fn small_and_right_angles_are_exact() {
    for angle in [1e-9f64, 1e-4, 44.9, 45.1, 89.999_999, 90.0] {
        let (sine, cosine) = angle.to_radians().sin_cos();
        let (a, b) = (array![[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], array![[cosine, sine, 0.0]]);
        let found = principal_angles_deg(a.view(), b.view()).unwrap();
        assert!((found[0] - angle).abs() < 1e-12 * angle.max(100.0), "{found:?} {angle}");
    }
}

#[test]
fn surplus_latents_do_no_harm_and_missing_ones_are_found_out() {
    let truth = noise(3, 3, 40);
    let mut more = Array2::zeros((6, 40));
    more.slice_mut(ndarray::s![..3, ..]).assign(&truth);
    more.row_mut(4).assign(&noise(4, 1, 40).row(0));
    assert!(largest_angle_deg(truth.view(), more.view()).unwrap() < 1e-10);
    let fewer = truth.slice(ndarray::s![..2, ..]);
    assert!(largest_angle_deg(fewer, truth.view()).unwrap() < 1e-10);
    assert_eq!(largest_angle_deg(truth.view(), fewer).unwrap(), 90.0);
    // A repeated row is no second direction.
    let repeated = array![[1.0, 2.0], [2.0, 4.0]];
    assert_eq!(principal_angles_deg(repeated.view(), repeated.view()).unwrap().len(), 1);
}

#[test]
fn random_subspaces_of_many_neurons_are_far_apart() {
    let angle = largest_angle_deg(noise(5, 3, 200).view(), noise(6, 3, 200).view()).unwrap();
    assert!(angle > 75.0, "{angle}");
}

#[test]
fn what_spans_nothing_is_refused() {
    let (line, nothing) = (array![[1.0, 2.0]], Array2::<f64>::zeros((2, 2)));
    let refused = largest_angle_deg(line.view(), nothing.view()).unwrap_err().to_string();
    let expected = "the second array: found nothing but zeros, expected at least one direction";
    assert_eq!(refused, expected);
    let infinite = array![[1.0, f64::INFINITY]];
    let refused = principal_angles_deg(infinite.view(), line.view()).unwrap_err().to_string();
    assert!(refused.contains("has inf in row 0, column 1"), "{refused}");
    let short = array![[1.0]];
    let refused = principal_angles_deg(line.view(), short.view()).unwrap_err().to_string();
    assert_eq!(refused, "neurons of the second array: found 1, expected 2");
}
