//! The gradient of the weights.

use std::ops::Range;

use super::TemporalConvolution;
use super::blocks::BLOCK;
use super::winograd::Tiled;
use crate::columns::{narrow, padded, widen};
use crate::near::bring_near;
use crate::partition::sum_over;
use crate::product::{Layout, Product, Run};
use crate::scratch::with_scratch;
use crate::simd::Level;

/// The same few pixels of all frames of the output's gradient, padded to whole vectors.
struct WideBlock<'a> {
    values: &'a [f32],
    n_pixels: usize,
    /// Values per pixel.
    wide: usize,
    /// Values from one frame to the next.
    frame: usize,
}

impl TemporalConvolution {
    /// Overwrite `out`, the gradient of the weights, from that of the output.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn weight_gradient(&self, input: &[f32], gradient: &[f32], out: &mut [f32]) {
        self.check_weight_gradient(input, gradient, out);
        let tiled = Tiled::new(self);
        if tiled.is_cheaper() {
            return tiled.weight_gradient(input, gradient, out);
        }
        let level = Level::active();
        let [_, in_frames, n_pixels, ins] = self.in_shape();
        let [_, out_frames, _, outs] = self.out_shape();
        let wide = padded(outs, level.lanes());
        let n_blocks = n_pixels.div_ceil(BLOCK);
        let sums = sum_over(self.n_clips * n_blocks, self.kernel * ins * wide, |sums, unit| {
            let (clip, first) = (unit / n_blocks, unit % n_blocks * BLOCK);
            let pixels = first..n_pixels.min(first + BLOCK);
            let input = &input[(clip * in_frames * n_pixels + first) * ins..];
            let clip_length = out_frames * n_pixels * outs;
            let gradient = &gradient[clip * clip_length..][..clip_length];
            self.with_wide_block(gradient, pixels, wide, |block| {
                self.add_block(level, input, &block, sums);
            });
        });
        narrow(&sums, wide, out, outs);
    }

    /// Run `task` on some pixels of a clip, copied only where channels must be padded.
    fn with_wide_block(
        &self,
        clip: &[f32],
        pixels: Range<usize>,
        wide: usize,
        task: impl FnOnce(WideBlock<'_>),
    ) {
        let n_pixels = pixels.len();
        let frame = self.n_pixels * self.out_channels;
        let first = pixels.start * self.out_channels;
        if wide == self.out_channels {
            return task(WideBlock { values: &clip[first..], n_pixels, wide, frame });
        }
        with_scratch(self.out_frames() * n_pixels * wide, |values| {
            let frames = clip.chunks_exact(frame.max(1));
            for (values, clip) in values.chunks_exact_mut((n_pixels * wide).max(1)).zip(frames) {
                let clip = &clip[first..][..n_pixels * self.out_channels];
                widen(clip, self.out_channels, values, wide);
            }
            task(WideBlock { values, n_pixels, wide, frame: n_pixels * wide });
        });
    }

    /// Add the part of a block of pixels, with which `input` begins.
    fn add_block(&self, level: Level, input: &[f32], block: &WideBlock<'_>, sums: &mut [f32]) {
        let [_, ins, outs] = self.weight_shape();
        let in_frame = self.n_pixels * ins;
        // Some frames for every tap, then the next ones: they are read from near memory.
        let n_near = (level.near_terms() / BLOCK).max(1);
        for first in (0..self.out_frames()).step_by(n_near) {
            let frames = first..self.out_frames().min(first + n_near);
            for t in frames.clone() {
                bring_near(&block.values[t * block.frame..][..block.n_pixels * block.wide]);
                let last = t + self.kernel - 1;
                bring_near(&input[last * in_frame..][..block.n_pixels * ins]);
            }
            for (k, sums) in sums.chunks_exact_mut((ins * block.wide).max(1)).enumerate() {
                let run = |t| Run { a: (t + k) * in_frame, b: t * block.frame };
                let runs: Vec<Run> = frames.clone().map(run).collect();
                Product {
                    rows: ins,
                    columns: outs,
                    depth: block.n_pixels,
                    runs: &runs,
                    a: input,
                    layout: Layout::TermsApart(ins),
                    b: block.values,
                    b_step: block.wide,
                    out: sums,
                    out_step: block.wide,
                    adds: true,
                }
                .compute(level);
            }
        }
    }
}
