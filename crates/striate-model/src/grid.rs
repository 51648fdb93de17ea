//! How pixels of the stimulus map to positions on a core's output.

/// Where the pixels of a core's output lie on the stimulus.
///
/// A readout position (x, y) in [-1, 1] has its corners at the centres of the outermost output
/// pixels ("align corners").
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutputGrid {
    /// Stimulus pixel (row, column) at the centre of the first output pixel's receptive field.
    pub first: [f64; 2],
    /// Stimulus pixels from one output pixel to the next, in rows and columns.
    pub stride: [f64; 2],
    /// Output pixels in rows and columns.
    pub size: [usize; 2],
    /// Stimulus frames that one output frame depends on.
    pub n_lags: usize,
    /// Stimulus pixels to either side of its centre that an output pixel depends on, in rows and columns.
    pub reach: [f64; 2],
}

impl OutputGrid {
    /// The grid of an untouched image.
    pub(crate) fn of_image(height: usize, width: usize) -> Self {
        Self {
            first: [0.0; 2],
            stride: [1.0; 2],
            size: [height, width],
            n_lags: 1,
            reach: [0.0; 2],
        }
    }

    /// The grid after a convolution on this one; `None` where the kernel does not fit.
    pub(crate) fn convolved(self, kernel: usize, padding: usize, stride: usize) -> Option<Self> {
        let mut after = self;
        for axis in 0..2 {
            let reach = (self.size[axis] + 2 * padding).checked_sub(kernel)?;
            after.size[axis] = reach / stride + 1;
            after.stride[axis] = self.stride[axis] * stride as f64;
            let centre = (kernel as f64 - 1.0) / 2.0 - padding as f64;
            after.first[axis] = self.first[axis] + centre * self.stride[axis];
        }
        Some(after.seeing(kernel, self.stride))
    }

    /// The same pixels, each of which sees `kernel` pixels of a map with this stride.
    pub(crate) fn seeing(mut self, kernel: usize, stride: [f64; 2]) -> Self {
        for (reach, stride) in self.reach.iter_mut().zip(stride) {
            *reach += (kernel as f64 - 1.0) / 2.0 * stride;
        }
        self
    }

    /// A stimulus pixel (row, column) as readout position (x, y), clamped to [-1, 1].
    ///
    /// ```
    /// // A valid 9x9 convolution with stride 2 on 17 x 33 pixels.
    /// let grid = striate_model::OutputGrid {
    ///     first: [4.0, 4.0], stride: [2.0, 2.0], size: [5, 13], n_lags: 1,
    ///     reach: [4.0, 4.0],
    /// };
    /// assert_eq!(grid.position(4.0, 4.0), [-1.0, -1.0]);
    /// assert_eq!(grid.position(12.0, 28.0), [1.0, 1.0]);
    /// assert_eq!(grid.pixel([1.0, 1.0]), [12.0, 28.0]);
    /// ```
    pub fn position(&self, row: f64, column: f64) -> [f32; 2] {
        let along = |axis: usize, pixel: f64| {
            let last = self.size[axis].saturating_sub(1).max(1) as f64;
            let index = (pixel - self.first[axis]) / self.stride[axis];
            (2.0 * index / last - 1.0).clamp(-1.0, 1.0) as f32
        };
        [along(1, column), along(0, row)]
    }

    /// A readout position (x, y) as stimulus pixel (row, column).
    pub fn pixel(&self, position: [f32; 2]) -> [f64; 2] {
        let along = |axis: usize, position: f32| {
            let last = self.size[axis].saturating_sub(1) as f64;
            self.first[axis] + self.stride[axis] * (f64::from(position) + 1.0) / 2.0 * last
        };
        [along(0, position[1]), along(1, position[0])]
    }
}
