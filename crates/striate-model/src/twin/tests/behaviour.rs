//! What a twin promises, apart from its numbers.

use super::*;
use crate::parameters::Gradients;

fn step(twin: &mut Twin, clips: &Batch) -> (StepLoss, Gradients) {
    let mut gradients = Gradients::zeros(twin.parameters());
    let (input, mut random) = (clips.input(), random());
    let loss = twin
        .loss_and_gradients(&input, &clips.responses, 0.5, &mut random, &mut gradients)
        .unwrap();
    (loss, gradients)
}

fn values<'a>(twin: &'a Twin, name: &str) -> &'a [f32] {
    &twin.parameters().find(name).unwrap().values
}

#[test]
fn pieces_change_no_value() {
    let (twin, mut in_pieces) = (small(), small());
    in_pieces.most_values = 1;
    for (n_clips, n_frames) in [(1, 40), (3, 11), (7, 4)] {
        let clips = Batch::random(&twin, 0, n_clips, n_frames);
        let whole = twin.predict(&clips.input()).unwrap();
        assert_eq!(whole.len(), n_clips * (n_frames - 3) * 5);
        assert_eq!(in_pieces.predict(&clips.input()).unwrap(), whole);
    }
}

#[test]
fn same_seed_gives_the_same_bits_and_another_does_not() {
    let (mut a, mut b) = (small(), small());
    assert_eq!(a.parameters(), b.parameters());
    let clips = Batch::random(&a, 0, 2, 8);
    assert_eq!(step(&mut a, &clips), step(&mut b, &clips));
    assert_eq!(a.parameters(), b.parameters());
    let other = Twin::build(small_spec(), &small_starts(), &Streams::new(4)).unwrap();
    assert_ne!(other.parameters(), small().parameters());
}

