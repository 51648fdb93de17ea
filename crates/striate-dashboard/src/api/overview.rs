//! Everything in the folder, a line each.

use std::sync::Arc;

use axum::extract::State as Shared;
use serde::Serialize;

use super::{Answer, read_quickly};
use crate::dashboard::State;
use crate::library::{Run, RunSummary, Survey};
use crate::reply::json;

#[derive(Serialize)]
struct Overview<'a> {
    folder: &'a str,
    version: &'static str,
    /// Whether there is more than is listed.
    truncated: bool,
    runs: Vec<RunLine<'a>>,
    recordings: Vec<Line<'a>>,
    extractions: Vec<Line<'a>>,
}

/// A run in the list.
#[derive(Serialize)]
pub(super) struct RunLine<'a> {
    id: &'a str,
    name: &'a str,
    recording: Option<&'a str>,
    #[serde(flatten)]
    summary: &'a RunSummary,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(flatten)]
    summary: serde_json::Value,
}

impl<'a> RunLine<'a> {
    pub(super) fn of(run: &'a Run) -> Self {
        let (place, recording) = (&run.place, run.recording.as_deref());
        Self { id: &place.id, name: &place.name, recording, summary: &run.summary }
    }
}

pub(super) async fn overview(Shared(state): Shared<Arc<State>>) -> Answer {
    read_quickly(&state, |state| Ok(json(&lines(&state.library.survey())))).await
}

fn lines(survey: &Survey) -> Overview<'_> {
    let value = |summary: Result<serde_json::Value, _>| summary.unwrap_or_default();
    Overview {
        folder: &survey.folder,
        version: env!("CARGO_PKG_VERSION"),
        truncated: survey.is_cut,
        runs: survey.runs.iter().map(RunLine::of).collect(),
        recordings: survey
            .recordings
            .iter()
            .map(|of| Line {
                id: &of.place.id,
                name: &of.place.name,
                summary: value(serde_json::to_value(&of.summary)),
            })
            .collect(),
        extractions: survey
            .extractions
            .iter()
            .map(|of| Line {
                id: &of.place.id,
                name: &of.place.name,
                summary: value(serde_json::to_value(&of.summary)),
            })
            .collect(),
    }
}
