//! Windows against the whole screen.

use striate_base::Streams;

use crate::{ClipInput, SessionShape, SessionStart, Twin, TwinSpec, WindowInput, Windows};

const N_NEURONS: usize = 9;
const BEHAVIOUR: [f32; 2] = [0.3, -0.8];
const PUPIL: [f32; 2] = [0.4, -0.2];

/// A twin with random weights and centres all over the screen, its corners and edges among them.
fn twin(model: &str, has_mouse: bool, [height, width]: [usize; 2]) -> Twin {
    let session = SessionShape {
        id: "mouse".into(),
        n_neurons: N_NEURONS,
        n_behaviour: if has_mouse { 2 } else { 0 },
        has_pupil_center: has_mouse,
    };
    let model = serde_json::from_str(model).unwrap();
    let spec = TwinSpec { model, height, width, sessions: vec![session] };
    let start = SessionStart { mean_response: vec![0.5; N_NEURONS], ..SessionStart::default() };
    let mut twin = Twin::build(spec, &[start], &Streams::new(4)).unwrap();
    let mut random = Streams::new(8).stream("parameters");
    for parameter in &mut twin.parameters_mut().0 {
        if parameter.name.ends_with("features") || parameter.name.contains("features_") {
            random.fill_normal(&mut parameter.values);
        }
        if parameter.name.ends_with("gamma_shape") {
            parameter.values.iter_mut().for_each(|k| *k = 0.5 + random.uniform() as f32);
        }
        if parameter.name.ends_with(".mu") {
            let edges = [-1.0, 0.98, -0.4, 0.13, 1.0];
            let at = |i: usize| edges[(i * 7 + i / 5) % 5];
            parameter.values.iter_mut().enumerate().for_each(|(i, mu)| *mu = at(i));
        }
    }
    twin
}

fn normal(length: usize) -> Vec<f32> {
    let mut values = vec![0.0; length];
    Streams::new(2).stream("stimulus").fill_normal(&mut values);
    values
}

/// The windows of full clips `[clip, frame, height, width]`.
fn cut(full: &[f32], n_frames: usize, screen: [usize; 2], windows: &Windows) -> Vec<f32> {
    let [height, width] = screen;
    let mut found = Vec::new();
    for (clip, &[row, column]) in full.chunks_exact(n_frames * height * width).zip(&windows.origins)
    {
        for frame in clip.chunks_exact(height * width) {
            for y in row..row + windows.size[0] {
                found.extend(&frame[y * width + column..][..windows.size[1]]);
            }
        }
    }
    found
}

/// Responses and gradients in windows are those on the whole screen.
fn check(model: &str, has_mouse: bool, screen: [usize; 2], expected_size: [usize; 2]) {
    let twin = twin(model, has_mouse, screen);
    let neurons: Vec<usize> = (0..N_NEURONS).rev().collect();
    let n_frames = twin.frames_consumed() + 3;
    let pupil_center = has_mouse.then_some(PUPIL);
    let windows = twin.windows(0, &neurons, 0, pupil_center).unwrap();
    assert_eq!(windows.size, expected_size);
    let full = normal(N_NEURONS * n_frames * screen[0] * screen[1]);
    let stimulus = cut(&full, n_frames, screen, &windows);
    let weights = normal(N_NEURONS * 3);
    let input = WindowInput {
        session: 0,
        neurons: &neurons,
        windows: &windows,
        n_frames,
        stimulus: &stimulus,
        behaviour: has_mouse.then_some(&BEHAVIOUR),
        pupil_center,
    };
    let (responses, gradient) = twin.own_gradient(&input, &weights).unwrap();
    assert_eq!(responses, twin.own_responses(&input).unwrap());

    let (behaviour, pupil) = (BEHAVIOUR.repeat(n_frames), PUPIL.repeat(n_frames));
    let mut n_driven = 0;
    let per_clip = n_frames * windows.size[0] * windows.size[1];
    for (clip, &neuron) in neurons.iter().enumerate() {
        let length = n_frames * screen[0] * screen[1];
        let whole = ClipInput {
            session: 0,
            n_clips: 1,
            n_frames,
            stimulus: &full[clip * length..][..length],
            behaviour: has_mouse.then_some(&behaviour),
            pupil_center: has_mouse.then_some(&pupil),
        };
        let (responses, weights) = (&responses[clip * 3..][..3], &weights[clip * 3..][..3]);
        check_responses(&twin, (&whole, neuron), responses);
        let mut of_all = vec![0.0; 3 * N_NEURONS];
        (0..3).for_each(|frame| of_all[frame * N_NEURONS + neuron] = weights[frame]);
        let of_whole = twin.stimulus_gradient(&whole, &of_all).unwrap();
        let one = Windows { size: windows.size, origins: vec![windows.origins[clip]] };
        let inside = cut(&of_whole, n_frames, screen, &one);
        check_gradient(&gradient[clip * per_clip..][..per_clip], (&inside, &of_whole));
        n_driven += usize::from(norm(&of_whole) > 0.0);
    }
    // The pupil takes some off the screen.
    assert!(n_driven > N_NEURONS / 2, "{n_driven}");
}

