//! Arrays in `.npy` files, read in parts, and in `.npz` archives, read as a whole.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ndarray::{ArrayD, Axis, Slice};
use striate_formats::npy::NpyFile;
use striate_formats::npz::NpzFile;

use super::config::ArrayEntry;
use crate::error::RecordingError;

/// Largest `.npy` array that may be kept in memory where its parts would be read again and again.
const MOST_KEPT: usize = 256 << 20;

/// Largest array of an archive, unpacked to four bytes a value.
const MOST_UNPACKED: usize = 2 << 30;

/// An array of a manifest.
pub(super) struct ArrayFile {
    file: File,
    shape: Vec<usize>,
    /// For messages: an archive's member has its name behind the archive's path.
    path: PathBuf,
    /// The whole array, once read; `None` where parts are read from disk.
    kept: Option<OnceLock<ArrayD<f32>>>,
}

enum File {
    Npy(NpyFile),
    Npz(NpzFile, String),
}

impl ArrayFile {
    /// Open an array. With `keep`, one of moderate size is kept in memory once it was read.
    pub(super) fn open(
        folder: &Path,
        entry: &ArrayEntry,
        session: &str,
        keep: bool,
    ) -> Result<Self, RecordingError> {
        let path = resolve(folder, &entry.path, session);
        let is = |known: &str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(known));
        if is("npz") || entry.member.is_some() {
            return Self::open_member(&path, entry.member.as_deref());
        }
        let file = NpyFile::open(&path)?;
        let shape = file.shape().to_vec();
        let kept = (keep && bytes(&shape) <= MOST_KEPT).then(OnceLock::new);
        Ok(Self { file: File::Npy(file), shape, path, kept })
    }

    fn open_member(path: &Path, member: Option<&str>) -> Result<Self, RecordingError> {
        let file = NpzFile::open(path)?;
        let name = match (member, file.names().as_slice()) {
            (Some(name), _) => name.to_owned(),
            (None, [only]) => (*only).to_owned(),
            (None, names) => {
                let expected = format!("the name of one array: {}", names.join(", "));
                return Err(RecordingError::setting("member", "not given", expected, path));
            }
        };
        let shape = file.shape(&name)?;
        let shown = path.join(&name);
        if bytes(&shape) > MOST_UNPACKED {
            let expected = "at most 2 GiB at four bytes a value; save larger arrays as .npy, which \
                is read in parts";
            let what = format!("array `{name}`");
            return Err(RecordingError::shape(what, &shape, expected, path));
        }
        Ok(Self { file: File::Npz(file, name), shape, path: shown, kept: Some(OnceLock::new()) })
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file, where it is no archive.
    pub(super) fn npy(&self) -> Option<&NpyFile> {
        match &self.file {
            File::Npy(file) => Some(file),
            File::Npz(..) => None,
        }
    }

    /// Whether parts along `axis` can be read.
    pub(super) fn has_parts_along(&self, axis: usize) -> bool {
        self.kept.is_some() || axis == 0 || axis + 1 == self.shape.len()
    }

    /// All values, in the file's order of axes.
    pub(super) fn read(&self) -> Result<ArrayD<f32>, RecordingError> {
        Ok(match &self.file {
            File::Npy(file) => file.read_f32()?,
            File::Npz(file, name) => file.read_f32(name)?,
        })
    }

    /// All values as whole numbers.
    pub(super) fn read_i64(&self) -> Result<ArrayD<i64>, RecordingError> {
        Ok(match &self.file {
            File::Npy(file) => file.read_i64()?,
            File::Npz(file, name) => file.read_i64(name)?,
        })
    }

    /// A range along `axis`, one that [`ArrayFile::has_parts_along`].
    pub(super) fn part(
        &self,
        axis: usize,
        range: Range<usize>,
    ) -> Result<ArrayD<f32>, RecordingError> {
        if let Some(kept) = &self.kept {
            if kept.get().is_none() {
                // Two threads may both read; the values are the same.
                let _ = kept.set(self.read()?);
            }
            let whole = kept.get().expect("set above");
            return Ok(whole.slice_axis(Axis(axis), Slice::from(range)).to_owned());
        }
        Ok(match &self.file {
            File::Npy(file) if axis == 0 => file.read_rows_f32(range)?,
            File::Npy(file) => file.read_last_axis_f32(range)?,
            File::Npz(..) => unreachable!("arrays of archives are kept"),
        })
    }

    pub(super) fn resident_bytes(&self) -> u64 {
        if self.kept.is_some() { bytes(&self.shape) as u64 } else { 0 }
    }
}

/// Bytes of an array of f32; the largest number where that is too many to count.
fn bytes(shape: &[usize]) -> usize {
    shape.iter().try_fold(4usize, |n, &length| n.checked_mul(length)).unwrap_or(usize::MAX)
}

/// A path of a manifest: `{session}` replaced, relative to the folder.
pub(super) fn resolve(folder: &Path, path: &Path, session: &str) -> PathBuf {
    match path.to_str() {
        Some(text) => folder.join(text.replace("{session}", session)),
        None => folder.join(path),
    }
}
