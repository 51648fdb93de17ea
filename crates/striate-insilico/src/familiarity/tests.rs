use ndarray::{Array4, Axis, s};
use striate_base::Streams;
use striate_stimuli::{Canvas, NaturalVideo, natural_video};

use super::*;

const SIZE: [usize; 2] = [18, 32];

/// Short clips, each of a natural-like video of its own.
fn natural(n_clips: usize, name: &str) -> Array4<f32> {
    let canvas = Canvas { n_frames: 4, height: SIZE[0], width: SIZE[1], frame_rate_hz: 30.0 };
    let clips: Vec<_> = (0..n_clips)
        .map(|clip| {
            let mut random = Streams::new(5).stream(&format!("{name} {clip}"));
            natural_video(&canvas, &NaturalVideo::default(), &mut random).unwrap()
        })
        .collect();
    let views: Vec<_> = clips.iter().map(|clip| clip.view()).collect();
    ndarray::stack(Axis(0), &views).unwrap().mapv(|value| (value - 127.5) / 50.0)
}

fn sample(clips: Array4<f32>) -> TrainingSample {
    TrainingSample {
        deviation: clips.std(0.0),
        mean: clips.mean().unwrap(),
        clips,
        luminance_range: [-2.55, 2.55],
        behaviour: None,
        pupil_center: None,
        frame_rate_hz: Some(30.0),
    }
}

/// Largest distance of the distribution of percentiles from the uniform one.
fn from_uniform(found: &[Strangeness]) -> f64 {
    let mut shares: Vec<f64> = found.iter().map(|found| found.percentile).collect();
    shares.sort_by(f64::total_cmp);
    let n = shares.len() as f64;
    let apart = |(i, share): (usize, &f64)| (share - i as f64 / n).abs();
    shares.iter().enumerate().map(apart).fold(0.0, f64::max)
}

#[test]
fn clips_like_those_of_training_are_spread_evenly() {
    let known = Familiarity::of(&sample(natural(300, "training"))).unwrap();
    let trained = known.judge(natural(300, "training").view()).unwrap();
    assert!(from_uniform(&trained) < 0.06, "{}", from_uniform(&trained));
    let new = known.judge(natural(300, "new").view()).unwrap();
    // Both samples are of 300: 1.63 sqrt(2 / 300) is exceeded once in a hundred (Kolmogorov and Smirnov).
    assert!(from_uniform(&new) < 0.133, "{}", from_uniform(&new));
}

#[test]
fn noise_and_gratings_are_strange_and_it_is_said_why() {
    let clips = natural(200, "training");
    let known = Familiarity::of(&sample(clips.clone())).unwrap();
    let mut random = Streams::new(1).stream("noise");
    let noise = Array4::from_shape_simple_fn((1, 4, 18, 32), || random.normal() as f32);
    let grating = Array4::from_shape_fn((1, 4, 18, 32), |(_, _, _, x)| (x as f32 * 1.2).cos());
    let bright = clips.slice(s![..1, .., .., ..]).mapv(|value| 0.2 * value + 8.0);
    let still = clips.slice(s![..1, ..1, .., ..]).broadcast((1, 4, 18, 32)).unwrap().to_owned();
    let judged = |clip: &Array4<f32>| known.judge(clip.view()).unwrap()[0].clone();
    let (noise, grating, bright, still) =
        (judged(&noise), judged(&grating), judged(&bright), judged(&still));
    for found in [&grating, &bright, &still] {
        // One of the 200 videos hardly moves either.
        assert!(found.percentile <= 0.005 && found.distance > 8.0, "{found:?}");
    }
    // These videos differ a lot in how sharp they are, the sharpest of them much like noise.
    assert!(noise.percentile < 0.05 && noise.distance > 4.0, "{noise:?}");
    assert!(noise.largest.feature.starts_with("log_power_0"), "{noise:?}");
    assert_eq!(bright.largest.feature, "mean_luminance");
    assert!(bright.largest.deviations > 5.0);
    assert_eq!(still.largest.feature, "log_power_of_change");
    assert!(still.largest.deviations < -3.0);
}

#[test]
fn windows_are_compared_with_pieces_of_training_clips() {
    let training = sample(natural(150, "training"));
    let windows = Windows { size: [12, 12], origins: vec![[0, 0], [6, 20], [0, 0], [3, 10]] };
    let known = Familiarity::in_windows(&training, &windows).unwrap();
    assert_eq!(known.distances.len(), 450);
    let new = natural(150, "new");
    let found = known.judge(new.slice(s![.., .., 3..15, 10..22])).unwrap();
    assert!(from_uniform(&found) < 0.15, "{}", from_uniform(&found));
    let whole = windows_of_the_screen();
    let (cut, plain) = (Familiarity::in_windows(&training, &whole), Familiarity::of(&training));
    assert_eq!(cut.unwrap().distances, plain.unwrap().distances);
    let outside = Windows { size: [12, 12], origins: vec![[7, 0]] };
    assert!(Familiarity::in_windows(&training, &outside).is_err());
}

fn windows_of_the_screen() -> Windows {
    Windows { size: SIZE, origins: vec![[0, 0]] }
}

#[test]
fn what_does_not_fit_is_refused_and_what_is_not_finite_is_strange() {
    let known = Familiarity::of(&sample(natural(20, "training"))).unwrap();
    assert!(known.judge(Array4::zeros((1, 4, 18, 31)).view()).is_err());
    assert!(known.judge(Array4::zeros((1, 1, 18, 32)).view()).is_err());
    assert!(known.judge(Array4::zeros((0, 4, 18, 32)).view()).unwrap().is_empty());
    let found = known.judge(Array4::from_elem((1, 4, 18, 32), f32::NAN).view()).unwrap();
    assert!(found[0].distance.is_nan() && found[0].percentile == 0.0);
    assert!(Familiarity::of(&sample(natural(2, "training"))).is_err());
}
