//! Numbers at the ends of what `f32` holds, and NaN.

use super::reference::{Case, Kind, RHO, Sizes};
use super::{OBJECTIVES, at_every_level, found};

const ONE: Sizes = Sizes { n_rows: 1, n_neurons: 1, dim: 1, n_samples: 5 };

/// Whether loss, gradients, means and densities are finite.
#[track_caller]
fn assert_finite(case: &Case) {
    for objective in OBJECTIVES {
        let (loss, gradients) = found(case, objective);
        let all = loss.is_finite() && gradients.iter().flatten().all(|x| x.is_finite());
        assert!(all, "{:?} {:?}: {loss} {gradients:?}", case.kind, case.arguments);
    }
    case.with(|population, responses| {
        let mut out = vec![vec![f32::NAN; case.responses.len()]; population.law.densities()];
        let mut slices: Vec<&mut [f32]> = out.iter_mut().map(|d| &mut d[..]).collect();
        population.log_densities(responses.values, &mut slices);
        assert!(out.iter().flatten().all(|x| x.is_finite()), "{out:?}");
        let mut means = vec![f32::NAN; case.responses.len()];
        population.means(&mut means);
        assert!(means.iter().all(|x| x.is_finite()), "{means:?}");
    });
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn extremes_are_finite() {
    let extremes = [-1e30f32, -100.0, 0.0, 100.0, 1e30];
    at_every_level(|| {
        for kind in [Kind::Released, Kind::PointMass, Kind::Density] {
            let mut case = Case::new(kind, ONE, 1, false);
            (case.shape, case.log_gamma) = (vec![0.05], vec![2.97]);
            for (a, h) in extremes.iter().flat_map(|&a| extremes.map(|h| (a, h))) {
                for y in [0.0, -0.0, RHO, f32::from_bits(RHO.to_bits() + 1), 1.0, 1e6] {
                    (case.arguments[0], case.arguments[1]) = (vec![a], vec![h]);
                    case.responses = vec![y];
                    assert_finite(&case);
                }
            }
        }
        let mut case = Case::new(Kind::Poisson, ONE, 1, false);
        for (x, y) in extremes.iter().flat_map(|&x| [0.0, 1.0, 1e6].map(|y| (x, y))) {
            (case.arguments[0], case.responses) = (vec![x], vec![y]);
            assert_finite(&case);
        }
        // The square of the distance must be a number.
        let mut case = Case::new(Kind::Gaussian, ONE, 1, false);
        for (mean, h) in [-1e6, 0.0, 1e6].iter().flat_map(|&mean| extremes.map(|h| (mean, h))) {
            (case.arguments[0], case.arguments[1]) = (vec![mean], vec![h]);
            assert_finite(&case);
        }
    });
}

#[test]
fn silence_and_nothing_counted_are_finite() {
    for kind in Kind::ALL {
        let mut case = Case::new(kind, Sizes { n_rows: 2, n_neurons: 3, ..ONE }, 2, true);
        case.responses.fill(0.0);
        assert_finite(&case);
        case.counted = Some(vec![0.0; 6]);
        case.responses.fill(f32::NAN);
        let (loss, gradients) = found(&case, OBJECTIVES[0]);
        assert_eq!(loss, 0.0);
        assert!(gradients.iter().flatten().all(|&slope| slope == 0.0), "{gradients:?}");
    }
}

#[test]
fn nan_reaches_what_depends_on_it() {
    let sizes = Sizes { n_rows: 2, n_neurons: 3, dim: 2, n_samples: 5 };
    at_every_level(|| {
        for (kind, objective) in Kind::ALL.into_iter().flat_map(|k| OBJECTIVES.map(|o| (k, o))) {
            // The second neuron of the second row in an argument, or its response.
            let mut heads = Case::new(kind, sizes, 3, false);
            heads.arguments[kind.outputs() - 1][4] = f32::NAN;
            let mut responses = Case::new(kind, sizes, 3, false);
            responses.responses[4] = f32::NAN;
            for case in [heads, responses] {
                let (loss, gradients) = found(&case, objective);
                assert!(loss.is_nan(), "{kind:?}");
                for (output, head) in gradients[..kind.outputs()].iter().enumerate() {
                    assert!(head[4].is_nan(), "{kind:?} {output}");
                    assert!(head[..3].iter().all(|x| x.is_finite()), "{kind:?} {output}");
                }
                let latents = &gradients[2 * kind.outputs()..];
                assert!(latents[0][2].is_nan() && latents[1][0].is_nan());
            }
        }
    });
}
