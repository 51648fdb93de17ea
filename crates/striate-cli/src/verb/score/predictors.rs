//! What is scored beside each other.

use striate::base::{CancelToken, Progress};
use striate::model::Twin;
use striate::recording::Recording;
use striate::score::baseline::fit_baseline;
use striate::score::{
    BaselinePredictor, ConditionedPredictor, EnsemblePredictor, FactorPredictor, Predictor,
    ScoreError, TwinPredictor, WITHOUT_LATENTS,
};

use super::Wanted;
use super::factors::Beneath;
use crate::failure::Failure;
use crate::run::OpenedRun;

/// The run's twin and those that predictors need beside it.
pub(super) struct Twins<'a> {
    run: &'a OpenedRun,
    others: Vec<Twin>,
    beneath: Option<Beneath<'a>>,
}

impl<'a> Twins<'a> {
    pub(super) fn of(run: &'a OpenedRun, wanted: &Wanted<'_>) -> Result<Self, Failure> {
        let others = wanted.with.iter().map(|folder| Ok(run.further_twin(folder)?.0));
        let others = others.collect::<Result<_, Failure>>()?;
        let beneath = wanted.factors().map(|_| Beneath::of(run)).transpose()?;
        Ok(Self { run, others, beneath })
    }
}

/// From the baseline, where one is wanted, to the ensemble.
pub(super) struct Predictors<'a> {
    baseline: Option<BaselinePredictor>,
    /// The twin that the run's started from.
    before: Option<TwinPredictor<'a>>,
    /// Factor analysis under conditions.
    factors: Vec<FactorPredictor<'a>>,
    /// The twin under conditions.
    conditioned: Vec<ConditionedPredictor<'a>>,
    twin: TwinPredictor<'a>,
    /// The twin and others together.
    ensemble: Option<EnsemblePredictor<'a>>,
}

impl<'a> Predictors<'a> {
    /// Fit what is to be fitted.
    pub(super) fn of(
        twins: &'a Twins<'a>,
        wanted: &Wanted<'_>,
        (progress, cancel): (&mut dyn Progress, &CancelToken),
    ) -> Result<Self, Failure> {
        let Twins { run, others, beneath } = twins;
        let recording = &run.recording;
        let twin = TwinPredictor::new(&run.twin, recording)?;
        let factors = match (wanted.factors(), beneath) {
            (Some(factors), Some(beneath)) => {
                factors.fit((beneath.twin(), run), wanted.conditions, (progress, cancel))?
            }
            _ => Vec::new(),
        };
        let before = run.without_latents.as_ref();
        let before = before.map(|twin| TwinPredictor::new(twin, recording)).transpose()?;
        let train = &run.config.fit.train_tier;
        let baseline = wanted.has_baseline(recording);
        let baseline = baseline.then(|| fit_baseline(recording, train, progress, cancel));
        Ok(Self {
            baseline: baseline.transpose()?,
            before: before.map(|before| before.called(WITHOUT_LATENTS)),
            factors,
            conditioned: conditioned(run, wanted)?,
            ensemble: ensemble_of(&twin, others, recording)?,
            twin,
        })
    }

    /// In the order of the table of scores.
    pub(super) fn all(&self) -> Vec<&dyn Predictor> {
        fn each<P: Predictor>(of: &[P]) -> impl Iterator<Item = &dyn Predictor> {
            of.iter().map(|predictor| predictor as &dyn Predictor)
        }
        each(self.baseline.as_slice())
            .chain(each(self.before.as_slice()))
            .chain(each(&self.factors))
            .chain(each(&self.conditioned))
            .chain(each(std::slice::from_ref(&self.twin)))
            .chain(each(self.ensemble.as_slice()))
            .collect()
    }
}

fn conditioned<'a>(
    run: &'a OpenedRun,
    wanted: &Wanted<'_>,
) -> Result<Vec<ConditionedPredictor<'a>>, ScoreError> {
    // A twin without latents has nothing to see neurons with; factors do.
    if run.twin.n_latents() == 0 && wanted.factors().is_some() {
        return Ok(Vec::new());
    }
    let under = |&condition| ConditionedPredictor::new(&run.twin, &run.recording, condition);
    wanted.conditions.iter().map(under).collect()
}

/// `None` where there are no others.
fn ensemble_of<'a>(
    twin: &TwinPredictor<'a>,
    others: &'a [Twin],
    recording: &Recording,
) -> Result<Option<EnsemblePredictor<'a>>, ScoreError> {
    if others.is_empty() {
        return Ok(None);
    }
    let others = others.iter().map(|other| TwinPredictor::new(other, recording));
    let members = std::iter::once(Ok(twin.clone())).chain(others).collect::<Result<_, _>>()?;
    Ok(Some(EnsemblePredictor::new(members)?))
}
