//! Stacks in TIFF and BigTIFF files.
//!
//! Pages that are not packed and lie at equal distances are read without looking at their
//! directories again. That they do is checked when the file is opened: every directory is read, or,
//! for long files whose first pages suggest a distance, an evenly spread sample and the last.

mod directory;
mod metadata;
mod page;
mod pages;
mod unpack;
mod write;

use std::path::Path;

use super::bytes::Bytes;
use super::facts::{Access, StackFacts};
use super::options::{AxisOrder, StackOptions};
use super::strided::{Layout, Strided};
use super::{Opened, Source};
use crate::error::FormatError;
use directory::{Directory, Tiff};
use metadata::Metadata;
pub(super) use metadata::Turns;
use page::{Compression, Page};
use pages::{Listed, Pages};
use unpack::Packed;
pub use write::TiffWriter;

/// Whether a file begins like a TIFF.
pub(super) fn is_magic(start: &[u8]) -> bool {
    Tiff::is_magic(start)
}

/// Open a TIFF. Its frames are its pages, whatever channels and planes they belong to.
pub(super) fn open(path: &Path, options: &StackOptions) -> Result<(Opened, Turns), FormatError> {
    options.refuse_unused(&[], "a TIFF", path)?;
    let tiff = Tiff::open(Bytes::open(path)?)?;
    let first = tiff.directory(tiff.first_directory)?;
    let page = Page::read(&tiff, &first)?;
    let metadata = Metadata::read(&tiff, &first)?;
    let mut facts = facts(&tiff, &page, &metadata);
    let pages = match undescribed(&tiff, &first, &page, &metadata)? {
        Some(pages) => pages,
        None => Pages::find(&tiff, &first, &page)?,
    };
    note(&mut facts, &tiff, &page, &pages);
    let (shape, pixel_type) = ([pages.len(), page.height, page.width], page.encoding.pixel);
    let bytes_on_disk = tiff.bytes.on_disk();
    let source = source(tiff, page, pages)?;
    Ok((Opened { source, shape, pixel_type, facts, bytes_on_disk }, metadata.turns))
}

fn facts(tiff: &Tiff, page: &Page, metadata: &Metadata) -> StackFacts {
    let kind = if tiff.is_big { "BigTIFF" } else { "TIFF" };
    let format = metadata.program.map_or(kind.to_owned(), |program| format!("{kind} ({program})"));
    let mut facts = StackFacts::new(format, Access::Strided);
    page.compression.name().clone_into(&mut facts.compression);
    facts.frame_rate_hz = metadata.frame_rate_hz;
    facts
}

fn note(facts: &mut StackFacts, tiff: &Tiff, page: &Page, pages: &Pages) {
    match pages {
        Pages::Strided { n, n_checked, first, pitch } => {
            if n_checked < n {
                facts.notes.push(format!("{n_checked} of {n} page headers were checked"));
            }
            let end = first + (*n as u64 - 1) * pitch + page.n_bytes();
            let left = tiff.bytes.len().saturating_sub(end);
            if *n == 1 && left >= page.n_bytes() {
                facts.notes.push(format!("{left} bytes follow the only page that is described"));
            }
        }
        Pages::Listed(offsets) => {
            facts.access = Access::PageByPage;
            facts.resident_bytes = 8 * offsets.len() as u64;
        }
        Pages::Packed(directories) => {
            facts.access = Access::PageByPage;
            facts.resident_bytes = 8 * directories.len() as u64;
        }
    }
}

/// The pages of a file that describes only the first of many: ImageJ does so above 4 GB, `tifffile`
/// on request. The others follow it.
fn undescribed(
    tiff: &Tiff,
    first: &Directory,
    page: &Page,
    metadata: &Metadata,
) -> Result<Option<Pages>, FormatError> {
    let n = metadata.n_pages.unwrap_or(1);
    if first.next != 0 || n < 2 {
        return Ok(None);
    }
    let Some(offset) = page.in_one_piece(&page.chunks(tiff, first)?) else { return Ok(None) };
    let of_all = (n as u64).checked_mul(page.n_bytes()).and_then(|bytes| bytes.checked_add(offset));
    let (found, expected) = (tiff.bytes.len(), of_all.unwrap_or(u64::MAX));
    if found < expected {
        return Err(FormatError::Length { found, expected, path: tiff.path().to_owned() });
    }
    Ok(Some(Pages::Strided { first: offset, pitch: page.n_bytes(), n, n_checked: n }))
}

fn source(tiff: Tiff, page: Page, pages: Pages) -> Result<Box<dyn Source>, FormatError> {
    Ok(match pages {
        Pages::Strided { first, pitch, n, .. } => {
            let shape = [n, page.height, page.width];
            let (encoding, order) = (page.encoding, AxisOrder::Tyx);
            Box::new(Strided::new(tiff.bytes, Layout { encoding, first, shape, order, pitch })?)
        }
        Pages::Listed(offsets) => Box::new(Listed { bytes: tiff.bytes, page, offsets }),
        Pages::Packed(directories) => {
            refuse_bomb(&tiff, &page, &directories)?;
            Box::new(Packed { tiff, page, directories })
        }
    })
}

/// A packed page may unpack to a great many times its bytes only if it is small.
fn refuse_bomb(tiff: &Tiff, page: &Page, directories: &[u64]) -> Result<(), FormatError> {
    let first = directories.first().copied().unwrap_or(tiff.first_directory);
    let packed: u64 = page.chunks(tiff, &tiff.directory(first)?)?.iter().map(|chunk| chunk.1).sum();
    super::refuse_bomb(page.n_bytes(), packed, tiff.path())?;
    debug_assert!(page.compression != Compression::None || page.n_bytes() <= packed);
    Ok(())
}
