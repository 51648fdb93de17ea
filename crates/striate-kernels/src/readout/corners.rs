//! The four pixels around a position.

/// Sizes of a feature map `[row, column, channel]`, at least one pixel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
}

/// Pixels around a position, and how the feature there depends on them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Corners {
    /// Where each pixel begins in the map. Pixels outside of it are replaced by others, with zeros
    /// for weight and slopes.
    pub(super) starts: [usize; 4],
    /// Weight of each pixel.
    pub(super) weights: [f32; 4],
    /// Its derivatives with respect to the position's x and y.
    pub(super) slopes: [[f32; 4]; 2],
}

impl Map {
    pub(super) fn len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// The corners of a position (x, y).
    #[inline(always)]
    pub(super) fn corners(&self, x: f32, y: f32) -> Corners {
        let columns = Axis::new(x, self.width);
        let rows = Axis::new(y, self.height);
        let mut corners = Corners { starts: [0; 4], weights: [0.0; 4], slopes: [[0.0; 4]; 2] };
        for corner in 0..4 {
            let (row, column) = (corner / 2, corner % 2);
            corners.starts[corner] =
                (rows.indices[row] * self.width + columns.indices[column]) * self.channels;
            corners.weights[corner] = rows.weights[row] * columns.weights[column];
            corners.slopes[0][corner] = rows.weights[row] * columns.slopes[column];
            corners.slopes[1][corner] = rows.slopes[row] * columns.weights[column];
        }
        corners
    }
}

/// The two neighbours along one axis.
struct Axis {
    indices: [usize; 2],
    weights: [f32; 2],
    slopes: [f32; 2],
}

impl Axis {
    #[inline(always)]
    fn new(position: f32, size: usize) -> Self {
        let last = size - 1;
        let half = 0.5 * last as f32;
        // Two pixels outside is as good as further; NaN stays.
        let pixel = ((position + 1.0) * half).clamp(-2.0, last as f32 + 2.0);
        let before = pixel.floor();
        let rest = pixel - before;
        // NaN becomes 0, a pixel of the map; its weight stays NaN.
        let index = before as isize;
        let is_inside = [index, index + 1].map(|index| (0..size as isize).contains(&index));
        let keep = is_inside.map(|is_inside| f32::from(u8::from(is_inside)));
        Self {
            indices: [index, index + 1].map(|index| index.clamp(0, last as isize) as usize),
            weights: [keep[0] * (1.0 - rest), keep[1] * rest],
            slopes: [-keep[0] * half, keep[1] * half],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_are_pixels_of_the_map_wherever_the_position_is() {
        let map = Map { height: 3, width: 5, channels: 2 };
        let numbers = [0.0, -1.0, 1.0, -1.3, 1.3, 1e30, -1e30, f32::INFINITY, f32::NAN];
        for x in numbers {
            for y in numbers {
                let corners = map.corners(x, y);
                assert!(corners.starts.iter().all(|start| start + map.channels <= map.len()));
                let sum: f32 = corners.weights.iter().sum();
                if x.is_nan() || y.is_nan() {
                    assert!(sum.is_nan());
                } else if x.abs() <= 1.0 && y.abs() <= 1.0 {
                    assert_eq!(sum, 1.0);
                } else {
                    assert!(sum < 1.0);
                }
            }
        }
    }

    #[test]
    fn ends_of_the_range_are_the_outermost_pixels() {
        let map = Map { height: 2, width: 4, channels: 1 };
        let corners = map.corners(1.0, -1.0);
        assert_eq!((corners.starts[0], corners.weights), (3, [1.0, 0.0, 0.0, 0.0]));
    }
}
