//! How far a stimulus is from what the twin was trained on.
//!
//! A twin answers every stimulus, also those about which it learned nothing. Clips are described by a few
//! features that have a name ([`Familiarity::features`]); the distance is that of Mahalanobis to the training
//! clips, with a covariance shrunk as by Ledoit and Wolf (2004).

mod features;
mod shrinkage;

use std::collections::BTreeSet;

use ndarray::{ArrayView3, ArrayView4, Axis, s};
use rayon::prelude::*;
use serde::Serialize;
use striate_model::Windows;

use self::features::Features;
use self::shrinkage::Shrunk;
use crate::error::InsilicoError;
use crate::experiment::Experiment;
use crate::training::{TrainingSample, spread};

/// Pieces cut from training clips at most, where they are cut into windows.
const MOST_PIECES: usize = 3000;

/// What training clips are like.
#[derive(Debug, Clone)]
pub struct Familiarity {
    features: Features,
    /// Of each feature over the training clips.
    mean: Vec<f64>,
    deviation: Vec<f64>,
    /// Of the features in units of their deviations.
    covariance: Shrunk,
    /// Distance of each training clip from the others, ascending.
    distances: Vec<f64>,
}

/// How far a clip is from what the twin was trained on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Strangeness {
    /// Mahalanobis distance from the mean of the training clips.
    pub distance: f64,
    /// Share of the training clips, 0 to 1, that are farther from the other training clips: about uniform for
    /// clips as in training, 0 for one that is stranger than all of them.
    pub percentile: f64,
    /// The feature that deviates most.
    pub largest: Deviation,
}

/// How far one feature is from its mean over the training clips.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deviation {
    /// Name of the feature.
    pub feature: String,
    /// Standard deviations, negative below the mean.
    pub deviations: f64,
}

impl Familiarity {
    /// Describe the training clips.
    ///
    /// ```
    /// use ndarray::Array4;
    /// use striate_base::Streams;
    /// use striate_insilico::{Familiarity, TrainingSample};
    ///
    /// let mut random = Streams::new(1).stream("noise");
    /// let clips = Array4::from_shape_simple_fn((200, 1, 16, 16), || random.normal() as f32);
    /// let known = Familiarity::of(&TrainingSample {
    ///     clips, luminance_range: [-4.0, 4.0], mean: 0.0, deviation: 1.0,
    ///     behaviour: None, pupil_center: None, frame_rate_hz: None,
    /// })?;
    /// let found = known.judge(Array4::from_elem((1, 1, 16, 16), 3.0).view())?;
    /// assert_eq!(found[0].percentile, 0.0);
    /// # Ok::<(), striate_insilico::InsilicoError>(())
    /// ```
    ///
    /// # Errors
    /// [`InsilicoError::NotEnough`] for fewer than three clips.
    pub fn of(sample: &TrainingSample) -> Result<Self, InsilicoError> {
        let clips: Vec<_> = sample.clips.axis_iter(Axis(0)).collect();
        let (_, n_frames, height, width) = sample.clips.dim();
        let scale = f64::from(sample.deviation);
        Self::of_clips(&clips, Features::new(n_frames > 1, [height, width], scale))
    }

    /// Describe training clips cut to the size of the windows, where the windows are: for what a neuron sees
    /// of the screen. Up to 3000 pieces, evenly chosen among places and clips.
    ///
    /// # Errors
    /// [`InsilicoError::Mismatch`] for windows that are not on the screen, [`InsilicoError::NotEnough`] for
    /// fewer than three pieces.
    pub fn in_windows(sample: &TrainingSample, windows: &Windows) -> Result<Self, InsilicoError> {
        let (n_clips, n_frames, height, width) = sample.clips.dim();
        let origins: BTreeSet<_> = windows.origins.iter().copied().collect();
        let origins: Vec<_> = origins.into_iter().collect();
        let [rows, columns] = windows.size;
        if let Some([y, x]) = origins.iter().find(|[y, x]| y + rows > height || x + columns > width)
        {
            let found = format!("{rows} x {columns} pixels from row {y}, column {x}");
            let expected = format!("inside {height} x {width} pixels");
            return Err(InsilicoError::mismatch("window", found, expected));
        }
        let pieces: Vec<ArrayView3<'_, f32>> = spread(n_clips * origins.len(), MOST_PIECES)
            .map(|piece| {
                // Places change fastest, so that a few pieces see all clips and all places.
                let (clip, [y, x]) = (piece / origins.len(), origins[piece % origins.len()]);
                sample.clips.slice(s![clip, .., y..y + rows, x..x + columns])
            })
            .collect();
        let scale = f64::from(sample.deviation);
        Self::of_clips(&pieces, Features::new(n_frames > 1, windows.size, scale))
    }

