//! Baselines that are fitted in closed form: what a twin has to beat.
//!
//! - [`LinearNonlinear`] for video: one separable space-time filter per neuron from its
//!   response-triggered average, and a histogram nonlinearity.
//! - [`GaborRidge`] for images: ridge regression from the log energies of a Gabor pyramid and from
//!   coarse pixel blocks.
//!
//! Both are models of one session. They load nothing: a function handed in by the caller shows
//! them the data, once per pass.
//!
//! ```
//! use ndarray::{Array2, Array3, s};
//! use striate_base::Streams;
//! use striate_model::baseline::{
//!     BaselineError, LinearNonlinear, LinearNonlinearConfig, SessionSize, Stretch, Visit,
//! };
//!
//! // A neuron that answers to one pixel, one frame later.
//! let mut random = Streams::new(1).stream("noise");
//! let stimulus = Array3::from_shape_simple_fn((600, 8, 8), || random.normal() as f32);
//! let responses = Array2::from_shape_fn((598, 1), |(t, _)| stimulus[[t + 1, 3, 5]].max(0.0));
//!
//! let config = LinearNonlinearConfig { n_lags: 3, ..LinearNonlinearConfig::default() };
//! let size = SessionSize { height: 8, width: 8, n_neurons: 1 };
//! // The whole set at once; longer ones in pieces, each with `n_lags - 1` frames before it.
//! let model = LinearNonlinear::fit(&config, size, |visit: &mut Visit<'_>| {
//!     visit(Stretch { stimulus: stimulus.view(), responses: responses.view() })
//! })?;
//! assert_eq!(model.position(0), Some([5.0, 3.0]));
//! assert_eq!(model.predict(stimulus.slice(s![..10, .., ..]))?.dim(), (8, 1));
//! # Ok::<(), BaselineError>(())
//! ```

mod error;
mod gabor_pyramid;
mod gabor_ridge;
mod linear_nonlinear;
mod ridge;

use ndarray::{ArrayView2, ArrayView3};

pub use error::BaselineError;
pub use gabor_pyramid::GaborPyramidConfig;
pub use gabor_ridge::{GaborRidge, GaborRidgeConfig};
pub use linear_nonlinear::{LinearNonlinear, LinearNonlinearConfig, Nonlinearity};

/// How large a session's stimuli and population are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSize {
    /// Rows of a frame in pixels.
    pub height: usize,
    /// Columns of a frame in pixels.
    pub width: usize,
    /// Neurons of the session.
    pub n_neurons: usize,
}

impl SessionSize {
    /// Pixels of a frame.
    pub(crate) fn n_pixels(self) -> usize {
        self.height * self.width
    }
}

/// Consecutive frames of one trial, or any images, with the responses to the last of them.
///
/// The responses belong to the last frames of the stimulus: where there are fewer rows of responses
/// than frames, the first frames are context that filters with memory need.
#[derive(Debug, Clone, Copy)]
pub struct Stretch<'a> {
    /// Shape `[frame, height, width]`, as the recording normalises it.
    pub stimulus: ArrayView3<'a, f32>,
    /// Shape `[scored frame, neuron]`.
    pub responses: ArrayView2<'a, f32>,
}

/// What a baseline does with each stretch it is shown.
pub type Visit<'a> = dyn FnMut(Stretch<'_>) -> Result<(), BaselineError> + 'a;

impl Stretch<'_> {
    /// Frames before the first response.
    fn n_context(&self) -> usize {
        self.stimulus.dim().0 - self.responses.nrows()
    }

    /// Refuse shapes that do not fit and values that are not finite.
    fn check(&self, size: SessionSize, n_context: usize) -> Result<(), BaselineError> {
        let (n_frames, height, width) = self.stimulus.dim();
        let (n_scored, n_neurons) = self.responses.dim();
        let fits = (height, width, n_neurons) == (size.height, size.width, size.n_neurons);
        if !fits || n_scored + n_context > n_frames {
            return Err(BaselineError::Shape {
                found: format!(
                    "stimulus [{n_frames}, {height}, {width}], responses [{n_scored}, {n_neurons}]"
                ),
                expected: format!(
                    "[frame, {}, {}] and [frame - {n_context} or fewer, {}]",
                    size.height, size.width, size.n_neurons
                ),
            });
        }
        let broken = |what| Err(BaselineError::NotFinite { what });
        if self.responses.iter().any(|value| !value.is_finite()) {
            return broken("responses");
        }
        if self.stimulus.iter().any(|value| !value.is_finite()) {
            return broken("stimulus");
        }
        Ok(())
    }
}
