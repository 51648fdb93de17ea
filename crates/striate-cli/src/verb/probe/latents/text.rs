//! An analysis in words.

use std::fmt::Write;

use striate::score::latents::{LatentAnalysis, SessionLatents};

use crate::table::Table;

pub(super) fn of(analysis: &LatentAnalysis) -> String {
    let mut text = format!("latents on the tier {}\n", analysis.tier);
    for (id, session) in &analysis.sessions {
        let _ = write!(text, "\n{}", of_session(id, session));
    }
    text
}

fn of_session(id: &str, session: &SessionLatents) -> String {
    let used = session.used().len();
    let total: f64 = session.divergence_nats.iter().sum();
    let (n_trials, n_latents) = (session.n_trials, session.divergence_nats.len());
    format!(
        "session {id}: {n_trials} trials; {used} of {n_latents} latents used, {total:.2} nats per frame in \
         all\n{}{}{}{}",
        behaviour(session),
        gain(session),
        distributions(session),
        truth(session)
    )
}

/// A quarter of the neurons, predicted while more and more of the others are seen.
fn gain(session: &SessionLatents) -> String {
    if session.gain.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["neurons seen", "correlation", "bits per frame"], 1);
    for point in &session.gain {
        let bits = point.bits.map_or_else(|| "-".to_owned(), |bits| format!("{bits:.3}"));
        table.row(vec![point.n_visible.to_string(), format!("{:.3}", point.correlation), bits]);
    }
    format!("a quarter of the neurons, predicted\n{}", table.render())
}

/// Calibration, noise correlations and the joint likelihood.
fn distributions(session: &SessionLatents) -> String {
    let mut text = String::new();
    for curve in session.calibration.iter().flat_map(|calibration| &calibration.curves) {
        let coverage: Vec<String> =
            curve.coverage.iter().map(|[i, c]| format!("{c:.3} in {:.0} %", 100.0 * i)).collect();
        let (name, error) = (&curve.name, curve.error);
        let _ = writeln!(text, "calibration error of {name}: {error:.3} ({})", coverage.join(", "));
    }
    if let Some(noise) = &session.noise_correlations {
        let (recorded, twin) = (noise.recorded_mean, noise.twin_mean);
        let _ = writeln!(
            text,
            "noise correlations: mean {recorded:.3} recorded, {twin:.3} in the twin; agreement over {} \
             pairs {:.3}",
            noise.n_pairs, noise.agreement
        );
    }
    if let Some(joint) = &session.joint {
        let alone =
            joint.independent_bits.map_or(String::new(), |bits| format!(", {bits:.4} alone"));
        let _ = writeln!(
            text,
            "joint log-likelihood: {:.4} +- {:.4} bits per neuron and frame{alone} ({:.1} of {} samples \
             effective)",
            joint.bits, joint.standard_error, joint.effective_samples, joint.n_samples
        );
    }
    text
}

fn truth(session: &SessionLatents) -> String {
    let Some(truth) = &session.truth else { return String::new() };
    let found: Vec<String> =
        truth.canonical_correlations.iter().map(|r| format!("{r:.3}")).collect();
    format!(
        "truth: correlation with the true latents {}, loadings {:.1} degrees off\n",
        found.join(", "),
        truth.loading_angle_deg
    )
}

fn behaviour(session: &SessionLatents) -> String {
    if session.behaviour.is_empty() {
        let reason = session.behaviour_missing.as_deref().unwrap_or("no trace");
        return format!("behaviour: {reason}\n");
    }
    let header = ["behaviour", "folds of trials", "folds of frames", "shifted, 95 %", "p"];
    let mut table = Table::new(&header, 1);
    for link in &session.behaviour {
        let numbers = [link.blocked, link.shuffled, link.control_95, link.p_value];
        let cells = numbers.iter().map(|number| format!("{number:.3}"));
        table.row(std::iter::once(link.name.clone()).chain(cells).collect());
    }
    table.render()
}
