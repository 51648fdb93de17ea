//! Convolution with fewer multiplications, in tiles of 8 frames: see [`crate::winograd`].
//!
//! A task walks over the frames of a few pixels. It keeps the tiles of inputs that the next tile of
//! outputs reads, one for each part of the kernel, in a ring.

mod ring;

use super::TemporalConvolution;
use super::blocks::{BLOCK, Block, blocks_of};
use crate::columns::{WideRows, fill_rows, narrow, padded, widen};
use crate::pairs::pair_halves;
use crate::partition::sum_over;
use crate::product::{Layout, Product, Run};
use crate::scratch::with_scratch;
use crate::simd::Level;
use crate::winograd::{
    Gradients, Inputs, KernelMap, Line, Outputs, POINTS, PairedSlices, Slices, Tiling, with_step,
};
use rayon::prelude::*;
use ring::{Form, Ring};

/// The point 1, where a line that is 1 everywhere is 1; at all other points it is 0.
const AT_ONE: usize = 1;

/// A convolution over frames, or its adjoint, which begins before the first frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tiled {
    tiling: Tiling,
    level: Level,
    n_clips: usize,
    in_frames: usize,
    out_frames: usize,
    n_pixels: usize,
    ins: usize,
    outs: usize,
    /// Frames before the first that the first output reads.
    lead: usize,
    /// Whether factors of products are rounded to bf16.
    in_bf16: bool,
}

impl Tiled {
    /// Tiles for a convolution.
    pub(super) fn new(geometry: &TemporalConvolution) -> Self {
        Self {
            tiling: Tiling::new(geometry.kernel),
            level: Level::active(),
            n_clips: geometry.n_clips,
            in_frames: geometry.n_frames,
            out_frames: geometry.out_frames(),
            n_pixels: geometry.n_pixels,
            ins: geometry.in_channels,
            outs: geometry.out_channels,
            lead: 0,
            in_bf16: false,
        }
    }

    /// Tiles for the convolution that gives the gradient of the input. Its weights are reversed
    /// transposes.
    pub(super) fn adjoint(geometry: &TemporalConvolution) -> Self {
        let forward = Self::new(geometry);
        Self {
            in_frames: forward.out_frames,
            out_frames: forward.in_frames,
            ins: forward.outs,
            outs: forward.ins,
            lead: geometry.kernel - 1,
            ..forward
        }
    }

    /// The same with factors of products rounded to bf16.
    pub(super) fn in_bf16(self) -> Self {
        Self { in_bf16: true, ..self }
    }

    /// Whether tiles take less work than direct convolution.
    pub(super) fn is_cheaper(&self) -> bool {
        /// Maps of a tile, in multiplications per channel.
        const MAPS: usize = 45;
        /// Fewer channels than vectors have lanes cost as many.
        const LANES: usize = 16;
        let (outs, taps) = (padded(self.outs, LANES), self.tiling.taps);
        let products = POINTS * self.tiling.n_parts * self.ins * outs;
        let cost = self.n_tiles() * (products + MAPS * (self.ins + self.outs));
        4 * cost < 3 * self.out_frames * taps * self.ins * outs
    }

    fn n_tiles(&self) -> usize {
        self.tiling.n_tiles(self.out_frames)
    }

    /// Values per row of weights.
    fn wide(&self) -> usize {
        padded(self.outs, self.level.lanes())
    }

    /// Overwrite `output`.
    pub(super) fn write(
        &self,
        input: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        output: &mut [f32],
    ) {
        let weight = WideRows::new(weight, self.outs, self.level.lanes());
        let weight = self.weight_at_points(&weight);
        let blocks = blocks_of(output, [self.n_clips, self.out_frames, self.n_pixels, self.outs]);
        blocks.into_par_iter().for_each(|Block { clip, first_pixel, mut frames }| {
            let n_pixels = frames.first().map_or(0, |frame| frame.len()) / self.outs;
            let source = self.source(input, clip, first_pixel, n_pixels);
            let form = Form::channels(n_pixels, self.ins, self.in_bf16);
            self.walk(&source, form, |tile, ring| {
                let length = n_pixels * self.outs;
                with_scratch(POINTS * length, |products| {
                    self.write_products(ring, &weight, bias, products, length);
                    let first = tile * self.tiling.step;
                    let end = frames.len().min(first + self.tiling.step);
                    self.write_frames(products, &mut frames[first..end]);
                });
            });
        });
    }

