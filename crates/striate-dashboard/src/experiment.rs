//! An experiment on a session of a twin: `RUN/probe/KIND/session-N.json` and its arrays.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use striate_formats::safetensors::TensorFile;

use crate::library::{EXPERIMENTS, file};
use crate::reply::Refusal;

/// The first axis of what is known of each neuron.
pub(crate) const NEURON: &str = "neuron";

/// End of the name of a standard error.
const ERROR: &str = "_error";

/// Values of an array that is sent at most: 64 MiB.
const MOST_VALUES: usize = 16 << 20;

/// The files of an experiment on a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExperimentFiles<'a> {
    pub(crate) run: &'a Path,
    pub(crate) kind: &'static str,
    /// Its number in the twin.
    pub(crate) session: usize,
}

/// What `striate probe` says of an experiment; what it says beyond this is passed over.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Experiment {
    experiment: String,
    session: String,
    #[serde(default)]
    pub(crate) producer: String,
    #[serde(default)]
    pub(crate) provenance: Provenance,
    #[serde(default)]
    config: serde_json::Value,
    summary: BTreeMap<String, Option<f64>>,
    pub(crate) columns: Vec<Column>,
    /// Numbers of the neurons, in the order of all values.
    pub(crate) neurons: Vec<usize>,
    pub(crate) arrays: Vec<Array>,
}

/// Where the results come from.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Provenance {
    /// Hash of each twin.
    #[serde(default)]
    twins: Vec<String>,
    #[serde(default)]
    data_hash: String,
    seed: Option<u64>,
}

/// One value a neuron.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) unit: String,
    #[serde(default)]
    pub(crate) about: String,
    pub(crate) values: Vec<Option<f64>>,
}

/// An array in the file of tensors.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Array {
    pub(crate) name: String,
    pub(crate) axes: Vec<String>,
    #[serde(default)]
    pub(crate) unit: String,
    #[serde(default)]
    pub(crate) about: String,
}

/// A column at one neuron.
#[derive(Debug, Serialize)]
pub(crate) struct NeuronValue<'a> {
    name: &'a str,
    unit: &'a str,
    about: &'a str,
    value: Option<f64>,
    error: Option<f64>,
}

/// An array at one neuron.
#[derive(Debug, Serialize)]
pub(crate) struct NeuronArray<'a> {
    name: &'a str,
    axes: &'a [String],
    unit: &'a str,
    about: &'a str,
    shape: Vec<usize>,
    /// Where the places along an axis lie, as orientations in degrees.
    scales: BTreeMap<&'a str, Vec<f32>>,
}

impl<'a> ExperimentFiles<'a> {
    /// Those of a kind by its name, where that is known: nothing else becomes part of a path.
    pub(crate) fn named(run: &'a Path, name: &str, session: usize) -> Result<Self, Refusal> {
        let kind = EXPERIMENTS.into_iter().find(|kind| *kind == name);
        Ok(Self { run, kind: kind.ok_or_else(|| Refusal::no("experiment"))?, session })
    }

    /// Folder of the kind.
    pub(crate) fn folder(&self) -> PathBuf {
        self.run.join("probe").join(self.kind)
    }

    /// What the names of the session's files begin with.
    pub(crate) fn stem(&self) -> String {
        format!("session-{}", self.session)
    }

    /// The description.
    pub(crate) fn description(&self) -> PathBuf {
        self.folder().join(self.stem() + ".json")
    }

    /// The arrays.
    pub(crate) fn tensors(&self) -> Result<TensorFile, Refusal> {
        let path = self.folder().join(self.stem() + ".safetensors");
        if !file::is_file(&path) {
            let message = format!("found no file of arrays, expected one: {}", path.display());
            return Err(Refusal::unusable(message));
        }
        Ok(TensorFile::open(&path)?)
    }
}

