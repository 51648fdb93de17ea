//! Convolution with fewer multiplications (Winograd 1980, "Arithmetic complexity of computations";
//! Lavin & Gray 2016, "Fast algorithms for convolutional neural networks").
//!
//! `m` neighbouring outputs of a kernel of `r` taps read `m + r - 1` inputs. Seen as polynomials, they
//! are known from their values at as many points, and at a point a convolution is one product. So a
//! line is cut into tiles of [`POINTS`] inputs, `m = 9 - r` apart, and
//!
//! `outputs = A^T [(G kernel) * (B^T inputs)]`
//!
//! with a product of matrices over channels in place of `*`. In two dimensions each map is applied
//! along both axes. The points are 0, 1, -1, 2, -2, 1/2, -1/2 and infinity: the maps have small
//! numbers, and pairs of points of opposite sign share their work.
//!
//! Kernels longer than 6 taps are cut into parts `m = 4` taps apart: part `s` of a tile's outputs
//! reads the inputs of the tile `s` places on, so the parts are added before the way back.
//!
//! The gradient of the inputs is a convolution again. That of the kernel is
//! `G^T sum[(B^T inputs) * (A gradient)]`: the adjoint of each map in the reverse order.

mod kernel;
mod line;

pub(crate) use kernel::KernelMap;
pub(crate) use line::{Gradients, Inputs, Line, Outputs, Place, Slices, map_line, with_step};

/// Points at which a tile is evaluated; inputs that a tile reads.
pub(crate) const POINTS: usize = 8;

/// The points between 0 and infinity, which come as pairs of opposite sign.
const PAIRS: [f32; 3] = [1.0, 2.0, 0.5];

/// How a kernel of some length is computed along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tiling {
    /// Taps of the kernel.
    pub(crate) taps: usize,
    /// Outputs per tile, and distance between tiles.
    pub(crate) step: usize,
    /// Parts of the kernel.
    pub(crate) n_parts: usize,
}

impl Tiling {
    /// The tiling for so many taps.
    pub(crate) fn new(taps: usize) -> Self {
        /// Of kernels in parts.
        const STEP: usize = 4;
        if (2..=6).contains(&taps) {
            return Self { taps, step: POINTS + 1 - taps, n_parts: 1 };
        }
        Self { taps, step: STEP, n_parts: (taps.max(2) - 1).div_ceil(STEP) }
    }

    /// Tiles of so many outputs.
    pub(crate) fn n_tiles(&self, n_outputs: usize) -> usize {
        n_outputs.div_ceil(self.step)
    }

    /// Tiles of inputs that so many tiles of outputs read.
    pub(crate) fn n_read(&self, n_tiles: usize) -> usize {
        n_tiles + self.n_parts - 1
    }
}
