//! Headers: what the elements are, how many, and where they begin.

use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use super::element::ElementType;
use super::literal::{self, Description, quoted};
use super::slab::Slab;
use crate::error::FormatError;
use crate::files::{LONGEST_MAGIC, is_pickle, looks_like};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Longest header read; NumPy's are below 1 KiB.
const LONGEST_HEADER: u64 = 64 << 10;

/// Most axes an array may have, as in NumPy.
const MOST_AXES: usize = 64;

/// A header that has been checked against the number of bytes there are.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) element: ElementType,
    pub(crate) big_endian: bool,
    pub(crate) fortran_order: bool,
    pub(crate) shape: Vec<usize>,
    /// Product of the shape.
    pub(crate) count: usize,
    /// First byte of the elements.
    pub(crate) data_offset: u64,
    pub(crate) data_bytes: u64,
}

impl Header {
    /// Read the header of an array of `n_bytes` in all. Nothing is allocated that the header does
    /// not prove to be there.
    pub(crate) fn read(
        reader: &mut dyn Read,
        n_bytes: u64,
        path: &Path,
    ) -> Result<Self, FormatError> {
        let mut reader = Prefix { reader, n_read: 0, n_bytes, path };
        let text = read_text(&mut reader)?;
        let data_offset = reader.n_read;
        let entries = literal::parse(&text)
            .map_err(|e| FormatError::malformed("header", e.found, e.expected, path))?;
        let (element, big_endian) = element_of(&entries.description, path)?;
        let (count, data_bytes) = sizes(&entries.shape, element, path)?;
        let expected = data_offset.saturating_add(data_bytes);
        if n_bytes != expected {
            return Err(FormatError::Length { found: n_bytes, expected, path: path.to_owned() });
        }
        let (fortran_order, shape) = (entries.fortran_order, entries.shape);
        Ok(Self { element, big_endian, fortran_order, shape, count, data_offset, data_bytes })
    }

    /// All elements.
    pub(crate) fn whole(&self) -> Slab {
        Slab::whole(&self.shape, self.fortran_order, self.element_bytes())
    }

    /// The elements of a range of one axis.
    pub(crate) fn slice(
        &self,
        axis: usize,
        range: Range<usize>,
        path: &Path,
    ) -> Result<Slab, FormatError> {
        let length = self.shape.get(axis).copied().unwrap_or(0);
        if axis >= self.shape.len() || range.start > range.end || range.end > length {
            return Err(FormatError::OutOfRange {
                what: format!("length of axis {axis} of shape {:?}", self.shape),
                length,
                start: range.start,
                end: range.end,
                path: path.to_owned(),
            });
        }
        Ok(Slab::slice(&self.shape, self.fortran_order, self.element_bytes(), (axis, range)))
    }

    pub(crate) fn refuse_text(&self, path: &Path) -> Result<(), FormatError> {
        if !self.element.is_text() {
            return Ok(());
        }
        let found = self.element.to_string();
        Err(FormatError::ElementType { found, expected: "numbers", path: path.to_owned() })
    }

    fn element_bytes(&self) -> usize {
        self.element.size().expect("checked when the header was read")
    }
}

/// Reads the first bytes of a file whose length is known.
struct Prefix<'a> {
    reader: &'a mut dyn Read,
    n_read: u64,
    n_bytes: u64,
    path: &'a Path,
}

impl Prefix<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> Result<(), FormatError> {
        let expected = self.n_read + bytes.len() as u64;
        let too_short = |found| FormatError::Length { found, expected, path: self.path.to_owned() };
        if expected > self.n_bytes {
            return Err(too_short(self.n_bytes));
        }
        self.reader.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => too_short(self.n_read),
            _ => FormatError::io("read", self.path)(error),
        })?;
        self.n_read = expected;
        Ok(())
    }
}

