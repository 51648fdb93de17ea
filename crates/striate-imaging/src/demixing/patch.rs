//! A part of the denoised movie in memory, less what is explained already.

use ndarray::Array2;
use striate_kernels::matrix::{PADDING, Rows, add_product};

use super::low_rank::meet;
use crate::Footprint;
use crate::ImagingError;
use crate::decomposition::{FactorisedMovie, Rectangle};

/// Temporal components and courses, averaged over bins of frames: small enough for memory.
pub(crate) struct Binned {
    /// `[component, bin]`.
    pub(crate) temporal: Array2<f32>,
    pub(crate) n_bins: usize,
    /// Frames of a bin.
    bin: usize,
}

impl Binned {
    pub(crate) fn of(movie: &FactorisedMovie, bin: usize) -> Result<Self, ImagingError> {
        let n_bins = (movie.shape.n_frames / bin).max(1);
        let n = movie.n_components();
        let mut temporal = Array2::zeros((n, n_bins));
        let mut rows = vec![0.0; n * bin];
        for i in 0..n_bins {
            let end = ((i + 1) * bin).min(movie.shape.n_frames);
            let rows = &mut rows[..n * (end - i * bin)];
            movie.temporal.read(i * bin..end, rows)?;
            let scale = 1.0 / (end - i * bin) as f32;
            for row in rows.chunks_exact(n.max(1)) {
                temporal.column_mut(i).iter_mut().zip(row).for_each(|(sum, v)| *sum += scale * v);
            }
        }
        Ok(Self { temporal, n_bins, bin })
    }

    /// Averages of courses `[course, frame]` over the same bins.
    pub(crate) fn average(&self, courses: &Array2<f32>) -> Array2<f32> {
        let bin = self.bin;
        Array2::from_shape_fn((courses.nrows(), self.n_bins), |(k, i)| {
            let end = ((i + 1) * bin).min(courses.ncols());
            let frames = courses.row(k);
            (i * bin..end).map(|t| frames[t]).sum::<f32>() / (end - i * bin) as f32
        })
    }
}

/// Patterns with their binned courses: what is explained.
pub(crate) struct Explained<'a> {
    pub(crate) patterns: &'a [Footprint],
    /// `[pattern, bin]`.
    pub(crate) courses: &'a Array2<f32>,
}

/// Values of a rectangle, `[pixel, bin]`, in noise units, and the same smoothed in space.
#[derive(Debug)]
pub(crate) struct Patch {
    pub(crate) place: Rectangle,
    pub(crate) n_bins: usize,
    pub(crate) values: Vec<f32>,
    pub(crate) smooth: Vec<f32>,
}

