//! Patches that find their own shifts.

use rustfft::num_complex::Complex32;

use super::config::{PiecewiseConfig, RegistrationConfig};
use super::correlate::{Correlator, Settings};
use super::spectrum::Peak;

/// A peak this many times as high as the correlation's root mean square is taken as it is. Without
/// anything in common a correlation is nearly normal, and the highest of some hundred is below 3.5.
const DISTINCT: f64 = 4.0;

/// Patches of a frame, each with its part of the template.
pub(super) struct Patches {
    frame: (usize, usize),
    /// First row of each row of patches, first column of each column.
    starts: [Vec<usize>; 2],
    size: (usize, usize),
    correlators: Vec<Correlator>,
    n_smoothings: usize,
    max_deviation_px: f64,
}

impl Patches {
    pub(super) fn new(
        template: &[f32],
        frame: (usize, usize),
        config: &RegistrationConfig,
        piecewise: &PiecewiseConfig,
    ) -> Self {
        let size = (piecewise.patch_px.min(frame.0), piecewise.patch_px.min(frame.1));
        let starts = [starts(frame.0, size.0), starts(frame.1, size.1)];
        // The rigid shift is rounded, so that half a pixel comes on top.
        let limit = piecewise.max_deviation_px + 0.5;
        // A wide taper: what a narrow one cuts from smooth tissue is a pattern that stands still, and
        // draws the peak to zero.
        let taper_px = size.0.min(size.1) as f64 / 3.0;
        let settings = Settings { taper_px, ..Settings::of(config, limit.ceil()) };
        let mut patches = Self {
            frame,
            starts,
            size,
            correlators: Vec::new(),
            n_smoothings: piecewise.n_smoothings,
            max_deviation_px: piecewise.max_deviation_px,
        };
        patches.correlators = patches
            .corners()
            .map(|corner| {
                let patch = patches.cut(template, corner, [0, 0]);
                Correlator::new(&patch, size, settings.clone())
            })
            .collect();
        patches
    }

    /// Rows and columns of the patches' centres.
    pub(super) fn centres(&self) -> [Vec<f32>; 2] {
        let sizes = [self.size.0, self.size.1];
        [0, 1].map(|axis| {
            let middle = (sizes[axis] as f32 - 1.0) / 2.0;
            self.starts[axis].iter().map(|&start| start as f32 + middle).collect()
        })
    }

    pub(super) fn len(&self) -> usize {
        self.correlators.len()
    }

    fn corners(&self) -> impl Iterator<Item = [usize; 2]> + '_ {
        self.starts[0].iter().flat_map(|&y| self.starts[1].iter().map(move |&x| [y, x]))
    }

    /// Shift of each patch of `frame` `[y, x]`, at most the allowed deviation from `rigid`. Patches
    /// without a distinct peak take their neighbours' correlations into account.
    pub(super) fn locate(&self, frame: &[f32], rigid: [f64; 2]) -> Vec<[f64; 2]> {
        let whole = rigid.map(|shift| shift.round() as isize);
        let patches = self.corners().map(|corner| self.cut(frame, corner, whole));
        let mut crosses: Vec<Vec<Complex32>> =
            patches.zip(&self.correlators).map(|(patch, c)| c.cross(&patch)).collect();
        let mut peaks: Vec<Peak> = vec![Peak::default(); self.len()];
        for smoothing in 0..=self.n_smoothings {
            if smoothing > 0 {
                self.smooth(&mut crosses);
            }
            let correlations = crosses.iter().zip(&self.correlators);
            for (peak, (cross, correlator)) in peaks.iter_mut().zip(correlations) {
                if !is_distinct(peak) {
                    *peak = correlator.peak(cross);
                }
            }
            if peaks.iter().all(is_distinct) {
                break;
            }
        }
        let most = self.max_deviation_px;
        let shift = |peak: Peak| {
            [0, 1].map(|axis| {
                let shift = whole[axis] as f64 + peak.shift[axis];
                shift.clamp(rigid[axis] - most, rigid[axis] + most)
            })
        };
        peaks.into_iter().map(shift).collect()
    }

    /// A patch of the image moved by `shift`, border pixels repeated beyond the border.
    fn cut(&self, image: &[f32], corner: [usize; 2], shift: [isize; 2]) -> Vec<f32> {
        let (height, width) = self.frame;
        let inside = |start: usize, offset: usize, shift: isize, length: usize| {
            ((start + offset) as isize + shift).clamp(0, length as isize - 1) as usize
        };
        let mut patch = Vec::with_capacity(self.size.0 * self.size.1);
        for y in 0..self.size.0 {
            let row = inside(corner[0], y, shift[0], height) * width;
            patch.extend(
                (0..self.size.1).map(|x| image[row + inside(corner[1], x, shift[1], width)]),
            );
        }
        patch
    }

    /// Average the correlations of neighbours with weights 1-2-1 along both axes; beyond the border
    /// a patch is its own neighbour.
    fn smooth(&self, crosses: &mut [Vec<Complex32>]) {
        let [n_y, n_x] = [self.starts[0].len(), self.starts[1].len()];
        for (n_lines, length, line_step, step) in [(n_y, n_x, n_x, 1), (n_x, n_y, 1, n_x)] {
            for line in 0..n_lines {
                let at = |i: usize| line * line_step + i * step;
                let before: Vec<Vec<Complex32>> =
                    (0..length).map(|i| crosses[at(i)].clone()).collect();
                for i in 0..length {
                    let (left, right) =
                        (&before[i.saturating_sub(1)], &before[(i + 1).min(length - 1)]);
                    let neighbours = left.iter().zip(right);
                    for (value, (a, b)) in crosses[at(i)].iter_mut().zip(neighbours) {
                        *value = *value * 0.5 + (a + b) * 0.25;
                    }
                }
            }
        }
    }
}

fn is_distinct(peak: &Peak) -> bool {
    peak.height > DISTINCT * peak.rms
}

/// Patches of `size` that cover `length`, neighbours overlapping by at least half.
fn starts(length: usize, size: usize) -> Vec<usize> {
    let rest = length - size;
    let n_steps = rest.div_ceil((size / 2).max(1));
    (0..=n_steps).map(|i| (i * rest + n_steps / 2).checked_div(n_steps).unwrap_or(0)).collect()
}
