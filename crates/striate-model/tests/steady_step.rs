//! A training step after the first ones finds its memory in the pool.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use striate_base::Streams;
use striate_model::{ClipInput, Gradients, SessionShape, SessionStart, Twin, TwinSpec};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const N_CLIPS: usize = 2;
const N_FRAMES: usize = 24;
const HEIGHT: usize = 18;
const WIDTH: usize = 32;
const N_NEURONS: usize = 20_000;

/// All small things of a step together, most of them weights at the points of tiles, take 2 MB. One
/// activation of the smallest layer (16 frames of 18 x 32 pixels and 32 channels in 2 clips), one
/// value per frame and neuron, the weights of the readout: each takes more than 2 MB besides.
const MOST_BYTES: usize = 3 << 20;

fn twin() -> Twin {
    let model = serde_json::from_str(
        r#"{ "core": { "channels": [32, 32], "spatial_kernels": [5, 3], "temporal_kernels": [5, 5],
                       "spatial_padding": "same" } }"#,
    )
    .expect("all keys are known");
    let session = SessionShape {
        id: "one".to_owned(),
        n_neurons: N_NEURONS,
        n_behaviour: 0,
        has_pupil_center: false,
    };
    let start = SessionStart { mean_response: vec![0.5; N_NEURONS], ..SessionStart::default() };
    let spec = TwinSpec { model, height: HEIGHT, width: WIDTH, sessions: vec![session] };
    Twin::build(spec, &[start], &Streams::new(1)).expect("the parts fit together")
}

#[test]
fn step_after_the_first_ones_allocates_nothing_large() {
    let mut twin = twin();
    let stimulus = vec![0.5; N_CLIPS * N_FRAMES * HEIGHT * WIDTH];
    let responses = vec![1.0; N_CLIPS * N_FRAMES * N_NEURONS];
    let input = ClipInput {
        session: 0,
        n_clips: N_CLIPS,
        n_frames: N_FRAMES,
        stimulus: &stimulus,
        behaviour: None,
        pupil_center: None,
    };
    let mut gradients = Gradients::zeros(twin.parameters());
    let mut random = Streams::new(2).stream("steps");
    // One thread: with more, it is a matter of chance which of them first needs some scratch memory.
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    threads.install(|| {
        let region = Region::new(ALLOCATOR);
        for step in 0..6 {
            let before = region.change();
            gradients.clear();
            twin.loss_and_gradients(&input, &responses, 1.0, &mut random, &mut gradients).unwrap();
            let change = region.change() - before;
            let bytes = change.bytes_allocated + change.bytes_reallocated.unsigned_abs();
            assert!(step < 3 || bytes < MOST_BYTES, "step {step} allocated {bytes} bytes");
        }
    });
}
