//! Log-likelihood in bits.

use ndarray::ArrayView2;

/// Log-likelihood of each neuron, in bits per frame, under several conventions: sums in `f64`.
///
/// ```
/// use ndarray::array;
/// use striate_score::metric::Bits;
///
/// let mut bits = Bits::new(2);
/// bits.add(&[array![[2.0f32.ln(), 0.0], [4.0f32.ln(), 0.0]].view()]);
/// assert!((bits.values(0)[0].unwrap() - 1.5).abs() < 1e-6);
/// assert!(bits.values(1).is_empty());
/// ```
#[derive(Debug, Clone)]
pub struct Bits {
    n_neurons: usize,
    n_frames: u64,
    /// Natural logarithms, `[convention, neuron]`.
    sums: Vec<Vec<f64>>,
}

impl Bits {
    /// Nothing seen yet.
    pub fn new(n_neurons: usize) -> Self {
        Self { n_neurons, n_frames: 0, sums: Vec::new() }
    }

    /// Natural logarithms of the densities of some frames, shape `[frame, neuron]` for each
    /// convention; the same number of conventions every time; NaN for a response without a density.
    pub fn add(&mut self, log_densities: &[ArrayView2<'_, f32>]) {
        self.sums.resize_with(log_densities.len(), || vec![0.0; self.n_neurons]);
        for (sums, frames) in self.sums.iter_mut().zip(log_densities) {
            for frame in frames.outer_iter() {
                for (sum, &value) in sums.iter_mut().zip(frame) {
                    *sum += f64::from(value);
                }
            }
        }
        self.n_frames += log_densities.first().map_or(0, |frames| frames.nrows() as u64);
    }

    /// Bits per frame of each neuron under one of the conventions; nothing for one not seen. `None` for all
    /// neurons where a response of any of them has no density: the others' mean would be one of those that
    /// happen to have one, as neurons silent all the time.
    pub fn values(&self, convention: usize) -> Vec<Option<f64>> {
        let per_bit = std::f64::consts::LN_2 * self.n_frames.max(1) as f64;
        let Some(sums) = self.sums.get(convention) else { return Vec::new() };
        let are_defined = sums.iter().all(|sum| !sum.is_nan());
        let bits = |sum: &f64| Some(sum / per_bit).filter(|bits| are_defined && bits.is_finite());
        sums.iter().map(bits).collect()
    }
}
