//! The one loop behind all dense convolutions and their gradients.
//!
//! A convolution is a sum of products of matrices that lie in memory already: nothing is gathered.
//! For one row of output pixels, every row of the kernel is such a product: neighbouring pixels read
//! neighbouring stretches of the input, which overlap. Matrix rows are pixels (or, in the gradient of
//! the weights, the weights of one output channel), columns are output channels.

#[cfg(test)]
mod tests;
mod tile;

use crate::simd::Level;
use tile::Tile;

/// Vectors per row of a tile.
const PANEL: usize = 2;

/// Where one product of the sum begins, in each factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) a: usize,
    pub(crate) b: usize,
}

/// How the first factor lies in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Layout {
    /// What is summed over is contiguous; this far from row to row.
    RowsApart(usize),
    /// Rows are contiguous; this far from one term of the sum to the next.
    TermsApart(usize),
}

/// `out[m, n] = sum over runs and d of a[run.a + (m, d)] b[run.b + b_step d + n]`, or the sum of that
/// and what is in `out` already.
///
/// Terms are added in order of runs and of `d`, so the result does not depend on how rows are tiled.
#[derive(Debug)]
pub(crate) struct Product<'a> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Terms per run.
    pub(crate) depth: usize,
    pub(crate) runs: &'a [Run],
    pub(crate) a: &'a [f32],
    pub(crate) layout: Layout,
    /// Rows of `columns` values, padded to whole vectors: what pads them is read and not used.
    pub(crate) b: &'a [f32],
    pub(crate) b_step: usize,
    pub(crate) out: &'a mut [f32],
    pub(crate) out_step: usize,
    /// Whether to add to `out`, instead of overwriting it.
    pub(crate) adds: bool,
}

impl Product<'_> {
    /// Compute the product.
    ///
    /// # Panics
    /// Where something would be read or written outside of the slices.
    pub(crate) fn compute(&mut self, level: Level) {
        self.compute_instances::<false>(level);
    }

    /// Compute the product, of numbers or of pairs of bf16 numbers ([`crate::simd::pair`]) in the
    /// place of each: then a term is the sum of both products.
    ///
    /// # Panics
    /// As [`Self::compute`].
    pub(crate) fn compute_as(&mut self, level: Level, are_pairs: bool) {
        if are_pairs {
            self.compute_instances::<true>(level);
        } else {
            self.compute_instances::<false>(level);
        }
    }

    fn compute_instances<const PAIRS: bool>(&mut self, level: Level) {
        if self.rows == 0 || self.columns == 0 {
            return;
        }
        if self.depth == 0 || self.runs.is_empty() {
            return self.finish_empty();
        }
        let lanes = level.lanes();
        self.check(lanes);
        let n_tiles = self.rows.div_ceil(level.tile_rows());
        for column in (0..self.columns).step_by(PANEL * lanes) {
            let width = (self.columns - column).min(PANEL * lanes);
            let mut row = 0;
            for tile in 1..=n_tiles {
                let end = self.rows * tile / n_tiles;
                self.compute_tile::<PAIRS>(level, row..end, column, width);
                row = end;
            }
        }
    }

    /// The sum of nothing.
    fn finish_empty(&mut self) {
        if !self.adds {
            for row in self.out.chunks_mut(self.out_step).take(self.rows) {
                row[..self.columns].fill(0.0);
            }
        }
    }

    /// Everything that tiles read and write lies in the slices.
    fn check(&self, lanes: usize) {
        let (row_step, term_step) = match self.layout {
            Layout::RowsApart(step) => (step, 1),
            Layout::TermsApart(step) => (1, step),
        };
        let last = |start: fn(&Run) -> usize| self.runs.iter().map(start).max().unwrap_or(0);
        let a_end = last(|run| run.a) + (self.rows - 1) * row_step + (self.depth - 1) * term_step;
        let b_columns = self.columns.div_ceil(lanes) * lanes;
        let b_end = last(|run| run.b) + (self.depth - 1) * self.b_step + b_columns;
        let out_end = (self.rows - 1) * self.out_step + self.columns;
        assert!(a_end < self.a.len(), "first factor too short");
        assert!(b_end <= self.b.len(), "second factor too short");
        assert!(out_end <= self.out.len(), "result of a product too short");
    }

    fn compute_tile<const PAIRS: bool>(
        &mut self,
        level: Level,
        rows: std::ops::Range<usize>,
        column: usize,
        width: usize,
    ) {
        // One instance per number of rows, so that the sums of a tile stay in registers.
        macro_rules! instance {
            ($($n:literal),*) => {
                match rows.len() {
                    $($n => self.compute_instance::<$n, PAIRS>(level, rows.start, column, width),)*
                    n => unreachable!("tiles have at most 13 rows, not {n}"),
                }
            };
        }
        instance!(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);
    }

    fn compute_instance<const M: usize, const PAIRS: bool>(
        &mut self,
        level: Level,
        row: usize,
        column: usize,
        width: usize,
    ) {
        let (is_contiguous, step) = match self.layout {
            Layout::RowsApart(step) => (true, step),
            Layout::TermsApart(step) => (false, step),
        };
        macro_rules! run {
            ($vectors:literal, $is_contiguous:literal) => {{
                type Part<'a, const M: usize, const PAIRS: bool> =
                    Tile<'a, M, $vectors, $is_contiguous, PAIRS>;
                let tile = Part::<M, PAIRS>::new(self, row, column, width, step);
                if PAIRS { level.run_pairs(tile) } else { level.run(tile) }
            }};
        }
        match (is_contiguous, width > level.lanes()) {
            (true, true) => run!(2, true),
            (true, false) => run!(1, true),
            (false, true) => run!(2, false),
            (false, false) => run!(1, false),
        }
    }
}
