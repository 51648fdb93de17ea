//! Twins with a zero-inflated gamma likelihood.

use super::*;
use crate::likelihood::ActiveResponses;
use crate::parameters::Gradients;

const SHAPES: [f32; 5] = [0.4, 0.5, 0.6, 0.9, 2.0];

pub(super) fn start(n_neurons: usize, coordinates: Option<Vec<[f32; 2]>>) -> SessionStart {
    SessionStart {
        mean_response: vec![0.4; n_neurons],
        coordinates,
        active: Some(ActiveResponses {
            shape: SHAPES[..n_neurons].to_vec(),
            fraction: vec![0.3; n_neurons],
            mean: vec![1.2; n_neurons],
        }),
        ..SessionStart::default()
    }
}

fn twin(silent: &str) -> Twin {
    let mut spec = small_spec();
    let likelihood = format!(r#"{{ "kind": "zero-inflated-gamma", "silent": "{silent}" }}"#);
    spec.model.likelihood = serde_json::from_str(&likelihood).unwrap();
    let starts = [start(5, small_starts()[0].coordinates.clone()), start(3, None)];
    Twin::build(spec, &starts, &Streams::new(3)).unwrap()
}

fn set(twin: &mut Twin, name: &str, value: f32) {
    let parameter = twin.parameters_mut().0.iter_mut().find(|p| p.name.contains(name)).unwrap();
    parameter.values.fill(value);
}

/// Batches whose responses are silent half of the time.
fn batch(twin: &Twin) -> Batch {
    let mut batch = Batch::random(twin, 0, 2, 8);
    for response in batch.responses.iter_mut().step_by(2) {
        *response = 0.0;
    }
    batch
}

#[test]
fn biases_start_where_the_distribution_is_the_neurons_own() {
    let mut twin = twin("density");
    // What is left is the bias.
    set(&mut twin, "readout.a.features_q", 0.0);
    set(&mut twin, "readout.a.features_theta", 0.0);
    let clips = batch(&twin);
    let rates = twin.predict(&clips.input()).unwrap();
    let expected = 0.7 * 0.0025 + 0.3 * (1.2 + 0.005);
    assert!(rates.iter().all(|rate| (rate - expected).abs() < 1e-5), "{rates:?}");
}

#[test]
fn moments_samples_and_judgement_are_of_the_same_distribution() {
    let twin = twin("released");
    let clips = batch(&twin);
    let (input, n_predicted) = (clips.input(), 2 * 5 * 5);
    let moments = twin.moments(&input).unwrap();
    assert_eq!(moments.mean, twin.predict(&input).unwrap());
    assert_eq!((moments.mean.len(), moments.variance.len()), (n_predicted, n_predicted));
    let n = 2000;
    let mut sums = vec![0.0; n_predicted];
    let mut random = random();
    for _ in 0..n {
        let drawn = twin.sample(&input, &mut random).unwrap();
        sums.iter_mut().zip(drawn).for_each(|(sum, y)| *sum += f64::from(y));
    }
    for ((sum, &mean), &variance) in sums.iter().zip(&moments.mean).zip(&moments.variance) {
        // Five standard errors of a mean of skewed numbers, of which there are fifty.
        let error = 5.0 * (f64::from(variance) / f64::from(n)).sqrt();
        assert!((sum / f64::from(n) - f64::from(mean)).abs() < error);
    }
    let judged = twin.judge(&input, &vec![0.0; n_predicted]).unwrap();
    assert_eq!(judged.rates, moments.mean);
    let [_, point_mass, density] = &judged.log_densities[..] else { panic!("three conventions") };
    for (b, c) in point_mass.iter().zip(density) {
        assert!((c - b + 0.005f32.ln()).abs() < 1e-5);
    }
    assert!(twin.judge(&input, &[0.0]).is_err());
}

#[test]
fn poisson_twins_know_the_probabilities_of_counts_alone() {
    let twin = small();
    let clips = Batch::random(&twin, 0, 2, 8);
    let judge = |count: f32| twin.judge(&clips.input(), &[count; 2 * 5 * 5]).unwrap();
    let none = judge(0.0);
    for densities in &none.log_densities {
        assert_eq!(densities.len(), none.rates.len());
        for (density, rate) in densities.iter().zip(&none.rates) {
            assert!((density + rate).abs() < 1e-6);
        }
    }
    assert!(judge(0.5).log_densities.concat().iter().all(|density| density.is_nan()));
}

#[test]
fn a_small_step_against_the_gradient_lowers_the_loss_of_every_convention() {
    for silent in ["released", "point-mass", "density"] {
        let mut twin = twin(silent);
        let clips = batch(&twin);
        let mut gradients = Gradients::zeros(twin.parameters());
        let mut step = |twin: &mut Twin| {
            gradients.clear();
            let (input, mut random) = (clips.input(), random());
            twin.loss_and_gradients(&input, &clips.responses, 0.5, &mut random, &mut gradients)
                .map(|loss| (loss.likelihood + loss.regulariser, gradients.clone()))
                .unwrap()
        };
        let (before, gradients) = step(&mut twin);
        let length: f32 = gradients.0.iter().flatten().map(|g| g * g).sum();
        let fitted = twin.parameters().0.iter().zip(&gradients.0).filter(|(p, _)| p.trainable);
        let moved = fitted.filter(|(p, _)| p.name.contains(".a."));
        moved.for_each(|(p, g)| assert!(g.iter().any(|&g| g != 0.0), "{}", p.name));
        for (parameter, gradient) in twin.parameters_mut().0.iter_mut().zip(&gradients.0) {
            for (value, g) in parameter.values.iter_mut().zip(gradient) {
                *value -= 1e-3 / length * g;
            }
        }
        let change = step(&mut twin).0 - before;
        // First order: -1e-3; the loss is about 100 and known to f64, curvature is small at this step.
        assert!((change + 1e-3).abs() < 3e-4, "{silent}: {change}");
    }
}

#[test]
fn shapes_are_in_the_file_and_never_move() {
    let mut twin = twin("density");
    let folder = tempfile::tempdir().unwrap();
    twin.save(folder.path()).unwrap();
    let loaded = Twin::load(folder.path()).unwrap();
    let shapes = loaded.parameters().find("likelihood.a.gamma_shape").unwrap();
    assert_eq!(shapes.values, SHAPES);
    assert!(!shapes.trainable);
    let clips = batch(&twin);
    assert_eq!(loaded.predict(&clips.input()).unwrap(), twin.predict(&clips.input()).unwrap());
    set(&mut twin, "likelihood.a.gamma_shape", 3.0);
    assert_ne!(loaded.predict(&clips.input()).unwrap(), twin.predict(&clips.input()).unwrap());
}
