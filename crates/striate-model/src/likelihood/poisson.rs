//! The Poisson likelihood of the Sensorium baselines: rate `r = ELU(x) + 1`, loss
//! `sum(r - y log(r + 1e-8))`. (Willeke et al. 2022, arXiv 2206.08666; Turishcheva et al. 2023,
//! arXiv 2305.19654.) The term `log y!` does not depend on the twin and is left out.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use striate_base::RandomStream;
use striate_ops::{MonteCarloLaw, Var, elu_plus_one, poisson_loss};

use super::special::{gamma_distribution, log_gamma};
use super::{Likelihood, LikelihoodSettings, SilentFrames, exactly, outputs, same_length};
use crate::config::in_range;
use crate::error::ModelError;
use crate::parameters::ParameterBuilder;
use crate::pass::Pass;
use crate::twin::SessionStart;

/// Settings of the Poisson likelihood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoissonConfig {
    /// Added to the rate before its logarithm, above 0, at most 0.1. Default 1e-8.
    pub epsilon: f64,
}

impl Default for PoissonConfig {
    fn default() -> Self {
        Self { epsilon: 1e-8 }
    }
}

impl LikelihoodSettings for PoissonConfig {
    fn check(&self) -> Result<(), ModelError> {
        let (key, epsilon) = ("model.likelihood.epsilon", self.epsilon);
        in_range(key, epsilon, epsilon > 0.0 && epsilon <= 0.1, "above 0 and at most 0.1")
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["rate"]
    }

    fn matching(&self, start: &SessionStart) -> Vec<Vec<f32>> {
        vec![start.mean_response.iter().map(|&mean| inverse_elu_plus_one(mean)).collect()]
    }

    fn build(
        &self,
        _: &SessionStart,
        _: &mut ParameterBuilder<'_>,
    ) -> Result<Box<dyn Likelihood>, ModelError> {
        Ok(Box::new(Poisson { epsilon: self.epsilon as f32 }))
    }
}

struct Poisson {
    epsilon: f32,
}

impl Likelihood for Poisson {
    fn rate(&self, pass: &mut Pass<'_>, read: &[Var]) -> Result<Var, ModelError> {
        let [read] = outputs(read)?;
        Ok(elu_plus_one(&mut pass.tape, read))
    }

    fn loss(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        responses: &Var,
    ) -> Result<(Var, f64), ModelError> {
        let [read] = outputs(read)?;
        Ok(poisson_loss(&mut pass.tape, read, responses, self.epsilon)?)
    }

    fn parameters(&self, pass: &mut Pass<'_>, read: &[Var]) -> Result<Vec<Vec<f32>>, ModelError> {
        Ok(vec![self.rate(pass, read)?.values().to_vec()])
    }

    fn mean_of(&self, _: &Pass<'_>, parameters: &[Vec<f32>]) -> Result<Vec<f32>, ModelError> {
        let [rate] = exactly(parameters)?;
        Ok(rate.clone())
    }

    fn variance(&self, pass: &mut Pass<'_>, read: &[Var]) -> Result<Vec<f32>, ModelError> {
        Ok(self.rate(pass, read)?.values().to_vec())
    }

    fn sample(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        random: &mut RandomStream,
    ) -> Result<Vec<f32>, ModelError> {
        let rate = self.rate(pass, read)?;
        Ok(rate.values().iter().map(|&rate| random.poisson(f64::from(rate)) as f32).collect())
    }

    fn law(&self, _: &mut Pass<'_>) -> Result<MonteCarloLaw, ModelError> {
        Ok(MonteCarloLaw::Poisson { epsilon: self.epsilon })
    }

    fn constant(&self, response: f32) -> f64 {
        let count = f64::from(response);
        if is_count(count) { -log_gamma(count + 1.0) } else { f64::NAN }
    }

    fn cumulative(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        responses: &[f32],
        within: &[f32],
    ) -> Result<Vec<f32>, ModelError> {
        same_length(read, responses)?;
        let rate = self.rate(pass, read)?;
        let values = rate.values().par_iter().zip(responses).zip(within).with_min_len(1 << 12);
        let of = |((&rate, &count), &within): ((&f32, &f32), &f32)| {
            let (rate, count) = (f64::from(rate), f64::from(count));
            if !is_count(count) {
                return f32::NAN;
            }
            // Up to the count before: the gamma distribution's complement (Abramowitz & Stegun 26.4.21).
            let below = if count > 0.0 { 1.0 - gamma_distribution(count, rate) } else { 0.0 };
            (below + f64::from(within) * log_probability(rate, count).exp()) as f32
        };
        Ok(values.map(of).collect())
    }

    fn log_densities(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        responses: &[f32],
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        same_length(read, responses)?;
        let rate = self.rate(pass, read)?;
        let values = rate.values().iter().zip(responses);
        let of = |(&rate, &count): (&f32, &f32)| {
            log_probability(f64::from(rate), f64::from(count)) as f32
        };
        Ok(vec![values.map(of).collect(); SilentFrames::ALL.len()])
    }
}

fn is_count(value: f64) -> bool {
    value >= 0.0 && value.fract() == 0.0
}

/// Natural logarithm of the probability of a count; NaN for what is none.
fn log_probability(rate: f64, count: f64) -> f64 {
    if !is_count(count) {
        return f64::NAN;
    }
    count * rate.ln() - rate - log_gamma(count + 1.0)
}

/// The `x` at which `ELU(x) + 1` is this.
pub(super) fn inverse_elu_plus_one(value: f32) -> f32 {
    // A silent neuron would start at minus infinity; exp(-5) is silent enough.
    if value < 1.0 { value.ln().max(-5.0) } else { value - 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_of_counts_alone() {
        // P(3) at rate 2.5: 2.5^3 exp(-2.5) / 6.
        assert!((log_probability(2.5, 3.0).exp() - 0.213_763_017).abs() < 1e-9);
        let total: f64 = (0..60).map(|count| log_probability(2.5, f64::from(count)).exp()).sum();
        assert!((total - 1.0).abs() < 1e-12);
        let below: f64 = (0..3).map(|count| log_probability(2.5, f64::from(count)).exp()).sum();
        assert!((1.0 - gamma_distribution(3.0, 2.5) - below).abs() < 1e-12);
        assert!(log_probability(2.5, 0.5).is_nan() && log_probability(2.5, -1.0).is_nan());
    }

    #[test]
    fn link_is_inverted() {
        for mean in [0.05f32, 0.5, 1.0, 3.0] {
            let x = inverse_elu_plus_one(mean);
            let rate = if x > 0.0 { x } else { x.exp_m1() } + 1.0;
            assert!((rate - mean).abs() < 1e-6, "{rate}, not {mean}");
        }
        assert_eq!(inverse_elu_plus_one(0.0), -5.0);
    }
}
