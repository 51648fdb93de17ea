//! What inputs may be, and how gradients are made smooth.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex32;
use striate_stimuli::GaussianBlur;

use super::config::{Form, Preconditioning};

/// Rounds of bringing an input to its norm and into its range.
const ROUNDS: usize = 6;

/// Which inputs are allowed: deviations from a mean, of one norm, within a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Constraint {
    /// The mean, on the scale of the recording's stimulus.
    pub(crate) mean: f32,
    /// Norm of the deviations.
    pub(crate) norm: f64,
    /// Lowest and highest value that can be shown.
    pub(crate) range: [f32; 2],
}

impl Constraint {
    /// Bring an input to the norm and into the range: deviations grow or shrink by one factor, and where
    /// the range cuts some the others make up for it. Where all are cut, the range wins.
    pub(crate) fn project(&self, input: &mut [f32]) {
        let mut factor = self.norm / norm(input, self.mean).max(f64::MIN_POSITIVE);
        for _ in 0..ROUNDS {
            let (mut cut, mut free) = (0.0, 0.0);
            for &value in &*input {
                let deviation = f64::from(value - self.mean);
                let shown = self.cut(factor * deviation);
                if shown == factor * deviation {
                    free += deviation * deviation;
                } else {
                    cut += shown * shown;
                }
            }
            if cut == 0.0 || free == 0.0 {
                break;
            }
            factor = ((self.norm * self.norm - cut).max(0.0) / free).sqrt();
        }
        for value in input {
            let deviation = f64::from(*value - self.mean);
            *value = self.mean + self.cut(factor * deviation) as f32;
        }
    }

    /// A deviation from the mean, within the range.
    fn cut(&self, deviation: f64) -> f64 {
        let [low, high] = self.range.map(|end| f64::from(end - self.mean));
        deviation.clamp(low, high)
    }
}

/// Root of the summed squares of the deviations from `mean`.
pub(crate) fn norm(values: &[f32], mean: f32) -> f64 {
    values.iter().map(|&value| f64::from(value - mean).powi(2)).sum::<f64>().sqrt()
}

/// Cosine of the angle between deviations from `mean`; 0 where there are none.
pub(crate) fn similarity(a: &[f32], b: &[f32], mean: f32) -> f64 {
    let pairs = a.iter().zip(b).map(|(&a, &b)| f64::from(a - mean) * f64::from(b - mean));
    let norms = norm(a, mean) * norm(b, mean);
    if norms > 0.0 { pairs.sum::<f64>() / norms } else { 0.0 }
}

/// Make gradients smooth, and the same in all frames of an image.
pub(crate) struct Preconditioner {
    size: [usize; 2],
    form: Form,
    kind: Kind,
}

enum Kind {
    None,
    Blur(GaussianBlur),
    /// Factor of each frequency `[row, column]`.
    Fourier(Vec<f32>),
}

impl Preconditioner {
    /// For frames of `size` rows and columns.
    pub(crate) fn new(preconditioning: Preconditioning, form: Form, size: [usize; 2]) -> Self {
        let kind = match preconditioning {
            Preconditioning::None => Kind::None,
            Preconditioning::Blur { sigma_px } => Kind::Blur(GaussianBlur::new(sigma_px)),
            Preconditioning::Fourier { exponent } => Kind::Fourier(factors(size, exponent)),
        };
        Self { size, form, kind }
    }

    /// Apply to a clip `[frame, row, column]`.
    pub(crate) fn apply(&self, clip: &mut [f32]) {
        let per_frame = self.size[0] * self.size[1];
        if self.form == Form::Image {
            let mut sum = vec![0.0f32; per_frame];
            for frame in clip.chunks_exact(per_frame) {
                sum.iter_mut().zip(frame).for_each(|(sum, value)| *sum += value);
            }
            self.smooth(&mut sum);
            clip.chunks_exact_mut(per_frame).for_each(|frame| frame.copy_from_slice(&sum));
            return;
        }
        clip.chunks_exact_mut(per_frame).for_each(|frame| self.smooth(frame));
    }

