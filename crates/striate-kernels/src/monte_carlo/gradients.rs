//! Loss and gradients.

use super::backward::RowGradients;
use super::importance;
use super::laws::Terms;
use super::panels::{BLOCK, Panels, unpack};
use super::row::Row;
use super::samples::{Samples, draw, sizes, weigh};
use super::{Objective, Population, Responses};
use crate::check::check_length;
use crate::partition::{add_rows, sum_over_each};
use crate::scratch::with_scratch;
use crate::simd::Level;

/// Derivatives with respect to the arguments of a [`Population`], to be overwritten.
pub struct Gradients<'a, 'b> {
    /// For each output, `[row, neuron]`.
    pub heads: &'a mut [&'b mut [f32]],
    /// For each output, `[dim, neuron]`.
    pub loadings: &'a mut [&'b mut [f32]],
    /// `[row, dim]`
    pub mean: &'a mut [f32],
    /// `[dim]`
    pub scale: &'a mut [f32],
}

impl Gradients<'_, '_> {
    pub(super) fn check(&self, population: &Population<'_>) {
        let (n_rows, n_neurons) = (population.n_rows(), population.n_neurons);
        let outputs = population.law.outputs();
        assert_eq!(self.heads.len(), outputs, "gradients of the heads");
        assert_eq!(self.loadings.len(), outputs, "gradients of the loadings");
        for (head, loading) in self.heads.iter().zip(&*self.loadings) {
            check_length("gradient of a head", head.len(), &[n_rows, n_neurons]);
            check_length("gradient of a loading", loading.len(), &[population.dim(), n_neurons]);
        }
        check_length("gradient of the mean", self.mean.len(), &[n_rows, population.dim()]);
        check_length("gradient of the scale", self.scale.len(), &[population.dim()]);
    }
}

/// Where the results of one row go.
struct Place<'a, const O: usize> {
    row: usize,
    loss: &'a mut f64,
    heads: [&'a mut [f32]; O],
    /// `[dim]`
    mean: &'a mut [f32],
    /// `[dim]`: this row's part.
    scale: &'a mut [f32],
}

/// See [`Population::loss`]; lengths are checked.
pub(super) fn loss<T: Terms<O>, const O: usize>(
    terms: &T,
    population: &Population<'_>,
    responses: Responses<'_>,
    objective: Objective,
    gradients: Gradients<'_, '_>,
) -> f64 {
    let panels = Panels::<O>::of(population);
    let (n_rows, dim, level) = (population.n_rows(), population.dim(), Level::active());
    let mut losses = vec![0.0; n_rows];
    let mut scales = vec![0.0; n_rows * dim];
    let places =
        places(population.n_neurons, gradients.heads, gradients.mean, &mut losses, &mut scales);
    let sums = sum_over_each(places, panels.values.len(), |sums, place: Place<'_, O>| {
        let row =
            Row { terms, population, panels: &panels, responses: Some(responses), row: place.row };
        one_row(level, row, objective, place, sums);
    });
    let mut loadings = gradients.loadings.iter_mut();
    let loadings =
        std::array::from_fn::<_, O, _>(|_| loadings.next().map_or(&mut [][..], |l| &mut **l));
    unpack(&sums, population.n_neurons, loadings);
    add_rows(&scales, dim, gradients.scale);
    losses.into_iter().sum()
}

/// The places of all rows.
fn places<'a, const O: usize>(
    n_neurons: usize,
    heads: &'a mut [&mut [f32]],
    mean: &'a mut [f32],
    losses: &'a mut [f64],
    scales: &'a mut [f32],
) -> Vec<Place<'a, O>> {
    let dim = (mean.len() / losses.len().max(1)).max(1);
    let mut heads: Vec<_> =
        heads.iter_mut().map(|head| head.chunks_mut(n_neurons.max(1))).collect();
    let (mut mean, mut scales) = (mean.chunks_mut(dim), scales.chunks_mut(dim));
    let rows = losses.iter_mut().enumerate();
    // Without neurons or dimensions there are no chunks.
    rows.map(|(row, loss)| Place {
        row,
        loss,
        heads: std::array::from_fn(|output| heads[output].next().unwrap_or_default()),
        mean: mean.next().unwrap_or_default(),
        scale: scales.next().unwrap_or_default(),
    })
    .collect()
}

/// Add a row's part of the gradient of the loadings to `sums`, and overwrite the rest of its place.
fn one_row<T: Terms<O>, const O: usize>(
    level: Level,
    row: Row<'_, T, O>,
    objective: Objective,
    place: Place<'_, O>,
    sums: &mut [f32],
) {
    let latents = &row.population.latents;
    let (n_samples, dim) = (latents.n_samples, row.panels.dim);
    let [for_noise, for_z, for_weighted] = sizes(row.population);
    let length = for_noise + for_z + for_weighted + n_samples + O * (dim + 1) * BLOCK;
    with_scratch(length, |scratch| {
        let (noise, scratch) = scratch.split_at_mut(for_noise);
        let (z, scratch) = scratch.split_at_mut(for_z);
        let (weighted, scratch) = scratch.split_at_mut(for_weighted);
        let (weights, moments) = scratch.split_at_mut(n_samples);
        draw(latents, row.row, noise, z);
        let samples = Samples { n_samples, dim, z, weighted: &[] };
        weights.fill(1.0 / n_samples as f32);
        let bound = match objective {
            Objective::Average => None,
            Objective::Importance => Some(importance::weigh(level, row, samples, noise, weights)),
        };
        weigh(dim, noise, weights, weighted);
        let Place { loss, heads, mean, scale, .. } = place;
        let mut of_latents = vec![[0.0f64; 2]; dim];
        let average = level.run(RowGradients {
            row,
            samples: Samples { weighted, ..samples },
            wants_loss: bound.is_none(),
            moments,
            heads,
            sums,
            of_latents: &mut of_latents,
        });
        *loss = bound.unwrap_or(average);
        if bound.is_some() {
            importance::add_prior(latents, row.row, noise, weights, &mut of_latents);
        }
        for (d, [of_mean, of_scale]) in of_latents.into_iter().enumerate() {
            (mean[d], scale[d]) = (of_mean as f32, of_scale as f32);
        }
    });
}
