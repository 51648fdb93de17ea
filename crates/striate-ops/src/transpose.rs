//! Rows and columns exchanged.

use crate::error::OpError;
use crate::tape::{Tape, Var};

/// The transpose of a matrix.
///
/// # Shapes
/// `input` `[row, column]`; result `[column, row]`.
///
/// # Errors
/// [`OpError::Shape`] for another number of axes.
pub fn transpose(tape: &mut Tape, input: &Var) -> Result<Var, OpError> {
    let &[n_rows, n_columns] = input.shape() else {
        return Err(OpError::shape("transpose", "input", input.shape(), "[row, column]"));
    };
    let mut output = tape.pool().take(n_rows * n_columns);
    exchange(input.values(), n_columns, &mut output, n_rows);
    let target = input.target();
    Ok(tape.record(vec![n_columns, n_rows], output, &[input], move |gradient, flow| {
        flow.add(target, |out| exchange(&gradient, n_rows, out, n_columns));
    }))
}

/// From `[row, column]` to `[column, row]`.
pub(crate) fn exchange(matrix: &[f32], n_columns: usize, out: &mut [f32], n_rows: usize) {
    for (row, values) in matrix.chunks_exact(n_columns.max(1)).enumerate() {
        for (column, &value) in values.iter().enumerate() {
            out[column * n_rows + row] = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    #[test]
    fn gradients_agree_with_differences() {
        check(
            &Case::new().random(&[3, 2], 1),
            |t, v| transpose(t, &v[0]),
            |x| (0..6).map(|index| x[0][index % 3 * 2 + index / 3]).collect(),
        );
    }

    #[test]
    fn only_matrices_are_transposed() {
        let mut tape = Tape::forward_only(&crate::Pool::new());
        let input = tape.constant(vec![1, 2, 1], &[0.0; 2]).unwrap();
        assert!(transpose(&mut tape, &input).is_err());
        let matrix = input.reshape(vec![1, 2]).unwrap();
        assert_eq!(transpose(&mut tape, &matrix).unwrap().shape(), [2, 1]);
    }
}
