//! What the files of a submission are called.

use serde::{Deserialize, Serialize};
use striate_recording::StimulusKind;

/// Names of Sensorium 2023 files: its official writer and its server disagree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameScheme {
    /// `predictions_live_main.parquet.brotli`: what the server takes (each in a zip of that name).
    #[default]
    Server,
    /// `predictions_file_live_test_main_track.parquet.brotli`: what the official kit writes.
    OfficialWriter,
}

/// The file of one tier.
pub(super) fn file_name(kind: StimulusKind, tier: &str, names: NameScheme) -> String {
    match kind {
        // The 2022 kit calls the tier `test` live.
        StimulusKind::Image if tier == "test" => "submission_file_live_test.csv".to_owned(),
        StimulusKind::Image => format!("submission_file_{tier}.csv"),
        StimulusKind::Video => video_file_name(tier, names),
    }
}

fn video_file_name(tier: &str, names: NameScheme) -> String {
    let (stage, track) = match tier.rsplit_once('_') {
        Some((stage, track @ ("main" | "bonus"))) => (stage, track),
        _ => (tier, "main"),
    };
    match names {
        NameScheme::OfficialWriter => {
            format!("predictions_file_{stage}_{track}_track.parquet.brotli")
        }
        NameScheme::Server => {
            let stage = stage.strip_suffix("_test").unwrap_or(stage);
            format!("predictions_{stage}_{track}.parquet.brotli")
        }
    }
}

/// Whether a tier is one that benchmarks ask predictions for.
pub(super) fn is_test_tier(tier: &str) -> bool {
    tier == "test" || tier.starts_with("final_test") || tier.starts_with("live_test")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes() {
        let name = |tier, names| file_name(StimulusKind::Video, tier, names);
        let server = NameScheme::Server;
        assert_eq!(name("live_test_main", server), "predictions_live_main.parquet.brotli");
        assert_eq!(name("final_test_bonus", server), "predictions_final_bonus.parquet.brotli");
        assert_eq!(name("oracle", server), "predictions_oracle_main.parquet.brotli");
        assert_eq!(
            name("live_test_main", NameScheme::OfficialWriter),
            "predictions_file_live_test_main_track.parquet.brotli"
        );
        let image = |tier| file_name(StimulusKind::Image, tier, server);
        assert_eq!(image("test"), "submission_file_live_test.csv");
        assert_eq!(image("final_test"), "submission_file_final_test.csv");
    }
}
