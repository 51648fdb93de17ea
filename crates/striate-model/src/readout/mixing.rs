//! A small convolution over the plane of frames and feature channels, before a readout's weights.
//!
//! All neurons of a session share it; each output of the likelihood has a kernel and a bias of its own. It
//! runs over the order of the channels, which means nothing before fitting, and its frames are centred: what
//! is read in a frame depends on the frames before and after it in the clip, beyond whose ends are zeros.
//! (Schmidt et al. 2024, arXiv 2410.16136, whose code has 11 frames and 5 channels; start as in `PyTorch`'s
//! `Conv2d`.)

use serde::{Deserialize, Serialize};
use striate_ops as ops;

use crate::config::in_range;
use crate::error::ModelError;
use crate::parameters::{ParameterBuilder, ParameterId, uniform};
use crate::pass::Pass;

/// Most frames or channels of a kernel.
const LARGEST: usize = 51;

/// Sizes of the convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixingConfig {
    /// Frames of the kernel, an odd number up to 51.
    pub frames: usize,
    /// Channels of the kernel, an odd number up to 51.
    pub channels: usize,
}

impl MixingConfig {
    /// Check both sizes.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`].
    pub(super) fn check(&self) -> Result<(), ModelError> {
        for (key, size) in [("frames", self.frames), ("channels", self.channels)] {
            let is_in_range = size % 2 == 1 && size <= LARGEST;
            let expected = format!("an odd number from 1 to {LARGEST}");
            in_range(&format!("model.readout.mixing.{key}"), size, is_in_range, &expected)?;
        }
        Ok(())
    }

    /// Make one session's parameters: uniform within one over the root of a kernel's size.
    pub(super) fn build(&self, n_outputs: usize, builder: &mut ParameterBuilder<'_>) -> Mixing {
        let bound = 1.0 / ((self.frames * self.channels).max(1) as f64).sqrt();
        let shape = [n_outputs, self.frames, self.channels];
        let weight = builder.random("mixing.weight", &shape, uniform(bound));
        let bias = builder.random("mixing.bias", &[n_outputs], uniform(bound));
        Mixing { weight, bias, frames_ahead: self.frames / 2 }
    }
}

/// One session's convolution.
pub(super) struct Mixing {
    /// `[output, frame, channel]`
    weight: ParameterId,
    /// `[output]`
    bias: ParameterId,
    frames_ahead: usize,
}

impl Mixing {
    /// Frames to either side that the kernel reaches.
    pub(super) fn frames_ahead(&self) -> usize {
        self.frames_ahead
    }

    pub(super) fn values(&self, pass: &mut Pass<'_>) -> Result<ops::Mixing, ModelError> {
        let (weight, bias) = (pass.parameter(self.weight)?, pass.parameter(self.bias)?);
        Ok(ops::Mixing { weight, bias })
    }
}
