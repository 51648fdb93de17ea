//! Channels of the core: what they answer at the middle of the map, and what of the stimulus moves them.

use striate_ops::{Seed, Tape, Var, append_constant_channels};

use super::input::fits;
use super::{Twin, TwinSpec, n_behaviour_channels};
use crate::error::ModelError;
use crate::pass::{Noise, Pass};

/// Clips shown to the core alone.
#[derive(Debug, Clone, Copy)]
pub struct ChannelInput<'a> {
    /// Clips.
    pub n_clips: usize,
    /// Frames of each clip, at least as many as one response depends on.
    pub n_frames: usize,
    /// Rows and columns of each clip, in pixels: [`Twin::channel_window`], or more.
    pub size: [usize; 2],
    /// `[clip, frame, row, column]`, as the twin was fitted with (normalised).
    pub stimulus: &'a [f32],
    /// `[trace]`, the same in every frame; absent: as many zeros as the core needs.
    pub behaviour: Option<&'a [f32]>,
}

impl Twin {
    /// Channels of the core.
    pub fn n_channels(&self) -> usize {
        self.core.channels()
    }

    /// Whether the core sees behaviour beside the stimulus.
    pub fn sees_behaviour(&self) -> bool {
        n_behaviour_channels(&self.spec).is_ok_and(|n| n > 0)
    }

    /// Rows and columns of the smallest clip that holds all that the middle of the core's map sees, no
    /// padding among it where the screen is as large.
    pub fn channel_window(&self) -> [usize; 2] {
        let grid = self.core.grid();
        [(0, self.spec.height), (1, self.spec.width)].map(|(axis, screen)| {
            // The middle of an even map is to one side by up to a stride.
            let seen = 2.0 * (grid.reach[axis] + grid.stride[axis]) + 1.0;
            (seen.ceil() as usize).min(screen)
        })
    }

    /// Response of each channel `[clip, channel]` at the middle of its map, in the last frame.
    ///
    /// # Errors
    /// [`ModelError::Length`] or [`ModelError::Mismatch`] for an input that does not fit the core.
    pub fn channel_responses(&self, input: &ChannelInput<'_>) -> Result<Vec<f32>, ModelError> {
        let mut pass = Pass::new(Tape::forward_only(&self.pool), &self.parameters, Noise::Absent);
        let stimulus = pass.tape.constant(self.channel_shape(input)?, input.stimulus)?;
        let features = self.maps(&mut pass, input, stimulus)?;
        Ok(middles(&features).flat_map(|at| features.values()[at].to_vec()).collect())
    }

    /// Response `[clip]` of one channel for each clip, and its gradient `[clip, frame, row, column]` with
    /// respect to that clip.
    ///
    /// # Errors
    /// As [`Twin::channel_responses`], and [`ModelError::Mismatch`] for a channel that is not there.
    pub fn channel_gradient(
        &self,
        input: &ChannelInput<'_>,
        channels: &[usize],
    ) -> Result<(Vec<f32>, Vec<f32>), ModelError> {
        if channels.len() != input.n_clips {
            return Err(ModelError::mismatch("channels", channels.len(), input.n_clips));
        }
        let n_channels = self.n_channels();
        if let Some(channel) = channels.iter().find(|&&channel| channel >= n_channels) {
            return Err(ModelError::mismatch("channel", channel, format!("below {n_channels}")));
        }
        let shape = self.channel_shape(input)?;
        let mut pass = Pass::new(Tape::recording(&self.pool), &self.parameters, Noise::Absent);
        let stimulus = pass.tape.leaf(shape, input.stimulus)?;
        let features = self.maps(&mut pass, input, stimulus.clone())?;
        let places: Vec<usize> =
            middles(&features).zip(channels).map(|(at, channel)| at.start + channel).collect();
        let mut weights = vec![0.0; features.values().len()];
        places.iter().for_each(|&place| weights[place] = 1.0);
        let responses = places.iter().map(|&place| features.values()[place]).collect();
        let seed = Seed::weighted(&pass.tape, &features, &weights)?;
        drop(features);
        let (tape, _, _) = pass.finish();
        let gradient = tape.backward(vec![seed]).take(&stimulus);
        let length = input.stimulus.len();
        Ok((responses, gradient.map_or_else(|| vec![0.0; length], |found| found.to_vec())))
    }

    /// The core's maps `[clip, frame, row, column, channel]`.
    fn maps(
        &self,
        pass: &mut Pass<'_>,
        input: &ChannelInput<'_>,
        stimulus: Var,
    ) -> Result<Var, ModelError> {
        let n_traces = n_behaviour_channels(&self.spec)?;
        let mut seen = stimulus;
        if n_traces > 0 {
            let none = vec![0.0; n_traces];
            let behaviour = input.behaviour.unwrap_or(&none);
            fits("behaviour", behaviour, &[n_traces], "trace")?;
            let axes = vec![input.n_clips, input.n_frames, n_traces];
            let behaviour = behaviour.repeat(input.n_clips * input.n_frames);
            let behaviour = pass.tape.constant(axes, &behaviour)?;
            seen = append_constant_channels(&mut pass.tape, &seen, &behaviour)?;
        }
        self.core.forward(pass, seen)
    }

    fn channel_shape(&self, input: &ChannelInput<'_>) -> Result<Vec<usize>, ModelError> {
        let &ChannelInput { n_clips, n_frames, size: [height, width], .. } = input;
        if n_clips == 0 {
            return Err(ModelError::mismatch("clips", 0, "at least one"));
        }
        let n_lags = self.core.grid().n_lags;
        if n_frames < n_lags {
            let expected = format!("at least {n_lags}, which one response depends on");
            return Err(ModelError::mismatch("frames of a clip", n_frames, expected));
        }
        let axes = [n_clips, n_frames, height, width];
        fits("stimulus", input.stimulus, &axes, "clip, frame, row, column")?;
        // A core that would not fit on a screen of this size refuses here.
        TwinSpec { height, width, ..self.spec.clone() }.output_grid()?;
        Ok([&axes[..], &[1]].concat())
    }
}

/// Where the channels of each clip's last frame are, at the middle of the map.
fn middles(features: &Var) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
    let shape = features.shape().to_vec();
    let axis = move |axis: usize| shape.get(axis).copied().unwrap_or(1);
    let [n_clips, n_frames, height, width, n_channels] = [0, 1, 2, 3, 4].map(axis);
    (0..n_clips).map(move |clip| {
        let frame = (clip + 1) * n_frames - 1;
        let pixel = (frame * height + height / 2) * width + width / 2;
        pixel * n_channels..(pixel + 1) * n_channels
    })
}

#[cfg(test)]
mod tests;
