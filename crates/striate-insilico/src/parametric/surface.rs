//! Least squares of a family of surfaces to a picture.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::cholesky::Cholesky;
use super::levenberg_marquardt::{LeastSquares, Minimum, Stopping, minimise};
use crate::error::{InsilicoError, in_range};

/// Parameters, the last ones, in which every family is linear; the very last is the offset.
const N_LINEAR: usize = 3;

/// Evaluations after which only the best start is followed any further.
const EARLY_ITERATIONS: usize = 15;

/// Fewest pixels per side: what is smaller has hardly more pixels than a surface has parameters.
const SMALLEST_SIDE: usize = 5;

/// How pictures are fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PictureFitConfig {
    /// Starting points, the best of many, from which the least squares are sought: 1..=20.
    pub n_starts: usize,
    /// Most evaluations of the picture from the best of these, 10..=10000.
    pub max_iterations: usize,
}

impl Default for PictureFitConfig {
    fn default() -> Self {
        Self { n_starts: 3, max_iterations: 200 }
    }
}

impl PictureFitConfig {
    /// Refuse values outside the documented ranges.
    ///
    /// # Errors
    /// [`InsilicoError::OutOfRange`] naming the setting.
    pub fn check(&self) -> Result<(), InsilicoError> {
        in_range("n_starts", self.n_starts, (1..=20).contains(&self.n_starts), "1 to 20")?;
        let found = self.max_iterations;
        in_range("max_iterations", found, (10..=10_000).contains(&found), "10 to 10000")
    }
}

/// How well a surface describes a picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FitQuality {
    /// Share of the picture's variance that the surface explains, at most 1.
    pub explained_variance: f64,
    /// Standard deviation of what it leaves, with one degree of freedom less per parameter.
    pub residual_deviation: f64,
    /// Whether the parameters are a local minimum of the squared error within their ranges. Where
    /// they are not, the description is a poor one and has no errors.
    pub converged: bool,
}

/// A family of surfaces of `N` parameters.
pub(super) trait Surface<const N: usize>: Sized {
    /// The surface of these parameters.
    fn new(parameters: &[f64; N]) -> Self;

    /// The value at a pixel and its derivatives by all parameters; the last three of these are the
    /// functions whose linear combination the surface is.
    fn at(&self, x: f64, y: f64) -> (f64, [f64; N]);
}

/// A picture with mean 0 and variance 1, so that stopping rules need no units.
pub(super) struct Picture {
    /// Row by row.
    pub(super) values: Vec<f64>,
    pub(super) width: usize,
    pub(super) height: usize,
    mean: f64,
    deviation: f64,
}

/// What a fit has found, in units of the picture.
pub(super) struct Fitted<const N: usize> {
    pub(super) parameters: [f64; N],
    pub(super) covariance: Option<[[f64; N]; N]>,
    pub(super) quality: FitQuality,
}

impl Picture {
    pub(super) fn new(picture: ArrayView2<f32>) -> Result<Self, InsilicoError> {
        let (height, width) = picture.dim();
        if height < SMALLEST_SIDE || width < SMALLEST_SIDE {
            return Err(not_enough(
                "pixels of the picture",
                format!("{height} x {width}"),
                "at least 5 x 5",
            ));
        }
        if let Some(((y, x), value)) = picture.indexed_iter().find(|(_, value)| !value.is_finite())
        {
            let what = format!("picture at row {y}, column {x}");
            return Err(InsilicoError::mismatch(what, value, "a finite number"));
        }
        let values: Vec<f64> = picture.iter().map(|&value| f64::from(value)).collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        // Less is the rounding of a constant in f32.
        if deviation <= 1e-7 * mean.abs() || deviation == 0.0 {
            let found = format!("{deviation} around {mean}");
            return Err(not_enough(
                "standard deviation of the picture",
                found,
                "more than rounding",
            ));
        }
        let values = values.into_iter().map(|value| (value - mean) / deviation).collect();
        Ok(Self { values, width, height, mean, deviation })
    }

    /// The longer side.
    pub(super) fn side(&self) -> f64 {
        self.width.max(self.height) as f64
    }

