//! What of the stimulus a response-triggered average is taken of.

use ndarray::{Array2, Array3, ArrayView2, ArrayView3, ArrayViewMut2, Zip};
use rayon::prelude::*;

/// Pixels to each side of a pixel that its surroundings reach.
const REACH_PX: usize = 2;

/// What of the stimulus is averaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StimulusFeature {
    /// The stimulus itself: shows receptive fields that respond to light or dark at a place.
    #[default]
    Intensity,
    /// Absolute deviation of each pixel from the mean of the 5 x 5 pixels around it. Shows where
    /// cells look that respond alike to light and dark, as complex cells do, whose average of the
    /// stimulus itself vanishes.
    LocalContrast,
}

impl StimulusFeature {
    /// The feature of each frame of `[frame, height, width]`.
    pub(super) fn of(self, stimulus: ArrayView3<'_, f32>) -> Array3<f32> {
        match self {
            Self::Intensity => stimulus.as_standard_layout().into_owned(),
            Self::LocalContrast => {
                let mut contrast = Array3::zeros(stimulus.raw_dim());
                let frames: Vec<_> = contrast.outer_iter_mut().zip(stimulus.outer_iter()).collect();
                frames.into_par_iter().for_each(|(out, frame)| local_contrast(frame, out));
                contrast
            }
        }
    }
}

fn local_contrast(frame: ArrayView2<'_, f32>, mut out: ArrayViewMut2<'_, f32>) {
    let along_rows = running_means(frame);
    let mean = running_means(along_rows.t());
    Zip::from(&mut out).and(frame).and(mean.t()).for_each(|out, &v, &m| *out = (v - m).abs());
}

/// Mean along each row over the pixels within reach; fewer at the edges.
fn running_means(frame: ArrayView2<'_, f32>) -> Array2<f32> {
    let width = frame.ncols();
    Array2::from_shape_fn(frame.dim(), |(row, column)| {
        let near = column.saturating_sub(REACH_PX)..(column + REACH_PX + 1).min(width);
        let n = near.len() as f32;
        near.map(|c| frame[[row, c]]).sum::<f32>() / n
    })
}

#[cfg(test)]
mod tests {
    use ndarray::Axis;

    use super::*;

    #[test]
    fn light_and_dark_spots_have_the_same_contrast_and_flat_frames_none() {
        let mut stimulus = Array3::from_elem((3, 9, 8), 0.5f32);
        stimulus[[1, 4, 4]] = 1.5;
        stimulus[[2, 4, 4]] = -0.5;
        let contrast = StimulusFeature::LocalContrast.of(stimulus.view());
        assert!(contrast.index_axis(Axis(0), 0).iter().all(|&v| v.abs() < 1e-6));
        // The mean around the spot is 1/25 higher or lower.
        for frame in 1..3 {
            assert!((contrast[[frame, 4, 4]] - 24.0 / 25.0).abs() < 1e-6);
            assert!((contrast[[frame, 2, 2]] - 1.0 / 25.0).abs() < 1e-6);
            assert!(contrast[[frame, 0, 0]].abs() < 1e-6);
        }
    }
}
