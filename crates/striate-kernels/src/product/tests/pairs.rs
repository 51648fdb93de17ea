use super::super::{Layout, Product, Run};
use crate::columns::padded;
use crate::pairs::pair_halves;
use crate::simd::Level;
use crate::testing::{TOLERANCE, assert_close, at_every_level, random, rounded};

/// `[rows, depth]` times `[depth, columns]`, of factors rounded to bf16.
fn naive(a: &[f32], b: &[f32], [rows, depth, columns]: [usize; 3]) -> Vec<f64> {
    let value = |index: usize| {
        let (m, n) = (index / columns, index % columns);
        let factor = |d: usize| [rounded(a[m * depth + d]), rounded(b[d * columns + n])];
        (0..depth).map(factor).map(|[a, b]| f64::from(a) * f64::from(b)).sum()
    };
    (0..rows * columns).map(value).collect()
}

/// The same as a product of pairs: of the halves of what is summed over.
fn found(
    a: &[f32],
    b: &[f32],
    [rows, depth, columns]: [usize; 3],
    is_contiguous: bool,
) -> Vec<f32> {
    let level = Level::active();
    let (half, wide) = (depth.div_ceil(2), padded(columns, level.lanes()));
    let mut wide_b = vec![0.0; depth * wide];
    crate::columns::widen(b, columns, &mut wide_b, wide);
    let b = pair_halves(&wide_b, depth, wide);
    let mut a = pair_halves(a, depth, 1);
    let mut layout = Layout::RowsApart(half);
    if !is_contiguous {
        let mut transposed = vec![0.0; a.len()];
        crate::columns::transpose(&a, rows, half, &mut transposed, rows);
        (a, layout) = (transposed, Layout::TermsApart(rows));
    }
    let mut out = vec![f32::NAN; rows * columns];
    Product {
        rows,
        columns,
        depth: half,
        runs: &[Run { a: 0, b: 0 }],
        a: &a,
        layout,
        b: &b,
        b_step: wide,
        out: &mut out,
        out_step: columns,
        adds: false,
    }
    .compute_as(level, true);
    out
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn products_of_pairs_are_those_of_rounded_factors() {
    for shape @ [rows, depth, columns] in [[1, 1, 1], [3, 7, 5], [14, 32, 33], [29, 17, 64]] {
        let (a, b) = (random(rows * depth, 1), random(depth * columns, 2));
        let expected = naive(&a, &b, shape);
        at_every_level(|| {
            for is_contiguous in [true, false] {
                let found = found(&a, &b, shape, is_contiguous);
                assert_close("product", &found, &expected, TOLERANCE);
            }
        });
    }
}
