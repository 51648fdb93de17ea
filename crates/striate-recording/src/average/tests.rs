use ndarray::{Array2, Array3, Array4, s};
use striate_base::{CancelToken, Streams};

use super::*;
use crate::testing::{Order, manifest_video, open, write};

/// White noise of 2 x 3 pixels; neuron `n` answers to the pixel in row 1, column `n`, `n` frames ago.
fn noise(n_frames: usize, trial_frames: usize) -> (tempfile::TempDir, std::path::PathBuf) {
    let tiers = format!(
        "[[tiers]]\nname = \"train\"\nframes = [0, {n_frames}]\ntrial_frames = {trial_frames}\n"
    );
    let (folder, path) = manifest_video(n_frames, &tiers);
    let mut random = Streams::new(1).stream("noise");
    let pixels = Array3::from_shape_simple_fn((n_frames, 2, 3), || random.normal());
    let counts = Array2::from_shape_fn((3, n_frames), |(n, frame)| {
        if frame < n { 1.0 } else { pixels[[frame - n, 1, n]].max(0.0) }
    });
    write(&folder.path().join("video.npy"), &pixels.into_dyn(), Order::C);
    write(&folder.path().join("counts.npy"), &counts.into_dyn(), Order::C);
    (folder, path)
}

#[test]
fn average_peaks_at_pixel_and_lag_of_each_neuron() {
    let (_folder, path) = noise(4000, 1000);
    let recording = open(&path).unwrap();
    let average = response_triggered_average(
        &recording.sessions[0],
        "train",
        3,
        (StimulusFeature::Intensity, 0..recording.sessions[0].info.n_neurons),
        &CancelToken::new(),
    )
    .unwrap();
    assert_eq!(average.dim(), (3, 3, 2, 3));
    for ((neuron, lag, row, column), &value) in average.indexed_iter() {
        if (lag, row, column) == (neuron, 1, neuron) {
            // E[x max(x, 0)] / E[max(x, 0)] = (1/2) / (1 / sqrt(2 pi)) = 1.2533; five standard errors.
            assert!((value - 1.2533).abs() < 0.15, "{neuron}: {value}");
        } else {
            // Weighted means of 4000 values: variance pi / 4000, five standard errors are 0.14.
            assert!(value.abs() < 0.14, "{neuron} {lag}: {value}");
        }
    }
}

#[test]
fn pieces_and_trials_equal_the_definition() {
    let (_folder, path) = noise(700, 350);
    let recording = open(&path).unwrap();
    let session = &recording.sessions[0];
    let found = response_triggered_average(
        session,
        "train",
        2,
        (StimulusFeature::Intensity, 0..session.info.n_neurons),
        &CancelToken::new(),
    )
    .unwrap();
    let mut sums = Array4::<f64>::zeros((3, 2, 2, 3));
    let (mut means, mut totals, mut n) = (Array3::<f64>::zeros((2, 2, 3)), [0.0; 3], 0.0);
    for trial in 0..2 {
        let data = session.load_whole(trial).unwrap();
        let responses = data.responses.unwrap();
        for frame in 1..350 {
            n += 1.0;
            for lag in 0..2 {
                let shown = data.stimulus.slice(s![frame - lag, .., ..]).mapv(f64::from);
                let mut mean = means.slice_mut(s![lag, .., ..]);
                mean += &shown;
                for neuron in 0..3 {
                    let mut sum = sums.slice_mut(s![neuron, lag, .., ..]);
                    sum += &(&shown * f64::from(responses[[frame, neuron]]));
                }
            }
            for neuron in 0..3 {
                totals[neuron] += f64::from(responses[[frame, neuron]]);
            }
        }
    }
    for ((neuron, lag, row, column), &value) in found.indexed_iter() {
        let expected =
            sums[[neuron, lag, row, column]] / totals[neuron] - means[[lag, row, column]] / n;
        // Sums of 300 products of order 1 in f32.
        assert!((f64::from(value) - expected).abs() < 1e-5, "{value} {expected}");
    }
}

#[test]
fn threads_change_nothing_and_unknown_tiers_are_refused() {
    let (_folder, path) = noise(600, 200);
    let recording = open(&path).unwrap();
    let session = &recording.sessions[0];
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            response_triggered_average(
                session,
                "train",
                2,
                (StimulusFeature::Intensity, 0..session.info.n_neurons),
                &CancelToken::new(),
            )
        })
        .unwrap()
    };
    assert_eq!(with(1), with(3));
    let said = response_triggered_average(
        session,
        "test",
        2,
        (StimulusFeature::Intensity, 0..session.info.n_neurons),
        &CancelToken::new(),
    )
    .unwrap_err()
    .to_string();
    assert!(said.contains("no trials of tier `test`"), "{said}");
}
