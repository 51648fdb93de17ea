use striate_base::Streams;

use super::*;
use crate::parametric::levenberg_marquardt::tests::assert_gradients;
use crate::parametric::surface::Problem;

const PLANTED: DifferenceOfGaussians = DifferenceOfGaussians {
    centre_px: [30.3, 17.6],
    sigma_centre_px: 2.1,
    sigma_surround_px: 5.2,
    amplitude_centre: 3.0,
    amplitude_surround: 0.9,
    offset: -0.4,
};

fn noisy(planted: &DifferenceOfGaussians, noise: f64, draw: usize) -> Array2<f32> {
    let mut random = Streams::new(12).stream(&format!("picture {draw}"));
    planted.picture(36, 64).mapv_into(|value| value + (noise * random.normal()) as f32)
}

fn fit(picture: &Array2<f32>) -> DifferenceOfGaussiansFit {
    fit_difference_of_gaussians(picture.view(), &PictureFitConfig::default()).unwrap()
}

fn values(of: &DifferenceOfGaussians) -> [f64; N] {
    let [x, y] = of.centre_px;
    let (centre, surround) = (of.amplitude_centre, of.amplitude_surround);
    [x, y, of.sigma_centre_px, of.sigma_surround_px, centre, surround, of.offset]
}

#[test]
fn value_is_the_difference() {
    let value = PLANTED.value(32.3, 17.6);
    let expected = 3.0 * (-2.0f64 / 4.41).exp() - 0.9 * (-2.0f64 / 27.04).exp() - 0.4;
    assert!((value - expected).abs() < 1e-12);
    assert!(
        (f64::from(PLANTED.picture(36, 64)[[17, 30]]) - PLANTED.value(30.0, 17.0)).abs() < 1e-6
    );
}

#[test]
fn gradients_are_those_of_central_differences() {
    let picture = Picture::new(noisy(&PLANTED, 0.1, 0).view()).unwrap();
    let problem = Problem::<Concentric> { picture: &picture, surface: std::marker::PhantomData };
    assert_gradients(&problem, PLANTED.parameters());
}

#[test]
fn noiseless_fields_are_found_exactly_on_and_off() {
    let mut random = Streams::new(3).stream("fields");
    for draw in 0..40 {
        let sign = if draw % 2 == 0 { 1.0 } else { -1.0 };
        let sigma_centre_px = random.uniform_in(1.0, 4.0);
        let planted = DifferenceOfGaussians {
            centre_px: [random.uniform_in(8.0, 56.0), random.uniform_in(8.0, 28.0)],
            sigma_centre_px,
            sigma_surround_px: sigma_centre_px * random.uniform_in(1.5, 3.0),
            amplitude_centre: sign,
            amplitude_surround: sign * random.uniform_in(0.15, 0.7),
            offset: random.normal(),
        };
        let found = fit(&planted.picture(36, 64));
        assert!(found.quality.converged, "{draw}: {planted:?} {found:?}");
        let polarity = if draw % 2 == 0 { Polarity::On } else { Polarity::Off };
        assert_eq!(found.polarity, polarity);
        for (found, planted) in values(&found.parameters).iter().zip(values(&planted)) {
            // Pixels and amplitudes, from values rounded to f32.
            assert!((found - planted).abs() < 1e-2, "{draw}: {found} {planted}");
        }
    }
}

#[test]
fn standard_errors_are_those_of_many_draws() {
    let n = 100;
    let mut squares = [0.0; N];
    for draw in 0..n {
        let found = fit(&noisy(&PLANTED, 0.2, draw));
        assert!(found.quality.converged && found.polarity == Polarity::On);
        let errors = values(&found.standard_errors.unwrap());
        let off = values(&found.parameters).into_iter().zip(values(&PLANTED)).map(|(a, b)| a - b);
        for ((square, off), error) in squares.iter_mut().zip(off).zip(errors) {
            *square += (off / error).powi(2) / f64::from(n as u32);
        }
    }
    let spreads = squares.map(f64::sqrt);
    // 100 draws leave 0.07 of a spread of 1; four of those for the worst of seven.
    assert!(spreads.iter().all(|spread| (0.72..1.28).contains(spread)), "{spreads:?}");
}

#[test]
fn field_without_surround_still_has_its_centre() {
    let plain =
        DifferenceOfGaussians { amplitude_surround: 0.0, amplitude_centre: -3.0, ..PLANTED };
    for draw in 0..10 {
        let found = fit(&noisy(&plain, 0.2, draw));
        assert_eq!(found.polarity, Polarity::Off);
        assert!(found.quality.explained_variance > 0.5);
        let [dx, dy] = [0, 1].map(|k| found.parameters.centre_px[k] - plain.centre_px[k]);
        // Some four standard errors.
        assert!(dx.hypot(dy) < 0.4, "{found:?}");
    }
}

#[test]
fn pictures_without_a_field_have_a_clear_outcome() {
    let config = PictureFitConfig::default();
    let said = |picture: &Array2<f32>| {
        fit_difference_of_gaussians(picture.view(), &config).unwrap_err().to_string()
    };
    assert!(said(&Array2::zeros((36, 64))).contains("found 0 around 0, expected more"));
    assert!(said(&Array2::zeros((1, 1))).contains("found 1 x 1, expected at least 5 x 5"));
    assert!(said(&Array2::from_elem((6, 6), f32::INFINITY)).contains("row 0, column 0: found inf"));
    let mut random = Streams::new(5).stream("noise");
    let noise = Array2::from_shape_fn((5, 5), |_| random.normal() as f32);
    let found = fit(&noise);
    assert!(values(&found.parameters).iter().all(|value| value.is_finite()), "{found:?}");
    assert!((0.0..=1.0).contains(&found.quality.explained_variance), "{found:?}");
}

#[test]
fn sizes_at_an_end_of_their_range_are_told() {
    // One bright pixel: no centre is small enough.
    let mut pixel = Array2::zeros((15, 15));
    pixel[[7, 7]] = 1.0;
    let found = fit(&pixel);
    assert!(found.is_at_bound && found.standard_errors.is_none(), "{found:?}");
    let found = fit(&noisy(&PLANTED, 0.2, 0));
    assert!(!found.is_at_bound && found.standard_errors.is_some(), "{found:?}");
}
