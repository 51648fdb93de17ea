//! Pages that are packed, or whose strips do not follow each other.

use std::io::Read;
use std::ops::Range;

use flate2::read::ZlibDecoder;
use ruzstd::decoding::StreamingDecoder;
use weezl::{BitOrder, LzwStatus, decode::Decoder};

use super::directory::Tiff;
use super::page::{Compression, Page};
use crate::error::FormatError;
use crate::files::reserve;
use crate::stack::Source;
use crate::stack::pixel::{Encoding, PixelType};

/// Bytes read of a strip beyond twice its pixels.
const SPARE_BYTES: u64 = 1 << 20;

/// Pages that are found by their directories.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) tiff: Tiff,
    pub(super) page: Page,
    /// Directory of each page.
    pub(super) directories: Vec<u64>,
}

impl Source for Packed {
    fn read(&self, pages: Range<usize>, out: &mut [f32]) -> Result<(), FormatError> {
        self.tiff.bytes.check_unchanged()?;
        let n_pixels = self.page.height * self.page.width;
        let directories = self.directories.get(pages).unwrap_or_default();
        for (&directory, out) in directories.iter().zip(out.chunks_exact_mut(n_pixels)) {
            self.read_page(directory, out)?;
        }
        Ok(())
    }
}

impl Packed {
    fn read_page(&self, directory: u64, out: &mut [f32]) -> Result<(), FormatError> {
        let (page, tiff) = (&self.page, &self.tiff);
        let [_, columns] = page.grid();
        let chunks = page.chunks(tiff, &tiff.directory(directory)?)?;
        let size = page.encoding.pixel.bytes();
        let mut packed = Vec::new();
        let mut pixels = reserve(page.chunk[0] * page.chunk[1] * size, tiff.path())?;
        for (i, (offset, count)) in chunks.into_iter().enumerate() {
            let rows = page.chunk_rows(i);
            pixels.resize(rows * page.chunk[1] * size, 0);
            if page.compression == Compression::None {
                tiff.bytes.read_at(offset, &mut pixels)?;
            } else {
                // No packing makes pixels much longer; what else is claimed is not read.
                let most = 2 * pixels.len() as u64 + SPARE_BYTES;
                packed.resize(count.min(most) as usize, 0);
                tiff.bytes.read_at(offset, &mut packed)?;
                unpack(page.compression, &packed, &mut pixels).map_err(|found| {
                    let expected =
                        format!("{} bytes packed by {}", pixels.len(), page.compression.name());
                    let what = format!("strip {i} of the directory at byte {directory}");
                    tiff.malformed(what, found, expected)
                })?;
            }
            let encoding = undo_predictor(page, &mut pixels);
            let [top, left] = [i / columns * page.chunk[0], i % columns * page.chunk[1]];
            place(page, encoding, &pixels, [top, left], out);
        }
        Ok(())
    }
}

/// Put the rows of a strip or tile where they belong; what stands out over the page is dropped.
fn place(page: &Page, encoding: Encoding, pixels: &[u8], [top, left]: [usize; 2], out: &mut [f32]) {
    let width = page.chunk[1].min(page.width - left);
    let rows = pixels.chunks_exact(page.chunk[1] * page.encoding.pixel.bytes());
    for (row, to) in rows.zip(out.chunks_exact_mut(page.width).skip(top)) {
        encoding.convert(row, to.split_at_mut(left).1.split_at_mut(width).0, 1);
    }
}

/// Fill `out`, or say what was found.
fn unpack(compression: Compression, packed: &[u8], out: &mut [u8]) -> Result<(), String> {
    match compression {
        Compression::None => unreachable!("not packed"),
        Compression::Lzw => lzw(packed, out),
        Compression::Deflate => ZlibDecoder::new(packed).read_exact(out).map_err(|e| e.to_string()),
        Compression::PackBits => pack_bits(packed, out),
        Compression::Zstd => {
            let mut decoder = StreamingDecoder::new(packed).map_err(|e| e.to_string())?;
            decoder.read_exact(out).map_err(|e| e.to_string())
        }
    }
}

fn lzw(mut packed: &[u8], mut out: &mut [u8]) -> Result<(), String> {
    let mut decoder = Decoder::with_tiff_size_switch(BitOrder::Msb, 8);
    while !out.is_empty() {
        let step = decoder.decode_bytes(packed, out);
        packed = packed.split_at(step.consumed_in).1;
        out = out.split_at_mut(step.consumed_out).1;
        match step.status {
            Err(error) => return Err(error.to_string()),
            Ok(LzwStatus::Ok) if step.consumed_in + step.consumed_out > 0 => {}
            Ok(_) if out.is_empty() => {}
            Ok(_) => return Err(format!("{} bytes fewer", out.len())),
        }
    }
    Ok(())
}

fn pack_bits(mut packed: &[u8], mut out: &mut [u8]) -> Result<(), String> {
    while !out.is_empty() {
        let short = || "fewer bytes".to_owned();
        let (&code, rest) = packed.split_first().ok_or_else(short)?;
        let code = code.cast_signed();
        if code == i8::MIN {
            packed = rest;
            continue;
        }
        let n = (usize::from(code.unsigned_abs()) + 1).min(out.len());
        let (to, after) = out.split_at_mut(n);
        let used = if code >= 0 {
            to.copy_from_slice(rest.get(..n).ok_or_else(short)?);
            n
        } else {
            to.fill(*rest.first().ok_or_else(short)?);
            1
        };
        (packed, out) = (rest.split_at(used).1, after);
    }
    Ok(())
}

/// Turn differences back into values, row by row. Returns how the values are now encoded.
fn undo_predictor(page: &Page, pixels: &mut [u8]) -> Encoding {
    let encoding = page.encoding;
    let row_bytes = page.chunk[1] * encoding.pixel.bytes();
    match page.predictor {
        2 => pixels.chunks_exact_mut(row_bytes).for_each(|row| add_up(encoding, row)),
        3 => {
            pixels.chunks_exact_mut(row_bytes).for_each(|row| join_bytes(encoding.pixel, row));
            return Encoding { big_endian: true, ..encoding };
        }
        _ => {}
    }
    encoding
}

fn add_up(encoding: Encoding, row: &mut [u8]) {
    macro_rules! add {
        ($type:ty) => {{
            let mut sum: $type = 0;
            for place in row.as_chunks_mut().0 {
                if encoding.big_endian {
                    sum = sum.wrapping_add(<$type>::from_be_bytes(*place));
                    *place = sum.to_be_bytes();
                } else {
                    sum = sum.wrapping_add(<$type>::from_le_bytes(*place));
                    *place = sum.to_le_bytes();
                }
            }
        }};
    }
    match encoding.pixel.bytes() {
        1 => add!(u8),
        2 => add!(u16),
        4 => add!(u32),
        _ => add!(u64),
    }
}

/// Floats whose first bytes come first, then all second bytes and so on, as differences. They end
/// with their most significant byte first.
fn join_bytes(pixel: PixelType, row: &mut [u8]) {
    let mut sum = 0u8;
    for byte in &mut *row {
        sum = sum.wrapping_add(*byte);
        *byte = sum;
    }
    let apart = row.to_vec();
    let size = pixel.bytes();
    let n = apart.len() / size;
    for (i, value) in row.chunks_exact_mut(size).enumerate() {
        for (place, plane) in value.iter_mut().zip(apart.chunks_exact(n)) {
            *place = plane[i];
        }
    }
}
