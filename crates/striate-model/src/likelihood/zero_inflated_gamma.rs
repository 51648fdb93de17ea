//! The zero-inflated gamma likelihood of calcium responses, with two outputs per neuron: the logit of
//! the probability `q` of an active frame, and the scale `theta` before its ELU.
//!
//! ```text
//! y ~ (1 - q) Spike[0, rho] + q (rho + Gamma(shape = k, scale = theta))
//! ```
//!
//! (Wei et al. 2019, "A zero-inflated gamma model for deconvolved calcium imaging traces", equation 3;
//! video-only model of Schmidt et al. 2024, arXiv 2410.16136.) The shape `k` of each neuron is found
//! from its training responses before the first step and kept with the twin.
//!
//! # Differences from the paper
//! The default convention of silent frames is a proper density; the released code's is a setting
//! ([`SilentFrames`]). Shapes are fitted to the training tier alone, and to responses as the twin
//! sees them, so that `rho` means the same there and in the loss; the released code takes all tiers
//! ([`ShapeTiers`]) and responses before their normalisation.

mod distribution;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use striate_base::RandomStream;
use striate_ops::{self as ops, Convention, MonteCarloLaw, Var, ZeroInflatedHeads};

pub use distribution::ZeroInflatedGamma;

use super::poisson::inverse_elu_plus_one;
use super::special::log_gamma;
use super::{Likelihood, LikelihoodSettings, exactly, outputs, same_length};
use crate::config::in_range;
use crate::error::ModelError;
use crate::parameters::{ParameterBuilder, ParameterId};
use crate::pass::Pass;
use crate::twin::SessionStart;

/// Settings of the zero-inflated gamma likelihood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZeroInflatedGammaConfig {
    /// What a silent frame counts. Default `"density"`.
    pub silent: SilentFrames,
    /// Responses up to this are silent, above 0, at most 1; in units of normalised responses. Default
    /// 0.005.
    pub rho: f64,
    /// Tiers that the gamma shapes are found from. Default `"train"`.
    pub shape_tiers: ShapeTiers,
}

/// What a silent frame (`y <= rho`) contributes to the log-likelihood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SilentFrames {
    /// A: `log(1 - q) - k log theta - lgamma(k)`, as released by Schmidt et al.: no density.
    Released,
    /// B: `log(1 - q)`, the spike as a point mass: a probability, beside the density of active
    /// frames.
    PointMass,
    /// C: `log(1 - q) - log(rho)`, the spike as uniform on `[0, rho]`: a proper density.
    #[default]
    Density,
}

impl SilentFrames {
    /// All of them: A, B, C.
    pub const ALL: [Self; 3] = [Self::Released, Self::PointMass, Self::Density];

    fn convention(self) -> Convention {
        match self {
            Self::Released => Convention::Released,
            Self::PointMass => Convention::PointMass,
            Self::Density => Convention::Density,
        }
    }
}

/// Tiers whose responses are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShapeTiers {
    /// The tier that is fitted.
    #[default]
    Train,
    /// All, as released: what is scored later is then not unseen.
    All,
}

impl Default for ZeroInflatedGammaConfig {
    fn default() -> Self {
        Self { silent: SilentFrames::Density, rho: 0.005, shape_tiers: ShapeTiers::Train }
    }
}

impl LikelihoodSettings for ZeroInflatedGammaConfig {
    fn check(&self) -> Result<(), ModelError> {
        let (key, rho) = ("model.likelihood.rho", self.rho);
        in_range(key, rho, rho > 0.0 && rho <= 1.0, "above 0 and at most 1")
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["q", "theta"]
    }

    fn matching(&self, start: &SessionStart) -> Vec<Vec<f32>> {
        let Some(active) = &start.active else {
            return vec![vec![0.0; start.mean_response.len()]; 2];
        };
        let logit = |&fraction: &f32| {
            // A neuron that was never active, or always, may yet surprise.
            let fraction = fraction.clamp(1e-3, 1.0 - 1e-3);
            (fraction / (1.0 - fraction)).ln()
        };
        let means = active.mean.iter().zip(&active.shape);
        vec![
            active.fraction.iter().map(logit).collect(),
            means.map(|(&mean, &shape)| inverse_elu_plus_one(mean / shape)).collect(),
        ]
    }

    fn build(
        &self,
        start: &SessionStart,
        builder: &mut ParameterBuilder<'_>,
    ) -> Result<Box<dyn Likelihood>, ModelError> {
        let n_neurons = start.mean_response.len();
        // Without a look at the data the shapes come from a file.
        let shape = start.active.as_ref().map_or_else(|| vec![1.0; n_neurons], |a| a.shape.clone());
        if shape.len() != n_neurons {
            return Err(ModelError::mismatch("gamma shapes", shape.len(), n_neurons));
        }
        let shape = builder.statistic("gamma_shape", &[n_neurons], shape);
        Ok(Box::new(Session { shape, rho: self.rho as f32, silent: self.silent }))
    }
}

/// The likelihood of one session.
struct Session {
    /// `[neuron]`
    shape: ParameterId,
    rho: f32,
    silent: SilentFrames,
}

