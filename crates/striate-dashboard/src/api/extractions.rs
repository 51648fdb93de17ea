//! Movies and their cells.

use std::sync::Arc;

use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Answer, Numbers, Query, numbers, query, read};
use crate::dashboard::State;
use crate::movie::{Cell, Kind, row};
use crate::reply::{self, Refusal, bytes};

/// Frames of one answer.
const MOST_FRAMES: usize = 16;

#[derive(Serialize)]
struct Page<'a> {
    name: &'a str,
    n_frames: usize,
    height: usize,
    width: usize,
    frame_rate_hz: Option<f64>,
    /// Whether raw frames and residuals can be had.
    has_raw: bool,
    cells: &'a [Cell],
}

pub(super) async fn extraction(Shared(state): Shared<Arc<State>>, path: Numbers<String>) -> Answer {
    let id = numbers(path)?;
    read(&state, move |state| {
        let place = state.library.extraction(&id)?;
        let opened = state.opened.extraction(&place.path)?;
        let shape = opened.shape();
        Ok(reply::json(&Page {
            name: &place.name,
            n_frames: shape.n_frames,
            height: shape.height,
            width: shape.width,
            frame_rate_hz: opened.frame_rate_hz,
            has_raw: opened.has_raw(),
            cells: &opened.cells,
        }))
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct WantedFrame {
    kind: Kind,
    /// Frames to send at once; the answer has an axis for them where this is given.
    count: Option<usize>,
}

pub(super) async fn frame(
    Shared(state): Shared<Arc<State>>,
    path: Numbers<(String, usize)>,
    wanted: Query<WantedFrame>,
) -> Answer {
    let ((id, frame), wanted) = (numbers(path)?, query(wanted)?);
    read(&state, move |state| {
        let opened = state.opened.extraction(&state.library.extraction(&id)?.path)?;
        let shape = opened.shape();
        if frame >= shape.n_frames {
            return Err(Refusal::no("frame"));
        }
        let count = wanted.count.unwrap_or(1).clamp(1, MOST_FRAMES).min(shape.n_frames - frame);
        let picture = opened.picture(wanted.kind, frame..frame + count)?;
        let [low, high] = picture.range;
        let axes = [count, shape.height, shape.width];
        let axes = if wanted.count.is_some() { &axes[..] } else { &axes[1..] };
        Ok(bytes(axes, picture.pixels, &[("x-range", format!("{low},{high}"))]))
    })
    .await
}

pub(super) async fn traces(
    Shared(state): Shared<Arc<State>>,
    path: Numbers<(String, usize)>,
) -> Answer {
    let (id, cell) = numbers(path)?;
    read(&state, move |state| {
        let folder = state.library.extraction(&id)?.path;
        Ok(reply::json(&json!({
            "raw": row(&folder, "roi_means.npy", cell)?,
            "demixed": row(&folder, "dff.npy", cell)?,
            "spikes": row(&folder, "spikes.npy", cell)?,
        })))
    })
    .await
}
