//! Gratings as twins see them, and their responses over one cycle.

use striate_stimuli::{Canvas, Grating, grating};

use super::config::TuningConfig;
use crate::error::InsilicoError;
use crate::subject::Subject;
use crate::training::TrainingSample;

/// One grating, drifting or in all its phases; grey where contrast is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stimulus {
    pub(super) direction_deg: f64,
    pub(super) frequency_cpp: f64,
    /// Cycles that pass in the time over which responses are averaged.
    pub(super) n_cycles: usize,
    pub(super) contrast: f64,
    pub(super) aperture: Option<Aperture>,
}

/// A round hole with a smooth edge, grey around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Aperture {
    /// x and y on the screen.
    pub(super) centre_px: [f64; 2],
    /// Where contrast is half of what it is inside.
    pub(super) diameter_px: f64,
    pub(super) edge_px: f64,
}

/// Mean response over whole cycles, and its first harmonic's cosine and sine.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Cycle {
    pub(super) mean: f64,
    pub(super) harmonic: [f64; 2],
}

/// How gratings are shown to a twin: drifting to one of video, in several phases to one of images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Display {
    n_lags: usize,
    /// Frames or phases over which responses are averaged.
    n_steps: usize,
    frame_rate_hz: f64,
}

impl Stimulus {
    pub(super) const GREY: Self =
        Self { direction_deg: 0.0, frequency_cpp: 0.1, n_cycles: 1, contrast: 0.0, aperture: None };
}

impl Display {
    pub(super) fn new(subject: &Subject<'_>, config: &TuningConfig) -> Self {
        let frame_rate_hz = subject.training.frame_rate_hz.unwrap_or(config.frame_rate_hz);
        let n_lags = subject.n_lags();
        let n_frames = (config.window_s * frame_rate_hz).round().max(4.0) as usize;
        let n_steps = if n_lags == 1 { config.n_phases } else { n_frames };
        Self { n_lags, n_steps, frame_rate_hz }
    }

    /// Whether frames are seen one by one, so that nothing drifts.
    pub(super) fn is_still(&self) -> bool {
        self.n_lags == 1
    }

    /// Clips that show a stimulus.
    pub(super) fn n_clips(&self) -> usize {
        if self.is_still() { self.n_steps } else { 1 }
    }

    /// Frames of each.
    pub(super) fn n_frames(&self) -> usize {
        if self.is_still() { 1 } else { self.n_lags - 1 + self.n_steps }
    }

    /// Responses to a stimulus.
    pub(super) fn n_steps(&self) -> usize {
        self.n_steps
    }

    /// Whole cycles nearest to temporal frequencies, each once; one where nothing drifts.
    pub(super) fn cycles(&self, frequencies_hz: &[f64]) -> Vec<usize> {
        if self.is_still() {
            return vec![1];
        }
        let seconds = self.n_steps as f64 / self.frame_rate_hz;
        let whole = |hz: &f64| ((hz * seconds).round() as usize).clamp(1, (self.n_steps - 1) / 2);
        let mut cycles: Vec<usize> = frequencies_hz.iter().map(whole).collect();
        cycles.dedup();
        cycles
    }

    /// The temporal frequency of so many cycles; 0 where nothing drifts.
    pub(super) fn hertz(&self, n_cycles: usize) -> f64 {
        if self.is_still() {
            return 0.0;
        }
        n_cycles as f64 * self.frame_rate_hz / self.n_steps as f64
    }

    /// Append clips `[clip, frame, row, column]` of the part of the screen that begins at `origin`, on the
    /// scale of the recording's stimulus.
    pub(super) fn draw(
        &self,
        stimulus: &Stimulus,
        training: &TrainingSample,
        (size, origin): ([usize; 2], [usize; 2]),
        onto: &mut Vec<f32>,
    ) -> Result<(), InsilicoError> {
        let n_values = self.n_clips() * self.n_frames() * size[0] * size[1];
        if stimulus.contrast == 0.0 {
            onto.extend(std::iter::repeat_n(training.grey(), n_values));
            return Ok(());
        }
        let canvas = Canvas {
            n_frames: self.n_frames(),
            height: size[0],
            width: size[1],
            frame_rate_hz: self.frame_rate_hz,
        };
        let (sine, cosine) = stimulus.direction_deg.to_radians().sin_cos();
        let distance = cosine * origin[1] as f64 - sine * origin[0] as f64;
        let at_origin = 360.0 * stimulus.frequency_cpp * distance;
        let mask = stimulus.aperture.map(|aperture| aperture.mask(size, origin));
        let grey = training.grey();
        for step in 0..self.n_clips() {
            let turned = 360.0 * step as f64 / self.n_steps as f64;
            let parameters = Grating {
                direction_deg: stimulus.direction_deg,
                frequency_cycles_per_px: stimulus.frequency_cpp,
                temporal_frequency_hz: self.hertz(stimulus.n_cycles),
                phase_deg: at_origin - turned,
                contrast: stimulus.contrast,
                ..Grating::default()
            };
            for frame in grating(&canvas, &parameters)?.outer_iter() {
                let shown = frame.iter().map(|&luminance| training.shown(luminance));
                match &mask {
                    None => onto.extend(shown),
                    Some(mask) => {
                        onto.extend(shown.zip(mask).map(|(value, m)| grey + m * (value - grey)));
                    }
                }
            }
        }
        Ok(())
    }

    /// What `n_steps` responses to a stimulus say.
    pub(super) fn cycle(&self, responses: impl Iterator<Item = f32>, n_cycles: usize) -> Cycle {
        let n = self.n_steps as f64;
        let mut found = Cycle::default();
        for (step, response) in responses.enumerate() {
            let response = f64::from(response);
            let turns = (n_cycles * step) as f64 / n;
            let (sine, cosine) = (std::f64::consts::TAU * turns).sin_cos();
            found.mean += response / n;
            found.harmonic[0] += 2.0 / n * response * cosine;
            found.harmonic[1] += 2.0 / n * response * sine;
        }
        found
    }
}

impl Aperture {
    /// Share of contrast `[row, column]`: 1 inside, 0 outside, half a cosine in between.
    fn mask(&self, size: [usize; 2], origin: [usize; 2]) -> Vec<f32> {
        let [x, y] = self.centre_px;
        let at = |row: usize, column: usize| {
            let (dx, dy) = ((column + origin[1]) as f64 - x, (row + origin[0]) as f64 - y);
            let outside = dx.hypot(dy) - 0.5 * self.diameter_px;
            let share = (outside / self.edge_px.max(1e-9) + 0.5).clamp(0.0, 1.0);
            (0.5 + 0.5 * (std::f64::consts::PI * share).cos()) as f32
        };
        (0..size[0]).flat_map(|row| (0..size[1]).map(move |column| at(row, column))).collect()
    }
}
