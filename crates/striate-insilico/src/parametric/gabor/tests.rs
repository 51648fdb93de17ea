use ndarray::Array2;
use striate_base::Streams;
use striate_stimuli::Gabor;

use super::*;
use crate::parametric::levenberg_marquardt::tests::assert_gradients;
use crate::parametric::surface::Problem;

const PLANTED: EllipticalGabor = EllipticalGabor {
    centre_px: [30.3, 17.6],
    sigma_along_px: 4.1,
    sigma_across_px: 2.9,
    wavelength_px: 8.4,
    orientation_deg: 152.0,
    phase_deg: 65.0,
    amplitude: 2.0,
    offset: 0.3,
};

fn noisy(
    gabor: &EllipticalGabor,
    (height, width): (usize, usize),
    noise: f64,
    draw: usize,
) -> Array2<f32> {
    let mut random = Streams::new(11).stream(&format!("picture {draw}"));
    gabor.picture(height, width).mapv_into(|value| value + (noise * random.normal()) as f32)
}

fn fit(picture: &Array2<f32>) -> GaborFit {
    fit_gabor(picture.view(), &PictureFitConfig::default()).unwrap()
}

/// Differences of all parameters, angles the short way round.
fn differences(found: &EllipticalGabor, planted: &EllipticalGabor) -> [f64; N] {
    let round = |angle: f64, turn: f64| angle - turn * (angle / turn).round();
    let mut turned = *planted;
    // Orientations 0 and 180 are one, with phases of opposite sign.
    if (found.orientation_deg - planted.orientation_deg).abs() > 90.0 {
        turned.phase_deg = -turned.phase_deg;
    }
    [
        found.centre_px[0] - planted.centre_px[0],
        found.centre_px[1] - planted.centre_px[1],
        found.sigma_along_px - planted.sigma_along_px,
        found.sigma_across_px - planted.sigma_across_px,
        found.wavelength_px - planted.wavelength_px,
        round(found.orientation_deg - planted.orientation_deg, 180.0),
        round(found.phase_deg - turned.phase_deg, 360.0),
        found.amplitude - planted.amplitude,
        found.offset - planted.offset,
    ]
}

fn values(errors: &EllipticalGabor) -> [f64; N] {
    let [x, y] = errors.centre_px;
    let (along, across, wavelength) =
        (errors.sigma_along_px, errors.sigma_across_px, errors.wavelength_px);
    let (orientation, phase) = (errors.orientation_deg, errors.phase_deg);
    [x, y, along, across, wavelength, orientation, phase, errors.amplitude, errors.offset]
}

#[test]
fn value_is_that_of_the_round_gabor_of_stimuli() {
    let round = Gabor {
        centre_px: [9.2, 6.7],
        sigma_px: 3.0,
        wavelength_px: 7.0,
        orientation_deg: 25.0,
        phase_deg: 40.0,
    };
    let same = EllipticalGabor {
        centre_px: round.centre_px,
        sigma_along_px: 3.0,
        sigma_across_px: 3.0,
        wavelength_px: 7.0,
        orientation_deg: 25.0,
        phase_deg: 40.0,
        amplitude: 1.0,
        offset: 0.0,
    };
    for (x, y) in [(9.0, 6.0), (3.0, 8.5), (12.0, 1.0)] {
        assert!((same.value(x, y) - round.value(x, y)).abs() < 1e-12);
    }
    assert!((same.picture(8, 11)[[3, 5]] - round.picture(8, 11).unwrap()[[3, 5]]).abs() < 1e-6);
    // The longer axis of the envelope lies along horizontal stripes.
    let long =
        EllipticalGabor { sigma_along_px: 6.0, orientation_deg: 0.0, phase_deg: 0.0, ..same };
    assert!(long.value(14.2, 6.7) > long.value(9.2, 11.7).abs());
}

#[test]
fn gradients_are_those_of_central_differences() {
    let picture = Picture::new(noisy(&PLANTED, (36, 64), 0.1, 0).view()).unwrap();
    let problem = Problem::<GaborSurface> { picture: &picture, surface: std::marker::PhantomData };
    assert_gradients(&problem, PLANTED.parameters());
    let tilted = EllipticalGabor { orientation_deg: 20.0, phase_deg: -130.0, ..PLANTED };
    assert_gradients(&problem, tilted.parameters());
}

