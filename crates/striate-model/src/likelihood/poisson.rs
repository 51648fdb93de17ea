//! The Poisson likelihood of the Sensorium baselines: rate `r = ELU(x) + 1`, loss
//! `sum(r - y log(r + 1e-8))`. (Willeke et al. 2022, arXiv 2206.08666; Turishcheva et al. 2023,
//! arXiv 2305.19654.) The term `log y!` does not depend on the twin and is left out.

use serde::{Deserialize, Serialize};
use striate_ops::{Tape, Var, elu_plus_one, poisson_loss};

use super::{Likelihood, LikelihoodSettings};
use crate::config::in_range;
use crate::error::ModelError;

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

    fn build(&self) -> Box<dyn Likelihood> {
        Box::new(Poisson { epsilon: self.epsilon as f32 })
    }
}

struct Poisson {
    epsilon: f32,
}

impl Likelihood for Poisson {
    fn rate(&self, tape: &mut Tape, read: &Var) -> Var {
        elu_plus_one(tape, read)
    }

    fn loss(&self, tape: &mut Tape, read: &Var, responses: &Var) -> Result<(Var, f64), ModelError> {
        Ok(poisson_loss(tape, read, responses, self.epsilon)?)
    }
}
