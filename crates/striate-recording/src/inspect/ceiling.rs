//! Noise ceilings from repeats; the definitions are those of [`crate::inspect`](mod@super).

use ndarray::{Array2, ArrayView2};

/// The ceilings of one neuron.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ceiling {
    pub(super) explainable: f64,
    pub(super) single_trial: f64,
    pub(super) to_average: f64,
}

/// Sums over the stimuli of one neuron.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    noise: f64,
    noise_of_mean: f64,
    average: f64,
    average_squared: f64,
}

/// Running sums over repeats. Stimuli come one after the other, each with its repeats.
#[derive(Debug)]
pub(super) struct Repeats {
    /// The first response of each neuron, near which numbers are summed.
    origins: Option<Vec<f64>>,
    /// Shape `[frame, neuron]`: sum and sum of squares over the repeats of the stimulus at hand.
    cells: Array2<[f64; 2]>,
    /// Shape `[frame]`: repeats seen of each frame of the stimulus at hand.
    counts: Vec<u32>,
    totals: Vec<Totals>,
    n_stimuli: u64,
}

impl Repeats {
    pub(super) fn new(n_neurons: usize) -> Self {
        Self {
            origins: None,
            cells: Array2::default((0, n_neurons)),
            counts: Vec::new(),
            totals: vec![Totals::default(); n_neurons],
            n_stimuli: 0,
        }
    }

    /// See one repeat of the stimulus at hand, `[frame, neuron]`. Repeats may differ in length.
    pub(super) fn add(&mut self, responses: ArrayView2<'_, f32>) {
        let n_frames = responses.nrows();
        if n_frames == 0 {
            return;
        }
        if n_frames > self.counts.len() {
            let mut cells = Array2::default((n_frames, self.totals.len()));
            cells.slice_mut(ndarray::s![..self.counts.len(), ..]).assign(&self.cells);
            self.cells = cells;
            self.counts.resize(n_frames, 0);
        }
        let first = || responses.row(0).iter().map(|&value| f64::from(value)).collect();
        let origins: &Vec<f64> = self.origins.get_or_insert_with(first);
        let rows = self.cells.outer_iter_mut().zip(responses.outer_iter()).zip(&mut self.counts);
        for ((mut cells, responses), count) in rows {
            *count += 1;
            for ((cell, &response), origin) in cells.iter_mut().zip(responses).zip(origins) {
                let near = f64::from(response) - origin;
                cell[0] += near;
                cell[1] += near * near;
            }
        }
    }

    /// All repeats of the stimulus at hand have been seen.
    pub(super) fn next_stimulus(&mut self) {
        for (cells, &count) in self.cells.outer_iter().zip(&self.counts) {
            if count < 2 {
                continue;
            }
            self.n_stimuli += 1;
            let n = f64::from(count);
            for (totals, &[sum, square]) in self.totals.iter_mut().zip(cells) {
                // Rounding must not make a variance negative; NaN must stay NaN.
                let squares = square - sum * sum / n;
                let noise = if squares < 0.0 { 0.0 } else { squares / (n - 1.0) };
                totals.noise += noise;
                totals.noise_of_mean += noise / n;
                totals.average += sum / n;
                totals.average_squared += (sum / n).powi(2);
            }
        }
        self.cells = Array2::default((0, self.totals.len()));
        self.counts.clear();
    }

    /// Repeated stimuli seen.
    pub(super) fn n_stimuli(&self) -> u64 {
        self.n_stimuli
    }

    /// The ceilings of each neuron; `None` with less than two repeated stimuli, or values that are
    /// not finite.
    pub(super) fn ceilings(&self) -> Vec<Option<Ceiling>> {
        let b = self.n_stimuli as f64;
        let ceiling = |totals: &Totals| {
            let of_averages = totals.average_squared / b - (totals.average / b).powi(2);
            let (noise, of_mean) = (totals.noise / b, totals.noise_of_mean / b);
            let signal = of_averages - (1.0 - 1.0 / b) * of_mean;
            if b < 2.0 || !signal.is_finite() || !noise.is_finite() {
                return None;
            }
            let signal = signal.max(0.0);
            let share = |noise: f64| if signal > 0.0 { signal / (signal + noise) } else { 0.0 };
            Some(Ceiling {
                explainable: share(noise),
                single_trial: share(noise).sqrt(),
                to_average: share(of_mean).sqrt(),
            })
        };
        self.totals.iter().map(ceiling).collect()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn ceiling_of_three_stimuli_by_hand() {
        // Repeats (1, 3), (6, 4), (9, 7): variances 2 each, means 2, 5, 8 of variance 6 (ddof 0).
        // Signal 6 - (2/3) * 1 = 16/3; explainable (16/3) / (16/3 + 2) = 8/11; average 16/19.
        let mut repeats = Repeats::new(2);
        for pair in [[1.0, 3.0], [6.0, 4.0], [9.0, 7.0]] {
            for value in pair {
                repeats.add(array![[value, 5.0]].view());
            }
            repeats.next_stimulus();
        }
        let [Some(first), Some(constant)] = repeats.ceilings()[..] else { panic!("no ceilings") };
        // Exact sums of small integers; the tolerance is that of a division.
        assert!((first.explainable - 8.0 / 11.0).abs() < 1e-12);
        assert!((first.single_trial - (8.0f64 / 11.0).sqrt()).abs() < 1e-12);
        assert!((first.to_average - (16.0f64 / 19.0).sqrt()).abs() < 1e-12);
        assert_eq!(constant.single_trial, 0.0);
        assert_eq!(repeats.n_stimuli(), 3);
    }

    #[test]
    fn one_stimulus_or_missing_values_give_none() {
        let mut repeats = Repeats::new(1);
        repeats.add(array![[1.0]].view());
        repeats.add(array![[2.0]].view());
        repeats.next_stimulus();
        assert_eq!(repeats.ceilings(), [None]);
        repeats.add(array![[f32::NAN]].view());
        repeats.add(array![[2.0]].view());
        repeats.next_stimulus();
        assert_eq!(repeats.ceilings(), [None]);
    }
}
