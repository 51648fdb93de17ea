//! What can be asked for. Handlers read ids and numbers from the path, never names of files.

mod curves;
mod experiments;
mod extractions;
mod neurons;
mod overview;
mod recordings;
mod run;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::header::IF_NONE_MATCH;
use axum::http::{HeaderMap, Response, Uri};
use axum::routing::get;

use crate::assets;
use crate::dashboard::State;
use crate::live::live;
use crate::reply::Refusal;
pub(crate) use neurons::{all_metrics, main_tier};
pub(crate) use run::baseline;

/// An answer, or why there is none.
type Answer = Result<Response<Body>, Refusal>;

/// Everything, by its path below the base.
pub(crate) fn router(state: Arc<State>) -> Router {
    let run = Router::new()
        .route("/", get(run::run))
        .route("/latents", get(run::latents))
        .route("/report", get(run::report))
        .route("/neurons", get(neurons::table))
        .route("/neurons/{session}/{neuron}", get(neurons::neuron))
        .route("/neurons/{session}/{neuron}/trace", get(neurons::trace))
        .route("/neurons/{session}/{neuron}/arrays/{experiment}/{name}", get(neurons::array))
        .route("/experiments/{experiment}/{session}", get(experiments::experiment))
        .route("/experiments/{experiment}/{session}/arrays/{name}", get(experiments::array))
        .route("/experiments/{experiment}/{session}/pictures", get(experiments::pictures))
        .route("/experiments/{experiment}/{session}/pictures/{number}", get(experiments::picture));
    let trial = Router::new()
        .route("/stimulus", get(recordings::stimulus))
        .route("/responses", get(recordings::responses))
        .route("/behaviour", get(recordings::behaviour));
    let extraction = Router::new()
        .route("/", get(extractions::extraction))
        .route("/frames/{frame}", get(extractions::frame))
        .route("/traces/{cell}", get(extractions::traces));
    Router::new()
        .route("/api/overview", get(overview::overview))
        .route("/api/curves", get(curves::curves))
        .route("/api/live", get(live))
        .nest("/api/runs/{id}", run)
        .route("/api/recordings/{id}", get(recordings::recording))
        .nest("/api/recordings/{id}/sessions/{session}/trials/{trial}", trial)
        .nest("/api/extractions/{id}", extraction)
        .fallback(page)
        .with_state(state)
}

/// A file of the page.
async fn page(Shared(state): Shared<Arc<State>>, uri: Uri, headers: HeaderMap) -> Answer {
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    // Built in, there is nothing to wait for; a folder of files is for those who work on the page.
    assets::find(path, headers.get(IF_NONE_MATCH), state.assets.as_deref())
}

/// Answer with what takes reading.
async fn read(
    state: &Arc<State>,
    answer: impl FnOnce(&State) -> Answer + Send + 'static,
) -> Answer {
    let shared = state.clone();
    state.workers.run(move || answer(&shared)).await
}

/// Answer with what is read in a moment.
async fn read_quickly(
    state: &Arc<State>,
    answer: impl FnOnce(&State) -> Answer + Send + 'static,
) -> Answer {
    let shared = state.clone();
    state.quick_workers.run(move || answer(&shared)).await
}

/// Values of the path, of which those that are no numbers do not exist.
type Numbers<T> = Result<axum::extract::Path<T>, axum::extract::rejection::PathRejection>;

fn numbers<T>(path: Numbers<T>) -> Result<T, Refusal> {
    path.map(|axum::extract::Path(values)| values).map_err(|_| Refusal::no("page"))
}

/// Values behind the path's question mark.
type Query<T> = Result<axum::extract::Query<T>, axum::extract::rejection::QueryRejection>;

fn query<T>(query: Query<T>) -> Result<T, Refusal> {
    query
        .map(|axum::extract::Query(values)| values)
        .map_err(|error| Refusal::bad(error.body_text()))
}
