//! What a directory says of its page.

use super::directory::{Directory, Tiff};
use crate::error::FormatError;
use crate::stack::pixel::{Encoding, PixelType};

/// Most bytes of a tile or strip that is unpacked: buffers of that size are made.
const LARGEST_CHUNK: u64 = 256 << 20;

const WIDTH: (u16, &str) = (256, "the width");
const HEIGHT: (u16, &str) = (257, "the height");
const BITS: (u16, &str) = (258, "the bits of a pixel");
const COMPRESSION: (u16, &str) = (259, "the compression");
const FILL_ORDER: (u16, &str) = (266, "the order of bits");
const STRIP_OFFSETS: u16 = 273;
const SAMPLES: (u16, &str) = (277, "the samples of a pixel");
const ROWS_PER_STRIP: (u16, &str) = (278, "the rows of a strip");
const STRIP_BYTES: u16 = 279;
const PREDICTOR: (u16, &str) = (317, "the predictor");
const TILE_WIDTH: (u16, &str) = (322, "the width of a tile");
const TILE_HEIGHT: (u16, &str) = (323, "the height of a tile");
const TILE_OFFSETS: u16 = 324;
const TILE_BYTES: u16 = 325;
const SAMPLE_FORMAT: (u16, &str) = (339, "the sample format");

/// How the bytes of a strip or tile are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Lzw,
    Deflate,
    PackBits,
    Zstd,
}

impl Compression {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lzw => "LZW",
            Self::Deflate => "deflate",
            Self::PackBits => "PackBits",
            Self::Zstd => "zstd",
        }
    }
}

/// What one page of a stack has in common with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) encoding: Encoding,
    pub(super) compression: Compression,
    /// 1 none, 2 differences along rows, 3 the same of the bytes of floats.
    pub(super) predictor: u64,
    /// Height and width of a strip or tile. Tiles may stand out over the page.
    pub(super) chunk: [usize; 2],
    pub(super) is_tiled: bool,
}

impl Page {
    /// Read the page's description.
    pub(super) fn read(tiff: &Tiff, directory: &Directory) -> Result<Self, FormatError> {
        let number = |tag, default| tiff.number(directory, tag, default);
        let samples = number(SAMPLES, Some(1))?;
        if samples != 1 {
            let found = format!("{samples} (colours, or channels within a page)");
            return Err(tiff.malformed("samples of a pixel", found, "1"));
        }
        let encoding = encoding(tiff, directory)?;
        let (height, width) = (length(tiff, directory, HEIGHT)?, length(tiff, directory, WIDTH)?);
        let is_tiled = !tiff.numbers(directory, TILE_WIDTH.0)?.is_empty();
        let chunk = if is_tiled {
            [length(tiff, directory, TILE_HEIGHT)?, length(tiff, directory, TILE_WIDTH)?]
        } else {
            let rows = number(ROWS_PER_STRIP, Some(height as u64))?.min(height as u64);
            [(rows as usize).max(1), width]
        };
        let compression = compression(tiff, directory)?;
        let has_predictor = !matches!(compression, Compression::None | Compression::PackBits);
        let predictor = if has_predictor { number(PREDICTOR, Some(1))? } else { 1 };
        let is_float = matches!(encoding.pixel, PixelType::F32 | PixelType::F64);
        if !matches!((predictor, is_float), (1, _) | (2, false) | (3, true)) {
            let found = format!("{predictor} for {}", encoding.pixel);
            return Err(tiff.malformed("predictor", found, "none, 2 for integers, 3 for floats"));
        }
        let page = Self { height, width, encoding, compression, predictor, chunk, is_tiled };
        page.check_sizes(tiff)?;
        Ok(page)
    }

    fn check_sizes(&self, tiff: &Tiff) -> Result<(), FormatError> {
        let size = self.encoding.pixel.bytes() as u64;
        let bytes = |h: usize, w: usize| (h as u64).checked_mul(w as u64)?.checked_mul(size);
        let whole = bytes(self.height, self.width).filter(|&n| i64::try_from(n).is_ok());
        if whole.is_none() {
            let found = format!("{} x {} (height x width)", self.height, self.width);
            return Err(tiff.malformed("page", found, "fewer pixels than files have bytes"));
        }
        let of_chunk = bytes(self.chunk[0], self.chunk[1]).unwrap_or(u64::MAX);
        if of_chunk > LARGEST_CHUNK && (self.is_tiled || self.compression != Compression::None) {
            return Err(FormatError::TooLarge {
                what: "bytes of a strip or tile".to_owned(),
                found: of_chunk,
                limit: LARGEST_CHUNK,
                path: tiff.path().to_owned(),
            });
        }
        Ok(())
    }

    /// Bytes of the page, unpacked.
    pub(super) fn n_bytes(&self) -> u64 {
        (self.height * self.width * self.encoding.pixel.bytes()) as u64
    }

    /// Rows and columns of strips or tiles.
    pub(super) fn grid(&self) -> [usize; 2] {
        [self.height.div_ceil(self.chunk[0]), self.width.div_ceil(self.chunk[1])]
    }

