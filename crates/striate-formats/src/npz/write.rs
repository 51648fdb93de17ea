//! Writing archives, array by array.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use ndarray::ArrayViewD;
use striate_base::files::AtomicFile;
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::error::FormatError;
use crate::npy::write_f32_to;

/// Largest member that needs no 64-bit sizes, with room for its header.
const LARGEST_SMALL: u64 = u32::MAX as u64 - (64 << 10);

/// An archive being written, as by `np.savez`: not compressed, and the same arrays always give the
/// same bytes. It appears under its name on [`NpzWriter::finish`]; dropped before that, it leaves
/// nothing behind. Arrays go to the disk as they come.
///
/// ```
/// use ndarray::array;
/// use striate_formats::npz::{NpzFile, NpzWriter};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("predictions.npz");
/// let mut writer = NpzWriter::create(&path)?;
/// writer.write_f32("mouse/7", &array![[1.0, f32::NAN]].view().into_dyn())?;
/// writer.finish()?;
/// assert_eq!(NpzFile::open(&path)?.shape("mouse/7")?, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct NpzWriter {
    zip: ZipWriter<StreamWriter<AtomicFile>>,
    names: BTreeSet<String>,
    path: PathBuf,
}

impl NpzWriter {
    /// Begin to write what shall become `path`. The folder must exist.
    ///
    /// # Errors
    /// [`FormatError::Io`] with what the file system reports.
    pub fn create(path: &Path) -> Result<Self, FormatError> {
        let file = AtomicFile::create(path).map_err(FormatError::io("write", path))?;
        let zip = ZipWriter::new_stream(file);
        Ok(Self { zip, names: BTreeSet::new(), path: path.to_owned() })
    }

    /// Add an array of 32-bit floats. Any layout in memory; C order in the file.
    ///
    /// # Errors
    /// [`FormatError`] for a name that was used before, or with what the file system reports.
    pub fn write_f32(
        &mut self,
        name: &str,
        values: &ArrayViewD<'_, f32>,
    ) -> Result<(), FormatError> {
        if !self.names.insert(name.to_owned()) {
            let (what, found) = ("names of the arrays to be written", format!("`{name}` twice"));
            return Err(FormatError::malformed(what, found, "each once", &self.path));
        }
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .large_file(4 * values.len() as u64 > LARGEST_SMALL);
        let started = self.zip.start_file(format!("{name}.npy"), options);
        started.map_err(io_error).map_err(FormatError::io("write", &self.path))?;
        write_f32_to(&mut self.zip, values).map_err(FormatError::io("write", &self.path))
    }

    /// Flush to the disk and put the archive in its place.
    ///
    /// # Errors
    /// [`FormatError::Io`] with what the file system reports; what was there before stays then.
    pub fn finish(self) -> Result<(), FormatError> {
        let file = self.zip.finish().map_err(io_error).map(StreamWriter::into_inner);
        file.and_then(AtomicFile::commit).map_err(FormatError::io("write", &self.path))
    }
}

fn io_error(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
