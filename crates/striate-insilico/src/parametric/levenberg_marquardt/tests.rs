use super::*;

const STOPPING: Stopping = Stopping { max_iterations: 200, cosine: 1e-9, exact: 1e-24 };
const ANYWHERE: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

/// Compare gradients of residuals with central differences of the residuals.
pub(in super::super) fn assert_gradients<const N: usize>(
    problem: &impl LeastSquares<N>,
    at: [f64; N],
) {
    let residuals = |parameters: &[f64; N]| {
        let mut found = Vec::new();
        problem.rows(parameters, |residual, gradient| found.push((residual, *gradient)));
        found
    };
    let here = residuals(&at);
    for k in 0..N {
        let step = 1e-5;
        let moved = |by: f64| {
            let mut to = at;
            to[k] += by;
            residuals(&to)
        };
        let (up, down) = (moved(step), moved(-step));
        for (row, (_, gradient)) in here.iter().enumerate() {
            let difference = (up[row].0 - down[row].0) / (2.0 * step);
            // Third derivatives of order 10 leave 1e-9, rounding 1e-11.
            let tolerance = 1e-7 * (1.0 + difference.abs());
            assert!(
                (gradient[k] - difference).abs() < tolerance,
                "parameter {k}, row {row}: {} {difference}",
                gradient[k]
            );
        }
    }
}

/// Rosenbrock's valley as two residuals.
struct Valley;

impl LeastSquares<2> for Valley {
    fn rows(&self, [x, y]: &[f64; 2], mut row: impl FnMut(f64, &[f64; 2])) {
        row(10.0 * (y - x * x), &[-20.0 * x, 10.0]);
        row(1.0 - x, &[-1.0, 0.0]);
    }
}

/// A straight line through points, intercept then slope.
struct Line([f64; 4]);

impl LeastSquares<2> for Line {
    fn rows(&self, [intercept, slope]: &[f64; 2], mut row: impl FnMut(f64, &[f64; 2])) {
        for (x, y) in self.0.iter().enumerate() {
            row(intercept + slope * x as f64 - y, &[1.0, x as f64]);
        }
    }
}

#[test]
fn finds_the_bottom_of_the_valley() {
    assert_gradients(&Valley, [-1.2, 1.0]);
    let found = minimise(&Valley, [-1.2, 1.0], &[ANYWHERE; 2], STOPPING);
    assert!(found.converged);
    assert!(found.parameters.iter().all(|value| (value - 1.0).abs() < 1e-9), "{found:?}");
}

#[test]
fn line_and_its_covariance_are_those_of_regression() {
    // Residuals 0.15, 0.05, -0.55, 0.35; the sum of (x - 1.5)^2 is 5.
    let found = minimise(&Line([1.0, 2.0, 2.5, 4.5]), [7.0, -3.0], &[ANYWHERE; 2], STOPPING);
    assert!(found.converged);
    let [intercept, slope] = found.parameters;
    assert!((slope - 1.1).abs() < 1e-9 && (intercept - 0.85).abs() < 1e-9, "{found:?}");
    let squares: f64 = [0.15, 0.05, -0.55, 0.35].iter().map(|r: &f64| r * r).sum();
    assert!((found.sum_of_squares - squares).abs() < 1e-12);
    let covariance = found.covariance(4).unwrap();
    let variance = squares / 2.0;
    assert!((covariance[1][1] - variance / 5.0).abs() < 1e-9);
    assert!((covariance[0][0] - variance * (0.25 + 2.25 / 5.0)).abs() < 1e-9);
    assert!((covariance[0][1] + variance * 1.5 / 5.0).abs() < 1e-9);
}

#[test]
fn minimum_on_a_bound_is_found_and_called_none() {
    let bounds = [ANYWHERE, [2.0, 5.0]];
    let found = minimise(&Line([1.0, 2.0, 2.5, 4.5]), [0.0, 4.0], &bounds, STOPPING);
    // With the slope held at 2 the intercept is the mean 2.5 less 3.
    assert!((found.parameters[1] - 2.0).abs() < 1e-12, "{found:?}");
    assert!((found.parameters[0] + 0.5).abs() < 1e-9, "{found:?}");
    assert!(!found.converged && found.covariance(4).is_none());
}

/// Two parameters of which only the sum matters.
struct Redundant;

impl LeastSquares<2> for Redundant {
    fn rows(&self, [x, y]: &[f64; 2], mut row: impl FnMut(f64, &[f64; 2])) {
        for target in [1.0, 2.0, 4.0] {
            row(x + y - target, &[1.0, 1.0]);
        }
    }
}

#[test]
fn undetermined_parameters_have_no_covariance() {
    let found = minimise(&Redundant, [0.0, 0.0], &[ANYWHERE; 2], STOPPING);
    assert!(found.converged);
    assert!((found.parameters[0] + found.parameters[1] - 7.0 / 3.0).abs() < 1e-9);
    assert!(found.covariance(3).is_none());
    assert!(found.covariance(2).is_none());
}

#[test]
fn stops_where_there_is_no_way_on() {
    struct Nothing;
    impl LeastSquares<1> for Nothing {
        fn rows(&self, _: &[f64; 1], mut row: impl FnMut(f64, &[f64; 1])) {
            row(f64::NAN, &[f64::NAN]);
        }
    }
    assert!(!minimise(&Nothing, [0.0], &[ANYWHERE], STOPPING).converged);
    let few = Stopping { max_iterations: 3, ..STOPPING };
    assert!(!minimise(&Valley, [-1.2, 1.0], &[ANYWHERE; 2], few).converged);
}
