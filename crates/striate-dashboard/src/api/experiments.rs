//! Experiments on a run's twin as a whole.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::State as Shared;
use serde_json::json;

use super::{Answer, Numbers, numbers, read};
use crate::dashboard::State;
use crate::experiment::{ExperimentFiles, part};
use crate::library::file;
use crate::reply::{self, Refusal, attachment, floats};

/// Largest picture.
const LARGEST_PICTURE: u64 = 32 << 20;

/// Pictures of one experiment and session.
const MOST_PICTURES: usize = 1000;

/// Answer from the files of an experiment: run, kind and session.
async fn of_experiment(
    state: &Arc<State>,
    (id, kind, session): (String, String, usize),
    answer: impl FnOnce(&State, ExperimentFiles<'_>) -> Answer + Send + 'static,
) -> Answer {
    read(state, move |state| {
        let run = state.library.run(&id)?;
        answer(state, ExperimentFiles::named(&run.path, &kind, session)?)
    })
    .await
}

pub(super) async fn experiment(
    Shared(state): Shared<Arc<State>>,
    path: Numbers<(String, String, usize)>,
) -> Answer {
    let answer = |state: &State, files: ExperimentFiles<'_>| {
        Ok(reply::json(&*state.opened.experiment(&files)?))
    };
    of_experiment(&state, numbers(path)?, answer).await
}

pub(super) async fn array(
    Shared(state): Shared<Arc<State>>,
    path: Numbers<(String, String, usize, String)>,
) -> Answer {
    let (id, kind, session, name) = numbers(path)?;
    of_experiment(&state, (id, kind, session), move |state, files| {
        let experiment = state.opened.experiment(&files)?;
        let (shape, values) = part(&files.tensors()?, &experiment.array(&name)?.name, None)?;
        Ok(floats(&shape, &values))
    })
    .await
}

pub(super) async fn pictures(
    Shared(state): Shared<Arc<State>>,
    path: Numbers<(String, String, usize)>,
) -> Answer {
    of_experiment(&state, numbers(path)?, |_, files| {
        let found = picture_files(files);
        let names = found.iter().filter_map(|path| path.file_name());
        let names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        Ok(reply::json(&json!({"pictures": names})))
    })
    .await
}

pub(super) async fn picture(
    Shared(state): Shared<Arc<State>>,
    path: Numbers<(String, String, usize, usize)>,
) -> Answer {
    let (id, kind, session, number) = numbers(path)?;
    of_experiment(&state, (id, kind, session), move |_, files| {
        let found = picture_files(files);
        let path = found.get(number).ok_or_else(|| Refusal::no("picture"))?;
        let is_svg = path.extension().is_some_and(|extension| extension == "svg");
        let media_type = if is_svg { "image/svg+xml" } else { "image/png" };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(attachment(file::read(path, LARGEST_PICTURE)?, &name, media_type))
    })
    .await
}

/// The pictures `session-N*.png` and `session-N*.svg`, by name.
fn picture_files(experiment: ExperimentFiles<'_>) -> Vec<PathBuf> {
    let Ok(entries) = experiment.folder().read_dir() else { return Vec::new() };
    let stem = experiment.stem();
    let is_picture = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let rest = name.strip_prefix(&stem).unwrap_or_default();
        let is_session = rest.starts_with(['-', '.']);
        is_session && (rest.ends_with(".png") || rest.ends_with(".svg")) && file::is_file(path)
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths.filter(is_picture).take(MOST_PICTURES).collect();
    files.sort_unstable();
    files
}
