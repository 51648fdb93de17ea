//! Image rescaling as scikit-image's `rescale(order=1, anti_aliasing=False, preserve_range=True)`.

use ndarray::{Array2, Array3, ArrayView2};

/// Interpolates bilinearly at the centres of the new pixels; nothing is smoothed before.
#[derive(Debug, Clone)]
pub(super) struct Rescale {
    rows: Vec<Taps>,
    columns: Vec<Taps>,
}

/// Two neighbouring pixels and the weight of the second.
type Taps = (usize, usize, f32);

impl Rescale {
    /// From `height` x `width` pixels to `factor` times as many along each axis, rounded half to even
    /// as `numpy.round` does.
    pub(super) fn new(height: usize, width: usize, factor: f64) -> Self {
        Self { rows: taps(height, factor), columns: taps(width, factor) }
    }

    /// New height and width.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.rows.len(), self.columns.len())
    }

    /// Rescale images `[image, height, width]`.
    pub(super) fn apply_all(&self, images: &Array3<f32>) -> Array3<f32> {
        let (height, width) = self.size();
        let mut small = Array3::zeros((images.dim().0, height, width));
        for (mut small, image) in small.outer_iter_mut().zip(images.outer_iter()) {
            small.assign(&self.apply(image));
        }
        small
    }

    /// Rescale an image `[height, width]`.
    pub(super) fn apply(&self, image: ArrayView2<'_, f32>) -> Array2<f32> {
        let mix = |a: f32, b: f32, weight: f32| a + weight * (b - a);
        Array2::from_shape_fn(self.size(), |(row, column)| {
            let ((top, bottom, down), (left, right, along)) =
                (self.rows[row], self.columns[column]);
            let above = mix(image[[top, left]], image[[top, right]], along);
            let below = mix(image[[bottom, left]], image[[bottom, right]], along);
            mix(above, below, down)
        })
    }
}

fn taps(length: usize, factor: f64) -> Vec<Taps> {
    let n = ((length as f64 * factor).round_ties_even() as usize).max(1);
    let step = length as f64 / n as f64;
    let last = length.saturating_sub(1);
    let tap = |i: usize| {
        let at = ((i as f64 + 0.5) * step - 0.5).clamp(0.0, last as f64);
        let low = at.floor() as usize;
        (low, (low + 1).min(last), (at - low as f64) as f32)
    };
    (0..n).map(tap).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn quarter_scale_takes_the_mean_of_the_four_middle_pixels() {
        // The centre of a new pixel lies at 4 i + 1.5: halfway between pixels 1 and 2 of its block.
        let image = Array2::from_shape_fn((8, 12), |(r, c)| (r * r * 100 + c * c) as f32);
        let small = Rescale::new(8, 12, 0.25).apply(image.view());
        let middle = |r: usize, c: usize| {
            let pixel = |dr: usize, dc: usize| image[[4 * r + dr, 4 * c + dc]];
            (pixel(1, 1) + pixel(1, 2) + pixel(2, 1) + pixel(2, 2)) / 4.0
        };
        let expected = Array2::from_shape_fn((2, 3), |(r, c)| middle(r, c));
        assert_eq!(small, expected);
        // By hand: rows 1 and 2 give 100 and 400, columns 1 and 2 give 1 and 4.
        assert_eq!(small[[0, 0]], 250.0 + 2.5);
    }

    #[test]
    fn odd_sizes_round_half_to_even_and_keep_the_centres() {
        // 6 * 0.25 = 1.5 rounds to 2: centres at 1 and 4. 10 * 0.25 = 2.5 rounds to 2: at 2 and 7.
        let image = Array2::from_shape_fn((6, 10), |(r, c)| (10 * r + c) as f32);
        let small = Rescale::new(6, 10, 0.25).apply(image.view());
        assert_eq!(small, array![[12.0, 17.0], [42.0, 47.0]]);
    }

    #[test]
    fn sensorium_size_and_factor_one() {
        assert_eq!(Rescale::new(144, 256, 0.25).size(), (36, 64));
        let image = array![[1.0, 2.0], [3.0, 5.0]];
        assert_eq!(Rescale::new(2, 2, 1.0).apply(image.view()), image);
    }
}
