//! Rows of numbers that may be too many for memory.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use striate_formats::safetensors::TensorFile;

use crate::ImagingError;

/// Rows of `n_columns` values: in memory, or in a file.
#[derive(Debug)]
pub struct RowStore {
    /// Values of a row as stored, and which of them are shown, where not all.
    n_stored: usize,
    keep: Option<Vec<usize>>,
    n_rows: usize,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Memory(Vec<f32>),
    Scratch(Scratch),
    /// The tensor of that name, `[row, column]`.
    Tensor(TensorFile, &'static str),
}

/// A file of little-endian 32-bit floats that is removed with its owner.
#[derive(Debug)]
struct Scratch {
    file: File,
    path: PathBuf,
}

impl RowStore {
    /// Rows in memory.
    ///
    /// # Panics
    /// Where `values` are no whole rows.
    pub fn in_memory(values: Vec<f32>, n_rows: usize) -> Self {
        let n_stored = values.len().checked_div(n_rows).unwrap_or(0);
        assert_eq!(n_rows * n_stored, values.len(), "whole rows");
        Self { n_stored, keep: None, n_rows, place: Place::Memory(values) }
    }

    /// Rows of the tensor `name` of a file, which are read when they are asked for.
    pub(crate) fn in_file(file: TensorFile, name: &'static str) -> Result<Self, ImagingError> {
        let [n_rows, n_stored] = *file.shape(name)? else {
            let found = format!("{} axes", file.shape(name)?.len());
            return Err(ImagingError::input(format!("tensor `{name}`"), found, "rows and columns"));
        };
        Ok(Self { n_stored, keep: None, n_rows, place: Place::Tensor(file, name) })
    }

    /// Rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Values of a row.
    pub fn n_columns(&self) -> usize {
        self.keep.as_ref().map_or(self.n_stored, Vec::len)
    }

    /// The rows with the columns `keep` (ascending) only; the others stay where they are, and are not shown.
    pub(crate) fn select_columns(mut self, keep: Vec<usize>) -> Self {
        if keep.len() < self.n_columns() {
            self.keep = Some(keep);
        }
        self
    }

    /// Read `rows` into `out`, `[row, column]`.
    ///
    /// # Errors
    /// Where the file cannot be read.
    ///
    /// # Panics
    /// For rows that are not there, or an `out` of another length.
    pub fn read(&self, rows: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        assert!(
            rows.end <= self.n_rows && out.len() == rows.len() * self.n_columns(),
            "rows that are there"
        );
        let Some(keep) = &self.keep else { return self.read_stored(rows, out) };
        let mut stored = vec![0.0; rows.len() * self.n_stored];
        self.read_stored(rows, &mut stored)?;
        if !keep.is_empty() {
            let rows = out.chunks_exact_mut(keep.len()).zip(stored.chunks_exact(self.n_stored));
            rows.for_each(|(out, row)| {
                out.iter_mut().zip(keep).for_each(|(out, &j)| *out = row[j]);
            });
        }
        Ok(())
    }

    fn read_stored(&self, rows: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        let start = rows.start * self.n_stored;
        match &self.place {
            Place::Memory(values) => out.copy_from_slice(&values[start..start + out.len()]),
            Place::Tensor(file, name) => file.read_part(name, start..start + out.len(), out)?,
            Place::Scratch(Scratch { file, path }) => {
                let mut bytes = vec![0; size_of_val(out)];
                file.read_exact_at(&mut bytes, 4 * start as u64)
                    .map_err(ImagingError::io("read the scratch file", path))?;
                for (value, bytes) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
                    *value = f32::from_le_bytes(*bytes);
                }
            }
        }
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of a scratch file harms nobody but the disk.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Collects rows, in memory or in a scratch file.
#[derive(Debug)]
pub(crate) struct RowWriter {
    n_columns: usize,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Memory(Vec<f32>),
    File(BufWriter<File>, Scratch),
}

impl RowWriter {
    /// Collect about `n_rows` rows: in memory where there is no `scratch`, else in that new file, which is removed
    /// with the rows.
    pub(crate) fn new(
        scratch: Option<&Path>,
        n_rows: usize,
        n_columns: usize,
    ) -> Result<Self, ImagingError> {
        let sink = match scratch {
            None => Sink::Memory(Vec::with_capacity(n_rows * n_columns)),
            Some(path) => {
                let open = || {
                    let file =
                        File::options().read(true).write(true).create_new(true).open(path)?;
                    Ok((file.try_clone()?, file))
                };
                let (writer, file) =
                    open().map_err(ImagingError::io("create the scratch file", path))?;
                let scratch = Scratch { file, path: path.to_owned() };
                Sink::File(BufWriter::with_capacity(1 << 20, writer), scratch)
            }
        };
        Ok(Self { n_columns, sink })
    }

    /// Append whole rows.
    pub(crate) fn push(&mut self, rows: &[f32]) -> Result<(), ImagingError> {
        match &mut self.sink {
            Sink::Memory(values) => values.extend_from_slice(rows),
            Sink::File(file, scratch) => {
                for value in rows {
                    file.write_all(&value.to_le_bytes())
                        .map_err(ImagingError::io("write the scratch file", &scratch.path))?;
                }
            }
        }
        Ok(())
    }

    /// All `n_rows` rows.
    pub(crate) fn finish(self, n_rows: usize) -> Result<RowStore, ImagingError> {
        let place = match self.sink {
            Sink::Memory(values) => Place::Memory(values),
            Sink::File(file, scratch) => {
                file.into_inner().map_err(|error| {
                    ImagingError::io("write the scratch file", &scratch.path)(error.into_error())
                })?;
                Place::Scratch(scratch)
            }
        };
        Ok(RowStore { n_stored: self.n_columns, keep: None, n_rows, place })
    }
}
