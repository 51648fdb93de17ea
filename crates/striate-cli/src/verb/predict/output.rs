//! Where predictions go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use striate::formats::npz::NpzWriter;
use striate::formats::safetensors::{self, NamedTensor, OwnedTensor};
use striate::formats::{FormatError, npy};
use striate::score::{PredictedTrial, ScoreError};

use crate::failure::Failure;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One NumPy archive.
    Npz,
    /// One file of tensors.
    Safetensors,
    /// A folder of NumPy arrays.
    Folder,
}

impl Format {
    /// What the ending of a name asks for.
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("npz") => Ok(Self::Npz),
            Some("safetensors") => Ok(Self::Safetensors),
            None => Ok(Self::Folder),
            // Names of folders may have dots.
            Some(_) if path.is_dir() || path.as_os_str().to_string_lossy().ends_with('/') => {
                Ok(Self::Folder)
            }
            Some(extension) => Err(Failure::usage(format!(
                "found the ending .{extension}, expected .npz, .safetensors or a folder: {}",
                path.display()
            ))),
        }
    }
}

/// Predictions being written.
pub(super) enum Output {
    Npz(Box<NpzWriter>),
    Safetensors(Vec<OwnedTensor>, PathBuf),
    Folder(PathBuf),
}

impl Output {
    /// Begin.
    pub(super) fn create(format: Format, path: &Path) -> Result<Self, Failure> {
        Ok(match format {
            Format::Npz => Self::Npz(Box::new(NpzWriter::create(path)?)),
            Format::Safetensors => Self::Safetensors(Vec::new(), path.to_owned()),
            Format::Folder => Self::Folder(path.to_owned()),
        })
    }

    /// Write, or keep, one trial.
    pub(super) fn write(&mut self, predicted: &PredictedTrial<'_>) -> Result<(), ScoreError> {
        let session = &predicted.session.info;
        let trial = &session.trials[predicted.trial].id;
        let name = format!("{}/{trial}", session.id);
        let rates = if predicted.samples.is_empty() {
            predicted.rates.view().into_dyn()
        } else {
            predicted.samples.view().into_dyn()
        };
        match self {
            Self::Npz(writer) => writer.write_f32(&name, &rates)?,
            Self::Safetensors(tensors, _) => tensors.push(OwnedTensor {
                name,
                shape: rates.shape().to_vec(),
                values: rates.iter().copied().collect(),
            }),
            Self::Folder(folder) => {
                let folder = folder.join(file_name(&session.id));
                std::fs::create_dir_all(&folder).map_err(|source| ScoreError::Io {
                    doing: "make the folder",
                    source,
                    path: folder.clone(),
                })?;
                npy::write_f32(&folder.join(format!("{}.npy", file_name(trial))), &rates)?;
            }
        }
        Ok(())
    }

    /// Put everything in its place.
    pub(super) fn finish(self) -> Result<(), FormatError> {
        match self {
            Self::Npz(writer) => writer.finish(),
            Self::Folder(_) => Ok(()),
            Self::Safetensors(tensors, path) => {
                let has_samples = tensors.iter().any(|tensor| tensor.shape.len() == 3);
                let axes = if has_samples { "sample, frame, neuron" } else { "frame, neuron" };
                let axes = ("axes".to_owned(), axes.to_owned());
                let named: Vec<NamedTensor<'_>> = tensors
                    .iter()
                    .map(|t| NamedTensor { name: &t.name, shape: &t.shape, values: &t.values })
                    .collect();
                safetensors::write(&path, &named, &BTreeMap::from([axes]))
            }
        }
    }
}

/// An identifier as the name of a file in the folder it is meant for.
fn file_name(id: &str) -> String {
    let name = id.replace(['/', '\\', '\0'], "_");
    if name.is_empty() || name == "." || name == ".." { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_decide() {
        let of = |name: &str| Format::of(Path::new(name)).ok();
        assert_eq!(of("a/b.npz"), Some(Format::Npz));
        assert_eq!(of("b.safetensors"), Some(Format::Safetensors));
        assert_eq!(of("predictions"), Some(Format::Folder));
        assert_eq!(of("run-1.2/"), Some(Format::Folder));
        assert_eq!(of("b.pt"), None);
    }

    #[test]
    fn identifiers_stay_in_the_folder() {
        assert_eq!(file_name("../../etc/passwd"), ".._.._etc_passwd");
        assert_eq!(file_name(".."), "_..");
        assert_eq!(file_name("simulated-1"), "simulated-1");
    }
}
