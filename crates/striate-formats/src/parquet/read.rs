//! Reading a submission, row by row.

use std::fs::File;
use std::path::Path;

use ndarray::Array2;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::DataType;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;

use super::guard::{Budget, GuardedPages, read_error};
use super::schema::{Column, places};
use super::{SubmissionRow, levels};
use crate::error::FormatError;
use crate::files::{SeenFile, looks_like};

/// Most bytes of the description at the end of the file.
const LARGEST_FOOTER: u64 = 8 << 20;

/// Reads a submission row by row; columns in any order, further ones are passed over. After an error
/// there are no more rows.
pub struct SubmissionReader {
    file: SeenFile,
    reader: SerializedFileReader<File>,
    /// Place of each column among those of the file.
    places: [usize; 4],
    /// The group of rows to be read next.
    next_group: usize,
    group: Option<Group>,
    budget: Budget,
    has_failed: bool,
}

/// A group of rows, being read.
struct Group {
    columns: [ColumnReader; 4],
    n_rows_left: usize,
}

impl SubmissionReader {
    /// Open a submission and look at its columns.
    ///
    /// # Errors
    /// [`FormatError`] for a file that cannot be opened, is no complete Parquet file, lacks a column
    /// or has one of another type.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let (seen, mut file) = SeenFile::open(path)?;
        refuse_other_kinds(&seen, &mut file)?;
        let reader = SerializedFileReader::new(file).map_err(|error| read_error(error, path))?;
        let places = places(reader.metadata().file_metadata().schema_descr(), path)?;
        Ok(Self {
            file: seen,
            reader,
            places,
            next_group: 0,
            group: None,
            budget: Budget::default(),
            has_failed: false,
        })
    }

    /// The group with the next row; `None` after the last.
    fn group(&mut self) -> Result<Option<&mut Group>, FormatError> {
        while self.group.as_ref().is_none_or(|group| group.n_rows_left == 0) {
            let Some(group) = self.reader.metadata().row_groups().get(self.next_group) else {
                return Ok(None);
            };
            let refuse = |found: String| {
                let expected = "rows of 4 columns or more";
                FormatError::malformed("group of rows", found, expected, &self.file.path)
            };
            let n_rows = usize::try_from(group.num_rows());
            let n_rows_left = n_rows.map_err(|_| refuse(format!("{} rows", group.num_rows())))?;
            let mut columns = Vec::with_capacity(self.places.len());
            for place in self.places {
                let chunk = group.columns().get(place);
                let chunk =
                    chunk.ok_or_else(|| refuse(format!("{} columns", group.num_columns())))?;
                let budget = self.budget.clone();
                let pages = GuardedPages::new(&self.file, chunk, n_rows_left, budget)?;
                columns.push(get_column_reader(chunk.column_descr_ptr(), Box::new(pages)));
            }
            let columns = columns.try_into().ok().expect("one reader was made for each place");
            self.group = Some(Group { columns, n_rows_left });
            self.next_group += 1;
        }
        Ok(self.group.as_mut())
    }

    fn row(&mut self) -> Result<Option<SubmissionRow>, FormatError> {
        let (path, budget) = (self.file.path.clone(), self.budget.clone());
        let Some(group) = self.group()? else { return Ok(None) };
        let [mouse, trial_index, prediction, neuron_ids] = &mut group.columns;
        let row = Row { path: &path, budget: &budget };
        let row = SubmissionRow {
            mouse: row.text(mouse)?,
            trial_index: row.integer(trial_index)?,
            prediction: row.matrix(prediction)?,
            neuron_ids: row.integers(neuron_ids, Column::NeuronIds)?.values,
        };
        group.n_rows_left -= 1;
        if row.prediction.nrows() != row.neuron_ids.len() {
            let what = format!("prediction of trial {}", row.trial_index);
            let found = format!("{} neurons", row.prediction.nrows());
            let expected = format!("{}, as many as identifiers", row.neuron_ids.len());
            return Err(FormatError::malformed(what, found, expected, &path));
        }
        Ok(Some(row))
    }
}

impl Iterator for SubmissionReader {
    type Item = Result<SubmissionRow, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let row = self.row();
        self.has_failed = row.is_err();
        row.transpose()
    }
}

