//! Ridge regression of many outputs on the same inputs, the ridge of each output chosen by
//! leave-one-out cross-validation.

use faer::{Mat, Side};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::BaselineError;

/// Outputs that are solved together.
const OUTPUTS_PER_BLOCK: usize = 64;

/// Ridges tried, from 1e-3 to 1e4 times the mean eigenvalue in half decades.
const N_RIDGES: i32 = 15;

/// A linear map with intercept.
pub(super) struct LinearMap {
    /// Shape `[input, output]`.
    pub(super) weights: Array2<f64>,
    /// Shape `[output]`.
    pub(super) intercepts: Array1<f64>,
    /// Shape `[output]`: mean squared leave-one-out error over the output's variance.
    pub(super) unexplained: Array1<f64>,
}

/// Singular value decomposition of the centred inputs, without what is numerically zero.
struct Decomposition {
    /// Shape `[sample, component]`.
    left: Array2<f64>,
    /// Shape `[component]`.
    singular: Array1<f64>,
    /// Shape `[input, component]`.
    right: Array2<f64>,
}

/// Fit outputs `[sample, output]` to inputs `[sample, input]`.
///
/// Minimises `|y - a - X w|^2 + ridge |w|^2` for each output. The leave-one-out residual of sample i
/// is `(y_i - fit_i) / (1 - h_ii)` with h the matrix from outputs to fits (Allen 1974, "The
/// relationship between variable selection and data augmentation", eq. 2.3; Golub, Heath & Wahba
/// 1979, "Generalized cross-validation", section 1); the ridge with the least sum of its squares
/// wins, of 15 ridges from 1e-3 to 1e4 times the mean squared singular value.
pub(super) fn fit(
    inputs: ArrayView2<'_, f64>,
    outputs: ArrayView2<'_, f32>,
) -> Result<LinearMap, BaselineError> {
    let means = inputs.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(inputs.ncols()));
    let decomposition = Decomposition::of(&(&inputs - &means))?;
    let n_outputs = outputs.ncols();
    let firsts: Vec<usize> = (0..n_outputs).step_by(OUTPUTS_PER_BLOCK).collect();
    let solve = |&first: &usize| {
        let block = outputs.slice(s![.., first..(first + OUTPUTS_PER_BLOCK).min(n_outputs)]);
        decomposition.solve(&block.mapv(f64::from), &means)
    };
    let blocks: Vec<LinearMap> = firsts.par_iter().map(solve).collect();
    let mut map = LinearMap {
        weights: Array2::zeros((inputs.ncols(), n_outputs)),
        intercepts: Array1::zeros(n_outputs),
        unexplained: Array1::zeros(n_outputs),
    };
    for (first, block) in firsts.into_iter().zip(blocks) {
        let range = first..first + block.intercepts.len();
        map.weights.slice_mut(s![.., range.clone()]).assign(&block.weights);
        map.intercepts.slice_mut(s![range.clone()]).assign(&block.intercepts);
        map.unexplained.slice_mut(s![range]).assign(&block.unexplained);
    }
    Ok(map)
}

impl Decomposition {
    /// By the eigenvalues of whichever of the two Gram matrices is smaller.
    fn of(centred: &Array2<f64>) -> Result<Self, BaselineError> {
        let (n_samples, n_inputs) = centred.dim();
        let tall = n_samples > n_inputs;
        let gram = if tall { centred.t().dot(centred) } else { centred.dot(&centred.t()) };
        let size = gram.nrows();
        let eigen = Mat::from_fn(size, size, |i, j| gram[[i, j]])
            .self_adjoint_eigen(Side::Lower)
            .map_err(|_| BaselineError::Decomposition { size })?;
        let values = eigen.S().column_vector();
        let largest = (0..size).map(|i| values[i]).fold(0.0, f64::max);
        // Eigenvalues of a Gram matrix are accurate to the largest one times rounding.
        let floor = largest * f64::EPSILON * size as f64;
        let kept: Vec<usize> = (0..size).filter(|&i| values[i] > floor).collect();
        let singular: Array1<f64> = kept.iter().map(|&i| values[i].sqrt()).collect();
        let vectors = eigen.U();
        let own = Array2::from_shape_fn((size, kept.len()), |(i, j)| vectors[(i, kept[j])]);
        Ok(if tall {
            Self { left: centred.dot(&own) / &singular, right: own, singular }
        } else {
            Self { right: centred.t().dot(&own) / &singular, left: own, singular }
        })
    }

