//! A neuron's filter over space and time in its window, as independent estimates of it.

/// Independent estimates of one neuron's filter, zero outside the window.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// Frames, the last one that of the response.
    pub(super) n_frames: usize,
    /// Rows and columns of the window.
    pub(super) size: [usize; 2],
    /// Row and column of its upper left pixel on the screen.
    pub(super) origin: [usize; 2],
    /// `[part]`, each `[frame, row, column]`.
    pub(super) parts: Vec<Vec<f64>>,
}

impl Field {
    /// The mean over all parts but one, if one is named.
    pub(super) fn mean(&self, left_out: Option<usize>) -> Vec<f64> {
        let mut mean = vec![0.0; self.parts.first().map_or(0, Vec::len)];
        let mut n = 0.0;
        for (_, part) in self.parts.iter().enumerate().filter(|&(i, _)| Some(i) != left_out) {
            mean.iter_mut().zip(part).for_each(|(mean, value)| *mean += value);
            n += 1.0;
        }
        mean.iter_mut().for_each(|mean| *mean /= n);
        mean
    }

    /// The standard error of each value of the mean.
    pub(super) fn error(&self) -> Vec<f64> {
        let (mean, n) = (self.mean(None), self.parts.len() as f64);
        let squares = |place: usize| -> f64 {
            self.parts.iter().map(|part| (part[place] - mean[place]).powi(2)).sum()
        };
        (0..mean.len()).map(|place| (squares(place) / (n - 1.0) / n).sqrt()).collect()
    }

    /// Correlation between the mean of the even parts and that of the odd ones.
    pub(super) fn reliability(&self) -> f64 {
        let half = |first: usize| {
            let parts = self.parts.iter().skip(first).step_by(2).cloned().collect();
            Self { parts, ..self.clone() }.mean(None)
        };
        correlation(&half(0), &half(1))
    }

    /// Values `[frame, row, column]` (or fewer frames) of the window on the screen, appended to `onto`.
    pub(super) fn onto_screen(&self, values: &[f64], screen: [usize; 2], onto: &mut Vec<f32>) {
        let ([rows, columns], [top, left]) = (self.size, self.origin);
        for frame in values.chunks_exact(rows * columns) {
            let start = onto.len();
            onto.resize(start + screen[0] * screen[1], 0.0);
            for (row, line) in frame.chunks_exact(columns).enumerate() {
                let first = start + (top + row) * screen[1] + left;
                let there = &mut onto[first..first + columns];
                there.iter_mut().zip(line).for_each(|(there, &value)| *there = value as f32);
            }
        }
    }
}

/// Pearson's correlation; NaN where either is constant.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    striate_score::cca::correlation(a.into(), b.into()).unwrap_or(f64::NAN)
}
