//! Twins with a Gaussian likelihood.

use super::*;
use crate::parameters::Gradients;

fn twin() -> Twin {
    let mut spec = small_spec();
    spec.model.likelihood = serde_json::from_str(r#"{ "kind": "gaussian" }"#).unwrap();
    Twin::build(spec, &small_starts(), &Streams::new(3)).unwrap()
}

#[test]
fn biases_start_where_the_mean_is_the_neurons_own() {
    let mut twin = twin();
    for parameter in &mut twin.parameters_mut().0 {
        if parameter.name.contains("readout.a.features") {
            parameter.values.fill(0.0);
        }
    }
    let moments = twin.moments(&Batch::random(&twin, 0, 2, 8).input()).unwrap();
    assert!(moments.mean.iter().all(|mean| (mean - 0.4).abs() < 1e-6));
    assert!(moments.variance.iter().all(|variance| (variance - 1.001f32.powi(2)).abs() < 1e-6));
}

#[test]
fn moments_samples_and_judgement_are_of_the_same_distribution() {
    let twin = twin();
    let clips = Batch::random(&twin, 0, 2, 8);
    let (input, n_predicted) = (clips.input(), 2 * 5 * 5);
    let moments = twin.moments(&input).unwrap();
    assert_eq!(moments.mean, twin.predict(&input).unwrap());
    let n = 2000;
    let (mut sums, mut random) = (vec![[0.0; 2]; n_predicted], random());
    for _ in 0..n {
        for (sums, y) in sums.iter_mut().zip(twin.sample(&input, &mut random).unwrap()) {
            *sums = [sums[0] + f64::from(y), sums[1] + f64::from(y * y)];
        }
    }
    for ((sums, &mean), &variance) in sums.iter().zip(&moments.mean).zip(&moments.variance) {
        let [first, second] = sums.map(|sum| sum / f64::from(n));
        let (mean, variance) = (f64::from(mean), f64::from(variance));
        // Five standard errors.
        assert!((first - mean).abs() < 5.0 * (variance / f64::from(n)).sqrt());
        let error = 5.0 * variance * (2.0 / f64::from(n)).sqrt();
        assert!((second - first * first - variance).abs() < error);
    }
    let judged = twin.judge(&input, &moments.mean).unwrap();
    assert_eq!((judged.rates, judged.log_densities.len()), (moments.mean, 3));
    assert!(judged.log_densities.iter().all(|found| *found == judged.log_densities[0]));
    for (found, &variance) in judged.log_densities[0].iter().zip(&moments.variance) {
        let expected = -0.5 * (2.0 * std::f64::consts::PI * f64::from(variance)).ln();
        assert!((f64::from(*found) - expected).abs() < 1e-5);
    }
    assert!(twin.judge(&input, &[0.0]).is_err());
}

#[test]
fn a_small_step_against_the_gradient_lowers_the_loss() {
    let mut twin = twin();
    let clips = Batch::random(&twin, 0, 2, 8);
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
    for (parameter, gradient) in twin.parameters_mut().0.iter_mut().zip(&gradients.0) {
        for (value, g) in parameter.values.iter_mut().zip(gradient) {
            *value -= 1e-3 / length * g;
        }
    }
    let change = step(&mut twin).0 - before;
    // First order: -1e-3.
    assert!((change + 1e-3).abs() < 3e-4, "{change}");
}
