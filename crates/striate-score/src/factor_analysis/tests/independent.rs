//! Factor analysis of independent frames.

use super::*;
use crate::subspace::largest_angle_deg;

#[test]
fn conditioning_is_that_of_the_whole_covariance() {
    let mut random = random("conditioning");
    let model = truth(7, 3, &mut random);
    let values = normal((4, 3), &mut random);
    let (hidden, visible) = ([0, 2, 3, 6], [5, 1, 4]);
    let found = model.condition(&visible, values.view()).unwrap();
    assert_eq!(found.hidden, hidden);
    for (frame, row) in values.outer_iter().enumerate() {
        let row = row.to_owned();
        let sides = (&hidden[..], &visible[..]);
        let (mean, covariance) = brute_force(model.mean(), &model.covariance(), sides, &row);
        for place in 0..4 {
            // Two ways to the same numbers of order 1, in f64.
            assert!((found.mean[[frame, place]] - mean[place]).abs() < 1e-12);
            assert!((found.variance[[frame, place]] - covariance[[place, place]]).abs() < 1e-12);
        }
    }
    let nothing = model.condition(&[], Array2::zeros((1, 0)).view()).unwrap();
    assert!(
        largest_difference(&nothing.mean, &model.mean().clone().insert_axis(ndarray::Axis(0)))
            < 1e-12
    );
    let variances = model.covariance().diag().to_owned().insert_axis(ndarray::Axis(0));
    assert!(largest_difference(&nothing.variance, &variances) < 1e-12);
}

#[test]
fn log_densities_are_those_of_the_whole_covariance() {
    let mut random = random("densities");
    let model = truth(5, 2, &mut random);
    let frames = normal((3, 5), &mut random);
    let found = model.log_densities(frames.view()).unwrap();
    let factor = Cholesky::of(model.covariance().view()).unwrap();
    for (row, found) in frames.outer_iter().zip(&found) {
        let error = (&row - model.mean()).insert_axis(ndarray::Axis(1));
        let square = (&error * &factor.solve(error.view())).sum();
        let constant = 5.0 * std::f64::consts::TAU.ln() + factor.log_determinant();
        assert!((found + 0.5 * (constant + square)).abs() < 1e-12);
    }
}

#[test]
fn fit_finds_the_true_loadings_and_never_falls() {
    let mut random = random("fit");
    let model = truth(20, 3, &mut random);
    let frames = responses(&model, &normal((5000, 3), &mut random), &mut random);
    let fitted = FactorAnalysis::fit(frames.view(), &FactorConfig::with_factors(3)).unwrap();
    let steps = fitted.log_likelihoods();
    // Rounding of sums of order 10.
    assert!(steps.windows(2).all(|pair| pair[1] >= pair[0] - 1e-12), "{steps:?}");
    let angle = largest_angle_deg(model.loadings().t(), fitted.loadings().t()).unwrap();
    // Errors of loadings are about sqrt(psi / n) = 0.014 each, columns are about sqrt(20) long:
    // angles near 0.8 degrees.
    assert!(angle < 3.0, "{angle} degrees");
    // Standard error of a variance of 1 is sqrt(2 / 5000) = 0.02; five of them, and those of the loadings.
    let psi = (fitted.private_variances() - model.private_variances()).mapv(f64::abs);
    assert!(psi.iter().all(|error| *error < 0.2), "{psi}");
    let (own, true_) =
        (fitted.log_densities(frames.view()).unwrap(), model.log_densities(frames.view()).unwrap());
    assert!(
        own.mean().unwrap() > true_.mean().unwrap(),
        "maximum likelihood beats the truth in sample"
    );
    assert!((own.mean().unwrap() - steps[steps.len() - 1]).abs() < 1e-9);
    let again = FactorAnalysis::fit(frames.view(), &FactorConfig::with_factors(3)).unwrap();
    assert_eq!(fitted, again);
}

#[test]
fn factors_are_found_up_to_a_rotation() {
    let mut random = random("factors");
    let model = truth(30, 2, &mut random);
    let factors = normal((400, 2), &mut random);
    let frames = responses(&model, &factors, &mut random);
    let all: Vec<usize> = (0..30).collect();
    let found = model.factors(&all, frames.view()).unwrap();
    for factor in 0..2 {
        let r = crate::cca::correlation(found.column(factor), factors.column(factor)).unwrap();
        // Posterior variance is about psi / 30 = 0.03: correlations near 0.98.
        assert!(r > 0.95, "{r}");
    }
}

#[test]
fn odd_data_are_fitted_and_impossible_ones_refused() {
    let mut random = random("odd");
    // A constant neuron, a copy of a neuron, and as many factors as neurons.
    let mut frames = normal((50, 4), &mut random);
    frames.column_mut(0).fill(3.0);
    let copy = frames.column(1).to_owned();
    frames.column_mut(2).assign(&copy);
    let fitted = FactorAnalysis::fit(frames.view(), &FactorConfig::with_factors(4)).unwrap();
    assert!(fitted.covariance().iter().all(|value| value.is_finite()));
    let config = FactorConfig::with_factors(2);
    let refused = |frames: &Array2<f64>, config: &FactorConfig| {
        FactorAnalysis::fit(frames.view(), config).unwrap_err().to_string()
    };
    let said = refused(&Array2::ones((5, 3)), &config);
    assert!(said.contains("found 0, expected responses that vary"), "{said}");
    let said = refused(&frames, &FactorConfig::with_factors(5));
    assert!(said.contains("n_factors is 5, expected 0 to 4"), "{said}");
    frames[[7, 2]] = f64::NAN;
    let said = refused(&frames, &config);
    assert!(said.contains("NaN in row 7, column 2"), "{said}");
    assert!(refused(&Array2::ones((1, 3)), &config).contains("found [1, 3]"));
    for (visible, expected) in [(vec![1, 1], "1 twice"), (vec![9], "less than 4")] {
        let values = Array2::zeros((2, visible.len()));
        let said = fitted.condition(&visible, values.view()).unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
    }
    let said = fitted.condition(&[1], Array2::zeros((2, 2)).view()).unwrap_err().to_string();
    assert!(said.contains("found 2, expected 1, the visible ones"), "{said}");
}

#[test]
fn each_neuron_from_all_others_at_once_is_that_of_one_after_the_other() {
    let random = &mut random("each");
    let model = truth(9, 3, random);
    let frames = responses(&model, &normal((20, 3), random), random);
    let together = model.condition_each(frames.view()).unwrap();
    for neuron in 0..9 {
        let others: Vec<usize> = (0..9).filter(|&other| other != neuron).collect();
        let seen = frames.select(ndarray::Axis(1), &others);
        let alone = model.condition(&others, seen.view()).unwrap();
        for frame in 0..20 {
            let place = [frame, neuron];
            assert!((together.mean[place] - alone.mean[[frame, 0]]).abs() < 1e-10);
            assert!((together.variance[place] - alone.variance[[frame, 0]]).abs() < 1e-10);
        }
    }
}
