//! One image against a template.

use rustfft::num_complex::Complex32;

use super::config::{Correlation, RegistrationConfig, RegistrationMode};
use super::spectrum::{Peak, Plans, frequency};

mod prepare;

pub(super) use prepare::highpass;
use prepare::taper;

/// Below this weight, frequencies are left out.
const LEAST_WEIGHT: f64 = 1e-3;

/// A template ready to be compared with images of its size.
pub(super) struct Correlator {
    plans: Plans,
    /// Conjugate spectrum of the template times the weights.
    template: Vec<Complex32>,
    taper: [Vec<f32>; 2],
    settings: Settings,
}

/// What of the configuration matters here.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) correlation: Correlation,
    /// Half width of the box whose mean is subtracted; none: nothing is.
    pub(super) highpass_px: Option<usize>,
    pub(super) smoothing_px: f64,
    /// Pixels over which images fade at their borders.
    pub(super) taper_px: f64,
    /// Steps per pixel; none: whole pixels.
    pub(super) upsampling: Option<usize>,
    /// Largest shift.
    pub(super) limit_px: f64,
}

impl Settings {
    pub(super) fn of(config: &RegistrationConfig, limit_px: f64) -> Self {
        Self {
            correlation: config.correlation,
            highpass_px: (config.mode == RegistrationMode::OnePhoton).then_some(config.highpass_px),
            smoothing_px: config.smoothing_px,
            taper_px: limit_px,
            upsampling: config.subpixel.then_some(config.upsampling),
            limit_px,
        }
    }
}

impl Correlator {
    /// For a template `[y, x]`.
    pub(super) fn new(template: &[f32], size: (usize, usize), settings: Settings) -> Self {
        // exp(-2 (pi sigma f)^2) = LEAST_WEIGHT.
        let sigma = settings.smoothing_px;
        let cutoff = (-0.5 * LEAST_WEIGHT.ln()).sqrt() / (std::f64::consts::PI * sigma);
        let plans = Plans::new(size, cutoff);
        let taper = [taper(size.0, settings.taper_px), taper(size.1, settings.taper_px)];
        let mut correlator = Self { plans, template: Vec::new(), taper, settings };
        let mut spectrum = correlator.spectrum(template);
        for (index, value) in spectrum.iter_mut().enumerate() {
            *value = value.conj() * correlator.weight(index);
        }
        correlator.template = spectrum;
        correlator
    }

    /// Gaussian smoothing, scaled so that an image like the template has a peak of 1 in phase
    /// correlation.
    fn weight(&self, index: usize) -> f32 {
        let Plans { height, width, .. } = self.plans;
        let fx = frequency(index / height, width);
        let fy = frequency(index % height, height);
        let sigma = std::f64::consts::PI * self.settings.smoothing_px;
        // The sum of the Gaussian over all frequencies is about height * width / (2 pi sigma^2).
        let sum =
            (height * width) as f64 / (std::f64::consts::TAU * self.settings.smoothing_px.powi(2));
        ((-2.0 * sigma * sigma * (fx * fx + fy * fy)).exp() / sum) as f32
    }

    /// Spectrum of an image made ready: mean 0, borders faded, in phase correlation of modulus 1.
    fn spectrum(&self, image: &[f32]) -> Vec<Complex32> {
        let mut ready = image.to_vec();
        if let Some(half_width) = self.settings.highpass_px {
            highpass(&mut ready, self.plans.width, half_width);
        }
        let mean = ready.iter().map(|&v| f64::from(v)).sum::<f64>() / ready.len() as f64;
        for (values, y) in ready.chunks_exact_mut(self.plans.width).zip(&self.taper[0]) {
            let columns = values.iter_mut().zip(&self.taper[1]);
            columns.for_each(|(value, x)| *value = (*value - mean as f32) * (x * y));
        }
        if is_rounding(&ready, image) {
            ready.fill(0.0);
        }
        let mut spectrum = self.plans.forward(&mut ready);
        if self.settings.correlation == Correlation::Phase {
            spectrum.iter_mut().for_each(|value| *value *= inverse_modulus(*value));
        }
        spectrum
    }

    /// Spectrum of the correlation of `image` `[y, x]` with the template.
    pub(super) fn cross(&self, image: &[f32]) -> Vec<Complex32> {
        let mut spectrum = self.spectrum(image);
        spectrum.iter_mut().zip(&self.template).for_each(|(value, t)| *value *= t);
        spectrum
    }

    /// The shift of an image relative to the template, from their correlation.
    pub(super) fn peak(&self, cross: &[Complex32]) -> Peak {
        let whole = self.plans.whole_peak(cross, self.settings.limit_px as usize);
        let Some(upsampling) = self.settings.upsampling.filter(|_| whole.height > 0.0) else {
            return whole;
        };
        let mut peak = self.plans.fine_peak(cross, whole, upsampling);
        let limit = self.settings.limit_px;
        peak.shift = peak.shift.map(|shift| shift.clamp(-limit, limit));
        peak
    }

    /// [`Correlator::peak`] of an image.
    pub(super) fn locate(&self, image: &[f32]) -> Peak {
        self.peak(&self.cross(image))
    }
}

/// 1 over the modulus, 0 where there is nothing.
fn inverse_modulus(value: Complex32) -> f32 {
    let square = value.norm_sqr();
    if square > f32::MIN_POSITIVE { 1.0 / square.sqrt() } else { 0.0 }
}

/// Whether what is left of an image is no more than its rounding errors, whose phases mean nothing.
fn is_rounding(ready: &[f32], image: &[f32]) -> bool {
    let largest = |values: &[f32]| values.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    largest(ready) <= 4.0 * f32::EPSILON * largest(image)
}
