//! What long experiments keep, so that a stopped one goes on where it stood.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use striate_base::provenance::hash_bytes;
use striate_formats::safetensors::{self, NamedTensor, OwnedTensor};

use crate::error::InsilicoError;

/// Named arrays of one part of an experiment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part(pub(crate) Vec<OwnedTensor>);

impl Part {
    /// Add an array.
    pub(crate) fn push(&mut self, name: &str, shape: &[usize], values: Vec<f32>) {
        self.0.push(OwnedTensor { name: name.to_owned(), shape: shape.to_vec(), values });
    }

    /// The array of that name.
    ///
    /// # Errors
    /// [`InsilicoError::Mismatch`] where there is none.
    pub(crate) fn take(&mut self, name: &str) -> Result<OwnedTensor, InsilicoError> {
        let found = self.0.iter().position(|tensor| tensor.name == name);
        let Some(place) = found else {
            return Err(InsilicoError::mismatch(
                format!("array `{name}` of a part"),
                "none",
                "one",
            ));
        };
        Ok(self.0.swap_remove(place))
    }
}

/// A folder of finished parts, or nothing where none are kept.
///
/// Parts belong to what made them: those of other settings, twins, seeds or versions are not read.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    folder: Option<PathBuf>,
    made_by: String,
    /// What names of files begin with.
    prefix: String,
}

impl Parts {
    /// Keep nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Keep parts in `folder`; `made_by` is everything that decides what they hold.
    pub fn in_folder(folder: &Path, made_by: &impl Serialize) -> Self {
        let text = serde_json::to_vec(&(env!("CARGO_PKG_VERSION"), made_by)).unwrap_or_default();
        Self { folder: Some(folder.to_owned()), made_by: hash_bytes(&text), prefix: String::new() }
    }

    /// The same folder for the parts of one of several twins.
    pub(crate) fn of_twin(&self, number: usize) -> Self {
        Self { prefix: format!("{}twin-{number}-", self.prefix), ..self.clone() }
    }

    /// A finished part, or the work that makes it, kept.
    ///
    /// # Errors
    /// What the work and the file system report.
    pub(crate) fn finished_or(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Part, InsilicoError>,
    ) -> Result<Part, InsilicoError> {
        if let Some(part) = self.read(name) {
            return Ok(part);
        }
        let part = make()?;
        self.write(name, &part)?;
        Ok(part)
    }

    /// A finished part; `None` where there is none, or one of something else, or a broken one.
    pub(crate) fn read(&self, name: &str) -> Option<Part> {
        let path = self.path(name)?;
        let (tensors, metadata) = safetensors::read(&path).ok()?;
        (metadata.get(MADE_BY) == Some(&self.made_by)).then_some(Part(tensors))
    }

    /// Keep a finished part.
    ///
    /// # Errors
    /// What the file system reports.
    pub(crate) fn write(&self, name: &str, part: &Part) -> Result<(), InsilicoError> {
        let (Some(path), Some(folder)) = (self.path(name), &self.folder) else { return Ok(()) };
        std::fs::create_dir_all(folder).map_err(|source| InsilicoError::Io {
            doing: "make the folder",
            source,
            path: folder.clone(),
        })?;
        let tensors: Vec<NamedTensor<'_>> = part
            .0
            .iter()
            .map(|t| NamedTensor { name: &t.name, shape: &t.shape, values: &t.values })
            .collect();
        let metadata = BTreeMap::from([(MADE_BY.to_owned(), self.made_by.clone())]);
        Ok(safetensors::write(&path, &tensors, &metadata)?)
    }

    /// Remove all parts: the experiment is written.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn remove(&self) -> Result<(), InsilicoError> {
        let Some(folder) = self.folder.as_ref().filter(|folder| folder.is_dir()) else {
            return Ok(());
        };
        std::fs::remove_dir_all(folder).map_err(|source| InsilicoError::Io {
            doing: "remove the folder",
            source,
            path: folder.clone(),
        })
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("{}{name}.safetensors", self.prefix)))
    }
}

/// Key of the hash of what made a part.
const MADE_BY: &str = "made_by";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_to_those_who_made_them() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("parts");
        let parts = Parts::in_folder(&inside, &("settings", 1));
        assert!(parts.read("batch-0").is_none());
        let mut part = Part::default();
        part.push("response", &[2, 1], vec![1.0, f32::NAN]);
        parts.write("batch-0", &part).unwrap();
        let mut found = parts.read("batch-0").unwrap();
        assert_eq!(found.take("response").unwrap().shape, [2, 1]);
        assert!(found.take("response").is_err());
        assert!(Parts::in_folder(&inside, &("settings", 2)).read("batch-0").is_none());
        std::fs::write(inside.join("batch-1.safetensors"), b"torn").unwrap();
        assert!(parts.read("batch-1").is_none());
        parts.remove().unwrap();
        assert!(!inside.exists());
        Parts::none().write("batch-0", &part).unwrap();
    }
}
