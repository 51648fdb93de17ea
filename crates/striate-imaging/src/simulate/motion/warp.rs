//! Moved images by cubic convolution.

/// A scene larger than the frame by `margin` pixels on each side.
#[derive(Clone, Copy)]
pub(in crate::simulate) struct Canvas<'a> {
    /// Light `[y, x]`.
    pub(in crate::simulate) values: &'a [f32],
    /// Rows and columns of the frame.
    pub(in crate::simulate) frame: (usize, usize),
    /// Pixels around it, at least the largest displacement and 3 more.
    pub(in crate::simulate) margin: usize,
}

impl Canvas<'_> {
    fn width(&self) -> usize {
        self.frame.1 + 2 * self.margin
    }
}

/// The frame with the scene moved by `shift` (y, x): what is at `p` appears at `p + shift`.
pub(in crate::simulate) fn rigid(canvas: Canvas<'_>, shift: [f32; 2], out: &mut [f32]) {
    let (height, width) = canvas.frame;
    let (y0, wy) = taps(-shift[0]);
    let (x0, wx) = taps(-shift[1]);
    let first_row = (canvas.margin as isize + y0) as usize;
    let first_column = (canvas.margin as isize + x0) as usize;
    let mut rows = vec![0.0; (height + 3) * width];
    for (row, out) in rows.chunks_exact_mut(width).enumerate() {
        let from = (first_row + row) * canvas.width() + first_column;
        let values = &canvas.values[from..from + width + 3];
        for (x, out) in out.iter_mut().enumerate() {
            *out = wx[0] * values[x]
                + wx[1] * values[x + 1]
                + wx[2] * values[x + 2]
                + wx[3] * values[x + 3];
        }
    }
    for (y, out) in out.chunks_exact_mut(width).enumerate() {
        let [a, b, c, d] = [0, 1, 2, 3].map(|k| &rows[(y + k) * width..(y + k + 1) * width]);
        for (x, out) in out.iter_mut().enumerate() {
            *out = wy[0] * a[x] + wy[1] * b[x] + wy[2] * c[x] + wy[3] * d[x];
        }
    }
}

/// The frame with the scene moved by `displacement` `[axis][pixel of the frame]`: pixel `p` shows
/// what is at `p - displacement(p)`.
pub(in crate::simulate) fn warped(
    canvas: Canvas<'_>,
    displacement: &[Vec<f32>; 2],
    out: &mut [f32],
) {
    let width = canvas.frame.1;
    for (pixel, out) in out.iter_mut().enumerate() {
        let (y0, wy) = taps(-displacement[0][pixel]);
        let (x0, wx) = taps(-displacement[1][pixel]);
        let row = ((canvas.margin + pixel / width) as isize + y0) as usize;
        let column = ((canvas.margin + pixel % width) as isize + x0) as usize;
        *out = 0.0;
        for (k, wy) in wy.iter().enumerate() {
            let from = (row + k) * canvas.width() + column;
            let values = &canvas.values[from..from + 4];
            *out += wy * wx.iter().zip(values).map(|(w, v)| w * v).sum::<f32>();
        }
    }
}

/// First of four neighbours of `offset` and their weights (Keys 1981, a = -1/2).
fn taps(offset: f32) -> (isize, [f32; 4]) {
    let floor = offset.floor();
    let t = offset - floor;
    let (t2, t3) = (t * t, t * t * t);
    let weights = [
        0.5 * (-t + 2.0 * t2 - t3),
        0.5 * (2.0 - 5.0 * t2 + 3.0 * t3),
        0.5 * (t + 4.0 * t2 - 3.0 * t3),
        0.5 * (t3 - t2),
    ];
    (floor as isize - 1, weights)
}