#[test]
fn noiseless_gabors_are_found_exactly() {
    let mut random = Streams::new(3).stream("gabors");
    for draw in 0..40 {
        let planted = EllipticalGabor {
            centre_px: [random.uniform_in(8.0, 56.0), random.uniform_in(8.0, 28.0)],
            sigma_along_px: random.uniform_in(1.5, 5.0),
            sigma_across_px: random.uniform_in(1.8, 4.0),
            orientation_deg: random.uniform_in(0.0, 180.0),
            phase_deg: random.uniform_in(-180.0, 180.0),
            amplitude: random.uniform_in(0.1, 10.0),
            ..PLANTED
        };
        let planted = EllipticalGabor {
            wavelength_px: planted.sigma_across_px * random.uniform_in(1.5, 3.2),
            ..planted
        };
        let found = fit(&planted.picture(36, 64));
        assert!(found.quality.converged, "{draw}: {planted:?} {found:?}");
        assert!(found.quality.explained_variance > 1.0 - 1e-9, "{draw}: {planted:?} {found:?}");
        // Degrees and pixels, from values rounded to f32.
        for difference in differences(&found.gabor, &planted) {
            assert!(difference.abs() < 1e-3, "{draw}: {planted:?} {found:?}");
        }
    }
}

#[test]
fn standard_errors_are_those_of_many_draws() {
    let (n, noise) = (100, 0.5);
    let mut squares = [0.0; N];
    for draw in 0..n {
        let found = fit(&noisy(&PLANTED, (36, 64), noise, draw));
        assert!(found.quality.converged);
        assert!((found.quality.residual_deviation / noise - 1.0).abs() < 0.08);
        let errors = values(&found.standard_errors.unwrap());
        let off = differences(&found.gabor, &PLANTED);
        for ((square, off), error) in squares.iter_mut().zip(off).zip(errors) {
            *square += (off / error).powi(2) / f64::from(n as u32);
        }
    }
    let spreads = squares.map(f64::sqrt);
    // 100 draws leave 0.07 of a spread of 1; four of those for the worst of nine.
    assert!(spreads.iter().all(|spread| (0.72..1.28).contains(spread)), "{spreads:?}");
}

#[test]
fn noisy_gabors_keep_orientation_and_frequency() {
    for draw in 0..20 {
        let orientation_deg = 9.0 * draw as f64;
        let planted = EllipticalGabor { orientation_deg, ..PLANTED };
        // The Gabor makes a tenth of the picture's variance.
        let found = fit(&noisy(&planted, (36, 64), 0.5, draw));
        let off = differences(&found.gabor, &planted);
        // Four standard errors of 1 degree, and of 5 % in wavelength.
        assert!(off[5].abs() < 4.0, "{draw}: {off:?} {found:?}");
        assert!(off[4].abs() < 0.2 * planted.wavelength_px, "{draw}: {off:?} {found:?}");
    }
}

#[test]
fn pictures_without_a_gabor_have_a_clear_outcome() {
    let config = PictureFitConfig::default();
    let said = |picture: &Array2<f32>| fit_gabor(picture.view(), &config).unwrap_err().to_string();
    assert!(said(&Array2::zeros((36, 64))).contains("found 0 around 0, expected more"));
    assert!(said(&Array2::from_elem((9, 9), 3.3)).contains("standard deviation of the picture"));
    assert!(said(&Array2::zeros((1, 1))).contains("found 1 x 1, expected at least 5 x 5"));
    assert!(said(&Array2::zeros((0, 0))).contains("found 0 x 0"));
    let mut broken = PLANTED.picture(36, 64);
    broken[[2, 3]] = f32::NAN;
    assert!(said(&broken).contains("row 2, column 3: found NaN, expected a finite number"));
    let none = PictureFitConfig { n_starts: 0, ..config.clone() };
    let refused = fit_gabor(PLANTED.picture(9, 9).view(), &none).unwrap_err().to_string();
    assert!(refused.contains("`n_starts`: found 0, expected 1 to 20"), "{refused}");
}

#[test]
fn any_picture_gives_finite_parameters_and_honest_variance() {
    let noise = |height, width, draw| {
        let mut random = Streams::new(5).stream(&format!("noise {draw}"));
        Array2::from_shape_fn((height, width), |_| random.normal() as f32)
    };
    let mut spot = Array2::zeros((12, 12));
    spot[[4, 7]] = 1e30f32;
    let edge = Array2::from_shape_fn((16, 20), |(_, x)| if x > 9 { 1e-30f32 } else { 0.0 });
    let ramp = Array2::from_shape_fn((8, 30), |(y, x)| (x + 3 * y) as f32);
    let pictures = [noise(5, 5, 0), noise(5, 40, 1), noise(36, 64, 2), spot, edge, ramp];
    for picture in pictures {
        let found = fit(&picture);
        assert!(values(&found.gabor).iter().all(|value| value.is_finite()), "{found:?}");
        let explained = found.quality.explained_variance;
        assert!((0.0..=1.0).contains(&explained), "{found:?}");
        assert!((0.0..180.0).contains(&found.gabor.orientation_deg), "{found:?}");
        assert!(found.gabor.amplitude >= 0.0);
        // The error that is claimed is the error of the picture that is drawn.
        let drawn = found.gabor.picture(picture.nrows(), picture.ncols());
        let mean = picture.mean().unwrap();
        let sum = |values: Array2<f32>| values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
        let left = sum(&picture - &drawn) / sum(&picture - mean);
        assert!((1.0 - left - explained).abs() < 1e-3, "{left} {found:?}");
    }
}
