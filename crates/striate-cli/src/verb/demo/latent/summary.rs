//! What the demo of latents ends with.

use std::path::Path;

use serde_json::json;
use striate::base::machine;
use striate::score::latents::{LatentAnalysis, TruthComparison};
use striate::score::{GIVEN, Metric, Scores, WITHOUT_LATENTS};

use crate::failure::Failure;
use crate::progress::duration;
use crate::table::Table;

/// The demo in numbers, all of the test tier.
pub(super) struct Summary {
    rows: [Row; 3],
    comparison: TruthComparison,
    /// Held-out correlation of each trace of behaviour that follows latents.
    behaviour: Vec<(String, f64, f64)>,
    n_used: usize,
    /// Of the twin that sees half of the neurons.
    calibration_error: Option<f64>,
}

/// Means over neurons.
struct Row {
    name: String,
    correlation: f64,
    bits: f64,
}

impl Summary {
    pub(super) fn new(scores: &[Scores], analysis: &LatentAnalysis) -> Result<Self, Failure> {
        let tier = analysis.tier.as_str();
        let found = analysis.sessions.values().next();
        let found =
            found.ok_or_else(|| Failure::other("found no session, expected one".to_owned()))?;
        // Without a latent in use there is nothing to compare: nothing was found.
        let nothing =
            TruthComparison { loading_angle_deg: 90.0, canonical_correlations: vec![0.0] };
        let row = |is_wanted: &dyn Fn(&str) -> bool| {
            let scores = scores.iter().find(|scores| is_wanted(&scores.predictor));
            let mean = |metric: Metric| Some(scores?.tiers.get(tier)?.pooled(metric)?.mean);
            let all = (mean(Metric::SingleTrialCorrelation), mean(Metric::BitsDensity));
            let (Some(scores), (Some(correlation), Some(bits))) = (scores, all) else {
                let reason = format!("found no scores on the tier {tier}, expected some");
                return Err(Failure::other(reason));
            };
            Ok(Row { name: scores.predictor.clone(), correlation, bits })
        };
        let curves = found.calibration.iter().flat_map(|calibration| &calibration.curves);
        let mut curves = curves.filter(|curve| curve.name.starts_with(GIVEN));
        // Pupil dilation and running: the eye moves for itself.
        let behaviour = found.behaviour.iter().filter(|link| link.name.starts_with("behaviour"));
        let behaviour = behaviour.map(|link| (link.name.clone(), link.blocked, link.control_95));
        Ok(Self {
            rows: [
                row(&|name| name == WITHOUT_LATENTS)?,
                row(&|name| name == "twin")?,
                row(&|name| name.starts_with(GIVEN))?,
            ],
            comparison: found.truth.clone().unwrap_or(nothing),
            behaviour: behaviour.collect(),
            n_used: found.used().len(),
            calibration_error: curves.next().map(|curve| curve.error),
        })
    }

    /// The smallest canonical correlation with the true latents.
    fn latent_cca(&self) -> f64 {
        self.comparison.canonical_correlations.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The smallest over traces.
    fn behaviour_cca(&self) -> f64 {
        self.behaviour.iter().map(|(_, blocked, _)| *blocked).fold(f64::INFINITY, f64::min)
    }

    pub(super) fn text(&self, page: &Path, seconds: f64) -> String {
        let mut table = Table::new(&["", "correlation", "bits per neuron and frame"], 1);
        for Row { name, correlation, bits } in &self.rows {
            table.row(vec![name.clone(), format!("{correlation:.3}"), format!("{bits:.3}")]);
        }
        let found: Vec<String> =
            self.comparison.canonical_correlations.iter().map(|r| format!("{r:.3}")).collect();
        let behaviour: Vec<String> = self
            .behaviour
            .iter()
            .map(|(name, blocked, control)| {
                format!("{name} {blocked:.3} (by accident {control:.3})")
            })
            .collect();
        let calibration =
            self.calibration_error.map_or_else(|| "-".to_owned(), |error| format!("{error:.3}"));
        let peak = machine::format_bytes(machine::peak_memory());
        format!(
            "\n{}\nlatents:     {} used; correlation with the true ones {}, loadings {:.1} degrees off\n\
             behaviour:   read from the latents, which never saw it: {}\n\
             calibration: error {calibration} given half\n\
             time:        {}, peak memory {peak}\nreport:      {}\n",
            table.render(),
            self.n_used,
            found.join(", "),
            self.comparison.loading_angle_deg,
            behaviour.join(", "),
            duration(seconds),
            page.display()
        )
    }

    pub(super) fn json(&self, page: &Path, seconds: f64) -> serde_json::Value {
        let [without, prior, conditioned] = &self.rows;
        json!({
            "loading_angle_deg": self.comparison.loading_angle_deg,
            "latent_cca": self.latent_cca(),
            "latent_cca_components": self.comparison.canonical_correlations,
            "n_latents_used": self.n_used,
            "behaviour_cca_blocked": self.behaviour_cca(),
            "without_latents_correlation": without.correlation,
            "prior_correlation": prior.correlation,
            "conditioned_correlation": conditioned.correlation,
            "bits_gain_over_video_only": prior.bits - without.bits,
            "conditioned_bits_gain_over_video_only": conditioned.bits - without.bits,
            "calibration_error": self.calibration_error,
            "seconds": seconds,
            "report": page,
        })
    }
}
