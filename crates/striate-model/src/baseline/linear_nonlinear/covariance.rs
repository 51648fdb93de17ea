//! Covariance of the stimulus in space (over a window) and in time (over the lags), each taken as
//! the same everywhere.

use faer::{Mat, Side};
use ndarray::{Array1, Array2, s};

use super::super::{BaselineError, SessionSize, Stretch};
use super::LinearNonlinearConfig;

/// One frame in this many enters the covariance in space, once there are enough.
const FRAMES_PER_SAMPLE: usize = 10;

/// Enough patches are this many for each pixel of the window.
const PATCHES_PER_PIXEL: f64 = 20.0;

/// At most about this many pixels enter the covariance in time.
const MOST_SERIES: usize = 200;

/// Running sums of vectors and of their outer products.
struct Moments {
    n: f64,
    sums: Array1<f64>,
    products: Array2<f64>,
}

/// Eigenvectors (columns) and eigenvalues of a covariance.
pub(super) struct Eigen {
    /// Shape `[variable, component]`.
    pub(super) vectors: Array2<f64>,
    /// Shape `[component]`, none negative.
    pub(super) values: Array1<f64>,
}

/// Running covariance of the stimulus in space and in time.
pub(super) struct StimulusCovariance {
    n_seen: usize,
    window: [usize; 2],
    patch_step: [usize; 2],
    pixel_step: usize,
    n_lags: usize,
    space: Moments,
    time: Moments,
}

/// Rows and columns of a filter's window.
pub(super) fn window(config: &LinearNonlinearConfig, size: SessionSize) -> [usize; 2] {
    let side = 2 * config.radius_px + 1;
    [side.min(size.height), side.min(size.width)]
}

impl StimulusCovariance {
    pub(super) fn new(config: &LinearNonlinearConfig, size: SessionSize) -> Self {
        let window = window(config, size);
        Self {
            n_seen: 0,
            window,
            patch_step: window.map(|side| side.div_ceil(2)),
            // Odd, so that the pixels looked at do not line up in columns.
            pixel_step: (size.n_pixels() / MOST_SERIES) | 1,
            n_lags: config.n_lags,
            space: Moments::new(window[0] * window[1]),
            time: Moments::new(config.n_lags),
        }
    }

    /// See a stretch whose shape has been checked.
    pub(super) fn add(&mut self, stretch: &Stretch<'_>) {
        self.add_patches(stretch);
        self.add_series(stretch);
    }

    fn add_patches(&mut self, stretch: &Stretch<'_>) {
        let [rows, columns] = self.window;
        let (_, height, width) = stretch.stimulus.dim();
        let enough = PATCHES_PER_PIXEL * (rows * columns) as f64;
        let mut patches = Vec::new();
        for frame in stretch.stimulus.outer_iter().skip(stretch.n_context()) {
            self.n_seen += 1;
            if self.space.n > enough && !self.n_seen.is_multiple_of(FRAMES_PER_SAMPLE) {
                continue;
            }
            for top in (0..=height - rows).step_by(self.patch_step[0]) {
                for left in (0..=width - columns).step_by(self.patch_step[1]) {
                    let patch = frame.slice(s![top..top + rows, left..left + columns]);
                    patches.extend(patch.iter().map(|&value| f64::from(value)));
                }
            }
        }
        self.space.add(patches);
    }

    fn add_series(&mut self, stretch: &Stretch<'_>) {
        let (n_frames, height, width) = stretch.stimulus.dim();
        let mut rows = Vec::new();
        for pixel in (0..height * width).step_by(self.pixel_step) {
            let series = stretch.stimulus.slice(s![.., pixel / width, pixel % width]);
            for frame in stretch.n_context()..n_frames {
                rows.extend((0..self.n_lags).map(|lag| f64::from(series[frame - lag])));
            }
        }
        self.time.add(rows);
    }

    /// Eigenvectors and eigenvalues in space and in time.
    pub(super) fn eigen(&self) -> Result<(Eigen, Eigen), BaselineError> {
        Ok((self.space.eigen()?, self.time.eigen()?))
    }
}

impl Moments {
    fn new(n_variables: usize) -> Self {
        let products = Array2::zeros((n_variables, n_variables));
        Self { n: 0.0, sums: Array1::zeros(n_variables), products }
    }

    /// Add vectors that lie one after the other.
    fn add(&mut self, values: Vec<f64>) {
        let n_vectors = values.len() / self.sums.len().max(1);
        let Ok(vectors) = Array2::from_shape_vec((n_vectors, self.sums.len()), values) else {
            return;
        };
        self.n += n_vectors as f64;
        for vector in vectors.outer_iter() {
            self.sums += &vector;
        }
        self.products += &vectors.t().dot(&vectors);
    }

    fn eigen(&self) -> Result<Eigen, BaselineError> {
        let n = self.n.max(1.0);
        let size = self.sums.len();
        let covariance = Mat::from_fn(size, size, |i, j| {
            self.products[[i, j]] / n - self.sums[i] / n * (self.sums[j] / n)
        });
        let eigen = covariance
            .self_adjoint_eigen(Side::Lower)
            .map_err(|_| BaselineError::Decomposition { size })?;
        let vectors = eigen.U();
        let values = eigen.S().column_vector();
        Ok(Eigen {
            vectors: Array2::from_shape_fn((size, size), |(i, j)| vectors[(i, j)]),
            values: Array1::from_shape_fn(size, |i| values[i].max(0.0)),
        })
    }
}
