use std::ops::Range;

use super::*;

fn refusal(movie: &dyn Movie) -> String {
    let config = RegistrationConfig::default();
    register(movie, &config, &mut NoProgress, &CancelToken::new()).unwrap_err().to_string()
}

#[test]
fn frames_too_small_for_the_largest_shift_are_refused() {
    let pixel = ArrayMovie::new(Array3::zeros((5, 1, 1)));
    assert_eq!(
        refusal(&pixel),
        "movie to register: found 5 frames of 1 x 1, expected a frame or more, of 40 x 40 or more \
         (four times registration.max_shift_px)"
    );
    assert!(refusal(&ArrayMovie::new(Array3::zeros((0, 64, 64)))).contains("found 0 frames"));
}

#[test]
fn pixels_that_are_not_finite_are_refused_by_name() {
    let mut frames = moved_scene(&[[0.0, 0.0]; 4]).frames().clone();
    frames[[2, 1, 3]] = f32::NAN;
    let message = refusal(&ArrayMovie::new(frames));
    assert_eq!(message, "pixel 67 of frame 2: found NaN, expected a finite number");
}

#[test]
fn a_constant_movie_does_not_move() {
    for mode in [RegistrationMode::TwoPhoton, RegistrationMode::OnePhoton] {
        for correlation in [Correlation::Phase, Correlation::Cross] {
            let config = RegistrationConfig {
                mode,
                correlation,
                piecewise: Some(PiecewiseConfig { patch_px: 32, ..Default::default() }),
                ..Default::default()
            };
            let movie = ArrayMovie::new(Array3::from_elem((6, 64, 64), 5.3));
            let found = registered(&movie, &config);
            assert!(found.shifts.rigid.iter().all(|s| *s == 0.0), "{mode:?} {correlation:?}");
            assert!(found.shifts.field.unwrap().values.iter().all(|s| *s == 0.0));
            assert!(found.peaks.iter().all(|p| *p == 0.0));
            assert_eq!(found.quality.after.mean_correlation, 0.0);
        }
    }
}

#[test]
fn one_frame_is_its_own_template() {
    let found = registered(&moved_scene(&[[3.0, 1.0]]), &RegistrationConfig::default());
    assert!(found.shifts.rigid.iter().all(|s| s.abs() < 1e-3));
    assert!((found.peaks[0] - 1.0).abs() < 0.05, "{}", found.peaks[0]);
}

#[test]
fn shifts_beyond_the_largest_are_cut_and_reported() {
    let mut shifts = [[0.0, 0.0]; 12];
    shifts[5] = [4.5, 0.0];
    let config = RegistrationConfig { max_shift_px: 3.0, ..Default::default() };
    let found = registered(&moved_scene(&shifts), &config);
    assert!(found.shifts.rigid.iter().all(|s| s.abs() <= 3.0));
    assert!(found.quality.share_at_limit > 0.0, "{:?}", found.shifts.rigid);
}

#[test]
fn it_stops_when_asked() {
    let cancel = CancelToken::new();
    cancel.cancel();
    let movie = moved_scene(&[[0.0, 0.0]; 4]);
    let config = RegistrationConfig::default();
    let stopped = register(&movie, &config, &mut NoProgress, &cancel);
    assert!(matches!(stopped, Err(ImagingError::Interrupted)));
}

/// A movie whose reading fails from a frame on.
struct Torn(ArrayMovie);

impl Movie for Torn {
    fn shape(&self) -> MovieShape {
        self.0.shape()
    }

    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        if frames.contains(&3) {
            return Err(ImagingError::input("frame 3", "nothing", "pixels"));
        }
        self.0.read(frames, out)
    }
}

#[test]
fn a_movie_that_cannot_be_read_is_an_error() {
    let message = refusal(&Torn(moved_scene(&[[0.0, 0.0]; 4])));
    assert_eq!(message, "frame 3: found nothing, expected pixels");
}

#[test]
fn settings_are_checked() {
    let movie = moved_scene(&[[0.0, 0.0]]);
    let piecewise = PiecewiseConfig { patch_px: 16, max_deviation_px: 5.0, n_smoothings: 0 };
    for config in [
        RegistrationConfig { max_shift_px: f64::NAN, ..Default::default() },
        RegistrationConfig { upsampling: 1, ..Default::default() },
        RegistrationConfig { smoothing_px: 0.0, ..Default::default() },
        RegistrationConfig { piecewise: Some(piecewise), ..Default::default() },
    ] {
        let refused = register(&movie, &config, &mut NoProgress, &CancelToken::new());
        assert!(matches!(refused, Err(ImagingError::Config { .. })));
    }
    assert!(toml::from_str::<RegistrationConfig>("max_shift = 3").is_err());
}
