//! The light of a movie, frame by frame.

use ndarray::{Array1, Array2};
use striate_base::Streams;

use super::activity;
use super::cells::{self, Cell};
use super::config::MovieSimulationConfig;
use super::motion::{self, Canvas, Motion};
use super::neuropil::{self, Neuropil};
use super::noise;
use crate::{Footprint, ImagingError};

/// Pixels beyond the largest displacement that interpolation reads.
const INTERPOLATION_PX: usize = 3;

/// All that a frame is rendered from.
pub(super) struct Scene {
    pub(super) frame: (usize, usize),
    pub(super) margin: usize,
    /// Background and cells at rest on the canvas.
    pub(super) resting: Vec<f32>,
    pub(super) neuropil: Neuropil,
    /// Cells on the canvas.
    pub(super) cells: Vec<Cell>,
    /// Spike counts `[cell, frame]`.
    pub(super) spikes: Array2<f32>,
    /// Light above rest where the footprint is 1, `[cell, frame]`.
    pub(super) traces: Array2<f32>,
    /// Light that an isolated spike adds at its peak, per cell.
    pub(super) amplitudes: Vec<f32>,
    pub(super) motion: Motion,
}

impl Scene {
    pub(super) fn draw(config: &MovieSimulationConfig) -> Result<Self, ImagingError> {
        let streams = Streams::new(config.seed).child("movie simulation");
        let frame = (config.height, config.width);
        let time = (config.n_frames, config.frame_rate_hz);
        let motion = motion::draw(&config.motion, frame, time, &streams.child("motion"));
        let margin = motion.reach() + INTERPOLATION_PX;
        let canvas = (frame.0 + 2 * margin, frame.1 + 2 * margin);
        let cells = cells::draw(&config.cells, frame, margin, &streams.child("cells"))?;
        let neuropil = neuropil::draw(&config.neuropil, canvas, time, &streams);
        let mut resting = neuropil::background(&config.background, canvas, &streams);
        for cell in &cells {
            add(&mut resting, &cell.footprint, cell.baseline as f32);
        }
        let spikes = Array2::zeros((cells.len(), config.n_frames));
        let traces = spikes.clone();
        let amplitudes = vec![0.0; cells.len()];
        let mut scene =
            Self { frame, margin, resting, neuropil, cells, spikes, traces, amplitudes, motion };
        scene.activate(config, &streams.child("spikes"));
        Ok(scene)
    }

    /// Let the cells spike, each as bright as its peak SNR asks for.
    fn activate(&mut self, config: &MovieSimulationConfig, streams: &Streams) {
        let rest = self.at_rest();
        let coefficients = activity::autoregression(&config.indicator, config.frame_rate_hz);
        for (index, cell) in self.cells.iter().enumerate() {
            let mut stream = streams.stream(&format!("cell {index}"));
            let spikes = activity::spikes(
                &config.spikes,
                config.n_frames,
                config.frame_rate_hz,
                &mut stream,
            );
            let calcium = activity::calcium(coefficients, &spikes);
            let largest = calcium.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
            let light = f64::from(rest[brightest(&cell.footprint)]);
            let noise = noise::standard_deviation(&config.noise, light);
            let amplitude = cell.peak_snr * noise / largest;
            self.amplitudes[index] = amplitude as f32;
            self.spikes.row_mut(index).assign(&Array1::from(spikes));
            let trace = calcium.iter().map(|c| (amplitude * c) as f32);
            self.traces.row_mut(index).assign(&trace.collect::<Array1<f32>>());
        }
    }

    /// Light on the canvas with silent cells and average neuropil.
    pub(super) fn at_rest(&self) -> Vec<f32> {
        let mut canvas = self.resting.clone();
        for field in &self.neuropil.fields {
            canvas.iter_mut().zip(field).for_each(|(out, v)| *out += v);
        }
        canvas
    }

    /// Light of `frame`, moved or not, into `out` `[y, x]`.
    pub(super) fn render(&self, frame: usize, moved: bool, out: &mut [f32]) {
        let mut light = self.resting.clone();
        for (field, courses) in self.neuropil.fields.iter().zip(self.neuropil.courses.rows()) {
            let level = courses[frame];
            light.iter_mut().zip(field).for_each(|(out, v)| *out += level * v);
        }
        for (cell, trace) in self.cells.iter().zip(self.traces.rows()) {
            add(&mut light, &cell.footprint, trace[frame]);
        }
        let canvas = Canvas { values: &light, frame: self.frame, margin: self.margin };
        if moved && !self.motion.modes.is_empty() {
            motion::warped(canvas, &self.motion.displacement(frame), out);
        } else {
            let shifts = &self.motion.shifts;
            let shift = if moved { [shifts[[frame, 0]], shifts[[frame, 1]]] } else { [0.0; 2] };
            motion::rigid(canvas, shift, out);
        }
    }

    /// What of a canvas image lies in the frame.
    pub(super) fn cropped(&self, canvas: &[f32]) -> Array2<f32> {
        let width = self.frame.1 + 2 * self.margin;
        Array2::from_shape_fn(self.frame, |(y, x)| {
            canvas[(y + self.margin) * width + x + self.margin]
        })
    }

    /// What of a cell lies in the frame, its pixels numbered there.
    pub(super) fn in_frame(&self, cell: &Footprint) -> Footprint {
        let (height, width) = self.frame;
        let canvas_width = width + 2 * self.margin;
        let kept = cell.pixels.iter().zip(&cell.weights).filter_map(|(&pixel, &weight)| {
            let y = (pixel as usize / canvas_width).checked_sub(self.margin)?;
            let x = (pixel as usize % canvas_width).checked_sub(self.margin)?;
            (y < height && x < width).then_some(((y * width + x) as u32, weight))
        });
        let (pixels, weights) = kept.unzip();
        Footprint { pixels, weights }
    }
}

fn add(light: &mut [f32], footprint: &Footprint, level: f32) {
    for (&pixel, &weight) in footprint.pixels.iter().zip(&footprint.weights) {
        light[pixel as usize] += level * weight;
    }
}

/// Pixel of the largest weight; the first of several.
fn brightest(footprint: &Footprint) -> usize {
    let mut best = 0;
    for (index, &weight) in footprint.weights.iter().enumerate() {
        if weight > footprint.weights[best] {
            best = index;
        }
    }
    footprint.pixels[best] as usize
}
