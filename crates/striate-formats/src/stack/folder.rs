//! Folders of TIFF files, in the order of the numbers in their names.

use std::cmp::Ordering;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::facts::{Access, StackFacts};
use super::options::StackOptions;
use super::tiff::{self, Turns};
use super::{Opened, PixelType, Source};
use crate::error::FormatError;

/// Most files of several pages each: all of them stay open.
const MOST_OPEN: usize = 256;

/// Most stretches of missing numbers told.
const MOST_MISSING: usize = 100;

/// Open a folder.
pub(super) fn open(path: &Path, options: &StackOptions) -> Result<(Opened, Turns), FormatError> {
    options.refuse_unused(&[], "a folder of TIFFs", path)?;
    let (files, bytes_on_disk) = list(path)?;
    let (Some(first_path), Some(last_path)) = (files.first(), files.last()) else {
        return Err(FormatError::malformed("folder", "no TIFF", "one or more (.tif, .tiff)", path));
    };
    let (first, turns) = tiff::open(first_path, options)?;
    let (last, _) = tiff::open(last_path, options)?;
    let kind = Kind { size: [first.shape[1], first.shape[2]], pixel: first.pixel_type };
    kind.check(&last, last_path)?;
    let mut facts =
        StackFacts::new(format!("folder of {}", first.facts.format), Access::FileByFile);
    facts.compression.clone_from(&first.facts.compression);
    facts.frame_rate_hz = first.facts.frame_rate_hz;
    facts.missing = missing(&files);
    let pixel_type = kind.pixel;
    let n_files = files.len();
    if first.shape[0] == 1 && last.shape[0] == 1 {
        facts.notes.push(format!("{n_files} files of one page; each is checked when it is read"));
        let shape = [n_files, kind.size[0], kind.size[1]];
        facts.resident_bytes = files.iter().map(|file| 64 + file.as_os_str().len() as u64).sum();
        let source = Box::new(Single { files, kind });
        return Ok((Opened { source, shape, pixel_type, facts, bytes_on_disk }, Turns::default()));
    }
    let several = Several::open(&files, kind, path)?;
    facts.notes.push(format!("{n_files} files, one after the other"));
    let shape = [several.n_pages(), kind.size[0], kind.size[1]];
    let source = Box::new(several);
    Ok((Opened { source, shape, pixel_type, facts, bytes_on_disk }, turns))
}

/// The TIFF files of a folder in natural order, and their bytes.
fn list(path: &Path) -> Result<(Vec<PathBuf>, u64), FormatError> {
    let (mut files, mut bytes) = (Vec::new(), 0);
    for entry in fs::read_dir(path).map_err(FormatError::io("read", path))? {
        let entry = entry.map_err(FormatError::io("read", path))?;
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        if !name.starts_with('.') && (name.ends_with(".tif") || name.ends_with(".tiff")) {
            bytes += entry.metadata().map_err(FormatError::io("read", path))?.len();
            files.push(entry.path());
        }
    }
    files.sort_by(|a, b| natural(&name_of(a), &name_of(b)));
    Ok((files, bytes))
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What all files must have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    size: [usize; 2],
    pixel: PixelType,
}

impl Kind {
    fn check(&self, file: &Opened, path: &Path) -> Result<(), FormatError> {
        let found = Self { size: [file.shape[1], file.shape[2]], pixel: file.pixel_type };
        if found == *self {
            return Ok(());
        }
        let [found, expected] = [found, *self].map(|kind| {
            format!("{} x {} (height x width) of {}", kind.size[0], kind.size[1], kind.pixel)
        });
        let expected = format!("{expected} as in the first file");
        Err(FormatError::malformed("pages", found, expected, path))
    }
}

/// One file for each page.
#[derive(Debug)]
struct Single {
    files: Vec<PathBuf>,
    kind: Kind,
}

impl Source for Single {
    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), FormatError> {
        let n_pixels = self.kind.size[0] * self.kind.size[1];
        let files = self.files.get(frames).unwrap_or_default();
        for (path, out) in files.iter().zip(out.chunks_exact_mut(n_pixels)) {
            let (file, _) = tiff::open(path, &StackOptions::default())?;
            self.kind.check(&file, path)?;
            if file.shape[0] != 1 {
                let found = format!("{} pages", file.shape[0]);
                return Err(FormatError::malformed("file", found, "1 as in the first", path));
            }
            file.source.read(0..1, out)?;
        }
        Ok(())
    }
}

