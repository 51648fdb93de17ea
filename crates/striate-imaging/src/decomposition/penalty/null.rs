//! What the components of noise look like when they are found with a penalty.

use std::ops::Range;

use rayon::prelude::*;
use striate_base::{CancelToken, NoProgress, Progress, Streams};

use super::super::Work;
use super::super::config::{DecompositionConfig, Method};
use super::super::grid::BlockGrid;
use super::super::memory::is_gram;
use super::super::moments::Standard;
use super::super::roughness::Thresholds;
use super::BLOCKS_PER_THREAD;
use crate::penalised::{spatial_roughness, temporal_roughness};
use crate::traces::percentile_of;
use crate::{ImagingError, Movie, MovieShape};

/// Components of noise that are looked at, about. If all were independent, the 5 % point of 300 would be one between
/// 3.7 and 6.3 % (1 standard error).
const COMPONENTS: usize = 300;

/// Components of a block of noise at most.
const PER_BLOCK: usize = 3;

/// Lets every component pass.
const ANY: Thresholds = Thresholds { spatial: 1e3, temporal: 1e3 };

/// The `false_accept` quantiles of both statistics for the first components of blocks of white noise, as many as may
/// fail in a row (at most 3), which have come the same way as those of a movie: standardised, reduced to the leading
/// singular vectors, penalised. Smoothing has made them smoother than [`Thresholds::of_noise`] has it.
pub(in super::super) fn thresholds_of_noise(
    shape: MovieShape,
    grid: &BlockGrid,
    config: &DecompositionConfig,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<Thresholds, ImagingError> {
    let block = grid.block(0);
    let shape = MovieShape {
        n_frames: shape.n_frames,
        height: block.rows.len(),
        width: block.columns.len(),
    };
    if shape.n_frames < 4 || shape.height < 2 || shape.width < 2 {
        let expected = "at least 4 frames of 2 x 2 pixels";
        return Err(ImagingError::input(
            "movie to decompose with a penalty",
            format!("{shape:?}"),
            expected,
        ));
    }
    let config = config_of_noise(grid, config);
    let n_blocks = COMPONENTS.div_ceil(config.penalised.max_components);
    progress.start("thresholds from noise", Some(n_blocks as u64));
    let (mut spatial, mut temporal) = (Vec::new(), Vec::new());
    let at_once = BLOCKS_PER_THREAD * rayon::current_num_threads();
    for start in (0..n_blocks).step_by(at_once) {
        let blocks = start..(start + at_once).min(n_blocks);
        progress.advance(blocks.len() as u64);
        let found = blocks.into_par_iter().map(|i| roughness(i, shape, &config, cancel));
        for [in_space, in_time] in found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
            spatial.push(in_space);
            temporal.push(in_time);
        }
    }
    progress.finish();
    let quantile = |values| percentile_of(values, 100.0 * config.false_accept);
    Ok(Thresholds { spatial: quantile(spatial), temporal: quantile(temporal) })
}

/// The settings for blocks of noise, which are found with the method that the movie's are.
fn config_of_noise(grid: &BlockGrid, config: &DecompositionConfig) -> DecompositionConfig {
    let mut config = config.clone();
    config.method = if is_gram(config.method, grid) { Method::Gram } else { Method::Sketch };
    let n = config.penalised.consecutive_failures.min(PER_BLOCK);
    config.penalised.max_components = n.min(config.most_components());
    config
}

/// Roughness in space and time of the first components of the `i`-th block of noise.
fn roughness(
    i: usize,
    shape: MovieShape,
    config: &DecompositionConfig,
    cancel: &CancelToken,
) -> Result<Vec<[f64; 2]>, ImagingError> {
    let streams = Streams::new(config.seed).child("decomposition-penalised-null");
    let movie = Noise { shape, streams: streams.child(&i.to_string()) };
    let standard = Standard::of(&movie, &mut NoProgress, cancel)?;
    let grid = BlockGrid::new(shape.height, shape.width, config.block);
    let work = Work { movie: &movie, grid, standard, thresholds: ANY, config };
    let bases = work.candidates(&mut NoProgress, cancel)?;
    let courses = work.courses(&bases, 0..1, &mut NoProgress, cancel)?;
    let found = work.decompose_reduced(&bases[0].to_array(), courses.of(0))?;
    let means = shape.n_frames as f64 / (shape.n_frames - 2) as f64;
    let pairs = found.images.columns().into_iter().zip(found.traces.rows());
    let of = |(image, trace): (ndarray::ArrayView1<f64>, ndarray::ArrayView1<f64>)| {
        let in_space = spatial_roughness(&image.to_vec(), shape.width);
        [in_space, means * temporal_roughness(&trace.to_vec())]
    };
    Ok(pairs.map(of).collect())
}

/// White noise of one block that is made as it is read.
struct Noise {
    shape: MovieShape,
    streams: Streams,
}

impl Movie for Noise {
    fn shape(&self) -> MovieShape {
        self.shape
    }

    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        for (t, frame) in frames.zip(out.chunks_exact_mut(self.shape.n_pixels())) {
            let key = self.streams.stream(&t.to_string()).next_u64();
            striate_kernels::noise::fill_normal(key, frame);
        }
        Ok(())
    }
}