    /// `[part and point, in, out]`, or pairs of the halves of in.
    fn weight_at_points(&self, weight: &WideRows<'_>) -> Vec<f32> {
        let map = KernelMap::new(self.tiling);
        let values = map.evaluate(&weight.values, self.ins * weight.step);
        if self.in_bf16 { pair_halves(&values, self.ins, weight.step) } else { values }
    }

    /// Overwrite the outputs of a tile at the points.
    fn write_products(
        &self,
        ring: &Ring<'_>,
        weight: &[f32],
        bias: Option<&[f32]>,
        products: &mut [f32],
        length: usize,
    ) {
        let depth = if self.in_bf16 { self.ins.div_ceil(2) } else { self.ins };
        let matrix = depth * self.wide();
        let run = |part| Run { a: ring.slot(part) * ring.tile, b: part * POINTS * matrix };
        let runs: Vec<Run> = (0..self.tiling.n_parts).map(run).collect();
        for (point, out) in products.chunks_exact_mut(length).enumerate() {
            let bias = bias.filter(|_| point == AT_ONE);
            if let Some(bias) = bias {
                fill_rows(out, bias);
            }
            Product {
                rows: length / self.outs,
                columns: self.outs,
                depth,
                runs: &runs,
                a: &ring.values[point * ring.form.length..],
                layout: Layout::RowsApart(depth),
                b: &weight[point * matrix..],
                b_step: self.wide(),
                out,
                out_step: self.outs,
                adds: bias.is_some(),
            }
            .compute_as(self.level, self.in_bf16);
        }
    }

    /// Overwrite the frames of a tile from its outputs at the points; the last may be cut off.
    fn write_frames(&self, products: &[f32], frames: &mut [&mut [f32]]) {
        let length = products.len() / POINTS;
        let mut values = products.chunks_exact(length);
        let from = std::array::from_fn(|_| values.next().unwrap_or_default());
        let n_cut = self.tiling.step - frames.len();
        with_scratch(n_cut * length, |cut| {
            let mut cut = cut.chunks_exact_mut(length.max(1));
            let mut frames = frames.iter_mut();
            let mut next = || match frames.next() {
                Some(frame) => &mut **frame,
                None => cut.next().unwrap_or_default(),
            };
            let to = std::array::from_fn(|_| next());
            with_step!(self.tiling.step, Outputs => self.level.run(Slices::<Line>::new(from, to)));
        });
    }

    /// Overwrite the gradient of the weights.
    pub(super) fn weight_gradient(&self, input: &[f32], gradient: &[f32], out: &mut [f32]) {
        let matrix = self.ins * self.wide();
        let map = KernelMap::new(self.tiling);
        let n_blocks = self.n_pixels.div_ceil(BLOCK);
        let length = map.n_values() * matrix;
        let sums = sum_over(self.n_clips * n_blocks, length, |sums, unit| {
            let (clip, first) = (unit / n_blocks, unit % n_blocks * BLOCK);
            let n_pixels = BLOCK.min(self.n_pixels - first);
            let source = self.source(input, clip, first, n_pixels);
            let form = Form::pixels(n_pixels, [self.ins; 2], self.in_bf16);
            let length = POINTS * self.form_of_gradient(n_pixels).length;
            self.walk(&source, form, |tile, ring| {
                with_scratch(length, |spread| {
                    self.spread_gradient(gradient, [clip, first, n_pixels], tile, spread);
                    self.add_products(ring, spread, sums);
                });
            });
        });
        narrow(&map.gradient(&sums, matrix), self.wide(), out, self.outs);
    }

    /// The gradient of a tile's outputs at a point.
    fn form_of_gradient(&self, n_pixels: usize) -> Form {
        Form::pixels(n_pixels, [self.outs, self.wide()], self.in_bf16)
    }

