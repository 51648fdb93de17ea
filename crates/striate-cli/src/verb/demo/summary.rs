//! What a demo ends with: the twin between its baseline and its ceiling, and the positions it found.

use std::path::Path;

use serde_json::json;
use striate::base::machine;
use striate::model::Twin;
use striate::recording::simulate::Truth;
use striate::score::{
    LEAST_CEILING_FOR_POSITIONS, Metric, PositionErrors, Scores, TierScores, readout_positions_px,
    true_positions_px,
};

use crate::failure::Failure;
use crate::progress::duration;
use crate::table::{Table, score};

/// The tier that is looked at.
const TIER: &str = "live_test_main";

/// The demo in numbers; correlations are means over neurons on single trials of the test tier.
pub(super) struct Summary {
    baseline: f64,
    twin: f64,
    /// Of recorded responses with their true expectation given stimulus, eye and state.
    ceiling: f64,
    positions: Option<PositionErrors>,
}

impl Summary {
    pub(super) fn new(twin: &Twin, scores: &[Scores], truth: &Truth) -> Result<Self, Failure> {
        let [baseline, of_twin] = scores else {
            let n = scores.len();
            return Err(Failure::other(format!("found {n} score tables, expected 2")));
        };
        let mut ceilings = Vec::new();
        let (mut found, mut known) = (Vec::new(), Vec::new());
        for session in &truth.sessions {
            let of_session = session.ceilings.get(TIER).map(|of| of.full.clone());
            ceilings.extend(of_session.unwrap_or_default());
            found.extend(readout_positions_px(twin, &session.id)?);
            known.extend(true_positions_px(truth, &session.id).unwrap_or_default());
        }
        let ceiling = ceilings.iter().sum::<f64>() / ceilings.len().max(1) as f64;
        let ceilings: Vec<_> = ceilings.into_iter().map(Some).collect();
        let positions = PositionErrors::of(&found, &known, &ceilings);
        Ok(Self { baseline: mean(baseline)?, twin: mean(of_twin)?, ceiling, positions })
    }

    pub(super) fn text(&self, page: &Path, seconds: f64) -> String {
        let mut table = Table::new(&["", "correlation", "of ceiling"], 1);
        for (name, value) in [
            ("linear-nonlinear baseline", self.baseline),
            ("twin", self.twin),
            ("noise ceiling", self.ceiling),
        ] {
            let of_ceiling = score(Some(value / self.ceiling));
            table.row(vec![name.to_owned(), score(Some(value)), of_ceiling]);
        }
        let positions = match self.positions {
            Some(PositionErrors { median_px, n_neurons }) => format!(
                "receptive fields: median distance to the true centres {median_px:.2} px \
                 ({n_neurons} neurons with a ceiling above {LEAST_CEILING_FOR_POSITIONS})"
            ),
            None => "receptive fields: no neuron responds well enough to tell".to_owned(),
        };
        let peak = machine::format_bytes(machine::peak_memory());
        format!(
            "\n{}\ncorrelation: mean over neurons with single trials of videos never seen before\n\
             {positions}\ntime:        {}, peak memory {peak}\nreport:      {}\n",
            table.render(),
            duration(seconds),
            page.display()
        )
    }

    pub(super) fn json(&self, page: &Path, seconds: f64) -> serde_json::Value {
        json!({
            "twin_fraction_of_ceiling": self.twin / self.ceiling,
            "ln_fraction_of_ceiling": self.baseline / self.ceiling,
            "twin_correlation": self.twin,
            "ln_correlation": self.baseline,
            "ceiling": self.ceiling,
            "rf_position_error_px_median": self.positions.map(|errors| errors.median_px),
            "rf_position_n_neurons": self.positions.map(|errors| errors.n_neurons),
            "seconds": seconds,
            "report": page,
        })
    }
}

fn mean(scores: &Scores) -> Result<f64, Failure> {
    let pooled = |of: &TierScores| of.pooled(Metric::SingleTrialCorrelation);
    let summary = scores.tiers.get(TIER).and_then(pooled);
    summary
        .map(|summary| summary.mean)
        .ok_or_else(|| Failure::other(format!("found no scores on the tier {TIER}, expected some")))
}
