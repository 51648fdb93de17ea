use super::*;
use crate::pool::Pool;
use crate::testing::{Case, check};

const SHAPES: [f32; 2] = [0.5, 2.0];
const LOG_GAMMA: [f32; 2] = [0.572_365, 0.0];
// A number that f32 has.
const RHO: f32 = 0.0625;
/// `[1, 2, 2]`
const RESPONSES: [f32; 4] = [0.0, 1.25, 2.5, 0.5];
/// Two rows of two samples of one latent.
const NOISE: [f32; 4] = [0.5, -1.25, 0.75, 2.0];
const HEADS: [f32; 4] = [0.3, -0.7, 1.9, -1.2];
const OTHER_HEADS: [f32; 4] = [-0.4, 0.8, 1.1, -1.7];

fn laws(tape: &mut Tape) -> Result<[MonteCarloLaw; 3], OpError> {
    let shape = tape.constant(vec![2], &SHAPES)?;
    let log_gamma = tape.constant(vec![2], &LOG_GAMMA)?;
    let neurons = ZeroInflatedGamma { shape, log_gamma, rho: RHO };
    let convention = Convention::Density;
    Ok([
        MonteCarloLaw::Poisson { epsilon: 1e-8 },
        MonteCarloLaw::ZeroInflatedGamma { neurons, convention },
        MonteCarloLaw::Gaussian,
    ])
}

fn elu_plus_one(x: f64) -> f64 {
    if x > 0.0 { x + 1.0 } else { x.exp() }
}

/// Negative logarithm of the density, by the law's place in [`laws`].
fn term(law: usize, x: [f64; 2], y: f32, n: usize) -> f64 {
    let wide = f64::from(y);
    match law {
        0 => {
            let rate = elu_plus_one(x[0]);
            rate - wide * (rate + 1e-8).ln()
        }
        1 => {
            let q = 0.99999 / (1.0 + (-x[0]).exp()) + 1e-6;
            let theta = elu_plus_one(x[1]) + 1e-6;
            let (k, excess) = (f64::from(SHAPES[n]), f64::from(y - RHO));
            let normaliser = k * theta.ln() + f64::from(LOG_GAMMA[n]);
            let active = normaliser + excess / theta - q.ln() - (k - 1.0) * excess.ln();
            if excess > 0.0 { active } else { f64::from(RHO).ln() - (1.0 - q).ln() }
        }
        _ => {
            let deviation = elu_plus_one(x[1]) + f64::from(1e-3f32);
            let constant = 0.5 * (2.0 * std::f64::consts::PI).ln();
            deviation.ln() + 0.5 * ((wide - x[0]) / deviation).powi(2) + constant
        }
    }
}

/// The objective in double precision, from heads, loadings, mean and scale.
fn reference(law: usize, objective: Objective, x: &[Vec<f64>]) -> f64 {
    let outputs = if law == 0 { 1 } else { 2 };
    let (mean, scale) = (&x[2 * outputs], x[2 * outputs + 1][0]);
    let log_weight = |row: usize, sample: usize| {
        let noise = f64::from(NOISE[2 * row + sample]);
        let z = mean[row] + scale * noise;
        let mut sum = 0.0;
        for n in 0..2 {
            let mut found = [0.0; 2];
            for output in 0..outputs {
                found[output] = x[output][2 * row + n] + x[outputs + output][n] * z;
            }
            sum -= term(law, found, RESPONSES[2 * row + n], n);
        }
        [sum, 0.5 * (noise * noise - z * z) + scale.ln()]
    };
    let of_row = |row| {
        let [first, second] = [0, 1].map(|sample| log_weight(row, sample));
        match objective {
            Objective::Average => -0.5 * (first[0] + second[0]),
            Objective::Importance => {
                let weights = [first, second].map(|[likelihood, prior]| (likelihood + prior).exp());
                -(0.5 * (weights[0] + weights[1])).ln()
            }
        }
    };
    of_row(0) + of_row(1)
}

#[test]
fn gradients_agree_with_differences() {
    for law in 0..3 {
        let mut case = Case::new().argument(&[1, 2, 2], &HEADS);
        if law > 0 {
            case = case.argument(&[1, 2, 2], &OTHER_HEADS);
        }
        case = case.argument(&[1, 2], &[0.3, -0.4]);
        if law > 0 {
            case = case.argument(&[1, 2], &[-0.2, 0.5]);
        }
        case = case.argument(&[1, 2, 1], &[0.2, -0.6]).argument(&[1], &[0.7]);
        for objective in [Objective::Average, Objective::Importance] {
            let operation = |tape: &mut Tape, vars: &[Var]| {
                let outputs = if law == 0 { 1 } else { 2 };
                let responses = tape.constant(vec![1, 2, 2], &RESPONSES)?;
                let posterior = Posterior {
                    mean: vars[2 * outputs].clone(),
                    scale: vars[2 * outputs + 1].clone(),
                };
                let population = MonteCarlo {
                    law: &laws(tape)?[law],
                    heads: &vars[..outputs],
                    loadings: &vars[outputs..2 * outputs],
                    posterior: &posterior,
                    n_samples: 2,
                    noise: &Noise::Given(NOISE.into()),
                };
                Ok(population.loss(tape, objective, &responses, None)?.0)
            };
            check(&case, operation, |x| vec![reference(law, objective, x)]);
        }
    }
}