    fn smooth(&self, frame: &mut [f32]) {
        match &self.kind {
            Kind::None => {}
            Kind::Blur(blur) => blur.apply(frame, self.size[1], &mut Vec::new()),
            Kind::Fourier(factors) => self.filter(frame, factors),
        }
    }

    fn filter(&self, frame: &mut [f32], factors: &[f32]) {
        let [height, width] = self.size;
        let mut planner = FftPlanner::new();
        let mut values: Vec<Complex32> =
            frame.iter().map(|&value| Complex32::new(value, 0.0)).collect();
        let rows = planner.plan_fft_forward(width);
        rows.process(&mut values);
        let mut turned = transposed(&values, width);
        let columns = planner.plan_fft_forward(height);
        columns.process(&mut turned);
        for (column, values) in turned.chunks_exact_mut(height).enumerate() {
            for (row, value) in values.iter_mut().enumerate() {
                *value *= factors[row * width + column] / (width * height) as f32;
            }
        }
        planner.plan_fft_inverse(height).process(&mut turned);
        values = transposed(&turned, height);
        planner.plan_fft_inverse(width).process(&mut values);
        frame.iter_mut().zip(values).for_each(|(frame, value)| *frame = value.re);
    }
}

/// `1 / f^exponent` with `f` in cycles per frame side, 1 for uniform light and the lowest frequency.
fn factors([height, width]: [usize; 2], exponent: f64) -> Vec<f32> {
    let along = |index: usize, length: usize| index.min(length - index) as f64 / length as f64;
    let lowest = 1.0 / height.max(width) as f64;
    let of = |i: usize| {
        let f = along(i / width, height).hypot(along(i % width, width));
        (f.max(lowest) / lowest).powf(-exponent) as f32
    };
    (0..height * width).map(of).collect()
}

/// `[row, column]` with rows of `width` as `[column, row]`.
fn transposed(values: &[Complex32], width: usize) -> Vec<Complex32> {
    (0..width).flat_map(|column| values[column..].iter().step_by(width).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projection_reaches_norm_and_range() {
        let free = Constraint { mean: 1.0, norm: 10.0, range: [-100.0, 100.0] };
        let mut input = vec![4.0, 5.0];
        free.project(&mut input);
        assert!((input[0] - 7.0).abs() < 1e-5 && (input[1] - 9.0).abs() < 1e-5);
        // The first pixel is cut at 5, the others make up for it: 4^2 + 2 * 6.48^2 = 10^2.
        let tight = Constraint { range: [-100.0, 5.0], ..free };
        let mut input = vec![50.0, -0.5, -0.5];
        tight.project(&mut input);
        assert_eq!(input[0], 5.0);
        assert!((norm(&input, 1.0) - 10.0).abs() < 1e-5, "{input:?}");
    }

    #[test]
    fn fourier_weighs_frequencies_and_leaves_the_lowest() {
        let of = |cycles: f32| {
            let wave = |i: usize| (std::f32::consts::TAU * cycles * (i % 16) as f32 / 16.0).cos();
            (0..8 * 16).map(wave).collect::<Vec<f32>>()
        };
        let fourier = Preconditioning::Fourier { exponent: 1.0 };
        let preconditioner = Preconditioner::new(fourier, Form::Video, [8, 16]);
        for cycles in [1.0, 2.0, 4.0] {
            let mut frame = of(cycles);
            preconditioner.apply(&mut frame);
            for (found, expected) in frame.iter().zip(of(cycles)) {
                assert!((found - expected / cycles).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn images_have_one_gradient() {
        let preconditioner = Preconditioner::new(Preconditioning::None, Form::Image, [1, 2]);
        let mut clip = vec![1.0, 2.0, 10.0, 20.0];
        preconditioner.apply(&mut clip);
        assert_eq!(clip, [11.0, 22.0, 11.0, 22.0]);
    }

    #[test]
    fn similarity_is_a_cosine_of_deviations() {
        assert!((similarity(&[2.0, 1.0], &[1.0, 3.0], 1.0)).abs() < 1e-12);
        assert!((similarity(&[2.0, 2.0], &[0.0, 0.0], 1.0) + 1.0).abs() < 1e-12);
        assert_eq!(similarity(&[1.0], &[5.0], 1.0), 0.0);
    }
}
