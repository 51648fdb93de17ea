//! What lies under the cells: light that is smooth in space, with any course in time.

use faer::Mat;
use faer::Side;
use faer::linalg::solvers::{Llt, Solve};
use ndarray::Array2;
use rayon::prelude::*;

use super::low_rank::{self, Weights};
use crate::decomposition::FactorisedMovie;
use crate::{Footprint, ImagingError};

/// Added to the diagonal of the normal equations, as a share of its mean: nodes at the edge see few pixels.
const RIDGE: f64 = 1e-6;

/// Light between the cells: tents (bilinear interpolation between the nodes of a coarse grid), each with a course of
/// its own. It bends no faster than the nodes lie apart, so it cannot follow a cell.
#[derive(Debug, Clone)]
pub struct Background {
    /// The tents in noise units.
    pub tents: Vec<Footprint>,
    /// Their courses, `[tent, frame]`, in noise units.
    pub courses: Array2<f32>,
}

impl Background {
    /// Tents `spacing` pixels apart, and courses that fit the movie best.
    pub(crate) fn fit(movie: &FactorisedMovie, spacing: f64) -> Result<Self, ImagingError> {
        let tents = tents(movie, spacing);
        let patterns: Vec<Weights> =
            tents.par_iter().map(|tent| low_rank::along_components(movie, tent)).collect();
        let mut courses = low_rank::courses(movie, &patterns)?;
        solve(&tents, &mut courses)?;
        Ok(Self { tents, courses })
    }
}

/// Tents that together are the same light everywhere: in units of noise, larger where noise is small.
fn tents(movie: &FactorisedMovie, spacing: f64) -> Vec<Footprint> {
    let (height, width) = (movie.shape.height, movie.shape.width);
    let nodes = |length: usize| (((length - 1) as f64 / spacing).round() as usize).max(1);
    let (rows, columns) = (nodes(height), nodes(width));
    let hat = |i: usize, node: usize, n: usize, length: usize| {
        let place = i as f64 * n as f64 / (length - 1).max(1) as f64;
        (1.0 - (place - node as f64).abs()).max(0.0)
    };
    let mut noise: Vec<f32> = movie.standard.noise.clone();
    let (_, &mut median, _) = noise.select_nth_unstable_by(height * width / 2, f32::total_cmp);
    let tent = |node: usize| {
        let (row, column) = (node / (columns + 1), node % (columns + 1));
        let mut tent = Footprint::default();
        for pixel in 0..height * width {
            let (y, x) = (pixel / width, pixel % width);
            let weight = hat(y, row, rows, height) * hat(x, column, columns, width);
            if weight > 0.0 {
                tent.pixels.push(pixel as u32);
                tent.weights.push(weight as f32 * median / movie.standard.noise[pixel]);
            }
        }
        tent
    };
    (0..(rows + 1) * (columns + 1)).into_par_iter().map(tent).collect()
}

/// From products of the movie with the tents to the courses that fit best.
fn solve(tents: &[Footprint], courses: &mut Array2<f32>) -> Result<(), ImagingError> {
    let n = tents.len();
    let mut gram = Mat::from_fn(n, n, |i, j| tents[i].dot(&tents[j]));
    let ridge = RIDGE * (0..n).map(|i| gram[(i, i)]).sum::<f64>() / n as f64;
    (0..n).for_each(|i| gram[(i, i)] += ridge);
    let Ok(factor) = Llt::new(gram.as_ref(), Side::Lower) else {
        return Err(ImagingError::input("background", "tents that depend on each other", "none"));
    };
    let mut columns: Vec<_> = courses.axis_iter_mut(ndarray::Axis(1)).collect();
    columns.par_iter_mut().for_each(|column| {
        let solved = factor.solve(Mat::from_fn(n, 1, |i, _| f64::from(column[i])));
        column.iter_mut().enumerate().for_each(|(i, value)| *value = solved[(i, 0)] as f32);
    });
    Ok(())
}
