//! Response-triggered averages of white noise shown to the twin.

use std::collections::BTreeMap;

use ndarray::{Array2, Array3, Array4, ArrayView2, ArrayView3, Axis, s};
use rayon::prelude::*;
use striate_base::{CancelToken, Progress, Streams};
use striate_model::Windows;
use striate_stimuli::{Canvas, WhiteNoise, white_noise};

use super::config::ReceptiveFieldConfig;
use super::field::Field;
use crate::error::InsilicoError;
use crate::familiarity::{Familiarity, Strangeness};
use crate::parts::{Part, Parts};
use crate::subject::Subject;

/// Frames with a response that are shown at a time.
const FRAMES_AT_A_TIME: usize = 200;

/// Clips of noise that are compared with training stimuli.
const CLIPS_JUDGED: usize = 8;

/// What white noise shows of some neurons.
pub(super) struct NoiseFields {
    /// Each neuron's average, in units of response per unit of contrast.
    pub(super) fields: Vec<Field>,
    /// Standard deviation of each pixel's value, were there no field.
    pub(super) levels: Vec<f64>,
}

/// Show noise and average what comes before responses,
///
/// ```text
/// field[lag] = sum over t of (r[t] - mean r) c[t - lag] / (n v)
/// ```
///
/// with `r` responses and `c` contrasts of variance `v` around grey: the linear filter nearest to the
/// neuron (Chichilnisky 2001, "A simple white noise analysis of neuronal light responses", equation 8).
/// Sums are kept in each neuron's window, outside of which nothing changes its response.
pub(super) fn measure(
    subject: &Subject<'_>,
    neurons: &[usize],
    windows: &Windows,
    (config, streams, kept): (&ReceptiveFieldConfig, &Streams, &Parts),
    (progress, cancel): (&mut dyn Progress, &CancelToken),
) -> Result<NoiseFields, InsilicoError> {
    let (n_parts, per_batch) = (config.n_parts, FRAMES_AT_A_TIME);
    let n_batches = config.n_noise_frames.div_ceil(per_batch).max(2 * n_parts);
    let mut averages = Averages::new(subject, windows);
    progress.start("white noise", Some(n_batches as u64));
    for part in 0..n_parts {
        let batches = part * n_batches / n_parts..(part + 1) * n_batches / n_parts;
        let mut n_done = 0;
        let n = batches.len();
        let found = kept.finished_or(&format!("noise-{part}"), || {
            let mut sums = Sums::new(subject, neurons, windows);
            for batch in batches {
                if cancel.is_cancelled() {
                    return Err(InsilicoError::Cancelled);
                }
                let contrast = show(subject, config, &streams.child(&format!("batch {batch}")))?;
                sums.add(contrast.view(), respond(subject, &contrast)?.view());
                n_done += 1;
                progress.advance(1);
            }
            Ok(sums.finish())
        })?;
        averages.add(found)?;
        progress.advance((n - n_done) as u64);
    }
    progress.finish();
    Ok(averages.finish(n_batches))
}

/// Responses `[frame, neuron]` to noise.
fn respond(subject: &Subject<'_>, contrast: &Array3<f32>) -> Result<Array2<f32>, InsilicoError> {
    let shown = on_display(subject, contrast);
    // A twin of images sees each frame on its own.
    let axis = if subject.n_lags() == 1 { Axis(1) } else { Axis(0) };
    let responses = subject.respond(shown.view().insert_axis(axis))?;
    let responses: Vec<f32> = responses.into_iter().collect();
    let shape = (FRAMES_AT_A_TIME, subject.n_neurons());
    Array2::from_shape_vec(shape, responses)
        .map_err(|e| InsilicoError::mismatch("responses to noise", e, "one a frame"))
}

