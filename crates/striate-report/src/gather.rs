//! From a finished run and its scores to the contents of a report.

mod examples;
mod scores;

use striate_base::{CancelToken, machine};
use striate_fit::{FitConfig, RunFolder, RunStatus, StageKind};
use striate_model::Twin;
use striate_recording::simulate::Truth;
use striate_recording::{Recording, Session};
use striate_score::latents::LatentAnalysis;
use striate_score::{Scores, TwinPredictor};

use crate::data::{CurvePoint, ReportData};
use crate::error::ReportError;
use scores::MainTier;

/// What a report is made of.
#[derive(Clone, Copy)]
pub struct ReportSources<'a> {
    /// The finished run.
    pub run: &'a RunFolder,
    /// Its configuration.
    pub config: &'a FitConfig,
    /// The recording that it was fitted on.
    pub recording: &'a Recording,
    /// The fitted twin.
    pub twin: &'a Twin,
    /// Scores on the recording: baselines first, the twin last, between them the twin without latents and
    /// under conditions.
    pub scores: &'a [Scores],
    /// What its latents are and what they buy, if that was analysed.
    pub latents: Option<&'a LatentAnalysis>,
    /// What is true of the recording, if it was simulated.
    pub truth: Option<&'a Truth>,
}

/// Gather the contents of a report; the example trials are predicted anew.
///
/// # Errors
/// A run folder or a recording that cannot be read, a twin that does not fit the recording,
/// cancellation.
pub fn gather(
    sources: &ReportSources<'_>,
    cancel: &CancelToken,
) -> Result<ReportData, ReportError> {
    let main = MainTier::of(sources.scores);
    let neurons = match &main {
        Some(main) => scores::neurons(main, sources)?,
        None => Vec::new(),
    };
    let examples = match &main {
        Some(main) => {
            let predictor = TwinPredictor::new(sources.twin, sources.recording)?;
            examples::examples(&neurons, main.tier, sources.recording, &predictor, cancel)?
        }
        None => Vec::new(),
    };
    Ok(ReportData {
        title: title(sources.run),
        facts: facts(sources),
        beside: scores::beside(sources.scores).map(|of| of.predictor.clone()).collect(),
        tiers: scores::tiers(sources.scores),
        curves: curves(sources.run)?,
        neuron_tier: main.map_or_else(String::new, |main| main.tier.to_owned()),
        neuron_metric: scores::METRIC.title().to_owned(),
        neurons,
        stimulus_size: stimulus_size(sources.recording),
        examples,
        latents: sources.latents.cloned(),
        config: sources.config.to_toml().map_err(striate_fit::FitError::from)?,
        provenance: provenance(sources),
        notices: notices(sources.scores),
    })
}

/// The last part of the folder's name.
fn title(run: &RunFolder) -> String {
    let absolute = std::path::absolute(run.path()).unwrap_or_else(|_| run.path().to_owned());
    absolute
        .file_name()
        .map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn facts(sources: &ReportSources<'_>) -> Vec<(String, String)> {
    let sessions = &sources.recording.sessions;
    let n_neurons: usize = sessions.iter().map(|session| session.info.n_neurons).sum();
    let mut facts = vec![
        ("recording", sources.recording.name.clone()),
        ("sessions", sessions.len().to_string()),
        ("neurons", n_neurons.to_string()),
    ];
    facts.extend(sessions.first().map(|session| ("stimulus", stimulus(session))));
    if let Ok(RunStatus::Finished { summary }) = sources.run.status() {
        facts.push(("parameters", summary.n_parameters.to_string()));
        facts.push(("fitted in", format!("{} steps, {} epochs", summary.steps, summary.epochs)));
    }
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn stimulus(session: &Session) -> String {
    let info = &session.info;
    let size = format!("{} x {} px", info.height, info.width);
    match info.frame_rate_hz {
        Some(rate) => format!("{size} at {rate} Hz"),
        None => size,
    }
}

/// Height and width, where all sessions share them.
fn stimulus_size(recording: &Recording) -> Option<[usize; 2]> {
    let mut sizes = recording.sessions.iter().map(|s| [s.info.height, s.info.width]);
    let first = sizes.next()?;
    sizes.all(|size| size == first).then_some(first)
}

fn curves(run: &RunFolder) -> Result<Vec<CurvePoint>, ReportError> {
    if !run.path().join("metrics.jsonl").is_file() {
        return Ok(Vec::new());
    }
    let point = |record: striate_fit::MetricsRecord| CurvePoint {
        epoch: record.epoch as f64,
        loss: record.train_loss,
        validation: record.validation_score,
        learning_rate: record.learning_rate,
        without_latents: record.stage == StageKind::WithoutLatents,
        divergence: record.divergence,
    };
    Ok(run.metrics()?.into_iter().map(point).collect())
}

fn provenance(sources: &ReportSources<'_>) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    if let Ok(made) = sources.run.provenance() {
        lines.extend([
            ("fitted with", format!("striate {}", made.striate)),
            ("command", made.command.join(" ")),
            ("seed", made.seed.to_string()),
            ("started", made.started),
            ("data hash", made.data_hash),
            ("configuration hash", made.config_hash),
            ("processor", format!("{}, {} threads", made.cpu, made.threads)),
            ("operating system", made.os),
        ]);
    }
    lines.push(("reported with", format!("striate {}", env!("CARGO_PKG_VERSION"))));
    lines.push(("reported on", machine::cpu_model()));
    lines.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What the scores refer to, and what could not be scored.
fn notices(scores: &[Scores]) -> Vec<String> {
    let Some(twin) = scores.last() else { return Vec::new() };
    let skipped = twin.skipped.iter().map(|skipped| format!("Not scored: {skipped}."));
    std::iter::once(twin.statement.to_string()).chain(skipped).collect()
}