fn check_responses(twin: &Twin, (whole, neuron): (&ClipInput<'_>, usize), responses: &[f32]) {
    let all = twin.predict(whole).unwrap();
    for (found, expected) in responses.iter().zip(all[neuron..].iter().step_by(N_NEURONS)) {
        // Sums of some hundred f32 products, in another order.
        let error = (found - expected).abs();
        assert!(error < 2e-5 * (1.0 + expected.abs()), "{neuron}: {found}, {expected}");
    }
}

/// Nothing of the gradient on the whole screen is lost outside the window, and inside all is the same.
fn check_gradient(gradient: &[f32], (inside, of_whole): (&[f32], &[f32])) {
    assert!(norm(inside) >= (1.0 - 1e-6) * norm(of_whole));
    assert_eq!(gradient.len(), inside.len());
    for (found, expected) in gradient.iter().zip(inside) {
        let size = norm(of_whole).sqrt() as f32;
        assert!((found - expected).abs() <= 1e-4 * size, "{found}, {expected}");
    }
}

fn norm(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value).powi(2)).sum()
}

#[test]
fn windows_of_a_strided_padded_video_core_see_all_there_is() {
    // Reach 2 + 2 * 1 pixels, stride 2: 9 + 4 pixels, and one more where the screen is even.
    let model = r#"{ "core": { "channels": [4, 6], "spatial_kernels": [5, 3],
        "temporal_kernels": [3, 2], "spatial_padding": "same", "spatial_strides": [2] } }"#;
    check(model, false, [22, 27], [14, 13]);
}

#[test]
fn windows_of_a_valid_core_see_all_there_is_with_behaviour_and_pupil() {
    // Reach 2 + 1 and two outputs: 9 pixels, and those that the pupil moves them by.
    let model = r#"{ "core": { "channels": [4, 6], "spatial_kernels": [5, 3],
        "temporal_kernels": [3, 2] }, "shifter": {} }"#;
    check(model, true, [20, 24], [10, 12]);
}

#[test]
fn windows_of_an_image_core_see_all_there_is() {
    let model = r#"{ "core": { "kind": "static-2d", "channels": 8, "layers": 3, "input_kernel": 5,
        "hidden_kernel": 3 } }"#;
    check(model, false, [24, 30], [11, 11]);
}

#[test]
fn gamma_laws_know_their_own_neurons_and_mixing_stays() {
    let model = r#"{ "core": { "channels": [4], "spatial_kernels": [5], "temporal_kernels": [3] },
        "readout": { "mixing": { "frames": 3, "channels": 3 } },
        "likelihood": { "kind": "zero-inflated-gamma" } }"#;
    check(model, false, [16, 18], [7, 7]);
}

#[test]
fn a_small_screen_is_its_own_window() {
    let model = r#"{ "core": { "channels": [4], "spatial_kernels": [7], "temporal_kernels": [2],
        "spatial_padding": "same" } }"#;
    check(model, false, [8, 6], [8, 6]);
}

#[test]
fn neurons_that_are_not_there_are_refused() {
    let model =
        r#"{ "core": { "channels": [4], "spatial_kernels": [3], "temporal_kernels": [2] } }"#;
    let twin = twin(model, false, [12, 12]);
    let error = twin.windows(0, &[N_NEURONS], 0, None).unwrap_err();
    assert!(error.to_string().contains("found 9, expected below 9"), "{error}");
    assert!(twin.windows(1, &[0], 0, None).is_err());
}
