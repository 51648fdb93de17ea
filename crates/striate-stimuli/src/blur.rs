//! Gaussian blur of single frames.

/// A Gaussian blur with the given standard deviation, cut at three of them.
///
/// Near the border the weights of the pixels inside are renormalised, so a uniform frame stays
/// uniform.
#[derive(Debug, Clone)]
pub struct GaussianBlur {
    /// Weights of the offsets `-radius..=radius`.
    weights: Vec<f32>,
}

impl GaussianBlur {
    /// A blur of standard deviation `sigma_px` pixels; 0 or less leaves frames as they are.
    pub fn new(sigma_px: f64) -> Self {
        let radius = (3.0 * sigma_px).ceil().max(0.0) as i64;
        let weight = |offset: i64| {
            if offset == 0 { 1.0 } else { (-0.5 * (offset as f64 / sigma_px).powi(2)).exp() as f32 }
        };
        Self { weights: (-radius..=radius).map(weight).collect() }
    }

    /// Blur `frame`, `[height, width]` row by row, in place; `scratch` is working space.
    ///
    /// ```
    /// let mut frame = vec![0.0f32; 25];
    /// frame[12] = 1.0;
    /// striate_stimuli::GaussianBlur::new(0.8).apply(&mut frame, 5, &mut Vec::new());
    /// assert!(frame[12] > frame[11] && frame[11] > frame[10]);
    /// assert!((frame[11] - frame[7]).abs() < 1e-7);
    /// ```
    pub fn apply(&self, frame: &mut [f32], width: usize, scratch: &mut Vec<f32>) {
        if self.weights.len() == 1 || width == 0 {
            return;
        }
        scratch.clear();
        scratch.resize(frame.len(), 0.0);
        for (source, target) in frame.chunks_exact(width).zip(scratch.chunks_exact_mut(width)) {
            self.blur_row(source, target);
        }
        self.blur_columns(scratch, frame, width);
    }

    fn blur_row(&self, source: &[f32], target: &mut [f32]) {
        let radius = self.weights.len() / 2;
        for (x, value) in target.iter_mut().enumerate() {
            let first = x.saturating_sub(radius);
            let last = (x + radius).min(source.len() - 1);
            let weights = &self.weights[first + radius - x..=last + radius - x];
            let sum: f32 = source[first..=last].iter().zip(weights).map(|(v, w)| v * w).sum();
            *value = sum / weights.iter().sum::<f32>();
        }
    }

    fn blur_columns(&self, source: &[f32], target: &mut [f32], width: usize) {
        let radius = self.weights.len() / 2;
        let height = source.len() / width;
        for (y, row) in target.chunks_exact_mut(width).enumerate() {
            let first = y.saturating_sub(radius);
            let last = (y + radius).min(height - 1);
            let weights = &self.weights[first + radius - y..=last + radius - y];
            let total: f32 = weights.iter().sum();
            row.fill(0.0);
            for (source_row, weight) in
                source[first * width..(last + 1) * width].chunks_exact(width).zip(weights)
            {
                for (value, source_value) in row.iter_mut().zip(source_row) {
                    *value += source_value * weight / total;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_frame_stays_uniform_and_zero_width_changes_nothing() {
        let mut frame = vec![3.0f32; 7 * 5];
        GaussianBlur::new(2.0).apply(&mut frame, 5, &mut Vec::new());
        // Rounding of sums of at most 13 f32 weights.
        assert!(frame.iter().all(|v| (v - 3.0).abs() < 1e-5));
        let mut frame: Vec<f32> = (0..35u8).map(f32::from).collect();
        let before = frame.clone();
        GaussianBlur::new(0.0).apply(&mut frame, 5, &mut Vec::new());
        assert_eq!(frame, before);
    }

    #[test]
    fn impulse_spreads_with_the_stated_variance() {
        let (side, sigma) = (41usize, 2.0);
        let mut frame = vec![0.0f32; side * side];
        frame[side * side / 2] = 1.0;
        GaussianBlur::new(sigma).apply(&mut frame, side, &mut Vec::new());
        let centre = (side / 2) as f64;
        let variance: f64 = frame
            .iter()
            .enumerate()
            .map(|(i, &v)| f64::from(v) * ((i % side) as f64 - centre).powi(2))
            .sum();
        // The cut half a pixel beyond three standard deviations takes 1.3 % off the variance.
        assert!((variance / sigma.powi(2) - 0.987).abs() < 0.005, "{variance}");
    }
}
