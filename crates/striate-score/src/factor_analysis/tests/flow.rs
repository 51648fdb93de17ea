//! Factors of transformed responses.

use super::*;

/// Responses that are exponentials of a factor model.
fn exponential(random: &mut RandomStream) -> (FactorAnalysis, Array2<f64>) {
    let loadings = normal((8, 2), random) * 0.4;
    let private = Array1::from_elem(8, 0.1);
    let model = FactorAnalysis::new(Array1::zeros(8), loadings, private).unwrap();
    let frames = responses(&model, &normal((1500, 2), random), random);
    (model, frames.mapv(f64::exp))
}

fn config(transform: Transform) -> FlowConfig {
    FlowConfig { transform, factors: FactorConfig::with_factors(2), smoothing: None }
}

#[test]
fn without_a_transform_it_is_factor_analysis() {
    let mut random = random("plain flow");
    let model = truth(6, 2, &mut random);
    let frames = responses(&model, &normal((300, 2), &mut random), &mut random);
    let trial = PopulationTrial::of(frames.view());
    let flow = FlowFactorAnalysis::fit(&[trial], &config(Transform::None)).unwrap();
    let plain = FactorAnalysis::fit(frames.view(), &FactorConfig::with_factors(2)).unwrap();
    assert_eq!(*flow.factor_analysis(), plain);
    let found = flow.condition(&[trial], &[0, 3]).unwrap().remove(0);
    let seen = frames.select(ndarray::Axis(1), &[0, 3]);
    let expected = plain.condition(&[0, 3], seen.view()).unwrap();
    // Quadrature of a linear function is exact but for rounding.
    assert!(largest_difference(&found.mean, &expected.mean) < 1e-10);
    assert!(largest_difference(&found.transformed_variance, &expected.variance) < 1e-12);
}

#[test]
fn transform_gains_in_density_and_error_where_responses_are_skewed() {
    let (_, frames) = exponential(&mut random("skewed"));
    let (train, test) = frames.view().split_at(ndarray::Axis(0), 1000);
    let judge = |transform| {
        let flow =
            FlowFactorAnalysis::fit(&[PopulationTrial::of(train)], &config(transform)).unwrap();
        let found =
            held_out_neurons(&flow, &[PopulationTrial::of(test)], &leave_one_out(8)).unwrap();
        assert!(found.iter().all(|n| n.neuron == n.set && n.n_frames == 500));
        assert!(found.iter().all(|n| n.conditioned.error < n.alone.error));
        let bits: f64 = found.iter().map(|n| n.conditioned.bits.unwrap()).sum();
        (bits / 8.0, found.iter().map(|n| n.conditioned.error).sum::<f64>() / 8.0)
    };
    let (plain, flow) = (judge(Transform::None), judge(Transform::YeoJohnson));
    assert!(flow.0 > plain.0 && flow.1 < plain.1, "{flow:?} {plain:?}");
}

#[test]
fn hidden_responses_are_not_looked_at() {
    let (_, frames) = exponential(&mut random("hidden"));
    let trial = PopulationTrial::of(frames.view());
    let flow = FlowFactorAnalysis::fit(&[trial], &config(Transform::YeoJohnson)).unwrap();
    let mut other = frames.clone();
    other.slice_mut(ndarray::s![.., 4..]).fill(f64::NAN);
    let visible = [0, 1, 2, 3];
    let expected = flow.condition(&[trial], &visible).unwrap();
    assert_eq!(flow.condition(&[PopulationTrial::of(other.view())], &visible).unwrap(), expected);
}

#[test]
fn densities_of_responses_integrate_to_one() {
    let (_, frames) = exponential(&mut random("integral"));
    let trial = PopulationTrial::of(frames.view());
    for transform in [Transform::YeoJohnson, Transform::SquareRoot { offset: 4.0 }, Transform::None]
    {
        let flow = FlowFactorAnalysis::fit(&[trial], &config(transform)).unwrap();
        let found = flow.condition(&[trial], &[0, 1]).unwrap().remove(0);
        // The density of neuron 2 in frame 0 on a fine grid: the same prediction for every grid point.
        let (step, n) = (0.002, 20_000);
        let grid = Array2::from_shape_fn((n, 8), |(i, _)| -3.9 + step * i as f64);
        let same = |values: &Array2<f64>| Array2::from_elem((n, 1), values[[0, 0]]);
        let one = FlowConditional {
            hidden: vec![found.hidden[0]],
            mean: same(&found.mean),
            transformed_mean: same(&found.transformed_mean),
            transformed_variance: same(&found.transformed_variance),
        };
        let total = flow.log_densities(&one, grid.view()).unwrap().mapv(f64::exp).sum() * step;
        // Powers below 0 or above 2 and roots leave out what lies beyond the transform's range.
        assert!((0.97..1.001).contains(&total), "{transform:?}: {total}");
    }
}

#[test]
fn predictions_are_used_and_residuals_carry_the_rest() {
    let mut random = random("predictions");
    let model = truth(6, 1, &mut random);
    let drive = normal((800, 6), &mut random) * 2.0;
    let frames = responses(&model, &normal((800, 1), &mut random), &mut random) + &drive * 1.5;
    let (first, second) = (ndarray::s![..400, ..], ndarray::s![400.., ..]);
    let (shown, other) = (frames.slice(first), frames.slice(second));
    let train = PopulationTrial { responses: shown, predictions: Some(drive.slice(first)) };
    let test = PopulationTrial { responses: other, predictions: Some(drive.slice(second)) };
    let flow_config =
        FlowConfig { factors: FactorConfig::with_factors(1), ..config(Transform::None) };
    let flow = FlowFactorAnalysis::fit(&[train], &flow_config).unwrap();
    for neuron in held_out_neurons(&flow, &[test], &[vec![0, 1, 2], vec![3, 4, 5]]).unwrap() {
        let own = neuron.alone.transformed_error;
        let variance = model.covariance()[[neuron.neuron, neuron.neuron]];
        // What the drive leaves is the variance of the factor model: 5 standard errors, sqrt(2 / 400) each.
        assert!((own / variance - 1.0).abs() < 0.36, "{own} of {variance}");
        assert!(neuron.conditioned.error <= own * 1.02, "{neuron:?}");
    }
    let without = PopulationTrial::of(test.responses);
    let said = flow.condition(&[without], &[0]).unwrap_err().to_string();
    assert!(said.contains("predictions of a trial: found none"), "{said}");
    let said = FlowFactorAnalysis::fit(&[train, without], &flow_config).unwrap_err().to_string();
    assert!(said.contains("trials with predictions: found 1, expected 2"), "{said}");
}
