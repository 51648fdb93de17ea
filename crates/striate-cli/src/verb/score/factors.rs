//! Factor analysis under the conditions that the twin is scored under.

use clap::Args;
use striate::base::{CancelToken, Progress};
use striate::model::Twin;
use striate::score::factor_analysis::{FactorConfig, FlowConfig, SmoothingConfig};
use striate::score::{Condition, FactorPredictor};

use crate::failure::Failure;
use crate::run::OpenedRun;

/// Which factors.
#[derive(Debug, Default, Args)]
pub(in crate::verb) struct FactorArguments {
    /// Score also what factor analysis with N factors predicts under each --condition
    #[arg(long = "factors", value_name = "N", requires = "conditions")]
    n_factors: Option<usize>,
    /// Let the factors be smooth in time (Gaussian processes): slow
    #[arg(long = "factors-smooth", requires = "n_factors")]
    smooth: bool,
}

impl FactorArguments {
    pub(super) fn are_wanted(&self) -> bool {
        self.n_factors.is_some()
    }

    /// Fit factors on top of a twin without latents, to be asked under each condition.
    pub(super) fn fit<'a>(
        &self,
        (beneath, run): (&'a Twin, &'a OpenedRun),
        conditions: &[Condition],
        (progress, cancel): (&mut dyn Progress, &CancelToken),
    ) -> Result<Vec<FactorPredictor<'a>>, Failure> {
        let config = FlowConfig {
            transform: FactorPredictor::transform_for(beneath),
            factors: FactorConfig::with_factors(self.n_factors.unwrap_or_default()),
            smoothing: self.smooth.then(SmoothingConfig::default),
        };
        let of = (&run.recording, run.config.fit.train_tier.as_str());
        let Some((&first, others)) = conditions.split_first() else { return Ok(Vec::new()) };
        let watch = (progress, cancel);
        let fitted = FactorPredictor::fit(Some(beneath), of, first, &config, watch)?;
        let others = others.iter().map(|&condition| fitted.under(condition));
        let others = others.collect::<Result<Vec<_>, _>>()?;
        Ok([fitted].into_iter().chain(others).collect())
    }
}

/// The twin that lies beneath factors: the one that the run started from, or the run's own with its
/// latents left out.
pub(super) enum Beneath<'a> {
    Lent(&'a Twin),
    Own(Box<Twin>),
}

impl<'a> Beneath<'a> {
    pub(super) fn of(run: &'a OpenedRun) -> Result<Self, Failure> {
        if let Some(twin) = &run.without_latents {
            return Ok(Self::Lent(twin));
        }
        if run.twin.n_latents() == 0 {
            return Ok(Self::Lent(&run.twin));
        }
        let mut twin = Twin::load(run.folder.path())?;
        twin.use_latents(false);
        Ok(Self::Own(Box::new(twin)))
    }

    pub(super) fn twin(&self) -> &Twin {
        match self {
            Self::Lent(twin) => twin,
            Self::Own(twin) => twin,
        }
    }
}
