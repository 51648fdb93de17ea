//! What goes into a twin.

use std::ops::Range;

use super::{SessionShape, TwinSpec};
use crate::error::ModelError;

/// A batch of clips of one session.
#[derive(Debug, Clone, Copy)]
pub struct ClipInput<'a> {
    /// Number of the session in the twin.
    pub session: usize,
    /// Clips of the batch.
    pub n_clips: usize,
    /// Frames of each clip; 1 for images.
    pub n_frames: usize,
    /// `[clip, frame, height, width]`, as the twin was fitted with (normalised).
    pub stimulus: &'a [f32],
    /// `[clip, frame, channel]`; needed where the core sees behaviour.
    pub behaviour: Option<&'a [f32]>,
    /// `[clip, frame, 2]`; needed where the twin has a shifter.
    pub pupil_center: Option<&'a [f32]>,
}

impl<'a> ClipInput<'a> {
    /// Check all lengths against the twin.
    pub(super) fn check(&self, spec: &TwinSpec, n_lags: usize) -> Result<(), ModelError> {
        let session = self.shape(spec)?;
        let (clips, frames) = (self.n_clips, self.n_frames);
        if clips == 0 {
            return Err(ModelError::mismatch("clips", 0, "at least one"));
        }
        if frames < n_lags {
            let expected = format!("at least {n_lags}, which one prediction depends on");
            return Err(ModelError::mismatch("frames of a clip", frames, expected));
        }
        let axes = [clips, frames, spec.height, spec.width];
        fits("stimulus", self.stimulus, &axes, "clip, frame, height, width")?;
        if needs_behaviour(spec, session) {
            let behaviour = given("behaviour", self.behaviour)?;
            let axes = [clips, frames, session.n_behaviour];
            fits("behaviour", behaviour, &axes, "clip, frame, channel")?;
        }
        if spec.model.shifter.is_some() {
            let pupil_center = given("pupil center", self.pupil_center)?;
            fits("pupil center", pupil_center, &[clips, frames, 2], "clip, frame, 2")?;
        }
        Ok(())
    }

    /// The session's shape.
    pub(super) fn shape<'s>(&self, spec: &'s TwinSpec) -> Result<&'s SessionShape, ModelError> {
        spec.sessions.get(self.session).ok_or_else(|| {
            let expected = format!("below {}", spec.sessions.len());
            ModelError::mismatch("session number", self.session, expected)
        })
    }

    /// Some whole clips, or frames of one clip.
    pub(super) fn part(&self, clips: Range<usize>, frames: Range<usize>) -> Self {
        let n_values = (self.n_clips * self.n_frames).max(1);
        let first = clips.start * self.n_frames + frames.start;
        let n_frames = clips.len() * frames.len();
        let cut = |values: &'a [f32]| {
            let per_frame = values.len() / n_values;
            &values[first * per_frame..(first + n_frames) * per_frame]
        };
        Self {
            session: self.session,
            n_clips: clips.len(),
            n_frames: frames.len(),
            stimulus: cut(self.stimulus),
            behaviour: self.behaviour.map(cut),
            pupil_center: self.pupil_center.map(cut),
        }
    }
}

/// Whether the core sees the session's behaviour.
pub(super) fn needs_behaviour(spec: &TwinSpec, session: &SessionShape) -> bool {
    spec.model.input.behaviour_as_channels && session.n_behaviour > 0
}

/// Refuse values of another length than the axes give.
pub(super) fn fits(
    what: &'static str,
    values: &[f32],
    axes: &[usize],
    names: &str,
) -> Result<(), ModelError> {
    let expected = axes.iter().product();
    if values.len() == expected {
        return Ok(());
    }
    let axes = format!("[{names}] = {axes:?}");
    Err(ModelError::Length { what, found: values.len(), expected, axes })
}

pub(super) fn given<'v>(
    what: &'static str,
    values: Option<&'v [f32]>,
) -> Result<&'v [f32], ModelError> {
    values.ok_or_else(|| ModelError::mismatch(what, "none", "one, which this twin depends on"))
}
