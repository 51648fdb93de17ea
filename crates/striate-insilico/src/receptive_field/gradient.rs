//! Gradients of responses with respect to the stimulus.

use ndarray::{Array4, ArrayView3, Axis};
use rayon::prelude::*;
use striate_base::{CancelToken, Progress};
use striate_model::Windows;

use super::config::ReceptiveFieldConfig;
use super::field::Field;
use super::separated::{dot, first_eigenvector};
use crate::error::InsilicoError;
use crate::parts::{Part, Parts};
use crate::subject::{OwnClips, Subject};
use crate::training::spread;

/// Pixels of all frames of all clips of a call, which bounds its memory.
const PIXELS_AT_A_TIME: usize = 1 << 17;

/// Neurons whose gradients are kept together.
const NEURONS_IN_PART: usize = 64;

/// What gradients show of some neurons.
pub(super) struct GradientFields {
    /// At grey, one part.
    pub(super) grey: Vec<Field>,
    /// Averaged over training clips.
    pub(super) mean: Vec<Field>,
    /// The direction in stimulus space along which gradients vary most over training clips.
    pub(super) filter: Vec<Field>,
    /// Square of the mean gradient over the mean square.
    pub(super) linearity: Vec<f64>,
}

/// Take gradients at grey and at training clips, in units of response per unit of contrast.
///
/// The mean gradient is the linear part of the neuron under the stimuli that the twin knows. In a
/// neuron that responds alike to light and dark it vanishes; the leading eigenvector of the gradients'
/// second moments ([`GradientFields::filter`]) remains (Constantine, Dow & Wang 2014, "Active subspace
/// methods in theory and practice", equation 2.3; for the average of white noise the same is Schwartz et
/// al. 2006, "Spike-triggered neural characterization").
pub(super) fn measure(
    subject: &Subject<'_>,
    neurons: &[usize],
    windows: &Windows,
    (config, parts): (&ReceptiveFieldConfig, &Parts),
    (progress, cancel): (&mut dyn Progress, &CancelToken),
) -> Result<GradientFields, InsilicoError> {
    let clips = Clips::new(subject, config.n_clips);
    progress.start("gradients", Some(neurons.len() as u64));
    let mut found = GradientFields {
        grey: Vec::new(),
        mean: Vec::new(),
        filter: Vec::new(),
        linearity: Vec::new(),
    };
    let each = neurons.chunks(NEURONS_IN_PART).zip(windows.origins.chunks(NEURONS_IN_PART));
    for (number, (neurons, origins)) in each.enumerate() {
        let mut n_done = 0;
        let part = parts.finished_or(&format!("gradients-{number}"), || {
            let places = neurons.iter().zip(origins);
            let gradients = places.map(|(&neuron, &origin)| {
                if cancel.is_cancelled() {
                    return Err(InsilicoError::Cancelled);
                }
                n_done += 1;
                progress.advance(1);
                clips.gradients(subject, neuron, (windows.size, origin))
            });
            part_of(gradients, config.n_parts)
        })?;
        found.extend(part, (subject.n_lags(), windows.size), origins)?;
        progress.advance((neurons.len() - n_done) as u64);
    }
    progress.finish();
    Ok(found)
}

/// What is kept of some neurons' gradients at grey and at training clips.
fn part_of(
    gradients: impl Iterator<Item = Result<Vec<Vec<f64>>, InsilicoError>>,
    n_parts: usize,
) -> Result<Part, InsilicoError> {
    let [mut grey, mut mean, mut filter, mut linearity] = [const { Vec::new() }; 4];
    let narrow =
        |values: &[f64], onto: &mut Vec<f32>| onto.extend(values.iter().map(|&v| v as f32));
    for gradients in gradients {
        let gradients = gradients?;
        let [of_grey, all @ ..] = &gradients[..] else {
            return Err(InsilicoError::mismatch("gradients", 0, "one for each clip"));
        };
        let ([of_mean, of_filter], share) = summarise(all, n_parts);
        narrow(of_grey, &mut grey);
        of_mean.iter().for_each(|part| narrow(part, &mut mean));
        of_filter.iter().for_each(|part| narrow(part, &mut filter));
        linearity.push(share as f32);
    }
    let n = linearity.len();
    let mut part = Part::default();
    for (name, values) in
        [("grey", grey), ("mean", mean), ("filter", filter), ("linearity", linearity)]
    {
        part.push(name, &[n, values.len() / n.max(1)], values);
    }
    Ok(part)
}

impl GradientFields {
    /// Turn each filter so that it agrees with the one in `like` in the same window.
    pub(super) fn turn_filters(&mut self, like: &[Field]) {
        for (filter, like) in self.filter.iter_mut().zip(like) {
            if dot(&filter.mean(None), &like.mean(None)) < 0.0 {
                filter.parts.iter_mut().flatten().for_each(|value| *value = -*value);
            }
        }
    }

