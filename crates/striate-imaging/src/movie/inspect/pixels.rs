//! Sums over time of one row of pixels and of its products with neighbours.

use super::top::Top;
use crate::MovieShape;

/// Neighbours that a row sums products with, as steps down and right; the other four are the same pairs
/// seen from the other side.
const PAIRS: [[isize; 2]; 4] = [[0, 1], [1, -1], [1, 0], [1, 1]];

/// Sums of one row. Values are differences from the reference; those that are not finite count as 0.
#[derive(Debug, Clone)]
pub(super) struct Row {
    sum: Vec<f64>,
    squares: Vec<f64>,
    /// Products with the next frame, and their number.
    lagged: Vec<f64>,
    n_lagged: usize,
    /// Sums of the frames that have a next and of those that have a previous one.
    heads: Vec<f64>,
    tails: Vec<f64>,
    /// Products with the neighbours of [`PAIRS`].
    pairs: [Vec<f64>; 4],
    min: Vec<f32>,
    pub(super) max: Vec<f32>,
    pub(super) top: Top,
    pub(super) n_not_finite: u64,
}

impl Row {
    /// Memory of a row for each of its pixels.
    pub(super) const BYTES_A_PIXEL: u64 = 9 * 8 + 2 * 4 + 4 * 4;

    pub(super) fn new(width: usize) -> Self {
        let zeros = || vec![0.0; width];
        Self {
            sum: zeros(),
            squares: zeros(),
            lagged: zeros(),
            n_lagged: 0,
            heads: zeros(),
            tails: zeros(),
            pairs: [zeros(), zeros(), zeros(), zeros()],
            min: vec![f32::NAN; width],
            max: vec![f32::NAN; width],
            top: Top::default(),
            n_not_finite: 0,
        }
    }

    /// Take in frames; the row's first pixel is number `start` of each.
    pub(super) fn take(
        &mut self,
        start: usize,
        reference: &[f32],
        frames: &[f32],
        previous: Option<&[f32]>,
    ) {
        let width = self.sum.len();
        let row = |frame: &'_ [f32], start: usize, out: &mut Vec<f32>| {
            out.clear();
            let of_frame = frame.iter().zip(reference).skip(start).take(width);
            out.extend(of_frame.map(|(v, r)| if v.is_finite() { v - r } else { 0.0 }));
        };
        let [mut here, mut below, mut before] = [Vec::new(), Vec::new(), Vec::new()];
        if let Some(frame) = previous {
            row(frame, start, &mut before);
        }
        for frame in frames.chunks_exact(reference.len()) {
            row(frame, start, &mut here);
            row(frame, start + width, &mut below);
            self.take_range(frame.split_at(start).1.split_at(width).0);
            self.take_values(&here, &before);
            self.take_pairs(&here, &below);
            std::mem::swap(&mut here, &mut before);
        }
    }

    fn take_range(&mut self, values: &[f32]) {
        let mut largest = f32::NAN;
        let mut n_finite = 0;
        for ((&value, min), max) in values.iter().zip(&mut self.min).zip(&mut self.max) {
            // NaN gives way to numbers in `min` and `max`.
            let finite = if value.is_finite() { value } else { f32::NAN };
            (*min, *max, largest) = (min.min(finite), max.max(finite), largest.max(finite));
            n_finite += u64::from(value.is_finite());
        }
        self.n_not_finite += values.len() as u64 - n_finite;
        if self.top.can_change(largest) {
            values
                .iter()
                .filter(|value| value.is_finite())
                .for_each(|&value| self.top.take(value, 1));
        }
    }

    fn take_values(&mut self, here: &[f32], before: &[f32]) {
        let values = here.iter().map(|&value| f64::from(value));
        for ((value, sum), squares) in values.zip(&mut self.sum).zip(&mut self.squares) {
            *sum += value;
            *squares += value * value;
        }
        if before.is_empty() {
            return;
        }
        self.n_lagged += 1;
        let sums = self.lagged.iter_mut().zip(&mut self.heads).zip(&mut self.tails);
        for (((lagged, heads), tails), (&head, &tail)) in sums.zip(before.iter().zip(here)) {
            let (head, tail) = (f64::from(head), f64::from(tail));
            *lagged += head * tail;
            *heads += head;
            *tails += tail;
        }
    }

    fn take_pairs(&mut self, here: &[f32], below: &[f32]) {
        for (sums, [down, right]) in self.pairs.iter_mut().zip(PAIRS) {
            let other = if down == 0 { here } else { below };
            // Pixels whose neighbour is beyond the edge are left out by where both slices start.
            let (skip, other_skip) = if right < 0 { (1, 0) } else { (0, right as usize) };
            let others = other.iter().skip(other_skip);
            for ((sum, &a), &b) in sums.iter_mut().zip(here).skip(skip).zip(others) {
                *sum += f64::from(a) * f64::from(b);
            }
        }
    }

    /// Whether each pixel ever changes.
    pub(super) fn changing(&self) -> impl Iterator<Item = bool> + '_ {
        self.min.iter().zip(&self.max).map(|(min, max)| min < max)
    }

    /// Smallest and largest finite value.
    pub(super) fn range(&self) -> (f32, f32) {
        (
            self.min.iter().copied().fold(f32::NAN, f32::min),
            self.max.iter().copied().fold(f32::NAN, f32::max),
        )
    }

    /// Mean and variance of pixel `x` over `n` frames, both of differences from the reference.
    fn moments(&self, x: usize, n: usize) -> (f64, f64) {
        let mean = self.sum[x] / n as f64;
        (mean, self.squares[x] / n as f64 - mean * mean)
    }

    /// Noise variance of pixel `x`: C(0) - C(1).
    fn noise(&self, x: usize, n: usize) -> f64 {
        let ((mean, variance), n_lagged) = (self.moments(x, n), self.n_lagged as f64);
        let products = self.lagged[x] - mean * (self.heads[x] + self.tails[x]);
        if self.n_lagged == 0 { 0.0 } else { variance - (products / n_lagged + mean * mean) }
    }
}