/// Distance from training stimuli of the first frames of the noise through each neuron's window, and the share
/// of those that are farther out: means over a few clips.
pub(super) fn strangeness(
    subject: &Subject<'_>,
    windows: &Windows,
    (config, streams): (&ReceptiveFieldConfig, &Streams),
) -> Result<Vec<[f64; 2]>, InsilicoError> {
    let known = Familiarity::in_windows(&subject.training, windows)?;
    let noise = on_display(subject, &show(subject, config, &streams.child("batch 0"))?);
    let (n_lags, [rows, columns]) = (subject.n_lags(), windows.size);
    let n_clips = (noise.dim().0 / n_lags).min(CLIPS_JUDGED);
    let mut there = BTreeMap::new();
    for &[top, left] in &windows.origins {
        if there.contains_key(&[top, left]) {
            continue;
        }
        let seen = noise.slice(s![..n_clips * n_lags, top..top + rows, left..left + columns]);
        let seen: Vec<f32> = seen.iter().copied().collect();
        let clips = Array4::from_shape_vec((n_clips, n_lags, rows, columns), seen)
            .map_err(|e| InsilicoError::mismatch("noise", e, "whole clips"))?;
        let judged = known.judge(clips.view())?;
        let mean =
            |of: fn(&Strangeness) -> f64| judged.iter().map(of).sum::<f64>() / n_clips as f64;
        there.insert(
            [top, left],
            [mean(|judged| judged.distance), mean(|judged| judged.percentile)],
        );
    }
    Ok(windows.origins.iter().map(|origin| there[origin]).collect())
}

/// Contrasts on the scale of the recording's stimulus.
fn on_display(subject: &Subject<'_>, contrast: &Array3<f32>) -> Array3<f32> {
    contrast.map(|contrast| subject.training.shown(127.5 * (1.0 + contrast)))
}

/// Contrasts `[frame, height, width]`, -1 to 1.
fn show(
    subject: &Subject<'_>,
    config: &ReceptiveFieldConfig,
    streams: &Streams,
) -> Result<Array3<f32>, InsilicoError> {
    let [height, width] = subject.screen();
    let n_frames = FRAMES_AT_A_TIME + subject.n_lags() - 1;
    let canvas = Canvas { n_frames, height, width, frame_rate_hz: 1.0 };
    let [low, high] = subject.training.luminance_range;
    let of_training = f64::from(2.0 * subject.training.deviation / (high - low));
    let parameters = WhiteNoise {
        law: config.noise_law,
        contrast: config.noise_contrast.unwrap_or(of_training.min(1.0)),
        check_px: config.check_px,
        hold_frames: 1,
    };
    let noise = white_noise(&canvas, &parameters, &mut streams.stream("white noise"))?;
    Ok(noise.mapv(|luminance| luminance / 127.5 - 1.0))
}

/// Sums over the batches of one part.
struct Sums<'a> {
    neurons: &'a [usize],
    windows: &'a Windows,
    n_frames: usize,
    /// `[neuron]`, each `[frame, row, column]`.
    products: Vec<Vec<f64>>,
    n_batches: f64,
    /// Sum over batches of each neuron's variance.
    variances: Vec<f64>,
    /// The same of contrast.
    contrast_variance: f64,
}

impl<'a> Sums<'a> {
    fn new(subject: &Subject<'_>, neurons: &'a [usize], windows: &'a Windows) -> Self {
        let (size, n_frames) = (windows.size, subject.n_lags());
        let products = vec![vec![0.0; n_frames * size[0] * size[1]]; neurons.len()];
        let variances = vec![0.0; neurons.len()];
        Self {
            neurons,
            windows,
            n_frames,
            products,
            n_batches: 0.0,
            variances,
            contrast_variance: 0.0,
        }
    }

