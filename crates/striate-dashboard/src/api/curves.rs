//! Learning curves of some runs.

use std::sync::Arc;

use axum::extract::{Query, State as Shared};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::Answer;
use crate::curve::{Curve, Key};
use crate::dashboard::State;
use crate::reply::{Refusal, json};

/// Runs of one answer.
const MOST_RUNS: usize = 500;

/// Points of one curve.
const POINTS: std::ops::RangeInclusive<usize> = 3..=20_000;

#[derive(Deserialize)]
pub(super) struct Wanted {
    /// Ids with commas between them.
    runs: String,
    key: Key,
    #[serde(default = "usual_points")]
    points: usize,
}

fn usual_points() -> usize {
    1000
}

#[derive(Serialize)]
struct Curves {
    curves: Vec<NamedCurve>,
}

#[derive(Serialize)]
struct NamedCurve {
    id: String,
    #[serde(flatten)]
    curve: Curve,
}

pub(super) async fn curves(
    Shared(state): Shared<Arc<State>>,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let Query(wanted) = wanted.map_err(|error| Refusal::bad(error.body_text()))?;
    let ids: Vec<String> =
        wanted.runs.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect();
    if ids.len() > MOST_RUNS || !POINTS.contains(&wanted.points) {
        return Err(Refusal::bad(format!(
            "found {} runs with {} points, expected at most {MOST_RUNS} with {} to {}",
            ids.len(),
            wanted.points,
            POINTS.start(),
            POINTS.end()
        )));
    }
    // Each run is work of its own: several are read at once.
    let mut work = JoinSet::new();
    // One run is what a page of a run shows: it does not wait behind a comparison of many.
    let is_quick = ids.len() == 1;
    for (place, id) in ids.into_iter().enumerate() {
        let (shared, key, points) = (state.clone(), wanted.key, wanted.points);
        work.spawn(async move {
            let state = shared.clone();
            let of_run = move || {
                let folder = state.library.run(&id)?.path;
                let curve = state.curves.with(&folder, |found| found.curve(key, points))?;
                Ok((place, NamedCurve { id, curve }))
            };
            let workers = if is_quick { &shared.quick_workers } else { &shared.workers };
            workers.run(of_run).await
        });
    }
    let mut curves = Vec::new();
    while let Some(done) = work.join_next().await {
        curves.push(done.map_err(|_| Refusal::failed("reading failed"))??);
    }
    curves.sort_by_key(|(place, _)| *place);
    Ok(json(&Curves { curves: curves.into_iter().map(|(_, curve)| curve).collect() }))
}
