use super::*;

/// Standard error of the difference of two 5 % quantiles, in standard deviations of the statistic: each has
/// `sqrt(0.05 * 0.95 / n) / 0.1031`, with the normal density at its 5 % quantile.
fn error(n: f64, others: f64) -> f64 {
    (0.05f64 * 0.95).sqrt() / 0.1031 * (1.0 / n + 1.0 / others).sqrt()
}

#[test]
fn thresholds_in_space_are_those_of_the_table() {
    for (side, sd, expected) in [
        (10, 0.0665, 1.3050),
        (16, 0.0403, 1.3467),
        (20, 0.0320, 1.3614),
        (32, 0.0198, 1.3816),
        (40, 0.0158, 1.3881),
    ] {
        let found = Thresholds::of_noise([side, side], 3, 0.05, 1).spatial;
        let tolerance = 3.0 * sd * error(20_000.0, 20_000.0) + 5e-5;
        assert!((found - expected).abs() < tolerance, "{side}: {found}, expected {expected}");
    }
}

#[test]
fn thresholds_in_time_are_those_of_the_table() {
    for (n_frames, others, expected) in [
        (101, 20_000.0, 2.142),
        (256, 4000.0, 2.2630),
        (500, 4000.0, 2.3119),
        (600, 20_000.0, 2.324),
        (1000, 4000.0, 2.3527),
        (2000, 2000.0, 2.3779),
        (5000, 1000.0, 2.4082),
        (10_000, 1000.0, 2.4193),
    ] {
        let found = Thresholds::of_noise([2, 2], n_frames, 0.05, 1).temporal;
        let draws = (8e6 / n_frames as f64).clamp(1000.0, 20_000.0);
        let sd = 1.86 / (n_frames as f64).sqrt();
        let tolerance = 3.0 * sd * error(draws, others) + 5e-4;
        assert!((found - expected).abs() < tolerance, "{n_frames}: {found}, expected {expected}");
    }
}

#[test]
fn roughness_of_small_images_is_that_by_hand() {
    // Differences 1, 1, 2 to the right and below; absolute values 0, 1, 1, 3.
    assert_eq!(
        spatial_roughness(&[0.0, 1.0, -1.0, 3.0], 2),
        ((1.0 + 4.0 + 1.0 + 2.0) / 4.0) / 1.25
    );
    assert_eq!(spatial_roughness(&[1.0, 3.0], 1), 1.0);
    assert_eq!(spatial_roughness(&[5.0], 1), f64::INFINITY);
    assert_eq!(spatial_roughness(&[0.0; 4], 2), f64::INFINITY);
}

/// One pixel has no neighbour to be smoother than: nothing passes, and nothing is NaN.
#[test]
fn thresholds_of_a_single_pixel_let_nothing_pass() {
    assert_eq!(Thresholds::of_noise([1, 1], 50, 0.05, 1).spatial, 0.0);
}

#[test]
fn thresholds_follow_the_seed() {
    let of = |seed| Thresholds::of_noise([10, 10], 100, 0.05, seed);
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}
