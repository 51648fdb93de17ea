//! The Cholesky factor of a small matrix.

/// `L` with `L L^T` a symmetric positive definite matrix.
pub(super) struct Cholesky<const N: usize> {
    lower: [[f64; N]; N],
}

impl<const N: usize> Cholesky<N> {
    /// Factor a matrix, of which the lower triangle is read; None where it is not positive definite
    /// beyond rounding.
    pub(super) fn new(matrix: &[[f64; N]; N]) -> Option<Self> {
        let mut lower = [[0.0; N]; N];
        for row in 0..N {
            for column in 0..=row {
                let known: f64 = (0..column).map(|k| lower[row][k] * lower[column][k]).sum();
                let rest = matrix[row][column] - known;
                if row > column {
                    lower[row][column] = rest / lower[column][column];
                } else if rest > 1e-14 * matrix[row][row] && rest.is_finite() {
                    lower[row][row] = rest.sqrt();
                } else {
                    return None;
                }
            }
        }
        Some(Self { lower })
    }

    /// The `x` with `L L^T x = right`.
    pub(super) fn solve(&self, right: &[f64; N]) -> [f64; N] {
        let (lower, mut x) = (&self.lower, *right);
        for row in 0..N {
            let known: f64 = (0..row).map(|k| lower[row][k] * x[k]).sum();
            x[row] = (x[row] - known) / lower[row][row];
        }
        for row in (0..N).rev() {
            let known: f64 = (row + 1..N).map(|k| lower[k][row] * x[k]).sum();
            x[row] = (x[row] - known) / lower[row][row];
        }
        x
    }

    /// The inverse of `L L^T`.
    pub(super) fn inverse(&self) -> [[f64; N]; N] {
        // The inverse is symmetric: its columns are its rows.
        std::array::from_fn(|row| {
            self.solve(&std::array::from_fn(|k| if k == row { 1.0 } else { 0.0 }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_and_inverts_a_known_matrix() {
        // L = [[2, 0, 0], [1, 3, 0], [-1, 2, 1]].
        let matrix = [[4.0, 2.0, -2.0], [2.0, 10.0, 5.0], [-2.0, 5.0, 6.0]];
        let factor = Cholesky::new(&matrix).unwrap();
        assert_eq!(factor.lower, [[2.0, 0.0, 0.0], [1.0, 3.0, 0.0], [-1.0, 2.0, 1.0]]);
        // matrix * [1, 2, 3] = [2, 37, 26].
        let x = factor.solve(&[2.0, 37.0, 26.0]);
        assert!(x.iter().zip([1.0, 2.0, 3.0]).all(|(x, y)| (x - y).abs() < 1e-13), "{x:?}");
        let inverse = factor.inverse();
        for (row, line) in matrix.iter().enumerate() {
            for column in 0..3 {
                let product: f64 = line.iter().zip(&inverse).map(|(a, b)| a * b[column]).sum();
                let expected = f64::from(u8::from(row == column));
                assert!((product - expected).abs() < 1e-13, "{row} {column}: {product}");
            }
        }
    }

    #[test]
    fn refuses_what_is_not_positive_definite() {
        assert!(Cholesky::new(&[[1.0, 2.0], [2.0, 1.0]]).is_none());
        assert!(Cholesky::new(&[[1.0, 1.0], [1.0, 1.0]]).is_none());
        assert!(Cholesky::new(&[[f64::NAN]]).is_none());
        assert!(Cholesky::new(&[[f64::INFINITY]]).is_none());
    }
}
