//! The distribution of one response, in double precision.

use striate_base::RandomStream;

use crate::likelihood::special::{gamma_distribution, log_gamma};

/// `y ~ (1 - q) Uniform[0, rho] + q (rho + Gamma(shape, scale))`.
///
/// ```
/// use striate_model::likelihood::ZeroInflatedGamma;
///
/// let law = ZeroInflatedGamma::new(0.6, 1.5, 0.5, 0.005);
/// assert!((law.mean() - 0.454).abs() < 1e-12);
/// // Conventions A, B and C of a silent frame, and an active one.
/// assert!((law.log_densities(0.0)[2] - 4.382026635).abs() < 1e-9);
/// assert!((law.log_densities(1.0)[2] + 1.946750183).abs() < 1e-9);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ZeroInflatedGamma {
    q: f64,
    theta: f64,
    shape: f64,
    log_gamma: f64,
    rho: f64,
}

impl ZeroInflatedGamma {
    /// Probability of an active frame (above 0, below 1), scale and shape of the gamma distribution,
    /// and where it starts, all above 0.
    pub fn new(q: f64, theta: f64, shape: f64, rho: f64) -> Self {
        Self { q, theta, shape, log_gamma: log_gamma(shape), rho }
    }

    /// The same neuron's at other outputs of the readout: `q = 0.99999 sigmoid(a) + 1e-6`, `theta =
    /// ELU(h) + 1 + 1e-6`.
    #[must_use]
    pub fn at(&self, a: f64, h: f64) -> Self {
        let q = 0.99999 / (1.0 + (-a).exp()) + 1e-6;
        let theta = if h > 0.0 { h + 1.0 } else { h.exp() } + 1e-6;
        Self { q, theta, ..*self }
    }

    /// Probability of an active frame.
    pub fn q(&self) -> f64 {
        self.q
    }

    /// Scale of the gamma distribution.
    pub fn theta(&self) -> f64 {
        self.theta
    }

    /// Natural logarithm of the density at `y` under the conventions A, B and C of
    /// [`super::SilentFrames`].
    pub fn log_densities(&self, y: f64) -> [f64; 3] {
        let x = y - self.rho;
        let normaliser = self.shape * self.theta.ln() + self.log_gamma;
        if x > 0.0 {
            let active = self.q.ln() + (self.shape - 1.0) * x.ln() - x / self.theta - normaliser;
            return [active; 3];
        }
        // NaN is not silent.
        let silent = (1.0 - self.q).ln() + 0.0 * x;
        [silent - normaliser, silent, silent - self.rho.ln()]
    }

    /// Probability of a response up to `y`; a silent frame, `y <= rho`, is one response with the
    /// probability `1 - q`, of which `within` (0 to 1) counts.
    pub fn cumulative(&self, y: f64, within: f64) -> f64 {
        let x = y - self.rho;
        if x > 0.0 {
            return 1.0 - self.q + self.q * gamma_distribution(self.shape, x / self.theta);
        }
        // NaN is not silent.
        (1.0 - self.q) * within + 0.0 * x
    }

    /// Mean: `(1 - q) rho / 2 + q (k theta + rho)`.
    pub fn mean(&self) -> f64 {
        let Self { q, theta, shape, rho, .. } = *self;
        (1.0 - q) * rho / 2.0 + q * (shape * theta + rho)
    }

    /// Variance: `q k theta^2 + (1 - q) rho^2 / 12 + q (1 - q) (k theta + rho / 2)^2`.
    pub fn variance(&self) -> f64 {
        let Self { q, theta, shape, rho, .. } = *self;
        let between = (shape * theta + rho / 2.0).powi(2);
        q * shape * theta * theta + (1.0 - q) * rho * rho / 12.0 + q * (1.0 - q) * between
    }

    /// A response.
    pub fn sample(&self, random: &mut RandomStream) -> f64 {
        if random.uniform() < self.q {
            self.rho + random.gamma(self.shape, self.theta)
        } else {
            self.rho * random.uniform()
        }
    }
}

#[cfg(test)]
mod tests {
    use striate_base::Streams;

    use super::*;

    const RHO: f64 = 0.005;

    /// Values with nine decimals.
    #[track_caller]
    fn assert_golden(found: f64, expected: f64) {
        assert!((found - expected).abs() < 6e-10, "{found}, not {expected}");
    }