/// The mean of the finite values of each pixel, 0 where there is none.
pub(super) fn reference(frames: &[f32], n_pixels: usize) -> Vec<f32> {
    let (mut sums, mut counts) = (vec![0.0f64; n_pixels], vec![0u32; n_pixels]);
    for frame in frames.chunks_exact(n_pixels) {
        for ((&value, sum), count) in frame.iter().zip(&mut sums).zip(&mut counts) {
            if value.is_finite() {
                *sum += f64::from(value);
                *count += 1;
            }
        }
    }
    sums.iter().zip(counts).map(|(sum, count)| (sum / f64::from(count.max(1))) as f32).collect()
}

/// The images, `[y, x]`.
pub(super) struct Images {
    pub(super) mean: Vec<f32>,
    pub(super) noise: Vec<f32>,
    pub(super) correlation: Vec<f32>,
}

/// Images of `n` frames from the sums of all rows.
pub(super) fn images(rows: &[Row], reference: &[f32], shape: MovieShape, n: usize) -> Images {
    let MovieShape { height, width, .. } = shape;
    let places = || (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
    let moments: Vec<(f64, f64)> = places().map(|(y, x)| rows[y].moments(x, n)).collect();
    let shifted = moments.iter().zip(reference);
    let mean = shifted.map(|((mean, _), &r)| (mean + f64::from(r)) as f32).collect();
    let noise = places().map(|(y, x)| rows[y].noise(x, n).max(0.0).sqrt() as f32).collect();
    let changing: Vec<bool> = rows.iter().flat_map(Row::changing).collect();
    let (mut sums, mut counts) = (vec![0.0; height * width], vec![0u32; height * width]);
    for (y, x) in places() {
        for (k, [down, right]) in PAIRS.into_iter().enumerate() {
            let (Some(y1), Some(x1)) = (y.checked_add_signed(down), x.checked_add_signed(right))
            else {
                continue;
            };
            let (a, b) = (y * width + x, y1 * width + x1);
            if y1 >= height || x1 >= width || !changing[a] || !changing[b] {
                continue;
            }
            let ((mean_a, var_a), (mean_b, var_b)) = (moments[a], moments[b]);
            let covariance = rows[y].pairs[k][x] / n as f64 - mean_a * mean_b;
            let correlation = covariance / (var_a * var_b).sqrt();
            for place in [a, b] {
                sums[place] += correlation;
                counts[place] += 1;
            }
        }
    }
    let correlation = sums.iter().zip(counts).map(|(sum, n)| (sum / f64::from(n.max(1))) as f32);
    Images { mean, noise, correlation: correlation.collect() }
}
