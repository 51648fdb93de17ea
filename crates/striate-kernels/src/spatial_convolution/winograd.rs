//! Convolution with fewer multiplications, in tiles of 8 x 8 inputs: see [`crate::winograd`].
//!
//! A task works through an image in bands: as many rows of tiles as stay in near memory.

mod from_points;
mod planes;
mod tile;
mod to_points;
mod weight_gradient;

use rayon::prelude::*;

use super::SpatialConvolution;
use crate::columns::{WideRows, fill_rows, padded};
use crate::product::{Layout, Product, Run};
use crate::scratch::with_scratch;
use crate::simd::Level;
use crate::winograd::{KernelMap, POINTS, Tiling};
use from_points::FromPoints;
use planes::{Planes, Source};
use to_points::ToPoints;

/// Points of a tile in two dimensions.
const PLANES: usize = POINTS * POINTS;
/// The point (1, 1), where an image that is 1 everywhere is 1; at all other points it is 0.
const AT_ONE: usize = POINTS + 1;

/// A convolution computed in tiles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tiled {
    geometry: SpatialConvolution,
    /// Of rows and columns.
    axes: [Tiling; 2],
    /// Tiles of outputs, in rows and columns.
    n_tiles: [usize; 2],
    level: Level,
}

/// Some rows of tiles of an image.
#[derive(Clone, Copy)]
struct Band {
    /// First row of tiles.
    first: usize,
    n_rows: usize,
}

impl Tiled {
    /// Tiles for a convolution that leaves no pixel out.
    pub(super) fn new(geometry: &SpatialConvolution) -> Option<Self> {
        if geometry.stride != [1, 1] {
            return None;
        }
        let axes = geometry.kernel.map(Tiling::new);
        let n_tiles =
            [axes[0].n_tiles(geometry.out_height()), axes[1].n_tiles(geometry.out_width())];
        Some(Self { geometry: *geometry, axes, n_tiles, level: Level::active() })
    }

    /// Tiles for the convolution that gives the gradient of the input, where there is one. Its
    /// weights are reversed transposes.
    pub(super) fn adjoint(geometry: &SpatialConvolution) -> Option<Self> {
        if geometry.stride != [1, 1] || geometry.height * geometry.width == 0 {
            return None;
        }
        let before = |axis: usize| (geometry.kernel[axis] - 1).checked_sub(geometry.padding[axis]);
        Self::new(&SpatialConvolution {
            height: geometry.out_height(),
            width: geometry.out_width(),
            in_channels: geometry.out_channels,
            out_channels: geometry.in_channels,
            padding: [before(0)?, before(1)?],
            ..*geometry
        })
    }

    /// Whether tiles take less work than direct convolution.
    pub(super) fn is_cheaper(&self) -> bool {
        /// Both maps of a tile, in multiplications per channel.
        const MAPS: usize = 600;
        /// Fewer channels than vectors have lanes cost as many.
        const LANES: usize = 16;
        let [rows, columns, ins, outs] = self.geometry.weight_shape();
        let pixels = self.geometry.out_height() * self.geometry.out_width();
        let matrix = ins * padded(outs, LANES);
        let products = PLANES * self.axes[0].n_parts * self.axes[1].n_parts * matrix;
        let maps = MAPS * (padded(ins, LANES) + padded(outs, LANES));
        let cost = self.n_tiles[0] * self.n_tiles[1] * (products + maps);
        4 * cost < 3 * pixels * rows * columns * matrix
    }

    fn steps(&self) -> [usize; 2] {
        self.axes.map(|axis| axis.step)
    }

    /// Values per row of weights.
    fn wide(&self) -> usize {
        padded(self.geometry.out_channels, self.level.lanes())
    }

    /// Rows of tiles, as many at a time as stay near.
    fn bands(&self) -> impl Iterator<Item = Band> {
        /// Values at the points that stay near: 512 KiB.
        const NEAR: usize = 1 << 17;
        let per_row = PLANES * self.n_tiles[1] * (self.geometry.in_channels + self.wide());
        let n_rows = (NEAR / per_row.max(1)).max(1);
        let total = self.n_tiles[0];
        let band = move |first| Band { first, n_rows: n_rows.min(total - first) };
        (0..total).step_by(n_rows).map(band)
    }

