//! Products of matrices that are too small for threads of their own: the caller works on many at once.

#[cfg(test)]
mod tests;

use crate::product::{Layout, Product, Run};
use crate::simd::Level;

/// So many values are read (and not used) past the last row of a second factor.
pub const PADDING: usize = 16;

/// A matrix in memory: rows of contiguous values, `step` apart.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The values, and what lies between rows.
    pub values: &'a [f32],
    /// From row to row.
    pub step: usize,
}

/// `out[row, column] += sum over terms of a[row, term] b[term, column]`, with `out` of `columns`
/// values per row. Terms are added in order.
///
/// # Panics
/// Where a slice is too short; `b` needs [`PADDING`] values past its last.
///
/// ```
/// use striate_kernels::matrix::{PADDING, Rows, add_product};
///
/// let (a, mut b) = ([1.0, 2.0, 3.0, 4.0], vec![1.0, 10.0]);
/// b.resize(b.len() + PADDING, 0.0);
/// let mut out = [0.5; 2];
/// add_product([2, 2, 1], Rows { values: &a, step: 2 }, Rows { values: &b, step: 1 }, &mut out);
/// assert_eq!(out, [21.5, 43.5]);
/// ```
pub fn add_product([rows, terms, columns]: [usize; 3], a: Rows<'_>, b: Rows<'_>, out: &mut [f32]) {
    add([rows, terms, columns], a.values, Layout::RowsApart(a.step), b, out);
}

/// `out[row, column] += sum over terms of a[term, row] b[term, column]`, else as [`add_product`].
///
/// # Panics
/// As [`add_product`].
///
/// ```
/// use striate_kernels::matrix::{PADDING, Rows, add_transposed_product};
///
/// let mut a = vec![1.0, 2.0, 3.0, 4.0];
/// a.resize(a.len() + PADDING, 0.0);
/// let a = Rows { values: &a, step: 2 };
/// let mut gram = [0.0; 4];
/// add_transposed_product([2, 2, 2], a, a, &mut gram);
/// assert_eq!(gram, [10.0, 14.0, 14.0, 20.0]);
/// ```
pub fn add_transposed_product(
    [rows, terms, columns]: [usize; 3],
    a: Rows<'_>,
    b: Rows<'_>,
    out: &mut [f32],
) {
    add([rows, terms, columns], a.values, Layout::TermsApart(a.step), b, out);
}

fn add(
    [rows, terms, columns]: [usize; 3],
    a: &[f32],
    layout: Layout,
    b: Rows<'_>,
    out: &mut [f32],
) {
    Product {
        rows,
        columns,
        depth: terms,
        runs: &[Run { a: 0, b: 0 }],
        a,
        layout,
        b: b.values,
        b_step: b.step,
        out,
        out_step: columns,
        adds: true,
    }
    .compute(Level::active());
}
