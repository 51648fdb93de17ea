//! Gratings as twins see them, and their responses over one cycle.

use striate_stimuli::{Canvas, Grating, grating};

use super::config::TuningConfig;
use crate::error::{InsilicoError, in_range};
use crate::subject::Subject;
use crate::training::TrainingSample;

/// Temporal frequencies where none are asked for.
const USUAL_HZ: [f64; 5] = [1.0, 2.0, 4.0, 7.0, 12.0];

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

/// A round hole with a smooth edge; around it grey, or the same grating drifting in another direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Aperture {
    /// x and y on the screen.
    pub(super) centre_px: [f64; 2],
    /// Where contrast is half of what it is inside.
    pub(super) diameter_px: f64,
    pub(super) edge_px: f64,
    /// Direction of what drifts around; grey where there is none.
    pub(super) surround_deg: Option<f64>,
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
    /// Responses before and after the others that are left out: they miss frames that they depend on.
    ahead: usize,
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
        let ahead = if n_lags == 1 { 0 } else { subject.frames_ahead() };
        Self { n_lags, ahead, n_steps, frame_rate_hz }
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
        if self.is_still() { 1 } else { self.n_lags - 1 + 2 * self.ahead + self.n_steps }
    }

    /// Responses to a stimulus, those that are left out among them.
    pub(super) fn n_responses(&self) -> usize {
        self.n_steps + 2 * self.ahead
    }

    /// 1 for responses of frames that no other of them depends on, so that nothing in their gradients cancels,
    /// 0 for others.
    pub(super) fn apart(&self) -> Vec<f32> {
        let counted = self.ahead..self.ahead + self.n_steps;
        let is_apart = |response: usize| {
            counted.contains(&response) && (response - self.ahead).is_multiple_of(self.n_lags)
        };
        (0..self.n_responses()).map(|response| f32::from(u8::from(is_apart(response)))).collect()
    }

    /// Refuse temporal frequencies that would have to be moved by more than to whole cycles.
    pub(super) fn check(&self, frequencies_hz: Option<&[f64]>) -> Result<(), InsilicoError> {
        let range = self.shown_hz();
        let strange = frequencies_hz.unwrap_or_default().iter().find(|hz| !range.contains(hz));
        let Some(hz) = strange.filter(|_| !self.is_still()) else { return Ok(()) };
        let (low, high, rate) = (range.start(), range.end(), self.frame_rate_hz);
        let expected = format!("{low} to {high}, what window_s and {rate} frames per second show");
        in_range("temporal_frequencies_hz", hz, false, &expected)
    }

    /// Half a cycle in the time over which responses are averaged, and half the frame rate.
    fn shown_hz(&self) -> std::ops::RangeInclusive<f64> {
        0.5 * self.frame_rate_hz / self.n_steps as f64..=0.5 * self.frame_rate_hz
    }

    /// Whole cycles nearest to temporal frequencies, each once; one where nothing drifts. Of the usual
    /// frequencies those that can be shown.
    pub(super) fn cycles(&self, frequencies_hz: Option<&[f64]>) -> Vec<usize> {
        if self.is_still() {
            return vec![1];
        }
        let seconds = self.n_steps as f64 / self.frame_rate_hz;
        let whole = |hz: &f64| ((hz * seconds).round() as usize).clamp(1, (self.n_steps - 1) / 2);
        let usual = USUAL_HZ.into_iter().filter(|hz| self.shown_hz().contains(hz));
        let usual: Vec<f64> = usual.collect();
        let mut cycles: Vec<usize> = frequencies_hz.unwrap_or(&usual).iter().map(whole).collect();
        cycles.dedup();
        // Where none of the usual ones can be shown, the slowest.
        if cycles.is_empty() { vec![1] } else { cycles }
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
        let mask = stimulus.aperture.map(|aperture| aperture.mask(size, origin));
        let around = stimulus.aperture.and_then(|aperture| aperture.surround_deg);
        let grey = training.grey();
        for step in 0..self.n_clips() {
            let centre = self.grating(stimulus, stimulus.direction_deg, (&canvas, origin), step)?;
            let around = around.map(|deg| self.grating(stimulus, deg, (&canvas, origin), step));
            let around = around.transpose()?;
            let n_pixels = size[0] * size[1];
            for (place, &luminance) in centre.iter().enumerate() {
                let shown = training.shown(luminance);
                let Some(mask) = &mask else {
                    onto.push(shown);
                    continue;
                };
                let pixels = around.as_ref().and_then(|pixels| pixels.as_slice());
                let outside = pixels.map_or(grey, |pixels| training.shown(pixels[place]));
                onto.push(outside + mask[place % n_pixels] * (shown - outside));
            }
        }
        Ok(())
    }

    /// A stimulus' grating in some direction, `[frame, row, column]` of the part of the screen that begins at
    /// `origin`.
    fn grating(
        &self,
        stimulus: &Stimulus,
        direction_deg: f64,
        (canvas, origin): (&Canvas, [usize; 2]),
        step: usize,
    ) -> Result<ndarray::Array3<f32>, InsilicoError> {
        let (sine, cosine) = direction_deg.to_radians().sin_cos();
        let distance = cosine * origin[1] as f64 - sine * origin[0] as f64;
        let turned = 360.0 * step as f64 / self.n_steps as f64;
        let parameters = Grating {
            direction_deg,
            frequency_cycles_per_px: stimulus.frequency_cpp,
            temporal_frequency_hz: self.hertz(stimulus.n_cycles),
            phase_deg: 360.0 * stimulus.frequency_cpp * distance - turned,
            contrast: stimulus.contrast,
            ..Grating::default()
        };
        Ok(grating(canvas, &parameters)?)
    }

    /// What the responses to a stimulus say.
    pub(super) fn cycle(&self, responses: impl Iterator<Item = f32>, n_cycles: usize) -> Cycle {
        let n = self.n_steps as f64;
        let mut found = Cycle::default();
        for (step, response) in responses.skip(self.ahead).take(self.n_steps).enumerate() {
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
