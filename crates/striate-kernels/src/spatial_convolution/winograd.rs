//! Convolution with fewer multiplications, in tiles of 8 x 8 inputs: see [`crate::winograd`].

mod tiles;

use rayon::prelude::*;

use super::SpatialConvolution;
use crate::columns::{WideRows, fill_rows, narrow, padded};
use crate::partition::sum_over;
use crate::product::{Layout, Product, Run};
use crate::scratch::with_scratch;
use crate::simd::Level;
use crate::winograd::{KernelMap, POINTS, Tiling};
use tiles::{FromPoints, Planes, Source, ToPoints};

/// Points of a tile in two dimensions.
const PLANES: usize = POINTS * POINTS;
/// The point (1, 1), where an image that is 1 everywhere is 1; at all other points it is 0.
const AT_ONE: usize = POINTS + 1;
/// Values of a band of tiles that stay in near memory: 512 KiB.
const NEAR: usize = 1 << 17;

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
                self.with_inputs_at_points(plan, level, input, band, |inputs, values| {
                    let points = [inputs, self.output_planes(plan, band, self.out_channels)];
                    with_scratch(points[1].length(), |products| {
                        self.write_products(plan, level, points, [values, &weight], bias, products);
                        let (planes, width, steps) = (points[1], self.out_width(), plan.steps());
                        let values = &*products;
                        level.run(FromPoints { values, planes, steps, output, width });
                    });
                });
            }
        });
    }

    /// Overwrite the outputs of a band at the points from its inputs and the weights there.
    fn write_products(
        &self,
        plan: Plan,
        level: Level,
        [inputs, outputs]: [Planes; 2],
        [values, weight]: [&[f32]; 2],
        bias: Option<&[f32]>,
        products: &mut [f32],
    ) {
        let runs = self.runs(plan, level, inputs.n_tiles[1]);
        // Rows of tiles follow each other where both have as many, and then count as one row.
        let [n_rows, per_row] = match outputs.n_tiles {
            [rows, columns] if columns == inputs.n_tiles[1] => [1, rows * columns],
            several => several,
        };
        for (point, products) in products.chunks_exact_mut(outputs.step()).enumerate() {
            let weight = &weight[self.weight_of_point(plan, level, point)..];
            let bias = bias.filter(|_| point == AT_ONE);
            if let Some(bias) = bias {
                fill_rows(&mut products[..outputs.n_all() * outputs.wide], bias);
            }
            for row in 0..n_rows {
                let first = point * inputs.step() + row * inputs.n_tiles[1] * inputs.wide;
                Product {
                    rows: per_row,
                    columns: self.out_channels,
                    depth: self.in_channels,
                    runs: &runs,
                    a: &values[first..],
                    layout: Layout::RowsApart(inputs.wide),
                    b: weight,
                    b_step: padded(self.out_channels, level.lanes()),
                    out: &mut products[row * per_row * outputs.wide..],
                    out_step: outputs.wide,
                    adds: bias.is_some(),
                }
                .compute(level);
            }
        }
    }

    /// Tiles of a band's outputs.
    fn output_planes(&self, plan: Plan, band: Band, wide: usize) -> Planes {
        Planes { n_tiles: [band.n_rows, plan.n_tiles[1]], channels: self.out_channels, wide }
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

    /// Run `task` on the inputs of a band at the points.
    fn with_inputs_at_points(
        &self,
        plan: Plan,
        level: Level,
        image: &[f32],
        band: Band,
        task: impl FnOnce(Planes, &[f32]),
    ) {
        let channels = self.in_channels;
        let planes = Planes { n_tiles: plan.n_read(band), channels, wide: channels };
        let top = (band.first * plan.steps()[0]) as isize - self.padding[0] as isize;
        let source = Source {
            image,
            size: [self.height, self.width],
            channels,
            origin: [top, -(self.padding[1] as isize)],
            steps: plan.steps(),
        };
        with_scratch(planes.length(), |out| {
            level.run(ToPoints::<false> { source, planes, out: &mut *out });
            task(planes, out);
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
                self.with_inputs_at_points(plan, level, input, band, |inputs, values| {
                    self.with_gradient_at_points(plan, level, gradient, band, |outputs, spread| {
                        self.add_tiles(plan, level, [inputs, outputs], [values, spread], sums);
                    });
                });
            }
        });
        let of_columns = rows.gradient(&sums, columns.n_values() * matrix);
        narrow(&columns.gradient(&of_columns, matrix), wide, out, self.out_channels);
    }

    /// Run `task` on the gradient of a band's outputs at the points.
    fn with_gradient_at_points(
        &self,
        plan: Plan,
        level: Level,
        image: &[f32],
        band: Band,
        task: impl FnOnce(Planes, &[f32]),
    ) {
        let planes = self.output_planes(plan, band, padded(self.out_channels, level.lanes()));
        let source = Source {
            image,
            size: [self.out_height(), self.out_width()],
            channels: self.out_channels,
            origin: [(band.first * plan.steps()[0]) as isize, 0],
            steps: plan.steps(),
        };
        with_scratch(planes.length(), |out| {
            level.run(ToPoints::<true> { source, planes, out: &mut *out });
            task(planes, out);
        });
    }

    /// Add the part of a band to the gradient of the weights at the points.
    fn add_tiles(
        &self,
        plan: Plan,
        level: Level,
        [inputs, outputs]: [Planes; 2],
        [values, gradient]: [&[f32]; 2],
        sums: &mut [f32],
    ) {
        let [n_rows, n_columns] = outputs.n_tiles;
        let parts = self.runs(plan, level, inputs.n_tiles[1]);
        for point in 0..PLANES {
            let first = self.weight_of_point(plan, level, point);
            for part in &parts {
                let run = |row| Run {
                    a: part.a + row * inputs.n_tiles[1] * inputs.wide,
                    b: row * n_columns * outputs.wide,
                };
                let runs: Vec<Run> = (0..n_rows).map(run).collect();
                Product {
                    rows: self.in_channels,
                    columns: self.out_channels,
                    depth: n_columns,
                    runs: &runs,
                    a: &values[point * inputs.step()..],
                    layout: Layout::TermsApart(inputs.wide),
                    b: &gradient[point * outputs.step()..],
                    b_step: outputs.wide,
                    out: &mut sums[first + part.b..],
                    out_step: outputs.wide,
                    adds: true,
                }
                .compute(level);
            }
        }
    }
}