    /// Overwrite `spread` `[point, pixel, out]`, out padded, with the gradient of a tile's outputs.
    fn spread_gradient(
        &self,
        gradient: &[f32],
        [clip, first, n_pixels]: [usize; 3],
        tile: usize,
        spread: &mut [f32],
    ) {
        let frame = |index: usize| {
            let frame = clip * self.out_frames + index;
            let is_there = index < self.out_frames;
            is_there.then(|| {
                &gradient[(frame * self.n_pixels + first) * self.outs..][..n_pixels * self.outs]
            })
        };
        let form = self.form_of_gradient(n_pixels);
        // Pairs are padded as they are written.
        let wide = if self.in_bf16 { self.outs } else { self.wide() };
        let length = n_pixels * wide;
        with_scratch(self.tiling.step * length, |copies| {
            let mut from: [&[f32]; POINTS] = [&[]; POINTS];
            for (index, copy) in copies.chunks_exact_mut(length.max(1)).enumerate() {
                from[index] = match frame(tile * self.tiling.step + index) {
                    Some(values) if wide == self.outs => values,
                    Some(values) => {
                        widen(values, self.outs, copy, wide);
                        copy
                    }
                    None => {
                        copy.fill(0.0);
                        copy
                    }
                };
            }
            with_step!(self.tiling.step, Gradients => self.map_to_points::<Line>(from, spread, form));
        });
    }

    /// Map lines to the points.
    fn map_to_points<L: Line>(&self, from: [&[f32]; POINTS], out: &mut [f32], form: Form) {
        let mut points = out.chunks_exact_mut(form.length.max(1));
        let to = std::array::from_fn(|_| points.next().unwrap_or_default());
        match form.pairs {
            None => self.level.run(Slices::<L>::new(from, to)),
            Some((pairing, wide)) => {
                self.level.run_pairs(PairedSlices::<L>::new(from, to, pairing, wide));
            }
        }
    }

    /// Add the part of a tile to the gradient of the weights at the points.
    fn add_products(&self, ring: &Ring<'_>, spread: &[f32], sums: &mut [f32]) {
        let matrix = self.ins * self.wide();
        let length = spread.len() / POINTS;
        for (index, out) in sums.chunks_exact_mut(matrix).enumerate() {
            let (part, point) = (index / POINTS, index % POINTS);
            Product {
                rows: self.ins,
                columns: self.outs,
                depth: length / self.wide(),
                runs: &[Run { a: ring.slot(part) * ring.tile, b: 0 }],
                a: &ring.values[point * ring.form.length..],
                layout: Layout::TermsApart(self.ins),
                b: &spread[point * length..],
                b_step: self.wide(),
                out,
                out_step: self.wide(),
                adds: true,
            }
            .compute_as(self.level, self.in_bf16);
        }
    }

    /// The frames of some pixels of a clip.
    fn source<'a>(
        &self,
        input: &'a [f32],
        clip: usize,
        first_pixel: usize,
        n_pixels: usize,
    ) -> Vec<&'a [f32]> {
        let frame = |frame: usize| {
            let pixel = (clip * self.in_frames + frame) * self.n_pixels + first_pixel;
            &input[pixel * self.ins..][..n_pixels * self.ins]
        };
        (0..self.in_frames).map(frame).collect()
    }

    /// Call `visit` for each tile of outputs with the tiles of inputs that it reads.
    fn walk(&self, source: &[&[f32]], form: Form, mut visit: impl FnMut(usize, &Ring<'_>)) {
        let tile = POINTS * form.length;
        let n_parts = self.tiling.n_parts;
        let frame = source.first().map_or(0, |frame| frame.len());
        with_scratch(n_parts * tile, |values| {
            with_scratch(frame, |zeros| {
                zeros.fill(0.0);
                let mut ring = Ring { values, n_slots: n_parts, tile, form, first: 0 };
                for read in 0..self.tiling.n_read(self.n_tiles()) {
                    self.fill_slot(source, zeros, read, &mut ring);
                    if let Some(first) = (read + 1).checked_sub(n_parts) {
                        ring.first = first;
                        visit(first, &ring);
                    }
                }
            });
        });
    }

    /// Overwrite a slot of the ring with a tile of inputs at the points.
    fn fill_slot(&self, source: &[&[f32]], zeros: &[f32], read: usize, ring: &mut Ring<'_>) {
        let first = read * self.tiling.step;
        let from = std::array::from_fn(|index| {
            let frame = (first + index).checked_sub(self.lead);
            frame.and_then(|frame| source.get(frame).copied()).unwrap_or(zeros)
        });
        let slot = &mut ring.values[read % ring.n_slots * ring.tile..][..ring.tile];
        self.map_to_points::<Inputs>(from, slot, ring.form);
    }
}