    fn solve(&self, outputs: &Array2<f64>, input_means: &Array1<f64>) -> LinearMap {
        let n_samples = outputs.nrows() as f64;
        let means = outputs.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(outputs.ncols()));
        let centred = outputs - &means;
        let components = self.left.t().dot(&centred);
        let mut best = Array1::from_elem(outputs.ncols(), (f64::INFINITY, 0.0));
        for ridge in self.ridges() {
            let errors = self.left_out(&centred, &components, ridge);
            for (best, error) in best.iter_mut().zip(errors) {
                if error < best.0 {
                    *best = (error, ridge);
                }
            }
        }
        let mut shrunk = components;
        for (mut column, &(_, ridge)) in shrunk.columns_mut().into_iter().zip(&best) {
            column.zip_mut_with(&self.singular, |value, &s| *value *= s / (s * s + ridge));
        }
        let weights = self.right.dot(&shrunk);
        let intercepts = means - input_means.dot(&weights);
        let variances = centred.mapv(|value| value * value).sum_axis(Axis(0)) / n_samples;
        let unexplained = Array1::from_shape_fn(variances.len(), |i| best[i].0 / variances[i]);
        LinearMap { weights, intercepts, unexplained }
    }

    fn ridges(&self) -> impl Iterator<Item = f64> {
        let mean = self.singular.mapv(|s| s * s).mean().unwrap_or(1.0);
        (0..N_RIDGES).map(move |step| mean * 10f64.powf(f64::from(step) * 0.5 - 3.0))
    }

    /// Mean squared leave-one-out residual of each output.
    fn left_out(&self, centred: &Array2<f64>, components: &Array2<f64>, ridge: f64) -> Vec<f64> {
        let kept = self.singular.mapv(|s| s * s / (s * s + ridge));
        let fits = self.left.dot(&(components * &kept.view().insert_axis(Axis(1))));
        let n_samples = centred.nrows() as f64;
        // The intercept has leverage 1 / n in every sample.
        let leverage = self.left.mapv(|u| u * u).dot(&kept) + 1.0 / n_samples;
        let mut errors = vec![0.0; centred.ncols()];
        for ((fit, y), h) in fits.outer_iter().zip(centred.outer_iter()).zip(&leverage) {
            // Where a sample is fitted by itself alone nothing is left out: keep it finite.
            let left = (1.0 - h).max(f64::EPSILON);
            for ((error, &fit), &y) in errors.iter_mut().zip(fit).zip(y) {
                *error += ((y - fit) / left).powi(2) / n_samples;
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use striate_base::Streams;

    use super::*;

    fn problem(
        n_samples: usize,
        n_inputs: usize,
        noise: f64,
    ) -> (Array2<f64>, Array2<f32>, Array2<f64>) {
        let mut random = Streams::new(3).stream("ridge");
        let inputs = Array2::from_shape_simple_fn((n_samples, n_inputs), || random.normal() + 2.0);
        let weights = Array2::from_shape_simple_fn((n_inputs, 3), || random.normal());
        let outputs =
            inputs.dot(&weights).mapv(|value| (value + 7.0 + noise * random.normal()) as f32);
        (inputs, outputs, weights)
    }

    #[test]
    fn recovers_a_linear_map() {
        let (inputs, outputs, weights) = problem(400, 20, 0.0);
        let map = fit(inputs.view(), outputs.view()).unwrap();
        // The least ridge tried is 1e-3 of the mean eigenvalue and shrinks by as much.
        assert!((&map.weights - &weights).iter().all(|d| d.abs() < 5e-3));
        assert!(map.intercepts.iter().all(|a| (a - 7.0).abs() < 0.1));
        assert!(map.unexplained.iter().all(|&u| u < 1e-4));
    }

    #[test]
    fn more_inputs_than_samples_gives_the_same_as_the_other_way_round() {
        let (inputs, outputs, _) = problem(30, 30, 1.0);
        let wide = {
            let mut padded = Array2::zeros((30, 40));
            padded.slice_mut(s![.., ..30]).assign(&inputs);
            padded
        };
        let tall = {
            // A sample of zeros in the centre changes neither means nor products.
            let means = inputs.mean_axis(Axis(0)).unwrap();
            let centred = &inputs - &means;
            Decomposition::of(&centred).unwrap()
        };
        let other = Decomposition::of(&(&wide - &wide.mean_axis(Axis(0)).unwrap())).unwrap();
        let rebuilt = (&other.left * &other.singular).dot(&other.right.t());
        let expected = (&tall.left * &tall.singular).dot(&tall.right.t());
        let difference = &rebuilt.slice(s![.., ..30]) - &expected;
        // Gram matrices in f64 with a condition number of some thousands.
        assert!(difference.iter().all(|d| d.abs() < 1e-9));
        assert!(fit(wide.view(), outputs.view()).is_ok());
    }

    #[test]
    fn shortcut_equals_leaving_out_one_by_one() {
        let (inputs, outputs, _) = problem(25, 6, 3.0);
        let decomposition =
            Decomposition::of(&(&inputs - &inputs.mean_axis(Axis(0)).unwrap())).unwrap();
        let y = outputs.mapv(f64::from);
        let centred = &y - &y.mean_axis(Axis(0)).unwrap();
        let ridge = 4.0;
        let quick = decomposition.left_out(&centred, &decomposition.left.t().dot(&centred), ridge);
        let mut slow = vec![0.0; 3];
        for left_out in 0..25 {
            let keep: Vec<usize> = (0..25).filter(|&i| i != left_out).collect();
            let (x, y_kept) = (inputs.select(Axis(0), &keep), y.select(Axis(0), &keep));
            let (x_mean, y_mean) =
                (x.mean_axis(Axis(0)).unwrap(), y_kept.mean_axis(Axis(0)).unwrap());
            let mut gram = (&x - &x_mean).t().dot(&(&x - &x_mean));
            gram.diag_mut().mapv_inplace(|v| v + ridge);
            let weights = solve(&gram, &(&x - &x_mean).t().dot(&(&y_kept - &y_mean)));
            let fit = (&inputs.row(left_out) - &x_mean).dot(&weights) + &y_mean;
            for output in 0..3 {
                slow[output] += (y[[left_out, output]] - fit[output]).powi(2) / 25.0;
            }
        }
        for (q, s) in quick.iter().zip(&slow) {
            // The shortcut is exact for a penalty that is not centred anew; with the intercept
            // unpenalised the leverage of the mean enters as 1 / n, exactly. f64 throughout.
            assert!((q / s - 1.0).abs() < 1e-9, "{q} {s}");
        }
    }

    #[test]
    fn noise_gets_a_large_ridge_and_a_constant_its_mean() {
        let (inputs, _, _) = problem(60, 50, 0.0);
        let mut random = Streams::new(4).stream("noise");
        let outputs =
            Array2::from_shape_fn(
                (60, 2),
                |(_, j)| if j == 0 { random.normal() as f32 } else { 3.0 },
            );
        let map = fit(inputs.view(), outputs.view()).unwrap();
        let fits = inputs.dot(&map.weights) + &map.intercepts;
        assert!(fits.column(0).var(0.0) < 0.5, "{}", fits.column(0).var(0.0));
        // Centring rounds a mean of 3 in f64.
        assert!(fits.column(1).iter().all(|fit| (fit - 3.0).abs() < 1e-9));
    }

    /// Gaussian elimination without pivoting: enough for a small positive definite matrix.
    fn solve(matrix: &Array2<f64>, right: &Array2<f64>) -> Array2<f64> {
        let (mut a, mut b, n) = (matrix.clone(), right.clone(), matrix.nrows());
        for i in 0..n {
            for j in (0..n).filter(|&j| j != i) {
                let factor = a[[j, i]] / a[[i, i]];
                let (row_a, row_b) = (a.row(i).to_owned(), b.row(i).to_owned());
                a.row_mut(j).scaled_add(-factor, &row_a);
                b.row_mut(j).scaled_add(-factor, &row_b);
            }
        }
        for i in 0..n {
            let pivot = a[[i, i]];
            b.row_mut(i).mapv_inplace(|value| value / pivot);
        }
        b
    }
}
