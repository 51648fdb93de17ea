//! TIFF files that are not packed.

use std::fs;

use super::*;

/// Tag, type, count and value, or where the value is.
pub(super) type Entry = (u16, u16, u64, u64);

/// A hand-written TIFF: entries of each directory and bytes at chosen places.
pub(super) struct Hand {
    pub(super) bytes: Vec<u8>,
    pub(super) big_endian: bool,
    pub(super) is_big: bool,
}

impl Hand {
    pub(super) fn new(big_endian: bool, is_big: bool) -> Self {
        let mut hand = Self { bytes: Vec::new(), big_endian, is_big };
        hand.bytes.extend(if big_endian { b"MM" } else { b"II" });
        hand.put(if is_big { 43 } else { 42 }, 2);
        if is_big {
            hand.put(8, 2);
            hand.put(0, 2);
        }
        hand.put(0, hand.word());
        hand
    }

    /// Bytes of an offset.
    pub(super) fn word(&self) -> usize {
        if self.is_big { 8 } else { 4 }
    }

    pub(super) fn put(&mut self, value: u64, n_bytes: usize) {
        let bytes = value.to_le_bytes();
        let mut bytes = bytes[..n_bytes].to_vec();
        if self.big_endian {
            bytes.reverse();
        }
        self.bytes.extend(bytes);
    }

    /// Set an offset that was written before.
    pub(super) fn set(&mut self, place: usize, value: u64) {
        let mut other = Self { bytes: Vec::new(), ..*self };
        other.put(value, self.word());
        let end = place + self.word();
        self.bytes[place..end].copy_from_slice(&other.bytes);
    }

    /// Where the offset of the first directory is.
    pub(super) fn first(&self) -> usize {
        if self.is_big { 8 } else { 4 }
    }

    /// Write a directory of tags, types and values; returns where the offset of the next is. Values of
    /// more than one number are offsets of what was written before.
    pub(super) fn directory(&mut self, entries: &[Entry]) -> (u64, usize) {
        let at = self.bytes.len() as u64;
        self.put(entries.len() as u64, if self.is_big { 8 } else { 2 });
        for &(tag, kind, count, value) in entries {
            self.put(u64::from(tag), 2);
            self.put(u64::from(kind), 2);
            self.put(count, self.word());
            let size = match (kind, count) {
                (3, 1) => 2,
                (4, 1) => 4,
                _ => self.word(),
            };
            self.put(value, size);
            self.bytes.extend(vec![0; self.word() - size]);
        }
        let next = self.bytes.len();
        self.put(0, self.word());
        (at, next)
    }

    /// Entries of a page of 16-bit pixels.
    pub(super) fn page([height, width]: [usize; 2], offset: u64) -> Vec<Entry> {
        vec![
            (256, 4, 1, width as u64),
            (257, 4, 1, height as u64),
            (258, 3, 1, 16),
            (259, 3, 1, 1),
            (273, 4, 1, offset),
            (277, 3, 1, 1),
            (278, 4, 1, height as u64),
            (279, 4, 1, (2 * height * width) as u64),
        ]
    }

    pub(super) fn frame(&mut self, t: usize) -> u64 {
        let (at, [_, h, w]) = (self.bytes.len() as u64, SHAPE);
        for i in 0..h * w {
            self.put(value([t, i / w, i % w]) as u64, 2);
        }
        at
    }
}

#[test]
fn every_kind_of_header_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    for (big_endian, is_big) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut hand = Hand::new(big_endian, is_big);
        let mut link = hand.first();
        for t in 0..SHAPE[0] {
            let data = hand.frame(t);
            let (at, next) = hand.directory(&Hand::page([SHAPE[1], SHAPE[2]], data));
            hand.set(link, at);
            link = next;
        }
        fs::write(&path, &hand.bytes).unwrap();
        let stack = open_default(&path).unwrap();
        assert_eq!((stack.shape(), read_all(&stack)), (SHAPE, movie()));
        assert_eq!(stack.describe().access, Access::Strided);
    }
}

#[test]
fn pages_that_lie_anywhere_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let mut hand = Hand::new(false, false);
    // Last frame first.
    let places: Vec<u64> = (0..SHAPE[0]).rev().map(|t| hand.frame(t)).collect();
    let mut link = hand.first();
    for data in places.into_iter().rev() {
        let (at, next) = hand.directory(&Hand::page([SHAPE[1], SHAPE[2]], data));
        hand.set(link, at);
        link = next;
    }
    fs::write(&path, &hand.bytes).unwrap();
    let stack = open_default(&path).unwrap();
    assert_eq!(read_all(&stack), movie());
    assert_eq!(stack.describe().access, Access::PageByPage);
}

