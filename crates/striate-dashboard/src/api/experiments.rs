//! Experiments on a run's twin as a whole.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use axum::extract::State as Shared;
use serde_json::json;

use super::{Answer, Numbers, numbers, read};
use crate::dashboard::State;
use crate::experiment::{Experiment, part, tensors};
use crate::library::file;
use crate::reply::{self, Refusal, attachment, floats, json_text};

/// Largest description of an experiment that is handed out.
const LARGEST_FILE: u64 = 256 << 20;

/// Largest picture.
const LARGEST_PICTURE: u64 = 32 << 20;

/// Pictures of one experiment and session.
const MOST_PICTURES: usize = 1000;

pub(super) async fn experiment(
    Shared(state): Shared<Arc<State>>,
    path: Numbers<(String, String, usize)>,
) -> Answer {
    let (id, kind, session) = numbers(path)?;
    read(&state, move |state| {
        let (run, kind) = (state.library.run(&id)?, Experiment::kind(&kind)?);
        Ok(json_text(file::read(&Experiment::path(&run.path, kind, session), LARGEST_FILE)?))
    })
    .await
}

pub(super) async fn array(
    Shared(state): Shared<Arc<State>>,
    path: Numbers<(String, String, usize, String)>,
) -> Answer {
    let (id, kind, session, name) = numbers(path)?;
    read(&state, move |state| {
        let (run, kind) = (state.library.run(&id)?, Experiment::kind(&kind)?);
        let experiment = state.opened.experiment(&run.path, kind, session)?;
        let array = experiment.array(&name)?;
        let (shape, values) = part(&tensors(&run.path, kind, session)?, &array.name, None)?;
        Ok(floats(&shape, &values))
    })
    .await
}

pub(super) async fn pictures(
    Shared(state): Shared<Arc<State>>,
    path: Numbers<(String, String, usize)>,
) -> Answer {
    let (id, kind, session) = numbers(path)?;
    read(&state, move |state| {
        let (run, kind) = (state.library.run(&id)?, Experiment::kind(&kind)?);
        let files = picture_files(&run.path, kind, session);
        let names = files.iter().filter_map(|path| path.file_name());
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
    read(&state, move |state| {
        let (run, kind) = (state.library.run(&id)?, Experiment::kind(&kind)?);
        let files = picture_files(&run.path, kind, session);
        let path = files.get(number).ok_or_else(|| Refusal::no("picture"))?;
        let is_svg = path.extension().is_some_and(|extension| extension == "svg");
        let media_type = if is_svg { "image/svg+xml" } else { "image/png" };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(attachment(file::read(path, LARGEST_PICTURE)?, &name, media_type))
    })
    .await
}

/// The pictures `session-N*.png` and `session-N*.svg`, by name.
fn picture_files(run: &FilePath, kind: &str, session: usize) -> Vec<PathBuf> {
    let path = Experiment::path(run, kind, session);
    let Some(entries) = path.parent().and_then(|folder| folder.read_dir().ok()) else {
        return Vec::new();
    };
    let stem = format!("session-{session}");
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
