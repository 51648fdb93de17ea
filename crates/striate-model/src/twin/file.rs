//! A twin in a folder: `twin.json` says what to build, `twin.safetensors` holds the numbers.
//!
//! `twin.json` has the format's name and version, the program that wrote it, the BLAKE3 hash of
//! `twin.safetensors`, and the [`TwinSpec`]. The weights are written first: a kill between the two
//! leaves a description whose hash tells that the weights are not its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use striate_base::Streams;
use striate_base::files::write_atomic_bytes;
use striate_base::provenance::hash_bytes;
use striate_formats::safetensors::{self, NamedTensor, OwnedTensor};

use super::{SessionShape, SessionStart, Twin, TwinSpec};
use crate::error::ModelError;
use crate::latent::is_latent;
use crate::parameters::Parameter;

/// Name of the format.
const FORMAT: &str = "striate-twin";

/// Version of the format this build writes, and the newest it reads.
const VERSION: u32 = 1;

const DESCRIPTION: &str = "twin.json";
const WEIGHTS: &str = "twin.safetensors";

/// The contents of `twin.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    format: String,
    version: u32,
    producer: String,
    weights_blake3: String,
    twin: TwinSpec,
}

impl Twin {
    /// Write `twin.safetensors` and `twin.json` into `folder`, each atomically. A twin whose latents take no
    /// part is written without them.
    ///
    /// # Errors
    /// [`ModelError::Io`] or [`ModelError::Format`] with what the file system reports.
    pub fn save(&self, folder: &Path) -> Result<(), ModelError> {
        let weights = folder.join(WEIGHTS);
        let tensors: Vec<NamedTensor<'_>> = self
            .parameters
            .0
            .iter()
            .filter(|p| self.uses_latents || !is_latent(p))
            .map(|p| NamedTensor { name: &p.name, shape: &p.shape, values: &p.values })
            .collect();
        let metadata = BTreeMap::from([("format".to_owned(), FORMAT.to_owned())]);
        safetensors::write(&weights, &tensors, &metadata)?;
        let description = Description {
            format: FORMAT.to_owned(),
            version: VERSION,
            producer: format!("striate {}", env!("CARGO_PKG_VERSION")),
            weights_blake3: hash_bytes(&read(&weights)?),
            twin: self.spec_in_use(),
        };
        let path = folder.join(DESCRIPTION);
        let text = serde_json::to_string_pretty(&description)
            .map_err(|e| ModelError::Description { reason: e.to_string(), path: path.clone() })?;
        write_atomic_bytes(&path, text.as_bytes()).map_err(|source| ModelError::Io {
            doing: "cannot write",
            source,
            path,
        })
    }

    fn spec_in_use(&self) -> TwinSpec {
        let mut spec = self.spec.clone();
        spec.model.latent = spec.model.latent.filter(|_| self.uses_latents);
        spec
    }

    /// Read the twin saved in `folder`.
    ///
    /// # Errors
    /// [`ModelError`] for files that are missing, damaged, newer than this build, or do not belong
    /// together.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        let description = read_description(&folder.join(DESCRIPTION))?;
        let path = folder.join(WEIGHTS);
        let found = hash_bytes(&read(&path)?);
        if found != description.weights_blake3 {
            let expected = description.weights_blake3;
            return Err(ModelError::Weights {
                what: "BLAKE3 hash".to_owned(),
                found,
                expected,
                path,
            });
        }
        let (tensors, _) = safetensors::read(&path)?;
        let mut tensors: BTreeMap<String, OwnedTensor> =
            tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
        let starts: Vec<SessionStart> =
            description.twin.sessions.iter().map(|session| start_of(session, &tensors)).collect();
        // What is drawn here is overwritten by what was saved.
        let mut twin = Self::build(description.twin, &starts, &Streams::new(0))?;
        for parameter in &mut twin.parameters.0 {
            take(parameter, &mut tensors, &path)?;
        }
        match tensors.into_keys().next() {
            None => Ok(twin),
            Some(name) => Err(ModelError::Weights {
                what: "tensors".to_owned(),
                found: format!("`{name}`"),
                expected: "none of that name".to_owned(),
                path,
            }),
        }
    }
}

/// A start that makes the parts of the session that the saved tensors fill.
fn start_of(session: &SessionShape, tensors: &BTreeMap<String, OwnedTensor>) -> SessionStart {
    let coordinates = tensors.get(&format!("readout.{}.coordinates", session.id));
    let cortex = tensors.get(&format!("loadings.{}.positions", session.id));
    SessionStart {
        mean_response: vec![0.0; session.n_neurons],
        positions: None,
        active: None,
        coordinates: coordinates
            .map(|tensor| tensor.values.chunks_exact(2).map(|c| [c[0], c[1]]).collect()),
        cortex: cortex
            .map(|tensor| tensor.values.chunks_exact(3).map(|c| [c[0], c[1], c[2]]).collect()),
    }
}

fn take(
    parameter: &mut Parameter,
    tensors: &mut BTreeMap<String, OwnedTensor>,
    path: &Path,
) -> Result<(), ModelError> {
    let saved = tensors.remove(&parameter.name);
    match saved {
        Some(saved) if saved.shape == parameter.shape => {
            parameter.values = saved.values;
            Ok(())
        }
        other => Err(ModelError::Weights {
            what: format!("tensor `{}`", parameter.name),
            found: other.map_or("none".to_owned(), |tensor| format!("shape {:?}", tensor.shape)),
            expected: format!("shape {:?}", parameter.shape),
            path: path.to_owned(),
        }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    fs::read(path).map_err(|source| ModelError::Io {
        doing: "cannot read",
        source,
        path: path.to_owned(),
    })
}

fn read_description(path: &Path) -> Result<Description, ModelError> {
    let not_understood = |reason: String| ModelError::Description { reason, path: path.to_owned() };
    let value: Value =
        serde_json::from_slice(&read(path)?).map_err(|e| not_understood(e.to_string()))?;
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or("nothing").to_owned();
    if text("format") != FORMAT {
        return Err(not_understood(format!("format is {}, expected {FORMAT}", text("format"))));
    }
    let version = value.get("version").and_then(Value::as_u64).unwrap_or(0);
    if version > u64::from(VERSION) {
        return Err(ModelError::Newer {
            found: u32::try_from(version).unwrap_or(u32::MAX),
            expected: VERSION,
            producer: text("producer"),
            path: path.to_owned(),
        });
    }
    serde_json::from_value(value).map_err(|e| not_understood(e.to_string()))
}
