//! Neurons on their own: each with its own stimulus, on the window of the screen that it sees.
//!
//! An experiment that shows every neuron something else would pay for all neurons on the whole screen.
//! What a neuron reads depends on the few pixels that its core unit sees, so a window of that size gives
//! the same response and the same gradient. At the screen's border windows lie at the border too, so that
//! the core meets its padding where it did in training.

use striate_ops::{Seed, Tape, Var, append_constant_channels};

use super::input::{fits, given, needs_behaviour};
use super::{Twin, TwinSpec};
use crate::error::ModelError;
use crate::grid::OutputGrid;
use crate::pass::{Noise, Pass};

/// Where the windows of some neurons lie: all of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// Rows and columns in pixels.
    pub size: [usize; 2],
    /// Row and column of the upper left pixel, one for each neuron.
    pub origins: Vec<[usize; 2]>,
}

impl Windows {
    /// The smallest windows that hold those of several twins of equal strides, of which each has one for
    /// every neuron.
    ///
    /// ```
    /// use striate_model::Windows;
    ///
    /// let one = Windows { size: [9, 10], origins: vec![[0, 4], [6, 2]] };
    /// let other = Windows { size: [9, 10], origins: vec![[3, 4], [7, 10]] };
    /// let both = Windows::hull(&[one, other], [16, 20], [1, 2]);
    /// assert_eq!(both, Windows { size: [12, 18], origins: vec![[0, 2], [4, 2]] });
    /// ```
    pub fn hull(all: &[Self], screen: [usize; 2], stride: [usize; 2]) -> Self {
        let n_neurons = all.first().map_or(0, |windows| windows.origins.len());
        let ends = |neuron: usize, axis: usize| {
            let of = |windows: &Self| (windows.origins[neuron][axis], windows.size[axis]);
            let first = all.iter().map(|windows| of(windows).0).min().unwrap_or(0);
            let last = all.iter().map(|windows| of(windows).0 + of(windows).1).max();
            (first, last.unwrap_or(0))
        };
        let size = [0, 1].map(|axis| {
            let lengths = (0..n_neurons).map(|neuron| ends(neuron, axis)).map(|(a, b)| b - a);
            let longest = lengths.max().unwrap_or(0);
            longest + (screen[axis] - longest) % stride[axis]
        });
        let origin =
            |neuron| [0, 1].map(|axis| ends(neuron, axis).0.min(screen[axis] - size[axis]));
        Self { size, origins: (0..n_neurons).map(origin).collect() }
    }
}

/// A clip for each of some neurons.
#[derive(Debug, Clone, Copy)]
pub struct WindowInput<'a> {
    /// Number of the session in the twin.
    pub session: usize,
    /// Numbers of the neurons, one for each clip.
    pub neurons: &'a [usize],
    /// Their windows ([`Twin::windows`]).
    pub windows: &'a Windows,
    /// Frames of each clip.
    pub n_frames: usize,
    /// `[clip, frame, row, column]` within the windows, as the twin was fitted with (normalised).
    pub stimulus: &'a [f32],
    /// `[channel]`, the same in every frame; needed where the core sees behaviour.
    pub behaviour: Option<&'a [f32]>,
    /// (x, y), the same in every frame and that of the windows; needed where the twin has a shifter.
    pub pupil_center: Option<[f32; 2]>,
}

impl Twin {
    /// The smallest windows that hold all that each neuron sees, with `margin` pixels more to every
    /// side, as far as the screen goes.
    ///
    /// # Errors
    /// [`ModelError::Mismatch`] for a session or a neuron that is not there, or without the position of
    /// the pupil where the twin has a shifter.
    pub fn windows(
        &self,
        session: usize,
        neurons: &[usize],
        margin: usize,
        pupil_center: Option<[f32; 2]>,
    ) -> Result<Windows, ModelError> {
        let positions = self.positions_of(session, neurons)?;
        let shift = self.shift_at(session, pupil_center)?;
        let (grid, screen) = (self.core.grid(), [self.spec.height, self.spec.width]);
        // The readout clamps centres before it shifts them: both ends of the way lie in the window.
        let moved = [1, 0].map(|axis| f64::from(shift[axis]) / 2.0);
        let moved = [0, 1].map(|axis| moved[axis] * grid.size[axis].saturating_sub(1) as f64);
        let size = [0, 1].map(|axis| {
            let margin = margin as f64 + 0.5 * grid.stride[axis] * moved[axis].abs();
            window_length(&grid, axis, screen[axis], margin)
        });
        let origin = |[x, y]: [f32; 2]| {
            [(0, y), (1, x)].map(|(axis, at)| {
                let pixel = output_pixel(&grid, axis, at) + moved[axis].min(0.0);
                let first = grid.first[axis] + grid.stride[axis] * pixel.floor() - grid.reach[axis];
                let steps = ((first - margin as f64) / grid.stride[axis]).floor().max(0.0);
                ((steps * grid.stride[axis]) as usize).min(screen[axis] - size[axis])
            })
        };
        Ok(Windows { size, origins: positions.into_iter().map(origin).collect() })
    }

