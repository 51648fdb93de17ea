//! From a checked configuration and a folder to a running trainer, and to what it leaves behind.

use std::path::Path;
use std::sync::Arc;

use striate_base::lock::FolderLock;
use striate_base::provenance::Provenance;
use striate_base::{CancelToken, Progress, Streams};
use striate_model::{SessionShape, SessionStart, Twin, TwinSpec};
use striate_recording::{ClipSampler, Recording, RecordingError, SamplerConfig};

use crate::checkpoint::CheckpointStore;
use crate::config::{FitConfig, ValidFitConfig};
use crate::error::FitError;
use crate::fingerprint::data_hash;
use crate::optimiser::Optimiser;
use crate::outcome::{FitEnd, FitOutcome};
use crate::run::{self, RunFolder, RunStatus, TimingLog};
use crate::stage::StageKind;
use crate::state::TrainState;
use crate::trackers::Trackers;
use crate::trainer::{LoopEnd, Rules, Traces, Trainer};
use crate::{initial, memory, transfer, validation_tier};

/// [`crate::fit`], with as many threads as configured.
pub(crate) fn fit(
    config: &ValidFitConfig,
    run: &Path,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<FitOutcome, FitError> {
    let threads = config.threads.unwrap_or_else(striate_base::machine::threads);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|e| FitError::Threads { threads, reason: e.to_string() })?;
    pool.install(|| fit_in_pool(config, run, progress, cancel))
}

fn fit_in_pool(
    config: &ValidFitConfig,
    run: &Path,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<FitOutcome, FitError> {
    run::refuse_foreign(run)?;
    std::fs::create_dir_all(run).map_err(|e| FitError::io("cannot make the run folder", e, run))?;
    let _lock = FolderLock::acquire(run)?;
    if let Some(outcome) = finished_before(config, run)? {
        return Ok(outcome);
    }
    let recording = Arc::new(Recording::open(&config.recording)?);
    begin_or_go_on(config, run, &recording)?;
    let mut trainer = match prepare(config, run, recording, progress, cancel) {
        // Only a run without a checkpoint looks at the data, so nothing is lost.
        Err(FitError::Recording(RecordingError::Cancelled)) => return interrupted(run, 0),
        other => other?,
    };
    run::write_status(run, &RunStatus::Running)?;
    match trainer.run(progress, cancel)? {
        LoopEnd::Finished(ended_by) => finish(&trainer, run, ended_by),
        LoopEnd::Interrupted => interrupted(run, trainer.state.step),
    }
}

/// Say that the run was stopped on request, and how to go on.
fn interrupted(run: &Path, step: u64) -> Result<FitOutcome, FitError> {
    run::write_status(run, &RunStatus::Interrupted { step })?;
    let resume_command = RunFolder::open(run)?.resume_command();
    Ok(FitOutcome::Interrupted { step, resume_command })
}

/// The outcome of a run that an earlier call finished.
fn finished_before(config: &FitConfig, run: &Path) -> Result<Option<FitOutcome>, FitError> {
    let Ok(folder) = RunFolder::open(run) else { return Ok(None) };
    run::refuse_other_config(&folder.config()?, config, run)?;
    Ok(match folder.status()? {
        RunStatus::Finished { summary } => Some(FitOutcome::AlreadyFinished(summary)),
        RunStatus::Running | RunStatus::Interrupted { .. } => None,
    })
}

/// Write the papers of a new run, or make sure that the data of an old one are the same.
fn begin_or_go_on(
    config: &ValidFitConfig,
    run: &Path,
    recording: &Recording,
) -> Result<(), FitError> {
    let found = data_hash(recording)?;
    let Ok(folder) = RunFolder::open(run) else {
        let threads = config.threads.unwrap_or_else(striate_base::machine::threads);
        let config_hash = run::decisive_hash(config)?;
        let provenance = Provenance::new(config.seed, threads, found, config_hash);
        return run::write_new(run, config, &provenance);
    };
    let expected = folder.provenance()?.data_hash;
    if found == expected {
        return Ok(());
    }
    Err(FitError::OtherData { found, expected, path: run.to_owned() })
}

/// A trainer at the first step, or where the newest intact checkpoint stands.
fn prepare<'a>(
    config: &'a ValidFitConfig,
    run: &Path,
    recording: Arc<Recording>,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<Trainer<'a>, FitError> {
    let store = CheckpointStore::open(run, config.fit.checkpoint.keep)?;
    let found = store.newest()?;
    for damaged in &found.damaged {
        progress.note(&format!("set aside, going on from the one before: {damaged}"));
    }
    let sampler = ClipSampler::new(
        &recording,
        SamplerConfig {
            tier: config.fit.train_tier.clone(),
            clip_frames: config.fit.clip_frames,
            clips_per_batch: config.fit.clips_per_batch,
            seed: config.seed,
        },
    )?;
    let twin = match found.checkpoint {
        // Everything that the data or another twin decide is in the checkpoint.
        Some(_) => build(config, &recording, &initial::unseen_starts(&recording, config))?,
        None => start(config, &recording, progress, cancel)?,
    };
    memory::refuse_too_much(config, &recording, &twin, progress)?;
    let saved = found.checkpoint.as_ref().map(|checkpoint| checkpoint.state.clone());
    let kind = saved.as_ref().map_or(StageKind::first(config), |state| state.stage.kind);
    let rules = Rules::new(config, kind, sampler.steps_per_epoch());
    let state = saved.unwrap_or_else(|| TrainState::start(kind, rules.schedule.start()));
    let optimiser = Optimiser::new(&config.fit, kind, &twin)?;
    let n_train = |s: &striate_recording::Session| s.trials_of(&config.fit.train_tier).len();
    let mut trainer = Trainer {
        config,
        n_train: recording.sessions.iter().map(n_train).collect(),
        validation_tier: validation_tier::choose(&recording, &config.fit.validation.tier)?,
        recording,
        sampler,
        twin,
        optimiser,
        best: None,
        rules,
        traces: open_traces(run, store, &state, config)?,
        state,
    };
    trainer.prepare_twin();
    if let Some(checkpoint) = found.checkpoint {
        progress.note(&format!("going on from step {}", checkpoint.state.step));
        trainer.load(checkpoint)?;
    }
    Ok(trainer)
}

