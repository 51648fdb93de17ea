//! A twin with free loadings starts as the twin without latents.

use super::*;

/// A twin with latents as it starts, and the same with its latents left out.
fn both(likelihood: &str, settings: &str) -> [Twin; 2] {
    let (with, mut without) = (fresh(likelihood, settings), fresh(likelihood, settings));
    without.use_latents(false);
    assert_eq!((with.n_latents(), without.n_latents()), (2, 0));
    [with, without]
}

#[test]
fn other_parameters_are_those_of_a_twin_that_never_had_latents() {
    for likelihood in LIKELIHOODS {
        let twin = fresh(likelihood, "");
        let mut spec = spec(likelihood, "");
        spec.model.latent = None;
        let never = Twin::build(spec, &starts(), &Streams::new(3)).unwrap();
        let n_shared = never.parameters().0.len();
        assert_eq!(twin.parameters().0[..n_shared], never.parameters().0[..]);
        assert!(twin.parameters().0[n_shared..].iter().all(crate::latent::is_latent));
        let batch = batch(&twin, 2, 8);
        assert!(never.infer(&seen(&batch, None)).is_err());
    }
}

/// Latents that move nothing add zeros: at one point of theirs nothing changes.
#[test]
fn predictions_at_the_latents_mean_are_equal_bit_by_bit() {
    for likelihood in LIKELIHOODS {
        let [with, without] = both(likelihood, r#""prediction": "at-mean""#);
        let batch = batch(&with, 2, 8);
        let expected = without.predict(&batch.input()).unwrap();
        assert_eq!(with.predict(&batch.input()).unwrap(), expected);
        let states = [state(&with, &batch)];
        assert_eq!(with.predict_given(&batch.input(), &states).unwrap(), [expected]);
        assert_eq!(with.moments(&batch.input()).unwrap(), without.moments(&batch.input()).unwrap());
    }
}

/// Averages of equal numbers are rounded, and so is the likelihood: the one over samples is in single
/// precision, the other in double.
#[test]
fn averages_over_latents_are_equal_but_for_rounding() {
    for likelihood in LIKELIHOODS {
        for settings in [r#""prediction": "means""#, r#""prediction": "parameters""#] {
            let [with, without] = both(likelihood, settings);
            let batch = batch(&with, 2, 8);
            let responses = predicted_responses(&with, &batch);
            let expected = without.judge(&batch.input(), &responses).unwrap();
            let prior = with.judge(&batch.input(), &responses).unwrap();
            let given = with.judge_given(&batch.input(), &responses, &[state(&with, &batch)]);
            for found in [prior, given.unwrap().remove(0)] {
                assert_near(&found.rates, &expected.rates, 1e-6);
                assert_eq!(found.log_densities.len(), 3);
                for (found, expected) in found.log_densities.iter().zip(&expected.log_densities) {
                    assert_near(found, expected, 1e-5);
                }
            }
        }
    }
}

/// The same terms in another order of summation.
#[test]
fn loss_of_all_responses_and_its_gradient_are_equal_but_for_rounding() {
    for likelihood in LIKELIHOODS {
        let [mut with, mut without] = both(likelihood, r#""hidden_fraction": 0.0"#);
        let batch = batch(&with, 2, 8);
        let ((found, of_found), (expected, of_expected)) =
            (step(&mut with, &batch), step(&mut without, &batch));
        let relative = (found.likelihood - expected.likelihood).abs() / expected.likelihood.abs();
        assert!(relative < 1e-6, "{relative}");
        assert_eq!((found.regulariser, found.n_scored), (expected.regulariser, expected.n_scored));
        assert_eq!((found.scale, expected.scale), (0.5, 0.5));
        assert_eq!((expected.divergence, expected.divergence_nats), (0.0, 0.0));
        let largest = of_expected.0.iter().flatten().fold(0.0f32, |most, g| most.max(g.abs()));
        let others = with.parameters().0.iter().zip(of_found.0.iter().zip(&of_expected.0));
        for (_, (found, expected)) in others.filter(|(p, _)| !crate::latent::is_latent(p)) {
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-5 * largest, "{found}, not {expected}");
            }
        }
    }
}