    /// Mean response of each neuron to its own clip, `[clip, frame - frames_consumed]`, latents at 0.
    ///
    /// # Errors
    /// [`ModelError`] for an input that does not fit the twin.
    pub fn own_responses(&self, input: &WindowInput<'_>) -> Result<Vec<f32>, ModelError> {
        let mut pass = Pass::new(Tape::forward_only(&self.pool), &self.parameters, Noise::Absent);
        let stimulus = pass.tape.constant(self.window_shape(input)?, input.stimulus)?;
        let rates = self.own_rates(&mut pass, input, stimulus)?;
        Ok(own(rates.values(), input.neurons.len()))
    }

    /// [`Twin::own_responses`], and the gradient `[clip, frame, row, column]` of their sum with respect
    /// to the stimulus, each response weighted by `weights` `[clip, frame - frames_consumed]`.
    ///
    /// # Errors
    /// As [`Twin::own_responses`].
    pub fn own_gradient(
        &self,
        input: &WindowInput<'_>,
        weights: &[f32],
    ) -> Result<(Vec<f32>, Vec<f32>), ModelError> {
        let n_clips = input.neurons.len();
        let shape = self.window_shape(input)?;
        let axes = [n_clips, input.n_frames - self.frames_consumed()];
        fits("output weights", weights, &axes, "clip, predicted frame")?;
        let mut pass = Pass::new(Tape::recording(&self.pool), &self.parameters, Noise::Absent);
        let stimulus = pass.tape.leaf(shape, input.stimulus)?;
        let rates = self.own_rates(&mut pass, input, stimulus.clone())?;
        let mut all = vec![0.0; rates.values().len()];
        for (clip, (weights, all)) in
            weights.chunks_exact(axes[1]).zip(all.chunks_exact_mut(axes[1] * n_clips)).enumerate()
        {
            for (&weight, all) in weights.iter().zip(all.chunks_exact_mut(n_clips)) {
                all[clip] = weight;
            }
        }
        let responses = own(rates.values(), n_clips);
        let seed = Seed::weighted(&pass.tape, &rates, &all)?;
        drop(rates);
        let (tape, _, _) = pass.finish();
        let gradient = tape.backward(vec![seed]).take(&stimulus);
        let length = input.stimulus.len();
        Ok((responses, gradient.map_or_else(|| vec![0.0; length], |found| found.to_vec())))
    }

    /// Rates `[clip, frame, neuron]` of all the neurons in all the clips. Reading is cheap beside the
    /// core, so each clip is read by every neuron of the call, and its own is picked.
    fn own_rates(
        &self,
        pass: &mut Pass<'_>,
        input: &WindowInput<'_>,
        stimulus: Var,
    ) -> Result<Var, ModelError> {
        let parts = self.session(input.session)?;
        let shape = &self.spec.sessions[input.session];
        let mut seen = stimulus;
        if needs_behaviour(&self.spec, shape) {
            let behaviour = given("behaviour", input.behaviour)?;
            fits("behaviour", behaviour, &[shape.n_behaviour], "channel")?;
            let n_frames = input.neurons.len() * input.n_frames;
            let axes = vec![input.neurons.len(), input.n_frames, shape.n_behaviour];
            let behaviour = pass.tape.constant(axes, &behaviour.repeat(n_frames))?;
            seen = append_constant_channels(&mut pass.tape, &seen, &behaviour)?;
        }
        let features = self.core.forward(pass, seen)?;
        let (centres, shift) = self.places_in_windows(input)?;
        let shift = match &parts.shifter {
            Some(_) => {
                let n_frames = features.shape()[0] * features.shape()[1];
                Some(pass.tape.constant(vec![n_frames, 2], &shift.repeat(n_frames))?)
            }
            None => None,
        };
        let read = parts.readout.forward_at(pass, features, (input.neurons, &centres), shift)?;
        parts.likelihood.rate_of(pass, &read, input.neurons)
    }

