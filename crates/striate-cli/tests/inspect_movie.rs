//! `striate inspect` of calcium movies, sound and broken.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "support/command.rs"]
mod command;
#[path = "support/npy.rs"]
mod npy;

use std::fs;
use std::path::Path;

use command::{striate, striate_within, text};
use striate::formats::stack::{PixelType, TiffWriter};

const SHAPE: [usize; 3] = [40, 6, 8];

/// Pseudo-random counts around 100 with one frame repeated and one blank.
fn frame(t: usize) -> Vec<f32> {
    match t {
        12 => frame(11),
        30 => vec![0.0; 48],
        _ => (0..48).map(|i| 100.0 + ((t * 7919 + i * 104_729) % 61) as f32).collect(),
    }
}

fn write_movie(path: &Path) {
    let mut writer = TiffWriter::create_at_rate(
        path,
        [SHAPE[1], SHAPE[2]],
        PixelType::U16,
        (Some(SHAPE[0]), Some(20.0)),
    )
    .unwrap();
    (0..SHAPE[0]).for_each(|t| writer.write_frame(&frame(t)).unwrap());
    writer.finish().unwrap();
}

#[test]
fn a_movie_is_described_and_painted() {
    let folder = tempfile::tempdir().unwrap();
    let (path, picture) = (folder.path().join("movie.tif"), folder.path().join("movie.png"));
    write_movie(&path);
    let outcome =
        striate(&["inspect", &text(&path), "--json", "--picture", &text(&picture)]).succeeded();
    let value = outcome.json();
    assert_eq!(value["shape"], serde_json::json!(SHAPE));
    assert_eq!(value["pixel_type"], "uint16");
    assert_eq!(value["file"]["frame_rate_hz"], 20.0);
    let found = &value["inspection"];
    assert_eq!(found["repeated_frames"], serde_json::json!([12]));
    assert_eq!(found["blank_frames"], serde_json::json!([30]));
    assert_eq!((&found["min"], &found["max"]), (&0.0.into(), &160.0.into()));
    assert!(found.get("mean_image").is_none());
    assert!(outcome.stderr.contains("1 repeated (12), 1 blank (30)"), "{outcome:?}");
    assert!(fs::read(picture).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn raw_pixels_and_channels_are_told_by_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.bin");
    let bytes: Vec<u8> =
        (0..SHAPE[0]).flat_map(frame).flat_map(|value| (value as i16).to_le_bytes()).collect();
    fs::write(&path, bytes).unwrap();
    let refused = striate(&["inspect", &text(&path)]);
    assert_eq!(refused.code, Some(3));
    assert!(refused.stderr.contains("option `raw` with their layout"), "{refused:?}");
    let layout =
        ["--set", "movie.raw.shape=[0,6,8]", "--set", "movie.raw.pixel_type=i16", "--json"];
    let path = text(&path);
    let value = striate(&[&["inspect", path.as_str()][..], &layout].concat()).succeeded().json();
    assert_eq!(value["shape"], serde_json::json!(SHAPE));
    let channel = ["--set", "movie.channels=2", "--set", "movie.channel=1"];
    let arguments = [&["inspect", path.as_str()][..], &layout, &channel].concat();
    assert_eq!(striate(&arguments).succeeded().json()["shape"], serde_json::json!([20, 6, 8]));
    let wrong = striate(&["inspect", path.as_str(), "--set", "movie.chanel=1"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.stderr.contains("nearest known key is `movie.channel`"), "{wrong:?}");
}

#[test]
fn a_folder_of_tiffs_is_a_movie() {
    let folder = tempfile::tempdir().unwrap();
    for t in [0, 1, 2, 3, 10] {
        let path = folder.path().join(format!("img{t}.tif"));
        let mut writer = TiffWriter::create(&path, [6, 8], PixelType::U8, Some(1)).unwrap();
        writer.write_frame(&frame(t)).unwrap();
        writer.finish().unwrap();
    }
    let value = striate(&["inspect", &text(folder.path()), "--json"]).succeeded().json();
    assert_eq!(value["shape"], serde_json::json!([5, 6, 8]));
    assert_eq!(value["file"]["missing"], serde_json::json!(["4-9"]));
}

#[test]
fn a_movie_needs_little_more_memory_than_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("movie.tif");
    write_movie(&path);
    let refused = striate(&["inspect", &text(&path), "--memory-limit", "1M"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    striate(&["inspect", &text(&path), "--memory-limit", "200M"]).succeeded();
}

/// How a movie is broken, and what the message must say.
type Case = (&'static str, fn(&Path), &'static [&'static str]);

#[test]
fn broken_movies_exit_with_3_and_a_sentence() {
    let cases: &[Case] = &[
        ("cut.tif", |path| set_length(path, 1500), &["the file is not complete"]),
        ("short.tif", |path| set_length(path, 6), &["found 6 bytes, expected 8"]),
        ("empty.tif", |path| set_length(path, 0), &["found an empty file, expected a TIFF"]),
        (
            "picture.tif",
            |path| fs::write(path, b"\x89PNG\r\n\x1a\n").unwrap(),
            &["found a PNG image"],
        ),
        (
            "text.h5",
            |path| fs::write(path, b"not HDF5").unwrap(),
            &["found bytes of no known kind"],
        ),
        (
            "cut.h5",
            |path| fs::write(path, b"\x89HDF\r\n\x1a\n\0\0\0\0").unwrap(),
            &["HDF5: found", "expected a complete file"],
        ),
        (
            "two-axes.npy",
            |path| npy::write_f32(path, &[2, 3], vec![0.0; 6]),
            &["found [2, 3], expected three axes"],
        ),
        (
            "bomb.npz",
            |path| {
                let start = npy::header("|u1", false, "1024, 1024, 512");
                npy::write(path, &npy::zip_of_zeros("movie.npy", &start, 512 << 20));
            },
            &["bytes unpacked from", "expected at most"],
        ),
        ("gone.tif", |path| fs::remove_file(path).unwrap(), &["cannot open"]),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, breaks, says) in cases {
        let path = folder.path().join(name);
        write_movie(&path);
        breaks(&path);
        let outcome = striate_within(300, folder.path(), &["inspect", name]);
        assert_eq!(outcome.code, Some(3), "{name}: {outcome:?}");
        assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");
        for part in says.iter().copied().chain([*name]) {
            assert!(outcome.stderr.contains(part), "{name}: {outcome:?}, expected {part}");
        }
    }
}

fn set_length(path: &Path, n: u64) {
    fs::File::options().write(true).open(path).unwrap().set_len(n).unwrap();
}
