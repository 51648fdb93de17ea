//! Which reader a file is for, and what all readers refuse.

use std::path::Path;

use super::bytes::Bytes;
use super::facts::{Access, StackFacts};
use super::options::StackOptions;
use super::tiff::{self, Turns};
use super::{Opened, folder, hdf5, numpy, raw};
use crate::error::FormatError;
use crate::files::{LONGEST_MAGIC, SeenFile, looks_like};

/// Bytes that may come out of a file however small it is.
pub(super) const HARMLESS_BYTES: u64 = 64 << 20;

/// Beyond [`HARMLESS_BYTES`], most bytes that may come out for each that is in the file.
const LARGEST_RATIO: u64 = 2000;

/// Most candidates named in a message.
const MOST_LISTED: usize = 20;

/// Open whatever lies at `path`.
pub(super) fn open(path: &Path, options: &StackOptions) -> Result<(Opened, Turns), FormatError> {
    if path.is_dir() {
        return folder::open(path, options);
    }
    if options.raw.is_some()
        && let Some(opened) = raw::open(path, options)?
    {
        return Ok((opened, Turns::default()));
    }
    let start = start_of(path)?;
    let opened = if tiff::is_magic(&start) {
        return tiff::open(path, options);
    } else if start.starts_with(b"\x93NUMPY") {
        numpy::open_npy(path, options)?
    } else if start.starts_with(b"PK") {
        numpy::open_npz(path, options)?
    } else if start.starts_with(b"\x89HDF\r\n\x1a\n") {
        hdf5::open(path, options)?
    } else if let Some(opened) = raw::open(path, options)? {
        opened
    } else {
        let expected = "a TIFF, NPY, NPZ, HDF5 or NWB file; or, for raw pixels, option `raw` with \
                        their layout";
        return Err(FormatError::malformed("kind", looks_like(&start), expected, path));
    };
    Ok((opened, Turns::default()))
}

/// The bytes by which formats are known.
fn start_of(path: &Path) -> Result<Vec<u8>, FormatError> {
    let (seen, _) = SeenFile::open(path)?;
    let mut start = vec![0; seen.n_bytes.min(LONGEST_MAGIC) as usize];
    Bytes::open(path)?.read_at(0, &mut start)?;
    Ok(start)
}

/// Refuse a file of which more comes out than any honest one holds.
pub(super) fn refuse_bomb(out: u64, on_disk: u64, path: &Path) -> Result<(), FormatError> {
    let limit = HARMLESS_BYTES.max(on_disk.saturating_mul(LARGEST_RATIO));
    if out <= limit {
        return Ok(());
    }
    let what = format!("bytes unpacked from {on_disk}");
    Err(FormatError::TooLarge { what, found: out, limit, path: path.to_owned() })
}

/// Refuse to guess among several arrays.
pub(super) fn only_one(candidates: Vec<String>, path: &Path) -> Result<(), FormatError> {
    if candidates.len() == 1 {
        return Ok(());
    }
    let (found, expected) = if candidates.is_empty() {
        ("none".to_owned(), "one of three axes".to_owned())
    } else {
        (listed(candidates.into_iter()), "option `dataset` to say which".to_owned())
    };
    Err(FormatError::malformed("arrays that can be a movie", found, expected, path))
}

pub(super) fn listed(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(MOST_LISTED);
    let mut text =
        names.iter().take(MOST_LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text += &format!(" and {more} more");
    }
    text
}

pub(super) fn note_gathered(facts: &mut StackFacts) {
    facts.access = Access::Gathered;
    let note = "frames do not lie together: every stretch is gathered from the whole file; a copy \
                with frames first is read faster";
    facts.notes.push(note.to_owned());
}