/// Hand Gaussian neurons and responses to `task`, with a number of samples.
fn with_gaussian<T>(
    noise: &Noise,
    n_samples: usize,
    task: impl FnOnce(&mut Tape, &MonteCarlo<'_>, &Var) -> T,
) -> T {
    let mut tape = Tape::recording(&Pool::new());
    let heads = [&HEADS, &OTHER_HEADS].map(|head| tape.leaf(vec![1, 2, 2], head).unwrap());
    let loadings = [[0.3, -0.4], [-0.2, 0.5]].map(|l| tape.leaf(vec![1, 2], &l).unwrap());
    let mean = tape.leaf(vec![1, 2, 1], &[0.2, -0.6]).unwrap();
    let scale = tape.leaf(vec![1], &[0.7]).unwrap();
    let population = MonteCarlo {
        law: &MonteCarloLaw::Gaussian,
        heads: &heads,
        loadings: &loadings,
        posterior: &Posterior { mean, scale },
        n_samples,
        noise,
    };
    let responses = tape.constant(vec![1, 2, 2], &RESPONSES).unwrap();
    task(&mut tape, &population, &responses)
}

#[test]
fn evaluations_fit_the_loss_and_each_other() {
    // The same numbers in both rows.
    let shared = Noise::Shared(NOISE.into());
    let given = Noise::Given([NOISE, NOISE].concat().into());
    let evaluate = |noise: &Noise| {
        with_gaussian(noise, 4, |tape, population, responses| {
            let loss = population.loss(tape, Objective::Average, responses, None).unwrap().1;
            let weights = population.log_weights(responses, None).unwrap();
            let average = -weights.iter().sum::<f64>() / 4.0;
            assert!((loss - average).abs() < 1e-5, "{loss}, not {average}");
            (population.means().unwrap(), population.log_densities(responses).unwrap(), weights)
        })
    };
    let (means, densities, weights) = evaluate(&shared);
    assert_eq!((means.clone(), densities.clone(), weights), evaluate(&given));
    // The mean of a Gaussian law is linear in the latents.
    let z = 0.2 + 0.7 * NOISE.iter().sum::<f32>() / 4.0;
    assert!((means[0] - (HEADS[0] + 0.3 * z)).abs() < 1e-6);
    assert_eq!((densities.len(), densities[0].len()), (1, 4));
}

#[test]
fn keys_give_every_row_numbers_of_its_own() {
    let drawn = |key: u64| {
        let numbers = |row: usize| {
            let mut values = [0.0; 6];
            Noise::Key(key).fill(row, &mut values);
            values
        };
        [numbers(0), numbers(1)]
    };
    assert_eq!(drawn(7), drawn(7));
    assert_ne!(drawn(7), drawn(8));
    assert_ne!(drawn(7)[0], drawn(7)[1]);
    let loss = |key| {
        with_gaussian(&Noise::Key(key), 3, |tape, population, responses| {
            let counted = tape.constant(vec![1, 2, 2], &[1.0, 0.0, 1.0, 0.0]).unwrap();
            population.loss(tape, Objective::Importance, responses, Some(&counted)).unwrap().1
        })
    };
    assert_eq!(loss(1), loss(1));
    assert_ne!(loss(1), loss(2));
}

#[test]
fn other_shapes_are_refused() {
    let noise = Noise::Shared([0.0; 3].into());
    with_gaussian(&noise, 3, |tape, population, responses| {
        assert!(population.means().is_ok());
        assert!(MonteCarlo { n_samples: 0, ..population.clone() }.means().is_err());
        assert!(MonteCarlo { n_samples: 4, ..population.clone() }.means().is_err());
        let heads = &population.heads[..1];
        assert!(MonteCarlo { heads, ..population.clone() }.means().is_err());
        let loadings = population.heads;
        assert!(MonteCarlo { loadings, ..population.clone() }.means().is_err());
        let law = &MonteCarloLaw::Poisson { epsilon: 0.0 };
        assert!(MonteCarlo { law, ..population.clone() }.means().is_err());
        let short = tape.constant(vec![1, 1, 2], &[0.0; 2]).unwrap();
        assert!(population.log_densities(&short).is_err());
        let average = Objective::Average;
        assert!(population.loss(tape, average, responses, Some(&short)).is_err());
    });
}
