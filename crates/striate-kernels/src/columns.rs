//! Rows of channels, padded to whole vectors.

use std::borrow::Cow;

/// `n` rounded up to a multiple of `lanes`.
pub(crate) fn padded(n: usize, lanes: usize) -> usize {
    n.div_ceil(lanes) * lanes
}

/// Rows whose length is a whole number of vectors.
pub(crate) struct WideRows<'a> {
    pub(crate) values: Cow<'a, [f32]>,
    /// Values per row.
    pub(crate) step: usize,
}

impl<'a> WideRows<'a> {
    /// Rows of `columns` values, copied only where they must be padded.
    pub(crate) fn new(rows: &'a [f32], columns: usize, lanes: usize) -> Self {
        let step = padded(columns, lanes);
        if step == columns {
            return Self { values: Cow::Borrowed(rows), step };
        }
        let mut values = vec![0.0; rows.len() / columns.max(1) * step];
        widen(rows, columns, &mut values, step);
        Self { values: Cow::Owned(values), step }
    }

    /// Rows `[.., out]` padded from the transposes of the matrices `[.., in, out]`: row `n` is
    /// `[in]`, of length `ins`.
    pub(crate) fn transposed(matrices: &[f32], ins: usize, outs: usize, lanes: usize) -> Self {
        let step = padded(ins, lanes);
        let size = (ins * outs).max(1);
        let mut values = vec![0.0; matrices.len() / size * outs * step];
        let pairs = matrices.chunks_exact(size).zip(values.chunks_exact_mut((outs * step).max(1)));
        for (matrix, transposed) in pairs {
            transpose(matrix, ins, outs, transposed, step);
        }
        Self { values: Cow::Owned(values), step }
    }
}

/// From `[in, out]` to rows `[out]` of `step` values, of which `in` are written.
pub(crate) fn transpose(matrix: &[f32], ins: usize, outs: usize, rows: &mut [f32], step: usize) {
    for (o, row) in rows.chunks_exact_mut(step.max(1)).take(outs).enumerate() {
        for (i, value) in row[..ins].iter_mut().enumerate() {
            *value = matrix[i * outs + o];
        }
    }
}

/// Matrices `[.., in, out]` in the reverse order, each transposed.
pub(crate) fn reversed_transposes(matrices: &[f32], ins: usize, outs: usize) -> Vec<f32> {
    let size = (ins * outs).max(1);
    let mut reversed = vec![0.0; matrices.len()];
    for (matrix, to) in matrices.chunks_exact(size).rev().zip(reversed.chunks_exact_mut(size)) {
        transpose(matrix, ins, outs, to, ins);
    }
    reversed
}

/// Copy rows of `from` values to the beginnings of rows of `to` values; the rest of each is 0.
pub(crate) fn widen(rows: &[f32], from: usize, wide: &mut [f32], to: usize) {
    for (row, wide) in rows.chunks_exact(from.max(1)).zip(wide.chunks_exact_mut(to.max(1))) {
        wide[..from].copy_from_slice(row);
        wide[from..].fill(0.0);
    }
}

/// Undo [`widen`].
pub(crate) fn narrow(wide: &[f32], to: usize, rows: &mut [f32], from: usize) {
    for (row, wide) in rows.chunks_exact_mut(from.max(1)).zip(wide.chunks_exact(to.max(1))) {
        row.copy_from_slice(&wide[..from]);
    }
}

/// Fill rows of one value per channel with `bias`.
pub(crate) fn fill_rows(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len().max(1)) {
        row.copy_from_slice(bias);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_undoes_widen() {
        let rows = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut wide = [9.0; 8];
        widen(&rows, 3, &mut wide, padded(3, 4));
        assert_eq!(wide, [1.0, 2.0, 3.0, 0.0, 4.0, 5.0, 6.0, 0.0]);
        let mut back = [0.0; 6];
        narrow(&wide, 4, &mut back, 3);
        assert_eq!(back, rows);
    }

    #[test]
    fn transposed_matrices_are_padded() {
        let wide = WideRows::transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3, 4);
        assert_eq!(wide.values[..], [1.0, 4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 0.0, 3.0, 6.0, 0.0, 0.0]);
    }
}