impl Patch {
    pub(crate) fn new(
        movie: &FactorisedMovie,
        binned: &Binned,
        place: Rectangle,
        kernel: &[f32],
        explained: &[Explained<'_>],
    ) -> Self {
        let parts = spatial_parts(movie, &place, explained);
        let mut courses = Vec::with_capacity(parts.len() * binned.n_bins + PADDING);
        for part in &parts {
            match part.source {
                Source::Movie(i) => courses.extend(binned.temporal.row(i)),
                Source::Explained(list, i) => courses.extend(explained[list].courses.row(i)),
            }
        }
        courses.resize(parts.len() * binned.n_bins + PADDING, 0.0);
        let smooth: Vec<Vec<f32>> =
            parts.iter().map(|p| smoothed(&p.image, place.columns.len(), kernel)).collect();
        let images: Vec<&[f32]> = parts.iter().map(|p| p.image.as_slice()).collect();
        let smooth: Vec<&[f32]> = smooth.iter().map(Vec::as_slice).collect();
        let n_bins = binned.n_bins;
        let values = combine(&images, &courses, n_bins, place.n_pixels());
        let smooth = combine(&smooth, &courses, n_bins, place.n_pixels());
        let mut patch = Self { place, n_bins, values, smooth };
        patch.subtract_medians();
        patch
    }

    /// Pixels.
    pub(crate) fn n_pixels(&self) -> usize {
        self.place.n_pixels()
    }

    /// Course of a pixel.
    pub(crate) fn course(&self, pixel: usize) -> &[f32] {
        &self.values[pixel * self.n_bins..(pixel + 1) * self.n_bins]
    }

    /// Course of a pixel and its neighbours.
    pub(crate) fn smooth_course(&self, pixel: usize) -> &[f32] {
        &self.smooth[pixel * self.n_bins..(pixel + 1) * self.n_bins]
    }

    /// Rest is at the median, since cells are silent most of the time.
    fn subtract_medians(&mut self) {
        let mut sorted = vec![0.0; self.n_bins];
        for course in self
            .values
            .chunks_exact_mut(self.n_bins)
            .chain(self.smooth.chunks_exact_mut(self.n_bins))
        {
            sorted.copy_from_slice(course);
            let (_, &mut median, _) =
                sorted.select_nth_unstable_by(self.n_bins / 2, f32::total_cmp);
            course.iter_mut().for_each(|value| *value -= median);
        }
    }
}

/// An image over the patch and where its course is found.
struct Part {
    image: Vec<f32>,
    source: Source,
}

enum Source {
    Movie(usize),
    Explained(usize, usize),
}

fn spatial_parts(
    movie: &FactorisedMovie,
    place: &Rectangle,
    explained: &[Explained<'_>],
) -> Vec<Part> {
    let width = movie.shape.width;
    let mut parts = Vec::new();
    for block in movie.blocks.iter().filter(|block| meet(&block.place, place)) {
        for r in 0..block.rank {
            let mut image = vec![0.0; place.n_pixels()];
            for (pixel, value) in movie.blended(block, r) {
                if let Some(i) = place.index_of(pixel, width) {
                    image[i] = value;
                }
            }
            parts.push(Part { image, source: Source::Movie(block.first + r) });
        }
    }
    for (list, explained) in explained.iter().enumerate() {
        for (k, pattern) in explained.patterns.iter().enumerate() {
            let mut image = vec![0.0; place.n_pixels()];
            let mut is_seen = false;
            for (&pixel, &weight) in pattern.pixels.iter().zip(&pattern.weights) {
                if let Some(i) = place.index_of(pixel as usize, width) {
                    image[i] = -weight;
                    is_seen = true;
                }
            }
            if is_seen {
                parts.push(Part { image, source: Source::Explained(list, k) });
            }
        }
    }
    parts
}

/// `sum over parts of image[pixel] * course[bin]`.
fn combine(images: &[&[f32]], courses: &[f32], n_bins: usize, n_pixels: usize) -> Vec<f32> {
    let mut transposed = vec![0.0; images.len() * n_pixels];
    for (j, image) in images.iter().enumerate() {
        image.iter().enumerate().for_each(|(i, &value)| transposed[i * images.len() + j] = value);
    }
    let mut out = vec![0.0; n_pixels * n_bins];
    let a = Rows { values: &transposed, step: images.len() };
    let b = Rows { values: courses, step: n_bins };
    add_product([n_pixels, images.len(), n_bins], a, b, &mut out);
    out
}

/// A Gaussian of standard deviation `sigma` pixels, from its middle outwards, up to 3 of them.
pub(crate) fn gaussian(sigma: f64) -> Vec<f32> {
    let reach = (3.0 * sigma).ceil() as usize;
    (0..=reach).map(|i| (-0.5 * (i as f64 / sigma).powi(2)).exp() as f32).collect()
}

/// An image convolved with a kernel along both axes; what lies outside is left out of the average.
pub(crate) fn smoothed(image: &[f32], width: usize, kernel: &[f32]) -> Vec<f32> {
    let height = image.len() / width;
    let along = |input: &[f32], n: usize, step: usize, start: usize, out: &mut [f32]| {
        for i in 0..n {
            let (low, high) = (i.saturating_sub(kernel.len() - 1), (i + kernel.len()).min(n));
            let (mut sum, mut weight) = (0.0, 0.0);
            for j in low..high {
                let w = kernel[i.abs_diff(j)];
                sum += w * input[start + j * step];
                weight += w;
            }
            out[start + i * step] = sum / weight;
        }
    };
    let mut rows = vec![0.0; image.len()];
    (0..height).for_each(|y| along(image, width, 1, y * width, &mut rows));
    let mut out = vec![0.0; image.len()];
    (0..width).for_each(|x| along(&rows, height, width, x, &mut out));
    out
}
