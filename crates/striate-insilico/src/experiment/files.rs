//! The files of an experiment.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};
use striate_base::files::write_atomic;
use striate_formats::safetensors::{self, NamedTensor, TensorFile};

use super::{Column, Experiment, NamedArray, Origin};
use crate::error::InsilicoError;
use crate::feature_visualisation::KIND as FEATURES;

/// Largest description read: a hundred columns of a hundred thousand neurons.
const LARGEST_DESCRIPTION: u64 = 256 << 20;

/// Version of the files this code writes.
const FORMAT_VERSION: u32 = 1;

/// The description beside the arrays.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    format_version: u32,
    producer: String,
    experiment: String,
    session: String,
    provenance: Origin,
    config: serde_json::Value,
    summary: BTreeMap<String, f64>,
    columns: Vec<Column>,
    neurons: Vec<usize>,
    arrays: Vec<ArrayDescription>,
}

/// What is read first: other versions may have other keys.
#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArrayDescription {
    name: String,
    axes: Vec<String>,
    unit: String,
    about: String,
}

impl Experiment {
    /// Write `STEM.safetensors`, `STEM.csv` and, last, `STEM.json`, into a folder that is made where it
    /// is missing. A description that is there is removed first.
    ///
    /// # Errors
    /// [`InsilicoError::Io`] and [`InsilicoError::Format`] for whatever the file system reports.
    pub fn write(&self, folder: &Path, stem: &str) -> Result<(), InsilicoError> {
        let io = |doing, path: &Path| {
            let path = path.to_owned();
            move |source| InsilicoError::Io { doing, source, path }
        };
        std::fs::create_dir_all(folder).map_err(io("make the folder", folder))?;
        Self::forget(folder, stem)?;
        self.write_arrays(&folder.join(format!("{stem}.safetensors")))?;
        let table = folder.join(format!("{stem}.csv"));
        write_atomic(&table, |file| file.write_all(self.table().as_bytes()))
            .map_err(io("write the table", &table))?;
        let path = folder.join(format!("{stem}.json"));
        let text = serde_json::to_vec(&self.description())
            .map_err(|e| InsilicoError::Corrupt { reason: e.to_string(), path: path.clone() })?;
        write_atomic(&path, |file| file.write_all(&text)).map_err(io("write the file", &path))
    }

    fn write_arrays(&self, path: &Path) -> Result<(), InsilicoError> {
        let standard: Vec<_> = self.arrays.iter().map(|a| a.values.as_standard_layout()).collect();
        let mut tensors = Vec::new();
        let lengths: Vec<[usize; 1]> = self.scales.iter().map(|s| [s.places.len()]).collect();
        for (scale, shape) in self.scales.iter().zip(&lengths) {
            tensors.push(NamedTensor { name: &scale.name, shape, values: &scale.places });
        }
        for (array, values) in self.arrays.iter().zip(&standard) {
            let (name, shape) = (array.name.as_str(), array.values.shape());
            tensors.push(NamedTensor {
                name,
                shape,
                values: values.as_slice().unwrap_or_default(),
            });
        }
        Ok(safetensors::write(path, &tensors, &BTreeMap::new())?)
    }

    /// Remove the description of results that are to be replaced, if there is one: without it they are none.
    ///
    /// # Errors
    /// [`InsilicoError::Io`] for whatever the file system reports.
    pub fn forget(folder: &Path, stem: &str) -> Result<(), InsilicoError> {
        let path = folder.join(format!("{stem}.json"));
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(InsilicoError::Io { doing: "remove the file", source: error, path })
            }
            _ => Ok(()),
        }
    }

    /// Read what [`Experiment::write`] wrote.
    ///
    /// # Errors
    /// [`InsilicoError::Io`], [`InsilicoError::Format`] and [`InsilicoError::Corrupt`] for files that are not
    /// there, or not of an experiment; [`InsilicoError::Mismatch`] for those of another version.
    pub fn read(folder: &Path, stem: &str) -> Result<Self, InsilicoError> {
        let path = folder.join(format!("{stem}.json"));
        let corrupt = |reason: String| InsilicoError::Corrupt { reason, path: path.clone() };
        let io = |source| InsilicoError::Io { doing: "read the file", source, path: path.clone() };
        let length = std::fs::metadata(&path).map_err(io)?.len();
        if length > LARGEST_DESCRIPTION {
            let expected = format!("expected at most {LARGEST_DESCRIPTION}");
            return Err(corrupt(format!("found {length} bytes, {expected}")));
        }
        let text = std::fs::read(&path).map_err(io)?;
        let Version { format_version } =
            serde_json::from_slice(&text).map_err(|error| corrupt(error.to_string()))?;
        if format_version != FORMAT_VERSION {
            let what = format!("version of {}", path.display());
            return Err(InsilicoError::mismatch(what, format_version, FORMAT_VERSION));
        }
        let found: Description =
            serde_json::from_slice(&text).map_err(|error| corrupt(error.to_string()))?;
        let tensors = TensorFile::open(&folder.join(format!("{stem}.safetensors")))?;
        let mut experiment = Self {
            kind: found.experiment,
            session: found.session,
            origin: found.provenance,
            config: found.config,
            summary: found.summary,
            neurons: found.neurons,
            columns: found.columns,
            ..Self::default()
        };
        for ArrayDescription { name, axes, unit, about } in found.arrays {
            let tensor = tensors.read(&name)?;
            if axes == [name.as_str()] {
                experiment.scale(&name, tensor.values);
                continue;
            }
            let values = ArrayD::from_shape_vec(IxDyn(&tensor.shape), tensor.values);
            let values = values.map_err(|error| corrupt(format!("array {name}: {error}")))?;
            experiment.arrays.push(NamedArray { name, axes, unit, about, values });
        }
        Ok(experiment)
    }

    fn description(&self) -> Description {
        let scales = self.scales.iter().map(|scale| ArrayDescription {
            name: scale.name.clone(),
            axes: vec![scale.name.clone()],
            unit: String::new(),
            about: "places along the axis".into(),
        });
        let arrays = self.arrays.iter().map(|array| ArrayDescription {
            name: array.name.clone(),
            axes: array.axes.clone(),
            unit: array.unit.clone(),
            about: array.about.clone(),
        });
        Description {
            format_version: FORMAT_VERSION,
            producer: format!("striate {}", env!("CARGO_PKG_VERSION")),
            experiment: self.kind.clone(),
            session: self.session.clone(),
            provenance: self.origin.clone(),
            config: self.config.clone(),
            summary: self.summary.clone(),
            columns: self.columns.clone(),
            neurons: self.neurons.clone(),
            arrays: scales.chain(arrays).collect(),
        }
    }

    /// Columns as comma-separated values, one line a neuron, or a channel of the core.
    fn table(&self) -> String {
        let row = if self.kind == FEATURES { "channel" } else { "neuron" };
        let names: String = self.columns.iter().map(|column| format!(",{}", column.name)).collect();
        let mut text = format!("{row}{names}\n");
        for (row, neuron) in self.neurons.iter().enumerate() {
            text.push_str(&neuron.to_string());
            for column in &self.columns {
                let value = column.values.get(row).copied().flatten();
                text.push_str(&value.map_or(",".into(), |value| format!(",{value}")));
            }
            text.push('\n');
        }
        text
    }
}
