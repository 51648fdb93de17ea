//! Shifts of patches interpolated to every pixel.

/// Separable cubic interpolation (Catmull-Rom) between the centres of patches, reproducing planes;
/// beyond the outermost centres the shift stays as it is there.
pub(in crate::registration) struct GridInterpolator {
    rows: Vec<Taps>,
    columns: Vec<Taps>,
    n_columns: usize,
}

/// Four nodes and their weights.
type Taps = [(usize, f32); 4];

impl GridInterpolator {
    pub(in crate::registration) fn new(
        (height, width): (usize, usize),
        centres_y: &[f32],
        centres_x: &[f32],
    ) -> Self {
        Self {
            rows: (0..height).map(|y| taps(y as f32, centres_y)).collect(),
            columns: (0..width).map(|x| taps(x as f32, centres_x)).collect(),
            n_columns: centres_x.len(),
        }
    }

    /// Displacement `[axis][pixel]` from shifts of patches `[patch, 2]`.
    pub(in crate::registration) fn displacement(&self, patches: &[f32]) -> [Vec<f32>; 2] {
        let n_rows = patches.len() / 2 / self.n_columns;
        [0, 1].map(|axis| {
            let along_rows: Vec<Vec<f32>> = (0..n_rows)
                .map(|row| {
                    let node = |column: usize| patches[2 * (row * self.n_columns + column) + axis];
                    let value = |taps: &Taps| taps.iter().map(|(i, w)| w * node(*i)).sum();
                    self.columns.iter().map(value).collect()
                })
                .collect();
            let mut field = Vec::with_capacity(self.rows.len() * self.columns.len());
            for taps in &self.rows {
                let value = |x: usize| taps.iter().map(|(i, w)| w * along_rows[*i][x]).sum::<f32>();
                field.extend((0..self.columns.len()).map(value));
            }
            field
        })
    }
}

/// Weights of the nodes at `place`.
fn taps(place: f32, centres: &[f32]) -> Taps {
    let last = centres.len() - 1;
    let place = place.clamp(centres[0], centres[last]);
    let right = centres.partition_point(|&c| c <= place).clamp(1, last.max(1));
    if last == 0 {
        return [(0, 1.0), (0, 0.0), (0, 0.0), (0, 0.0)];
    }
    let left = right - 1;
    let t = (place - centres[left]) / (centres[right] - centres[left]);
    let [before, at, after, beyond] = catmull_rom(t);
    let (mut at, mut after) = (at, after);
    // A node that is missing continues the line through the two nearest ones.
    let first = if left == 0 {
        at += 2.0 * before;
        after -= before;
        (0, 0.0)
    } else {
        (left - 1, before)
    };
    let fourth = if right == last {
        after += 2.0 * beyond;
        at -= beyond;
        (last, 0.0)
    } else {
        (right + 1, beyond)
    };
    [first, (left, at), (right, after), fourth]
}

/// Weights of four neighbours at `t` between the middle two (Keys 1981, a = -1/2).
pub(super) fn catmull_rom(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (-t + 2.0 * t2 - t3),
        0.5 * (2.0 - 5.0 * t2 + 3.0 * t3),
        0.5 * (t + 4.0 * t2 - 3.0 * t3),
        0.5 * (t3 - t2),
    ]
}