    fn of_clips(clips: &[ArrayView3<'_, f32>], features: Features) -> Result<Self, InsilicoError> {
        if clips.len() < 3 {
            return Err(InsilicoError::NotEnough {
                what: "training clips to compare stimuli with".into(),
                found: clips.len().to_string(),
                expected: "at least 3".into(),
            });
        }
        let mut points: Vec<Vec<f64>> = clips.par_iter().map(|clip| features.of(*clip)).collect();
        let n_features = features.names().len();
        let n = points.len() as f64;
        let mean: Vec<f64> =
            (0..n_features).map(|f| points.iter().map(|point| point[f]).sum::<f64>() / n).collect();
        let deviation = (0..n_features).map(|f| {
            let squares = points.iter().map(|point| (point[f] - mean[f]).powi(2));
            // What does not vary in training is told apart down to the rounding of single precision.
            (squares.sum::<f64>() / n).sqrt().max(1e-6 * mean[f].abs().max(1e-3))
        });
        let deviation: Vec<f64> = deviation.collect();
        points.iter_mut().for_each(|point| standardise(point, &mean, &deviation));
        let covariance = Shrunk::of(&points);
        let mut distances = covariance.leave_one_out(&points);
        distances.sort_by(f64::total_cmp);
        Ok(Self { features, mean, deviation, covariance, distances })
    }

    /// How strange each clip `[clip, frame, height, width]` is, on the scale of the recording's stimulus.
    /// Clips may be longer or shorter than those of training. A clip with pixels that are not finite is at a
    /// distance that is not a number, in percentile 0.
    ///
    /// # Errors
    /// [`InsilicoError::Mismatch`] for clips of another size, and for single frames after training on videos.
    pub fn judge(&self, clips: ArrayView4<'_, f32>) -> Result<Vec<Strangeness>, InsilicoError> {
        let (_, n_frames, height, width) = clips.dim();
        self.features.check(n_frames, [height, width])?;
        let clips: Vec<_> = clips.axis_iter(Axis(0)).collect();
        Ok(clips.par_iter().map(|clip| self.judge_one(*clip)).collect())
    }

    fn judge_one(&self, clip: ArrayView3<'_, f32>) -> Strangeness {
        let mut point = self.features.of(clip);
        standardise(&mut point, &self.mean, &self.deviation);
        let distance = self.covariance.distance(&point);
        let nearer = self.distances.partition_point(|&known| known <= distance);
        let share = (self.distances.len() - nearer) as f64 / self.distances.len() as f64;
        let largest = point.iter().enumerate().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
        let (feature, &deviations) = largest.unwrap_or((0, &0.0));
        Strangeness {
            distance,
            percentile: if distance.is_nan() { 0.0 } else { share },
            largest: Deviation { feature: self.features.names()[feature].clone(), deviations },
        }
    }

    /// Names of the features: `mean_luminance`, `contrast` (root mean square), `log_kurtosis` of the pixels,
    /// `log_power_A_to_B` in octaves of spatial frequency (cycles per pixel, `A` the lowest and `B` the
    /// highest), and for videos `log_power_of_change` from frame to frame.
    pub fn features(&self) -> &[String] {
        self.features.names()
    }

    /// Whether clips have a time course, so that those to judge need two frames.
    pub(crate) fn is_video(&self) -> bool {
        self.features.is_video()
    }

    /// Share of the scaled identity in the covariance, 0 to 1: how far the training clips were from enough.
    pub fn shrinkage(&self) -> f64 {
        self.covariance.shrinkage()
    }
}

/// Add columns `distance_from_training` and `share_of_training_farther`, behind a prefix, of what each neuron
/// was shown: `judged` is its distance and percentile.
pub(crate) fn columns(found: &mut Experiment, prefix: &str, shown: &str, judged: &[[f64; 2]]) {
    let about = format!("Mahalanobis distance of {shown} from training stimuli in such windows.");
    let distances = judged.iter().map(|judged| judged[0]);
    found.column(&format!("{prefix}distance_from_training"), "", &about, distances);
    let about = format!("Share of the training stimuli that are farther out than {shown}.");
    let shares = judged.iter().map(|judged| judged[1]);
    found.column(&format!("{prefix}share_of_training_farther"), "", &about, shares);
}

impl Strangeness {
    /// Distance and percentile.
    pub(crate) fn numbers(&self) -> [f64; 2] {
        [self.distance, self.percentile]
    }
}

/// Features in units of their deviations from their means.
fn standardise(point: &mut [f64], mean: &[f64], deviation: &[f64]) {
    for ((value, mean), deviation) in point.iter_mut().zip(mean).zip(deviation) {
        *value = (*value - mean) / deviation;
    }
}

#[cfg(test)]
mod tests;
