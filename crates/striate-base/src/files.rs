//! Writing files so that a reader finds the old contents or the new, never something between.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Write `path` through a temporary sibling: written, flushed to the disk, renamed over `path`,
/// and the folder flushed.
///
/// Promise: after an error, a panic or a kill, `path` holds its old contents or the new ones in
/// full. After a power cut the same holds on file systems that honour `fsync`. A kill can strand a
/// sibling named `.NAME.PID.N.tmp`; [`sweep_temporaries`] removes those.
///
/// # Errors
/// Whatever `write` or the file system reports.
pub fn write_atomic(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = AtomicFile::create(path)?;
    write(&mut file)?;
    file.commit()
}

/// [`write_atomic`] for contents already in memory.
///
/// # Errors
/// Whatever the file system reports.
pub fn write_atomic_bytes(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_atomic(path, |file| file.write_all(bytes))
}

/// Remove what killed writers left behind in `folder`.
///
/// # Errors
/// Whatever the file system reports.
pub fn sweep_temporaries(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(".tmp") && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// A file written piece by piece with the promise of [`write_atomic`]: it appears under its name
/// on [`AtomicFile::commit`]; dropped before that, it leaves nothing behind.
///
/// ```
/// use std::io::Write;
/// use striate_base::files::AtomicFile;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("rows.csv");
/// let mut file = AtomicFile::create(&path)?;
/// file.write_all(b"1,2\n")?;
/// assert!(!path.exists());
/// file.commit()?;
/// assert_eq!(std::fs::read(&path)?, b"1,2\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct AtomicFile {
    /// `None` once committed.
    writer: Option<BufWriter<File>>,
    temporary: PathBuf,
    path: PathBuf,
}

impl AtomicFile {
    /// Begin to write what shall become `path`. The folder must exist.
    ///
    /// # Errors
    /// Whatever the file system reports.
    pub fn create(path: &Path) -> io::Result<Self> {
        let temporary = temporary_sibling(path)?;
        let writer = Some(BufWriter::new(File::create(&temporary)?));
        Ok(Self { writer, temporary, path: path.to_owned() })
    }

    /// Flush to the disk and put the file in its place.
    ///
    /// # Errors
    /// Whatever the file system reports; `path` is then as it was before.
    pub fn commit(mut self) -> io::Result<()> {
        if let Some(writer) = self.writer.take() {
            let file = writer.into_inner().map_err(io::IntoInnerError::into_error);
            let put = file.and_then(|file| file.sync_all());
            if let Err(error) = put.and_then(|()| fs::rename(&self.temporary, &self.path)) {
                self.discard();
                return Err(error);
            }
        }
        sync_folder(&self.path)
    }

    fn discard(&self) {
        // The first error matters; a temporary that stays behind is swept later.
        let _ = fs::remove_file(&self.temporary);
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.as_mut().map_or(Ok(0), |writer| writer.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            // Without writing out what is still buffered.
            drop(writer.into_parts());
            self.discard();
        }
    }
}

/// A name that no other writer of this process or of another uses.
fn temporary_sibling(path: &Path) -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("not a file name: {}", path.display()))
    })?;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!(".{}.{}.{count}.tmp", name.to_string_lossy(), std::process::id());
    Ok(path.with_file_name(name))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_write_leaves_the_old_contents() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_atomic_bytes(&path, b"old").unwrap();
        let failed = write_atomic(&path, |file| {
            file.write_all(b"half of the new")?;
            Err(io::Error::other("disk gone"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn abandoned_file_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let mut first = AtomicFile::create(&path).unwrap();
        let mut second = AtomicFile::create(&path).unwrap();
        first.write_all(b"first").unwrap();
        second.write_all(b"second").unwrap();
        second.commit().unwrap();
        drop(first);
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn sweep_removes_stranded_temporaries_only() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".twin.json.1.0.tmp"), b"x").unwrap();
        fs::write(folder.path().join("twin.json"), b"x").unwrap();
        sweep_temporaries(folder.path()).unwrap();
        assert!(folder.path().join("twin.json").exists());
        assert!(!folder.path().join(".twin.json.1.0.tmp").exists());
    }
}
