//! How the tissue moves, and the frame it then shows.

use ndarray::Array2;
use striate_base::Streams;

use super::config::MotionConfig;
use super::field::{slow_course, smooth_field};

mod warp;

pub(super) use warp::{Canvas, rigid, warped};

/// Fields that make up the non-rigid displacement.
const N_MODES: usize = 3;

/// Displacements of a whole movie.
pub(super) struct Motion {
    /// Rigid shifts `[frame, 2]` (y, x) in pixels.
    pub(super) shifts: Array2<f32>,
    /// Fields `[mode][axis][pixel of a frame]`; empty where the motion is rigid.
    pub(super) modes: Vec<[Vec<f32>; 2]>,
    /// Their courses `[mode][frame]` in pixels.
    pub(super) courses: Vec<Vec<f32>>,
}

impl Motion {
    /// Pixels by which no displacement is exceeded.
    pub(super) fn reach(&self) -> usize {
        let largest = |values: &[f32]| values.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        let rigid = self.shifts.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        let other = self.modes.iter().zip(&self.courses).map(|(fields, course)| {
            largest(course) * fields.iter().map(|field| largest(field)).fold(0.0, f32::max)
        });
        (rigid + other.sum::<f32>()).ceil() as usize
    }

    /// Displacement `[axis][pixel]` of `frame`, rigid part included.
    pub(super) fn displacement(&self, frame: usize) -> [Vec<f32>; 2] {
        [0, 1].map(|axis| {
            let n_pixels = self.modes.first().map_or(0, |fields| fields[axis].len());
            let mut field = vec![self.shifts[[frame, axis]]; n_pixels];
            for (fields, course) in self.modes.iter().zip(&self.courses) {
                let weight = course[frame];
                field.iter_mut().zip(&fields[axis]).for_each(|(out, v)| *out += weight * v);
            }
            field
        })
    }
}

/// Draw the motion of a movie of frames of `height` x `width`.
pub(super) fn draw(
    config: &MotionConfig,
    frame: (usize, usize),
    (n_frames, frame_rate_hz): (usize, f64),
    streams: &Streams,
) -> Motion {
    let mut shifts = Array2::zeros((n_frames, 2));
    for axis in 0..2 {
        let path = path(config, n_frames, frame_rate_hz, &streams.child(["y", "x"][axis]));
        shifts.column_mut(axis).iter_mut().zip(path).for_each(|(out, v)| *out = v);
    }
    let (mut modes, mut courses) = (Vec::new(), Vec::new());
    if config.nonrigid_px > 0.0 {
        let scale = config.nonrigid_px / (N_MODES as f64).sqrt();
        let mut stream = streams.stream("non-rigid");
        for _ in 0..N_MODES {
            let mut field = || smooth_field(frame, config.nonrigid_smoothness_px, &mut stream);
            modes.push([field(), field()]);
            let course = slow_course(n_frames, config.drift_s * frame_rate_hz, &mut stream);
            courses.push(course.into_iter().map(|v| (scale * v) as f32).collect());
        }
    }
    Motion { shifts, modes, courses }
}

/// Rigid shifts along one axis.
fn path(config: &MotionConfig, n_frames: usize, rate: f64, streams: &Streams) -> Vec<f32> {
    let forgets = config.drift_s * rate;
    let drift = slow_course(n_frames, forgets, &mut streams.stream("drift"));
    let mut jitter = streams.stream("jitter");
    let mut jumps = streams.stream("jumps");
    let fade = (-1.0 / forgets).exp();
    let mut jump = 0.0;
    let largest = config.max_shift_px;
    let step = |drift: f64| {
        jump *= fade;
        if jumps.uniform() < config.jump_rate_hz / rate {
            jump += config.jump_px * jumps.normal();
        }
        let shift = config.drift_px * drift + config.jitter_px * jitter.normal() + jump;
        shift.clamp(-largest, largest) as f32
    };
    drift.into_iter().map(step).collect()
}
