use ndarray::Array1;

use super::super::apply::GridInterpolator;
use super::*;

const ALL: [Interpolation; 4] =
    [Interpolation::Nearest, Interpolation::Bilinear, Interpolation::Cubic, Interpolation::Fourier];

fn one_shift(shift: [f32; 2]) -> Shifts {
    Shifts { rigid: Array1::from(shift.to_vec()).insert_axis(ndarray::Axis(0)), field: None }
}

/// The same shift as a field of 2 x 2 patches.
fn one_field(shift: [f32; 2]) -> Shifts {
    let values = Array3::from_shape_fn((1, 4, 2), |(_, _, axis)| shift[axis]);
    let field = ShiftField { centres_y: vec![2.0, 9.0], centres_x: vec![3.0, 8.0], values };
    Shifts { field: Some(field), ..one_shift(shift) }
}

fn apply(frame: &ArrayMovie, shifts: &Shifts, interpolation: Interpolation) -> Vec<f32> {
    let mut out = vec![0.0; frame.shape().n_pixels()];
    Registered::new(frame, shifts, interpolation).unwrap().read(0..1, &mut out).unwrap();
    out
}

#[test]
fn whole_shifts_are_exact_and_borders_repeat_the_nearest_pixel() {
    let frame = ArrayMovie::new(Array3::from_shape_fn((1, 13, 11), |(_, y, x)| {
        ((y * 7 + x * 5) % 13) as f32
    }));
    let expected = |y: usize, x: usize| {
        let source = [(y + 2).min(12), x.saturating_sub(3)];
        frame.frames()[[0, source[0], source[1]]]
    };
    for interpolation in ALL {
        for shifts in [one_shift([2.0, -3.0]), one_field([2.0, -3.0])] {
            let out = apply(&frame, &shifts, interpolation);
            for (pixel, value) in out.iter().enumerate() {
                let wanted = expected(pixel / 11, pixel % 11);
                assert!((value - wanted).abs() < 1e-4, "{interpolation:?} at {pixel}: {value}");
            }
        }
    }
}

#[test]
fn a_plane_is_reproduced_between_pixels() {
    let plane = |y: f32, x: f32| 3.0 * y - 2.0 * x + 50.0;
    let frame =
        ArrayMovie::new(Array3::from_shape_fn((1, 13, 11), |(_, y, x)| plane(y as f32, x as f32)));
    for interpolation in [Interpolation::Bilinear, Interpolation::Cubic] {
        for shifts in [one_shift([0.3, -0.6]), one_field([0.3, -0.6])] {
            let out = apply(&frame, &shifts, interpolation);
            for (y, x) in [(3, 3), (8, 7), (6, 2)] {
                let error = out[y * 11 + x] - plane(y as f32 + 0.3, x as f32 - 0.6);
                assert!(error.abs() < 1e-4, "{interpolation:?}: {error}");
            }
        }
    }
}

#[test]
fn a_smooth_scene_is_moved_back() {
    let movie = moved_scene(&[[1.3, -2.6]]);
    let still = moved_scene(&[[0.0, 0.0]]);
    let peak = still.frames().iter().copied().fold(0.0, f32::max);
    // Largest error inside, as a share of the peak: of the order of the method's error for bumps of
    // s.d. 2 pixels; the ringing of the borders in the Fourier method fades to a percent.
    for (interpolation, allowed) in [
        (Interpolation::Bilinear, 0.06),
        (Interpolation::Cubic, 0.015),
        (Interpolation::Fourier, 0.015),
    ] {
        let out = apply(&movie, &one_shift([1.3, -2.6]), interpolation);
        let inside = (8..56).flat_map(|y| (8..56).map(move |x| y * 64 + x));
        let frames = still.frames().as_slice().unwrap();
        let error = inside.map(|p| (out[p] - frames[p]).abs()).fold(0.0, f32::max) / peak;
        assert!(error < allowed, "{interpolation:?}: {error}");
    }
}