    /// Overwrite `output`.
    pub(super) fn write(
        &self,
        input: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        output: &mut [f32],
    ) {
        let weight = self.weight_at_points(weight);
        let out_row = self.geometry.out_width() * self.geometry.out_channels;
        let out_image = self.geometry.out_height() * out_row;
        let images = output.par_chunks_exact_mut(out_image.max(1));
        images.enumerate().for_each(|(image, output)| {
            for band in self.bands() {
                let first = band.first * self.steps()[0] * out_row;
                let end = output.len().min(first + band.n_rows * self.steps()[0] * out_row);
                let output = &mut output[first..end];
                self.with_inputs_at_points(input, image, band, |inputs, values| {
                    let outputs = self.output_planes(band, self.geometry.out_channels);
                    with_scratch(outputs.length(), |products| {
                        let planes = [inputs, outputs];
                        self.write_products(planes, [values, &weight], bias, products);
                        let (width, steps) = (self.geometry.out_width(), self.steps());
                        let values = &*products;
                        let map = FromPoints { values, planes: outputs, steps, output, width };
                        self.level.run(map);
                    });
                });
            }
        });
    }

    /// Overwrite the outputs of a band at the points from its inputs and the weights there.
    fn write_products(
        &self,
        [inputs, outputs]: [Planes; 2],
        [values, weight]: [&[f32]; 2],
        bias: Option<&[f32]>,
        products: &mut [f32],
    ) {
        let runs = self.parts(inputs);
        // Rows of tiles follow each other where both have as many, and then count as one row.
        let [n_rows, per_row] = match outputs.n_tiles {
            [rows, columns] if columns == inputs.n_tiles[1] => [1, rows * columns],
            several => several,
        };
        for (point, products) in products.chunks_exact_mut(outputs.step()).enumerate() {
            let bias = bias.filter(|_| point == AT_ONE);
            if let Some(bias) = bias {
                fill_rows(&mut products[..n_rows * per_row * outputs.wide], bias);
            }
            for row in 0..n_rows {
                let first = point * inputs.step() + row * inputs.n_tiles[1] * inputs.wide;
                Product {
                    rows: per_row,
                    columns: self.geometry.out_channels,
                    depth: self.geometry.in_channels,
                    runs: &runs,
                    a: &values[first..],
                    layout: Layout::RowsApart(inputs.wide),
                    b: &weight[self.weight_of_point(point)..],
                    b_step: self.wide(),
                    out: &mut products[row * per_row * outputs.wide..],
                    out_step: outputs.wide,
                    adds: bias.is_some(),
                }
                .compute(self.level);
            }
        }
    }

    /// Where each part of the kernel reads tiles of a point, and its weights.
    fn parts(&self, inputs: Planes) -> Vec<Run> {
        let [rows, columns] = self.axes.map(|axis| axis.n_parts);
        let matrix = self.geometry.in_channels * self.wide();
        let run = |part: usize| {
            let (row, column) = (part / columns, part % columns);
            Run {
                a: (row * inputs.n_tiles[1] + column) * inputs.wide,
                b: (row * POINTS * columns + column) * POINTS * matrix,
            }
        };
        (0..rows * columns).map(run).collect()
    }

    /// Where the first part's weights of a point begin.
    fn weight_of_point(&self, point: usize) -> usize {
        let (row, column) = (point / POINTS, point % POINTS);
        let matrix = self.geometry.in_channels * self.wide();
        (row * self.axes[1].n_parts * POINTS + column) * matrix
    }

    /// `[part and point of rows, part and point of columns, in, out]`, out padded to whole vectors.
    fn weight_at_points(&self, weight: &[f32]) -> Vec<f32> {
        let rows = WideRows::new(weight, self.geometry.out_channels, self.level.lanes());
        let matrix = self.geometry.in_channels * rows.step;
        let [of_rows, of_columns] = self.axes.map(KernelMap::new);
        let values = of_columns.evaluate(&rows.values, matrix);
        of_rows.evaluate(&values, of_columns.n_values() * matrix)
    }

    /// Run `task` on the inputs of a band of an image at the points.
    fn with_inputs_at_points(
        &self,
        input: &[f32],
        image: usize,
        band: Band,
        task: impl FnOnce(Planes, &[f32]),
    ) {
        let SpatialConvolution { height, width, in_channels: channels, padding, .. } =
            self.geometry;
        let n_read = [self.axes[0].n_read(band.n_rows), self.axes[1].n_read(self.n_tiles[1])];
        let planes = Planes { n_tiles: n_read, channels, wide: channels };
        let top = (band.first * self.steps()[0]) as isize - padding[0] as isize;
        let source = Source {
            image: &input[image * height * width * channels..][..height * width * channels],
            size: [height, width],
            channels,
            origin: [top, -(padding[1] as isize)],
            steps: self.steps(),
        };
        with_scratch(planes.length(), |out| {
            self.level.run(ToPoints::<false> { source, planes, out: &mut *out });
            task(planes, out);
        });
    }

    /// Tiles of a band's outputs.
    fn output_planes(&self, band: Band, wide: usize) -> Planes {
        let n_tiles = [band.n_rows, self.n_tiles[1]];
        Planes { n_tiles, channels: self.geometry.out_channels, wide }
    }
}
