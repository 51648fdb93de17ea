//! One row of a depthwise convolution or of its weights' gradient.

use crate::simd::{Kernel, Simd};

/// Pixels whose sums are in registers together.
const PIXELS: usize = 8;
/// Columns of the kernel whose sums are in registers together.
const TAPS: usize = 4;

/// `out[x, c] += sum over rows and k of source[x + k, c] weight[k, c]`.
pub(super) struct RowSums<'a> {
    source: &'a [f32],
    weight: &'a [f32],
    /// Where each row begins, in `source` and in `weight`.
    starts: &'a [[usize; 2]],
    out: &'a mut [f32],
    kernel: usize,
    channels: usize,
    /// Channels of `source` and `weight`, padded to whole vectors.
    wide: usize,
}

impl<'a> RowSums<'a> {
    /// A row of pixels `out` `[pixel, channel]`; see the fields.
    ///
    /// # Panics
    /// Where a row does not lie in `source` or `weight`.
    pub(super) fn new(
        source: &'a [f32],
        weight: &'a [f32],
        starts: &'a [[usize; 2]],
        out: &'a mut [f32],
        [kernel, channels, wide]: [usize; 3],
    ) -> Self {
        let n_pixels = out.len() / channels.max(1);
        for [row, taps] in starts {
            assert!(row + (n_pixels + kernel).saturating_sub(1) * wide <= source.len());
            assert!(taps + kernel * wide <= weight.len());
        }
        Self { source, weight, starts, out, kernel, channels, wide }
    }

    /// `N` pixels from `pixel` on, `count` channels from `channel` on.
    ///
    /// # Safety
    /// There are as many pixels, channels and padded channels.
    #[inline(always)]
    unsafe fn add<const N: usize, S: Simd>(
        &mut self,
        simd: S,
        pixel: usize,
        channel: usize,
        count: usize,
    ) {
        let mut sums = [simd.splat(0.0); N];
        for [row, taps] in self.starts {
            for k in 0..self.kernel {
                // SAFETY: `new` checked the rows' extent: pixels with the kernel's other columns
                // after them, channels padded to `wide`.
                unsafe {
                    let tap = self.weight.as_ptr().add(taps + k * self.wide + channel);
                    let tap = simd.load(tap);
                    let from = row + (pixel + k) * self.wide + channel;
                    let from = self.source.as_ptr().add(from);
                    for (n, sum) in sums.iter_mut().enumerate() {
                        *sum = simd.mul_add(simd.load(from.add(n * self.wide)), tap, *sum);
                    }
                }
            }
        }
        for (n, sum) in sums.into_iter().enumerate() {
            // SAFETY: pixel and channels are in the row, says the caller.
            unsafe {
                let out = self.out.as_mut_ptr().add((pixel + n) * self.channels + channel);
                simd.store_first(simd.add(simd.load_first(out, count), sum), out, count);
            }
        }
    }
}

impl Kernel for RowSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let n_pixels = self.out.len() / self.channels.max(1);
        let mut channel = 0;
        while channel < self.channels {
            let count = (self.channels - channel).min(S::LANES);
            let mut pixel = 0;
            while pixel + PIXELS <= n_pixels {
                // SAFETY: just checked; `wide` is `channels` rounded up to whole vectors.
                unsafe { self.add::<PIXELS, S>(simd, pixel, channel, count) };
                pixel += PIXELS;
            }
            while pixel < n_pixels {
                // SAFETY: as above.
                unsafe { self.add::<1, S>(simd, pixel, channel, count) };
                pixel += 1;
            }
            channel += S::LANES;
        }
    }
}

/// `out[k, c] += sum over x of source[x + k, c] gradient[x, c]`.
pub(super) struct RowWeightGradient<'a> {
    source: &'a [f32],
    gradient: &'a [f32],
    out: &'a mut [f32],
    channels: usize,
    wide: usize,
}

impl<'a> RowWeightGradient<'a> {
    /// Pixels `source` `[pixel, wide]` and `gradient` `[pixel, channel]`, taps `out` `[tap, wide]`,
    /// `wide` the channels padded to whole vectors.
    ///
    /// # Panics
    /// Where `source` is too short for all pixels and taps.
    pub(super) fn new(
        source: &'a [f32],
        gradient: &'a [f32],
        out: &'a mut [f32],
        [channels, wide]: [usize; 2],
    ) -> Self {
        let n_pixels = gradient.len() / channels.max(1);
        let kernel = out.len() / wide.max(1);
        assert!((n_pixels + kernel).saturating_sub(1) * wide <= source.len());
        Self { source, gradient, out, channels, wide }
    }

    /// `N` taps from `tap` on, `count` channels from `channel` on.
    ///
    /// # Safety
    /// There are as many taps, channels and padded channels.
    #[inline(always)]
    unsafe fn add<const N: usize, S: Simd>(
        &mut self,
        simd: S,
        tap: usize,
        channel: usize,
        count: usize,
    ) {
        let n_pixels = self.gradient.len() / self.channels;
        let mut sums = [simd.splat(0.0); N];
        for pixel in 0..n_pixels {
            // SAFETY: `new` checked the extent of `source`; the rest says the caller.
            unsafe {
                let gradient = self.gradient.as_ptr().add(pixel * self.channels + channel);
                let gradient = simd.load_first(gradient, count);
                let from = self.source.as_ptr().add((pixel + tap) * self.wide + channel);
                for (n, sum) in sums.iter_mut().enumerate() {
                    *sum = simd.mul_add(simd.load(from.add(n * self.wide)), gradient, *sum);
                }
            }
        }
        for (n, sum) in sums.into_iter().enumerate() {
            // SAFETY: tap and padded channels are in `out`, says the caller.
            unsafe {
                let out = self.out.as_mut_ptr().add((tap + n) * self.wide + channel);
                simd.store(simd.add(simd.load(out), sum), out);
            }
        }
    }
}

impl Kernel for RowWeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let kernel = self.out.len() / self.wide.max(1);
        let mut channel = 0;
        while channel < self.channels {
            let count = (self.channels - channel).min(S::LANES);
            let mut tap = 0;
            while tap + TAPS <= kernel {
                // SAFETY: just checked; `wide` is `channels` rounded up to whole vectors.
                unsafe { self.add::<TAPS, S>(simd, tap, channel, count) };
                tap += TAPS;
            }
            while tap < kernel {
                // SAFETY: as above.
                unsafe { self.add::<1, S>(simd, tap, channel, count) };
                tap += 1;
            }
            channel += S::LANES;
        }
    }
}
