//! Tensors of 32-bit floats with text beside them, in the safetensors format.
//!
//! Headers are parsed and validated by the `safetensors` crate (offsets without overlap or gap, sizes
//! that fit); writing is our own, since that crate's neither flushes to the disk nor keeps the order
//! of the metadata: here the same contents always give the same bytes.
//!
//! What does not fit into memory is written row by row ([`write_rows`]) and read in parts ([`TensorFile`]).

mod partial;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use ::safetensors::Dtype;
use ::safetensors::tensor::{Metadata, TensorInfo};
use serde_json::json;
use striate_base::files::write_atomic;

use crate::error::FormatError;
use crate::files::{SeenFile, looks_like, reserve, visit};
pub use partial::TensorFile;
pub use rows::{TensorRows, write_rows};

/// Longest header read. A twin's has some kilobytes.
const LONGEST_HEADER: u64 = 8 << 20;

/// Key of the metadata in the header.
const METADATA: &str = "__metadata__";

/// A tensor to be written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NamedTensor<'a> {
    /// Its name.
    pub name: &'a str,
    /// Length of each axis.
    pub shape: &'a [usize],
    /// Values in C order, as many as the shape says.
    pub values: &'a [f32],
}

/// A tensor that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedTensor {
    /// Its name.
    pub name: String,
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// Values in C order, as many as the shape says.
    pub values: Vec<f32>,
}

/// Write tensors in the order given, and metadata.
///
/// # Errors
/// [`FormatError`] for a tensor whose values do not fit its shape, for a name that comes twice or is
/// reserved, and for whatever the file system reports; what was there before stays then.
///
/// ```
/// use std::collections::{BTreeMap, BTreeSet};
/// use striate_formats::safetensors::{NamedTensor, read, write};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("twin.safetensors");
/// let kernel = NamedTensor { name: "kernel", shape: &[2, 1], values: &[0.5, f32::NAN] };
/// let metadata = BTreeMap::from([("producer".to_owned(), "example".to_owned())]);
/// write(&path, &[kernel], &metadata)?;
/// let (tensors, found) = read(&path)?;
/// assert_eq!((tensors[0].name.as_str(), tensors[0].values[0]), ("kernel", 0.5));
/// assert_eq!(found, metadata);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(
    path: &Path,
    tensors: &[NamedTensor<'_>],
    metadata: &BTreeMap<String, String>,
) -> Result<(), FormatError> {
    let header = header(path, tensors, None, metadata)?;
    let write = |file: &mut dyn Write| {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        tensors.iter().try_for_each(|tensor| put(file, tensor.values))
    };
    write_atomic(path, write).map_err(FormatError::io("write", path))
}

/// Read all tensors, in the order of the file, and the metadata.
///
/// # Errors
/// [`FormatError`] for a file that cannot be opened or is not complete, for a header that cannot be
/// understood or does not cover the file exactly, and for tensors of another type than F32.
pub fn read(path: &Path) -> Result<(Vec<OwnedTensor>, BTreeMap<String, String>), FormatError> {
    let (file, reader) = SeenFile::open(path)?;
    let mut reader = BufReader::new(reader);
    let metadata = read_header(&file, &mut reader)?;
    let mut tensors = Vec::new();
    for name in metadata.offset_keys() {
        let Some(info) = metadata.info(&name) else { continue };
        let values = read_values(info, &name, &file, &mut reader)?;
        tensors.push(OwnedTensor { name, shape: info.shape.clone(), values });
    }
    let text = metadata.metadata().clone().unwrap_or_default();
    Ok((tensors, text.into_iter().collect()))
}

