//! Images small enough for a page.

use ndarray::{Array2, s};

/// The image averaged over squares so that no side is above `most`, and the side of the squares.
pub(super) fn fitted(image: &Array2<f32>, most: usize) -> (Array2<f32>, usize) {
    let (height, width) = image.dim();
    let side = height.max(width).div_ceil(most).max(1);
    if side == 1 {
        return (image.clone(), 1);
    }
    let small = Array2::from_shape_fn((height.div_ceil(side), width.div_ceil(side)), |(y, x)| {
        let (y, x) = (y * side, x * side);
        let square = image.slice(s![y..(y + side).min(height), x..(x + side).min(width)]);
        let finite: Vec<f64> = square.iter().filter(|v| v.is_finite()).map(|&v| v.into()).collect();
        (finite.iter().sum::<f64>() / finite.len() as f64) as f32
    });
    (small, side)
}
