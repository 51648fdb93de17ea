//! Whole frames: repeated, blank, or far from the others.

/// Robust standard deviations beyond which a frame is far from the others.
const FAR: f64 = 10.0;

/// Standard deviation of normal values by their median absolute deviation.
const MAD_TO_SD: f64 = 1.4826;

/// What is kept of each frame.
#[derive(Debug, Default)]
pub(super) struct FrameSeries {
    /// Number and mean of each frame that is not blank.
    means: Vec<(usize, f64)>,
    pub(super) repeated: Vec<usize>,
    pub(super) blank: Vec<usize>,
}

impl FrameSeries {
    /// Take in frames from number `first` on; `previous` is the one before, if it was read.
    pub(super) fn take(
        &mut self,
        first: usize,
        frames: &[f32],
        n_pixels: usize,
        previous: Option<&[f32]>,
    ) {
        let mut previous = previous;
        for (number, frame) in (first..).zip(frames.chunks_exact(n_pixels)) {
            let is_blank = frame.iter().all(|value| Some(value) == frame.first());
            if is_blank && n_pixels > 1 {
                self.blank.push(number);
            } else if previous == Some(frame) {
                self.repeated.push(number);
            }
            if !is_blank {
                self.means.push((number, mean(frame)));
            }
            previous = Some(frame);
        }
    }

    /// Frames whose mean is far from the median.
    pub(super) fn outlying(&self) -> Vec<usize> {
        let means: Vec<f64> = self.means.iter().map(|frame| frame.1).collect();
        let centre = median(means.clone());
        let spread = MAD_TO_SD * median(means.iter().map(|mean| (mean - centre).abs()).collect());
        let is_far = |mean: f64| spread > 0.0 && (mean - centre).abs() > FAR * spread;
        self.means.iter().filter(|frame| is_far(frame.1)).map(|frame| frame.0).collect()
    }
}

/// Mean of the finite values of a frame.
fn mean(frame: &[f32]) -> f64 {
    let (mut sum, mut count) = (0.0, 0usize);
    for &value in frame {
        if value.is_finite() {
            sum += f64::from(value);
            count += 1;
        }
    }
    sum / count as f64
}

/// Median of the numbers among the values; NaN where there is none.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.retain(|value| !value.is_nan());
    if values.is_empty() {
        return f64::NAN;
    }
    let (n, middle) = (values.len(), values.len() / 2);
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if 2 * below.len() == n {
        let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        return f64::midpoint(lower, upper);
    }
    upper
}
