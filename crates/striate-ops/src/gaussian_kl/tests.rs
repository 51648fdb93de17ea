use super::*;
use crate::Pool;
use crate::testing::{Case, check};

const DIRECTIONS: [KlDirection; 2] = [KlDirection::Proper, KlDirection::Reversed];

type Matrix = [[f64; 3]; 3];

fn determinant(m: &Matrix) -> f64 {
    (0..3).map(|j| m[0][j] * cofactor(m, 0, j)).sum()
}

fn cofactor(m: &Matrix, i: usize, j: usize) -> f64 {
    let [r, s, c, d] = [(i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3];
    m[r][c] * m[s][d] - m[r][d] * m[s][c]
}

/// Divergence of multivariate normal distributions of 3 frames.
fn dense((mean_a, a): ([f64; 3], &Matrix), (mean_b, b): ([f64; 3], &Matrix)) -> f64 {
    let mut sum = (determinant(b) / determinant(a)).ln() - 3.0;
    for i in 0..3 {
        for j in 0..3 {
            let inverse = cofactor(b, j, i) / determinant(b);
            sum += inverse * (a[j][i] + (mean_b[i] - mean_a[i]) * (mean_b[j] - mean_a[j]));
        }
    }
    0.5 * sum
}

/// Mean `[clip, 3, 2]`, scale `[2]`, coefficient `[2]`.
fn reference(x: &[Vec<f64>], direction: KlDirection) -> Vec<f64> {
    let of_dim = |clip: &[f64], dim: usize| {
        let mean = [clip[dim], clip[2 + dim], clip[4 + dim]];
        let (s, a) = (x[1][dim], x.get(2).map_or(0.0, |a| a[dim]));
        let entry = |f: fn(usize, f64, f64) -> f64| {
            std::array::from_fn(|i| std::array::from_fn(|j: usize| f(i.abs_diff(j), s, a)))
        };
        let posterior: Matrix = entry(|apart, s, _| if apart == 0 { s * s } else { 0.0 });
        let prior: Matrix = entry(|apart, _, a| a.powi(apart as i32));
        let [q, p] = [(mean, &posterior), ([0.0; 3], &prior)];
        if direction == KlDirection::Proper { dense(q, p) } else { dense(p, q) }
    };
    vec![x[0].chunks(6).map(|clip| of_dim(clip, 0) + of_dim(clip, 1)).sum()]
}

#[test]
fn divergence_and_gradients_are_those_of_the_dense_normal_distributions() {
    for direction in DIRECTIONS {
        let case = || Case::new().random(&[2, 3, 2], 1).argument(&[2], &[0.7, -1.3]);
        check(
            &case(),
            |t, v| Ok(gaussian_kl(t, &v[0], &v[1], &LatentPrior::Independent, direction)?.0),
            |x| reference(x, direction),
        );
        check(
            &case().argument(&[2], &[0.8, -0.4]),
            |t, v| {
                let prior = LatentPrior::Autoregressive { coefficient: v[2].clone() };
                Ok(gaussian_kl(t, &v[0], &v[1], &prior, direction)?.0)
            },
            |x| reference(x, direction),
        );
    }
}

/// 2 clips of 6 frames of 2 dimensions whose squares add up to 3.
fn three(tape: &mut Tape) -> Var {
    let values: Vec<f32> = (0..24).map(|i| if i % 8 == 3 { -1.0 } else { 0.0 }).collect();
    tape.constant(vec![2, 6, 2], &values).unwrap()
}

#[test]
fn golden_values() {
    let mut tape = Tape::forward_only(&Pool::new());
    let mean = three(&mut tape);
    for (s, reversed, proper) in [
        (1.0, 1.5, 1.5),
        (0.5, 25.364_467_667, 9.135_532_333),
        // The scale is the f32 number next to 0.1: that changes the first by 3.8e-5.
        (0.1, 1_282.737_957_768, 44.882_042_232),
        (-0.5, 25.364_467_667, 9.135_532_333),
    ] {
        let scale = tape.constant(vec![2], &[s; 2]).unwrap();
        for (direction, expected) in DIRECTIONS.into_iter().zip([proper, reversed]) {
            let prior = LatentPrior::Independent;
            let (var, found) = gaussian_kl(&mut tape, &mean, &scale, &prior, direction).unwrap();
            let tolerance = if s == 0.1 { 1e-4 } else { 1e-9 };
            assert!((found - expected).abs() < tolerance, "{found}, not {expected}");
            assert_eq!(var.scalar(), found as f32);
        }
    }
}

#[test]
fn a_coefficient_of_0_is_the_independent_prior() {
    let mut tape = Tape::forward_only(&Pool::new());
    let mean = three(&mut tape);
    let scale = tape.constant(vec![2], &[0.5, 2.0]).unwrap();
    let coefficient = tape.constant(vec![2], &[0.0; 2]).unwrap();
    let autoregressive = LatentPrior::Autoregressive { coefficient };
    for direction in DIRECTIONS {
        let mut with = |prior| gaussian_kl(&mut tape, &mean, &scale, prior, direction).unwrap().1;
        assert_eq!(with(&autoregressive), with(&LatentPrior::Independent));
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let mut tape = Tape::forward_only(&Pool::new());
    let mean = three(&mut tape);
    let [one, two] = [1, 2].map(|n| tape.constant(vec![n], &[0.5; 2][..n]).unwrap());
    let prior =
        |coefficient: &Var| LatentPrior::Autoregressive { coefficient: coefficient.clone() };
    let mut of = |mean: &Var, scale: &Var, prior: &LatentPrior| {
        gaussian_kl(&mut tape, mean, scale, prior, KlDirection::Proper).is_err()
    };
    assert!(!of(&mean, &two, &prior(&two)));
    assert!(of(&mean, &one, &LatentPrior::Independent));
    assert!(of(&mean, &two, &prior(&one)));
    assert!(of(&two, &two, &LatentPrior::Independent));
}

#[test]
fn no_frames_diverge_by_nothing() {
    let mut tape = Tape::forward_only(&Pool::new());
    let mean = tape.constant(vec![2, 0, 1], &[]).unwrap();
    let scale = tape.constant(vec![1], &[0.5]).unwrap();
    let prior = LatentPrior::Independent;
    let of = gaussian_kl(&mut tape, &mean, &scale, &prior, KlDirection::Reversed).unwrap();
    assert_eq!(of.1, 0.0);
}