    fn add(&mut self, contrast: ArrayView3<'_, f32>, responses: ArrayView2<'_, f32>) {
        let squares: f64 = contrast.iter().map(|&c| f64::from(c).powi(2)).sum();
        let variance = squares / contrast.len() as f64;
        self.contrast_variance += variance;
        self.n_batches += 1.0;
        let (n_frames, size) = (self.n_frames, self.windows.size);
        let places = self.neurons.par_iter().zip(&self.windows.origins);
        let each = self.products.par_iter_mut().zip(&mut self.variances).zip(places);
        each.for_each(|((products, of_neuron), (&neuron, &origin))| {
            let responses: Vec<f32> = responses.column(neuron).to_vec();
            let n = responses.len() as f64;
            let mean = responses.iter().map(|&r| f64::from(r)).sum::<f64>() / n;
            let centred: Vec<f32> = responses.iter().map(|r| r - mean as f32).collect();
            let squares: f64 = centred.iter().map(|&r| f64::from(r).powi(2)).sum();
            *of_neuron += squares / (n - 1.0);
            let factor = 1.0 / (variance * (n - 1.0));
            correlate(products, (n_frames, size, origin), contrast, (&centred, factor));
        });
    }

    /// The mean of the products, and the sums of variances.
    fn finish(self) -> Part {
        let n = self.products.len();
        let mean = |&sum: &f64| (sum / self.n_batches) as f32;
        let products: Vec<f32> = self.products.iter().flatten().map(mean).collect();
        let mut part = Part::default();
        part.push("products", &[n, products.len() / n.max(1)], products);
        part.push("variances", &[n], self.variances.iter().map(|&v| v as f32).collect());
        part.push("contrast_variance", &[1], vec![self.contrast_variance as f32]);
        part
    }
}

/// What all parts give.
struct Averages {
    fields: Vec<Field>,
    variances: Vec<f64>,
    contrast_variance: f64,
}

impl Averages {
    fn new(subject: &Subject<'_>, windows: &Windows) -> Self {
        let (size, n_frames) = (windows.size, subject.n_lags());
        let field = |&origin| Field { n_frames, size, origin, parts: Vec::new() };
        let fields: Vec<Field> = windows.origins.iter().map(field).collect();
        Self { variances: vec![0.0; fields.len()], fields, contrast_variance: 0.0 }
    }

    fn add(&mut self, mut part: Part) -> Result<(), InsilicoError> {
        let products = part.take("products")?.values;
        let per_neuron = (products.len() / self.fields.len().max(1)).max(1);
        for (field, products) in self.fields.iter_mut().zip(products.chunks_exact(per_neuron)) {
            field.parts.push(products.iter().map(|&value| f64::from(value)).collect());
        }
        let variances = part.take("variances")?.values;
        let sums = self.variances.iter_mut().zip(variances);
        sums.for_each(|(sum, variance)| *sum += f64::from(variance));
        let contrast = part.take("contrast_variance")?.values;
        self.contrast_variance += contrast.into_iter().map(f64::from).sum::<f64>();
        Ok(())
    }

    fn finish(self, n_batches: usize) -> NoiseFields {
        let n = (n_batches * FRAMES_AT_A_TIME) as f64;
        let level = |variance: &f64| (variance / self.contrast_variance / n).sqrt();
        NoiseFields { levels: self.variances.iter().map(level).collect(), fields: self.fields }
    }
}

/// Add a batch's sums of contrasts times responses, in f32 over its frames.
fn correlate(
    products: &mut [f64],
    (n_frames, [rows, columns], [top, left]): (usize, [usize; 2], [usize; 2]),
    contrast: ArrayView3<'_, f32>,
    (responses, factor): (&[f32], f64),
) {
    let seen = contrast.slice(s![.., top..top + rows, left..left + columns]);
    let seen: Vec<f32> = seen.iter().copied().collect();
    let Ok(seen) = ArrayView2::from_shape((contrast.dim().0, rows * columns), &seen) else {
        return;
    };
    // Row `frame` holds the responses against the frames that they come so long after.
    let n = responses.len();
    let mut shifted = Array2::<f32>::zeros((n_frames, contrast.dim().0));
    for (frame, mut row) in shifted.outer_iter_mut().enumerate() {
        let there = row.slice_mut(s![frame..frame + n]).into_slice();
        if let Some(there) = there {
            there.copy_from_slice(responses);
        }
    }
    let found = shifted.dot(&seen);
    products.iter_mut().zip(&found).for_each(|(sum, &value)| *sum += factor * f64::from(value));
}
