//! What frames are compared with.

use rayon::prelude::*;
use striate_base::{CancelToken, Progress};

use super::apply::Applier;
use super::config::{RegistrationConfig, RegistrationMode};
use super::correlate::{Correlator, Settings, highpass};
use super::frames;
use crate::{ImagingError, Movie};

/// Frames averaged at first: the one most like others, and those.
const N_COMPANIONS: usize = 20;
/// Largest side of the images on which frames are compared with each other.
const THUMBNAIL_PX: usize = 128;

/// The template `[y, x]` from frames spread over the movie.
pub(super) fn initial(
    movie: &dyn Movie,
    config: &RegistrationConfig,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<Vec<f32>, ImagingError> {
    let indices = frames::spread(movie, config.template.n_frames);
    let n_refinements = config.template.n_refinements;
    progress.start("template", Some(n_refinements as u64 + 1));
    let first = most_alike(movie, &indices, config, cancel)?;
    let mut template = frames::mean(movie, &first, cancel)?;
    progress.advance(1);
    for refinement in 1..=n_refinements {
        let share = indices.len() * refinement / (2 * n_refinements);
        let n_kept = share.max(N_COMPANIONS).min(indices.len());
        template = refined(movie, &template, &indices, n_kept, config, cancel)?;
        progress.advance(1);
    }
    progress.finish();
    Ok(template)
}

/// The frame with the highest mean correlation to its best companions, and those.
fn most_alike(
    movie: &dyn Movie,
    indices: &[usize],
    config: &RegistrationConfig,
    cancel: &CancelToken,
) -> Result<Vec<usize>, ImagingError> {
    let thumbnails = frames::map(movie, indices, cancel, |_, frame| {
        let mut frame = frame.to_vec();
        if config.mode == RegistrationMode::OnePhoton {
            highpass(&mut frame, movie.shape().width, config.highpass_px);
        }
        thumbnail(&frame, movie.shape().width)
    })?;
    let n_companions = N_COMPANIONS.min(indices.len());
    let companions = |image: &Vec<f32>| {
        let mut likeness: Vec<(f64, usize)> =
            thumbnails.iter().map(|other| dot(image, other)).zip(0..).collect();
        likeness.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        likeness.truncate(n_companions);
        (likeness.iter().map(|(value, _)| value).sum::<f64>(), likeness)
    };
    let groups: Vec<_> = thumbnails.par_iter().map(companions).collect();
    let mut best = 0;
    for (index, (sum, _)) in groups.iter().enumerate() {
        if *sum > groups[best].0 {
            best = index;
        }
    }
    Ok(groups[best].1.iter().map(|(_, index)| indices[*index]).collect())
}

/// A smaller image by averaging squares, mean 0 and norm 1 (0 where it is constant).
fn thumbnail(frame: &[f32], width: usize) -> Vec<f32> {
    let height = frame.len() / width;
    let square = height.max(width).div_ceil(THUMBNAIL_PX);
    let (rows, columns) = (height / square, width / square);
    let mut image = vec![0.0; rows * columns];
    for y in 0..rows * square {
        let out = &mut image[(y / square) * columns..][..columns];
        let values = frame[y * width..][..columns * square].chunks_exact(square);
        out.iter_mut().zip(values).for_each(|(out, v)| *out += v.iter().sum::<f32>());
    }
    let mean = image.iter().map(|&v| f64::from(v)).sum::<f64>() / image.len() as f64;
    image.iter_mut().for_each(|v| *v -= mean as f32);
    let norm = dot(&image, &image).sqrt();
    let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
    image.iter_mut().for_each(|v| *v = (f64::from(*v) * scale) as f32);
    image
}

/// Sum of products, in blocks of 32-bit sums added up in 64 bits.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let blocks = a.chunks(256).zip(b.chunks(256));
    blocks.map(|(a, b)| f64::from(a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>())).sum()
}

/// The mean of the `n_kept` frames most like the template, moved to where it is.
fn refined(
    movie: &dyn Movie,
    template: &[f32],
    indices: &[usize],
    n_kept: usize,
    config: &RegistrationConfig,
    cancel: &CancelToken,
) -> Result<Vec<f32>, ImagingError> {
    let size = (movie.shape().height, movie.shape().width);
    let correlator = Correlator::new(template, size, Settings::of(config, config.max_shift_px));
    let peaks = frames::map(movie, indices, cancel, |_, frame| correlator.locate(frame))?;
    let mut order: Vec<usize> = (0..indices.len()).collect();
    order.sort_by(|&a, &b| peaks[b].height.total_cmp(&peaks[a].height).then(a.cmp(&b)));
    order.truncate(n_kept);
    // Recentred, so that the template does not wander off.
    let centre = [0, 1].map(|axis| {
        let mean = order.iter().map(|&i| peaks[i].shift[axis]).sum::<f64>() / n_kept as f64;
        if config.subpixel { mean } else { mean.round() }
    });
    let mut kept: Vec<(usize, [f64; 2])> = order
        .iter()
        .map(|&i| (indices[i], [0, 1].map(|axis| peaks[i].shift[axis] - centre[axis])))
        .collect();
    kept.sort_by_key(|(index, _)| *index);
    let kept_indices: Vec<usize> = kept.iter().map(|(index, _)| *index).collect();
    let applier = Applier::new(size, None, config.applied_interpolation());
    frames::mean_of(movie, &kept_indices, cancel, |index, frame| {
        let place = kept.partition_point(|(i, _)| *i < index);
        let mut moved = vec![0.0; frame.len()];
        applier.rigid(frame, kept[place].1, &mut moved);
        moved
    })
}
