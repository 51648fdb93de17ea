//! The product of two square matrices of `f32`: what the machine can do, to measure the core by.

use std::time::Instant;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use rayon::prelude::*;

use crate::{Failure, Outcome, Schedule};

/// Each thread computes a block of columns of the product.
pub(crate) fn run(size: usize, schedule: Schedule) -> Result<Outcome, Failure> {
    let number = |row: usize, column: usize| ((row * 7 + column * 13) % 17) as f32 - 8.0;
    let left = Mat::from_fn(size, size, number);
    let width = size.div_ceil(rayon::current_num_threads());
    let blocks = (0..size).step_by(width).map(|first| {
        let n_columns = width.min(size - first);
        let right = Mat::from_fn(size, n_columns, |row, column| number(row, first + column));
        (right, Mat::zeros(size, n_columns))
    });
    let mut blocks: Vec<(Mat<f32>, Mat<f32>)> = blocks.collect();
    let seconds = schedule.time(|_| {
        let start = Instant::now();
        blocks.par_iter_mut().for_each(|(right, product)| {
            matmul(product.as_mut(), Accum::Replace, &left, &*right, 1.0, Par::Seq);
        });
        Ok(start)
    })?;
    Ok(Outcome { seconds, gflop: Some(2e-9 * size.pow(3) as f64), n_parameters: 0 })
}
