//! Predictions where something is known about the latents.

use super::*;

#[test]
fn pieces_change_no_value() {
    for likelihood in LIKELIHOODS {
        let (twin, mut in_pieces) = (loaded(likelihood, ""), loaded(likelihood, ""));
        in_pieces.most_values = 1;
        for (n_clips, n_frames) in [(1, 30), (4, 7)] {
            let batch = batch(&twin, n_clips, n_frames);
            let responses = predicted_responses(&twin, &batch);
            let prior = LatentState::prior(n_clips * (n_frames - 3), 2);
            let states = [state(&twin, &batch), prior];
            let judge = |twin: &Twin| {
                let judged = twin.judge_given(&batch.input(), &responses, &states).unwrap();
                let weights = twin.log_weights(&batch.input(), &responses, &states[0], &[true; 5]);
                let mut random = random();
                let below =
                    twin.cumulative(&batch.input(), &responses, (Some(&states[0]), 3), &mut random);
                (judged, weights.unwrap(), below.unwrap())
            };
            let (whole, parts) = (judge(&twin), judge(&in_pieces));
            assert_eq!(whole.0[0].rates.len(), responses.len());
            assert_eq!(parts, whole);
            let rates = twin.predict_given(&batch.input(), &states).unwrap();
            assert_eq!(rates, [whole.0[0].rates.clone(), whole.0[1].rates.clone()]);
        }
    }
}

#[test]
fn each_neurons_own_state_counts_for_it() {
    for likelihood in LIKELIHOODS {
        for settings in [r#""prediction": "means""#, r#""prediction": "at-mean""#] {
            let (mut twin, batch) = {
                let twin = loaded(likelihood, settings);
                let batch = batch(&twin, 1, 12);
                (twin, batch)
            };
            let responses = predicted_responses(&twin, &batch);
            let all = twin.infer_without_each(&seen(&batch, None), &[0, 1, 2, 3, 4]).unwrap();
            let all = all.frames(12, &(3..12));
            let states: Vec<LatentState> = all
                .mean
                .chunks_exact(9 * 2)
                .map(|mean| LatentState { mean: mean.to_vec(), scale: all.scale.clone() })
                .collect();
            let expected = twin.judge_given(&batch.input(), &responses, &states).unwrap();
            let found = twin.judge_each(&batch.input(), &responses, &all).unwrap();
            twin.most_values = 1;
            assert_eq!(twin.judge_each(&batch.input(), &responses, &all).unwrap(), found);
            for neuron in 0..5 {
                let of = |values: &[f32]| -> Vec<f32> {
                    values.iter().skip(neuron).step_by(5).copied().collect()
                };
                let expected = &expected[neuron];
                // Sums over samples in another order, densities in another precision.
                assert_near(&of(&found.rates), &of(&expected.rates), 1e-5);
                for (found, expected) in found.log_densities.iter().zip(&expected.log_densities) {
                    assert_near(&of(found), &of(expected), 1e-5);
                }
            }
        }
    }
}

#[test]
fn weights_without_loadings_are_sums_of_log_densities() {
    for likelihood in LIKELIHOODS {
        let twin = fresh(likelihood, "");
        let batch = batch(&twin, 2, 8);
        let responses = predicted_responses(&twin, &batch);
        let judged = twin.judge(&batch.input(), &responses).unwrap();
        let counted = [true, false, true, true, false];
        let prior = LatentState::prior(10, 2);
        let weights = twin.log_weights(&batch.input(), &responses, &prior, &counted).unwrap();
        assert_eq!((weights.len(), weights[0].len()), (10, 20));
        let rows = judged.log_densities[2].chunks_exact(5);
        for (weights, densities) in weights.iter().zip(rows) {
            let counts = densities.iter().zip(counted).filter(|(_, counts)| *counts);
            let expected: f64 = counts.map(|(&density, _)| f64::from(density)).sum();
            for weight in weights {
                assert!((weight - expected).abs() < 1e-5 * (1.0 + expected.abs()));
            }
        }
    }
}

/// The joint density of a frame's responses: by importance sampling from something like the posterior, and
/// as an integral over the only latent.
#[test]
fn average_weight_is_the_joint_density() {
    for likelihood in LIKELIHOODS {
        let twin = loaded(likelihood, r#""dim": 1, "n_evaluation_samples": 20000"#);
        // One sample, which does not move: the density at a point.
        let at_point = loaded(likelihood, r#""dim": 1, "n_evaluation_samples": 1"#);
        let batch = batch(&twin, 1, 4);
        let (input, responses) = (batch.input(), predicted_responses(&twin, &batch));
        let proposal = LatentState { mean: vec![0.2], scale: vec![0.9] };
        let weights = twin.log_weights(&input, &responses, &proposal, &[true; 5]).unwrap();
        let found = weights[0].iter().map(|weight| weight.exp()).sum::<f64>() / 20_000.0;
        let width = 0.05;
        let points: Vec<f32> = (-160..=160).map(|i| i as f32 * width).collect();
        let of = |&z: &f32| LatentState { mean: vec![z], scale: vec![0.0] };
        let states: Vec<LatentState> = points.iter().map(of).collect();
        let judged = at_point.judge_given(&input, &responses, &states).unwrap();
        let term = |(judged, &z): (&Judgement, &f32)| {
            let joint: f64 = judged.log_densities[2].iter().map(|&d| f64::from(d)).sum();
            let z = f64::from(z);
            (joint - 0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
        };
        let expected = judged.iter().zip(&points).map(term).sum::<f64>() * f64::from(width);
        // Weights of 20 000 samples vary about as much as they are large: a standard error of 0.7 %.
        assert!((found / expected - 1.0).abs() < 0.03, "{likelihood}: {found}, not {expected}");
    }
}

/// The rate is the parameter of a Poisson distribution, so that averages of either are the same; the mean of
/// a zero-inflated one is no linear function of its parameters.
#[test]
fn averages_of_parameters_are_averages_of_means_where_these_are_parameters() {
    for likelihood in LIKELIHOODS {
        let [means, parameters] = ["means", "parameters"]
            .map(|kind| loaded(likelihood, &format!(r#""prediction": "{kind}""#)));
        let batch = batch(&means, 2, 8);
        let [means, parameters] =
            [means, parameters].map(|twin| twin.predict(&batch.input()).unwrap());
        if likelihood == POISSON {
            // Sums over samples in another order.
            assert_near(&parameters, &means, 1e-5);
        } else {
            let largest = means.iter().zip(&parameters).map(|(m, p)| (m - p).abs());
            assert!(largest.fold(0.0, f32::max) > 1e-2);
        }
    }
}
