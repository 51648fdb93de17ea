//! An experiment on a session of a twin: `RUN/probe/KIND/session-N.json` and its arrays.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use striate_formats::safetensors::TensorFile;

use crate::library::EXPERIMENTS;
use crate::reply::Refusal;

/// The first axis of what is known of each neuron.
pub(crate) const NEURON: &str = "neuron";

/// End of the name of a standard error.
const ERROR: &str = "_error";

/// Values of an array that is sent at most: 64 MiB.
const MOST_VALUES: usize = 16 << 20;

/// What `striate probe` says of an experiment; what it says beyond this is passed over.
#[derive(Debug, Deserialize)]
pub(crate) struct Experiment {
    #[serde(default)]
    pub(crate) columns: Vec<Column>,
    /// Numbers of the neurons, in the order of all values.
    #[serde(default)]
    pub(crate) neurons: Vec<usize>,
    #[serde(default)]
    pub(crate) arrays: Vec<Array>,
}

/// One value a neuron.
#[derive(Debug, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) unit: String,
    #[serde(default)]
    pub(crate) about: String,
    pub(crate) values: Vec<Option<f64>>,
}

/// An array in the file of tensors.
#[derive(Debug, Deserialize)]
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

impl Experiment {
    /// Where the experiment on a session lies.
    pub(crate) fn path(run: &Path, kind: &str, session: usize) -> PathBuf {
        Self::stem(run, kind, session).with_extension("json")
    }

    fn stem(run: &Path, kind: &str, session: usize) -> PathBuf {
        run.join("probe").join(kind).join(format!("session-{session}"))
    }

    /// The known kind of that name: nothing else becomes part of a path.
    pub(crate) fn kind(name: &str) -> Result<&'static str, Refusal> {
        EXPERIMENTS.into_iter().find(|kind| *kind == name).ok_or_else(|| Refusal::no("experiment"))
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

/// The arrays of an experiment.
pub(crate) fn tensors(run: &Path, kind: &str, session: usize) -> Result<TensorFile, Refusal> {
    let path = Experiment::stem(run, kind, session).with_extension("safetensors");
    if !crate::library::file::is_file(&path) {
        return Err(Refusal::no("file of arrays"));
    }
    Ok(TensorFile::open(&path)?)
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
