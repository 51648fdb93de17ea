//! Files that h5py wrote (`data/make.py`).

use std::fs;

use super::*;

const CHUNKED: &[u8] = include_bytes!("data/chunked.h5");
const SEVERAL: &[u8] = include_bytes!("data/several.h5");
const SERIES: &[u8] = include_bytes!("data/series.nwb");

fn in_file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

#[test]
fn a_packed_dataset_is_read_chunk_by_chunk() {
    let (_folder, path) = in_file(CHUNKED);
    let stack = open_default(&path).unwrap();
    assert_eq!((stack.shape(), stack.pixel_type()), (SHAPE, PixelType::U16));
    assert_eq!(read_all(&stack), movie());
    assert_eq!(stack.describe().chunk_frames, Some(3));
    assert_eq!(stack.describe().dataset.as_deref(), Some("/mov"));
}

#[test]
fn the_dataset_is_chosen_by_name() {
    let (_folder, path) = in_file(SEVERAL);
    let message = refusal(&path, &StackOptions::default());
    assert!(message.contains("found /raw/left [7, 4, 5], /raw/right [7, 4, 5]"), "{message}");
    for (name, pixel) in [
        ("raw/left", PixelType::I16),
        ("/raw/right", PixelType::F32),
        ("/alias/left", PixelType::I16),
    ] {
        let options = StackOptions { dataset: Some(name.into()), ..StackOptions::default() };
        let stack = ImageStack::open(&path, &options).unwrap();
        assert_eq!((read_all(&stack), stack.pixel_type()), (movie(), pixel), "{name}");
    }
    for (name, says) in
        [("nothing", "expected one of /raw/left, /raw/right"), ("trace", "three axes")]
    {
        let options = StackOptions { dataset: Some(name.into()), ..StackOptions::default() };
        assert!(refusal(&path, &options).contains(says), "{name}");
    }
}

#[test]
fn a_series_of_nwb_is_transposed() {
    let (_folder, path) = in_file(SERIES);
    let stack = open_default(&path).unwrap();
    assert_eq!((stack.shape(), read_all(&stack)), (SHAPE, movie()));
    assert_eq!(stack.describe().format, "NWB");
    assert_eq!(stack.describe().frame_rate_hz, Some(7.5));
    let options = StackOptions { axes: Some(AxisOrder::Tyx), ..StackOptions::default() };
    assert_eq!(ImageStack::open(&path, &options).unwrap().shape(), [7, 5, 4]);
}

#[test]
fn every_cut_is_refused() {
    for bytes in [CHUNKED, SEVERAL, SERIES] {
        let (_folder, path) = in_file(bytes);
        let options = StackOptions { dataset: Some("raw/right".into()), ..StackOptions::default() };
        let options = if bytes == SEVERAL { options } else { StackOptions::default() };
        let file = fs::File::options().write(true).open(&path).unwrap();
        for n in (0..bytes.len()).rev() {
            file.set_len(n as u64).unwrap();
            if let Ok(stack) = ImageStack::open(&path, &options) {
                // What is cut off may belong to something else in the file.
                let mut out = vec![0.0; stack.shape().iter().product()];
                if stack.read_frames(0..stack.shape()[0], &mut out).is_ok() {
                    assert_eq!(out, movie(), "cut after {n} of {} bytes", bytes.len());
                }
            }
        }
    }
}
