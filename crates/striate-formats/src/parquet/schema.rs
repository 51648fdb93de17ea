//! The columns of the table.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::Type as PhysicalType;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{SchemaDescriptor, TypePtr};

use crate::error::FormatError;

/// Names, nesting and types of the columns, as pandas with pyarrow writes them.
const SCHEMA: &str = "
message schema {
    OPTIONAL BYTE_ARRAY mouse (STRING);
    OPTIONAL INT64 trial_indices;
    OPTIONAL GROUP prediction (LIST) {
        REPEATED GROUP list {
            OPTIONAL GROUP element (LIST) {
                REPEATED GROUP list {
                    OPTIONAL FLOAT element;
                }
            }
        }
    }
    OPTIONAL GROUP neuron_ids (LIST) {
        REPEATED GROUP list {
            OPTIONAL INT64 element;
        }
    }
}";

/// The columns, in the order of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Mouse,
    TrialIndices,
    Prediction,
    NeuronIds,
}

impl Column {
    pub(super) const ALL: [Self; 4] =
        [Self::Mouse, Self::TrialIndices, Self::Prediction, Self::NeuronIds];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mouse => "mouse",
            Self::TrialIndices => "trial_indices",
            Self::Prediction => "prediction",
            Self::NeuronIds => "neuron_ids",
        }
    }

    /// How deep its lists are nested.
    fn depth(self) -> i16 {
        match self {
            Self::Mouse | Self::TrialIndices => 0,
            Self::Prediction => 2,
            Self::NeuronIds => 1,
        }
    }

    fn reads(self, found: PhysicalType) -> bool {
        match self {
            Self::Mouse => found == PhysicalType::BYTE_ARRAY,
            Self::Prediction => [PhysicalType::FLOAT, PhysicalType::DOUBLE].contains(&found),
            Self::TrialIndices | Self::NeuronIds => {
                [PhysicalType::INT64, PhysicalType::INT32].contains(&found)
            }
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Mouse => "text",
            Self::TrialIndices => "whole numbers",
            Self::Prediction => "lists of lists of floats",
            Self::NeuronIds => "lists of whole numbers",
        }
    }
}

/// The schema that is written.
pub(super) fn schema() -> TypePtr {
    Arc::new(parse_message_type(SCHEMA).expect("a constant that the tests parse"))
}

/// Place of each column of [`Column::ALL`] among the leaves of a file.
pub(super) fn places(found: &SchemaDescriptor, path: &Path) -> Result<[usize; 4], FormatError> {
    let mut places = [0; 4];
    for (place, column) in places.iter_mut().zip(Column::ALL) {
        *place = self::place(found, column, path)?;
    }
    Ok(places)
}

fn place(found: &SchemaDescriptor, column: Column, path: &Path) -> Result<usize, FormatError> {
    let refuse = |found: String| {
        let what = format!("column `{}`", column.name());
        Err(FormatError::malformed(what, found, column.expected(), path))
    };
    let starts = |leaf: &parquet::schema::types::ColumnDescPtr| {
        leaf.path().parts().first().is_some_and(|name| name == column.name())
    };
    let mut leaves = found.columns().iter().enumerate().filter(|(_, leaf)| starts(leaf));
    let Some((place, leaf)) = leaves.next() else {
        let mut names: Vec<&str> =
            found.root_schema().get_fields().iter().map(|field| field.name()).take(20).collect();
        names.sort_unstable();
        let names: String = names.join(", ").chars().take(200).collect();
        return refuse(format!("none among {}", names.escape_debug()));
    };
    let (physical, depth) = (leaf.physical_type(), leaf.max_rep_level());
    if leaves.next().is_some() || depth != column.depth() || !column.reads(physical) {
        return refuse(format!("{physical} in lists nested {depth} deep"));
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schema_that_is_written_is_one_that_is_read() {
        let descriptor = SchemaDescriptor::new(schema());
        let places = places(&descriptor, Path::new("x")).unwrap();
        assert_eq!(places, [0, 1, 2, 3]);
    }
}
