//! Leading eigenvectors of a covariance, without the rest.

use faer::{Mat, Side};
use striate_kernels::matrix::{Rows, add_product};

use super::basis::Basis;

/// Highest degree of the polynomial between two orthogonalisations.
const DEGREE: usize = 8;

/// By how much more the polynomial may let pass the strongest than the weakest vector: single precision loses
/// what is weaker.
const DYNAMIC_RANGE: f64 = 1e4;

/// Products with the matrix at most, before what is found has to do.
const PRODUCTS: usize = 100;

/// Single precision resolves eigenvalues down to this share of the largest.
const RESOLUTION: f64 = 1e-5;

/// An eigenvector counts as found where `|G u - l u|` is below this share of `l`, if it matters by itself.
pub(crate) const TOLERANCE: f64 = 2e-4;

/// The same for the first that is not wanted: it must be settled that it is not. And where only the span of all matters.
pub(crate) const LOOSE_TOLERANCE: f64 = 2e-2;

/// A symmetric matrix with no negative eigenvalue, `[d, d]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Covariance<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) d: usize,
}

impl Covariance<'_> {
    /// `G basis`.
    fn times(&self, basis: &Basis) -> Basis {
        let mut out = Basis::zeros(self.d, basis.k());
        let g = Rows { values: self.values, step: self.d };
        add_product([self.d, self.d, basis.k()], g, basis.rows(), out.values_mut());
        out
    }

    /// The leading eigenvectors, to that tolerance, strongest first, as far as `wanted(i, u)` holds for the `i`-th, and one more;
    /// the eigenvectors of the largest eigenvalues within the span of `start`, which the iteration turns.
    ///
    /// Chebyshev-filtered subspace iteration (Zhou et al. 2006, "Self-consistent-field calculations using
    /// Chebyshev-filtered subspace iteration", algorithm 4.3): between two orthogonalisations a polynomial of the
    /// matrix damps all below the smallest eigenvalue found so far.
    pub(crate) fn leading(
        &self,
        start: Basis,
        tolerance: f64,
        wanted: &dyn Fn(usize, &[f32]) -> bool,
    ) -> Basis {
        let mut basis = self.times(&start);
        basis.orthonormalise();
        let mut found = self.rotate(&basis);
        let mut n_products = 2;
        while n_products < PRODUCTS && !found.is_settled(tolerance, wanted) {
            n_products += found.degree() + 1;
            basis = self.filter(found);
            basis.orthonormalise();
            found = self.rotate(&basis);
        }
        found.basis
    }

    /// Turn the basis so that its vectors are the best approximations of eigenvectors within its span.
    fn rotate(&self, basis: &Basis) -> Rotated {
        let image = self.times(basis);
        let (values, turn) = eigen_descending(&basis.inner_products(&image));
        Rotated { basis: basis.combine(&turn), image: image.combine(&turn), values }
    }

    /// The Chebyshev polynomial of the interval from 0 to the smallest value found, scaled by its value at the
    /// largest.
    fn filter(&self, found: Rotated) -> Basis {
        let top = found.values[0].max(f64::MIN_POSITIVE);
        let (half, degree) = (found.half(), found.degree());
        let scaled = half / (top - half);
        let mut sigma = scaled;
        // y = (G - half) x * (sigma / half)
        let mut last = found.basis;
        let mut now = found.image;
        now.add_scaled(&last, -half as f32);
        now.scale((sigma / half) as f32);
        for _ in 1..degree {
            let next_sigma = 1.0 / (2.0 / scaled - sigma);
            let mut next = self.times(&now);
            next.add_scaled(&now, -half as f32);
            next.scale((2.0 * next_sigma / half) as f32);
            next.add_scaled(&last, (-sigma * next_sigma) as f32);
            (last, now, sigma) = (now, next, next_sigma);
        }
        now
    }
}

/// Approximate eigenvectors, strongest first, their products with the matrix, and eigenvalues.
struct Rotated {
    basis: Basis,
    image: Basis,
    values: Vec<f64>,
}

impl Rotated {
    /// Half the smallest eigenvalue found: the middle of what is damped.
    fn half(&self) -> f64 {
        let (top, cut) = (self.values[0], self.values[self.values.len() - 1]);
        0.5 * cut.max(RESOLUTION * top).max(f64::MIN_POSITIVE)
    }

    /// The highest degree whose polynomial stays within the dynamic range.
    fn degree(&self) -> usize {
        let top = (self.values[0] / self.half() - 1.0).max(1.0);
        let degree = DYNAMIC_RANGE.acosh() / top.acosh().max(f64::MIN_POSITIVE);
        (degree as usize).clamp(1, DEGREE)
    }

    /// Whether the vectors that are wanted, up to the first that is not, are eigenvectors.
    fn is_settled(&self, tolerance: f64, wanted: &dyn Fn(usize, &[f32]) -> bool) -> bool {
        let least = RESOLUTION * self.values[0].max(f64::MIN_POSITIVE);
        for (i, &value) in self.values.iter().enumerate() {
            let u = self.basis.column(i);
            let is_wanted = wanted(i, &u);
            let image = self.image.column(i);
            let squares =
                u.iter().zip(&image).map(|(&u, &g)| (f64::from(g) - value * f64::from(u)).powi(2));
            let tolerance = if is_wanted { tolerance } else { LOOSE_TOLERANCE };
            if squares.sum::<f64>().sqrt() > tolerance * value.max(least) {
                return false;
            }
            if !is_wanted {
                return true;
            }
        }
        true
    }
}

/// Eigenvalues of a symmetric matrix, largest first, and its eigenvectors as columns.
pub(crate) fn eigen_descending(matrix: &Mat<f64>) -> (Vec<f64>, Mat<f64>) {
    let n = matrix.nrows();
    let Ok(found) = matrix.self_adjoint_eigen(Side::Lower) else {
        // Only for what is not finite, which standardised values are not.
        return (vec![0.0; n], Mat::identity(n, n));
    };
    let values = found.S().column_vector();
    let descending = (0..n).rev().map(|i| values[i]).collect();
    let vectors = Mat::from_fn(n, n, |i, j| found.U()[(i, n - 1 - j)]);
    (descending, vectors)
}
