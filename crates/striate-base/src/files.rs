//! Writing files so that a reader finds the old contents or the new, never something between.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Write `path` through a temporary sibling: written, flushed to the disk, renamed over `path`,
/// and the folder flushed.
///
/// Promise: after an error, a panic or a kill, `path` holds its old contents or the new ones in
/// full. After a power cut the same holds on file systems that honour `fsync`. A kill can strand a
/// sibling named `.NAME.PID.tmp`; [`sweep_temporaries`] removes those.
///
/// # Errors
/// Whatever `write` or the file system reports.
pub fn write_atomic(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let temporary = temporary_sibling(path)?;
    let result = write_and_rename(&temporary, path, write);
    if result.is_err() {
        // The first error matters; a temporary that stays behind is swept later.
        let _ = fs::remove_file(&temporary);
    }
    result
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

fn write_and_rename(
    temporary: &Path,
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut writer = BufWriter::new(File::create(temporary)?);
    write(&mut writer)?;
    writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(temporary, path)?;
    sync_folder(path)
}

fn temporary_sibling(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("not a file name: {}", path.display()))
    })?;
    let name = format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id());
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
    fn sweep_removes_stranded_temporaries_only() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".twin.json.1.tmp"), b"x").unwrap();
        fs::write(folder.path().join("twin.json"), b"x").unwrap();
        sweep_temporaries(folder.path()).unwrap();
        assert!(folder.path().join("twin.json").exists());
        assert!(!folder.path().join(".twin.json.1.tmp").exists());
    }
}