#[test]
fn bilinear_interpolation_lowers_noise_to_a_quarter_and_nearest_keeps_it() {
    let mut noise = vec![0.0; 64 * 64];
    striate_base::Streams::new(1).stream("noise").fill_normal(&mut noise);
    let movie = ArrayMovie::new(Array3::from_shape_vec((1, 64, 64), noise).unwrap());
    let variance = |interpolation| {
        let out = apply(&movie, &one_shift([0.5, 0.5]), interpolation);
        out.iter().map(|v| f64::from(v * v)).sum::<f64>() / 4096.0
    };
    // Five standard errors of a variance of 4096 numbers are 0.11, a little more when correlated.
    assert!((variance(Interpolation::Bilinear) - 0.25).abs() < 0.05);
    assert!((variance(Interpolation::Nearest) - 1.0).abs() < 0.12);
}

#[test]
fn shifts_of_patches_are_interpolated_as_planes_and_kept_beyond_the_centres() {
    let (ys, xs) = ([10.0, 20.0, 35.0], [5.0, 25.0]);
    let patches: Vec<f32> =
        ys.iter().flat_map(|y| xs.iter().flat_map(move |x| [0.1 * y, 0.2 * x - 1.0])).collect();
    let [dy, dx] = GridInterpolator::new((40, 30), &ys, &xs).displacement(&patches);
    for (pixel, (dy, dx)) in dy.iter().zip(&dx).enumerate() {
        let y = ((pixel / 30) as f32).clamp(10.0, 35.0);
        let x = ((pixel % 30) as f32).clamp(5.0, 25.0);
        // Unequal distances: the cubic through the nodes is a plane only where they are equal, and
        // strays by less than a tenth of the step otherwise.
        assert!((dy - 0.1 * y).abs() < 0.15, "{dy} at {y}");
        assert!((dx - (0.2 * x - 1.0)).abs() < 1e-5);
    }
    let one = GridInterpolator::new((3, 3), &[1.0], &[1.0]).displacement(&[0.5, -0.5]);
    assert_eq!(one, [vec![0.5; 9], vec![-0.5; 9]]);
}

#[test]
fn shifts_survive_a_round_trip_and_broken_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shifts.safetensors");
    for shifts in [one_shift([1.5, -2.0]), one_field([0.25, 3.0])] {
        shifts.write(&path).unwrap();
        assert_eq!(Shifts::read(&path).unwrap(), shifts);
    }
    let mut broken = one_field([0.0, 0.0]);
    broken.field.as_mut().unwrap().centres_y.pop();
    broken.write(&path).unwrap();
    assert!(Shifts::read(&path).unwrap_err().to_string().contains("of 2 patches"));
    one_shift([f32::NAN, 0.0]).write(&path).unwrap();
    assert!(Shifts::read(&path).unwrap_err().to_string().contains("a shift of NaN"));
    std::fs::write(&path, b"no tensors").unwrap();
    assert!(Shifts::read(&path).is_err());
}

#[test]
fn shifts_of_another_movie_are_refused() {
    let movie = moved_scene(&[[0.0, 0.0], [0.0, 0.0]]);
    let shifts = one_shift([0.0, 0.0]);
    let error = Registered::new(&movie, &shifts, Interpolation::Cubic).err().unwrap();
    assert_eq!(error.to_string(), "frames of the shifts: found 1, expected 2 as in the movie");
}

#[test]
fn shifts_beyond_the_frame_show_its_border() {
    let movie = moved_scene(&[[0.0, 0.0]]);
    for interpolation in ALL {
        let out = apply(&movie, &one_shift([500.0, -500.0]), interpolation);
        assert!(out.iter().all(|v| v.is_finite()));
    }
    let corner = movie.frames()[[0, 63, 0]];
    let out = apply(&movie, &one_shift([500.0, -500.0]), Interpolation::Cubic);
    assert!(out.iter().all(|v| (v - corner).abs() < 1e-5));
}
