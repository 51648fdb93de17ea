//! Symmetric positive definite systems with five diagonals, factored in `O(n)`.

/// `L D L'` of a matrix with two diagonals beside the main one.
#[derive(Debug, Clone)]
pub(crate) struct Pentadiagonal {
    /// Of each row `i`: the pivot, `L[i + 1, i]` and `L[i + 2, i]`.
    rows: Vec<[f64; 3]>,
}

impl Pentadiagonal {
    /// Factor the matrix whose row `i` has `[M[i, i], M[i, i + 1], M[i, i + 2]]`; entries beyond
    /// the last column are not read.
    pub(crate) fn factor(mut rows: Vec<[f64; 3]>) -> Self {
        let n_rows = rows.len();
        for i in 0..n_rows {
            let [pivot, first, second] = rows[i];
            let [first, second] = [first / pivot, second / pivot];
            if i + 1 < n_rows {
                rows[i + 1][0] -= pivot * first * first;
                rows[i + 1][1] -= pivot * first * second;
            }
            if i + 2 < n_rows {
                rows[i + 2][0] -= pivot * second * second;
            }
            rows[i] = [pivot, first, second];
        }
        Self { rows }
    }

    /// The solution for a right-hand side.
    pub(crate) fn solve(&self, mut values: Vec<f64>) -> Vec<f64> {
        let n_rows = self.rows.len();
        for i in 0..n_rows {
            let [_, first, second] = self.rows[i];
            if i + 1 < n_rows {
                values[i + 1] -= first * values[i];
            }
            if i + 2 < n_rows {
                values[i + 2] -= second * values[i];
            }
        }
        let [mut next, mut after] = [0.0; 2];
        for (value, [pivot, first, second]) in values.iter_mut().zip(&self.rows).rev() {
            *value = *value / pivot - first * next - second * after;
            (after, next) = (next, *value);
        }
        values
    }
}
