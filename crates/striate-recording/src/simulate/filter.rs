//! The separable complex Gabor filter of one neuron, at any place of the screen.

use striate_stimuli::Gabor;

/// Standard deviations after which the envelope is cut.
const REACH: f64 = 3.0;

/// Pixels of one axis under the filter, with the filter's factors there.
#[derive(Default)]
struct AxisWindow {
    first: usize,
    /// Envelope times cosine and sine of the wave's part along this axis.
    wave: Vec<[f32; 2]>,
    /// Envelope.
    envelope: Vec<f32>,
}

/// A Gabor with both its phases, `envelope(d) (e^{i k.d} - offset)`, where `offset` takes the
/// response to uniform light away. A full-contrast grating it is tuned to gives modulus 1.
pub(super) struct GaborFilter {
    centre: [f64; 2],
    sigma: f64,
    wave_vector: [f64; 2],
    offset: f32,
    gain: f32,
    columns: AxisWindow,
    rows: AxisWindow,
}

impl GaborFilter {
    pub(super) fn new(gabor: &Gabor) -> Self {
        let wave_vector = gabor.wave_vector();
        let square = wave_vector[0].powi(2) + wave_vector[1].powi(2);
        let variance = gabor.sigma_px * gabor.sigma_px;
        Self {
            centre: gabor.centre_px,
            sigma: gabor.sigma_px,
            wave_vector,
            offset: (-0.5 * square * variance).exp() as f32,
            // The sum of the envelope is 2 pi sigma^2; half of it meets a matched cosine.
            gain: (1.0 / (std::f64::consts::PI * variance)) as f32,
            columns: AxisWindow::default(),
            rows: AxisWindow::default(),
        }
    }

    /// Response to `frame` (contrast, row by row of `width`; grey beyond its border) with the
    /// filter moved by `shift`: real part for phase 0, imaginary part for its quadrature.
    pub(super) fn respond(&mut self, frame: &[f32], width: usize, shift: [f64; 2]) -> [f32; 2] {
        let height = frame.len() / width.max(1);
        let (sigma, [kx, ky]) = (self.sigma, self.wave_vector);
        self.columns.place(self.centre[0] + shift[0], sigma, kx, width);
        self.rows.place(self.centre[1] + shift[1], sigma, ky, height);
        let (mut real, mut imaginary, mut mean) = (0.0f32, 0.0f32, 0.0f32);
        let n_columns = self.columns.envelope.len();
        for (row, (wave, envelope)) in self.rows.wave.iter().zip(&self.rows.envelope).enumerate() {
            let start = (self.rows.first + row) * width + self.columns.first;
            let [re, im, plain] = self.columns.sums(&frame[start..start + n_columns]);
            real += wave[0] * re - wave[1] * im;
            imaginary += wave[0] * im + wave[1] * re;
            mean += envelope * plain;
        }
        [self.gain * (real - self.offset * mean), self.gain * imaginary]
    }
}

impl GaborFilter {
    /// What the pixel at `(x, y)` counts in the response of the filter that is not moved.
    pub(super) fn weight(&self, x: f64, y: f64) -> [f64; 2] {
        let (dx, dy) = (x - self.centre[0], y - self.centre[1]);
        if dx.abs() > REACH * self.sigma || dy.abs() > REACH * self.sigma {
            return [0.0, 0.0];
        }
        let envelope = (-0.5 * (dx * dx + dy * dy) / (self.sigma * self.sigma)).exp();
        let (sine, cosine) = (self.wave_vector[0] * dx + self.wave_vector[1] * dy).sin_cos();
        let scale = f64::from(self.gain) * envelope;
        [scale * (cosine - f64::from(self.offset)), scale * sine]
    }
}

impl AxisWindow {
    /// Put the window at `centre` on an axis of `length` pixels.
    fn place(&mut self, centre: f64, sigma: f64, wave_number: f64, length: usize) {
        let reach = REACH * sigma;
        let first = (centre - reach).ceil().max(0.0);
        let last = (centre + reach).floor().min(length as f64 - 1.0);
        self.wave.clear();
        self.envelope.clear();
        self.first = 0;
        if first > last {
            return;
        }
        self.first = first as usize;
        for pixel in self.first..=last as usize {
            let distance = pixel as f64 - centre;
            let envelope = (-0.5 * (distance / sigma).powi(2)).exp();
            let (sine, cosine) = (wave_number * distance).sin_cos();
            self.wave.push([(envelope * cosine) as f32, (envelope * sine) as f32]);
            self.envelope.push(envelope as f32);
        }
    }

