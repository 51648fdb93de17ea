//! Light between the cells, and light that never changes.

use ndarray::Array2;
use striate_base::Streams;

use super::config::{BackgroundConfig, NeuropilConfig};
use super::field::{slow_course, smooth_field};

/// Smoothness of the smooth part of the background, pixels.
const SMOOTH_BACKGROUND_PX: f64 = 20.0;
/// S.d. of the log of a neuropil field.
const FIELD_CONTRAST: f32 = 0.6;

/// Fields on the canvas, each with its course.
pub(super) struct Neuropil {
    /// `[component][pixel]`.
    pub(super) fields: Vec<Vec<f32>>,
    /// `[component, frame]`, mean about 1.
    pub(super) courses: Array2<f32>,
}

/// Draw neuropil on a canvas of `height` x `width`.
pub(super) fn draw(
    config: &NeuropilConfig,
    canvas: (usize, usize),
    (n_frames, frame_rate_hz): (usize, f64),
    streams: &Streams,
) -> Neuropil {
    let mut courses = Array2::zeros((config.n_components, n_frames));
    let mut fields = Vec::with_capacity(config.n_components);
    for component in 0..config.n_components {
        let mut stream = streams.stream(&format!("neuropil {component}"));
        let mut field = smooth_field(canvas, config.smoothness_px, &mut stream);
        field.iter_mut().for_each(|v| *v = (FIELD_CONTRAST * *v).exp());
        let mean = field.iter().map(|&v| f64::from(v)).sum::<f64>() / field.len() as f64;
        let scale = (config.level / config.n_components as f64 / mean) as f32;
        field.iter_mut().for_each(|v| *v *= scale);
        fields.push(field);
        let course = slow_course(n_frames, config.timescale_s * frame_rate_hz, &mut stream);
        for (out, value) in courses.row_mut(component).iter_mut().zip(course) {
            *out = (1.0 + config.fluctuation * value).max(0.0) as f32;
        }
    }
    Neuropil { fields, courses }
}

/// Draw the background on a canvas of `height` x `width`.
pub(super) fn background(
    config: &BackgroundConfig,
    canvas: (usize, usize),
    streams: &Streams,
) -> Vec<f32> {
    let mut stream = streams.stream("background");
    let smooth = smooth_field(canvas, SMOOTH_BACKGROUND_PX, &mut stream);
    let fine = smooth_field(canvas, config.grain_px, &mut stream);
    let (a, b) = (config.smooth_contrast as f32, config.fine_contrast as f32);
    let level = config.level as f32;
    smooth.iter().zip(fine).map(|(s, f)| level * (a * s + b * f).exp()).collect()
}
