//! What an experiment gives, and its files.

mod files;

use std::collections::BTreeMap;

use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};

use crate::error::InsilicoError;
use crate::jackknife::Error;

/// One value for each neuron probed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name, as `preferred_orientation`; `NAME_error` is the standard error of `NAME`.
    pub name: String,
    /// Unit, as `deg`; empty where there is none.
    pub unit: String,
    /// What it is, in a sentence.
    pub about: String,
    /// `[neuron]`; `None` where it is not known or not defined.
    pub values: Vec<Option<f64>>,
}

/// An array over neurons or over anything else.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedArray {
    /// Name, as `receptive_field`.
    pub name: String,
    /// Name of each axis: `neuron`, `y`, `x`, `frame`, or one that has a scale.
    pub axes: Vec<String>,
    /// Unit of the values.
    pub unit: String,
    /// What it is, in a sentence.
    pub about: String,
    /// The values.
    pub values: ArrayD<f32>,
}

/// The scale of an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Name, as arrays have it among theirs: `orientation_deg`.
    pub name: String,
    /// The places along it.
    pub places: Vec<f32>,
}

/// Where results come from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Hash of each twin.
    pub twins: Vec<String>,
    /// Hash of the recording that they were fitted on.
    pub data_hash: String,
    /// Root of the experiment's randomness.
    pub seed: u64,
}

/// The results of one experiment on one session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Experiment {
    /// Which experiment, as `tuning`: the name of its folder.
    pub kind: String,
    /// Name of the session.
    pub session: String,
    /// Where the results come from.
    pub origin: Origin,
    /// The experiment's settings.
    pub config: serde_json::Value,
    /// Numbers for the impatient.
    pub summary: BTreeMap<String, f64>,
    /// Numbers of the neurons probed, in the order of all values; of the channels in features of the core.
    pub neurons: Vec<usize>,
    /// One value for each neuron probed.
    pub columns: Vec<Column>,
    /// Scales of the arrays' axes.
    pub scales: Vec<Axis>,
    /// Everything else.
    pub arrays: Vec<NamedArray>,
    /// Columns, arrays and numbers of the summary whose standard errors are told.
    pub(crate) uncertain: BTreeMap<String, Error>,
}

impl Experiment {
    /// Nothing found yet of some neurons of a session, with these settings.
    pub(crate) fn new(
        kind: &str,
        session: &str,
        config: &impl Serialize,
        neurons: &[usize],
    ) -> Self {
        Self {
            kind: kind.to_owned(),
            session: session.to_owned(),
            config: serde_json::to_value(config).unwrap_or_default(),
            neurons: neurons.to_vec(),
            ..Self::default()
        }
    }

    /// Add a column; values that are not finite are not known.
    pub fn column(
        &mut self,
        name: &str,
        unit: &str,
        about: &str,
        values: impl IntoIterator<Item = f64>,
    ) {
        let values = values.into_iter().map(|value| value.is_finite().then_some(value)).collect();
        let [name, unit, about] = [name, unit, about].map(str::to_owned);
        self.columns.push(Column { name, unit, about, values });
    }

    /// Add an array `[axes..]` of the given shape.
    ///
    /// # Errors
    /// [`InsilicoError::Mismatch`] where there are more or fewer values than the shape says.
    pub fn array(
        &mut self,
        (name, unit, about): (&str, &str, &str),
        axes: &[(&str, usize)],
        values: Vec<f32>,
    ) -> Result<(), InsilicoError> {
        let shape: Vec<usize> = axes.iter().map(|&(_, length)| length).collect();
        let n_values = values.len();
        let values = ArrayD::from_shape_vec(IxDyn(&shape), values).map_err(|_| {
            InsilicoError::mismatch(format!("values of {name}"), n_values, format!("{shape:?}"))
        })?;
        let axes = axes.iter().map(|&(axis, _)| axis.to_owned()).collect();
        let [name, unit, about] = [name, unit, about].map(str::to_owned);
        self.arrays.push(NamedArray { name, axes, unit, about, values });
        Ok(())
    }

    /// Give an axis its scale.
    pub fn scale(&mut self, name: &str, places: impl IntoIterator<Item = f32>) {
        let places = places.into_iter().collect();
        self.scales.push(Axis { name: name.to_owned(), places });
    }

    /// The column, array or number of that name has an error, where there is something to tell it from.
    pub(crate) fn uncertain(&mut self, name: &str, error: Error) {
        if error != Error::Untold {
            self.uncertain.insert(name.to_owned(), error);
        }
    }

    /// The column of that name.
    pub fn values_of(&self, name: &str) -> Option<&[Option<f64>]> {
        let mut columns = self.columns.iter();
        columns.find(|column| column.name == name).map(|column| &column.values[..])
    }

    /// The array of that name.
    pub fn array_of(&self, name: &str) -> Option<&NamedArray> {
        self.arrays.iter().find(|array| array.name == name)
    }
}

#[cfg(test)]
mod tests;
