//! Planted geometry, degenerate input, and a whole experiment.

use ndarray::{Array1, Axis};
use striate_base::{NoProgress, RandomStream};

use super::*;

mod whole;

/// A population whose truth is known.
struct Planted {
    n_stimuli: usize,
    n_repeats: usize,
    n_neurons: usize,
    /// Dimensions of equal variance.
    n_dimensions: usize,
    /// Standard deviation of the noise where the signal's is 1.
    noise: f64,
    /// Correlation of the noise of all neurons.
    shared: f64,
    /// Of what the twin gets wrong.
    error: f64,
}

const EASY: Planted = Planted {
    n_stimuli: 80,
    n_repeats: 10,
    n_neurons: 120,
    n_dimensions: 6,
    noise: 1.0,
    shared: 0.3,
    error: 0.0,
};

fn normal(shape: (usize, usize), random: &mut RandomStream) -> Array2<f64> {
    Array2::from_shape_simple_fn(shape, || random.normal())
}

impl Planted {
    fn responses(&self) -> Responses {
        let &Self { n_stimuli, n_neurons, n_dimensions, .. } = self;
        let mut random = Streams::new(6).stream("planted");
        let loadings = normal((n_dimensions, n_neurons), &mut random);
        let scale = (n_dimensions as f64).sqrt();
        let signal = normal((n_stimuli, n_dimensions), &mut random).dot(&loadings) / scale;
        let [recorded, drawn] = [0, 1].map(|_| self.trials(&signal, &mut random));
        let error = normal((n_stimuli, n_neurons), &mut random);
        Responses {
            tier: "test".into(),
            neurons: (0..n_neurons).collect(),
            pair_neurons: (0..40.min(n_neurons)).collect(),
            groups: (0..n_stimuli).map(|stimulus| stimulus / 4).collect(),
            recorded,
            drawn: drawn
                .iter()
                .map(|d| d.select(Axis(1), &(0..40.min(n_neurons)).collect::<Vec<_>>()))
                .collect(),
            twin: (signal + self.error * error + 3.0).mapv(|value| value as f32),
        }
    }

    fn trials(&self, signal: &Array2<f64>, random: &mut RandomStream) -> Vec<Array2<f32>> {
        let of = |row: ndarray::ArrayView1<'_, f64>| {
            let own = normal((self.n_repeats, self.n_neurons), random);
            let shared = normal((self.n_repeats, 1), random);
            let noise = (1.0 - self.shared).sqrt() * own + self.shared.sqrt() * &shared;
            (&row + &(self.noise * noise)).mapv(|value| value as f32)
        };
        signal.rows().into_iter().map(of).collect()
    }

    fn found(&self) -> Experiment {
        describe_it(self.responses()).unwrap()
    }
}

fn describe_it(responses: Responses) -> Result<Experiment, InsilicoError> {
    let config = GeometryConfig { power_law_ranks: [2, 40], ..GeometryConfig::default() };
    let mut found = Experiment::default();
    let work = (&mut NoProgress as &mut dyn Progress, &CancelToken::new());
    describe(responses, &config, &Streams::new(1), &mut found, work)?;
    Ok(found)
}

fn assert_near(found: &Experiment, name: &str, expected: f64, tolerance: f64) {
    let value = found.summary[name];
    assert!((value - expected).abs() < tolerance, "{name}: {value}, expected {expected}");
}

#[test]
fn a_planted_geometry_is_found() {
    let found = EASY.found();
    // The twin knows the truth; what keeps it from 1 is noise, which the ceilings know of.
    assert!(found.summary["rdm_agreement"] > 0.85, "{:?}", found.summary);
    let reliability = found.summary["rdm_reliability"];
    assert_near(&found, "rdm_agreement", reliability.sqrt(), 0.05);
    let [lower, single, upper] =
        ["rdm_ceiling_lower", "rdm_agreement_single_repeat", "rdm_ceiling_upper"]
            .map(|name| found.summary[name]);
    assert!(lower - 0.02 < single && single < upper, "{lower} {single} {upper}");
    assert!(lower < upper && lower > 0.5);
    assert!(found.summary["distance_without_noise_agreement"] > 0.9);
    // 6 dimensions of equal variance as 80 stimuli and 120 neurons sample them (Marchenko and Pastur).
    let twin = found.summary["participation_ratio_twin"];
    assert!((4.8..=6.0).contains(&twin), "{twin}");
    assert_near(&found, "participation_ratio_without_noise", twin, 0.4);
    assert!(found.summary["participation_ratio_recorded"] > twin + 0.1);
    assert_near(&found, "noise_correlation_mean_recorded", 0.3, 0.03);
    assert_near(&found, "noise_correlation_mean_twin", 0.3, 0.03);
    assert!(found.summary["signal_correlation_agreement"] > 0.95);
    assert!(found.summary["signal_correlation_agreement_error"] < 0.05);
}

