//! Twins as a whole.

mod behaviour;
mod counts;
mod files;
mod gaussian;
mod latent_reference;
mod latents;
mod mixing;
mod precision;
mod reference;
mod zero_inflated;

use striate_base::{RandomStream, Streams};

use super::*;

/// A small factorised twin of two sessions, with behaviour and shifter.
fn small() -> Twin {
    Twin::build(small_spec(), &small_starts(), &Streams::new(3)).unwrap()
}

fn small_spec() -> TwinSpec {
    let model = r#"{
        "core": { "channels": [4, 6], "spatial_kernels": [5, 3], "temporal_kernels": [3, 2] },
        "readout": { "init_sigma": 0.2, "gamma_features": 0.01 },
        "shifter": {}
    }"#;
    let session = |id: &str, n_neurons| SessionShape {
        id: id.to_owned(),
        n_neurons,
        n_behaviour: 2,
        has_pupil_center: true,
    };
    let sessions = vec![session("a", 5), session("b", 3)];
    TwinSpec { model: serde_json::from_str(model).unwrap(), height: 10, width: 12, sessions }
}

fn small_starts() -> [SessionStart; 2] {
    let coordinates = (0..5).map(|n| [n as f32, (n * n) as f32]).collect();
    [
        SessionStart {
            mean_response: vec![0.4; 5],
            coordinates: Some(coordinates),
            ..SessionStart::default()
        },
        SessionStart { mean_response: vec![0.4; 3], ..SessionStart::default() },
    ]
}

/// Owned values of a [`ClipInput`], random.
struct Batch {
    session: usize,
    n_clips: usize,
    n_frames: usize,
    stimulus: Vec<f32>,
    behaviour: Vec<f32>,
    pupil_center: Vec<f32>,
    responses: Vec<f32>,
}

impl Batch {
    fn random(twin: &Twin, session: usize, n_clips: usize, n_frames: usize) -> Self {
        let spec = twin.spec();
        let n = n_clips * n_frames;
        let n_neurons = spec.sessions[session].n_neurons;
        let mut random = Streams::new(9).stream("clips");
        let mut normal = |length: usize| {
            let mut values = vec![0.0; length];
            random.fill_normal(&mut values);
            values
        };
        let responses = normal(n * n_neurons).into_iter().map(f32::abs).collect();
        Self {
            session,
            n_clips,
            n_frames,
            stimulus: normal(n * spec.height * spec.width),
            behaviour: normal(n * 2),
            pupil_center: normal(n * 2),
            responses,
        }
    }

    fn input(&self) -> ClipInput<'_> {
        ClipInput {
            session: self.session,
            n_clips: self.n_clips,
            n_frames: self.n_frames,
            stimulus: &self.stimulus,
            behaviour: Some(&self.behaviour),
            pupil_center: Some(&self.pupil_center),
        }
    }
}

fn random() -> RandomStream {
    Streams::new(5).stream("step")
}
