//! Files that are nothing but pixels.

use std::path::Path;

use super::Opened;
use super::bytes::Bytes;
use super::facts::{Access, StackFacts};
use super::options::{AxisOrder, RawLayout, StackOptions};
use super::pixel::{Encoding, PixelType};
use super::strided::{Layout, Strided, frame_bytes};
use crate::error::FormatError;

/// Open a file whose layout is given, or in its name.
pub(super) fn open(path: &Path, options: &StackOptions) -> Result<Option<Opened>, FormatError> {
    let named = if options.raw.is_none() { of_name(path) } else { None };
    let (raw, order, format) = match (options.raw, named) {
        (Some(raw), _) => (raw, AxisOrder::Tyx, "raw pixels"),
        (None, Some((raw, order))) => (raw, order, "CaImAn memory map"),
        (None, None) => return Ok(None),
    };
    options.refuse_unused(&["raw", "axes"], format, path)?;
    let order = options.axes.unwrap_or(order);
    let bytes = Bytes::open(path)?;
    let layout = layout(&bytes, raw, order)?;
    let mut facts = StackFacts::new(format, Access::Strided);
    if !layout.frames_lie_together() {
        super::note_gathered(&mut facts);
    }
    let (shape, pixel_type, bytes_on_disk) = (layout.shape, raw.pixel_type, bytes.on_disk());
    let source = Box::new(Strided::new(bytes, layout)?);
    Ok(Some(Opened { source, shape, pixel_type, facts, bytes_on_disk }))
}

/// The file must be exactly as long as its layout says: there is nothing else to check it by.
fn layout(bytes: &Bytes, raw: RawLayout, order: AxisOrder) -> Result<Layout, FormatError> {
    let path = bytes.path();
    let encoding = Encoding { pixel: raw.pixel_type, big_endian: raw.big_endian };
    let mut shape = raw.shape;
    let of_frame = frame_bytes(encoding, shape, path)?;
    if shape[0] == 0 && of_frame > 0 {
        shape[0] = (bytes.len().saturating_sub(raw.offset) / of_frame) as usize;
    }
    let layout = Layout::dense(encoding, raw.offset, shape, order, path)?;
    let (found, expected) = (bytes.len(), layout.end(path)?);
    if found == expected || shape.contains(&0) {
        return Ok(layout);
    }
    Err(FormatError::Length { found, expected, path: path.to_owned() })
}

/// The layout that CaImAn writes into a name, as in
/// `memmap__d1_60_d2_80_d3_1_order_C_frames_500.mmap`: 32-bit floats, pixels numbered down the
/// columns; order F has the pixels of a frame together, order C the frames of a pixel.
fn of_name(path: &Path) -> Option<(RawLayout, AxisOrder)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".mmap")?;
    let words: Vec<&str> = name.trim_end_matches('_').split('_').collect();
    let value = |key: &str| {
        let place = words.iter().rposition(|word| *word == key)?;
        words.get(place + 1).copied()
    };
    let number = |key: &str| value(key)?.parse::<usize>().ok();
    if number("d3").unwrap_or(1) != 1 {
        return None;
    }
    let order = match value("order")? {
        "F" => AxisOrder::Txy,
        "C" => AxisOrder::Xyt,
        _ => return None,
    };
    let shape = [number("frames")?, number("d1")?, number("d2")?];
    Some((RawLayout { shape, pixel_type: PixelType::F32, offset: 0, big_endian: false }, order))
}
