//! Values between pixels.

use super::grid::catmull_rom;
use crate::registration::config::Interpolation;
use crate::registration::spectrum::Plans;

/// First of four neighbours of `offset`, and their weights.
fn taps(interpolation: Interpolation, offset: f32) -> (isize, [f32; 4]) {
    let floor = offset.floor();
    let t = offset - floor;
    let first = floor as isize - 1;
    match interpolation {
        Interpolation::Nearest => ((offset.round() as isize) - 1, [0.0, 1.0, 0.0, 0.0]),
        Interpolation::Bilinear => (first, [0.0, 1.0 - t, t, 0.0]),
        Interpolation::Cubic | Interpolation::Fourier => (first, catmull_rom(t)),
    }
}

fn inside(index: isize, length: usize) -> usize {
    index.clamp(0, length as isize - 1) as usize
}

/// `out[p] = frame[p + shift]`, the nearest pixel beyond the border.
pub(super) fn rigid(
    (height, width): (usize, usize),
    interpolation: Interpolation,
    frame: &[f32],
    shift: [f64; 2],
    out: &mut [f32],
) {
    let (dy, wy) = taps(interpolation, shift[0] as f32);
    let (dx, wx) = taps(interpolation, shift[1] as f32);
    let mut padded = vec![0.0; width + 3];
    let mut rows = vec![0.0; (height + 3) * width];
    for (y, row) in rows.chunks_exact_mut(width).enumerate() {
        let source = &frame[inside(y as isize + dy, height) * width..][..width];
        for (x, value) in padded.iter_mut().enumerate() {
            *value = source[inside(x as isize + dx, width)];
        }
        for (out, v) in row.iter_mut().zip(padded.windows(4)) {
            *out = wx[0] * v[0] + wx[1] * v[1] + wx[2] * v[2] + wx[3] * v[3];
        }
    }
    for (y, out) in out.chunks_exact_mut(width).enumerate() {
        let [a, b, c, d] = [0, 1, 2, 3].map(|k| &rows[(y + k) * width..][..width]);
        for (x, out) in out.iter_mut().enumerate() {
            *out = wy[0] * a[x] + wy[1] * b[x] + wy[2] * c[x] + wy[3] * d[x];
        }
    }
}

/// `out[p] = frame[p + displacement(p)]`, displacement `[axis][pixel]`, the nearest pixel beyond the
/// border.
pub(super) fn warped(
    (height, width): (usize, usize),
    interpolation: Interpolation,
    frame: &[f32],
    displacement: &[Vec<f32>; 2],
    out: &mut [f32],
) {
    for (pixel, out) in out.iter_mut().enumerate() {
        let (dy, wy) = taps(interpolation, displacement[0][pixel]);
        let (dx, wx) = taps(interpolation, displacement[1][pixel]);
        let (y, x) = ((pixel / width) as isize + dy, (pixel % width) as isize + dx);
        let columns = [0, 1, 2, 3].map(|i| inside(x + i, width));
        *out = 0.0;
        for (k, wy) in (0..4).zip(wy) {
            let row = &frame[inside(y + k, height) * width..][..width];
            let along: f32 = columns.iter().zip(wx).map(|(&column, w)| w * row[column]).sum();
            *out += wy * along;
        }
    }
}

/// `out[p] = frame[p + shift]` by phases. What comes in from the other side of the frame is replaced
/// by the nearest pixel that does not.
pub(super) fn fourier(plans: &Plans, frame: &[f32], shift: [f64; 2], out: &mut [f32]) {
    let (height, width) = (plans.height, plans.width);
    let mut image = frame.to_vec();
    let mut spectrum = plans.forward(&mut image);
    plans.translate(&mut spectrum, shift.map(|s| -s));
    plans.backward(spectrum, &mut image);
    let ys = valid(shift[0], height);
    let xs = valid(shift[1], width);
    for (pixel, out) in out.iter_mut().enumerate() {
        let y = (pixel / width).clamp(ys.0, ys.1);
        let x = (pixel % width).clamp(xs.0, xs.1);
        *out = image[y * width + x];
    }
}

/// First and last index whose source lies inside.
fn valid(shift: f64, length: usize) -> (usize, usize) {
    let last = length - 1;
    let first = ((-shift).ceil().max(0.0) as usize).min(last);
    let end = ((last as f64 - shift).floor().max(0.0) as usize).min(last);
    (first.min(end), end)
}
