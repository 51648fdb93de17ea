//! Archives, folders, channels and planes.

use std::fs;

use ndarray::Array3;

use super::*;
use crate::npz::NpzWriter;

fn array() -> ndarray::ArrayD<f32> {
    Array3::from_shape_vec(SHAPE, movie()).unwrap().into_dyn()
}

/// Write frames of one pixel each.
fn write_pages(path: &Path, values: impl IntoIterator<Item = usize>) {
    let mut writer = TiffWriter::create(path, [1, 1], PixelType::U16, Some(1)).unwrap();
    for value in values {
        writer.write_frame(&[value as f32]).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn the_only_movie_of_an_archive_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let mut writer = NpzWriter::create(&path).unwrap();
    writer.write_f32("trace", &ndarray::Array1::zeros(3).view().into_dyn()).unwrap();
    writer.write_f32("movie", &array().view()).unwrap();
    writer.finish().unwrap();
    let stack = open_default(&path).unwrap();
    assert_eq!(read_all(&stack), movie());
    assert_eq!(stack.describe().dataset.as_deref(), Some("movie"));
    assert_eq!(stack.describe().access, Access::Strided);
    let options = StackOptions { dataset: Some("film".into()), ..StackOptions::default() };
    assert!(refusal(&path, &options).contains("array `film`: found none, expected one of"));
}

#[test]
fn among_several_movies_none_is_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let mut writer = NpzWriter::create(&path).unwrap();
    for name in ["left", "right"] {
        writer.write_f32(name, &array().view()).unwrap();
    }
    writer.finish().unwrap();
    let message = refusal(&path, &StackOptions::default());
    assert!(
        message.contains("found left [7, 4, 5], right [7, 4, 5], expected option `dataset`"),
        "{message}"
    );
    let options = StackOptions { dataset: Some("right".into()), ..StackOptions::default() };
    assert_eq!(read_all(&ImageStack::open(&path, &options).unwrap()), movie());
}

#[test]
fn a_packed_member_is_unpacked_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let npy = folder.path().join("a.npy");
    crate::npy::write_f32(&npy, &array().view()).unwrap();
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    zip.start_file("movie.npy", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::copy(&mut fs::File::open(&npy).unwrap(), &mut zip).unwrap();
    zip.finish().unwrap();
    let stack = open_default(&path).unwrap();
    assert_eq!(read_all(&stack), movie());
    assert_eq!(stack.describe().access, Access::Memory);
    assert_eq!(stack.describe().resident_bytes, 7 * 4 * 5 * 4);
}

#[test]
fn a_folder_is_read_in_the_order_of_its_numbers() {
    let folder = tempfile::tempdir().unwrap();
    for number in [0, 1, 2, 9, 10, 11, 100] {
        write_pages(&folder.path().join(format!("img{number}.tif")), [number]);
    }
    fs::write(folder.path().join("notes.txt"), "nothing").unwrap();
    let stack = open_default(folder.path()).unwrap();
    assert_eq!(read_all(&stack), [0.0, 1.0, 2.0, 9.0, 10.0, 11.0, 100.0]);
    assert_eq!(stack.describe().missing, ["3-8", "12-99"]);
    assert_eq!(stack.describe().access, Access::FileByFile);
}

#[test]
fn files_of_a_folder_must_be_alike() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..3 {
        write_pages(&folder.path().join(format!("{number}.tif")), [number]);
    }
    write_pages(&folder.path().join("1.tif"), [1, 1]);
    let stack = open_default(folder.path()).unwrap();
    let error = stack.read_frames(0..3, &mut [0.0; 3]).unwrap_err().to_string();
    assert!(error.contains("found 2 pages, expected 1") && error.ends_with("1.tif"), "{error}");
    let mut writer =
        TiffWriter::create(&folder.path().join("2.tif"), [1, 1], PixelType::F32, None).unwrap();
    writer.write_frame(&[2.0]).unwrap();
    writer.finish().unwrap();
    assert!(refusal(folder.path(), &StackOptions::default()).contains("float32"));
}

#[test]
fn files_of_several_pages_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    write_pages(&folder.path().join("a_00001.tif"), 0..3);
    write_pages(&folder.path().join("a_00002.tif"), 3..4);
    write_pages(&folder.path().join("a_00003.tif"), 4..9);
    let stack = open_default(folder.path()).unwrap();
    let expected: Vec<f32> = (0..9u8).map(f32::from).collect();
    assert_eq!(read_all(&stack), expected);
}

#[test]
fn an_empty_folder_and_unknown_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(folder.path(), &StackOptions::default()).contains("found no TIFF"));
    let path = folder.path().join("movie.tif");
    fs::write(&path, b"\x89PNG\r\n\x1a\n and so on").unwrap();
    assert!(
        refusal(&path, &StackOptions::default()).contains("found a PNG image, expected a TIFF")
    );
}

#[test]
fn channels_and_planes_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    // Page = 100 frame + 10 plane + channel; one page too many.
    let pages =
        (0..4).flat_map(|t| (0..3).flat_map(move |z| (0..2).map(move |c| 100 * t + 10 * z + c)));
    write_pages(&path, pages.chain([999]));
    for plane in 0..3 {
        for channel in 0..2 {
            let options = StackOptions {
                channel: Some(channel),
                channels: Some(2),
                plane: Some(plane),
                planes: Some(3),
                ..StackOptions::default()
            };
            let stack = ImageStack::open(&path, &options).unwrap();
            let expected = [0, 1, 2, 3].map(|t| (100 * t + 10 * plane + channel) as f32);
            assert_eq!(read_all(&stack), expected);
            assert!(stack.describe().notes.iter().any(|note| note.contains("last 1 pages")));
        }
    }
    let two = StackOptions { channels: Some(2), ..StackOptions::default() };
    assert!(
        refusal(&path, &two).contains("found none chosen, expected option `channel` from 0 to 1")
    );
    let third = StackOptions { channel: Some(2), ..two };
    assert!(refusal(&path, &third).contains("found 2, expected option `channel` from 0 to 1"));
}

#[test]
fn frames_that_are_not_there_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    write_pages(&path, 0..3);
    let stack = open_default(&path).unwrap();
    assert!(stack.read_frames(2..4, &mut [0.0; 2]).is_err());
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
    let reversed = 2..1;
    assert!(stack.read_frames(reversed, &mut []).is_err());
    assert!(stack.read_frames(0..2, &mut [0.0; 3]).is_err());
    stack.read_frames(1..1, &mut []).unwrap();
}

#[test]
fn a_file_that_changes_after_it_was_opened_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    write_pages(&path, 0..3);
    let stack = open_default(&path).unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
    let error = stack.read_frames(0..3, &mut [0.0; 3]).unwrap_err();
    assert!(matches!(error, FormatError::Changed { found: 100, .. }), "{error}");
}
