//! Spectra of images, and what is read from them.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftDirection, FftPlanner};

/// Plans of the transforms of one size of image. Spectra are `[x frequency, y frequency]`: the
/// `n_columns` lowest x frequencies (the image is real: the others are their conjugates), each with
/// all y frequencies in FFT order. Transforms are not scaled.
pub(super) struct Plans {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) n_columns: usize,
    rows: Arc<dyn RealToComplex<f32>>,
    rows_back: Arc<dyn ComplexToReal<f32>>,
    columns: Arc<dyn Fft<f32>>,
    columns_back: Arc<dyn Fft<f32>>,
}

/// A largest value of a correlation.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Peak {
    /// Where it is (y, x) in pixels.
    pub(super) shift: [f64; 2],
    /// How large it is.
    pub(super) height: f64,
    /// Root mean square of the correlation over all shifts.
    pub(super) rms: f64,
}

impl Plans {
    /// Plans that keep the x frequencies up to `cutoff` cycles per pixel.
    pub(super) fn new((height, width): (usize, usize), cutoff: f64) -> Self {
        let mut real = RealFftPlanner::new();
        let mut complex = FftPlanner::new();
        let kept = (cutoff * width as f64).ceil() as usize + 1;
        Self {
            height,
            width,
            n_columns: kept.min(width / 2 + 1),
            rows: real.plan_fft_forward(width),
            rows_back: real.plan_fft_inverse(width),
            columns: complex.plan_fft(height, FftDirection::Forward),
            columns_back: complex.plan_fft(height, FftDirection::Inverse),
        }
    }

    /// Spectrum of `image` `[y, x]`, which is overwritten.
    pub(super) fn forward(&self, image: &mut [f32]) -> Vec<Complex32> {
        let mut spectrum = vec![Complex32::ZERO; self.n_columns * self.height];
        let mut row = self.rows.make_output_vec();
        let mut scratch = self.rows.make_scratch_vec();
        for (y, values) in image.chunks_exact_mut(self.width).enumerate() {
            self.rows
                .process_with_scratch(values, &mut row, &mut scratch)
                .expect("buffers from the plan");
            for (k, value) in row[..self.n_columns].iter().enumerate() {
                spectrum[k * self.height + y] = *value;
            }
        }
        self.columns.process(&mut spectrum);
        spectrum
    }

    /// Image of a spectrum at shifts up to `reach` along each axis, `[2 reach + 1, 2 reach + 1]`
    /// (y, x), zero in the middle.
    pub(super) fn near_zero(&self, spectrum: &[Complex32], reach: usize) -> Vec<f32> {
        let mut columns = spectrum.to_vec();
        self.columns_back.process(&mut columns);
        let side = 2 * reach + 1;
        let mut out = Vec::with_capacity(side * side);
        let mut row = self.rows_back.make_input_vec();
        let mut values = self.rows_back.make_output_vec();
        let mut scratch = self.rows_back.make_scratch_vec();
        for y in signed(reach) {
            let y = y.rem_euclid(self.height as isize) as usize;
            row.fill(Complex32::ZERO);
            for (k, value) in row[..self.n_columns].iter_mut().enumerate() {
                *value = columns[k * self.height + y];
            }
            self.make_real(&mut row);
            self.rows_back
                .process_with_scratch(&mut row, &mut values, &mut scratch)
                .expect("buffers from the plan, real where it must be");
            out.extend(signed(reach).map(|x| values[x.rem_euclid(self.width as isize) as usize]));
        }
        out
    }

    /// The whole image of a spectrum `[y, x]`, scaled so that it undoes [`Plans::forward`].
    pub(super) fn backward(&self, mut columns: Vec<Complex32>, out: &mut [f32]) {
        self.columns_back.process(&mut columns);
        let mut row = self.rows_back.make_input_vec();
        let mut scratch = self.rows_back.make_scratch_vec();
        let scale = 1.0 / (self.height * self.width) as f32;
        for (y, values) in out.chunks_exact_mut(self.width).enumerate() {
            row.fill(Complex32::ZERO);
            for (k, value) in row[..self.n_columns].iter_mut().enumerate() {
                *value = columns[k * self.height + y] * scale;
            }
            self.make_real(&mut row);
            self.rows_back
                .process_with_scratch(&mut row, values, &mut scratch)
                .expect("buffers from the plan, real where it must be");
        }
    }

    /// The first and, for an even width, the last frequency of a real row are real.
    fn make_real(&self, row: &mut [Complex32]) {
        row[0].im = 0.0;
        if self.width.is_multiple_of(2) {
            row[self.width / 2].im = 0.0;
        }
    }

    /// Largest value within `limit` of zero, on whole pixels.
    pub(super) fn whole_peak(&self, spectrum: &[Complex32], limit: usize) -> Peak {
        let values = self.near_zero(spectrum, limit);
        let best = index_of_largest(&values);
        let side = 2 * limit + 1;
        let shift = [best / side, best % side].map(|i| i as f64 - limit as f64);
        Peak { shift, height: f64::from(values[best]), rms: self.rms(spectrum) }
    }

    /// Root mean square of the whole image of a spectrum (Parseval).
    fn rms(&self, spectrum: &[Complex32]) -> f64 {
        let power =
            |column: &[Complex32]| column.iter().map(|v| f64::from(v.norm_sqr())).sum::<f64>();
        let columns = spectrum.chunks_exact(self.height).enumerate();
        columns.map(|(k, column)| f64::from(self.times(k)) * power(column)).sum::<f64>().sqrt()
    }

