//! What can be wrong with a file.

use std::io;
use std::path::{Path, PathBuf};

use striate_base::{Classified, ErrorClass};

/// Why a file cannot be read or written. The path comes last; a member of an archive has the path
/// of the archive before its name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file system refuses.
    #[error("cannot {action}: {source}: {}", path.display())]
    Io {
        /// What was being done, such as `read`.
        action: &'static str,
        /// What the file system reports.
        source: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The file has fewer or more bytes than its header says.
    #[error(
        "the file is not complete or not what it says: found {found} bytes, expected {expected}: {}",
        path.display()
    )]
    Length {
        /// Bytes there are.
        found: u64,
        /// Bytes there should be.
        expected: u64,
        /// The file.
        path: PathBuf,
    },
    /// The file has another length or age than when it was opened.
    #[error(
        "the file changed after it was opened: found {found} bytes, expected the same file of \
         {expected} bytes: {}", path.display()
    )]
    Changed {
        /// Bytes there are now.
        found: u64,
        /// Bytes there were.
        expected: u64,
        /// The file.
        path: PathBuf,
    },
    /// Something in the file is not as the format, or its use here, asks for.
    #[error("{what}: found {found}, expected {expected}: {}", path.display())]
    Malformed {
        /// The part of the file.
        what: String,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
        /// The file.
        path: PathBuf,
    },
    /// The file holds Python objects.
    #[error(
        "found {found}, which can run any code when it is read, expected an array of numbers or \
         text; convert it in Python, for numbers by np.save(path, array.astype(float)), for text by \
         np.save(path, array.astype(str)): {}", path.display()
    )]
    Pickle {
        /// What it looks like.
        found: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The elements are of a type that cannot be read as asked for.
    #[error("elements: found {found}, expected {expected}: {}", path.display())]
    ElementType {
        /// Type in the file.
        found: String,
        /// Types that would do.
        expected: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Something is larger than this crate reads.
    #[error("{what}: found {found}, expected at most {limit}: {}", path.display())]
    TooLarge {
        /// What is too large, with its unit.
        what: String,
        /// Its size.
        found: u64,
        /// The limit.
        limit: u64,
        /// The file.
        path: PathBuf,
    },
    /// A part was asked for that is not there.
    #[error(
        "{what}: found {length}, expected enough for {start} to {end} (end excluded): {}",
        path.display()
    )]
    OutOfRange {
        /// What was to be read in part.
        what: String,
        /// How many there are.
        length: usize,
        /// First one asked for.
        start: usize,
        /// One after the last asked for.
        end: usize,
        /// The file.
        path: PathBuf,
    },
    /// An archive has no member of that name.
    #[error("array `{name}`: found none, expected one of {known}: {}", path.display())]
    NoMember {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
        /// The archive.
        path: PathBuf,
    },
    /// The system has not as much memory as the contents take.
    #[error("memory: found less than {needed} bytes, expected as many for the contents of {}", path.display())]
    Memory {
        /// Bytes needed at once.
        needed: u64,
        /// The file.
        path: PathBuf,
    },
}

impl FormatError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, source, path: path.to_owned() }
    }

    pub(crate) fn malformed(
        what: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
        path: &Path,
    ) -> Self {
        Self::Malformed {
            what: what.into(),
            found: found.into(),
            expected: expected.into(),
            path: path.to_owned(),
        }
    }
}

impl Classified for FormatError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Io { source, .. } => ErrorClass::of_io(source),
            Self::Memory { .. } => ErrorClass::Resources,
            _ => ErrorClass::InputData,
        }
    }
}
