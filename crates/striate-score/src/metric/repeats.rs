//! What repeats of the same stimulus tell, from running sums.

use ndarray::{Array2, ArrayView2, Zip};

use super::accumulators::PairSums;
use super::{ceiling_of, feve_of};

/// The metrics that need repeats, for each neuron of a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RepeatScores {
    /// Correlation to average.
    pub correlation_to_average: Vec<Option<f64>>,
    /// Fraction of explainable variance explained.
    pub feve: Vec<Option<f64>>,
    /// Correlation of a response with the mean of the other repeats.
    pub oracle: Vec<Option<f64>>,
    /// Expected single-trial correlation of a perfect predictor.
    pub noise_ceiling: Vec<Option<f64>>,
}

/// Sums over the repeats of one stimulus: `[recorded, recorded^2, predicted, (recorded - predicted)^2]`.
type Cell = [f64; 4];

/// Sums over the stimuli of one neuron.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    n_stimuli: f64,
    n: f64,
    recorded: f64,
    recorded_squared: f64,
    squared_error: f64,
    noise: f64,
    noise_of_mean: f64,
    averages: PairSums,
    average: f64,
    average_squared: f64,
    oracle: PairSums,
}

/// Running repeat statistics of all neurons of a session.
///
/// Stimuli come one after the other, each with its repeats: [`Repeats::add`] for each repeat, then
/// [`Repeats::next_stimulus`]. A stretch of a video is a stimulus of several frames, each of which is
/// judged on its own. Memory: four f64 per frame of the stimulus at hand and neuron, and about
/// twenty per neuron.
#[derive(Debug, Clone)]
pub struct Repeats {
    /// The first response and the first prediction of each neuron, near which numbers are summed.
    origins: Option<Vec<[f64; 2]>>,
    /// Shape `[frame, neuron]`: the stimulus at hand.
    cells: Array2<Cell>,
    /// Shape `[frame]`: repeats seen of each frame of the stimulus at hand.
    counts: Vec<u32>,
    totals: Vec<Totals>,
}

impl Repeats {
    /// Nothing seen yet.
    pub fn new(n_neurons: usize) -> Self {
        Self {
            origins: None,
            cells: Array2::default((0, n_neurons)),
            counts: Vec::new(),
            totals: vec![Totals::default(); n_neurons],
        }
    }

    /// See one repeat of the stimulus at hand; both arrays have shape `[frame, neuron]`. Repeats may
    /// differ in length.
    pub fn add(&mut self, predicted: ArrayView2<'_, f32>, recorded: ArrayView2<'_, f32>) {
        let n_frames = recorded.nrows().min(predicted.nrows());
        if n_frames == 0 {
            return;
        }
        self.grow(n_frames);
        let first = |values: ArrayView2<'_, f32>| values.row(0).mapv(f64::from).to_vec();
        let origins = self.origins.get_or_insert_with(|| {
            first(recorded).into_iter().zip(first(predicted)).map(|(y, p)| [y, p]).collect()
        });
        let rows = self.cells.outer_iter_mut().zip(predicted.outer_iter());
        for (((mut cells, predicted), recorded), count) in
            rows.zip(recorded.outer_iter()).zip(&mut self.counts)
        {
            *count += 1;
            let mut origins = origins.iter();
            Zip::from(&mut cells).and(&predicted).and(&recorded).for_each(|cell, &p, &y| {
                let origin = origins.next().copied().unwrap_or_default();
                let (p, y) = (f64::from(p), f64::from(y));
                let error = y - p;
                let (p, y) = (p - origin[1], y - origin[0]);
                *cell = [cell[0] + y, cell[1] + y * y, cell[2] + p, cell[3] + error * error];
            });
        }
    }

    fn grow(&mut self, n_frames: usize) {
        let missing = n_frames.saturating_sub(self.counts.len());
        if missing > 0 {
            let mut cells = Array2::default((n_frames, self.totals.len()));
            let seen = self.counts.len();
            cells.slice_mut(ndarray::s![..seen, ..]).assign(&self.cells);
            self.cells = cells;
            self.counts.resize(n_frames, 0);
        }
    }

    /// All repeats of the stimulus at hand have been seen.
    pub fn next_stimulus(&mut self) {
        for (cells, &count) in self.cells.outer_iter().zip(&self.counts) {
            if count >= 2 {
                for (totals, cell) in self.totals.iter_mut().zip(cells) {
                    totals.add(f64::from(count), cell);
                }
            }
        }
        self.cells = Array2::default((0, self.totals.len()));
        self.counts.clear();
    }

    /// The metrics of each neuron over the stimuli seen.
    pub fn scores(&self) -> RepeatScores {
        let each = |metric: fn(&Totals) -> Option<f64>| self.totals.iter().map(metric).collect();
        RepeatScores {
            correlation_to_average: each(Totals::correlation_to_average),
            feve: each(Totals::feve),
            oracle: each(Totals::oracle),
            noise_ceiling: each(Totals::noise_ceiling),
        }
    }
}

impl Totals {
    fn add(&mut self, n: f64, &[y, yy, p, squared_error]: &Cell) {
        self.n_stimuli += 1.0;
        self.n += n;
        self.recorded += y;
        self.recorded_squared += yy;
        self.squared_error += squared_error;
        // Rounding must not make a variance negative; NaN must stay NaN.
        let squares = yy - y * y / n;
        let noise = if squares < 0.0 { 0.0 } else { squares / (n - 1.0) };
        self.noise += noise;
        self.noise_of_mean += noise / n;
        self.averages.add(p / n, y / n);
        self.average += y / n;
        self.average_squared += (y / n).powi(2);
        // The mean of the others is l_i = (y - y_i) / (n - 1); its sums over i follow from y and yy.
        let others_squared = (n * y * y - 2.0 * y * y + yy) / (n - 1.0).powi(2);
        self.oracle.add_sums(n, [y, y, others_squared, yy, (y * y - yy) / (n - 1.0)]);
    }

    fn correlation_to_average(&self) -> Option<f64> {
        (self.n_stimuli > 0.0).then(|| self.averages.correlation())
    }

    fn oracle(&self) -> Option<f64> {
        (self.n_stimuli > 0.0).then(|| self.oracle.correlation())
    }

    fn feve(&self) -> Option<f64> {
        let total =
            (self.recorded_squared - self.recorded * self.recorded / self.n) / (self.n - 1.0);
        feve_of(self.squared_error / self.n, self.noise / self.n_stimuli, total)
    }

    fn noise_ceiling(&self) -> Option<f64> {
        let n = self.n_stimuli;
        let of_averages = self.average_squared / n - (self.average / n).powi(2);
        let signal = of_averages - (1.0 - 1.0 / n) * self.noise_of_mean / n;
        if n < 2.0 { None } else { ceiling_of(signal, self.noise / n) }
    }
}
