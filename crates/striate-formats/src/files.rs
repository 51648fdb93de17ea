//! Opening files, and knowing again the one that was opened.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::FormatError;

/// Bytes read at once.
pub(crate) const BUFFER: usize = 1 << 20;

/// A regular file that was seen, by which a change is noticed. It holds no descriptor: recordings
/// have more files than a process may have open.
#[derive(Debug, Clone)]
pub(crate) struct SeenFile {
    pub(crate) path: PathBuf,
    pub(crate) n_bytes: u64,
    /// `None` where the file system does not tell.
    modified: Option<SystemTime>,
}

impl SeenFile {
    /// Look at and open a regular file.
    pub(crate) fn open(path: &Path) -> Result<(Self, File), FormatError> {
        // Before opening: to open a pipe is to wait for its other end.
        let metadata = fs::metadata(path).map_err(FormatError::io("open", path))?;
        if !metadata.is_file() {
            let found = if metadata.is_dir() { "a folder" } else { "a device or pipe" };
            return Err(FormatError::malformed("kind", found, "a file", path));
        }
        let file = File::open(path).map_err(FormatError::io("open", path))?;
        let metadata = file.metadata().map_err(FormatError::io("open", path))?;
        let (n_bytes, modified) = (metadata.len(), metadata.modified().ok());
        Ok((Self { path: path.to_owned(), n_bytes, modified }, file))
    }

    /// Open the file once more; it must not have changed.
    pub(crate) fn reopen(&self) -> Result<File, FormatError> {
        let (now, file) = Self::open(&self.path)?;
        if now.n_bytes == self.n_bytes && now.modified == self.modified {
            return Ok(file);
        }
        Err(self.changed(now.n_bytes))
    }

    /// Refuse `file`, which is this one kept open, where it has changed.
    pub(crate) fn check(&self, file: &File) -> Result<(), FormatError> {
        let metadata = file.metadata().map_err(FormatError::io("read", &self.path))?;
        if metadata.len() == self.n_bytes && metadata.modified().ok() == self.modified {
            return Ok(());
        }
        Err(self.changed(metadata.len()))
    }

    /// The error of a file that ended too early or had something else in it when read again.
    pub(crate) fn changed(&self, found: u64) -> FormatError {
        FormatError::Changed { found, expected: self.n_bytes, path: self.path.clone() }
    }

    /// Turns an error of reading a checked file into one of ours.
    pub(crate) fn read_error(&self, error: io::Error) -> FormatError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                self.changed(fs::metadata(&self.path).map_or(0, |metadata| metadata.len()))
            }
            _ => FormatError::io("read", &self.path)(error),
        }
    }
}

/// Room for `n` values, or an error instead of the end of the process.
pub(crate) fn reserve<T>(n: usize, path: &Path) -> Result<Vec<T>, FormatError> {
    let mut values = Vec::new();
    values.try_reserve_exact(n).map_err(|_| FormatError::Memory {
        needed: (n as u64).saturating_mul(size_of::<T>() as u64),
        path: path.to_owned(),
    })?;
    Ok(values)
}

/// Show exactly `n_bytes` of `reader` piece by piece. Pieces but the last have [`BUFFER`] bytes, a
/// multiple of every element's size.
pub(crate) fn visit(
    reader: &mut dyn Read,
    n_bytes: u64,
    sink: &mut dyn FnMut(&[u8]),
) -> io::Result<()> {
    let mut buffer = vec![0; usize::try_from(n_bytes).map_or(BUFFER, |n| n.min(BUFFER))];
    let mut left = n_bytes;
    while left > 0 {
        let n = usize::try_from(left).map_or(BUFFER, |left| left.min(BUFFER));
        let (piece, _) = buffer.split_at_mut(n);
        reader.read_exact(piece)?;
        sink(piece);
        left -= n as u64;
    }
    Ok(())
}

/// Bytes from the start of a file by which [`looks_like`] knows every kind.
pub(crate) const LONGEST_MAGIC: u64 = 32;

/// What the first bytes of a file look like, for errors about files of another kind.
pub(crate) fn looks_like(start: &[u8]) -> &'static str {
    const KINDS: [(&[u8], &str); 10] = [
        (b"\x93NUMPY", "a NumPy array"),
        (b"PK\x03\x04", "a ZIP archive (.npz, .zip)"),
        (b"PK\x05\x06", "an empty ZIP archive"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"PAR1", "a Parquet file"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"MATLAB 5.0", "a MATLAB file"),
        (b"version https://git-lfs", "a Git LFS pointer (run git lfs pull)"),
        (b"GIF8", "a GIF image"),
    ];
    match start {
        [] => "an empty file",
        _ if is_pickle(start) => "a Python pickle",
        _ => KINDS
            .iter()
            .find(|(magic, _)| start.starts_with(magic))
            .map_or("bytes of no known kind", |(_, kind)| kind),
    }
}

/// Whether this is the start of a pickle of protocol 2 or later.
pub(crate) fn is_pickle(start: &[u8]) -> bool {
    matches!(start, [0x80, 2..=5, ..])
}