#[test]
fn one_thread_and_three_give_the_same_bits() {
    let run = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let mut twin = small();
            let clips = Batch::random(&twin, 0, 2, 8);
            let result = step(&mut twin, &clips);
            (result, twin.parameters().clone())
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn gradients_accumulate_over_sessions() {
    let mut twin = small();
    let (first, second) = (Batch::random(&twin, 0, 2, 8), Batch::random(&twin, 1, 2, 8));
    let (_, of_first) = step(&mut twin, &first);
    let (_, of_second) = step(&mut twin, &second);
    let mut both = Gradients::zeros(twin.parameters());
    for clips in [&first, &second] {
        let input = clips.input();
        let (mut random, responses) = (random(), &clips.responses);
        twin.loss_and_gradients(&input, responses, 0.5, &mut random, &mut both).unwrap();
    }
    for ((both, a), b) in both.0.iter().zip(&of_first.0).zip(&of_second.0) {
        let sum: Vec<f32> = a.iter().zip(b).map(|(a, b)| a + b).collect();
        assert_eq!(*both, sum);
    }
    // A session's batch says nothing about another's readout.
    let index = twin.parameters().0.iter().position(|p| p.name == "readout.b.features").unwrap();
    assert!(of_first.0[index].iter().all(|&g| g == 0.0));
    assert!(of_second.0[index].iter().any(|&g| g != 0.0));
}

#[test]
fn training_moves_the_running_statistics_and_prediction_does_not() {
    let mut twin = small();
    let clips = Batch::random(&twin, 0, 2, 8);
    twin.predict(&clips.input()).unwrap();
    assert_eq!(values(&twin, "core.layer0.norm.mean"), [0.0; 4]);
    step(&mut twin, &clips);
    assert!(values(&twin, "core.layer0.norm.mean").iter().all(|&mean| mean != 0.0));
}

#[test]
fn frozen_core_keeps_its_statistics_and_has_no_gradient() {
    let mut twin = small();
    twin.freeze(|parameter| parameter.group == "core");
    let before = twin.parameters().clone();
    let clips = Batch::random(&twin, 0, 2, 8);
    let (loss, gradients) = step(&mut twin, &clips);
    assert!(loss.likelihood.is_finite() && loss.regulariser > 0.0);
    assert_eq!(*twin.parameters(), before);
    for (parameter, gradient) in before.0.iter().zip(&gradients.0) {
        let wanted = parameter.needs_gradient() && !parameter.name.contains(".b.");
        assert_eq!(gradient.iter().any(|&g| g != 0.0), wanted, "{}", parameter.name);
    }
}

#[test]
fn steady_state_takes_no_new_memory() {
    let mut twin = small();
    let clips = Batch::random(&twin, 0, 2, 8);
    for _ in 0..2 {
        step(&mut twin, &clips);
    }
    let bytes = twin.pool.bytes();
    step(&mut twin, &clips);
    assert_eq!(twin.pool.bytes(), bytes);
    assert!(bytes as u64 <= twin.training_bytes(2, 8) + 4 * twin.n_parameters() as u64);
}

#[test]
fn a_small_step_against_the_gradient_lowers_the_loss() {
    let mut twin = small();
    let clips = Batch::random(&twin, 0, 2, 8);
    let (before, gradients) = step(&mut twin, &clips);
    let length: f32 = gradients.0.iter().flatten().map(|g| g * g).sum();
    let rate = 1e-3 / length;
    for (parameter, gradient) in twin.parameters_mut().0.iter_mut().zip(&gradients.0) {
        for (value, g) in parameter.values.iter_mut().zip(gradient) {
            *value -= rate * g;
        }
    }
    let (after, _) = step(&mut twin, &clips);
    let change = after.likelihood + after.regulariser - before.likelihood - before.regulariser;
    // First order: -1e-3; the loss is about 100 and known to f64, curvature is small at this step.
    assert!((change + 1e-3).abs() < 3e-4, "{change}");
}

#[test]
fn given_positions_are_where_readouts_start() {
    let mut starts = small_starts();
    starts[1].positions = Some(vec![[0.5, -0.25], [-1.0, 1.0], [0.0, 0.0]]);
    let twin = Twin::build(small_spec(), &starts, &Streams::new(3)).unwrap();
    assert_eq!(twin.readout_positions(1).unwrap(), [[0.5, -0.25], [-1.0, 1.0], [0.0, 0.0]]);
    assert!(twin.readout_positions(0).unwrap().iter().flatten().all(|p| p.abs() < 1.0));
    assert!(twin.readout_positions(2).is_err());
    assert_eq!(twin.output_grid(), small_spec().output_grid().unwrap());
}

#[test]
fn inputs_that_do_not_fit_are_named() {
    let twin = small();
    let clips = Batch::random(&twin, 0, 2, 8);
    let message = |input: ClipInput<'_>| twin.predict(&input).unwrap_err().to_string();
    let input = clips.input();
    let short = ClipInput { stimulus: &clips.stimulus[1..], ..input };
    assert!(message(short).contains("stimulus has 1919 values, expected 1920"));
    assert!(message(ClipInput { behaviour: None, ..input }).contains("behaviour: found none"));
    let pupil = ClipInput { pupil_center: None, ..input };
    assert!(message(pupil).contains("pupil center: found none"));
    assert!(message(ClipInput { session: 2, ..input }).contains("expected below 2"));
    assert!(message(ClipInput { n_frames: 3, ..input }).contains("at least 4"));
    assert!(message(ClipInput { n_clips: 0, ..input }).contains("clips: found 0"));
}

#[test]
fn specifications_that_do_not_fit_together_are_named() {
    let build = |change: &dyn Fn(&mut TwinSpec)| {
        let mut spec = small_spec();
        change(&mut spec);
        Twin::build(spec, &small_starts(), &Streams::new(3)).err().unwrap().to_string()
    };
    assert!(build(&|s| s.sessions[1].id = "a".into()).contains("each id only once"));
    assert!(build(&|s| s.sessions[1].n_behaviour = 1).contains("behaviour traces of session b"));
    assert!(build(&|s| s.sessions[0].has_pupil_center = false).contains("no pupil center"));
    assert!(build(&|s| s.sessions[0].n_neurons = 6).contains("mean responses of session a"));
    assert!(build(&|s| s.sessions.truncate(1)).contains("starts of sessions: found 2, expected 1"));
    assert!(build(&|s| s.width = 0).contains("`width` is 0"));
}
