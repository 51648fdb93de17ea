//! How rough a component is: noise is rough in space and time, signal is not.

#[cfg(test)]
mod tests;

use striate_base::Streams;

/// `mean |difference of 4-neighbours| / mean |u|` of an image, row by row; infinite for one of zeros.
///
/// White noise has `sqrt 2` on average, whatever its variance.
pub fn spatial_roughness(image: &[f32], width: usize) -> f64 {
    let (mut edges, mut n_edges, mut absolute) = (0.0f64, 0usize, 0.0f64);
    for (y, row) in image.chunks_exact(width).enumerate() {
        edges += row.windows(2).map(|pair| f64::from((pair[1] - pair[0]).abs())).sum::<f64>();
        n_edges += width - 1;
        absolute += row.iter().map(|u| f64::from(u.abs())).sum::<f64>();
        if let Some(below) = image.chunks_exact(width).nth(y + 1) {
            let differences = row.iter().zip(below).map(|(a, b)| f64::from((b - a).abs()));
            edges += differences.sum::<f64>();
            n_edges += width;
        }
    }
    if absolute > 0.0 && n_edges > 0 {
        (edges / n_edges as f64) / (absolute / image.len() as f64)
    } else {
        f64::INFINITY
    }
}

/// Sums behind [`TemporalRoughness::value`], for a trace that comes in pieces.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TemporalRoughness {
    n: usize,
    last: [f64; 2],
    curvature: f64,
    absolute: f64,
}

impl TemporalRoughness {
    /// Add the next value.
    pub fn push(&mut self, v: f32) {
        let v = f64::from(v);
        if self.n >= 2 {
            self.curvature += (self.last[0] + v - 2.0 * self.last[1]).abs();
        }
        self.absolute += v.abs();
        self.last = [self.last[1], v];
        self.n += 1;
    }

    /// `mean |v[t-1] + v[t+1] - 2 v[t]| / mean |v|`; infinite for zeros and for fewer than 3 values.
    ///
    /// White noise has `sqrt 6` on average.
    pub fn value(&self) -> f64 {
        if self.n < 3 || self.absolute <= 0.0 {
            return f64::INFINITY;
        }
        (self.curvature / (self.n - 2) as f64) / (self.absolute / self.n as f64)
    }
}

/// [`TemporalRoughness::value`] of a whole trace.
///
/// ```
/// use striate_imaging::decomposition::temporal_roughness;
/// assert_eq!(temporal_roughness(&[1.0, -1.0, 1.0, -1.0]), 4.0);
/// assert_eq!(temporal_roughness(&[1.0, 2.0, 3.0]), 0.0);
/// ```
pub fn temporal_roughness(trace: &[f32]) -> f64 {
    let mut sums = TemporalRoughness::default();
    trace.iter().for_each(|&v| sums.push(v));
    sums.value()
}

/// Components rougher than this, in space or in time, are noise.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Thresholds {
    /// Of [`spatial_roughness`].
    pub spatial: f64,
    /// Of [`temporal_roughness`].
    pub temporal: f64,
}

/// Images drawn for the null distribution in space, and most traces for that in time.
const DRAWS: usize = 20_000;
/// Values drawn for the null distribution in time, where [`DRAWS`] traces would be more.
const TEMPORAL_VALUES: usize = 8_000_000;
/// Fewest traces.
const FEWEST_DRAWS: usize = 1000;

impl Thresholds {
    /// The `false_accept` quantiles of both statistics for white noise.
    ///
    /// Singular vectors of white Gaussian noise point in all directions alike, and both statistics do not depend
    /// on scale, so they have the laws of plain Gaussian vectors: nothing has to be decomposed.
    pub fn of_noise(block: [usize; 2], n_frames: usize, false_accept: f64, seed: u64) -> Self {
        let streams = Streams::new(seed).child("decomposition-null");
        let [height, width] = block;
        let draws = (TEMPORAL_VALUES / n_frames.max(1)).clamp(FEWEST_DRAWS, DRAWS);
        let spatial = quantile(DRAWS, height * width, false_accept, &streams.child("space"), |u| {
            spatial_roughness(u, width)
        });
        let time = streams.child("time");
        let temporal = quantile(draws, n_frames, false_accept, &time, temporal_roughness);
        Self { spatial, temporal }
    }
}

fn quantile(
    draws: usize,
    length: usize,
    share: f64,
    streams: &Streams,
    statistic: impl Fn(&[f32]) -> f64 + Sync,
) -> f64 {
    use rayon::prelude::*;
    let draw = |values: &mut Vec<f32>, i: usize| {
        // A key per draw: any thread may make it.
        let key = streams.stream(&i.to_string()).next_u64();
        striate_kernels::noise::fill_normal(key, values);
        statistic(values)
    };
    let mut values: Vec<f64> =
        (0..draws).into_par_iter().map_init(|| vec![0.0; length], draw).collect();
    values.sort_unstable_by(f64::total_cmp);
    // Linear between order statistics, as NumPy's percentile.
    let place = share * (draws - 1) as f64;
    let low = place.floor() as usize;
    let (a, b) = (values[low], values[(low + 1).min(draws - 1)]);
    // Images of one pixel have no roughness: nothing may pass.
    if b.is_finite() { a + (b - a) * (place - low as f64) } else { 0.0 }
}
