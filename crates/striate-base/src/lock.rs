//! One process at a time in a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::error::{Classified, ErrorClass};
use crate::{machine, time};

/// Name of the lock file inside the folder. It stays there when the lock is released: removing it
/// would let two processes hold locks on two files of the same name.
pub const LOCK_FILE: &str = ".lock";

/// Longest holder line that is read back.
const LONGEST_HOLDER: u64 = 1024;

/// Why a folder could not be locked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process holds it.
    #[error("the folder is locked by {holder}, expected it to be free: {}", path.display())]
    Held {
        /// `pid P on HOST since T`, as far as it is known.
        holder: String,
        /// The folder.
        path: PathBuf,
    },
    /// The lock file cannot be made, or the file system has no locks.
    #[error("cannot lock the folder: {source}: {}", path.display())]
    Io {
        /// What the file system reports.
        source: io::Error,
        /// The folder.
        path: PathBuf,
    },
}

impl Classified for LockError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Held { .. } => ErrorClass::Usage,
            Self::Io { source, .. } => ErrorClass::of_io(source),
        }
    }
}

/// The right to work in a folder, given back on drop and, by the operating system, on the death of
/// the process: what a killed process left is taken over without further ado.
///
/// The lock is advisory: it binds those who ask for it.
///
/// ```
/// use striate_base::lock::FolderLock;
///
/// let folder = tempfile::tempdir().unwrap();
/// let lock = FolderLock::acquire(folder.path()).unwrap();
/// let refused = FolderLock::acquire(folder.path()).unwrap_err();
/// assert!(refused.to_string().contains(&format!("locked by pid {}", std::process::id())));
/// drop(lock);
/// assert!(FolderLock::acquire(folder.path()).is_ok());
/// ```
#[derive(Debug)]
pub struct FolderLock {
    /// Open for as long as the lock is held; closing it releases the lock.
    _file: File,
}

impl FolderLock {
    /// Lock `folder`, which must exist. Never waits.
    ///
    /// # Errors
    /// [`LockError::Held`] where another holder lives, [`LockError::Io`] for whatever the file
    /// system reports.
    pub fn acquire(folder: &Path) -> Result<Self, LockError> {
        let io = |source| LockError::Io { source, path: folder.to_owned() };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(LOCK_FILE))
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {
                write_holder(&mut file).map_err(io)?;
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                Err(LockError::Held { holder: read_holder(&mut file), path: folder.to_owned() })
            }
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}

fn write_holder(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    let (pid, host) = (std::process::id(), machine::host());
    writeln!(file, "pid {pid} on {host} since {}", time::now())
}

/// What the holder wrote. It may not have come to that yet, and some systems do not let others read
/// a locked file.
fn read_holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(LONGEST_HOLDER).read_to_string(&mut text));
    match (read, text.trim()) {
        (Ok(_), holder) if !holder.is_empty() => holder.to_owned(),
        _ => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_holder_learns_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let _lock = FolderLock::acquire(folder.path()).unwrap();
        let refused = FolderLock::acquire(folder.path()).unwrap_err();
        let said = refused.to_string();
        let expected =
            format!("locked by pid {} on {} since 20", std::process::id(), machine::host());
        assert!(said.contains(&expected), "{said}");
        assert!(said.ends_with(&folder.path().display().to_string()), "{said}");
        assert_eq!(refused.class(), ErrorClass::Usage);
    }

    #[test]
    fn lock_file_of_a_dead_process_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let left = "pid 4000000 on elsewhere-with-a-long-name since 2001-01-01T00:00:00Z\n";
        std::fs::write(folder.path().join(LOCK_FILE), left).unwrap();
        let _lock = FolderLock::acquire(folder.path()).unwrap();
        let text = std::fs::read_to_string(folder.path().join(LOCK_FILE)).unwrap();
        assert!(text.starts_with(&format!("pid {} on ", std::process::id())), "{text}");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn folder_that_is_missing_is_an_input_error() {
        let folder = tempfile::tempdir().unwrap();
        let refused = FolderLock::acquire(&folder.path().join("none")).unwrap_err();
        assert_eq!(refused.class(), ErrorClass::InputData);
    }
}
