//! What the latents are and what they buy, session by session.

mod behaviour;
mod calibration;
mod gain;
mod loadings;
mod noise;
#[cfg(test)]
pub(super) mod tests;
mod traces;

use striate_score::latents::{LatentAnalysis, SessionLatents, USED};
use striate_score::{GIVEN, WITHOUT_LATENTS};

use super::page::{Page, score};
use crate::data::ReportData;
use crate::figure::{Colour, colour};

/// Sessions shown; the others share the list in words.
const MAX_SESSIONS: usize = 5;

pub(super) fn write(data: &ReportData, page: &mut Page) {
    let Some(analysis) = &data.latents else { return };
    if analysis.sessions.is_empty() {
        return;
    }
    page.section("Latents", &lead(analysis));
    for (id, session) in analysis.sessions.iter().take(MAX_SESSIONS) {
        page.heading(&format!("Session {id}"));
        page.paragraph(&summary(session));
        traces::write(session, page);
        behaviour::write(session, page);
        gain::write(session, page);
        calibration::write(session, page);
        noise::write(session, page);
        loadings::write(session, page);
    }
}

fn lead(analysis: &LatentAnalysis) -> String {
    let mut text = format!(
        "What neurons share that the stimulus does not explain, on the tier \u{201c}{}\u{201d}. The \
         latents are inferred from responses; the sign of each is arbitrary.",
        analysis.tier
    );
    let n_sessions = analysis.sessions.len();
    if n_sessions > MAX_SESSIONS {
        text += &format!(" The first {MAX_SESSIONS} of {n_sessions} sessions are shown.");
    }
    text
}

fn summary(session: &SessionLatents) -> String {
    let order = by_size(session);
    let n_used = order.iter().filter(|latent| latent.is_used).count();
    let mut text = format!(
        "Used: {n_used} of {} latents, those with half a mean square of their posterior means above \
         {USED}. Inferred in {} trials; gain, calibration and noise correlations were found on {} \
         of them.",
        order.len(),
        session.n_trials,
        session.n_trials_judged
    );
    if let Some(truth) = &session.truth {
        let found: Vec<String> =
            truth.canonical_correlations.iter().map(|r| score(Some(*r))).collect();
        text += &format!(
            " The recording was simulated: correlations with its true latents are {}, loadings are {:.1} \
             degrees off.",
            found.join(", "),
            truth.loading_angle_deg
        );
    }
    text
}

/// One latent and its size.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// Place among all latents.
    latent: usize,
    /// Divergence in nats per frame.
    nats: f64,
    is_used: bool,
}

impl Size {
    /// What the reader knows it by.
    fn name(self) -> String {
        format!("latent {}", self.latent + 1)
    }
}

/// All latents, the largest first.
fn by_size(session: &SessionLatents) -> Vec<Size> {
    let used = session.used();
    let size = |(latent, &nats)| Size { latent, nats, is_used: used.contains(&latent) };
    let mut order: Vec<Size> = session.divergence_nats.iter().enumerate().map(size).collect();
    order.sort_by(|a, b| b.nats.total_cmp(&a.nats));
    order
}

/// The colour of a predictor in every figure.
fn colour_of(predictor: &str) -> Colour {
    match predictor {
        WITHOUT_LATENTS => colour::WITHOUT,
        given if given.starts_with(GIVEN) => colour::GIVEN,
        _ => colour::TWIN,
    }
}