impl std::fmt::Debug for SubmissionReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SubmissionReader").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Refuse what is no Parquet file or declares a description larger than ours ever are.
fn refuse_other_kinds(seen: &SeenFile, file: &mut File) -> Result<(), FormatError> {
    use std::io::{Read, Seek, SeekFrom};
    let mut start = Vec::new();
    let mut end = [0; 8];
    let read = Read::take(&mut *file, 32).read_to_end(&mut start);
    read.map_err(FormatError::io("read", &seen.path))?;
    if !start.starts_with(b"PAR1") {
        let found = looks_like(&start);
        return Err(FormatError::malformed("kind", found, "a Parquet file", &seen.path));
    }
    if seen.n_bytes < 12 {
        let (found, expected) = (seen.n_bytes, 12);
        return Err(FormatError::Length { found, expected, path: seen.path.clone() });
    }
    let read = file.seek(SeekFrom::End(-8)).and_then(|_| file.read_exact(&mut end));
    read.map_err(|error| seen.read_error(error))?;
    let [a, b, c, d, magic @ ..] = end;
    let n_footer = u64::from(u32::from_le_bytes([a, b, c, d]));
    if &magic != b"PAR1" {
        let expected = "PAR1, as at the start";
        return Err(FormatError::malformed("end", "other bytes (a cut?)", expected, &seen.path));
    }
    if n_footer > LARGEST_FOOTER {
        return Err(FormatError::TooLarge {
            what: "bytes of the description at the end".to_owned(),
            found: n_footer,
            limit: LARGEST_FOOTER,
            path: seen.path.clone(),
        });
    }
    Ok(())
}

/// The values of one row of one column.
struct Cells<T> {
    values: Vec<T>,
    repetition: Vec<i16>,
}

/// Reads one row.
struct Row<'a> {
    path: &'a Path,
    budget: &'a Budget,
}

impl Row<'_> {
    fn cells<T: DataType, U>(
        &self,
        reader: &mut ColumnReaderImpl<T>,
        column: Column,
        convert: fn(T::T) -> U,
    ) -> Result<Cells<U>, FormatError> {
        self.budget.renew();
        let (mut definition, mut repetition, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let levels = (Some(&mut definition), Some(&mut repetition));
        let (n_rows, ..) = reader
            .read_records(1, levels.0, levels.1, &mut values)
            .map_err(|error| read_error(error, self.path))?;
        // Where every value must be there, there are no levels that could say otherwise.
        if n_rows != 1 || values.is_empty() || definition.len() > values.len() {
            let found = if n_rows == 1 { "missing values" } else { "no further row" };
            return Err(self.refuse(column, found, "values in every row"));
        }
        Ok(Cells { values: values.into_iter().map(convert).collect(), repetition })
    }

    fn text(&self, reader: &mut ColumnReader) -> Result<String, FormatError> {
        let refuse = || self.refuse(Column::Mouse, "no text", "text in UTF-8");
        let ColumnReader::ByteArrayColumnReader(reader) = reader else { return Err(refuse()) };
        let cells = self.cells(reader, Column::Mouse, |bytes| bytes)?;
        let bytes = cells.values.first().ok_or_else(refuse)?;
        bytes.as_utf8().map(str::to_owned).map_err(|_| refuse())
    }

    fn integer(&self, reader: &mut ColumnReader) -> Result<i64, FormatError> {
        let cells = self.integers(reader, Column::TrialIndices)?;
        let missing = || self.refuse(Column::TrialIndices, "no value", "a whole number");
        cells.values.first().copied().ok_or_else(missing)
    }

    fn integers(
        &self,
        reader: &mut ColumnReader,
        column: Column,
    ) -> Result<Cells<i64>, FormatError> {
        match reader {
            ColumnReader::Int64ColumnReader(reader) => self.cells(reader, column, |value| value),
            ColumnReader::Int32ColumnReader(reader) => self.cells(reader, column, i64::from),
            _ => Err(self.refuse(column, "another type", "whole numbers")),
        }
    }

    fn matrix(&self, reader: &mut ColumnReader) -> Result<Array2<f32>, FormatError> {
        let column = Column::Prediction;
        let cells = match reader {
            ColumnReader::FloatColumnReader(reader) => self.cells(reader, column, |value| value)?,
            ColumnReader::DoubleColumnReader(reader) => {
                self.cells(reader, column, |value| value as f32)?
            }
            _ => return Err(self.refuse(column, "another type", "floats")),
        };
        let shape = levels::shape(&cells.repetition);
        let ragged = || self.refuse(column, "neurons of different lengths", "equal lengths");
        Array2::from_shape_vec(shape.ok_or_else(ragged)?, cells.values).map_err(|_| ragged())
    }

    fn refuse(&self, column: Column, found: &str, expected: &str) -> FormatError {
        let what = format!("column `{}`", column.name());
        FormatError::malformed(what, found, expected, self.path)
    }
}
