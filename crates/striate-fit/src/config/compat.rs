//! Presets: the settings of a twin with latents, all at once.

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::error::ConfigError;

/// Whose settings a twin with latents has where its configuration does not say. Each of them is a key of
/// its own, and is written out in the run folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compat {
    /// A probability density, the evidence lower bound, nothing of the test tiers looked at.
    #[default]
    Proper,
    /// As the released code of Schmidt et al. 2024 (arXiv 2410.16136) does it.
    Released,
}

/// What the released code does, in the parts that the configuration has.
const RELEASED: [(&str, &str); 2] = [
    ("likelihood", "kind = 'zero-inflated-gamma'\nsilent = 'released'\nshape_tiers = 'all'"),
    (
        "latent",
        "kl = 'reversed'\nkl_weight = 5.0\nweights = 'released'\nrescale_at_test = false\n\
         n_samples = 100\nhidden_half = 'first'\nprediction = 'parameters'",
    ),
];

/// What lies between the defaults and what is asked for.
pub(super) fn preset(asked: &Table) -> Result<Table, ConfigError> {
    let compat = match asked.get("compat") {
        None => Compat::Proper,
        Some(value) => value.clone().try_into().map_err(|_| ConfigError::OutOfRange {
            key: "compat".to_owned(),
            found: value.to_string(),
            expected: "\"proper\" or \"released\"".to_owned(),
        })?,
    };
    let mut model = Table::new();
    if compat == Compat::Released {
        for (part, text) in RELEASED {
            let settings: Table = text
                .parse()
                .map_err(|e: toml::de::Error| ConfigError::Syntax { reason: e.to_string() })?;
            let found = asked.get("model").and_then(|model| model.get(part));
            let fits = |found: &Value| found.get("kind") == settings.get("kind");
            if found.is_some_and(fits) {
                model.insert(part.to_owned(), Value::Table(settings));
            }
        }
    }
    let mut table = Table::new();
    table.insert("model".to_owned(), Value::Table(model));
    Ok(table)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use striate_model::LikelihoodConfig;
    use striate_model::latent::{KlKind, WeightsKind};
    use striate_model::likelihood::{ShapeTiers, SilentFrames};

    use super::super::FitConfig;

    fn read(text: &str) -> FitConfig {
        let text = format!("{text}\n[recording]\npath = \"nowhere\"");
        FitConfig::from_toml(&text, Path::new("/"), &[]).unwrap()
    }

    const PARTS: &str = "[model.likelihood]\nkind = \"zero-inflated-gamma\"\n[model.latent]\n";

    #[test]
    fn released_sets_what_is_not_asked_for() {
        let config = read(&format!("compat = \"released\"\n{PARTS}kl_weight = 2.0"));
        let latent = config.model.latent.unwrap();
        assert_eq!((latent.kl, latent.weights), (KlKind::Reversed, WeightsKind::Released));
        assert_eq!((latent.kl_weight, latent.n_samples), (2.0, 100));
        let LikelihoodConfig::ZeroInflatedGamma(likelihood) = config.model.likelihood else {
            panic!("another likelihood")
        };
        assert_eq!(likelihood.silent, SilentFrames::Released);
        assert_eq!(likelihood.shape_tiers, ShapeTiers::All);
    }

    #[test]
    fn parts_that_are_not_there_stay_away() {
        let config = read("compat = \"released\"");
        assert_eq!(config.model, striate_model::ModelConfig::default());
        let proper = read(PARTS).model.latent.unwrap();
        assert_eq!((proper.kl, proper.kl_weight), (KlKind::Proper, 1.0));
        let text = "compat = \"broken\"\n[recording]\npath = \"nowhere\"";
        let refused = FitConfig::from_toml(text, Path::new("/"), &[]).unwrap_err().to_string();
        assert!(refused.contains("`compat` is \"broken\""), "{refused}");
    }
}
