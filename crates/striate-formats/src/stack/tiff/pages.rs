//! Finding the pages of a file.

use std::collections::HashSet;
use std::ops::Range;

use super::directory::{Directory, Tiff};
use super::page::Page;
use crate::error::FormatError;
use crate::stack::Source;
use crate::stack::bytes::{Bytes, Runs};

/// Files of at most this many pages have every directory read.
const MOST_WALKED: u64 = 4096;

/// Directories looked at where not all are.
const N_SAMPLED: u64 = 256;

/// Where the pages are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pages {
    /// Not packed, at equal distances.
    Strided { first: u64, pitch: u64, n: usize, n_checked: usize },
    /// Not packed: first byte of each.
    Listed(Vec<u64>),
    /// Directory of each.
    Packed(Vec<u64>),
}

impl Pages {
    /// Find all pages, which must be like the first.
    pub(super) fn find(tiff: &Tiff, first: &Directory, page: &Page) -> Result<Self, FormatError> {
        match guess(tiff, first, page) {
            Some(pages) => Ok(pages),
            None => walk(tiff, page),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Strided { n, .. } => *n,
            Self::Listed(offsets) => offsets.len(),
            Self::Packed(directories) => directories.len(),
        }
    }
}

/// Read every directory.
fn walk(tiff: &Tiff, page: &Page) -> Result<Pages, FormatError> {
    let (mut directories, mut seen) = (Vec::new(), HashSet::new());
    let mut offsets = Some(Vec::new());
    let mut offset = tiff.first_directory;
    while offset != 0 {
        if !seen.insert(offset) {
            let found = format!("one that leads back to byte {offset}");
            return Err(tiff.malformed("chain of directories", found, "an end"));
        }
        let directory = tiff.directory(offset)?;
        let data = check(tiff, &directory, page, directories.len())?;
        match (&mut offsets, data) {
            (Some(offsets), Some(data)) => offsets.push(data),
            _ => offsets = None,
        }
        directories.push(offset);
        offset = directory.next;
    }
    let Some(offsets) = offsets else { return Ok(Pages::Packed(directories)) };
    let n = offsets.len();
    match equal_pitch(&offsets, page) {
        Some((first, pitch)) => Ok(Pages::Strided { first, pitch, n, n_checked: n }),
        None => Ok(Pages::Listed(offsets)),
    }
}

/// The page of a directory must be like the first. Returns its first byte if it is in one piece.
fn check(
    tiff: &Tiff,
    directory: &Directory,
    first: &Page,
    number: usize,
) -> Result<Option<u64>, FormatError> {
    let page = Page::read(tiff, directory)?;
    let chunks = page.chunks(tiff, directory)?;
    if page == *first {
        return Ok(page.in_one_piece(&chunks));
    }
    let [found, expected] = [page, *first].map(|page| {
        let Page { height, width, encoding, compression, .. } = page;
        format!("{height} x {width} of {}, {}", encoding.pixel, compression.name())
    });
    let same = if found == expected { " with the same strips and predictor" } else { "" };
    let expected = format!("{expected}{same} as on page 0");
    Err(tiff.malformed(format!("page {number}"), found, expected))
}

fn equal_pitch(offsets: &[u64], page: &Page) -> Option<(u64, u64)> {
    let &first = offsets.first()?;
    let pitch = match offsets {
        [first, second, ..] => second.checked_sub(*first)?,
        _ => page.n_bytes(),
    };
    let mut places = (0u64..).zip(offsets);
    let equal = places.all(|(i, &offset)| i.checked_mul(pitch) == offset.checked_sub(first));
    (equal && pitch >= page.n_bytes()).then_some((first, pitch))
}

/// Guess from the first two directories how long the pitch is, and check the guess. `None` where it
/// does not hold or the file is short enough to read all.
fn guess(tiff: &Tiff, first: &Directory, page: &Page) -> Option<Pages> {
    let pitch = first.next.checked_sub(first.offset)?;
    if pitch < page.n_bytes() {
        return None;
    }
    let start = page.in_one_piece(&page.chunks(tiff, first).ok()?)?;
    let most = (tiff.bytes.len() - first.offset) / pitch + 1;
    let holds = |number: u64, is_last: bool| -> Option<()> {
        let skipped = number * pitch;
        let directory = tiff.directory(first.offset + skipped).ok()?;
        let data = check(tiff, &directory, page, number as usize).ok()??;
        let next = if is_last { 0 } else { first.offset + skipped + pitch };
        (data == start + skipped && directory.next == next).then_some(())
    };
    let n =
        [most, most - 1].into_iter().find(|&n| n > MOST_WALKED && holds(n - 1, true).is_some())?;
    for i in 0..N_SAMPLED {
        holds(i * (n - 2) / (N_SAMPLED - 1), false)?;
    }
    let n_checked = N_SAMPLED as usize + 1;
    Some(Pages::Strided { first: start, pitch, n: n as usize, n_checked })
}

/// Pages that are not packed but lie anywhere.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) bytes: Bytes,
    pub(super) page: Page,
    /// First byte of each.
    pub(super) offsets: Vec<u64>,
}

impl Source for Listed {
    fn read(&self, pages: Range<usize>, out: &mut [f32]) -> Result<(), FormatError> {
        self.bytes.check_unchanged()?;
        let Page { encoding, height, width, .. } = self.page;
        let (bytes, size) = (self.page.n_bytes(), encoding.pixel.bytes());
        let offsets = self.offsets.get(pages).unwrap_or_default();
        for (&first, out) in offsets.iter().zip(out.chunks_exact_mut(height * width)) {
            let run = Runs { first, count: 1, bytes, pitch: bytes };
            self.bytes.visit(&run, size, &mut |place, bytes| {
                encoding.convert(bytes, out.split_at_mut(place as usize / size).1, 1);
            })?;
        }
        Ok(())
    }
}