fn header(
    path: &Path,
    tensors: &[NamedTensor<'_>],
    last: Option<TensorRows<'_>>,
    metadata: &BTreeMap<String, String>,
) -> Result<String, FormatError> {
    // Put together as text: the order of a JSON object's keys is not ours to say.
    let mut entries: Vec<String> = Vec::with_capacity(tensors.len() + 1);
    if !metadata.is_empty() {
        let texts = metadata.iter().map(|(key, text)| format!("{}:{}", json!(key), json!(text)));
        entries.push(format!("{}:{{{}}}", json!(METADATA), texts.collect::<Vec<_>>().join(",")));
    }
    let mut names = BTreeSet::from([METADATA]);
    let mut start = 0u64;
    let all = tensors.iter().map(|tensor| (tensor.name, tensor.shape, Some(tensor.values.len())));
    for (name, shape, n_values) in
        all.chain(last.iter().map(|rows| (rows.name, rows.shape(), None)))
    {
        if !names.insert(name) {
            let (what, found) = ("names of the tensors to be written", format!("`{name}` twice"));
            return Err(FormatError::malformed(what, found, "each once", path));
        }
        let n_bytes = n_bytes(name, shape, n_values, path)?;
        let end = start.checked_add(n_bytes).ok_or_else(|| too_many(name, path))?;
        let (name, shape) = (json!(name), json!(shape));
        let offsets = json!([start, end]);
        entries
            .push(format!(r#"{name}:{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}"#));
        start = end;
    }
    let mut header = format!("{{{}}}", entries.join(","));
    // So that the values begin at a multiple of 8 bytes.
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
    Ok(header)
}

/// Bytes of a tensor that is to be written, whose values must be as many as its shape says.
fn n_bytes(
    name: &str,
    shape: &[usize],
    n_values: Option<usize>,
    path: &Path,
) -> Result<u64, FormatError> {
    let expected = shape.iter().try_fold(1u64, |n, &length| n.checked_mul(length as u64));
    match (expected, n_values) {
        (Some(expected), Some(n)) if n as u64 != expected => {
            let what = format!("tensor `{name}` to be written");
            let expected = format!("shape {shape:?}");
            Err(FormatError::malformed(what, format!("{n} values"), expected, path))
        }
        (expected, _) => {
            expected.and_then(|n| n.checked_mul(4)).ok_or_else(|| too_many(name, path))
        }
    }
}

fn too_many(name: &str, path: &Path) -> FormatError {
    let what = format!("tensor `{name}` to be written");
    FormatError::malformed(what, "more values than there can be", "fewer than 2^62", path)
}

fn put(file: &mut dyn Write, values: &[f32]) -> io::Result<()> {
    let mut bytes = [0; 4096];
    for chunk in values.chunks(bytes.len() / 4) {
        let (places, _) = bytes.as_chunks_mut::<4>();
        for (place, value) in places.iter_mut().zip(chunk) {
            *place = value.to_le_bytes();
        }
        file.write_all(bytes.split_at(4 * chunk.len()).0)?;
    }
    Ok(())
}

fn read_header(file: &SeenFile, reader: &mut BufReader<File>) -> Result<Metadata, FormatError> {
    let path = file.path.as_path();
    let too_short =
        |expected| FormatError::Length { found: file.n_bytes, expected, path: path.to_owned() };
    if file.n_bytes < 8 {
        return Err(too_short(8));
    }
    let mut length = [0; 8];
    reader.read_exact(&mut length).map_err(|error| file.read_error(error))?;
    let n_header = u64::from_le_bytes(length);
    if n_header > LONGEST_HEADER {
        let kind = looks_like(&length);
        let found = format!("{kind}, or a header of {n_header} bytes");
        let expected = format!("safetensors with a header of at most {LONGEST_HEADER} bytes");
        return Err(FormatError::malformed("kind", found, expected, path));
    }
    if file.n_bytes - 8 < n_header {
        return Err(too_short(8 + n_header));
    }
    let mut header = vec![0; n_header as usize];
    reader.read_exact(&mut header).map_err(|error| file.read_error(error))?;
    let refuse = |found: String| FormatError::malformed("header", found, "safetensors", path);
    let metadata: Metadata =
        serde_json::from_slice(&header).map_err(|error| refuse(error.to_string()))?;
    let expected = (metadata.data_len() as u64).saturating_add(8 + n_header);
    if file.n_bytes != expected {
        return Err(too_short(expected));
    }
    Ok(metadata)
}

fn read_values(
    info: &TensorInfo,
    name: &str,
    file: &SeenFile,
    reader: &mut BufReader<File>,
) -> Result<Vec<f32>, FormatError> {
    if info.dtype != Dtype::F32 {
        let found = format!("{:?}", info.dtype);
        return Err(FormatError::malformed(format!("tensor `{name}`"), found, "F32", &file.path));
    }
    let (start, end) = info.data_offsets;
    let mut values = reserve((end - start) / 4, &file.path)?;
    visit(reader, (end - start) as u64, &mut |bytes| {
        let (elements, _) = bytes.as_chunks::<4>();
        values.extend(elements.iter().map(|&bytes| f32::from_le_bytes(bytes)));
    })
    .map_err(|error| file.read_error(error))?;
    Ok(values)
}