/// Files of several pages.
struct Several {
    sources: Vec<Box<dyn Source>>,
    /// First page of each file, and the number of pages.
    starts: Vec<usize>,
    n_pixels: usize,
}

impl Several {
    fn open(files: &[PathBuf], kind: Kind, path: &Path) -> Result<Self, FormatError> {
        if files.len() > MOST_OPEN {
            return Err(FormatError::TooLarge {
                what: "files of several pages in one folder".to_owned(),
                found: files.len() as u64,
                limit: MOST_OPEN as u64,
                path: path.to_owned(),
            });
        }
        let (mut sources, mut starts) = (Vec::new(), vec![0]);
        for path in files {
            let (file, _) = tiff::open(path, &StackOptions::default())?;
            kind.check(&file, path)?;
            starts.push(starts.last().copied().unwrap_or(0) + file.shape[0]);
            sources.push(file.source);
        }
        Ok(Self { sources, starts, n_pixels: kind.size[0] * kind.size[1] })
    }

    fn n_pages(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }
}

impl Source for Several {
    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), FormatError> {
        let mut rest = out;
        for (source, pair) in self.sources.iter().zip(self.starts.windows(2)) {
            let [first, end] = [pair[0], pair[1]].map(|page| page.clamp(frames.start, frames.end));
            let (piece, after) = rest.split_at_mut((end - first) * self.n_pixels);
            if !piece.is_empty() {
                source.read(first - pair[0]..end - pair[0], piece)?;
            }
            rest = after;
        }
        Ok(())
    }
}

/// Compare names with their numbers as numbers: `img2` before `img10`.
fn natural(a: &str, b: &str) -> Ordering {
    let ([a_parts, b_parts], by_bytes) = ([parts(a), parts(b)], a.cmp(b));
    for (a, b) in a_parts.iter().zip(&b_parts) {
        let order = match (number(a), number(b)) {
            // Longer digits without leading zeros are larger numbers.
            (Some(a), Some(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            _ => a.cmp(b),
        };
        if order.is_ne() {
            return order;
        }
    }
    a_parts.len().cmp(&b_parts.len()).then(by_bytes)
}

/// A name cut between digits and others.
fn parts(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let is_digit = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    parts
}

/// Digits without leading zeros.
fn number(part: &str) -> Option<&str> {
    part.starts_with(|c: char| c.is_ascii_digit()).then(|| part.trim_start_matches('0'))
}

/// Gaps in the numbers of the names, where they differ in their last number only.
fn missing(files: &[PathBuf]) -> Vec<String> {
    let mut gaps = Vec::new();
    for pair in files.windows(2) {
        let [a, b] = [name_of(&pair[0]), name_of(&pair[1])];
        let [a, b] = [last_number(&a), last_number(&b)];
        let (Some((stem, a)), Some((other, b))) = (a, b) else { continue };
        if stem == other && b > a + 1 && gaps.len() < MOST_MISSING {
            let (first, last) = (a + 1, b - 1);
            gaps.push(if first == last { first.to_string() } else { format!("{first}-{last}") });
        }
    }
    gaps
}

/// The last number of a name and what is before it.
fn last_number(name: &str) -> Option<(String, u64)> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let all = parts(stem);
    let place = all.iter().rposition(|part| number(part).is_some())?;
    let (before, after) = all.split_at(place);
    Some((before.concat(), after.first()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_their_numbers() {
        let mut names = ["b1", "img10.tif", "img2.tif", "img02.tif", "img1.tif", "img"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["b1", "img", "img1.tif", "img02.tif", "img2.tif", "img10.tif"]);
    }

    #[test]
    fn gaps_in_the_numbers_are_told() {
        let files = ["a_008.tif", "a_010.tif", "a_0020.tif", "b_1.tif", "b_2.tif"];
        assert_eq!(missing(&files.map(PathBuf::from)), ["9", "11-19"]);
    }
}