    /// Centres on the output of the core for each neuron's own window, and the shift there.
    fn places_in_windows(
        &self,
        input: &WindowInput<'_>,
    ) -> Result<(Vec<[f32; 2]>, [f32; 2]), ModelError> {
        let positions = self.positions_of(input.session, input.neurons)?;
        let shift = self.shift_at(input.session, input.pupil_center)?;
        let grid = self.core.grid();
        let [height, width] = input.windows.size;
        let small = TwinSpec { height, width, ..self.spec.clone() }.output_grid()?;
        let last = |size: [usize; 2], axis: usize| size[axis].saturating_sub(1).max(1) as f64;
        let within = |(position, origin): ([f32; 2], &[usize; 2])| {
            [(1, position[0]), (0, position[1])].map(|(axis, at)| {
                let before = origin[axis] as f64 / grid.stride[axis];
                let within = output_pixel(&grid, axis, at) - before;
                (2.0 * within / last(small.size, axis) - 1.0) as f32
            })
        };
        let shift = [(1, shift[0]), (0, shift[1])].map(|(axis, shift)| {
            (f64::from(shift) * last(grid.size, axis) / last(small.size, axis)) as f32
        });
        Ok((positions.into_iter().zip(&input.windows.origins).map(within).collect(), shift))
    }

    /// The neurons' centres, (x, y) on the core's output.
    fn positions_of(&self, session: usize, neurons: &[usize]) -> Result<Vec<[f32; 2]>, ModelError> {
        let all = self.readout_positions(session)?;
        let of = |&neuron: &usize| {
            let found = all.get(neuron).map(|centre| centre.map(|at| at.clamp(-1.0, 1.0)));
            found.ok_or_else(|| {
                ModelError::mismatch("number of a neuron", neuron, format!("below {}", all.len()))
            })
        };
        neurons.iter().map(of).collect()
    }

    /// How far the position of the pupil moves all centres.
    fn shift_at(
        &self,
        session: usize,
        pupil_center: Option<[f32; 2]>,
    ) -> Result<[f32; 2], ModelError> {
        let Some(shifter) = &self.session(session)?.shifter else { return Ok([0.0; 2]) };
        let centre = given("pupil center", pupil_center.as_ref().map(|at| &at[..]))?;
        let mut pass = Pass::new(Tape::forward_only(&self.pool), &self.parameters, Noise::Absent);
        let centre = pass.tape.constant(vec![1, 2], centre)?;
        let shift = shifter.forward(&mut pass, &centre)?;
        Ok([shift.values()[0], shift.values()[1]])
    }

    fn window_shape(&self, input: &WindowInput<'_>) -> Result<Vec<usize>, ModelError> {
        let n_clips = input.neurons.len();
        let (found, [height, width]) = (input.windows.origins.len(), input.windows.size);
        if n_clips == 0 || found != n_clips {
            let expected = format!("{}, one for each neuron, and at least one", n_clips.max(1));
            return Err(ModelError::mismatch("windows", found, expected));
        }
        let n_lags = self.core.grid().n_lags;
        if input.n_frames < n_lags {
            let expected = format!("at least {n_lags}, which one prediction depends on");
            return Err(ModelError::mismatch("frames of a clip", input.n_frames, expected));
        }
        let axes = [n_clips, input.n_frames, height, width];
        fits("stimulus", input.stimulus, &axes, "clip, frame, row, column")?;
        Ok([&axes[..], &[1]].concat())
    }
}

/// Place between pixels of the core's output, along one axis, of a position in [-1, 1].
fn output_pixel(grid: &OutputGrid, axis: usize, at: f32) -> f64 {
    f64::midpoint(f64::from(at), 1.0) * grid.size[axis].saturating_sub(1) as f64
}

/// Pixels along one axis that two neighbouring outputs see, wherever they lie, and the margin. The rest
/// of the screen is a whole number of strides, so that a window at either border has the core's pixels.
fn window_length(grid: &OutputGrid, axis: usize, screen: usize, margin: f64) -> usize {
    let stride = grid.stride[axis];
    let seen = 2.0 * grid.reach[axis] + 1.0 + 2.0 * stride + 2.0 * margin;
    let seen = (seen.ceil() as usize).min(screen);
    let step = stride as usize;
    seen + (screen - seen) % step
}

/// Each clip's own neuron of `[clip, frame, neuron]`: `[clip, frame]`.
fn own(all: &[f32], n_clips: usize) -> Vec<f32> {
    let per_clip = all.len() / n_clips;
    let clips = all.chunks_exact(per_clip).enumerate();
    clips.flat_map(|(clip, all)| all[clip..].iter().step_by(n_clips).copied()).collect()
}

#[cfg(test)]
mod tests;
