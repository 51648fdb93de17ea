//! Products with the compressed movie that never form it.

use ndarray::Array2;
use rayon::prelude::*;

use crate::decomposition::{FactorisedMovie, Rectangle};
use crate::{Footprint, ImagingError};

/// Frames worked on at a time.
const CHUNK: usize = 512;

/// Weights of temporal components, by their numbers, ascending.
pub(crate) type Weights = Vec<(usize, f32)>;

/// What the components of the movie make of a spatial pattern: `sum over pixels of pattern * u`, for those that
/// overlap.
pub(crate) fn along_components(movie: &FactorisedMovie, pattern: &Footprint) -> Weights {
    let width = movie.grid.width();
    let Some(bounds) = bounds(pattern, width) else { return Vec::new() };
    let mut weights = Vec::new();
    for block in movie.blocks.iter().filter(|block| block.rank > 0 && meet(&block.place, &bounds)) {
        let d = block.place.n_pixels();
        let shared: Vec<(usize, f32)> = pattern
            .pixels
            .iter()
            .zip(&pattern.weights)
            .filter_map(|(&pixel, &w)| {
                let place = block.place.index_of(pixel as usize, width)?;
                Some((place, w * block.weights[place]))
            })
            .collect();
        if shared.is_empty() {
            continue;
        }
        for (r, u) in block.spatial.chunks_exact(d).enumerate() {
            weights.push((block.first + r, shared.iter().map(|&(i, w)| w * u[i]).sum()));
        }
    }
    weights
}

/// The smallest rectangle around a pattern.
pub(crate) fn bounds(pattern: &Footprint, width: usize) -> Option<Rectangle> {
    let rows = pattern.pixels.iter().map(|&p| p as usize / width);
    let columns = pattern.pixels.iter().map(|&p| p as usize % width);
    let (top, bottom) = (rows.clone().min()?, rows.max()?);
    let (left, right) = (columns.clone().min()?, columns.max()?);
    Some(Rectangle { rows: top..bottom + 1, columns: left..right + 1 })
}

/// Whether rectangles share a pixel.
pub(crate) fn meet(a: &Rectangle, b: &Rectangle) -> bool {
    a.rows.start < b.rows.end
        && b.rows.start < a.rows.end
        && a.columns.start < b.columns.end
        && b.columns.start < a.columns.end
}

/// Call `work` with the temporal components of stretches of frames: first frame, and `[frame, component]`.
fn each_stretch(
    movie: &FactorisedMovie,
    mut work: impl FnMut(usize, &[f32]),
) -> Result<(), ImagingError> {
    let (n_frames, n) = (movie.shape.n_frames, movie.n_components());
    let mut temporal = vec![0.0; CHUNK.min(n_frames) * n];
    for start in (0..n_frames).step_by(CHUNK) {
        let frames = start..(start + CHUNK).min(n_frames);
        let temporal = &mut temporal[..frames.len() * n];
        movie.temporal.read(frames, temporal)?;
        work(start, temporal);
    }
    Ok(())
}

/// The courses `[pattern, frame]` of weighted temporal components.
pub(crate) fn courses(
    movie: &FactorisedMovie,
    patterns: &[Weights],
) -> Result<Array2<f32>, ImagingError> {
    let (n_frames, n) = (movie.shape.n_frames, movie.n_components());
    let mut courses = Array2::zeros((patterns.len(), n_frames));
    each_stretch(movie, |start, temporal| {
        let mut rows: Vec<_> = courses.outer_iter_mut().zip(patterns).collect();
        rows.par_iter_mut().for_each(|(course, weights)| {
            for (value, v) in course.iter_mut().skip(start).zip(temporal.chunks_exact(n.max(1))) {
                *value = weights.iter().map(|&(i, w)| w * v[i]).sum();
            }
        });
    })?;
    Ok(courses)
}

/// `sum over frames of v * course`, for the components that `patterns` names, course by course.
pub(crate) fn along_courses(
    movie: &FactorisedMovie,
    courses: &Array2<f32>,
    patterns: &[Weights],
) -> Result<Vec<Vec<f64>>, ImagingError> {
    let n = movie.n_components();
    let mut sums: Vec<Vec<f64>> = patterns.iter().map(|weights| vec![0.0; weights.len()]).collect();
    each_stretch(movie, |start, temporal| {
        let rows = sums.par_iter_mut().zip(patterns).enumerate();
        rows.for_each(|(k, (sums, weights))| {
            let mut part = vec![0.0f32; sums.len()];
            let course = courses.row(k);
            for (&c, v) in course.iter().skip(start).zip(temporal.chunks_exact(n.max(1))) {
                part.iter_mut().zip(weights).for_each(|(sum, &(i, _))| *sum += c * v[i]);
            }
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += f64::from(part));
        });
    })?;
    Ok(sums)
}

/// The components that touch a pattern, with weights of 0.
pub(crate) fn components_at(movie: &FactorisedMovie, pattern: &Footprint) -> Weights {
    let width = movie.grid.width();
    let Some(bounds) = bounds(pattern, width) else { return Vec::new() };
    let blocks = movie.blocks.iter().filter(|block| meet(&block.place, &bounds));
    blocks.flat_map(|block| (block.first..block.first + block.rank).map(|i| (i, 0.0))).collect()
}

/// `sum over components of u[pixel] * value` at the pixels of a pattern; `names` are the components that touch it.
pub(crate) fn at_pixels(
    movie: &FactorisedMovie,
    pattern: &Footprint,
    names: &Weights,
    values: &[f64],
) -> Vec<f32> {
    let width = movie.grid.width();
    let mut sums = vec![0.0f64; pattern.pixels.len()];
    let Some(bounds) = bounds(pattern, width) else { return Vec::new() };
    let mut next = 0;
    for block in movie.blocks.iter().filter(|block| meet(&block.place, &bounds)) {
        let d = block.place.n_pixels();
        for (i, &pixel) in pattern.pixels.iter().enumerate() {
            let Some(place) = block.place.index_of(pixel as usize, width) else { continue };
            let along =
                (0..block.rank).map(|r| f64::from(block.spatial[r * d + place]) * values[next + r]);
            sums[i] += f64::from(block.weights[place]) * along.sum::<f64>();
        }
        next += block.rank;
    }
    debug_assert_eq!(next, names.len(), "the components that touch the pattern");
    sums.into_iter().map(|sum| sum as f32).collect()
}
