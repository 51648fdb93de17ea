//! Writing a submission, a few rows at a time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{BrotliLevel, Compression};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, FloatType, Int64Type};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::ColumnPath;
use striate_base::files::AtomicFile;

use super::schema::{Column, schema};
use super::{SubmissionRow, levels};
use crate::error::FormatError;

/// Rows are written out once they have this many predicted values: 32 MiB.
const VALUES_PER_GROUP: usize = 8 << 20;

/// Writes a submission row by row. The file appears when it is finished.
///
/// ```
/// use ndarray::array;
/// use striate_formats::parquet::{SubmissionReader, SubmissionRow, SubmissionWriter};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("predictions_live_main.parquet.brotli");
/// let row = SubmissionRow {
///     mouse: "dynamic29515-10-12-Video-9b4f6a1a067fe51e15306b9628efea20".to_owned(),
///     trial_index: 4,
///     prediction: array![[0.5, 1.0, 0.25], [2.0, 0.0, 1.5]],
///     neuron_ids: vec![7, 12],
/// };
/// let mut writer = SubmissionWriter::create(&path)?;
/// writer.write(&row)?;
/// writer.finish()?;
/// let rows: Result<Vec<_>, _> = SubmissionReader::open(&path)?.collect();
/// assert_eq!(rows?, [row]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SubmissionWriter {
    writer: SerializedFileWriter<AtomicFile>,
    waiting: Vec<SubmissionRow>,
    n_values_waiting: usize,
    path: PathBuf,
}

impl SubmissionWriter {
    /// Begin a submission.
    ///
    /// # Errors
    /// [`FormatError::Io`] with what the file system reports.
    pub fn create(path: &Path) -> Result<Self, FormatError> {
        let file = AtomicFile::create(path).map_err(FormatError::io("write", path))?;
        let prediction: Vec<String> = LEAF_OF_PREDICTION.map(str::to_owned).to_vec();
        let properties = WriterProperties::builder()
            .set_compression(Compression::BROTLI(BrotliLevel::default()))
            .set_statistics_enabled(EnabledStatistics::None)
            // Hardly a value comes twice.
            .set_column_dictionary_enabled(ColumnPath::from(prediction), false)
            .set_created_by(format!("striate {}", env!("CARGO_PKG_VERSION")))
            .build();
        let writer = SerializedFileWriter::new(file, schema(), Arc::new(properties));
        let writer = writer.map_err(|error| write_error(error, path))?;
        Ok(Self { writer, waiting: Vec::new(), n_values_waiting: 0, path: path.to_owned() })
    }

    /// Write a row.
    ///
    /// # Errors
    /// [`FormatError`] for a prediction without values or of another number of neurons than there
    /// are identifiers, and for whatever the file system reports.
    pub fn write(&mut self, row: &SubmissionRow) -> Result<(), FormatError> {
        let (n_neurons, n_frames) = row.prediction.dim();
        if n_neurons != row.neuron_ids.len() || n_neurons == 0 || n_frames == 0 {
            let what = format!("prediction of trial {} to be written", row.trial_index);
            let found = format!("shape [{n_neurons}, {n_frames}]");
            let expected = format!("{} neurons, one or more, and frames", row.neuron_ids.len());
            return Err(FormatError::malformed(what, found, expected, &self.path));
        }
        self.n_values_waiting += row.prediction.len();
        self.waiting.push(row.clone());
        if self.n_values_waiting >= VALUES_PER_GROUP { self.write_group() } else { Ok(()) }
    }

    /// Put the file in its place.
    ///
    /// # Errors
    /// [`FormatError::Io`] with what the file system reports.
    pub fn finish(mut self) -> Result<(), FormatError> {
        if !self.waiting.is_empty() {
            self.write_group()?;
        }
        let file = self.writer.into_inner().map_err(|error| write_error(error, &self.path))?;
        file.commit().map_err(FormatError::io("write", &self.path))
    }

    fn write_group(&mut self) -> Result<(), FormatError> {
        let rows = std::mem::take(&mut self.waiting);
        self.n_values_waiting = 0;
        self.try_write_group(&rows).map_err(|error| write_error(error, &self.path))
    }

    fn try_write_group(&mut self, rows: &[SubmissionRow]) -> ParquetResult<()> {
        let mut group = self.writer.next_row_group()?;
        let mut columns = Column::ALL.into_iter();
        while let (Some(mut writer), Some(column)) = (group.next_column()?, columns.next()) {
            for row in rows {
                write_row(&mut writer, column, row)?;
            }
            writer.close()?;
        }
        group.close().map(|_| ())
    }
}

impl std::fmt::Debug for SubmissionWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SubmissionWriter").field("path", &self.path).finish_non_exhaustive()
    }
}

const LEAF_OF_PREDICTION: [&str; 5] = ["prediction", "list", "element", "list", "element"];

fn write_row(
    writer: &mut SerializedColumnWriter<'_>,
    column: Column,
    row: &SubmissionRow,
) -> ParquetResult<()> {
    match column {
        Column::Mouse => put::<ByteArrayType>(writer, &[ByteArray::from(row.mouse.as_str())], None),
        Column::TrialIndices => put::<Int64Type>(writer, &[row.trial_index], None),
        Column::Prediction => {
            let (n_neurons, n_frames) = row.prediction.dim();
            let values: Vec<f32> = row.prediction.iter().copied().collect();
            put::<FloatType>(writer, &values, Some(&levels::nested(n_neurons, n_frames)))
        }
        Column::NeuronIds => {
            put::<Int64Type>(writer, &row.neuron_ids, Some(&levels::flat(row.neuron_ids.len())))
        }
    }
}

/// Write values none of which is missing.
fn put<T: DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    values: &[T::T],
    repetition: Option<&[i16]>,
) -> ParquetResult<()> {
    let writer = writer.typed::<T>();
    let definition = vec![writer.get_descriptor().max_def_level(); values.len()];
    writer.write_batch(values, Some(&definition), repetition).map(|_| ())
}

/// Turns an error of writing, which comes from the file system below, into one of ours.
fn write_error(error: ParquetError, path: &Path) -> FormatError {
    let source = match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(source) => *source,
            Err(other) => std::io::Error::other(other),
        },
        error => std::io::Error::other(error),
    };
    FormatError::io("write", path)(source)
}