    /// How often a column of a spectrum stands in that of the whole image.
    fn times(&self, column: usize) -> f32 {
        if column == 0 || 2 * column == self.width { 1.0 } else { 2.0 }
    }

    /// The peak near `start`, between pixels: the correlation by a matrix-multiply transform on a
    /// grid of `1 / upsampling` pixel up to 0.75 pixels around (Guizar-Sicairos, Thurman and Fienup
    /// 2008), then the vertex of the parabola through the largest value and its neighbours.
    pub(super) fn fine_peak(&self, spectrum: &[Complex32], start: Peak, upsampling: usize) -> Peak {
        let reach = (0.75 * upsampling as f64).ceil() as usize;
        let step = 1.0 / upsampling as f64;
        let grid: [Vec<f64>; 2] =
            start.shift.map(|centre| signed(reach).map(|i| centre + i as f64 * step).collect());
        let values = self.at(spectrum, &grid);
        let side = 2 * reach + 1;
        let best = index_of_largest(&values);
        let (i, j) = (best / side, best % side);
        let vertex = |index: usize, value: &dyn Fn(usize) -> f32| {
            if index == 0 || index + 1 == side {
                return 0.0;
            }
            parabola([index - 1, index, index + 1].map(|i| f64::from(value(i))))
        };
        let y = grid[0][i] + step * vertex(i, &|i| values[i * side + j]);
        let x = grid[1][j] + step * vertex(j, &|j| values[i * side + j]);
        Peak { shift: [y, x], height: f64::from(values[best]), rms: start.rms }
    }

    /// The image of a spectrum at any places, `[y, x]` of the two lists.
    fn at(&self, spectrum: &[Complex32], [ys, xs]: &[Vec<f64>; 2]) -> Vec<f32> {
        let mut out = vec![0.0; ys.len() * xs.len()];
        let phases: Vec<Vec<Complex32>> = ys
            .iter()
            .map(|&y| (0..self.height).map(|l| phase(y, l, self.height)).collect())
            .collect();
        let x_phases: Vec<Vec<Complex32>> = xs
            .iter()
            .map(|&x| (0..self.n_columns).map(|k| phase(x, k, self.width)).collect())
            .collect();
        for (k, column) in spectrum.chunks_exact(self.height).enumerate() {
            for (i, phases) in phases.iter().enumerate() {
                let sum = dot(column, phases) * self.times(k);
                for (j, x_phases) in x_phases.iter().enumerate() {
                    let p = x_phases[k];
                    out[i * xs.len() + j] += sum.re * p.re - sum.im * p.im;
                }
            }
        }
        out
    }

    /// Multiply a spectrum so that its image moves by `shift` (y, x).
    pub(super) fn translate(&self, spectrum: &mut [Complex32], shift: [f64; 2]) {
        let y_phases: Vec<Complex32> =
            (0..self.height).map(|l| phase_of_real(-shift[0], l, self.height)).collect();
        for (k, column) in spectrum.chunks_exact_mut(self.height).enumerate() {
            let x_phase = phase_of_real(-shift[1], k, self.width);
            column
                .iter_mut()
                .zip(&y_phases)
                .for_each(|(value, y_phase)| *value *= x_phase * y_phase);
        }
    }
}

/// The phase; at the highest frequency of an even length its real part, so that the image stays
/// real.
fn phase_of_real(place: f64, index: usize, length: usize) -> Complex32 {
    let phase = phase(place, index, length);
    if 2 * index == length { Complex32::new(phase.re, 0.0) } else { phase }
}

/// `exp(2 pi i f place)` of the `index`-th frequency of `length` in FFT order.
fn phase(place: f64, index: usize, length: usize) -> Complex32 {
    let angle = TAU * frequency(index, length) * place;
    Complex32::new(angle.cos() as f32, angle.sin() as f32)
}

/// Cycles per pixel of the `index`-th frequency of `length` in FFT order.
pub(super) fn frequency(index: usize, length: usize) -> f64 {
    let signed = if 2 * index > length { index as f64 - length as f64 } else { index as f64 };
    signed / length as f64
}

/// `sum_l a_l b_l`, in four sums that do not wait for each other.
fn dot(a: &[Complex32], b: &[Complex32]) -> Complex32 {
    let mut sums = [Complex32::ZERO; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: Complex32 = a4.remainder().iter().zip(b4.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a4.zip(b4) {
        for i in 0..4 {
            sums[i].re += a[i].re * b[i].re - a[i].im * b[i].im;
            sums[i].im += a[i].re * b[i].im + a[i].im * b[i].re;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// Where a parabola through values at -1, 0 and 1 is largest; 0 where it is flat.
fn parabola([before, at, after]: [f64; 3]) -> f64 {
    let curvature = before - 2.0 * at + after;
    if curvature < 0.0 { (0.5 * (before - after) / curvature).clamp(-0.5, 0.5) } else { 0.0 }
}

/// The largest value; of equal ones that nearest the middle, so that nothing moves for nothing.
fn index_of_largest(values: &[f32]) -> usize {
    let middle = values.len() / 2;
    let mut best = middle;
    for (index, &value) in values.iter().enumerate() {
        if value > values[best] {
            best = index;
        }
    }
    best
}

fn signed(reach: usize) -> impl Iterator<Item = isize> {
    -(reach as isize)..=reach as isize
}
