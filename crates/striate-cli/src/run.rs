//! A finished run, opened with the recording it was fitted on.

use std::path::{Path, PathBuf};

use clap::Args;
use striate::base::provenance::hash_file;
use striate::fit::{FitConfig, RunFolder, RunStatus, data_hash};
use striate::model::Twin;
use striate::recording::Recording;
use striate::recording::simulate::Truth;
use striate::score::ScoreConfig;

use crate::context::Context;
use crate::failure::Failure;

/// The analysis of a twin's latents, in the run folder.
pub(crate) const LATENTS: &str = "latents.json";

/// Keys that say where a recording lies; what decides how it is read belongs to the twin.
const MOVABLE: [&str; 2] = ["recording.path", "recording.root"];

/// Which run, and where its recording lies now.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Run folder
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Where the recording lies, if not where it lay when the twin was fitted
    #[arg(long, value_name = "PATH")]
    recording: Option<PathBuf>,
    /// Override recording.path or recording.root, as recording.root=FOLDER; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
}

impl RunArguments {
    /// A run whose recording lies where it lay when the twin was fitted.
    pub(crate) fn of_folder(run: &Path) -> Self {
        Self { run: run.to_owned(), recording: None, overrides: Vec::new() }
    }
}

/// A fitted twin and its recording.
pub(crate) struct OpenedRun {
    pub(crate) folder: RunFolder,
    pub(crate) config: FitConfig,
    pub(crate) recording: Recording,
    pub(crate) twin: Twin,
    /// The twin without latents that it started from, where it was fitted in two stages.
    pub(crate) without_latents: Option<Twin>,
    /// Hash of the data as they are now.
    pub(crate) data_hash: String,
    /// Hash of the twin's description, which holds that of its weights.
    pub(crate) twin_hash: String,
}

impl OpenedRun {
    /// Open the run, its twin and its recording.
    pub(crate) fn open(arguments: &RunArguments, context: &Context) -> Result<Self, Failure> {
        let folder = RunFolder::open(&arguments.run)?;
        refuse_unfinished(&folder)?;
        let config = config(&folder, arguments)?;
        let twin = Twin::load(folder.path())?;
        let without_latents = folder.without_latents().map(|from| Twin::load(&from)).transpose()?;
        let recording = Recording::open(&config.recording)?;
        let found = data_hash(&recording)?;
        if folder.provenance().is_ok_and(|made| made.data_hash != found) {
            context.remark("note: the recording is not the one that the twin was fitted on");
        }
        let description = folder.path().join("twin.json");
        let twin_hash = hash_file(&description)
            .map_err(|e| Failure::io("cannot read the twin's description", &e, &description))?;
        Ok(Self { folder, config, recording, twin, without_latents, data_hash: found, twin_hash })
    }

    /// Open a run whose recording lies where it lay when the twin was fitted.
    pub(crate) fn of_folder(run: &Path, context: &Context) -> Result<Self, Failure> {
        Self::open(&RunArguments::of_folder(run), context)
    }

    /// The twin of another run, fitted on the same recording, and the hash of its description.
    ///
    /// A twin of other data or this very twin tells nothing beside this one.
    pub(crate) fn further_twin(&self, folder: &Path) -> Result<(Twin, String), Failure> {
        let description = folder.join("twin.json");
        let hash = hash_file(&description)
            .map_err(|e| Failure::io("cannot read the twin's description", &e, &description))?;
        if hash == self.twin_hash {
            let message = "found the same twin again, expected another one of the same recording";
            return Err(Failure::usage(message).at(folder));
        }
        let twin = Twin::load(folder)?;
        // Without its provenance nothing tells what it was fitted on.
        let found = RunFolder::open(folder)?.provenance()?.data_hash;
        if found != self.data_hash {
            let expected = &self.data_hash;
            let message = format!(
                "twin of another recording: found data of hash {found:.12}, expected {expected:.12}"
            );
            return Err(Failure::usage(message).at(folder));
        }
        Ok((twin, hash))
    }

    /// Every tier, scored as the recording's benchmark does.
    pub(crate) fn score_config(&self) -> ScoreConfig {
        ScoreConfig {
            normalisation: Some(self.normalisation()),
            data_hash: Some(self.data_hash.clone()),
            ..ScoreConfig::default()
        }
    }

    /// What is true of the recording, if it was simulated.
    pub(crate) fn truth(&self) -> Result<Option<Truth>, Failure> {
        let path = &self.config.recording.path;
        if path.is_dir() && Truth::is_beside(path) {
            Ok(Some(Truth::read(path)?))
        } else {
            Ok(None)
        }
    }

    /// How the responses are normalised, in words.
    fn normalisation(&self) -> String {
        let mut words: Vec<&str> = self
            .recording
            .sessions
            .iter()
            .map(|session| session.info.response_normalisation.as_str())
            .collect();
        words.dedup();
        words.join(", ")
    }
}

fn refuse_unfinished(folder: &RunFolder) -> Result<(), Failure> {
    // A folder with a twin and no status is somebody's shared twin.
    if !folder.path().join("status.json").is_file() || folder.path().join("twin.json").is_file() {
        return Ok(());
    }
    match folder.status()? {
        RunStatus::Finished { .. } => Ok(()),
        RunStatus::Running | RunStatus::Interrupted { .. } => Err(Failure::usage(format!(
            "the run is not finished, expected one with a twin; go on with: {}",
            folder.resume_command()
        ))),
    }
}

fn config(folder: &RunFolder, arguments: &RunArguments) -> Result<FitConfig, Failure> {
    let mut overrides = Vec::new();
    if let Some(path) = &arguments.recording {
        overrides.push(format!("recording.path={}", toml_text(path)?));
    }
    for text in &arguments.overrides {
        let key = text.split_once('=').map_or(text.as_str(), |(key, _)| key).trim();
        if !MOVABLE.contains(&key) {
            return Err(Failure::usage(format!(
                "found `--set {text}`, expected {}: everything else was decided when the twin was \
                 fitted",
                MOVABLE.join(" or ")
            )));
        }
        overrides.push(text.clone());
    }
    let path = folder.path().join("config.toml");
    FitConfig::open(&path, &overrides).map_err(|e| Failure::from(e).at(&path))
}

/// A path as a TOML string.
pub(crate) fn toml_text(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().ok_or_else(|| {
        Failure::usage(format!("found a path that is not UTF-8, expected one: {}", path.display()))
    })?;
    Ok(toml::Value::String(text.to_owned()).to_string())
}
