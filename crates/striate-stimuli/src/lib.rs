//! Visual stimuli made by formula: natural-like video, drifting textures, gratings, Gabors, noise.
//!
//! Every generator takes a [`Canvas`] (size and frame rate), a parameter struct whose fields state
//! their range, and, where chance plays a part, a [`striate_base::RandomStream`]. It returns
//! `[frame, height, width]` luminance in 0..255, where [`MEAN_LUMINANCE`] is grey. The same stream
//! gives the same bits.
//!
//! Directions and orientations are degrees counter-clockwise as seen on the screen: direction 0
//! moves to the right, 90 moves up; orientation 0 is a horizontal bar, 90 a vertical one. Pixel
//! coordinates are `(x, y)` with `(0, 0)` at the centre of the upper left pixel and y downwards.
//!
//! ```
//! use striate_base::Streams;
//! use striate_stimuli::{Canvas, NaturalVideo, natural_video};
//!
//! let canvas = Canvas { n_frames: 20, height: 18, width: 32, frame_rate_hz: 30.0 };
//! let mut random = Streams::new(1).stream("video");
//! let video = natural_video(&canvas, &NaturalVideo::default(), &mut random)?;
//! assert_eq!(video.dim(), (20, 18, 32));
//! assert!(video.iter().all(|&value| (0.0..=255.0).contains(&value)));
//! # Ok::<(), striate_stimuli::StimulusError>(())
//! ```

mod blur;
mod canvas;
mod dead_leaves;
mod error;
mod gabor;
mod grating;
mod natural;
mod texture;
mod white_noise;

pub use blur::GaussianBlur;
pub use canvas::{Canvas, MEAN_LUMINANCE};
pub use dead_leaves::{DeadLeaves, dead_leaves};
pub use error::StimulusError;
pub use gabor::{Gabor, drifting_gabor};
pub use grating::{Grating, Waveform, grating};
pub use natural::{NaturalVideo, natural_video};
pub use texture::{DriftingTexture, drifting_texture};
pub use white_noise::{NoiseLaw, WhiteNoise, white_noise};
