//! Frames with their shifts undone.

use std::ops::Range;

use rayon::prelude::*;

use super::config::Interpolation;
use super::shifts::{ShiftField, Shifts};
use super::spectrum::Plans;
use crate::{ImagingError, Movie, MovieShape};

mod grid;
mod sample;

pub(super) use grid::GridInterpolator;

/// Undoes shifts of frames of one size.
pub(super) struct Applier {
    frame: (usize, usize),
    interpolation: Interpolation,
    grid: Option<GridInterpolator>,
    plans: Option<Plans>,
}

impl Applier {
    pub(super) fn new(
        frame: (usize, usize),
        field: Option<&ShiftField>,
        interpolation: Interpolation,
    ) -> Self {
        let grid = field.map(|f| GridInterpolator::new(frame, &f.centres_y, &f.centres_x));
        let fourier = interpolation == Interpolation::Fourier && grid.is_none();
        let plans = fourier.then(|| Plans::new(frame, 0.5));
        Self { frame, interpolation, grid, plans }
    }

    /// `out[p] = frame[p + shift]`; beyond the border the nearest pixel of the frame.
    pub(super) fn rigid(&self, frame: &[f32], shift: [f64; 2], out: &mut [f32]) {
        match &self.plans {
            Some(plans) => sample::fourier(plans, frame, shift, out),
            None => sample::rigid(self.frame, self.interpolation, frame, shift, out),
        }
    }

    /// `out[p] = frame[p + shift(p)]`, the shift interpolated between patches `[patch][y, x]`.
    fn piecewise(&self, grid: &GridInterpolator, frame: &[f32], patches: &[f32], out: &mut [f32]) {
        let displacement = grid.displacement(patches);
        sample::warped(self.frame, self.interpolation, frame, &displacement, out);
    }

    /// Undo the shift of the frame at `index`.
    fn apply(&self, shifts: &Shifts, index: usize, frame: &[f32], out: &mut [f32]) {
        if let (Some(grid), Some(field)) = (&self.grid, &shifts.field) {
            let patches: Vec<f32> =
                field.values.index_axis(ndarray::Axis(0), index).iter().copied().collect();
            return self.piecewise(grid, frame, &patches, out);
        }
        let shift = [0, 1].map(|axis| f64::from(shifts.rigid[[index, axis]]));
        self.rigid(frame, shift, out);
    }
}

/// A movie with its shifts undone as it is read; nothing is kept.
///
/// Pixels that a frame does not show (its tissue has moved in from beyond the border) have the value
/// of the nearest pixel that it does.
///
/// Interpolation makes the noise of neighbouring pixels depend on each other and lowers its variance
/// by an amount that differs from frame to frame (bilinear at half a pixel along both axes: to a
/// quarter). What rests on white noise, such as the null thresholds of a penalized matrix
/// decomposition, should be given [`Interpolation::Nearest`].
///
/// ```
/// use ndarray::{Array2, Array3};
/// use striate_imaging::registration::{Interpolation, Registered, Shifts};
/// use striate_imaging::{ArrayMovie, Movie};
///
/// let movie = ArrayMovie::new(Array3::from_shape_fn((1, 4, 4), |(_, y, x)| (10 * y + x) as f32));
/// let shifts = Shifts { rigid: Array2::from_shape_vec((1, 2), vec![1.0, -1.0])?, field: None };
/// let registered = Registered::new(&movie, &shifts, Interpolation::Nearest)?;
/// let mut frame = [0.0; 16];
/// registered.read(0..1, &mut frame)?;
/// assert_eq!(frame[5], 20.0); // (1, 1) shows (2, 0)
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Registered<'a> {
    movie: &'a dyn Movie,
    shifts: &'a Shifts,
    applier: Applier,
}

impl<'a> Registered<'a> {
    /// `movie` with `shifts` undone.
    ///
    /// # Errors
    /// Shifts of another number of frames, or that are not finite.
    pub fn new(
        movie: &'a dyn Movie,
        shifts: &'a Shifts,
        interpolation: Interpolation,
    ) -> Result<Self, ImagingError> {
        let shape = movie.shape();
        if shifts.n_frames() != shape.n_frames {
            let expected = format!("{} as in the movie", shape.n_frames);
            return Err(ImagingError::input("frames of the shifts", shifts.n_frames(), expected));
        }
        shifts.check().map_err(|found| {
            ImagingError::input("shifts", found, "parts that fit each other, finite numbers")
        })?;
        let frame = (shape.height, shape.width);
        let applier = Applier::new(frame, shifts.field.as_ref(), interpolation);
        Ok(Self { movie, shifts, applier })
    }
}

impl Movie for Registered<'_> {
    fn shape(&self) -> MovieShape {
        self.movie.shape()
    }

    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        self.movie.read(frames.clone(), out)?;
        let n_pixels = self.shape().n_pixels();
        out.par_chunks_mut(n_pixels).zip(frames).for_each(|(frame, index)| {
            let raw = frame.to_vec();
            self.applier.apply(self.shifts, index, &raw, frame);
        });
        Ok(())
    }
}
