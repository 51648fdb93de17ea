//! What programs write beside the pixels of a TIFF.

use std::fs;

use super::tiff::Hand;
use super::*;

/// A file as ImageJ writes it above 4 GB: one directory, all pages behind each other.
fn image_j(description: &str, n_written: usize) -> Vec<u8> {
    let mut hand = Hand::new(true, false);
    let text = hand.bytes.len() as u64;
    hand.bytes.extend(description.as_bytes());
    let length = description.len() as u64;
    let data = hand.bytes.len() as u64;
    for t in 0..n_written {
        hand.frame(t);
    }
    let mut page = Hand::page([SHAPE[1], SHAPE[2]], data);
    page.insert(4, (270, 2, length, text));
    let (at, _) = hand.directory(&page);
    let first = hand.first();
    hand.set(first, at);
    hand.bytes
}

#[test]
fn one_directory_for_all_pages_of_image_j_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let text = "ImageJ=1.53t\nimages=7\nslices=7\nfinterval=0.125\n\0";
    fs::write(&path, image_j(text, 7)).unwrap();
    let stack = open_default(&path).unwrap();
    assert_eq!((stack.shape(), read_all(&stack)), (SHAPE, movie()));
    assert_eq!(stack.describe().frame_rate_hz, Some(8.0));
    assert_eq!(stack.describe().format, "TIFF (ImageJ)");
    fs::write(&path, image_j(text, 4)).unwrap();
    assert!(refusal(&path, &StackOptions::default()).contains("the file is not complete"));
    fs::write(&path, image_j("{\"shape\": [7, 4, 5]}\0", 7)).unwrap();
    assert_eq!(read_all(&open_default(&path).unwrap()), movie());
    fs::write(&path, image_j("nothing\0", 7)).unwrap();
    let stack = open_default(&path).unwrap();
    assert_eq!(stack.shape(), [1, 4, 5]);
    assert!(stack.describe().notes[0].contains("bytes follow the only page"));
}

#[test]
fn channels_of_image_j_must_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let text = "ImageJ=1.53t\nimages=6\nchannels=2\nframes=3\n\0";
    fs::write(&path, image_j(text, 6)).unwrap();
    assert!(refusal(&path, &StackOptions::default()).contains("option `channel` from 0 to 1"));
    let options = StackOptions { channel: Some(1), ..StackOptions::default() };
    let stack = ImageStack::open(&path, &options).unwrap();
    assert_eq!(stack.shape(), [3, 4, 5]);
    let firsts: Vec<f32> = read_all(&stack).chunks(20).map(|frame| frame[0]).collect();
    assert_eq!(firsts, [1000.0, 3000.0, 5000.0]);
}

#[test]
fn a_header_of_scan_image_tells_channels_and_rate() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let mut hand = Hand::new(false, true);
    let text = "SI.hChannels.channelSave = [1;3]\nSI.hRoiManager.scanFrameRate = 29.97\n";
    for number in [117_637_889, 4, text.len() as u64, 0] {
        hand.put(number, 4);
    }
    hand.bytes.extend(text.as_bytes());
    let mut link = hand.first();
    for t in 0..6 {
        let data = hand.frame(t);
        let (at, next) = hand.directory(&Hand::page([SHAPE[1], SHAPE[2]], data));
        hand.set(link, at);
        link = next;
    }
    fs::write(&path, &hand.bytes).unwrap();
    let options = StackOptions { channel: Some(0), ..StackOptions::default() };
    let stack = ImageStack::open(&path, &options).unwrap();
    assert_eq!((stack.shape(), stack.describe().n_channels), ([3, 4, 5], 2));
    assert_eq!(stack.describe().frame_rate_hz, Some(29.97));
    assert_eq!(stack.describe().format, "BigTIFF (ScanImage)");
}
