//! A run on its own page.

use std::sync::Arc;

use axum::extract::State as Shared;
use serde::Serialize;
use serde_json::Value;
use striate_score::{GIVEN, Metric, ScoreFile, Scores, TierScores, WITHOUT_LATENTS};

use super::overview::RunLine;
use super::{Answer, Numbers, numbers, read_quickly};
use crate::dashboard::State;
use crate::library::{SessionLine, file};
use crate::reply::{Refusal, attachment, json, json_text};

/// Largest configuration shown.
const LARGEST_TEXT: u64 = 1 << 20;

/// Largest report or analysis handed out.
const LARGEST_FILE: u64 = 64 << 20;

#[derive(Serialize)]
struct Page<'a> {
    #[serde(flatten)]
    line: RunLine<'a>,
    config: String,
    provenance: Value,
    scores: Vec<ScoreLine<'a>>,
    sessions: &'a [SessionLine],
}

/// A metric on a tier: the twin between its baseline and its ceiling.
#[derive(Serialize)]
struct ScoreLine<'a> {
    tier: &'a str,
    metric: &'static str,
    title: &'static str,
    baseline: Option<f64>,
    without_latents: Option<f64>,
    twin: Option<f64>,
    twin_median: Option<f64>,
    ceiling: Option<f64>,
}

pub(super) async fn run(Shared(state): Shared<Arc<State>>, path: Numbers<String>) -> Answer {
    let id = numbers(path)?;
    read_quickly(&state, move |state| {
        let survey = state.library.survey();
        let run =
            survey.runs.iter().find(|run| run.place.id == id).ok_or_else(|| Refusal::no("run"))?;
        let folder = &run.place.path;
        let config = file::read(&folder.join("config.toml"), LARGEST_TEXT).unwrap_or_default();
        // A run without scores, or with some that cannot be read, still has a page.
        let scores = state.opened.scores(folder).ok();
        let page = Page {
            line: RunLine::of(run),
            config: String::from_utf8_lossy(&config).into_owned(),
            provenance: file::read_json(&folder.join("provenance.json")).unwrap_or_default(),
            scores: scores.as_deref().map(score_lines).unwrap_or_default(),
            sessions: &run.summary.sessions,
        };
        Ok(json(&page))
    })
    .await
}

fn score_lines(file: &ScoreFile) -> Vec<ScoreLine<'_>> {
    let Some(twin) = file.scores.last() else { return Vec::new() };
    let mut lines = Vec::new();
    for (tier, scores) in &twin.tiers {
        let metrics = Metric::OF_PREDICTOR.into_iter().chain(Metric::OF_LIKELIHOOD);
        lines.extend(metrics.filter_map(|metric| score_line(file, tier, scores, metric)));
    }
    lines
}

fn score_line<'a>(
    file: &ScoreFile,
    tier: &'a str,
    twin: &TierScores,
    metric: Metric,
) -> Option<ScoreLine<'a>> {
    let pooled = twin.pooled(metric)?;
    // A ceiling is known for single trials only; the other metrics have it in their definition.
    let is_single = metric == Metric::SingleTrialCorrelation;
    let ceiling = is_single.then(|| twin.pooled(Metric::NoiseCeiling)).flatten();
    let of = |scores: Option<&Scores>| Some(scores?.tiers.get(tier)?.pooled(metric)?.mean);
    Some(ScoreLine {
        tier,
        metric: metric.key(),
        title: metric.title(),
        baseline: of(baseline(file)),
        without_latents: of(file.scores.iter().find(|scores| scores.predictor == WITHOUT_LATENTS)),
        twin: Some(pooled.mean),
        twin_median: Some(pooled.median),
        ceiling: ceiling.map(|summary| summary.mean),
    })
}

/// The last predictor that is not the twin in some form.
pub(crate) fn baseline(file: &ScoreFile) -> Option<&Scores> {
    let is_of_twin =
        |of: &&Scores| of.predictor == WITHOUT_LATENTS || of.predictor.starts_with(GIVEN);
    file.scores.iter().rev().skip(1).find(|of| !is_of_twin(of))
}

pub(super) async fn latents(Shared(state): Shared<Arc<State>>, path: Numbers<String>) -> Answer {
    let id = numbers(path)?;
    read_quickly(&state, move |state| {
        let path = state.library.run(&id)?.path.join("latents.json");
        let text = file::read(&path, LARGEST_FILE)?;
        file::parse::<serde::de::IgnoredAny>(&text, &path)?;
        Ok(json_text(text))
    })
    .await
}

pub(super) async fn report(Shared(state): Shared<Arc<State>>, path: Numbers<String>) -> Answer {
    let id = numbers(path)?;
    read_quickly(&state, move |state| {
        let run = state.library.run(&id)?;
        let bytes = file::read(&run.path.join("report.html"), LARGEST_FILE)?;
        let name = format!("{}-report.html", run.name.replace('/', "-"));
        Ok(attachment(bytes, &name, "text/html; charset=utf-8"))
    })
    .await
}
