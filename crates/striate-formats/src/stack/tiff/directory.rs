//! Headers and directories of TIFF and BigTIFF files, read by position.

use std::path::Path;

use crate::error::FormatError;
use crate::files::reserve;
use crate::stack::bytes::Bytes;

/// Most entries of a directory; real ones have 10 to 30.
const MOST_ENTRIES: u64 = 4096;

/// Most numbers of an entry: strips of a page.
const MOST_NUMBERS: u64 = 1 << 20;

/// Bytes read at first of a directory, enough for most.
const FIRST_READ: usize = 512;

/// A TIFF file.
#[derive(Debug)]
pub(super) struct Tiff {
    pub(super) bytes: Bytes,
    pub(super) big_endian: bool,
    /// Whether offsets have 64 bits (BigTIFF).
    pub(super) is_big: bool,
    pub(super) first_directory: u64,
}

/// A directory: what describes one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directory {
    pub(super) offset: u64,
    entries: Vec<Entry>,
    /// The next directory; 0 behind the last.
    pub(super) next: u64,
}

/// One entry of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// The value, or where it is.
    field: [u8; 8],
}

impl Tiff {
    /// Whether a file begins like a TIFF.
    pub(crate) fn is_magic(start: &[u8]) -> bool {
        matches!(start, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..])
    }

    /// Read the header of a file that begins like a TIFF.
    pub(super) fn open(bytes: Bytes) -> Result<Self, FormatError> {
        let mut header = [0; 8];
        bytes.read_at(0, &mut header)?;
        let big_endian = header.starts_with(b"MM");
        let is_big = header[if big_endian { 3 } else { 2 }] == 43;
        let mut tiff = Self { bytes, big_endian, is_big, first_directory: 0 };
        tiff.first_directory = if is_big {
            if tiff.u16(&header[4..]) != 8 {
                let found = tiff.u16(&header[4..]).to_string();
                return Err(tiff.malformed("bytes of an offset in the header", found, "8"));
            }
            let mut offset = [0; 8];
            tiff.bytes.read_at(8, &mut offset)?;
            tiff.u64(&offset)
        } else {
            u64::from(tiff.u32(&header[4..]))
        };
        Ok(tiff)
    }

    pub(super) fn path(&self) -> &Path {
        self.bytes.path()
    }

    pub(super) fn malformed(
        &self,
        what: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> FormatError {
        FormatError::malformed(what, found, expected, self.path())
    }

    /// The directory at `offset`.
    pub(super) fn directory(&self, offset: u64) -> Result<Directory, FormatError> {
        let (n_count, n_entry, n_next) = if self.is_big { (8, 20, 8) } else { (2, 12, 4) };
        let left = self.bytes.len().saturating_sub(offset);
        let mut buffer = vec![0; FIRST_READ.min(left as usize).max(n_count)];
        self.bytes.read_at(offset, &mut buffer)?;
        let count = if self.is_big { self.u64(&buffer) } else { u64::from(self.u16(&buffer)) };
        if count == 0 || count > MOST_ENTRIES {
            let expected = format!("1 to {MOST_ENTRIES} entries");
            let what = format!("directory at byte {offset}");
            return Err(self.malformed(what, format!("{count} entries"), expected));
        }
        let needed = n_count + count as usize * n_entry + n_next;
        if buffer.len() < needed {
            buffer.resize(needed, 0);
            self.bytes.read_at(offset, &mut buffer)?;
        }
        let (_, rest) = buffer.split_at(n_count);
        let (entries, next) = rest.split_at(count as usize * n_entry);
        let entries = entries.chunks_exact(n_entry).map(|bytes| self.entry(bytes)).collect();
        let next = if self.is_big { self.u64(next) } else { u64::from(self.u32(next)) };
        Ok(Directory { offset, entries, next })
    }

    fn entry(&self, bytes: &[u8]) -> Entry {
        let (tag, kind) = (self.u16(bytes), self.u16(&bytes[2..]));
        let (count, field) = if self.is_big {
            (self.u64(&bytes[4..]), &bytes[12..])
        } else {
            (u64::from(self.u32(&bytes[4..])), &bytes[8..])
        };
        let mut value = [0; 8];
        value.split_at_mut(field.len()).0.copy_from_slice(field);
        Entry { tag, kind, count, field: value }
    }

    /// All numbers of an entry; none where it is missing.
    pub(super) fn numbers(&self, directory: &Directory, tag: u16) -> Result<Vec<u64>, FormatError> {
        let Some(entry) = directory.entry(tag) else { return Ok(Vec::new()) };
        let size = match entry.kind {
            1 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            kind => {
                let what = format!("type of tag {tag}");
                return Err(self.malformed(what, kind.to_string(), "whole numbers (1, 3, 4, 16)"));
            }
        };
        if entry.count > MOST_NUMBERS {
            return Err(FormatError::TooLarge {
                what: format!("numbers in tag {tag}"),
                found: entry.count,
                limit: MOST_NUMBERS,
                path: self.path().to_owned(),
            });
        }
        let bytes = self.value(entry, entry.count * size, u64::MAX)?;
        let numbers = bytes.chunks_exact(size as usize).map(|bytes| match size {
            1 => u64::from(bytes[0]),
            2 => u64::from(self.u16(bytes)),
            4 => u64::from(self.u32(bytes)),
            _ => self.u64(bytes),
        });
        Ok(numbers.collect())
    }

    /// The only number of an entry, or `default` where it is missing.
    pub(super) fn number(
        &self,
        directory: &Directory,
        (tag, name): (u16, &str),
        default: Option<u64>,
    ) -> Result<u64, FormatError> {
        let numbers = self.numbers(directory, tag)?;
        match (numbers.as_slice(), default) {
            (&[number], _) | ([], Some(number)) => Ok(number),
            _ => {
                let what = format!("{name} in the directory at byte {}", directory.offset);
                Err(self.malformed(what, format!("{} numbers", numbers.len()), "one"))
            }
        }
    }

    /// The first bytes of a text, at most `longest`; empty where it is missing or of another type.
    pub(super) fn text(
        &self,
        directory: &Directory,
        tag: u16,
        longest: u64,
    ) -> Result<String, FormatError> {
        match directory.entry(tag) {
            Some(entry) if entry.kind == 2 => {
                let bytes = self.value(entry, entry.count, longest)?;
                Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned())
            }
            _ => Ok(String::new()),
        }
    }

    /// The first bytes of a value, at most `longest`; all `n_bytes` must be within the file.
    fn value(&self, entry: &Entry, n_bytes: u64, longest: u64) -> Result<Vec<u8>, FormatError> {
        let inline = if self.is_big { 8 } else { 4 };
        if n_bytes <= inline {
            return Ok(entry.field.split_at(n_bytes as usize).0.to_vec());
        }
        let offset =
            if self.is_big { self.u64(&entry.field) } else { u64::from(self.u32(&entry.field)) };
        let end = offset.saturating_add(n_bytes);
        if end > self.bytes.len() {
            let (found, path) = (self.bytes.len(), self.path().to_owned());
            return Err(FormatError::Length { found, expected: end, path });
        }
        let n_read = n_bytes.min(longest) as usize;
        let mut bytes = reserve(n_read, self.path())?;
        bytes.resize(n_read, 0);
        self.bytes.read_at(offset, &mut bytes)?;
        Ok(bytes)
    }

    fn u16(&self, bytes: &[u8]) -> u16 {
        let of = if self.big_endian { u16::from_be_bytes } else { u16::from_le_bytes };
        bytes.first_chunk().map_or(0, |&bytes| of(bytes))
    }

    fn u32(&self, bytes: &[u8]) -> u32 {
        let of = if self.big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        bytes.first_chunk().map_or(0, |&bytes| of(bytes))
    }

    fn u64(&self, bytes: &[u8]) -> u64 {
        let of = if self.big_endian { u64::from_be_bytes } else { u64::from_le_bytes };
        bytes.first_chunk().map_or(0, |&bytes| of(bytes))
    }
}

impl Directory {
    fn entry(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }
}
