//! Convolution with fewer multiplications, in tiles of 8 x 8 inputs: see [`crate::winograd`].

mod tiles;

use rayon::prelude::*;

use super::SpatialConvolution;
use crate::columns::{WideRows, narrow, padded};
use crate::images::copy_columns;
use crate::partition::sum_over;
use crate::product::{Layout, Product, Run};
use crate::scratch::with_scratch;
use crate::simd::Level;
use crate::winograd::{KernelMap, POINTS, Tiling};
use tiles::{FromPoints, Planes, ToPoints};

/// Points of a tile in two dimensions.
const PLANES: usize = POINTS * POINTS;
/// Values of a band of tiles that stay in near memory: 512 KiB.
const NEAR: usize = 1 << 17;
/// Values between planes of equal length in which they begin, so that they do not compete for the
/// same lines of near memory.
const GAP: usize = 16;

/// How a convolution is computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    axes: [Tiling; 2],
    /// Tiles of outputs, in rows and columns.
    n_tiles: [usize; 2],
}

/// Some rows of tiles of an image.
#[derive(Clone, Copy)]
struct Band {
    /// First row of tiles.
    first: usize,
    n_rows: usize,
}

impl Plan {
    /// Where it is cheaper than direct convolution.
    pub(super) fn new(geometry: &SpatialConvolution) -> Option<Self> {
        /// A map of all tiles and channels, in multiplications per value at the points of a tile.
        const MAPS: usize = 600;
        /// Fewer channels than vectors have lanes cost as many.
        const LANES: usize = 16;
        let [rows, columns, ins, outs] = geometry.weight_shape();
        let outputs = [geometry.out_height(), geometry.out_width()];
        if geometry.stride != [1, 1] || rows * columns == 1 {
            return None;
        }
        let axes = [Tiling::new(rows), Tiling::new(columns)];
        let n_tiles = [axes[0].n_tiles(outputs[0]), axes[1].n_tiles(outputs[1])];
        let direct = outputs[0] * outputs[1] * rows * columns * ins * padded(outs, LANES);
        let n_products = PLANES * axes[0].n_parts * axes[1].n_parts * ins * padded(outs, LANES);
        let maps = MAPS * (padded(ins, LANES) + padded(outs, LANES));
        let cost = n_tiles[0] * n_tiles[1] * (n_products + maps);
        (4 * cost < 3 * direct).then_some(Self { axes, n_tiles })
    }

    fn steps(&self) -> [usize; 2] {
        self.axes.map(|axis| axis.step)
    }

    /// Tiles of inputs that a band reads, in rows and columns.
    fn n_read(&self, band: Band) -> [usize; 2] {
        [self.axes[0].n_read(band.n_rows), self.axes[1].n_read(self.n_tiles[1])]
    }

    /// Rows of tiles, as many at a time as stay near with so many channels in all.
    fn bands(&self, channels: usize) -> impl Iterator<Item = Band> {
        let per_row = PLANES * self.n_tiles[1] * channels;
        let n_rows = (NEAR / per_row.max(1)).max(1);
        let total = self.n_tiles[0];
        (0..total)
            .step_by(n_rows)
            .map(move |first| Band { first, n_rows: n_rows.min(total - first) })
    }
}

impl SpatialConvolution {
    /// The convolution that gives the gradient of the input, where stride and padding allow it.
    pub(super) fn adjoint(&self) -> Option<Self> {
        if self.stride != [1, 1] || self.height * self.width == 0 {
            return None;
        }
        let before = |axis: usize| (self.kernel[axis] - 1).checked_sub(self.padding[axis]);
        Some(Self {
            height: self.out_height(),
            width: self.out_width(),
            in_channels: self.out_channels,
            out_channels: self.in_channels,
            padding: [before(0)?, before(1)?],
            ..*self
        })
    }

    /// As [`SpatialConvolution::forward`].
    pub(super) fn write_tiles(
        &self,
        plan: Plan,
        input: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        output: &mut [f32],
    ) {
        let level = Level::active();
        let weight = self.weight_at_points(plan, weight, level.lanes());
        let in_image = self.height * self.width * self.in_channels;
        let out_row = self.out_width() * self.out_channels;
        let images = output.par_chunks_exact_mut((self.out_height() * out_row).max(1));
        images.enumerate().for_each(|(image, output)| {
            let input = &input[image * in_image..][..in_image];
            for band in plan.bands(self.in_channels + self.out_channels) {
                let first = band.first * plan.steps()[0] * out_row;
                let end = (first + band.n_rows * plan.steps()[0] * out_row).min(output.len());
                let output = &mut output[first..end];
                self.with_inputs_at_points(plan, level, input, band, |values, plane| {
                    self.write_band(plan, level, band, [values, &weight], plane, bias, output);
                });
            }
        });
    }

