//! Broken and malicious files: a refusal or what is in them, never a panic or much memory.

use std::fs;

use proptest::prelude::*;

use super::tiff::{Entry, Hand};
use super::*;
use crate::stack::open::HARMLESS_BYTES;

/// Open and read what can be read; files here are small, and so must be what comes out.
fn try_all(path: &Path) -> Option<Vec<f32>> {
    let stack = open_default(path).ok()?;
    let [n, h, w] = stack.shape();
    assert!(h * w <= HARMLESS_BYTES as usize);
    let mut out = vec![0.0; h * w];
    let mut all = Vec::new();
    for frame in 0..n.min(100) {
        stack.read_frames(frame..frame + 1, &mut out).ok()?;
        all.extend(&out);
    }
    Some(all)
}

/// A small TIFF for each way of reading.
fn sound() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let mut files = Vec::new();
    for n_frames in [None, Some(3)] {
        let mut writer = TiffWriter::create(&path, [4, 5], PixelType::U16, n_frames).unwrap();
        movie().chunks(20).take(3).for_each(|frame| writer.write_frame(frame).unwrap());
        writer.finish().unwrap();
        files.push(fs::read(&path).unwrap());
    }
    for compression in [::tiff::encoder::Compression::Lzw, ::tiff::encoder::Compression::Packbits] {
        let file = fs::File::create(&path).unwrap();
        let mut encoder =
            ::tiff::encoder::TiffEncoder::new(file).unwrap().with_compression(compression);
        for frame in movie().chunks(20).take(3) {
            let frame: Vec<u16> = frame.iter().map(|&value| value as u16).collect();
            encoder.write_image::<::tiff::encoder::colortype::Gray16>(5, 4, &frame).unwrap();
        }
        drop(encoder);
        files.push(fs::read(&path).unwrap());
    }
    files
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    for bytes in sound() {
        fs::write(&path, &bytes).unwrap();
        let expected = try_all(&path).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        for n in (0..bytes.len()).rev() {
            file.set_len(n as u64).unwrap();
            // Bytes that only fill up may be missing.
            if let Some(found) = try_all(&path) {
                assert_eq!(found, expected, "cut after {n} of {} bytes", bytes.len());
            }
        }
    }
}

#[test]
fn every_flipped_byte_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    for bytes in sound() {
        for i in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut broken = bytes.clone();
                broken[i] ^= flip;
                fs::write(&path, &broken).unwrap();
                try_all(&path);
            }
        }
    }
}

#[test]
fn directories_that_lead_back_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let mut hand = Hand::new(false, true);
    let mut link = hand.first();
    let mut first = 0;
    for t in 0..3 {
        let data = hand.frame(t);
        let (at, next) = hand.directory(&Hand::page([SHAPE[1], SHAPE[2]], data));
        hand.set(link, at);
        first = if t == 0 { at } else { first };
        link = next;
    }
    hand.set(link, first);
    fs::write(&path, &hand.bytes).unwrap();
    let message = refusal(&path, &StackOptions::default());
    assert!(message.contains("one that leads back to byte"), "{message}");
}

#[test]
fn huge_claims_are_refused_before_memory_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let huge = u64::from(u32::MAX);
    let cases: &[&[(usize, Entry)]] = &[
        &[(4, (273, 4, huge, 8)), (7, (279, 4, huge, 8))],
        &[(0, (256, 4, 1, huge)), (1, (257, 4, 1, huge))],
        &[
            (0, (256, 4, 1, 1 << 20)),
            (1, (257, 4, 1, 1 << 20)),
            (3, (259, 3, 1, 5)),
            (6, (278, 4, 1, 1 << 20)),
        ],
        &[
            (0, (256, 4, 1, 1 << 13)),
            (1, (257, 4, 1, 1 << 13)),
            (3, (259, 3, 1, 8)),
            (6, (278, 4, 1, 1 << 13)),
        ],
        &[(3, (259, 3, 1, 5)), (6, (322, 4, 1, huge)), (5, (323, 4, 1, huge))],
        &[(3, (259, 3, 1, 5)), (6, (322, 4, 1, 0)), (5, (323, 4, 1, 0))],
    ];
    for changes in cases {
        let mut hand = Hand::new(false, false);
        let data = hand.frame(0);
        let mut page = Hand::page([SHAPE[1], SHAPE[2]], data);
        for &(i, entry) in *changes {
            page[i] = entry;
        }
        let (at, _) = hand.directory(&page);
        let first = hand.first();
        hand.set(first, at);
        fs::write(&path, &hand.bytes).unwrap();
        let message = refusal(&path, &StackOptions::default());
        assert!(message.ends_with("a.tif"), "{message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_bytes_are_survived(
        start in prop::sample::select(vec![
            b"II\x2a\0".to_vec(), b"MM\0\x2b\0\x08\0\0".to_vec(), b"\x89HDF\r\n\x1a\n".to_vec(),
            b"PK\x03\x04".to_vec(), b"\x93NUMPY\x01\0".to_vec(), Vec::new(),
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, [start, rest].concat()).unwrap();
        try_all(&path);
    }

    #[test]
    fn random_changes_are_survived(
        file in 0..4usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = sound().swap_remove(file);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, bytes).unwrap();
        try_all(&path);
    }
}
