//! The nonlinearity: mean response in bins of the filter's output.

use ndarray::{Array1, ArrayView1};

use super::LinearNonlinearConfig;

/// Fine bins that are filled in one pass and merged afterwards.
const FINE_BINS: usize = 512;

/// The fine bins cover this many standard deviations to either side; what lies outside enters the
/// outermost.
const REACH: f32 = 3.0;

/// A bin with fewer values is joined with its neighbour.
const LEAST_VALUES: f64 = 30.0;

/// A piecewise linear function, constant outside its knots.
#[derive(Debug, Clone, PartialEq)]
pub struct Nonlinearity {
    /// The filter's output at the knots, rising.
    knots: Vec<f32>,
    /// The response at the knots.
    values: Vec<f32>,
}

impl Nonlinearity {
    /// The response at an output of the filter; 0 without data.
    pub fn at(&self, drive: f32) -> f32 {
        let above = self.knots.partition_point(|&knot| knot < drive);
        let last = self.values.len().saturating_sub(1);
        if above == 0 || above > last {
            return self.values.get(above.min(last)).copied().unwrap_or(0.0);
        }
        let (left, right) = (self.knots[above - 1], self.knots[above]);
        let fraction = if right > left { (drive - left) / (right - left) } else { 0.5 };
        self.values[above - 1] + fraction * (self.values[above] - self.values[above - 1])
    }

    /// Knots as (output of the filter, response).
    pub fn knots(&self) -> impl Iterator<Item = (f32, f32)> + '_ {
        self.knots.iter().copied().zip(self.values.iter().copied())
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    n: f64,
    drive: f64,
    response: f64,
}

impl Bin {
    fn plus(self, other: Self) -> Self {
        Self {
            n: self.n + other.n,
            drive: self.drive + other.drive,
            response: self.response + other.response,
        }
    }

    fn mean(&self) -> f64 {
        self.response / self.n.max(1.0)
    }
}

/// Responses by the filter's output.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    bins: Vec<Bin>,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self { bins: vec![Bin::default(); FINE_BINS] }
    }

    pub(super) fn add(&mut self, drive: &Array1<f32>, responses: ArrayView1<'_, f32>) {
        for (&drive, &response) in drive.iter().zip(responses) {
            let place = (drive.clamp(-REACH, REACH) + REACH) / (2.0 * REACH) * FINE_BINS as f32;
            let bin = &mut self.bins[(place as usize).min(FINE_BINS - 1)];
            let (drive, response) = (f64::from(drive), f64::from(response));
            *bin = bin.plus(Bin { n: 1.0, drive, response });
        }
    }

    pub(super) fn nonlinearity(&self, config: &LinearNonlinearConfig) -> Nonlinearity {
        let mut bins = self.merged(config.n_bins);
        if config.monotone {
            bins = rising(bins);
        }
        Nonlinearity {
            knots: bins.iter().map(|bin| (bin.drive / bin.n) as f32).collect(),
            values: bins.iter().map(|bin| bin.mean() as f32).collect(),
        }
    }

    /// Bins of equal width, each joined with the next while it holds too few values.
    fn merged(&self, n_bins: usize) -> Vec<Bin> {
        let edge = |bin: usize| bin * n_bins / FINE_BINS;
        let mut merged: Vec<Bin> = Vec::with_capacity(n_bins);
        let mut open = Bin::default();
        for (place, bin) in self.bins.iter().enumerate() {
            open = open.plus(*bin);
            if edge(place + 1) > edge(place) && open.n >= LEAST_VALUES {
                merged.push(std::mem::take(&mut open));
            }
        }
        // What is left at the upper end joins the last bin.
        if open.n > 0.0 {
            let last = merged.pop().unwrap_or_default();
            merged.push(last.plus(open));
        }
        merged
    }
}

/// The rising step function nearest in weighted squares (pool adjacent violators; Barlow et al.
/// 1972, "Statistical inference under order restrictions", section 1.2).
fn rising(bins: Vec<Bin>) -> Vec<Bin> {
    let mut pooled: Vec<Bin> = Vec::with_capacity(bins.len());
    for mut bin in bins {
        while let Some(last) = pooled.pop_if(|last| last.mean() > bin.mean()) {
            bin = last.plus(bin);
        }
        pooled.push(bin);
    }
    pooled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(monotone: bool, response: impl Fn(f32) -> f32) -> Nonlinearity {
        let drive: Array1<f32> = (0..4000).map(|i| (i as f32 / 4000.0 - 0.5) * 4.0).collect();
        let mut histogram = Histogram::new();
        histogram.add(&drive, drive.mapv(response).view());
        let config = LinearNonlinearConfig { monotone, ..LinearNonlinearConfig::default() };
        histogram.nonlinearity(&config)
    }

    #[test]
    fn follows_a_smooth_function_and_stays_constant_outside() {
        let square = fitted(false, |x| x * x);
        for x in [-1.8f32, -0.7, 0.0, 0.4, 1.5] {
            // Bins are 0.15 wide: the mean of a square over a bin exceeds the square of its mean by
            // 0.15^2 / 12, and interpolation between bins by up to 0.15^2 / 8.
            assert!((square.at(x) - x * x).abs() < 0.02, "{x}: {}", square.at(x));
        }
        assert_eq!(square.at(50.0), square.at(2.0));
    }

    #[test]
    fn monotone_never_falls() {
        let hump = fitted(true, |x| (3.0 * x).sin() + x);
        let values: Vec<f32> = (-40..40).map(|i| hump.at(i as f32 * 0.05)).collect();
        assert!(values.is_sorted());
        assert!(values[79] > values[0] + 1.0);
    }

    #[test]
    fn without_data_it_is_zero() {
        let config = LinearNonlinearConfig::default();
        assert_eq!(Histogram::new().nonlinearity(&config).at(1.0), 0.0);
    }
}
