//! The samples of one row.

use super::{Latents, Population};

/// Samples that go through a block together.
pub(super) const GROUP: usize = 4;

/// Samples of one row in whole groups of [`GROUP`], `[dim, sample]` each, and single ones after them.
///
/// Multiplied by the loadings `z` gives what is added to the heads. Multiplied by the slopes, and summed
/// over samples, `weighted` gives the gradients: of each dimension by its noise, and last of the head.
#[derive(Clone, Copy)]
pub(super) struct Samples<'a> {
    pub(super) n_samples: usize,
    pub(super) dim: usize,
    pub(super) z: &'a [f32],
    /// `dim` and one more.
    pub(super) weighted: &'a [f32],
}

/// Floats of memory for the noise, `z` and `weighted` of a row.
pub(super) fn sizes(population: &Population<'_>) -> [usize; 3] {
    let (n_samples, dim) = (population.latents.n_samples, population.dim());
    [n_samples * dim, n_samples * dim, n_samples * (dim + 1)]
}

impl<'a> Samples<'a> {
    /// The first of the samples from `sample` on, in `[dim, sample]`, as `z`.
    #[inline(always)]
    pub(super) fn z(&self, sample: usize) -> &'a [f32] {
        &self.z[sample * self.dim..]
    }

    /// The same for `weighted`.
    #[inline(always)]
    pub(super) fn weighted(&self, sample: usize) -> &'a [f32] {
        &self.weighted[sample * (self.dim + 1)..]
    }

    /// Samples that are in whole groups.
    #[inline(always)]
    pub(super) fn n_grouped(&self) -> usize {
        self.n_samples / GROUP * GROUP
    }
}

/// Overwrite `noise` and `z` with those of a row.
pub(super) fn draw(latents: &Latents<'_>, row: usize, noise: &mut [f32], z: &mut [f32]) {
    (latents.noise)(row, noise);
    let dim = latents.scale.len();
    let mean = &latents.mean[row * dim..][..dim];
    place(latents.n_samples, dim, z, |sample, d| {
        mean[d] + latents.scale[d] * noise[sample * dim + d]
    });
}

/// Overwrite `weighted` with the noise of a row, and ones, times the weights of the samples.
pub(super) fn weigh(dim: usize, noise: &[f32], weights: &[f32], weighted: &mut [f32]) {
    place(weights.len(), dim + 1, weighted, |sample, d| {
        let factor = if d < dim { noise[sample * dim + d] } else { 1.0 };
        weights[sample] * factor
    });
}

/// Fill the groups of `width` values per sample.
fn place(n_samples: usize, width: usize, out: &mut [f32], of: impl Fn(usize, usize) -> f32) {
    let n_grouped = n_samples / GROUP * GROUP;
    let (grouped, single) = out.split_at_mut(n_grouped * width);
    for (i, value) in grouped.iter_mut().enumerate() {
        let (group, within) = (i / (GROUP * width), i % (GROUP * width));
        *value = of(group * GROUP + within % GROUP, within / GROUP);
    }
    for (i, value) in single.iter_mut().enumerate() {
        *value = of(n_grouped + i / width, i % width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_come_first() {
        let mut out = [0.0; 12];
        place(6, 2, &mut out, |sample, d| (10 * sample + d) as f32);
        assert_eq!(out, [0.0, 10.0, 20.0, 30.0, 1.0, 11.0, 21.0, 31.0, 40.0, 41.0, 50.0, 51.0]);
    }
}
