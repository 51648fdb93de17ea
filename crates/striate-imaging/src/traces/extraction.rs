//! Mean fluorescence of cells.

use ndarray::{Array2, Axis, s};
use rayon::prelude::*;

use crate::{Footprint, ImagingError, Movie};

/// Values read at once.
const VALUES: usize = 1 << 22;

/// Weighted mean over the pixels of each footprint, `[cell, frame]`, in units of the movie, in one
/// pass over the frames. A footprint without weight gives NaN, and so does a pixel that is NaN.
///
/// ```
/// use ndarray::Array3;
/// use striate_imaging::{ArrayMovie, Footprint, traces::extract};
///
/// let movie = ArrayMovie::new(Array3::from_shape_fn((2, 2, 2), |(t, y, x)| (4 * t + 2 * y + x) as f32));
/// let cell = Footprint { pixels: vec![0, 3], weights: vec![1.0, 3.0] };
/// assert_eq!(extract(&movie, &[cell])?, ndarray::array![[2.25, 6.25]]);
/// # Ok::<(), striate_imaging::ImagingError>(())
/// ```
///
/// # Errors
/// Where the movie cannot be read or a footprint lies outside of it.
pub fn extract(movie: &dyn Movie, footprints: &[Footprint]) -> Result<Array2<f32>, ImagingError> {
    let shape = movie.shape();
    let n_pixels = shape.n_pixels();
    check(footprints, n_pixels)?;
    let mut traces = Array2::zeros((footprints.len(), shape.n_frames));
    let step = (VALUES / n_pixels.max(1)).clamp(1, shape.n_frames.max(1));
    let mut frames = vec![0.0; step * n_pixels];
    for start in (0..shape.n_frames).step_by(step) {
        let end = (start + step).min(shape.n_frames);
        let values = &mut frames[..(end - start) * n_pixels];
        movie.read(start..end, values)?;
        let values = &*values;
        let mut part = traces.slice_mut(s![.., start..end]);
        let rows: Vec<_> = part.axis_iter_mut(Axis(0)).zip(footprints).collect();
        rows.into_par_iter().for_each(|(mut row, footprint)| {
            for (out, frame) in row.iter_mut().zip(values.chunks_exact(n_pixels)) {
                *out = weighted_mean(footprint, frame);
            }
        });
    }
    Ok(traces)
}

fn check(footprints: &[Footprint], n_pixels: usize) -> Result<(), ImagingError> {
    for (cell, footprint) in footprints.iter().enumerate() {
        let outside = footprint.pixels.iter().find(|&&pixel| pixel as usize >= n_pixels);
        if let Some(pixel) = outside {
            return Err(ImagingError::input(
                format!("footprint of cell {cell}"),
                format!("pixel {pixel}"),
                format!("pixels below {n_pixels}"),
            ));
        }
        if footprint.pixels.len() != footprint.weights.len() {
            return Err(ImagingError::input(
                format!("footprint of cell {cell}"),
                format!("{} weights", footprint.weights.len()),
                format!("{}, one for each pixel", footprint.pixels.len()),
            ));
        }
    }
    Ok(())
}

fn weighted_mean(footprint: &Footprint, frame: &[f32]) -> f32 {
    let pairs = footprint.pixels.iter().zip(&footprint.weights);
    let [sum, weight] = pairs.fold([0.0; 2], |[sum, total], (&pixel, &weight)| {
        let weight = f64::from(weight);
        [sum + weight * f64::from(frame[pixel as usize]), total + weight]
    });
    (sum / weight) as f32
}
