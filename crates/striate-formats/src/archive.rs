//! ZIP archives whose members are read into memory.

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::FormatError;
use crate::files::{LONGEST_MAGIC, SeenFile, looks_like};

/// Contents up to this size are read however well they are packed.
const HARMLESS_BYTES: u64 = 64 << 20;

/// Contents above [`HARMLESS_BYTES`] may have at most this many bytes for each packed byte. Deflate
/// reaches 1032 with constant data; recordings reach 2 to 20.
const LARGEST_RATIO: u64 = 100;

/// Longest member name shown.
const LONGEST_NAME: usize = 200;

/// An archive that was opened. It holds no descriptor.
#[derive(Debug, Clone)]
pub(crate) struct Archive {
    pub(crate) file: SeenFile,
    /// Names of all members that are files, in the order of the archive.
    pub(crate) names: Vec<String>,
}

impl Archive {
    pub(crate) fn open(path: &Path) -> Result<Self, FormatError> {
        let (file, mut reader) = SeenFile::open(path)?;
        let mut start = Vec::new();
        let n_read = (&mut reader).take(LONGEST_MAGIC).read_to_end(&mut start);
        n_read.map_err(FormatError::io("read", path))?;
        // An archive may begin with other bytes, but not one that NumPy or a ZIP program wrote.
        if !start.starts_with(b"PK") {
            let found = looks_like(&start);
            return Err(FormatError::malformed("kind", found, "a ZIP archive (.npz, .zip)", path));
        }
        let zip = ZipArchive::new(BufReader::new(reader)).map_err(|e| zip_error(e, path))?;
        let mut names = Vec::with_capacity(zip.len());
        for name in zip.file_names() {
            let name = name.map_err(|error| zip_error(error, path))?;
            if !name.ends_with('/') {
                names.push(name.into_owned());
            }
        }
        Ok(Self { file, names })
    }

    /// Show a member to `read`. What is read in full must end with [`Member::finish`].
    pub(crate) fn member<T>(
        &self,
        name: &str,
        read: impl FnOnce(&mut Member<'_>) -> Result<T, FormatError>,
    ) -> Result<T, FormatError> {
        let path = self.path_of(name);
        let zip = ZipArchive::new(BufReader::new(self.file.reopen()?));
        let mut zip = zip.map_err(|error| zip_error(error, &path))?;
        let reader = zip.by_name(name).map_err(|error| zip_error(error, &path))?;
        let (n_bytes, packed_bytes) = (reader.size(), reader.compressed_size());
        if packed_bytes > self.file.n_bytes {
            let (found, expected) = (self.file.n_bytes, packed_bytes);
            return Err(FormatError::Length { found, expected, path });
        }
        read(&mut Member { reader: Box::new(reader), n_bytes, packed_bytes, path })
    }

    /// A path for messages: the archive's, and the member's name behind it.
    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        let name: String = name.chars().take(LONGEST_NAME).flat_map(char::escape_debug).collect();
        PathBuf::from(format!("{}/{name}", self.file.path.display()))
    }
}

/// A member of an archive, being unpacked.
pub(crate) struct Member<'a> {
    reader: Box<dyn Read + 'a>,
    /// Bytes unpacked, as the archive says.
    pub(crate) n_bytes: u64,
    packed_bytes: u64,
    /// For messages.
    pub(crate) path: PathBuf,
}

impl Member<'_> {
    /// Refuse contents that take `needed` bytes of memory where only a bomb packs so well.
    pub(crate) fn refuse_bomb(&self, needed: u64) -> Result<(), FormatError> {
        let largest = self.packed_bytes.saturating_mul(LARGEST_RATIO);
        if needed <= HARMLESS_BYTES || self.n_bytes <= largest {
            return Ok(());
        }
        Err(FormatError::TooLarge {
            what: format!("bytes unpacked from {}", self.packed_bytes),
            found: self.n_bytes,
            limit: largest,
            path: self.path.clone(),
        })
    }

    /// Compare the checksum, once all is read. There must be nothing left but that.
    pub(crate) fn finish(&mut self) -> Result<(), FormatError> {
        match self.reader.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(damaged("more bytes", self.n_bytes, &self.path)),
            Err(error) => Err(self.read_error()(error)),
        }
    }

    /// Turns an error of unpacking into one of ours.
    pub(crate) fn read_error(&self) -> impl Fn(io::Error) -> FormatError + use<> {
        let (n_bytes, path) = (self.n_bytes, self.path.clone());
        move |error| match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::Other => {
                damaged(&error.to_string(), n_bytes, &path)
            }
            _ => FormatError::io("read", &path)(error),
        }
    }
}

fn damaged(found: &str, n_bytes: u64, path: &Path) -> FormatError {
    let expected = format!("{n_bytes} bytes that fit their checksum");
    FormatError::malformed("packed contents", found, expected, path)
}

impl Read for Member<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.reader.read(bytes)
    }
}

pub(crate) fn zip_error(error: ZipError, path: &Path) -> FormatError {
    match error {
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            FormatError::io("read", path)(error)
        }
        ZipError::CompressionMethodNotSupported(method) => FormatError::malformed(
            "compression",
            format!("method {method}"),
            "stored or deflated",
            path,
        ),
        error => {
            let found = error.to_string();
            FormatError::malformed("archive", found, "a complete ZIP archive", path)
        }
    }
}
