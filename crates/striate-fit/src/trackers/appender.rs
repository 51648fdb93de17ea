//! A file that only grows, cut back to a known length when a run goes on.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

/// An append-only file and its length.
#[derive(Debug)]
pub(crate) struct Appender {
    file: BufWriter<File>,
    length: u64,
}

impl Appender {
    /// Open or create `path` and cut it to `length` bytes.
    ///
    /// # Errors
    /// What the file system reports; [`io::ErrorKind::InvalidData`] where the file is shorter.
    pub(crate) fn open(path: &Path, length: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        let found = file.metadata()?.len();
        if found < length {
            let message = format!(
                "found {found} bytes, expected at least the {length} that were there when the \
                 checkpoint was written"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { file: BufWriter::new(file), length })
    }

    /// Append and hand over to the operating system, so that a reader sees whole records and a
    /// kill loses none.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.flush()?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Bring everything to the disk and say how long the file is.
    pub(crate) fn sync(&mut self) -> io::Result<u64> {
        self.file.flush()?;
        self.file.get_ref().sync_data()?;
        Ok(self.length)
    }

    /// Bytes in the file.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_cuts_back_and_a_file_too_short_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut file = Appender::open(&path, 0).unwrap();
        file.append(b"one\n").unwrap();
        assert_eq!(file.sync().unwrap(), 4);
        file.append(b"two\n").unwrap();
        drop(file);
        let mut file = Appender::open(&path, 4).unwrap();
        file.append(b"2\n").unwrap();
        assert_eq!(file.length(), 6);
        drop(file);
        assert_eq!(std::fs::read(&path).unwrap(), b"one\n2\n");
        let refused = Appender::open(&path, 7).unwrap_err().to_string();
        assert!(refused.contains("6 bytes") && refused.contains("the 7"), "{refused}");
    }
}
