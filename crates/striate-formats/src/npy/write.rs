//! Writing arrays, version 1.0, C order, little endian, each file in one step.

use std::io::{self, Write};
use std::path::Path;

use ndarray::ArrayViewD;
use striate_base::files::write_atomic;

use crate::error::FormatError;

/// The data begin at a multiple of this, as NumPy wants it.
const ALIGNMENT: usize = 64;

/// Write 32-bit floats. Any layout in memory; C order in the file.
///
/// # Errors
/// [`FormatError::Io`] with what the file system reports; what was there before stays then.
pub fn write_f32(path: &Path, values: &ArrayViewD<'_, f32>) -> Result<(), FormatError> {
    write(path, "<f4", values, f32::to_le_bytes)
}

/// Write 64-bit floats; see [`write_f32`].
///
/// # Errors
/// As [`write_f32`].
pub fn write_f64(path: &Path, values: &ArrayViewD<'_, f64>) -> Result<(), FormatError> {
    write(path, "<f8", values, f64::to_le_bytes)
}

/// Write bytes; see [`write_f32`].
///
/// # Errors
/// As [`write_f32`].
pub fn write_u8(path: &Path, values: &ArrayViewD<'_, u8>) -> Result<(), FormatError> {
    write(path, "|u1", values, u8::to_le_bytes)
}

/// Write 64-bit integers; see [`write_f32`].
///
/// # Errors
/// As [`write_f32`].
pub fn write_i64(path: &Path, values: &ArrayViewD<'_, i64>) -> Result<(), FormatError> {
    write(path, "<i8", values, i64::to_le_bytes)
}

/// Write texts as an array of one axis (`<U`).
///
/// # Errors
/// As [`write_f32`]; [`FormatError::Malformed`] for a text that ends in a NUL, which NumPy cannot
/// tell from filling.
pub fn write_strings(path: &Path, texts: &[String]) -> Result<(), FormatError> {
    if let Some(i) = texts.iter().position(|text| text.ends_with('\0')) {
        let (what, found) = (format!("text {i} to be written"), "a NUL at its end");
        return Err(FormatError::malformed(what, found, "none", path));
    }
    let width = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
    let header = header(&format!("<U{width}"), &[texts.len()]);
    let write = |file: &mut dyn Write| {
        file.write_all(&header)?;
        for text in texts {
            let points = text.chars().map(u32::from).chain(std::iter::repeat(0));
            let bytes: Vec<u8> = points.take(width).flat_map(u32::to_le_bytes).collect();
            file.write_all(&bytes)?;
        }
        Ok(())
    };
    write_atomic(path, write).map_err(FormatError::io("write", path))
}

/// Write 32-bit floats to wherever.
pub(crate) fn write_f32_to(file: &mut dyn Write, values: &ArrayViewD<'_, f32>) -> io::Result<()> {
    file.write_all(&header("<f4", values.shape()))?;
    put(file, values.iter().copied().map(f32::to_le_bytes))
}

fn write<T: Copy, const N: usize>(
    path: &Path,
    description: &str,
    values: &ArrayViewD<'_, T>,
    to_bytes: fn(T) -> [u8; N],
) -> Result<(), FormatError> {
    let header = header(description, values.shape());
    let write = |file: &mut dyn Write| {
        file.write_all(&header)?;
        put(file, values.iter().copied().map(to_bytes))
    };
    write_atomic(path, write).map_err(FormatError::io("write", path))
}

/// Write elements in pieces, so that the writer is called seldom.
fn put<const N: usize>(
    file: &mut dyn Write,
    elements: impl Iterator<Item = [u8; N]>,
) -> io::Result<()> {
    const PIECE: usize = 64 << 10;
    let mut piece = Vec::with_capacity(PIECE + N);
    for element in elements {
        piece.extend_from_slice(&element);
        if piece.len() >= PIECE {
            file.write_all(&piece)?;
            piece.clear();
        }
    }
    file.write_all(&piece)
}

fn header(description: &str, shape: &[usize]) -> Vec<u8> {
    let lengths: String = shape.iter().map(|length| format!("{length}, ")).collect();
    // NumPy's own spelling: `(3,)` with a comma, `(3, 4)` and `()` without.
    let lengths = lengths.trim_end();
    let lengths = if shape.len() == 1 { lengths } else { lengths.trim_end_matches(',') };
    let text =
        format!("{{'descr': '{description}', 'fortran_order': False, 'shape': ({lengths}), }}");
    // Magic, version and length of the text take 10 bytes; the text ends in a line break.
    let whole = (10 + text.len() + 1).next_multiple_of(ALIGNMENT);
    let n_text = whole - 10;
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    let length = u16::try_from(n_text).expect("64 axes of 20 digits are shorter than 64 KiB");
    header.extend_from_slice(&length.to_le_bytes());
    header.extend_from_slice(text.as_bytes());
    header.resize(whole - 1, b' ');
    header.push(b'\n');
    header
}
