//! Writing a tensor that is larger than memory.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::path::Path;

use striate_base::files::AtomicFile;

use super::{NamedTensor, header, put};
use crate::error::FormatError;
use crate::files::{BUFFER, reserve};

/// A tensor `[row, column]` to be written row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TensorRows<'a> {
    /// Its name.
    pub name: &'a str,
    shape: [usize; 2],
}

impl<'a> TensorRows<'a> {
    /// A tensor of `n_rows` rows of `n_columns` values.
    pub fn new(name: &'a str, n_rows: usize, n_columns: usize) -> Self {
        Self { name, shape: [n_rows, n_columns] }
    }

    /// `[row, column]`.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
}

/// Write tensors as [`write`](super::write) does, and behind them one that need not be in memory: `fill` is asked
/// for its rows in order, about a mebibyte at a time, and overwrites its slice, `[row, column]`.
///
/// # Errors
/// Those of [`write`](super::write) and of `fill`; what was there before stays then.
///
/// ```
/// use std::collections::BTreeMap;
/// use striate_formats::FormatError;
/// use striate_formats::safetensors::{NamedTensor, TensorFile, TensorRows, write_rows};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("factors.safetensors");
/// let mean = NamedTensor { name: "mean", shape: &[2], values: &[0.5, 1.5] };
/// let traces = TensorRows::new("traces", 1000, 3);
/// write_rows(&path, &[mean], traces, &BTreeMap::new(), |rows, out| {
///     out.iter_mut().zip(rows.start * 3..).for_each(|(value, i)| *value = i as f32);
///     Ok::<(), FormatError>(())
/// })?;
/// let mut row = [0.0; 3];
/// TensorFile::open(&path)?.read_part("traces", 500 * 3..501 * 3, &mut row)?;
/// assert_eq!(row, [1500.0, 1501.0, 1502.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_rows<E: From<FormatError>>(
    path: &Path,
    tensors: &[NamedTensor<'_>],
    last: TensorRows<'_>,
    metadata: &BTreeMap<String, String>,
    mut fill: impl FnMut(Range<usize>, &mut [f32]) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |error| E::from(FormatError::io("write", path)(error));
    let header = header(path, tensors, Some(last), metadata)?;
    let mut file = AtomicFile::create(path).map_err(failed)?;
    file.write_all(&(header.len() as u64).to_le_bytes()).map_err(failed)?;
    file.write_all(header.as_bytes()).map_err(failed)?;
    tensors.iter().try_for_each(|tensor| put(&mut file, tensor.values)).map_err(failed)?;
    let [n_rows, n_columns] = last.shape;
    // Without columns all rows at once, which are nothing.
    let at_once = (BUFFER / 4).checked_div(n_columns).map_or(n_rows, |n| n.clamp(1, n_rows.max(1)));
    let mut values = reserve(at_once * n_columns, path)?;
    values.resize(at_once * n_columns, 0.0);
    for start in (0..n_rows).step_by(at_once.max(1)) {
        let rows = start..(start + at_once).min(n_rows);
        let (values, _) = values.split_at_mut(rows.len() * n_columns);
        fill(rows, values)?;
        put(&mut file, values).map_err(failed)?;
    }
    file.commit().map_err(failed)
}