    /// The best surface within bounds, from the best of all starts. Starts are without the linear
    /// parameters, which are solved for.
    pub(super) fn fit<S: Surface<N>, const N: usize>(
        &self,
        starts: impl Iterator<Item = [f64; N]>,
        bounds: &[[f64; 2]; N],
        config: &PictureFitConfig,
    ) -> Fitted<N> {
        let mut ranked: Vec<(f64, [f64; N])> =
            starts.filter_map(|start| self.solve_linear::<S, N>(start)).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        let n = self.values.len();
        let stopping = Stopping {
            max_iterations: config.max_iterations,
            // Off the minimum by less than a ten thousandth of a standard error.
            cosine: 1e-6,
            // Rounding of the picture to f32; the sum of squares has no clear minimum below it.
            exact: 1e-13 * n as f64,
        };
        let problem = Problem::<S> { picture: self, surface: std::marker::PhantomData };
        let search = |from: [f64; N], max_iterations: usize| {
            minimise(&problem, from, bounds, Stopping { max_iterations, ..stopping })
        };
        let best = ranked
            .into_iter()
            .take(config.n_starts)
            .map(|(_, start)| search(start, EARLY_ITERATIONS.min(config.max_iterations)))
            .min_by(|a, b| a.sum_of_squares.total_cmp(&b.sum_of_squares));
        let from = best.map_or([0.0; N], |best| best.parameters);
        self.in_units(search(from, config.max_iterations))
    }

    /// The sum of squares and the start completed by its best linear parameters; None where these
    /// are not determined.
    fn solve_linear<S: Surface<N>, const N: usize>(
        &self,
        start: [f64; N],
    ) -> Option<(f64, [f64; N])> {
        let surface = S::new(&start);
        let (mut normal, mut right) = ([[0.0; N_LINEAR]; N_LINEAR], [0.0; N_LINEAR]);
        for (x, y, value) in self.pixels() {
            let (_, gradient) = surface.at(x, y);
            let basis = &gradient[N - N_LINEAR..];
            for i in 0..N_LINEAR {
                right[i] += basis[i] * value;
                for j in 0..=i {
                    normal[i][j] += basis[i] * basis[j];
                }
            }
        }
        let solved = Cholesky::new(&normal)?.solve(&right);
        let explained: f64 = solved.iter().zip(right).map(|(a, b)| a * b).sum();
        let mut completed = start;
        completed[N - N_LINEAR..].copy_from_slice(&solved);
        Some((self.values.len() as f64 - explained, completed))
    }

    /// Column, row and value of every pixel.
    fn pixels(&self) -> impl Iterator<Item = (f64, f64, f64)> {
        let rows = self.values.chunks_exact(self.width).enumerate();
        rows.flat_map(|(y, row)| {
            row.iter().enumerate().map(move |(x, &value)| (x as f64, y as f64, value))
        })
    }

    fn in_units<const N: usize>(&self, found: Minimum<N>) -> Fitted<N> {
        let n = self.values.len();
        let unit = |k: usize| if k >= N - N_LINEAR { self.deviation } else { 1.0 };
        let covariance = found.covariance(n).map(|matrix| {
            std::array::from_fn(|i| std::array::from_fn(|j| unit(i) * unit(j) * matrix[i][j]))
        });
        let mut parameters: [f64; N] = std::array::from_fn(|k| unit(k) * found.parameters[k]);
        parameters[N - 1] += self.mean;
        let quality = FitQuality {
            explained_variance: 1.0 - found.sum_of_squares / n as f64,
            residual_deviation: self.deviation * (found.sum_of_squares / (n - N) as f64).sqrt(),
            converged: found.converged,
        };
        Fitted { parameters, covariance, quality }
    }
}

fn not_enough(what: &str, found: String, expected: &str) -> InsilicoError {
    InsilicoError::NotEnough { what: what.to_owned(), found, expected: expected.to_owned() }
}

/// Residuals of a surface on a picture.
pub(super) struct Problem<'a, S> {
    pub(super) picture: &'a Picture,
    pub(super) surface: std::marker::PhantomData<S>,
}

impl<S: Surface<N>, const N: usize> LeastSquares<N> for Problem<'_, S> {
    fn rows(&self, parameters: &[f64; N], mut row: impl FnMut(f64, &[f64; N])) {
        let surface = S::new(parameters);
        for (x, y, value) in self.picture.pixels() {
            let (fitted, gradient) = surface.at(x, y);
            row(fitted - value, &gradient);
        }
    }
}
