//! Natural-like video: scenes of moving leaves and drifting textures with cuts between them.

use ndarray::{Array3, s};
use serde::{Deserialize, Serialize};
use striate_base::RandomStream;

use crate::canvas::Canvas;
use crate::dead_leaves::{DeadLeaves, dead_leaves};
use crate::error::{StimulusError, require};
use crate::texture::{DriftingTexture, drifting_texture};

/// Parameters of [`natural_video`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NaturalVideo {
    /// Shortest and longest scene in frames; `1 <= shortest <= longest`.
    pub scene_frames: [usize; 2],
    /// Probability that a scene is made of leaves, 0..=1; the others are textures.
    pub leaf_fraction: f64,
    /// The scenes of leaves; the speeds are the mean over scenes.
    pub leaves: DeadLeaves,
    /// The scenes of texture; the speed is the mean over scenes.
    pub texture: DriftingTexture,
}

impl Default for NaturalVideo {
    fn default() -> Self {
        Self {
            scene_frames: [20, 60],
            leaf_fraction: 0.6,
            leaves: DeadLeaves::default(),
            texture: DriftingTexture::default(),
        }
    }
}

impl NaturalVideo {
    /// Refuse values outside the documented ranges.
    ///
    /// # Errors
    /// [`StimulusError`] naming the parameter.
    pub fn check(&self) -> Result<(), StimulusError> {
        let [shortest, longest] = self.scene_frames;
        if shortest == 0 || shortest > longest {
            return Err(StimulusError::BadBounds {
                name: "scene_frames",
                found: [shortest as f64, longest as f64],
                expected: "1 <= shortest <= longest",
            });
        }
        let fraction = self.leaf_fraction;
        require((0.0..=1.0).contains(&fraction), "leaf_fraction", fraction, "0 to 1")?;
        self.leaves.check()?;
        self.texture.check()
    }
}

/// A video of scenes with sharp cuts, each of moving leaves or of a drifting texture.
///
/// Every scene has speeds of its own, uniform between 0 and twice the stated ones, and a texture's
/// frequency lies within half an octave of the stated one.
///
/// # Shapes
/// Returns `[frame, height, width]`, luminance 0..255.
///
/// # Errors
/// [`StimulusError`] where the canvas or a parameter is out of range.
pub fn natural_video(
    canvas: &Canvas,
    parameters: &NaturalVideo,
    random: &mut RandomStream,
) -> Result<Array3<f32>, StimulusError> {
    canvas.check()?;
    parameters.check()?;
    let mut video = canvas.grey();
    let mut start = 0;
    while start < canvas.n_frames {
        let [shortest, longest] = parameters.scene_frames;
        // Saturates for "as long as the video" written as a very large number.
        let length = shortest.saturating_add(random.below((longest - shortest).saturating_add(1)));
        let n_frames = length.min(canvas.n_frames - start);
        let scene = scene(&Canvas { n_frames, ..*canvas }, parameters, random)?;
        video.slice_mut(s![start..start + n_frames, .., ..]).assign(&scene);
        start += n_frames;
    }
    Ok(video)
}

fn scene(
    canvas: &Canvas,
    parameters: &NaturalVideo,
    random: &mut RandomStream,
) -> Result<Array3<f32>, StimulusError> {
    let pace = random.uniform_in(0.0, 2.0);
    if random.uniform() < parameters.leaf_fraction {
        let mut leaves = parameters.leaves.clone();
        leaves.common_speed_px_per_s *= pace;
        leaves.own_speed_px_per_s *= pace;
        dead_leaves(canvas, &leaves, random)
    } else {
        let mut texture = parameters.texture.clone();
        texture.speed_px_per_s *= pace;
        let octaves = random.uniform_in(-0.5, 0.5);
        texture.frequency_cycles_per_px =
            (texture.frequency_cycles_per_px * octaves.exp2()).min(0.5);
        drifting_texture(canvas, &texture, random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Axis;
    use striate_base::Streams;

    #[test]
    fn scenes_are_cut_within_the_stated_lengths() {
        let canvas = Canvas { n_frames: 100, height: 12, width: 16, frame_rate_hz: 30.0 };
        let parameters = NaturalVideo { scene_frames: [25, 25], ..NaturalVideo::default() };
        let video =
            natural_video(&canvas, &parameters, &mut Streams::new(3).stream("video")).unwrap();
        let change: Vec<f32> = (1..100)
            .map(|frame| {
                let (now, before) =
                    (video.index_axis(Axis(0), frame), video.index_axis(Axis(0), frame - 1));
                (&now - &before).mapv(f32::abs).mean().unwrap()
            })
            .collect();
        // A cut replaces the whole picture, motion only part of it.
        let cuts = [24usize, 49, 74].map(|i| change[i]).into_iter().fold(f32::MAX, f32::min);
        let rest = change.iter().enumerate().filter(|(i, _)| ![24, 49, 74].contains(i));
        let rest_mean = rest.map(|(_, c)| c).sum::<f32>() / 96.0;
        assert!(cuts > 2.0 * rest_mean, "{cuts} {rest_mean}");
    }

    #[test]
    fn same_stream_gives_the_same_bits() {
        let canvas = Canvas { n_frames: 40, height: 12, width: 16, frame_rate_hz: 30.0 };
        let make = || {
            natural_video(&canvas, &NaturalVideo::default(), &mut Streams::new(3).stream("v"))
                .unwrap()
        };
        assert_eq!(make(), make());
    }
}