#[test]
fn few_neurons_have_no_more_ranks_than_they_are() {
    let found = Planted { n_neurons: 24, ..EASY }.found();
    let exponent = found.summary["power_law_exponent_recorded"];
    // Beyond rank 24 eigenvalues are rounding: with them the exponent was beyond 10.
    assert!((0.0..4.0).contains(&exponent), "{exponent}");
    let found = Planted { n_neurons: 8, ..EASY }.found();
    assert!(!found.summary.contains_key("power_law_exponent_recorded"));
    assert!(!found.summary.contains_key("power_law_exponent_recorded_error"));
}

#[test]
fn distances_without_noise_are_those_of_the_truth() {
    let found = EASY.found();
    let array = |name: &str| &found.arrays.iter().find(|array| array.name == name).unwrap().values;
    let (twin, recorded) =
        (array("distance_without_noise_twin"), array("distance_without_noise_recorded"));
    // The twin is the truth here: means agree, though each recorded distance has noise of its own.
    let ratio = recorded.mean().unwrap() / twin.mean().unwrap();
    assert!((ratio - 1.0).abs() < 0.03, "{ratio}");
    assert!(recorded.iter().any(|&value| value != 0.0));
}

#[test]
fn errors_of_the_twin_and_noise_lower_what_they_should() {
    let easy = EASY.found();
    let wrong = Planted { error: 1.0, ..EASY }.found();
    let noisy = Planted { noise: 4.0, shared: 0.0, ..EASY }.found();
    let of = |found: &Experiment, name: &str| found.summary[name];
    assert!(of(&wrong, "rdm_agreement") < of(&easy, "rdm_agreement") - 0.03);
    assert!(of(&wrong, "participation_ratio_twin") > of(&easy, "participation_ratio_twin") + 1.0);
    assert!((of(&wrong, "rdm_reliability") - of(&easy, "rdm_reliability")).abs() < 1e-12);
    assert!(of(&noisy, "rdm_reliability") < of(&easy, "rdm_reliability") - 0.1);
    assert!(of(&noisy, "noise_correlation_mean_recorded").abs() < 0.02);
    assert!(
        of(&noisy, "participation_ratio_recorded")
            > of(&noisy, "participation_ratio_without_noise") + 3.0
    );
}

/// No number of the experiment is NaN or infinite.
fn assert_finite(found: &Experiment) {
    for (name, value) in &found.summary {
        assert!(value.is_finite(), "{name}: {value}");
    }
    for array in &found.arrays {
        assert!(array.values.iter().all(|value| value.is_finite()), "{}", array.name);
    }
}

#[test]
fn neurons_that_never_respond_leave_finite_numbers() {
    let silent = |mut responses: Responses, n: usize| {
        for of_stimulus in responses.recorded.iter_mut().chain(&mut responses.drawn) {
            of_stimulus.columns_mut().into_iter().take(n).for_each(|mut c| c.fill(2.0));
        }
        responses.twin.columns_mut().into_iter().take(n).for_each(|mut c| c.fill(0.1));
        responses
    };
    let found = describe_it(silent(EASY.responses(), 5)).unwrap();
    assert_finite(&found);
    assert_eq!(found.values_of("correlation_with_recorded").unwrap()[0], Some(0.0));
    assert_near(&found, "noise_correlation_n_pairs", 35.0 * 34.0 / 2.0, 0.5);
    let found = describe_it(silent(EASY.responses(), 120)).unwrap();
    assert_finite(&found);
    assert_eq!(found.summary["rdm_agreement"], 0.0);
    assert!(!found.summary.contains_key("participation_ratio_twin"));
}

#[test]
fn single_trials_are_compared_without_what_needs_repeats() {
    let found = Planted { n_repeats: 1, ..EASY }.found();
    assert_finite(&found);
    assert!(found.summary["rdm_agreement"] > 0.5);
    for name in ["rdm_reliability", "noise_correlation_mean_twin", "rdm_ceiling_lower"] {
        assert!(!found.summary.contains_key(name), "{name}");
    }
    assert!(found.values_of("noise_ceiling").is_none());
}

#[test]
fn one_neuron_is_no_population() {
    let error = describe_it(Planted { n_neurons: 1, ..EASY }.responses()).unwrap_err();
    assert!(error.to_string().contains("found 1, expected at least 2"), "{error}");
}

#[test]
fn results_are_the_same_for_any_number_of_threads() {
    let small = Planted { n_stimuli: 20, n_neurons: 12, ..EASY };
    let of = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| small.found())
    };
    let (one, four) = (of(1), of(4));
    assert_eq!(one, four);
    assert_ne!(one.summary["rdm_agreement_error"], 0.0);
    let mean: Array1<f64> = Array1::from_vec(vec![one.summary["rdm_agreement"]]);
    assert!(mean[0] > 0.5);
}