fn open_traces(
    run: &Path,
    store: CheckpointStore,
    state: &TrainState,
    config: &ValidFitConfig,
) -> Result<Traces, FitError> {
    Ok(Traces {
        store,
        trackers: Trackers::open(run, state.trackers)?,
        timing: TimingLog::open(run)?,
        config_hash: run::decisive_hash(config)?,
        folder: run.to_owned(),
    })
}

/// The twin as it starts: built from the data, then what another twin hands over.
fn start(
    config: &ValidFitConfig,
    recording: &Recording,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<Twin, FitError> {
    let grid = spec(config, recording).output_grid()?;
    let watch = (progress as &mut dyn Progress, cancel);
    let starts = initial::session_starts(recording, config, &grid, watch)?;
    let mut twin = build(config, recording, &starts)?;
    if let Some(folder) = &config.fit.start_from {
        let n_taken = transfer::take_over(&mut twin, folder)?;
        progress.note(&format!("{n_taken} parameters taken over from {}", folder.display()));
    }
    Ok(twin)
}

fn build(
    config: &ValidFitConfig,
    recording: &Recording,
    starts: &[SessionStart],
) -> Result<Twin, FitError> {
    let streams = Streams::new(config.seed).child("model");
    Ok(Twin::build(spec(config, recording), starts, &streams)?)
}

fn spec(config: &ValidFitConfig, recording: &Recording) -> TwinSpec {
    let first = &recording.sessions[0].info;
    let shape = |session: &striate_recording::Session| SessionShape {
        id: session.info.id.clone(),
        n_neurons: session.info.n_neurons,
        n_behaviour: session.info.n_behaviour,
        has_pupil_center: session.info.has_pupil_center,
    };
    TwinSpec {
        model: config.model.clone(),
        height: first.height,
        width: first.width,
        sessions: recording.sessions.iter().map(shape).collect(),
    }
}

/// Save the twin and say that the run is over.
fn finish(trainer: &Trainer<'_>, run: &Path, ended_by: FitEnd) -> Result<FitOutcome, FitError> {
    trainer.twin.save(run)?;
    let summary = trainer.summary(ended_by);
    run::write_status(run, &RunStatus::Finished { summary: summary.clone() })?;
    Ok(FitOutcome::Finished(summary))
}
