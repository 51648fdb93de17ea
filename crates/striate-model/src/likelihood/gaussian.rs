//! A Gaussian likelihood with two outputs per neuron: the mean of a response, and its standard deviation
//! `s = ELU(x) + 1 + 1e-3`. For responses that may be negative, such as local field potentials or
//! normalised traces.

use serde::{Deserialize, Serialize};
use striate_base::RandomStream;
use striate_ops::{MonteCarloLaw, Var, gaussian_loss};

use super::special::gamma_distribution;
use super::{Likelihood, LikelihoodSettings, SilentFrames, exactly, outputs, same_length};
use crate::error::ModelError;
use crate::parameters::ParameterBuilder;
use crate::pass::Pass;
use crate::twin::SessionStart;

/// Settings of the Gaussian likelihood: none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GaussianConfig {}

impl LikelihoodSettings for GaussianConfig {
    fn check(&self) -> Result<(), ModelError> {
        Ok(())
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["mean", "deviation"]
    }

    fn matching(&self, start: &SessionStart) -> Vec<Vec<f32>> {
        // Responses are normalised to a standard deviation of about 1.
        vec![start.mean_response.clone(), vec![0.0; start.mean_response.len()]]
    }

    fn build(
        &self,
        _: &SessionStart,
        _: &mut ParameterBuilder<'_>,
    ) -> Result<Box<dyn Likelihood>, ModelError> {
        Ok(Box::new(Gaussian))
    }
}

struct Gaussian;

/// The standard deviation.
fn deviation(x: f32) -> f64 {
    let x = f64::from(x);
    (if x > 0.0 { x + 1.0 } else { x.exp() }) + 1e-3
}

/// Mean and standard deviation of each response.
fn moments(read: &[Var]) -> Result<impl Iterator<Item = [f64; 2]>, ModelError> {
    let [mean, x] = outputs(read)?;
    let pairs = mean.values().iter().zip(x.values());
    Ok(pairs.map(|(&mean, &x)| [f64::from(mean), deviation(x)]))
}

fn log_density([mean, deviation]: [f64; 2], response: f32) -> f64 {
    let distance = (f64::from(response) - mean) / deviation;
    -deviation.ln() - 0.5 * (distance * distance + (2.0 * std::f64::consts::PI).ln())
}

/// Distribution function of the standard normal law, by the gamma law of its square (Abramowitz &
/// Stegun 26.4.1).
fn normal_distribution(x: f64) -> f64 {
    let within = gamma_distribution(0.5, 0.5 * x * x);
    if x > 0.0 { 0.5 + 0.5 * within } else { 0.5 - 0.5 * within }
}

impl Likelihood for Gaussian {
    fn rate(&self, _: &mut Pass<'_>, read: &[Var]) -> Result<Var, ModelError> {
        let [mean, _] = outputs(read)?;
        Ok(mean.clone())
    }

    fn loss(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        responses: &Var,
    ) -> Result<(Var, f64), ModelError> {
        let [mean, deviation] = outputs(read)?;
        Ok(gaussian_loss(&mut pass.tape, mean, deviation, responses)?)
    }

    fn law(&self, _: &mut Pass<'_>) -> Result<MonteCarloLaw, ModelError> {
        Ok(MonteCarloLaw::Gaussian)
    }

    fn parameters(&self, _: &mut Pass<'_>, read: &[Var]) -> Result<Vec<Vec<f32>>, ModelError> {
        let (means, deviations) = moments(read)?.map(|[m, d]| (m as f32, d as f32)).unzip();
        Ok(vec![means, deviations])
    }

    fn mean_of(&self, _: &Pass<'_>, parameters: &[Vec<f32>]) -> Result<Vec<f32>, ModelError> {
        let [mean, _] = exactly(parameters)?;
        Ok(mean.clone())
    }

    fn cumulative(
        &self,
        _: &mut Pass<'_>,
        read: &[Var],
        responses: &[f32],
        _: &[f32],
    ) -> Result<Vec<f32>, ModelError> {
        same_length(read, responses)?;
        let of = |([mean, deviation], &response): ([f64; 2], &f32)| {
            normal_distribution((f64::from(response) - mean) / deviation) as f32
        };
        Ok(moments(read)?.zip(responses).map(of).collect())
    }

    fn variance(&self, _: &mut Pass<'_>, read: &[Var]) -> Result<Vec<f32>, ModelError> {
        Ok(moments(read)?.map(|[_, deviation]| (deviation * deviation) as f32).collect())
    }

    fn sample(
        &self,
        _: &mut Pass<'_>,
        read: &[Var],
        random: &mut RandomStream,
    ) -> Result<Vec<f32>, ModelError> {
        let draw = |[mean, deviation]: [f64; 2]| (mean + deviation * random.normal()) as f32;
        Ok(moments(read)?.map(draw).collect())
    }

    /// The same under every convention: no frame is silent.
    fn log_densities(
        &self,
        _: &mut Pass<'_>,
        read: &[Var],
        responses: &[f32],
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        same_length(read, responses)?;
        let pairs = moments(read)?.zip(responses);
        let found = pairs.map(|(moments, &response)| log_density(moments, response) as f32);
        Ok(vec![found.collect(); SilentFrames::ALL.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_distribution_is_that_of_the_tables() {
        assert!((normal_distribution(0.0) - 0.5).abs() < 1e-15);
        assert!((normal_distribution(1.0) - 0.841_344_746_068_542_9).abs() < 1e-12);
        assert!((normal_distribution(-2.0) - 0.022_750_131_948_179_2).abs() < 1e-12);
        assert!(normal_distribution(f64::NAN).is_nan());
    }

    #[test]
    fn log_density_is_golden() {
        // One above the mean with the deviation 1.701: -ln 1.701 - 1 / (2 1.701^2) - ln(2 pi) / 2.
        let found = log_density([0.5, deviation(0.7)], 1.5);
        assert!((found + 1.622_961_865).abs() < 1e-7, "{found}");
        assert!((deviation(-2.0) - 0.136_335_283).abs() < 1e-9);
    }
}
