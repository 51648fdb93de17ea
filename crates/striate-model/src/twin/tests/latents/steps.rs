//! Gradients of the whole loss.

use super::*;

/// Settings that change what is minimised, and how.
const SETTINGS: [&str; 12] = [
    "",
    r#""kl": "reversed""#,
    r#""kl": "reversed", "kl_weight": 5.0, "weights": "released""#,
    r#""prior": "autoregressive""#,
    r#""prior": "autoregressive", "kl": "reversed""#,
    r#""objective": "importance""#,
    r#""objective": "importance", "posterior_scale": "per-dimension""#,
    r#""posterior_scale": "per-dimension", "kl_weight": 0.5"#,
    r#""loadings": "from-positions""#,
    r#""masking": "entire-trial""#,
    r#""hidden_fraction": 0.0"#,
    r#""n_samples": 1"#,
];

#[test]
fn a_small_step_against_the_gradient_lowers_every_loss() {
    for likelihood in LIKELIHOODS {
        for settings in SETTINGS {
            let mut twin = loaded(likelihood, settings);
            let batch = batch(&twin, 2, 8);
            let (before, gradients) = step(&mut twin, &batch);
            for (parameter, gradient) in twin.parameters().0.iter().zip(&gradients.0) {
                let wanted = parameter.trainable && !parameter.name.contains(".b.");
                let (found, name) = (gradient.iter().any(|&g| g != 0.0), &parameter.name);
                assert_eq!(found, wanted, "{name} with {settings}");
            }
            let length: f32 = gradients.0.iter().flatten().map(|g| g * g).sum();
            for (parameter, gradient) in twin.parameters_mut().0.iter_mut().zip(&gradients.0) {
                for (value, g) in parameter.values.iter_mut().zip(gradient) {
                    *value -= 1e-2 / length * g;
                }
            }
            let change = step(&mut twin, &batch).0.total() - before.total();
            // First order: -1e-2. Losses of up to some hundred are summed over a frame in f32, which is
            // an error of 1e-4, and curvature is small at this step.
            assert!((change + 1e-2).abs() < 1.5e-3, "{likelihood}, {settings}: {change}");
        }
    }
}

#[test]
fn hidden_responses_are_scored_and_no_others() {
    let mut twin = loaded(POISSON, r#""masking": "entire-trial""#);
    let clips = batch(&twin, 40, 8);
    let (loss, _) = step(&mut twin, &clips);
    // Of 200 neurons of clips, each 5 frames long, half are hidden: within four standard errors.
    assert_eq!(loss.n_scored % 5, 0);
    assert!((loss.n_scored as f64 / 5.0 - 100.0).abs() < 4.0 * 50f64.sqrt(), "{}", loss.n_scored);
}

#[test]
fn released_weights_divide_by_frames_and_regularisers_by_samples() {
    let weights = r#""weights": "released", "kl_weight": 5.0"#;
    let (mut elbo, mut released) = (loaded(POISSON, ""), loaded(POISSON, weights));
    let batch = batch(&elbo, 2, 8);
    let ((elbo, _), (released, _)) = (step(&mut elbo, &batch), step(&mut released, &batch));
    let close = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-12);
    close(released.likelihood, elbo.likelihood / 10.0);
    close(released.regulariser, elbo.regulariser / 30.0);
    close(released.divergence, 5.0 * elbo.divergence_nats / 10.0);
    close(elbo.divergence, 0.5 * elbo.divergence_nats);
    assert_eq!((elbo.scale, released.scale), (0.5, 0.05));
}
