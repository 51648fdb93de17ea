//! NumPy arrays (`.npy`, versions 1 to 3).
//!
//! Opening reads the header and checks it against the length of the file; reading then takes all or
//! a part of the elements. The parser is our own: the crates there are allocate what the header
//! declares before they know that the file is long enough, decode whole arrays of one known type,
//! and have no text or no parts; here any numeric type is converted and both axis orders are sliced
//! by seeking. The tests compare with files that NumPy wrote.

pub(crate) mod decode;
mod element;
mod header;
mod literal;
mod slab;
pub(crate) mod text;
mod write;

use std::ops::Range;
use std::path::Path;

use ndarray::ArrayD;

use crate::error::FormatError;
use crate::files::{SeenFile, reserve};
use decode::{Number, Values};
pub use element::ElementType;
pub(crate) use header::Header;
use slab::Slab;
pub(crate) use write::write_f32_to;
pub use write::{write_f32, write_f64, write_i64, write_strings, write_u8};

/// A `.npy` file whose header fits its length. It holds no open descriptor; each read opens the file
/// again and refuses one that has changed.
#[derive(Debug, Clone)]
pub struct NpyFile {
    file: SeenFile,
    header: Header,
}

impl NpyFile {
    /// Read and check the header.
    ///
    /// # Errors
    /// [`FormatError`] for a file that cannot be opened, is no NumPy array, has other elements than
    /// booleans, integers, floats or text, or has another length than its header says.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let (file, mut reader) = SeenFile::open(path)?;
        let header = Header::read(&mut reader, file.n_bytes, path)?;
        Ok(Self { file, header })
    }

    /// Length of each axis, in NumPy's order.
    pub fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    /// Type of the elements.
    pub fn dtype(&self) -> ElementType {
        self.header.element
    }

    /// Whether the first axis varies fastest in the file. What is read has its axes in the order of
    /// [`NpyFile::shape`] either way.
    pub fn fortran_order(&self) -> bool {
        self.header.fortran_order
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// All elements as `f32`, in standard layout, shape as in the file. Values are rounded to
    /// nearest; `true` is 1. NaN and infinities stay as they are.
    ///
    /// # Errors
    /// [`FormatError`] for text, a file that changed, or too little memory.
    pub fn read_f32(&self) -> Result<ArrayD<f32>, FormatError> {
        self.read_slab(&self.header.whole())
    }

    /// All elements as `f64`; otherwise as [`NpyFile::read_f32`].
    ///
    /// # Errors
    /// As [`NpyFile::read_f32`].
    pub fn read_f64(&self) -> Result<ArrayD<f64>, FormatError> {
        self.read_slab(&self.header.whole())
    }

    /// All elements as `i64`, such as identifiers. Floats are taken where they are whole numbers.
    ///
    /// # Errors
    /// As [`NpyFile::read_f32`], and for values that are no whole numbers or too large.
    pub fn read_i64(&self) -> Result<ArrayD<i64>, FormatError> {
        decode::integers(&self.header, &self.file.path, &mut Parts(self))
    }

    /// Rows `rows` of the first axis as `f32`: shape `[rows.len(), ...]`.
    ///
    /// # Errors
    /// As [`NpyFile::read_f32`], and for rows that are not there.
    pub fn read_rows_f32(&self, rows: Range<usize>) -> Result<ArrayD<f32>, FormatError> {
        self.read_slab(&self.header.slice(0, rows, &self.file.path)?)
    }

    /// Rows `rows` of the first axis of bytes or booleans: shape `[rows.len(), ...]`.
    ///
    /// # Errors
    /// As [`NpyFile::read_rows_f32`], and for elements of another type.
    pub fn read_rows_u8(&self, rows: Range<usize>) -> Result<ArrayD<u8>, FormatError> {
        if !matches!(self.header.element, ElementType::UInt8 | ElementType::Bool) {
            return Err(FormatError::ElementType {
                found: self.header.element.to_string(),
                expected: "uint8 or bool",
                path: self.file.path.clone(),
            });
        }
        self.read_slab(&self.header.slice(0, rows, &self.file.path)?)
    }

    /// A range of the last axis as `f32`: shape `[..., range.len()]`. Of a video
    /// `[height, width, frame]` these are frames. Reads little more than the bytes asked for.
    ///
    /// # Errors
    /// As [`NpyFile::read_rows_f32`].
    pub fn read_last_axis_f32(&self, range: Range<usize>) -> Result<ArrayD<f32>, FormatError> {
        let last = self.header.shape.len().saturating_sub(1);
        self.read_slab(&self.header.slice(last, range, &self.file.path)?)
    }

    /// The texts of an array of up to one axis, `<U` or `|S` (UTF-8).
    ///
    /// # Errors
    /// [`FormatError`] for numbers, several axes, bytes that are no text, more than a million texts.
    pub fn read_strings(&self) -> Result<Vec<String>, FormatError> {
        let mut reader = self.file.reopen()?;
        slab::seek(&mut reader, self.header.data_offset).map_err(|e| self.file.read_error(e))?;
        text::read(&self.header, &mut reader, &self.file.path, &|e| self.file.read_error(e))
    }

    fn read_slab<T: Number>(&self, slab: &Slab) -> Result<ArrayD<T>, FormatError> {
        self.header.refuse_text(&self.file.path)?;
        let mut values = Values::new(slab, reserve(slab.count(), &self.file.path)?);
        let mut reader = self.file.reopen()?;
        let header = &self.header;
        slab.visit(&mut reader, header.data_offset, &mut |bytes| values.extend(header, bytes))
            .map_err(|error| self.file.read_error(error))?;
        values.into_array(&self.file.path)
    }
}

/// The file as a source of whole arrays of any type.
struct Parts<'a>(&'a NpyFile);

impl decode::Whole for Parts<'_> {
    fn read<T: Number>(&mut self) -> Result<ArrayD<T>, FormatError> {
        self.0.read_slab(&self.0.header.whole())
    }
}