    /// Overwrite some rows of an output from inputs and weights at the points.
    #[expect(clippy::too_many_arguments, reason = "one call")]
    fn write_band(
        &self,
        plan: Plan,
        level: Level,
        band: Band,
        [values, weight]: [&[f32]; 2],
        plane: usize,
        bias: Option<&[f32]>,
        output: &mut [f32],
    ) {
        let outs = self.out_channels;
        let n_tiles = [band.n_rows, plan.n_tiles[1]];
        let out_plane = n_tiles[0] * n_tiles[1] * outs + GAP;
        with_scratch(PLANES * out_plane, |products| {
            let runs = self.runs(plan, level, plan.n_read(band)[1]);
            for (point, products) in products.chunks_exact_mut(out_plane).enumerate() {
                let first = self.weight_of_point(plan, level, point);
                for row in 0..band.n_rows {
                    let from = point * plane + row * plan.n_read(band)[1] * self.in_channels;
                    Product {
                        rows: n_tiles[1],
                        columns: outs,
                        depth: self.in_channels,
                        runs: &runs,
                        a: &values[from..],
                        layout: Layout::RowsApart(self.in_channels),
                        b: &weight[first..],
                        b_step: padded(outs, level.lanes()),
                        out: &mut products[row * n_tiles[1] * outs..],
                        out_step: outs,
                        adds: false,
                    }
                    .compute(level);
                }
            }
            let planes = Planes { n_tiles, channels: outs, plane: out_plane };
            let (values, width, steps) = (&*products, self.out_width(), plan.steps());
            level.run(FromPoints { values, planes, steps, bias, output, width });
        });
    }

    /// Parts of the kernel: where each reads tiles and weights.
    fn runs(&self, plan: Plan, level: Level, tiles_per_row: usize) -> Vec<Run> {
        let [rows, columns] = plan.axes.map(|axis| axis.n_parts);
        let matrix = self.in_channels * padded(self.out_channels, level.lanes());
        let run = |part: usize| {
            let (row, column) = (part / columns, part % columns);
            Run {
                a: (row * tiles_per_row + column) * self.in_channels,
                b: (row * POINTS * columns + column) * POINTS * matrix,
            }
        };
        (0..rows * columns).map(run).collect()
    }

    /// Where the first part's weights of a point begin.
    fn weight_of_point(&self, plan: Plan, level: Level, point: usize) -> usize {
        let matrix = self.in_channels * padded(self.out_channels, level.lanes());
        let (row, column) = (point / POINTS, point % POINTS);
        (row * plan.axes[1].n_parts * POINTS + column) * matrix
    }

    /// `[part and point of rows, part and point of columns, in, out]`, out padded to whole vectors.
    fn weight_at_points(&self, plan: Plan, weight: &[f32], lanes: usize) -> Vec<f32> {
        let wide = WideRows::new(weight, self.out_channels, lanes);
        let matrix = self.in_channels * wide.step;
        let [rows, columns] = plan.axes.map(KernelMap::new);
        let of_columns = columns.evaluate(&wide.values, matrix);
        rows.evaluate(&of_columns, columns.n_values() * matrix)
    }

    /// Run `task` on the inputs of a band at the points, `[point, tile row, tile column, in]`, and
    /// the values from one point to the next.
    fn with_inputs_at_points(
        &self,
        plan: Plan,
        level: Level,
        image: &[f32],
        band: Band,
        task: impl FnOnce(&[f32], usize),
    ) {
        let n_tiles = plan.n_read(band);
        let channels = self.in_channels;
        let size = [plan.axes[0].n_inputs(n_tiles[0]), plan.axes[1].n_inputs(n_tiles[1])];
        let plane = n_tiles[0] * n_tiles[1] * channels + GAP;
        with_scratch(PLANES * plane, |values| {
            with_scratch(size[0] * size[1] * channels, |part| {
                let top = (band.first * plan.steps()[0]) as isize - self.padding[0] as isize;
                let from = [self.height, self.width, channels];
                let left = self.padding[1] as isize;
                copy_part(image, from, [top, left], part, [size[1], channels]);
                let planes = Planes { n_tiles, channels, plane };
                let (width, steps, out) = (size[1], plan.steps(), &mut *values);
                level.run(ToPoints::<false> { part, width, steps, planes, out });
            });
            task(values, plane);
        });
    }

