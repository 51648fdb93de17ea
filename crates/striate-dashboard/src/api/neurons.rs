//! Neurons: all of a run's in a table, and each on its own page.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use striate_score::{Metric, ScoreFile};

use super::{Answer, Numbers, Query, numbers, query, read};
use crate::dashboard::State;
use crate::experiment::{ExperimentFiles, NeuronArray, NeuronValue, Provenance, part};
use crate::library::{EXPERIMENTS, Place, SessionLine};
use crate::reply::{Problems, Refusal, floats, json};
use crate::table::Table;
use crate::trace::{self, Traces};

/// The run and its twin's sessions.
fn run(state: &State, id: &str) -> Result<(Place, Vec<SessionLine>), Refusal> {
    let survey = state.library.survey();
    let run =
        survey.runs.iter().find(|run| run.place.id == id).ok_or_else(|| Refusal::no("run"))?;
    Ok((run.place.clone(), run.summary.sessions.clone()))
}

pub(super) async fn table(Shared(state): Shared<Arc<State>>, path: Numbers<String>) -> Answer {
    let id = numbers(path)?;
    read(&state, move |state| {
        let (place, sessions) = run(state, &id)?;
        let mut problems = Problems::default();
        let mut table = Table::of(&sessions);
        // A run without scores, or with some that cannot be read, may still have experiments.
        if let Some(scores) = problems.note(state.opened.scores(&place.path)) {
            table.add_scores(&scores);
        }
        for kind in of_neurons() {
            let files = |session| ExperimentFiles { run: &place.path, kind, session };
            let of_session = |session| problems.note(state.opened.experiment(&files(session)));
            let experiments: Vec<_> = (0..sessions.len()).map(of_session).collect();
            table.add_experiment(kind, &experiments);
        }
        table.problems = problems;
        Ok(json(&table))
    })
    .await
}

/// Experiments on neurons; features are of the channels of the core.
fn of_neurons() -> impl Iterator<Item = &'static str> {
    EXPERIMENTS.into_iter().filter(|kind| *kind != "features")
}

#[derive(Serialize)]
struct Page<'a> {
    session: usize,
    session_id: &'a str,
    neuron: usize,
    scores: BTreeMap<&'a str, BTreeMap<&'static str, f64>>,
    /// The same of the baseline, where there is one.
    baseline: BTreeMap<&'a str, BTreeMap<&'static str, f64>>,
    experiments: Vec<NeuronExperiment<'a>>,
    /// What could not be read.
    problems: Problems,
}

#[derive(Serialize)]
struct NeuronExperiment<'a> {
    experiment: &'static str,
    producer: &'a str,
    provenance: &'a Provenance,
    columns: Vec<NeuronValue<'a>>,
    arrays: Vec<NeuronArray<'a>>,
}

pub(super) async fn neuron(
    Shared(state): Shared<Arc<State>>,
    path: Numbers<(String, usize, usize)>,
) -> Answer {
    let (id, session, neuron) = numbers(path)?;
    read(&state, move |state| {
        let (place, sessions) = run(state, &id)?;
        let line = sessions.get(session).filter(|line| neuron < line.n_neurons);
        let line = line.ok_or_else(|| Refusal::no("neuron"))?;
        let mut problems = Problems::default();
        let scores = problems.note(state.opened.scores(&place.path));
        let mut found = Vec::new();
        for kind in of_neurons() {
            let files = ExperimentFiles { run: &place.path, kind, session };
            if let Some(experiment) = problems.note(state.opened.experiment(&files)) {
                found.push((kind, experiment, problems.note(files.tensors())));
            }
        }
        let experiments = found.iter().filter_map(|(kind, experiment, tensors)| {
            let place = experiment.place(neuron)?;
            let arrays = tensors.as_ref().map(|tensors| experiment.arrays_at(tensors));
            Some(NeuronExperiment {
                experiment: kind,
                producer: &experiment.producer,
                provenance: &experiment.provenance,
                columns: experiment.values_at(place),
                arrays: arrays.unwrap_or_default(),
            })
        });
        Ok(json(&Page {
            session,
            session_id: &line.id,
            neuron,
            scores: scores_of(
                scores.as_deref().and_then(|file| file.scores.last()),
                &line.id,
                neuron,
            ),
            baseline: scores_of(scores.as_deref().and_then(super::run::baseline), &line.id, neuron),
            experiments: experiments.collect(),
            problems,
        }))
    })
    .await
}

/// Every metric of a neuron on every tier, as far as they are defined.
fn scores_of<'a>(
    scores: Option<&'a striate_score::Scores>,
    session: &str,
    neuron: usize,
) -> BTreeMap<&'a str, BTreeMap<&'static str, f64>> {
    let tiers = scores.into_iter().flat_map(|scores| &scores.tiers);
    let of_tier = |(tier, scores): (&'a String, &'a striate_score::TierScores)| {
        let scores = scores.sessions.get(session)?;
        let value = |metric: Metric| Some((metric.key(), (*scores.values(metric).get(neuron)?)?));
        Some((tier.as_str(), all_metrics().filter_map(value).collect()))
    };
    tiers.filter_map(of_tier).collect()
}

/// Everything that a neuron has a score of.
pub(crate) fn all_metrics() -> impl Iterator<Item = Metric> {
    let metrics = Metric::OF_PREDICTOR.into_iter().chain(Metric::OF_RECORDING);
    metrics.chain(Metric::OF_LIKELIHOOD)
}

/// The tier whose scores come first: the first with noise ceilings, or else the first.
pub(crate) fn main_tier(file: &ScoreFile) -> Option<&str> {
    let twin = file.scores.last()?;
    let with_ceiling = twin.tiers.iter().find(|(_, of)| of.pooled(Metric::NoiseCeiling).is_some());
    with_ceiling.or_else(|| twin.tiers.iter().next()).map(|(tier, _)| tier.as_str())
}

pub(super) async fn array(
    Shared(state): Shared<Arc<State>>,
    path: Numbers<(String, usize, usize, String, String)>,
) -> Answer {
    let (id, session, neuron, kind, name) = numbers(path)?;
    read(&state, move |state| {
        let run = state.library.run(&id)?;
        let files = ExperimentFiles::named(&run.path, &kind, session)?;
        let experiment = state.opened.experiment(&files)?;
        let array = experiment.array(&name)?;
        let place = experiment.place(neuron).filter(|_| array.is_of_neurons());
        let place = place.ok_or_else(|| Refusal::no("array of that neuron"))?;
        let (shape, values) = part(&files.tensors()?, &array.name, Some(place))?;
        Ok(floats(&shape, &values))
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct WantedTrace {
    tier: Option<String>,
    #[serde(default)]
    trial: usize,
}

pub(super) async fn trace(
    Shared(state): Shared<Arc<State>>,
    path: Numbers<(String, usize, usize)>,
    wanted: Query<WantedTrace>,
) -> Answer {
    let ((id, session, neuron), wanted) = (numbers(path)?, query(wanted)?);
    read(&state, move |state| {
        let run = state.library.run(&id)?.path;
        let WantedTrace { tier, trial } = &wanted;
        let wanted = trace::Wanted { run: &run, session, tier: tier.as_deref(), trial: *trial };
        Ok(json(&Traces::of(&wanted, &state.opened)?.of_neuron(neuron)?))
    })
    .await
}
