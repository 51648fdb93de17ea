use super::*;

fn session(correlations: &[f64], ceiling: Option<f64>) -> NeuronScores {
    let n = correlations.len();
    NeuronScores {
        n_trials: 4,
        n_repeated_stimuli: 2,
        n_frames: 100,
        single_trial_correlation: correlations.to_vec(),
        correlation_to_average: vec![Some(0.5); n],
        feve: vec![None; n],
        fraction_of_ceiling: correlations.iter().map(|r| ceiling.map(|c| r / c)).collect(),
        noise_ceiling: vec![ceiling; n],
        oracle: vec![ceiling; n],
        ..NeuronScores::default()
    }
}

fn scores(predictor: &str, ceiling: Option<f64>) -> Scores {
    let statement = Statement {
        recording: "retina".to_owned(),
        normalisation: Some("per neuron".to_owned()),
        data_hash: Some("abc".to_owned()),
        scored_from_frame: BTreeMap::from([("a".to_owned(), 50), ("b".to_owned(), 50)]),
    };
    let mut scores = Scores::new(predictor, statement);
    scores.insert("oracle", "a", session(&[0.1, 0.2, 0.3], ceiling));
    scores.insert("oracle", "b", session(&[0.6], ceiling));
    let (tier, session) = ("final".to_owned(), "a".to_owned());
    scores.skipped.push(SkippedTier { tier, session, n_trials: 12 });
    scores
}

#[test]
fn pooling_counts_neurons_and_the_mean_over_sessions_counts_sessions() {
    let scores = scores("twin", Some(0.6));
    let tier = &scores.tiers["oracle"];
    let pooled = tier.pooled(Metric::SingleTrialCorrelation).unwrap();
    assert!((pooled.mean - 0.3).abs() < 1e-12);
    assert!((pooled.median - 0.25).abs() < 1e-12);
    assert_eq!(pooled.n_neurons, 4);
    let over_sessions = tier.mean_over_sessions(Metric::SingleTrialCorrelation).unwrap();
    assert!((over_sessions - 0.4).abs() < 1e-12);
    assert_eq!(tier.pooled(Metric::Feve), None);
}

#[test]
fn json_has_the_documented_shape() {
    let json = scores("twin", Some(0.6)).to_json();
    let tier = &json["tiers"]["oracle"];
    let pooled = &tier["pooled"]["single_trial_correlation"];
    assert_eq!(pooled["n_neurons"], 4);
    assert!((pooled["mean"].as_f64().unwrap() - 0.3).abs() < 1e-12);
    assert_eq!(tier["sessions"]["b"]["single_trial_correlation"]["median"], 0.6);
    assert!(tier["pooled"]["feve"].is_null());
    let keys: Vec<&String> = tier["pooled"].as_object().unwrap().keys().collect();
    let expected =
        ["correlation_to_average", "feve", "fraction_of_ceiling", "single_trial_correlation"];
    assert_eq!(keys, expected);
    assert_eq!(tier["ceilings"]["pooled"]["noise_ceiling"]["median"], 0.6);
    assert_eq!(json["statement"]["scored_from_frame"]["a"], 50);
    assert_eq!(json["skipped"][0]["n_trials"], 12);
}

#[test]
fn table_shows_the_twin_between_baseline_and_ceiling() {
    let table = render_table(&[scores("linear-nonlinear", Some(0.6)), scores("twin", Some(0.6))]);
    let expected = "\
oracle            single trial  median  to average  FEVE  of ceiling  neurons
linear-nonlinear         0.300   0.250       0.500     -       0.500        4
twin                     0.300   0.250       0.500     -       0.500        4
noise ceiling            0.600   0.600                                      4

Recording retina (data abc). Responses normalised per neuron. The first 50 frames of each trial are not \
scored. Means and medians are over all neurons of all sessions together.
Not scored: tier `final` of session `a` has no responses (12 trials).
";
    assert_eq!(table, expected);
}

#[test]
fn table_without_repeats_has_no_ceiling() {
    let table = render_table(&[scores("twin", None)]);
    assert!(!table.contains("ceiling  ") || table.contains("of ceiling"), "{table}");
    assert!(!table.contains("noise ceiling"), "{table}");
}
