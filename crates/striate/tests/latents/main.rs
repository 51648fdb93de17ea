//! Latents that are known to be there, and a recording without any: what a twin must find, and what it
//! must not.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod world;

use ndarray::{Array2, Axis, concatenate};
use striate::base::{CancelToken, NoProgress};
use striate::score::cca::{CcaConfig, PairedSeries, validate};
use striate::score::latents::{
    LatentAnalysisConfig, SessionLatents, USED, analyse_latents, posterior_means,
};
use striate::score::subspace::largest_angle_deg;
use striate::score::{
    Condition, ConditionedPredictor, NeuronScores, Predictor, ScoreConfig, TwinPredictor, score_all,
};
use world::{Course, FIRST_TEST, Law, N_FRAMES, N_NEURONS, PERSISTENCE, Population, World};

fn analysis(world: &World) -> SessionLatents {
    let config =
        LatentAnalysisConfig { tier: Some("test".into()), max_trials: 4, ..Default::default() };
    let twins = (&world.twin, Some(&world.without_latents));
    let watch = (&mut NoProgress, CancelToken::new());
    let all = analyse_latents(twins, &world.recording, &config, watch.0, &watch.1).unwrap();
    all.sessions.into_values().next().unwrap()
}

/// Scores on the tier `test`: without latents, with them, and given half of the neurons.
fn scores(world: &World) -> [NeuronScores; 3] {
    let without = TwinPredictor::new(&world.without_latents, &world.recording).unwrap();
    let alone = TwinPredictor::new(&world.twin, &world.recording).unwrap();
    let given = ConditionedPredictor::new(&world.twin, &world.recording, Condition::Half).unwrap();
    let predictors: [&dyn Predictor; 3] = [&without, &alone, &given];
    let config = ScoreConfig { tiers: Some(vec!["test".into()]), ..ScoreConfig::default() };
    let watch = (&mut NoProgress, CancelToken::new());
    let scores = score_all(&predictors, &world.recording, &config, watch.0, &watch.1).unwrap();
    let of = |which: usize| scores[which].tiers["test"].sessions["latents"].clone();
    [of(0), of(1), of(2)]
}

/// Held-out canonical correlations of inferred latents with the true ones.
fn canonical_correlations(world: &World, found: &SessionLatents) -> Vec<f64> {
    let trials = world.latents.len_of(Axis(0)) - FIRST_TEST;
    let used = found.used();
    let inferred = |trial: usize| {
        let means = posterior_means(&world.twin, &world.recording, 0, trial).unwrap().unwrap();
        means.select(Axis(1), &used).mapv(f64::from)
    };
    let known = |trial: usize| world.latents.index_axis(Axis(0), trial).t().to_owned();
    let join = |of: &dyn Fn(usize) -> Array2<f64>| {
        let parts: Vec<_> = (0..trials).map(|trial| of(FIRST_TEST + trial)).collect();
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        concatenate(Axis(0), &views).unwrap()
    };
    let (inferred, known) = (join(&inferred), join(&known));
    let series = PairedSeries::new(inferred.view(), known.view(), &vec![N_FRAMES; trials]).unwrap();
    let config = CcaConfig { n_components: known.ncols(), ..CcaConfig::default() };
    validate(&series, &config).unwrap().test
}

/// The largest angle between the true loadings and what the used latents do, in degrees.
fn angle(world: &World, found: &SessionLatents) -> f64 {
    let used = found.used();
    let effects = Array2::from_shape_fn((used.len(), N_NEURONS), |(d, neuron)| {
        f64::from(found.effects[used[d]][neuron])
    });
    largest_angle_deg(world.loadings.view(), effects.view()).unwrap()
}

/// Mean over neurons of a difference, and its standard error.
fn paired(first: &[f64], second: &[f64]) -> (f64, f64) {
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
    (mean, (squares / (n * (n - 1.0))).sqrt())
}

fn bits(scores: &NeuronScores) -> Vec<f64> {
    scores.bits_density.iter().map(|bits| bits.unwrap()).collect()
}

/// Everything that must hold where there are latents.
fn assert_latents_are_found(world: &World) {
    let found = analysis(world);
    let n_true = world.loadings.nrows();
    let n_used = found.used().len();
    assert_eq!(n_used, n_true, "more than {USED} of {:?}", found.divergence_nats);
    let angle = angle(world, &found);
    assert!(angle < 15.0, "{angle}");
    let correlations = canonical_correlations(world, &found);
    assert!(correlations.iter().all(|&correlation| correlation > 0.9), "{correlations:?}");

    let [_, alone, given] = scores(world);
    let correlation = |of: &NeuronScores| of.single_trial_correlation.clone();
    let gain = paired(&correlation(&given), &correlation(&alone));
    assert!(gain.0 > 0.1 && gain.0 > 10.0 * gain.1, "{gain:?}");
    let gain_in_bits = paired(&bits(&given), &bits(&alone));
    assert!(gain_in_bits.0 > 10.0 * gain_in_bits.1, "{gain_in_bits:?}");

    let [linked, unrelated] = &found.behaviour[..] else { panic!("{:?}", found.behaviour) };
    assert!(linked.blocked > 0.7 && linked.blocked > linked.control_95, "{linked:?}");
    assert!(unrelated.blocked <= unrelated.control_95, "{unrelated:?}");
}

#[test]
fn independent_latents_of_counts_are_found() {
    let population =
        Population { n_latents: 3, strength: 0.3, course: Course::Independent, law: Law::Poisson };
    let world = World::new(population, &[]);
    assert_latents_are_found(&world);
    // Even unseen, latents broaden what is predicted of a neuron, as they broaden its responses.
    let [without, alone, _] = scores(&world);
    let gain = paired(&bits(&alone), &bits(&without));
    assert!(gain.0 > 0.02 && gain.0 > 2.0 * gain.1, "{gain:?}");
}

#[test]
fn autoregressive_latents_of_zero_inflated_responses_are_found() {
    let population = Population {
        n_latents: 2,
        strength: 0.4,
        course: Course::Autoregressive,
        law: Law::ZeroInflatedGamma(3.0),
    };
    let changes =
        ["model.likelihood.kind=zero-inflated-gamma", "model.latent.prior=autoregressive"];
    let world = World::new(population, &changes);
    assert_latents_are_found(&world);
    let found = analysis(&world);
    for latent in found.used() {
        let coefficient = f64::from(found.prior_coefficients[latent]);
        assert!((coefficient - PERSISTENCE).abs() < 0.1, "{coefficient}");
    }
}

#[test]
fn conditioning_gains_nothing_where_nothing_is_shared() {
    let population = Population {
        n_latents: 2,
        strength: 0.0,
        course: Course::Autoregressive,
        law: Law::Poisson,
    };
    let world = World::new(population, &[]);
    let [without, alone, given] = scores(&world);
    let correlations = paired(&given.single_trial_correlation, &alone.single_trial_correlation);
    let of_bits = paired(&bits(&given), &bits(&alone));
    let cost = paired(&bits(&alone), &bits(&without));
    let found = analysis(&world);
    assert!(correlations.0.abs() < 2.0 * correlations.1, "{correlations:?}");
    // Where latents are idle both are about 0, of which a ratio says nothing.
    assert!(of_bits.0.abs() < 2.0 * of_bits.1 + 1e-4, "{of_bits:?}");
    assert!(cost.0.abs() < 1e-3, "{cost:?}");
    assert_eq!(found.used(), [0usize; 0], "{:?}", found.divergence_nats);
}