    /// Where the strips or tiles lie, as offset and bytes: as many as the grid has, each within the
    /// file and, if not packed, as long as it must be.
    pub(super) fn chunks(
        &self,
        tiff: &Tiff,
        directory: &Directory,
    ) -> Result<Vec<(u64, u64)>, FormatError> {
        let tags =
            if self.is_tiled { (TILE_OFFSETS, TILE_BYTES) } else { (STRIP_OFFSETS, STRIP_BYTES) };
        let offsets = tiff.numbers(directory, tags.0)?;
        let mut counts = tiff.numbers(directory, tags.1)?;
        let [rows, columns] = self.grid();
        let n = rows.saturating_mul(columns);
        if counts.is_empty() && n == 1 && self.compression == Compression::None {
            counts.push(self.n_bytes());
        }
        if offsets.len() != n || counts.len() != n {
            let found = format!("{} offsets and {} lengths", offsets.len(), counts.len());
            let what = format!("strips in the directory at byte {}", directory.offset);
            return Err(tiff.malformed(what, found, format!("{n} of each")));
        }
        let chunks: Vec<(u64, u64)> = offsets.into_iter().zip(counts).collect();
        for (i, &(offset, count)) in chunks.iter().enumerate() {
            self.check_chunk(tiff, directory, i, (offset, count))?;
        }
        Ok(chunks)
    }

    fn check_chunk(
        &self,
        tiff: &Tiff,
        directory: &Directory,
        i: usize,
        (offset, count): (u64, u64),
    ) -> Result<(), FormatError> {
        let needed = self.chunk_rows(i) * self.chunk[1] * self.encoding.pixel.bytes();
        if self.compression == Compression::None && count < needed as u64 {
            let what = format!("bytes of strip {i} in the directory at byte {}", directory.offset);
            return Err(tiff.malformed(what, count.to_string(), format!("{needed} or more")));
        }
        let (found, expected) = (tiff.bytes.len(), offset.saturating_add(count));
        if found < expected {
            return Err(FormatError::Length { found, expected, path: tiff.path().to_owned() });
        }
        Ok(())
    }

    /// Rows stored in chunk `i`: the last strip ends with the page, tiles are always whole.
    pub(super) fn chunk_rows(&self, i: usize) -> usize {
        let [_, columns] = self.grid();
        let row = i / columns.max(1) * self.chunk[0];
        if self.is_tiled { self.chunk[0] } else { self.chunk[0].min(self.height - row) }
    }

    /// First byte of a page that lies in one piece, not packed.
    pub(super) fn in_one_piece(&self, chunks: &[(u64, u64)]) -> Option<u64> {
        let is_whole_rows = !self.is_tiled || self.chunk == [self.height, self.width];
        if self.compression != Compression::None || !is_whole_rows {
            return None;
        }
        let row = (self.width * self.encoding.pixel.bytes()) as u64;
        let follow = chunks.windows(2).all(|pair| match pair {
            [(first, _), (second, _)] => *second == first + self.chunk[0] as u64 * row,
            _ => true,
        });
        chunks.first().filter(|_| follow).map(|&(offset, _)| offset)
    }
}

fn length(tiff: &Tiff, directory: &Directory, tag: (u16, &str)) -> Result<usize, FormatError> {
    let length = tiff.number(directory, tag, None)?;
    match u32::try_from(length) {
        Ok(length) if length > 0 => Ok(length as usize),
        _ => Err(tiff.malformed(tag.1, length.to_string(), "1 or more, below 2^32")),
    }
}

fn encoding(tiff: &Tiff, directory: &Directory) -> Result<Encoding, FormatError> {
    let bits = tiff.number(directory, BITS, Some(1))?;
    let format = tiff.number(directory, SAMPLE_FORMAT, Some(1))?;
    let pixel = PixelType::of_sample(format, bits).ok_or_else(|| FormatError::ElementType {
        found: format!("pixels of {bits} bits of sample format {format}"),
        expected: "integers of 8, 16, 32 or 64 bits, or floats of 32 or 64",
        path: tiff.path().to_owned(),
    })?;
    if tiff.number(directory, FILL_ORDER, Some(1))? != 1 {
        return Err(tiff.malformed(FILL_ORDER.1, "lowest first", "highest first"));
    }
    Ok(Encoding { pixel, big_endian: tiff.big_endian })
}

fn compression(tiff: &Tiff, directory: &Directory) -> Result<Compression, FormatError> {
    Ok(match tiff.number(directory, COMPRESSION, Some(1))? {
        1 => Compression::None,
        5 => Compression::Lzw,
        8 | 32_946 => Compression::Deflate,
        32_773 => Compression::PackBits,
        50_000 => Compression::Zstd,
        code => {
            let expected = "none (1), LZW (5), deflate (8), PackBits (32773) or zstd (50000)";
            return Err(tiff.malformed("compression", code.to_string(), expected));
        }
    })
}