    #[test]
    fn log_densities_are_golden() {
        let silent = [
            ([0.6, 1.5, 0.5], [-1.691_388_229, -0.916_290_732, 4.382_026_635]),
            ([0.3, 0.8, 0.45], [-0.933_347_451, -0.356_674_944, 4.941_642_423]),
            ([0.9, 2.5, 0.58], [-3.263_820_810, -std::f64::consts::LN_10, 2.995_732_274]),
        ];
        for ([q, theta, k], expected) in silent {
            let found = ZeroInflatedGamma::new(q, theta, k, RHO).log_densities(0.0);
            for (found, expected) in found.into_iter().zip(expected) {
                assert_golden(found, expected);
            }
        }
        let active = [
            ([0.6, 1.5, 0.5], 0.1, -0.172_317_260),
            ([0.6, 1.5, 0.5], 1.0, -1.946_750_183),
            ([0.6, 1.5, 0.5], 4.0, -4.641_778_244),
            ([0.3, 0.8, 0.45], 1.0, -3.021_638_414),
            ([0.9, 2.5, 0.58], 4.0, -3.246_314_536),
        ];
        for ([q, theta, k], y, expected) in active {
            let found = ZeroInflatedGamma::new(q, theta, k, RHO).log_densities(y);
            found.into_iter().for_each(|found| assert_golden(found, expected));
        }
    }

    #[test]
    fn moments_are_golden() {
        for ([q, theta, k], [mean, variance]) in [
            ([0.6, 1.5, 0.5], [0.454, 0.810_902_333]),
            ([0.3, 0.8, 0.45], [0.11125, 0.113_996_771]),
            ([0.9, 2.5, 0.58], [1.30975, 3.452_378_271]),
        ] {
            let law = ZeroInflatedGamma::new(q, theta, k, RHO);
            assert_golden(law.mean(), mean);
            assert_golden(law.variance(), variance);
        }
    }

    #[test]
    fn outputs_are_golden() {
        let law = ZeroInflatedGamma::new(0.5, 1.0, 0.5, RHO);
        for (x, q, theta) in [
            (-3.0, 0.047_426_399, 0.049_788_068),
            (-0.5, 0.377_537_893, 0.606_531_660),
            (0.0, 0.499_996_000, 1.000_001_000),
            (0.7, 0.668_182_090, 1.700_001_000),
            (2.0, 0.880_789_270, 3.000_001_000),
        ] {
            let at = law.at(x, x);
            assert_golden(at.q(), q);
            assert_golden(at.theta(), theta);
        }
    }

    #[test]
    fn samples_have_the_moments_and_the_density() {
        let law = ZeroInflatedGamma::new(0.6, 1.5, 0.5, RHO);
        let mut random = Streams::new(3).stream("samples");
        let n = 200_000;
        let drawn: Vec<f64> = (0..n).map(|_| law.sample(&mut random)).collect();
        let count = f64::from(n);
        let mean = drawn.iter().sum::<f64>() / count;
        // Four standard errors; the fourth moment of the mixture is about 30.
        assert!((mean - law.mean()).abs() < 4.0 * (law.variance() / count).sqrt(), "{mean}");
        let variance = drawn.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / count;
        assert!((variance - law.variance()).abs() < 4.0 * (30.0 / count).sqrt(), "{variance}");
        let active = drawn.iter().filter(|&&y| y > RHO).count() as f64 / count;
        assert!((active - 0.6).abs() < 4.0 * (0.24 / count).sqrt(), "{active}");
    }

    #[test]
    fn cumulative_is_the_integral_of_the_density() {
        let law = ZeroInflatedGamma::new(0.6, 1.5, 0.5, RHO);
        assert!((law.cumulative(0.0, 0.25) - 0.1).abs() < 1e-12);
        assert!(law.cumulative(f64::NAN, 0.5).is_nan());
        let step = 1e-6;
        for y in [0.1, 1.0, 4.0] {
            let slope =
                (law.cumulative(y + step, 0.0) - law.cumulative(y - step, 0.0)) / (2.0 * step);
            assert!((slope.ln() - law.log_densities(y)[2]).abs() < 1e-7);
        }
    }

    #[test]
    fn density_integrates_to_one() {
        // Convention C; midpoints on a grid of log x, where the singularity at rho is flat.
        let law = ZeroInflatedGamma::new(0.6, 1.5, 0.5, RHO);
        let spike = law.log_densities(0.0)[2].exp() * RHO;
        let step = 1e-3;
        let term = |i: i32| {
            let x = (f64::from(i) * step).exp();
            law.log_densities(RHO + x)[2].exp() * x * step
        };
        let gamma: f64 = (-30_000..5_000).map(term).sum();
        assert!((spike + gamma - 1.0).abs() < 1e-5, "{spike} {gamma}");
    }
}
