//! The gradient of the weights.

use super::planes::{Planes, Source};
use super::to_points::ToPoints;
use super::{Band, PLANES, Tiled};
use crate::columns::narrow;
use crate::partition::sum_over;
use crate::product::{Layout, Product, Run};
use crate::scratch::with_scratch;
use crate::winograd::KernelMap;

impl Tiled {
    /// Overwrite `out`, the gradient of the weights, from that of the output.
    pub(in super::super) fn weight_gradient(
        &self,
        input: &[f32],
        gradient: &[f32],
        out: &mut [f32],
    ) {
        let [of_rows, of_columns] = self.axes.map(KernelMap::new);
        let matrix = self.geometry.in_channels * self.wide();
        let length = of_rows.n_values() * of_columns.n_values() * matrix;
        let sums = sum_over(self.geometry.n_images, length, |sums, image| {
            for band in self.bands() {
                self.with_inputs_at_points(input, image, band, |inputs, values| {
                    self.with_gradient_at_points(gradient, image, band, |outputs, gradient| {
                        self.add_products([inputs, outputs], [values, gradient], sums);
                    });
                });
            }
        });
        let values = of_rows.gradient(&sums, of_columns.n_values() * matrix);
        let weight = of_columns.gradient(&values, matrix);
        narrow(&weight, self.wide(), out, self.geometry.out_channels);
    }

    /// Run `task` on the gradient of a band's outputs at the points.
    fn with_gradient_at_points(
        &self,
        gradient: &[f32],
        image: usize,
        band: Band,
        task: impl FnOnce(Planes, &[f32]),
    ) {
        let planes = self.output_planes(band, self.wide());
        let size = [self.geometry.out_height(), self.geometry.out_width()];
        let channels = self.geometry.out_channels;
        let length = size[0] * size[1] * channels;
        let source = Source {
            image: &gradient[image * length..][..length],
            size,
            channels,
            origin: [(band.first * self.steps()[0]) as isize, 0],
            steps: self.steps(),
        };
        with_scratch(planes.length(), |out| {
            self.level.run(ToPoints::<true> { source, planes, out: &mut *out });
            task(planes, out);
        });
    }

    /// Add the part of a band to the gradient of the weights at the points.
    fn add_products(
        &self,
        [inputs, outputs]: [Planes; 2],
        [values, gradient]: [&[f32]; 2],
        sums: &mut [f32],
    ) {
        let [n_rows, n_columns] = outputs.n_tiles;
        let parts = self.parts(inputs);
        for point in 0..PLANES {
            let weight = self.weight_of_point(point);
            for part in &parts {
                let run = |row| Run {
                    a: part.a + row * inputs.n_tiles[1] * inputs.wide,
                    b: row * n_columns * outputs.wide,
                };
                let runs: Vec<Run> = (0..n_rows).map(run).collect();
                Product {
                    rows: self.geometry.in_channels,
                    columns: self.geometry.out_channels,
                    depth: n_columns,
                    runs: &runs,
                    a: &values[point * inputs.step()..],
                    layout: Layout::TermsApart(inputs.wide),
                    b: &gradient[point * outputs.step()..],
                    b_step: outputs.wide,
                    out: &mut sums[weight + part.b..],
                    out_step: outputs.wide,
                    adds: true,
                }
                .compute(self.level);
            }
        }
    }
}