impl Session {
    fn operation(&self, pass: &mut Pass<'_>) -> Result<ops::ZeroInflatedGamma, ModelError> {
        let shape = pass.parameter(self.shape)?;
        self.with_shape(pass, shape)
    }

    fn with_shape(
        &self,
        pass: &mut Pass<'_>,
        shape: Var,
    ) -> Result<ops::ZeroInflatedGamma, ModelError> {
        let n_neurons = shape.values().len();
        let mut of_shape = pass.tape.pool().take(n_neurons);
        for (log_gamma_of, &k) in of_shape.iter_mut().zip(shape.values()) {
            *log_gamma_of = log_gamma(f64::from(k)) as f32;
        }
        let log_gamma = pass.tape.constant_buffer(vec![n_neurons], of_shape)?;
        Ok(ops::ZeroInflatedGamma { shape, log_gamma, rho: self.rho })
    }

    /// The distribution of each response, given to `of` with its place in `[clip, frame, neuron]`.
    fn map<T: Send>(
        &self,
        pass: &Pass<'_>,
        read: &[Var],
        of: impl Fn(usize, &ZeroInflatedGamma) -> T + Sync,
    ) -> Result<Vec<T>, ModelError> {
        let [q, theta] = outputs(read)?;
        let shape = pass.values(self.shape);
        let neurons: Vec<ZeroInflatedGamma> = shape
            .iter()
            .map(|&k| ZeroInflatedGamma::new(0.5, 1.0, f64::from(k), f64::from(self.rho)))
            .collect();
        let (q, theta) = (q.values(), theta.values());
        let values = (0..q.len()).into_par_iter().with_min_len(1 << 12).map(|i| {
            let neuron = &neurons[i % neurons.len()];
            of(i, &neuron.at(f64::from(q[i]), f64::from(theta[i])))
        });
        Ok(values.collect())
    }
}

fn heads(read: &[Var]) -> Result<ZeroInflatedHeads, ModelError> {
    let [q, theta] = outputs(read)?;
    Ok(ZeroInflatedHeads { q: q.clone(), theta: theta.clone() })
}

impl Likelihood for Session {
    fn rate(&self, pass: &mut Pass<'_>, read: &[Var]) -> Result<Var, ModelError> {
        Ok(self.operation(pass)?.mean(&mut pass.tape, &heads(read)?)?)
    }

    fn rate_of(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        neurons: &[usize],
    ) -> Result<Var, ModelError> {
        let all = pass.values(self.shape);
        let shape: Vec<f32> = neurons.iter().map(|&neuron| all[neuron]).collect();
        let shape = pass.tape.constant(vec![neurons.len()], &shape)?;
        Ok(self.with_shape(pass, shape)?.mean(&mut pass.tape, &heads(read)?)?)
    }

    fn loss(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        responses: &Var,
    ) -> Result<(Var, f64), ModelError> {
        let (operation, heads) = (self.operation(pass)?, heads(read)?);
        Ok(operation.loss(&mut pass.tape, self.silent.convention(), &heads, responses)?)
    }

    fn parameters(&self, pass: &mut Pass<'_>, read: &[Var]) -> Result<Vec<Vec<f32>>, ModelError> {
        let q = self.map(pass, read, |_, law| law.q() as f32)?;
        Ok(vec![q, self.map(pass, read, |_, law| law.theta() as f32)?])
    }

    fn mean_of(&self, pass: &Pass<'_>, parameters: &[Vec<f32>]) -> Result<Vec<f32>, ModelError> {
        let [q, theta] = exactly(parameters)?;
        let shape = pass.values(self.shape).iter().cycle();
        let mean = |((&q, &theta), &k): ((&f32, &f32), &f32)| {
            let [q, theta, k] = [q, theta, k].map(f64::from);
            ZeroInflatedGamma::new(q, theta, k, f64::from(self.rho)).mean() as f32
        };
        Ok(q.iter().zip(theta).zip(shape).map(mean).collect())
    }

    fn variance(&self, pass: &mut Pass<'_>, read: &[Var]) -> Result<Vec<f32>, ModelError> {
        self.map(pass, read, |_, law| law.variance() as f32)
    }

    fn sample(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        random: &mut RandomStream,
    ) -> Result<Vec<f32>, ModelError> {
        let laws = self.map(pass, read, |_, law| *law)?;
        Ok(laws.into_iter().map(|law| law.sample(random) as f32).collect())
    }

    fn law(&self, pass: &mut Pass<'_>) -> Result<MonteCarloLaw, ModelError> {
        let convention = self.silent.convention();
        Ok(MonteCarloLaw::ZeroInflatedGamma { neurons: self.operation(pass)?, convention })
    }

    fn cumulative(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        responses: &[f32],
        within: &[f32],
    ) -> Result<Vec<f32>, ModelError> {
        same_length(read, responses)?;
        self.map(pass, read, |i, law| {
            law.cumulative(f64::from(responses[i]), f64::from(within[i])) as f32
        })
    }

    fn log_densities(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        responses: &[f32],
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        same_length(read, responses)?;
        let found = self.map(pass, read, |i, law| law.log_densities(f64::from(responses[i])))?;
        let of = |which: usize| found.iter().map(|values| values[which] as f32).collect();
        Ok((0..SilentFrames::ALL.len()).map(of).collect())
    }
}
