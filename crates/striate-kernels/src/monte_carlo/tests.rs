mod edges;
mod reference;

use proptest::prelude::*;

use super::*;
use crate::testing::{assert_close, at_every_level, at_native_speed, cases, random, with_threads};
use crate::zero_inflated_gamma::{HeadGradients, Heads};
use reference::{Case, Kind, Sizes};

const OBJECTIVES: [Objective; 2] = [Objective::Average, Objective::Importance];

fn sizes() -> BoxedStrategy<Sizes> {
    // Blocks have 64 neurons, groups 4 samples.
    let neurons = prop_oneof![4 => 1..6usize, 1 => Just(64usize), 1 => 65..70usize];
    let neurons = if cfg!(miri) { (1..6usize).boxed() } else { neurons.boxed() };
    (1..4usize, neurons, 0..4usize, 1..10usize)
        .prop_map(|(n_rows, n_neurons, dim, n_samples)| Sizes { n_rows, n_neurons, dim, n_samples })
        .boxed()
}

/// Loss and gradients `[heads, loadings, mean, scale]`.
fn found(case: &Case, objective: Objective) -> (f64, Vec<Vec<f32>>) {
    case.with(|population, responses| {
        let mut all: Vec<Vec<f32>> =
            case.arguments.iter().map(|values| vec![f32::NAN; values.len()]).collect();
        let outputs = population.law.outputs();
        let (heads, rest) = all.split_at_mut(outputs);
        let (loadings, rest) = rest.split_at_mut(outputs);
        let [mean, scale] = rest else { panic!("mean and scale") };
        let mut heads: Vec<&mut [f32]> = heads.iter_mut().map(|head| &mut head[..]).collect();
        let mut loadings: Vec<&mut [f32]> = loadings.iter_mut().map(|l| &mut l[..]).collect();
        let gradients = Gradients { heads: &mut heads, loadings: &mut loadings, mean, scale };
        let loss = population.loss(responses, objective, gradients);
        (loss, all)
    })
}

/// Compare with the reference: loss, and gradients by central differences.
#[track_caller]
fn check(case: &Case, objective: Objective) {
    let (loss, gradients) = found(case, objective);
    let wide: Vec<Vec<f64>> =
        case.arguments.iter().map(|a| a.iter().map(|&x| f64::from(x)).collect()).collect();
    let expected = case.objective(&wide, objective);
    let size = (case.sizes.n_rows * case.sizes.n_neurons) as f64 * 10.0 + expected.abs();
    assert!((loss - expected).abs() < 1e-6 * size, "{objective:?}: {loss}, not {expected}");
    // Weights are exponentials of numbers as large as the loss, and carry the rounding of these.
    let of_weights = if objective == Objective::Importance { 3e-6 * expected.abs() } else { 0.0 };
    let (step, tolerance) = (1e-5, 1e-5 + of_weights);
    for (argument, gradient) in gradients.iter().enumerate() {
        let slope = |element: usize| {
            let at = |by: f64| {
                let mut beside = wide.clone();
                beside[argument][element] += by;
                case.objective(&beside, objective)
            };
            (at(step) - at(-step)) / (2.0 * step)
        };
        let slopes: Vec<f64> = (0..gradient.len()).map(slope).collect();
        assert_close(&format!("{objective:?}, argument {argument}"), gradient, &slopes, tolerance);
    }
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn loss_and_gradients_agree_with_differences(
        sizes in sizes(),
        kind in prop::sample::select(Kind::ALL.to_vec()),
        seed in 1..1000u64,
        is_masked: bool,
    ) {
        let case = Case::new(kind, sizes, seed, is_masked);
        at_every_level(|| {
            for objective in OBJECTIVES {
                check(&case, objective);
            }
        });
    }

    #[test]
    fn averages_agree_with_materialised_ones(
        sizes in sizes(),
        kind in prop::sample::select(Kind::ALL.to_vec()),
        seed in 1..1000u64,
    ) {
        let case = Case::new(kind, sizes, seed, true);
        let n_values = sizes.n_rows * sizes.n_neurons;
        at_every_level(|| case.with(|population, responses| {
            let mut means = vec![f32::NAN; n_values];
            population.means(&mut means);
            assert_close("means", &means, &case.means(), 1e-6);
            let mut densities = vec![vec![f32::NAN; n_values]; population.law.densities()];
            let mut slices: Vec<&mut [f32]> = densities.iter_mut().map(|d| &mut d[..]).collect();
            population.log_densities(responses.values, &mut slices);
            for (found, kind) in densities.iter().zip(kind.densities()) {
                assert_close(&format!("{kind:?}"), found, &case.log_densities(*kind), 2e-6);
            }
            let mut weights = vec![f64::NAN; sizes.n_rows * sizes.n_samples];
            population.row_log_weights(responses, &mut weights);
            for (found, expected) in weights.iter().zip(case.log_weights()) {
                let size = 10.0 * sizes.n_neurons as f64 + expected.abs();
                assert!((found - expected).abs() < 1e-6 * size, "{found}, not {expected}");
            }
        }));
    }
}

#[test]
fn without_loadings_the_average_is_the_loss_of_the_heads() {
    let n_samples = at_native_speed(13, 5);
    let sizes = Sizes { n_rows: 2, n_neurons: at_native_speed(130, 3), dim: 2, n_samples };
    let mut case = Case::new(Kind::Density, sizes, 5, false);
    case.arguments[2].fill(0.0);
    case.arguments[3].fill(0.0);
    let (loss, gradients) = found(&case, Objective::Average);
    let n = sizes.n_rows * sizes.n_neurons;
    let (mut q, mut theta) = (vec![0.0; n], vec![0.0; n]);
    let of_heads = HeadGradients { q: &mut q, theta: &mut theta };
    let heads = Heads { q: &case.arguments[0], theta: &case.arguments[1] };
    let neurons = case.neurons();
    let expected = neurons.loss(Convention::Density, heads, &case.responses, of_heads);
    assert!((loss - expected).abs() < 1e-6 * n as f64, "{loss}, not {expected}");
    for (found, expected) in gradients.iter().zip([&q, &theta]) {
        let expected: Vec<f64> = expected.iter().map(|&x| f64::from(x)).collect();
        assert_close("heads", found, &expected, 1e-6);
    }
    assert!(gradients[4..].iter().flatten().all(|&slope| slope == 0.0));
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn same_bits_for_any_number_of_threads() {
    let sizes = Sizes { n_rows: 70, n_neurons: 150, dim: 3, n_samples: 7 };
    for kind in [Kind::Poisson, Kind::Density, Kind::Gaussian] {
        let case = Case::new(kind, sizes, 3, true);
        at_every_level(|| {
            for objective in OBJECTIVES {
                let run = || found(&case, objective);
                assert_eq!(with_threads(1, run), with_threads(3, run));
            }
        });
    }
}

#[test]
#[should_panic(expected = "loading has 5 values, expected the shape [2, 3]")]
fn wrong_lengths_are_named() {
    let mut case = Case::new(
        Kind::Gaussian,
        Sizes { n_rows: 1, n_neurons: 3, dim: 2, n_samples: 1 },
        1,
        false,
    );
    case.arguments[3].pop();
    found(&case, Objective::Average);
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn rounding_of_large_log_weights_stays_in_bounds() {
    // Two samples compete at log weights of -119, made of terms as large as 100.
    let sizes = Sizes { n_rows: 1, n_neurons: 67, dim: 2, n_samples: 3 };
    let case = Case::new(Kind::Gaussian, sizes, 816, true);
    at_every_level(|| check(&case, Objective::Importance));
}