#[test]
fn strips_that_follow_each_other_are_one_piece_and_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    for gap in [0, 6] {
        let mut hand = Hand::new(false, false);
        let mut link = hand.first();
        for t in 0..SHAPE[0] {
            let whole = hand.frame(t) as usize;
            // Two strips: three rows and one, with a gap between.
            let rows = hand.bytes.split_off(whole + 30);
            hand.bytes.extend(vec![7; gap]);
            hand.bytes.extend(rows);
            let numbers = hand.bytes.len() as u64;
            for number in [whole, whole + 30 + gap, 30, 10] {
                hand.put(number as u64, 4);
            }
            let mut page = Hand::page([SHAPE[1], SHAPE[2]], 0);
            page[4] = (273, 4, 2, numbers);
            page[6] = (278, 3, 1, 3);
            page[7] = (279, 4, 2, numbers + 8);
            let (at, next) = hand.directory(&page);
            hand.set(link, at);
            link = next;
        }
        fs::write(&path, &hand.bytes).unwrap();
        let stack = open_default(&path).unwrap();
        assert_eq!(read_all(&stack), movie());
        let expected = if gap == 0 { Access::Strided } else { Access::PageByPage };
        assert_eq!(stack.describe().access, expected);
    }
}

#[test]
fn long_files_are_sampled_and_lies_of_their_first_pages_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let n = 6000;
    let mut writer = TiffWriter::create(&path, [1, 2], PixelType::U16, Some(n)).unwrap();
    for t in 0..n as u16 {
        writer.write_frame_u16(&[t, 7]).unwrap();
    }
    writer.finish().unwrap();
    let read = |stack: &ImageStack| {
        let mut out = vec![0.0; 2 * n];
        stack.read_frames(0..n, &mut out).unwrap();
        out
    };
    let expected: Vec<f32> = (0..n).flat_map(|t| [t as f32, 7.0]).collect();
    let stack = open_default(&path).unwrap();
    assert_eq!(read(&stack), expected);
    assert_eq!(stack.describe().notes, ["257 of 6000 page headers were checked"]);
    // The last directory leads to one more page, of other pixels, at the end of the file.
    let mut bytes = fs::read(&path).unwrap();
    let length = bytes.len() as u32;
    let last = bytes.len() - (128 + 4);
    let next = last + 2 + 12 * 10;
    bytes[next..next + 4].copy_from_slice(&length.to_le_bytes());
    let mut page = bytes[last..].to_vec();
    page[122..126].fill(0);
    page[10] = 1;
    bytes.extend(page);
    fs::write(&path, bytes).unwrap();
    assert!(refusal(&path, &StackOptions::default()).contains("page 6000: found 1 x 1"));
}

#[test]
fn pages_of_other_kinds_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let cases: [(usize, Entry, &str); 8] = [
        (1, (257, 4, 1, 3), "page 1: found 3 x 5 of uint16, none, expected 4 x 5"),
        (2, (258, 3, 1, 12), "found pixels of 12 bits"),
        (3, (259, 3, 1, 7), "compression: found 7, expected none (1), LZW (5)"),
        (5, (277, 3, 1, 3), "samples of a pixel: found 3 (colours"),
        (0, (256, 4, 1, 0), "the width: found 0"),
        (7, (279, 4, 1, 39), "bytes of strip 0 in the directory"),
        (4, (273, 4, 1, 1 << 30), "the file is not complete"),
        (6, (278, 4, 1, 1), "found 1 offsets and 1 lengths, expected 4 of each"),
    ];
    for (i, entry, says) in cases {
        let mut hand = Hand::new(false, false);
        let mut link = hand.first();
        for t in 0..2 {
            let data = hand.frame(t);
            let mut page = Hand::page([SHAPE[1], SHAPE[2]], data);
            if t == 1 {
                page[i] = entry;
            }
            let (at, next) = hand.directory(&page);
            hand.set(link, at);
            link = next;
        }
        fs::write(&path, &hand.bytes).unwrap();
        let message = refusal(&path, &StackOptions::default());
        assert!(message.contains(says), "{message}, expected {says}");
    }
}