    /// Add what was kept of neurons with windows of some size at `origins`.
    fn extend(
        &mut self,
        mut part: Part,
        (n_frames, size): (usize, [usize; 2]),
        origins: &[[usize; 2]],
    ) -> Result<(), InsilicoError> {
        let length = n_frames * size[0] * size[1];
        for (name, fields) in
            [("grey", &mut self.grey), ("mean", &mut self.mean), ("filter", &mut self.filter)]
        {
            let values = part.take(name)?.values;
            let per_neuron = values.len() / origins.len().max(1);
            for (&origin, values) in origins.iter().zip(values.chunks_exact(per_neuron)) {
                let wide = |part: &[f32]| part.iter().map(|&value| f64::from(value)).collect();
                let parts = values.chunks_exact(length).map(wide).collect();
                fields.push(Field { n_frames, size, origin, parts });
            }
        }
        self.linearity.extend(part.take("linearity")?.values.into_iter().map(f64::from));
        Ok(())
    }
}

/// Grey and training clips.
struct Clips {
    /// `[clip, frame, height, width]`, the first one grey.
    shown: Array4<f32>,
    /// Values of the stimulus per unit of contrast.
    per_contrast: f32,
}

impl Clips {
    fn new(subject: &Subject<'_>, n_clips: usize) -> Self {
        let training = &subject.training;
        let (n_known, n_frames, height, width) = training.clips.dim();
        let chosen: Vec<usize> = spread(n_known, n_clips).collect();
        let mut shown =
            Array4::from_elem((chosen.len() + 1, n_frames, height, width), training.grey());
        for (place, clip) in chosen.into_iter().enumerate() {
            shown
                .index_axis_mut(Axis(0), place + 1)
                .assign(&training.clips.index_axis(Axis(0), clip));
        }
        let [low, high] = training.luminance_range;
        Self { shown, per_contrast: 0.5 * (high - low) }
    }

    /// Gradient `[frame, row, column]` of one neuron's response to each clip.
    fn gradients(
        &self,
        subject: &Subject<'_>,
        neuron: usize,
        (size, origin): ([usize; 2], [usize; 2]),
    ) -> Result<Vec<Vec<f64>>, InsilicoError> {
        let (n_clips, n_frames, _, _) = self.shown.dim();
        let per_clip = n_frames * size[0] * size[1];
        let at_a_time = (PIXELS_AT_A_TIME / per_clip).max(1);
        let mut found = Vec::new();
        for first in (0..n_clips).step_by(at_a_time) {
            let n = at_a_time.min(n_clips - first);
            let mut stimulus = Vec::with_capacity(n * per_clip);
            for clip in first..first + n {
                cut(self.shown.index_axis(Axis(0), clip), size, origin, &mut stimulus);
            }
            let windows = Windows { size, origins: vec![origin; n] };
            let neurons = vec![neuron; n];
            let clips =
                OwnClips { neurons: &neurons, windows: &windows, n_frames, stimulus: &stimulus };
            let weights = vec![1.0; n * (n_frames + 1 - subject.n_lags())];
            let (_, gradient) = subject.own_gradient(&clips, &weights)?;
            let factor = f64::from(self.per_contrast);
            found.extend(gradient.chunks_exact(per_clip).map(|of_clip| {
                of_clip.iter().map(|&slope| factor * f64::from(slope)).collect::<Vec<f64>>()
            }));
        }
        Ok(found)
    }
}

/// Parts of the mean, the leading direction (which has none: directions do not add up), and the
/// share of the mean.
fn summarise(all: &[Vec<f64>], n_parts: usize) -> ([Vec<Vec<f64>>; 2], f64) {
    let length = all.first().map_or(0, Vec::len);
    let gram: Vec<Vec<f64>> =
        all.par_iter().map(|a| all.iter().map(|b| dot(a, b)).collect()).collect();
    let weighted = |weights: &dyn Fn(usize) -> f64| {
        let mut sum = vec![0.0; length];
        for (clip, gradient) in all.iter().enumerate() {
            let weight = weights(clip);
            if weight != 0.0 {
                sum.iter_mut().zip(gradient).for_each(|(sum, value)| *sum += weight * value);
            }
        }
        sum
    };
    let in_part = |part: usize| move |clip: usize| clip % n_parts == part;
    let size = |part: usize| (0..all.len()).filter(|&clip| in_part(part)(clip)).count() as f64;
    let mean =
        |part: usize| weighted(&|clip| if in_part(part)(clip) { 1.0 / size(part) } else { 0.0 });
    let means: Vec<Vec<f64>> = (0..n_parts).map(mean).collect();
    let of_all = weighted(&|_| 1.0 / all.len() as f64);
    let direction = first_eigenvector(&gram);
    let squares: f64 = (0..all.len()).map(|clip| gram[clip][clip]).sum::<f64>();
    let linearity = dot(&of_all, &of_all) / squares * all.len() as f64;
    // Scaled to the root of the mean square along it, with the sign of the mean.
    let along: f64 = gram.iter().map(|row| dot(row, &direction)).sum();
    let factor = along.signum() / (all.len() as f64).sqrt();
    let whole = weighted(&|clip| direction[clip] * factor);
    ([means, vec![whole]], linearity)
}

/// Append the window of a clip `[frame, height, width]`.
fn cut(clip: ArrayView3<'_, f32>, size: [usize; 2], origin: [usize; 2], onto: &mut Vec<f32>) {
    let ([rows, columns], [top, left]) = (size, origin);
    onto.extend(clip.slice(ndarray::s![.., top..top + rows, left..left + columns]));
}