impl Experiment {
    /// The description at `path`, with a value of every column for each neuron.
    pub(crate) fn read(path: &Path) -> Result<Self, Refusal> {
        let found: Self = file::read_json(path)?;
        let n = found.neurons.len();
        match found.columns.iter().find(|column| column.values.len() != n) {
            None => Ok(found),
            Some(Column { name, values, .. }) => Err(Refusal::unusable(format!(
                "not as expected: column {name}: found {} values, expected {n}, one a neuron: {}",
                values.len(),
                path.display()
            ))),
        }
    }

    /// The place of a neuron among the values.
    pub(crate) fn place(&self, neuron: usize) -> Option<usize> {
        self.neurons.iter().position(|&found| found == neuron)
    }

    /// Columns that are no standard errors of others, each with that where there is one.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&Column, Option<&Column>)> {
        let find = |name: &str| self.columns.iter().find(|column| column.name == name);
        let is_error =
            move |name: &str| name.strip_suffix(ERROR).is_some_and(|of| find(of).is_some());
        self.columns
            .iter()
            .filter(move |column| !is_error(&column.name))
            .map(move |column| (column, find(&format!("{}{ERROR}", column.name))))
    }

    /// All columns at one place.
    pub(crate) fn values_at(&self, place: usize) -> Vec<NeuronValue<'_>> {
        let at = |column: &Column| column.values.get(place).copied().flatten();
        self.columns()
            .map(|(column, error)| NeuronValue {
                name: &column.name,
                unit: &column.unit,
                about: &column.about,
                value: at(column),
                error: error.and_then(at),
            })
            .collect()
    }

    /// All arrays that have a part for each neuron, without that axis.
    pub(crate) fn arrays_at<'a>(&'a self, tensors: &TensorFile) -> Vec<NeuronArray<'a>> {
        let of_neurons = self.arrays.iter().filter(|array| array.is_of_neurons());
        let array = |array: &'a Array| {
            let shape = tensors.shape(&array.name).ok()?;
            let axes = array.axes.get(1..)?;
            Some(NeuronArray {
                name: &array.name,
                axes,
                unit: &array.unit,
                about: &array.about,
                shape: shape.get(1..)?.to_vec(),
                scales: axes
                    .iter()
                    .filter_map(|axis| Some((&**axis, self.scale(axis, tensors)?)))
                    .collect(),
            })
        };
        of_neurons.filter_map(array).collect()
    }

    /// Where the places along an axis lie.
    fn scale(&self, axis: &str, tensors: &TensorFile) -> Option<Vec<f32>> {
        self.arrays.iter().find(|array| array.name == *axis && array.axes == [axis])?;
        let length = *tensors.shape(axis).ok()?.first()?;
        (length <= 100_000).then(|| tensors.read(axis).ok()).flatten().map(|found| found.values)
    }

    /// An array by a name that the experiment itself says.
    pub(crate) fn array(&self, name: &str) -> Result<&Array, Refusal> {
        self.arrays.iter().find(|array| array.name == name).ok_or_else(|| Refusal::no("array"))
    }
}

impl Array {
    pub(crate) fn is_of_neurons(&self) -> bool {
        self.axes.len() > 1 && self.axes[0] == NEURON
    }
}

/// An array, or the part of it at one place of its first axis: its shape and values.
pub(crate) fn part(
    tensors: &TensorFile,
    name: &str,
    place: Option<usize>,
) -> Result<(Vec<usize>, Vec<f32>), Refusal> {
    let shape = tensors.shape(name)?;
    let (shape, first) = match place {
        None => (shape, 0),
        Some(place) => match shape.split_first() {
            Some((&n, rest)) if place < n => (rest, place),
            _ => return Err(Refusal::no("part of the array")),
        },
    };
    let n = shape.iter().try_fold(1usize, |n, &length| n.checked_mul(length));
    let n = n.filter(|&n| n <= MOST_VALUES).ok_or_else(|| {
        Refusal::unusable(format!(
            "the array {shape:?} is too large to send, at most {MOST_VALUES} values"
        ))
    })?;
    let mut values = vec![0.0; n];
    tensors.read_part(name, first * n..(first + 1) * n, &mut values)?;
    Ok((shape.to_vec(), values))
}
