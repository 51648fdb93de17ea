//! What one frame of one dimension adds.

use super::KlDirection;

/// A frame of the posterior; the first one of a clip has 0 before it and the coefficient 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) mean: f64,
    /// The mean of the frame before.
    pub(super) before: f64,
    pub(super) scale: f64,
    pub(super) coefficient: f64,
}

/// The divergence that a frame adds, and its derivatives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) divergence: f64,
    pub(super) by_mean: f64,
    pub(super) by_before: f64,
    pub(super) by_scale: f64,
    pub(super) by_coefficient: f64,
}

impl Frame {
    pub(super) fn terms(self, direction: KlDirection) -> Terms {
        match direction {
            KlDirection::Proper => self.proper(),
            KlDirection::Reversed => self.reversed(),
        }
    }

    /// Variance of the prior given the frame before, as a product that is exact close to 1.
    fn variance(self) -> f64 {
        (1.0 - self.coefficient) * (1.0 + self.coefficient)
    }

    fn proper(self) -> Terms {
        let Self { mean, before, scale, coefficient: a } = self;
        let v = self.variance();
        let step = mean - a * before;
        let square = step * step + scale * scale * (1.0 + a * a);
        Terms {
            divergence: square / (2.0 * v) + 0.5 * v.ln() - 0.5 - scale.abs().ln(),
            by_mean: step / v,
            by_before: -a * step / v,
            by_scale: scale * (1.0 + a * a) / v - 1.0 / scale,
            by_coefficient: (scale * scale * a - step * before + a * (square / v - 1.0)) / v,
        }
    }

    fn reversed(self) -> Terms {
        let Self { mean, scale, coefficient: a, .. } = self;
        let (v, variance) = (self.variance(), scale * scale);
        let square = 1.0 + mean * mean;
        Terms {
            divergence: square / (2.0 * variance) - 0.5 * v.ln() - 0.5 + scale.abs().ln(),
            by_mean: mean / variance,
            by_before: 0.0,
            by_scale: (1.0 - square / variance) / scale,
            by_coefficient: a / v,
        }
    }
}