    /// Sums of `pixels` under the cosine, the sine and the envelope.
    fn sums(&self, pixels: &[f32]) -> [f32; 3] {
        let mut sums = [0.0f32; 3];
        for ((pixel, wave), envelope) in pixels.iter().zip(&self.wave).zip(&self.envelope) {
            sums[0] += pixel * wave[0];
            sums[1] += pixel * wave[1];
            sums[2] += pixel * envelope;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_stimuli::{Canvas, Grating, grating};

    const WIDTH: usize = 40;

    fn gabor() -> Gabor {
        Gabor {
            centre_px: [20.0, 15.0],
            sigma_px: 3.0,
            wavelength_px: 8.0,
            orientation_deg: 35.0,
            phase_deg: 0.0,
        }
    }

    /// Contrast of a still grating with stripes of the given orientation.
    fn picture(orientation_deg: f64) -> Vec<f32> {
        let canvas = Canvas { n_frames: 1, height: 31, width: WIDTH, frame_rate_hz: 30.0 };
        let parameters = Grating {
            direction_deg: orientation_deg + 90.0,
            frequency_cycles_per_px: 1.0 / 8.0,
            ..Grating::default()
        };
        grating(&canvas, &parameters).unwrap().iter().map(|v| v / 127.5 - 1.0).collect()
    }

    #[test]
    fn preferred_grating_gives_modulus_one_and_the_orthogonal_one_none() {
        let mut filter = GaborFilter::new(&gabor());
        let modulus = |[re, im]: [f32; 2]| re.hypot(im);
        let best = modulus(filter.respond(&picture(35.0), WIDTH, [0.0, 0.0]));
        let cross = modulus(filter.respond(&picture(125.0), WIDTH, [0.0, 0.0]));
        // The envelope is cut at three standard deviations (0.3 % of a Gaussian per axis), and
        // the offset and the wave of opposite sign take e^{-5.5} each.
        assert!((best - 1.0).abs() < 0.02, "{best}");
        assert!(cross < 0.02, "{cross}");
    }

    #[test]
    fn agrees_with_the_sum_over_the_gabor_function() {
        let moved = Gabor { centre_px: [20.4, 14.3], ..gabor() };
        let frame: Vec<f32> =
            (0..31 * WIDTH).map(|i| ((i * 37 % 101) as f32 / 50.0) - 1.0).collect();
        let offset = GaborFilter::new(&gabor()).offset;
        let mut sums = [0.0f64; 3];
        for (i, &pixel) in frame.iter().enumerate() {
            let (x, y) = ((i % WIDTH) as f64, (i / WIDTH) as f64);
            if (x - 20.4).abs() <= 9.0 && (y - 14.3).abs() <= 9.0 {
                let sine = Gabor { phase_deg: -90.0, ..moved };
                let square = (x - 20.4).powi(2) + (y - 14.3).powi(2);
                sums[0] += f64::from(pixel) * moved.value(x, y);
                sums[1] += f64::from(pixel) * sine.value(x, y);
                sums[2] += f64::from(pixel) * (-0.5 * square / 9.0).exp();
            }
        }
        let gain = 1.0 / (std::f64::consts::PI * 9.0);
        let expected = [gain * (sums[0] - f64::from(offset) * sums[2]), gain * sums[1]];
        let found = GaborFilter::new(&gabor()).respond(&frame, WIDTH, [0.4, -0.7]);
        // Sums of 361 f32 products of order 1.
        assert!((f64::from(found[0]) - expected[0]).abs() < 1e-5);
        assert!((f64::from(found[1]) - expected[1]).abs() < 1e-5);
    }

    #[test]
    fn filter_off_the_screen_gives_nothing() {
        let mut filter = GaborFilter::new(&gabor());
        assert_eq!(filter.respond(&picture(35.0), WIDTH, [100.0, 0.0]), [0.0, 0.0]);
    }
}
