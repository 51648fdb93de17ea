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
    let mut text = format!(
        "session {id}: {} trials; {used} of {} latents used, {total:.2} nats per frame in all\n",
        session.n_trials,
        session.divergence_nats.len()
    );
    text += &behaviour(session);
    if !session.gain.is_empty() {
        let mut table = Table::new(&["neurons seen", "correlation", "bits per frame"], 1);
        for point in &session.gain {
            let bits = point.bits.map_or_else(|| "-".to_owned(), |bits| format!("{bits:.3}"));
            table.row(vec![point.n_visible.to_string(), format!("{:.3}", point.correlation), bits]);
        }
        let _ = write!(text, "a quarter of the neurons, predicted\n{}", table.render());
    }
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
    if let Some(truth) = &session.truth {
        let found = truth.canonical_correlations.iter().map(|r| format!("{r:.3}"));
        let _ = writeln!(
            text,
            "truth: correlation with the true latents {}, loadings {:.1} degrees off",
            found.collect::<Vec<_>>().join(", "),
            truth.loading_angle_deg
        );
    }
    text
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
