//! The one number that stands for a file of scores.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use striate_score::Summary;

use super::file;

/// The twin's mean single-trial correlation, and the ceiling beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Headline {
    pub(super) score: Option<f64>,
    pub(super) ceiling: Option<f64>,
}

/// The parts of `striate_score::ScoreFile` that are needed; the rest is passed over.
#[derive(Deserialize)]
struct File {
    scores: Vec<Predictor>,
}

#[derive(Deserialize)]
struct Predictor {
    tiers: BTreeMap<String, Tier>,
}

#[derive(Deserialize)]
struct Tier {
    sessions: BTreeMap<String, Session>,
}

#[derive(Deserialize)]
struct Session {
    single_trial_correlation: Vec<Option<f64>>,
    noise_ceiling: Vec<Option<f64>>,
}

impl Tier {
    fn mean(&self, of: fn(&Session) -> &Vec<Option<f64>>) -> Option<f64> {
        Summary::of(self.sessions.values().flat_map(of).copied()).map(|summary| summary.mean)
    }

    fn ceiling(&self) -> Option<f64> {
        self.mean(|session| &session.noise_ceiling)
    }
}

/// Of the twin, which stands last, on the first tier with noise ceilings or else the first: as in a report.
pub(super) fn headline(path: &Path) -> Headline {
    let Ok(file) = file::read_json::<File>(path) else { return Headline::default() };
    let Some(twin) = file.scores.last() else { return Headline::default() };
    let with_ceiling = twin.tiers.values().find(|tier| tier.ceiling().is_some());
    let tier = with_ceiling.or_else(|| twin.tiers.values().next());
    tier.map_or_else(Headline::default, |tier| Headline {
        score: tier.mean(|session| &session.single_trial_correlation),
        ceiling: tier.ceiling(),
    })
}