    /// As [`SpatialConvolution::weight_gradient`].
    pub(super) fn weight_gradient_of_tiles(
        &self,
        plan: Plan,
        input: &[f32],
        gradient: &[f32],
        out: &mut [f32],
    ) {
        let level = Level::active();
        let wide = padded(self.out_channels, level.lanes());
        let in_image = self.height * self.width * self.in_channels;
        let out_image = self.out_height() * self.out_width() * self.out_channels;
        let [rows, columns] = plan.axes.map(KernelMap::new);
        let matrix = self.in_channels * wide;
        let length = rows.n_values() * columns.n_values() * matrix;
        let sums = sum_over(self.n_images, length, |sums, image| {
            let input = &input[image * in_image..][..in_image];
            let gradient = &gradient[image * out_image..][..out_image];
            for band in plan.bands(self.in_channels + wide) {
                self.with_inputs_at_points(plan, level, input, band, |values, plane| {
                    self.add_band(plan, level, band, [values, gradient], plane, sums);
                });
            }
        });
        let of_columns = rows.gradient(&sums, columns.n_values() * matrix);
        narrow(&columns.gradient(&of_columns, matrix), wide, out, self.out_channels);
    }

    /// Add the part of some rows of tiles to the gradient of the weights at the points.
    fn add_band(
        &self,
        plan: Plan,
        level: Level,
        band: Band,
        [values, gradient]: [&[f32]; 2],
        plane: usize,
        sums: &mut [f32],
    ) {
        let [ins, outs] = [self.in_channels, self.out_channels];
        let wide = padded(outs, level.lanes());
        let n_tiles = [band.n_rows, plan.n_tiles[1]];
        let out_plane = n_tiles[0] * n_tiles[1] * wide + GAP;
        let steps = plan.steps();
        let size = [n_tiles[0] * steps[0], n_tiles[1] * steps[1]];
        let tiles_per_row = plan.n_read(band)[1];
        with_scratch(PLANES * out_plane, |spread| {
            with_scratch(size[0] * size[1] * wide, |part| {
                let from = [self.out_height(), self.out_width(), outs];
                let top = (band.first * steps[0]) as isize;
                copy_part(gradient, from, [top, 0], part, [size[1], wide]);
                let planes = Planes { n_tiles, channels: wide, plane: out_plane };
                let (width, out) = (size[1], &mut *spread);
                level.run(ToPoints::<true> { part, width, steps, planes, out });
            });
            let parts = self.runs(plan, level, tiles_per_row);
            for point in 0..PLANES {
                let first = self.weight_of_point(plan, level, point);
                for part in &parts {
                    let run = |row| Run {
                        a: part.a + row * tiles_per_row * ins,
                        b: row * n_tiles[1] * wide,
                    };
                    let runs: Vec<Run> = (0..band.n_rows).map(run).collect();
                    Product {
                        rows: ins,
                        columns: outs,
                        depth: n_tiles[1],
                        runs: &runs,
                        a: &values[point * plane..],
                        layout: Layout::TermsApart(ins),
                        b: &spread[point * out_plane..],
                        b_step: wide,
                        out: &mut sums[first + part.b..],
                        out_step: wide,
                        adds: true,
                    }
                    .compute(level);
                }
            }
        });
    }
}

/// The weights of [`SpatialConvolution::adjoint`]: rows and columns reversed, `[.., out, in]`.
pub(super) fn adjoint_weight(geometry: &SpatialConvolution, weight: &[f32]) -> Vec<f32> {
    let [_, _, ins, outs] = geometry.weight_shape();
    let matrix = (ins * outs).max(1);
    let mut adjoint = vec![0.0; weight.len()];
    for (from, to) in weight.chunks_exact(matrix).rev().zip(adjoint.chunks_exact_mut(matrix)) {
        crate::columns::transpose(from, ins, outs, to, ins);
    }
    adjoint
}

/// Overwrite `part` with rows of an image from `top` on and columns from `-left` on; what the image
/// does not have is 0.
fn copy_part(
    image: &[f32],
    [height, width, channels]: [usize; 3],
    [top, left]: [isize; 2],
    part: &mut [f32],
    [n_columns, wide]: [usize; 2],
) {
    let row = (n_columns * wide).max(1);
    for (index, part) in part.chunks_exact_mut(row).enumerate() {
        let y = top + index as isize;
        if (0..height as isize).contains(&y) {
            let image = &image[y as usize * width * channels..][..width * channels];
            copy_columns(image, [width, channels], left, part, [n_columns, wide]);
        } else {
            part.fill(0.0);
        }
    }
}
