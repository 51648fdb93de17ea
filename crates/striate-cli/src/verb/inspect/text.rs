//! An inspection in words.

use std::fmt::Write;

use striate::recording::{
    Inspection, NeuronSummary, Recording, Session, SessionInspection, Severity, StimulusKind,
    TierInspection,
};

use crate::table::{Table, score};

/// Warnings shown of each session; JSON has them all.
const MOST_WARNINGS: usize = 20;

/// One line on a session.
pub(super) fn facts(session: &Session) -> String {
    let info = &session.info;
    let kind = match info.kind {
        StimulusKind::Image => "images",
        StimulusKind::Video => "video",
    };
    let rate = info.frame_rate_hz.map_or(String::new(), |rate| format!(" at {rate} Hz"));
    let behaviour = match info.n_behaviour {
        0 => String::new(),
        n => format!(", {n} behaviour traces"),
    };
    let pupil = if info.has_pupil_center { ", pupil position" } else { "" };
    let place = if info.neuron_coordinates.is_some() { ", coordinates" } else { "" };
    format!(
        "{} neurons{place}, {} trials, {kind}{rate}, {} x {} pixels (height x width){behaviour}{pupil}",
        info.n_neurons,
        info.trials.len(),
        info.height,
        info.width
    )
}

/// Everything that is found.
pub(super) fn describe(recording: &Recording, found: &Inspection) -> String {
    let n_sessions = found.sessions.len();
    let noun = if n_sessions == 1 { "session" } else { "sessions" };
    let mut text = format!("recording {}: {n_sessions} {noun}\n", found.name);
    for (session, inspected) in recording.sessions.iter().zip(&found.sessions) {
        let _ = write!(text, "\n{}: {}\n", inspected.id, facts(session));
        text += &tiers(inspected).render();
        text += &values(inspected);
        text += &ceiling(inspected);
        text += &warnings(inspected);
    }
    text
}

fn tiers(session: &SessionInspection) -> Table {
    let headings = ["tier", "trials", "with responses", "frames a trial", "frames", "repeated"];
    let mut table = Table::new(&headings, 1);
    for (name, tier) in &session.tiers {
        table.row(vec![
            name.clone(),
            tier.n_trials.to_string(),
            tier.n_trials_with_responses.to_string(),
            range(tier.shortest_trial, tier.longest_trial),
            tier.n_frames.to_string(),
            repeats(tier),
        ]);
    }
    table
}

fn repeats(tier: &TierInspection) -> String {
    match (tier.fewest_repeats, tier.most_repeats) {
        (Some(fewest), Some(most)) => {
            format!("{} stimuli x {}", tier.n_repeated_stimuli, range(fewest, most))
        }
        _ => "-".into(),
    }
}

fn range(low: usize, high: usize) -> String {
    if low == high { low.to_string() } else { format!("{low} to {high}") }
}

fn values(session: &SessionInspection) -> String {
    let stimulus = &session.stimulus;
    let read = match session.n_trials_read {
        n if n == session.n_trials => "all trials were read".to_owned(),
        n => format!("{n} of {} trials were read", session.n_trials),
    };
    let rate = session.mean_rate_hz.map_or(String::new(), |rate| format!(" ({rate:.2} Hz)"));
    let silent = share(&session.neurons);
    format!(
        "stimulus:  {:.4} to {:.4}, mean {:.4}, standard deviation {:.4}, {} missing; {read}\n\
         responses: mean {:.4}{rate}, {:.1} % exactly 0, {} missing; normalisation: {}\n\
         behaviour: {} missing; pupil: {} missing\n",
        stimulus.min,
        stimulus.max,
        stimulus.mean,
        stimulus.std,
        stimulus.n_missing,
        session.mean_response,
        100.0 * silent,
        session.n_missing_responses,
        session.response_normalisation,
        session.n_missing_behaviour,
        session.n_missing_pupil,
    )
}

/// Share of responses that are 0, mean over neurons.
fn share(neurons: &[NeuronSummary]) -> f64 {
    let sum: f64 = neurons.iter().map(|neuron| neuron.zero_fraction).sum();
    sum / neurons.len().max(1) as f64
}

fn ceiling(session: &SessionInspection) -> String {
    match &session.ceiling {
        None => "ceiling:   none, no stimulus was repeated\n".into(),
        Some(ceiling) => format!(
            "ceiling:   single trial mean {}, median {}; to average {}; {} of the variance is \
             explainable (from {} repeated frames or images)\n",
            score(Some(ceiling.mean)),
            score(Some(ceiling.median)),
            score(Some(ceiling.mean_to_average)),
            score(Some(ceiling.mean_explainable)),
            ceiling.n_stimuli
        ),
    }
}

fn warnings(session: &SessionInspection) -> String {
    let mut text = String::new();
    for warning in session.warnings.iter().take(MOST_WARNINGS) {
        let severity = match warning.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let _ = writeln!(text, "{severity}: {}", warning.message);
    }
    let more = session.warnings.len().saturating_sub(MOST_WARNINGS);
    if more > 0 {
        let _ = writeln!(text, "and {more} more (--json has all)");
    }
    text
}
