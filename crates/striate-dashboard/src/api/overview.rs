//! Everything in the folder, a line each.

use std::sync::Arc;

use axum::extract::State as Shared;
use serde::Serialize;

use super::{Answer, read_quickly};
use crate::dashboard::State;
use crate::library::{ExtractionSummary, Place, RecordingSummary, Run, RunSummary, Survey};
use crate::reply::json;

#[derive(Serialize)]
struct Overview<'a> {
    folder: &'a str,
    version: &'static str,
    /// Whether there is more than is listed.
    truncated: bool,
    runs: Vec<RunLine<'a>>,
    recordings: Vec<Line<'a, RecordingSummary>>,
    extractions: Vec<Line<'a, ExtractionSummary>>,
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

/// A recording or an extraction in the list.
#[derive(Serialize)]
struct Line<'a, S> {
    id: &'a str,
    name: &'a str,
    #[serde(flatten)]
    summary: &'a S,
}

impl<'a, S> Line<'a, S> {
    fn of(place: &'a Place, summary: &'a S) -> Self {
        Self { id: &place.id, name: &place.name, summary }
    }
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
    let recordings = survey.recordings.iter().map(|of| Line::of(&of.place, &of.summary));
    let extractions = survey.extractions.iter().map(|of| Line::of(&of.place, &of.summary));
    Overview {
        folder: &survey.folder,
        version: env!("CARGO_PKG_VERSION"),
        truncated: survey.is_cut,
        runs: survey.runs.iter().map(RunLine::of).collect(),
        recordings: recordings.collect(),
        extractions: extractions.collect(),
    }
}
