//! A local separable filter and its output.

use ndarray::{Array1, Array2, ArrayView3};

/// A separable filter over a window of the frame, with an output of about unit variance.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drive {
    /// First row and first column of the window.
    pub(super) corner: [usize; 2],
    /// Rows and columns of the window.
    pub(super) window: [usize; 2],
    /// Shape `[row, column]`, row by row.
    pub(super) space: Vec<f32>,
    /// Shape `[lag]`, the current frame first.
    pub(super) time: Vec<f32>,
    /// Taken off the filter's output: what the mean stimulus gives.
    pub(super) offset: f32,
}

impl Drive {
    /// The filter's output for each frame from the `n_lags - 1`-th on.
    pub(super) fn apply(&self, stimulus: ArrayView3<'_, f32>) -> Array1<f32> {
        let seen: Vec<f32> = stimulus.outer_iter().map(|frame| self.see(frame)).collect();
        let weighted = |frames: &[f32]| {
            frames.iter().rev().zip(&self.time).map(|(&value, &weight)| value * weight).sum::<f32>()
                - self.offset
        };
        seen.windows(self.time.len()).map(weighted).collect()
    }

    fn see(&self, frame: ndarray::ArrayView2<'_, f32>) -> f32 {
        let [top, left] = self.corner;
        let [rows, columns] = self.window;
        let mut sum = 0.0;
        for (row, weights) in self.space.chunks_exact(columns.max(1)).enumerate().take(rows) {
            let line = frame.row(top + row);
            sum += match line.as_slice() {
                Some(line) => dot(&line[left..left + columns], weights),
                None => weights.iter().zip(line.iter().skip(left)).map(|(&w, &x)| w * x).sum(),
            };
        }
        sum
    }

    pub(super) fn parts(&self) -> ([usize; 2], Array2<f32>, Vec<f32>) {
        let columns = self.window[1];
        let space = Array2::from_shape_fn((self.window[0], columns), |(row, column)| {
            self.space[row * columns + column]
        });
        (self.corner, space, self.time.clone())
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(&x, &y)| x * y).sum()
}
