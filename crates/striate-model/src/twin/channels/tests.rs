use striate_base::Streams;

use super::*;
use crate::{SessionShape, SessionStart};

/// A twin with random weights.
fn twin(model: &str, n_behaviour: usize, [height, width]: [usize; 2]) -> Twin {
    let session =
        SessionShape { id: "mouse".into(), n_neurons: 2, n_behaviour, has_pupil_center: false };
    let model = serde_json::from_str(model).unwrap();
    let spec = TwinSpec { model, height, width, sessions: vec![session] };
    let start = SessionStart { mean_response: vec![0.5; 2], ..SessionStart::default() };
    Twin::build(spec, &[start], &Streams::new(4)).unwrap()
}

fn normal(length: usize, name: &str) -> Vec<f32> {
    let mut values = vec![0.0; length];
    Streams::new(2).stream(name).fill_normal(&mut values);
    values
}

const VIDEO: &str = r#"{ "core": { "channels": [4, 6], "spatial_kernels": [5, 3],
    "temporal_kernels": [3, 2], "spatial_padding": "same", "spatial_strides": [2] } }"#;
const IMAGE: &str = r#"{ "core": { "kind": "static-2d", "channels": 8, "layers": 3,
    "input_kernel": 5, "hidden_kernel": 3 } }"#;

/// Gradients along random directions are those of finite differences.
fn check(model: &str) {
    let twin = twin(model, 0, [22, 27]);
    let size = twin.channel_window();
    let n_frames = twin.frames_consumed() + 1;
    let channels = [3, 0, 2];
    let length = 3 * n_frames * size[0] * size[1];
    let stimulus = normal(length, "stimulus");
    let input = ChannelInput { n_clips: 3, n_frames, size, stimulus: &stimulus, behaviour: None };
    let (responses, gradient) = twin.channel_gradient(&input, &channels).unwrap();
    let all = twin.channel_responses(&input).unwrap();
    let n_channels = twin.n_channels();
    for (clip, &channel) in channels.iter().enumerate() {
        assert_eq!(responses[clip], all[clip * n_channels + channel]);
    }
    let direction = normal(length, "direction");
    let step = 1e-2f32;
    let at = |sign: f32| {
        let moved: Vec<f32> =
            stimulus.iter().zip(&direction).map(|(s, d)| s + sign * step * d).collect();
        let all = twin.channel_responses(&ChannelInput { stimulus: &moved, ..input }).unwrap();
        let own = channels.iter().enumerate().map(|(clip, c)| all[clip * n_channels + c]);
        own.collect::<Vec<f32>>()
    };
    let (after, before) = (at(1.0), at(-1.0));
    for clip in 0..3 {
        let part = clip * length / 3..(clip + 1) * length / 3;
        let along: f32 =
            gradient[part.clone()].iter().zip(&direction[part]).map(|(g, d)| g * d).sum();
        let expected = (after[clip] - before[clip]) / (2.0 * step);
        // Curvature of third order over the step, and rounding of f32 responses of size 1.
        assert!((along - expected).abs() < 2e-3 * (1.0 + expected.abs()), "{along}, {expected}");
        assert!(along != 0.0);
    }
}

#[test]
fn gradients_of_a_video_core_are_those_of_finite_differences() {
    check(VIDEO);
}

#[test]
fn gradients_of_an_image_core_are_those_of_finite_differences() {
    check(IMAGE);
}

#[test]
fn the_middle_of_a_map_sees_the_window_and_nothing_else() {
    for model in [VIDEO, IMAGE] {
        let twin = twin(model, 0, [40, 44]);
        let n_frames = twin.frames_consumed() + 1;
        let [height, width] = twin.channel_window();
        let input = |size: [usize; 2], stimulus| ChannelInput {
            n_clips: 1,
            n_frames,
            size,
            stimulus,
            behaviour: None,
        };
        // Convolutions in tiles leave rounding beside what is seen.
        let is_seen = |gradient: f32| gradient.abs() > 1e-5;
        let whole = normal(n_frames * 40 * 44, "whole");
        let (_, gradient) = twin.channel_gradient(&input([40, 44], &whole), &[1]).unwrap();
        let seen = |axis: fn(usize) -> usize| {
            let places = gradient.iter().enumerate().filter(|(_, g)| is_seen(**g));
            let places: Vec<usize> = places.map(|(place, _)| axis(place)).collect();
            [*places.iter().min().unwrap(), *places.iter().max().unwrap()]
        };
        let rows = seen(|place| place / 44 % 40);
        let columns = seen(|place| place % 44);
        let inside = rows[1] - rows[0] < height && columns[1] - columns[0] < width;
        assert!(inside, "{rows:?} {columns:?} {height} {width}");
        // In the window the gradient touches no border: nothing of what is seen is padding.
        let small = normal(n_frames * height * width, "small");
        let (_, gradient) = twin.channel_gradient(&input([height, width], &small), &[1]).unwrap();
        let n_seen = gradient.iter().filter(|g| is_seen(**g)).count();
        let expected = n_frames * (rows[1] + 1 - rows[0]) * (columns[1] + 1 - columns[0]);
        // Some of what is seen weighs next to nothing by chance.
        assert!(n_seen <= expected && n_seen * 50 >= expected * 49, "{n_seen} of {expected}");
    }
}

#[test]
fn behaviour_reaches_the_core_and_what_does_not_fit_is_refused() {
    let model = r#"{ "core": { "channels": [4], "spatial_kernels": [3], "temporal_kernels": [2] },
        "input": { "behaviour_as_channels": true } }"#;
    let twin = twin(model, 2, [12, 12]);
    let stimulus = normal(2 * 5 * 5, "stimulus");
    let input = ChannelInput {
        n_clips: 1,
        n_frames: 2,
        size: [5, 5],
        stimulus: &stimulus,
        behaviour: None,
    };
    let still = twin.channel_responses(&input).unwrap();
    let zeros = ChannelInput { behaviour: Some(&[0.0, 0.0]), ..input };
    assert_eq!(still, twin.channel_responses(&zeros).unwrap());
    let running = ChannelInput { behaviour: Some(&[1.0, -2.0]), ..input };
    assert_ne!(still, twin.channel_responses(&running).unwrap());
    let short = ChannelInput { behaviour: Some(&[1.0]), ..input };
    assert!(twin.channel_responses(&short).is_err());
    assert!(twin.channel_responses(&ChannelInput { n_frames: 1, ..input }).is_err());
    assert!(twin.channel_gradient(&input, &[4]).is_err());
    assert!(twin.channel_gradient(&input, &[0, 1]).is_err());
}
