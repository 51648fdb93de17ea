//! Twins of planted cells: Gabor filters that are known.

use std::f64::consts::TAU;

use ndarray::Array4;
use striate_base::Streams;
use striate_model::{SessionShape, SessionStart, Twin, TwinSpec};
use striate_stimuli::Gabor;

use crate::training::TrainingSample;

pub(crate) const SCREEN: [usize; 2] = [30, 36];
pub(crate) const RATE_HZ: f64 = 30.0;
/// Temporal frequency that direction-selective cells prefer: a cycle has as many frames as their kernel.
pub(crate) const HERTZ: f64 = 5.0;
const KERNEL: usize = 15;
/// Channels of each cell: its two phases in space, and up to four mixtures of them after time.
const CHANNELS: usize = 4;
/// Weights of a simple or complex cell's frames, the last one that of the response.
pub(crate) const KERNEL_OVER_TIME: [f64; 6] = [-0.1, -0.3, -0.2, 0.5, 1.0, 0.4];

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// One phase.
    Simple,
    /// Four phases.
    Complex,
    /// The same, moving towards `orientation + 90`, or `- 90`.
    Directional { is_forward: bool },
}

/// A cell; its Gabor's centre is its place on the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    pub(crate) kind: Kind,
    pub(crate) gabor: Gabor,
}

pub(crate) fn cell(kind: Kind, [x, y]: [f64; 2], orientation_deg: f64, wavelength_px: f64) -> Cell {
    let (sigma_px, phase_deg) = (2.3, 0.0);
    let centre_px = [x, y];
    Cell { kind, gabor: Gabor { centre_px, sigma_px, wavelength_px, orientation_deg, phase_deg } }
}

/// Six cells of all kinds all over the screen.
pub(crate) fn cells() -> Vec<Cell> {
    let directional = |is_forward| Kind::Directional { is_forward };
    let mut cells = vec![
        cell(Kind::Simple, [14.0, 12.0], 20.0, 7.0),
        cell(Kind::Simple, [20.0, 15.0], 110.0, 5.5),
        cell(Kind::Complex, [11.0, 16.0], 65.0, 6.0),
        cell(Kind::Complex, [24.0, 11.0], 150.0, 7.5),
        cell(directional(true), [17.0, 14.0], 40.0, 6.5),
        cell(directional(false), [15.0, 20.0], 130.0, 6.0),
    ];
    cells[1].gabor.phase_deg = 180.0;
    cells
}

/// The twin of those cells, of video or of images.
pub(crate) fn twin(cells: &[Cell], is_video: bool) -> Twin {
    let (n, taps) = (cells.len(), if is_video { KERNEL_OVER_TIME.len() } else { 1 });
    let channels = CHANNELS * n;
    let model = format!(
        r#"{{ "core": {{ "channels": [{channels}], "spatial_kernels": [{KERNEL}],
            "temporal_kernels": [{taps}] }}, "readout": {{ "init_bias": "mean-rate" }} }}"#
    );
    let session =
        SessionShape { id: "mouse".into(), n_neurons: n, n_behaviour: 0, has_pupil_center: false };
    let model = serde_json::from_str(&model).unwrap();
    let spec = TwinSpec { model, height: SCREEN[0], width: SCREEN[1], sessions: vec![session] };
    let grid = spec.output_grid().unwrap();
    let place = |cell: &Cell| grid.position(cell.gabor.centre_px[1], cell.gabor.centre_px[0]);
    let start = SessionStart {
        mean_response: vec![1.0; n],
        positions: Some(cells.iter().map(place).collect()),
        ..SessionStart::default()
    };
    let mut twin = Twin::build(spec, &[start], &Streams::new(1)).unwrap();
    for parameter in &mut twin.parameters_mut().0 {
        let values = parameter.values.iter_mut().enumerate();
        match parameter.name.as_str() {
            // [row, column, in, out]
            "core.layer0.spatial.weight" => {
                values.for_each(|(i, w)| *w = over_space(cells, i % channels, i / channels));
            }
            // [frame, in, out]
            "core.layer0.temporal.weight" => values.for_each(|(i, w)| {
                let (tap, from, to) =
                    (i / channels / channels, i / channels % channels, i % channels);
                let same = from / CHANNELS == to / CHANNELS;
                let kind = cells[to / CHANNELS].kind;
                let found = over_time(kind, tap, [from % CHANNELS, to % CHANNELS], taps);
                *w = if same { found as f32 } else { 0.0 };
            }),
            name if name.ends_with("features") => values.for_each(|(i, w)| {
                *w = f32::from(u8::from(i / channels == i % channels / CHANNELS));
            }),
            _ => {}
        }
    }
    twin
}

/// Weight of a pixel for a channel: the cell's Gabor or its quadrature.
fn over_space(cells: &[Cell], channel: usize, pixel: usize) -> f32 {
    let gabor = &cells[channel / CHANNELS].gabor;
    let phase_deg = match channel % CHANNELS {
        0 => gabor.phase_deg,
        1 => gabor.phase_deg - 90.0,
        _ => return 0.0,
    };
    let middle = (KERNEL / 2) as f64;
    let gabor = Gabor { centre_px: [middle; 2], phase_deg, ..*gabor };
    let gain = 3.0 / (std::f64::consts::PI * gabor.sigma_px.powi(2));
    (gain * gabor.value((pixel % KERNEL) as f64, (pixel / KERNEL) as f64)) as f32
}

/// Weight of a phase in space for a mixture.
fn over_time(kind: Kind, tap: usize, [from, to]: [usize; 2], taps: usize) -> f64 {
    let plain = if taps == 1 { 1.0 } else { KERNEL_OVER_TIME[tap] };
    let sign = if to < 2 { 1.0 } else { -1.0 };
    match kind {
        Kind::Simple if to > 0 => 0.0,
        Kind::Simple | Kind::Complex if from == to % 2 => sign * plain,
        Kind::Simple | Kind::Complex => 0.0,
        Kind::Directional { .. } if from > 1 => 0.0,
        Kind::Directional { is_forward } => {
            // cos E + sin O and cos O - sin E, whose responses to one direction vanish.
            let (sine, cosine) = (TAU * tap as f64 / taps as f64).sin_cos();
            let sine = if is_forward { sine } else { -sine };
            let quadrature = if from == 1 { sine } else { -sine };
            sign * 0.4 * if from == to % 2 { cosine } else { quadrature }
        }
    }
}

/// White stimuli of contrast 0.25.
pub(crate) fn training(twin: &Twin) -> TrainingSample {
    let mut clips = Array4::zeros((40, twin.output_grid().n_lags, SCREEN[0], SCREEN[1]));
    Streams::new(7).stream("training").fill_normal(clips.as_slice_mut().unwrap());
    TrainingSample {
        clips,
        luminance_range: [-4.0, 4.0],
        mean: 0.0,
        deviation: 1.0,
        behaviour: None,
        pupil_center: None,
        frame_rate_hz: Some(RATE_HZ),
    }
}