/// The dictionary of the header.
fn read_text(reader: &mut Prefix<'_>) -> Result<String, FormatError> {
    let path = reader.path;
    let mut magic = [0; 8];
    let n_start = reader.n_bytes.min(8) as usize;
    let (start, rest) = magic.split_at_mut(n_start);
    reader.read(start)?;
    if is_pickle(start) {
        return Err(FormatError::Pickle { found: "a Python pickle", path: path.to_owned() });
    }
    if !start.starts_with(MAGIC.get(..n_start.min(MAGIC.len())).unwrap_or(MAGIC)) || n_start == 0 {
        let mut seen = start.to_vec();
        seen.resize(reader.n_bytes.min(LONGEST_MAGIC) as usize, 0);
        reader.read(seen.split_at_mut(n_start).1)?;
        let found = looks_like(&seen);
        return Err(FormatError::malformed("kind", found, "a NumPy array (.npy)", path));
    }
    reader.read(rest)?;
    let [.., major, minor] = magic;
    let length = match major {
        1 => {
            let mut length = [0; 2];
            reader.read(&mut length)?;
            u64::from(u16::from_le_bytes(length))
        }
        2 | 3 => {
            let mut length = [0; 4];
            reader.read(&mut length)?;
            u64::from(u32::from_le_bytes(length))
        }
        _ => {
            let found = format!("version {major}.{minor}");
            return Err(FormatError::malformed("kind", found, "version 1.0 to 3.0", path));
        }
    };
    if length > LONGEST_HEADER {
        return Err(FormatError::TooLarge {
            what: "bytes of the header".to_owned(),
            found: length,
            limit: LONGEST_HEADER,
            path: path.to_owned(),
        });
    }
    let mut text = vec![0; length as usize];
    reader.read(&mut text)?;
    String::from_utf8(text)
        .map_err(|_| FormatError::malformed("header", "bytes of no text", "ASCII or UTF-8", path))
}

/// Type of the elements and whether their most significant byte comes first.
fn element_of(description: &Description, path: &Path) -> Result<(ElementType, bool), FormatError> {
    const EXPECTED: &str = "booleans, integers, floats of 16, 32 or 64 bits, or text (<U, |S)";
    let refuse =
        |found| FormatError::ElementType { found, expected: EXPECTED, path: path.to_owned() };
    let Description::Code(code) = description else {
        return Err(refuse("records of several fields".to_owned()));
    };
    let (order, kind) = match code.split_at_checked(1) {
        Some((order @ ("<" | ">" | "|" | "="), kind)) => (order, kind),
        _ => ("=", code.as_str()),
    };
    if kind.starts_with('O') {
        let found = "an array of Python objects (a pickle)";
        return Err(FormatError::Pickle { found, path: path.to_owned() });
    }
    let big_endian = order == ">" || (order == "=" && cfg!(target_endian = "big"));
    let element = ElementType::parse(kind).ok_or_else(|| refuse(quoted(code)))?;
    Ok((element, big_endian))
}

/// Number of elements and of their bytes.
fn sizes(shape: &[usize], element: ElementType, path: &Path) -> Result<(usize, u64), FormatError> {
    let refuse = |found: String, expected: &str| {
        Err(FormatError::malformed("shape in the header", found, expected, path))
    };
    if shape.len() > MOST_AXES {
        return refuse(format!("{} axes", shape.len()), "at most 64");
    }
    // Without the empty axes: an array library multiplies lengths in any order.
    let of_others = shape.iter().filter(|&&n| n > 0).try_fold(1usize, |n, &m| n.checked_mul(m));
    let bytes = of_others.zip(element.size()).and_then(|(n, size)| n.checked_mul(size));
    match (of_others, bytes.filter(|&n| isize::try_from(n).is_ok())) {
        (Some(count), Some(bytes)) if !shape.contains(&0) => Ok((count, bytes as u64)),
        (Some(_), Some(_)) => Ok((0, 0)),
        _ => refuse(format!("{shape:?} of {element}"), "fewer elements than memory has bytes"),
    }
}
