//! Rows of numbers that may be too many for memory.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

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
    File { file: File, path: PathBuf, offset: u64, is_scratch: bool },
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

    /// Rows of a file of little-endian 32-bit floats, from `offset` on. The file must be long enough.
    pub(crate) fn in_file(path: &Path, offset: u64, n_rows: usize, n_stored: usize) -> Result<Self, ImagingError> {
        let file = File::open(path).map_err(ImagingError::io("open the factors", path))?;
        let place = Place::File { file, path: path.to_owned(), offset, is_scratch: false };
        Ok(Self { n_stored, keep: None, n_rows, place })
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
        assert!(rows.end <= self.n_rows && out.len() == rows.len() * self.n_columns(), "rows that are there");
        let Some(keep) = &self.keep else { return self.read_stored(rows, out) };
        let mut stored = vec![0.0; rows.len() * self.n_stored];
        self.read_stored(rows, &mut stored)?;
        if !keep.is_empty() {
            let rows = out.chunks_exact_mut(keep.len()).zip(stored.chunks_exact(self.n_stored));
            rows.for_each(|(out, row)| out.iter_mut().zip(keep).for_each(|(out, &j)| *out = row[j]));
        }
        Ok(())
    }

    fn read_stored(&self, rows: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        let start = rows.start * self.n_stored;
        match &self.place {
            Place::Memory(values) => out.copy_from_slice(&values[start..start + out.len()]),
            Place::File { file, path, offset, .. } => {
                let mut bytes = vec![0; size_of_val(out)];
                file.read_exact_at(&mut bytes, offset + 4 * start as u64)
                    .map_err(ImagingError::io("read the factors", path))?;
                for (value, bytes) in out.iter_mut().zip(bytes.chunks_exact(4)) {
                    *value = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                }
            }
        }
        Ok(())
    }
}

impl Drop for RowStore {
    fn drop(&mut self) {
        if let Place::File { path, is_scratch: true, .. } = &self.place {
            // What is left of a scratch file harms nobody but the disk.
            let _ = std::fs::remove_file(path);
        }
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
    File(BufWriter<File>, PathBuf),
}

impl RowWriter {
    /// Collect about `n_rows` rows: in memory where there is no `scratch`, else in that new file, which is removed
    /// with the rows.
    pub(crate) fn new(scratch: Option<&Path>, n_rows: usize, n_columns: usize) -> Result<Self, ImagingError> {
        let sink = match scratch {
            None => Sink::Memory(Vec::with_capacity(n_rows * n_columns)),
            Some(path) => {
                let file = File::options().read(true).write(true).create(true).truncate(true).open(path);
                let file = file.map_err(ImagingError::io("create the scratch file", path))?;
                Sink::File(BufWriter::with_capacity(1 << 20, file), path.to_owned())
            }
        };
        Ok(Self { n_columns, sink })
    }

    /// Append whole rows.
    pub(crate) fn push(&mut self, rows: &[f32]) -> Result<(), ImagingError> {
        match &mut self.sink {
            Sink::Memory(values) => values.extend_from_slice(rows),
            Sink::File(file, path) => {
                for value in rows {
                    file.write_all(&value.to_le_bytes())
                        .map_err(ImagingError::io("write the scratch file", path))?;
                }
            }
        }
        Ok(())
    }

    /// All `n_rows` rows.
    pub(crate) fn finish(self, n_rows: usize) -> Result<RowStore, ImagingError> {
        let place = match self.sink {
            Sink::Memory(values) => Place::Memory(values),
            Sink::File(file, path) => {
                let file = file.into_inner().map_err(|e| {
                    ImagingError::io("write the scratch file", &path)(e.into_error())
                })?;
                Place::File { file, path, offset: 0, is_scratch: true }
            }
        };
        Ok(RowStore { n_stored: self.n_columns, keep: None, n_rows, place })
    }
}
