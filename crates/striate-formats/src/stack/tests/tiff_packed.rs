//! TIFF files that are written by the `tiff` crate or by us, of every type and packing.

use std::fs::{self, File};

use ::tiff::encoder::compression::DeflateLevel;
use ::tiff::encoder::{Compression, Predictor, TiffEncoder, colortype};

use super::*;

#[test]
fn what_the_writer_writes_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let types = [
        PixelType::U8,
        PixelType::I8,
        PixelType::U16,
        PixelType::I16,
        PixelType::U32,
        PixelType::I32,
        PixelType::U64,
        PixelType::I64,
        PixelType::F32,
        PixelType::F64,
    ];
    for pixel in types {
        let largest = if pixel.bytes() == 1 { 100.0 } else { 1e4 };
        let movie: Vec<f32> = movie().iter().map(|value| value % largest).collect();
        for n_frames in [None, Some(7)] {
            let mut writer =
                TiffWriter::create_at_rate(&path, [4, 5], pixel, (n_frames, Some(4.0))).unwrap();
            movie.chunks(20).for_each(|frame| writer.write_frame(frame).unwrap());
            writer.finish().unwrap();
            let stack = open_default(&path).unwrap();
            assert_eq!((stack.pixel_type(), read_all(&stack)), (pixel, movie.clone()));
            assert_eq!(stack.describe().access, Access::Strided);
            assert_eq!(stack.describe().frame_rate_hz, Some(4.0));
            let format = if n_frames.is_none() { "BigTIFF" } else { "TIFF" };
            assert_eq!(stack.describe().format, format);
        }
    }
}

#[test]
fn a_stack_that_is_not_finished_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let mut writer = TiffWriter::create(&path, [1, 2], PixelType::I16, None).unwrap();
    assert!(writer.write_frame(&[1.0]).is_err());
    assert!(writer.write_frame_u16(&[1, 2]).is_err());
    writer.write_frame(&[1.0, -70000.0]).unwrap();
    drop(writer);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let writer = TiffWriter::create(&path, [1, 2], PixelType::I16, None).unwrap();
    assert!(writer.finish().is_err());
    assert!(TiffWriter::create(&path, [0, 2], PixelType::I16, None).is_err());
}

/// Write the movie by the `tiff` crate and read it.
macro_rules! round_trip {
    ($path:expr, $colour:ty, $number:ty, $packing:expr, $predictor:expr) => {{
        let mut encoder = TiffEncoder::new(File::create($path).unwrap()).unwrap();
        encoder = encoder.with_compression($packing).with_predictor($predictor);
        for frame in movie().chunks(20) {
            let frame: Vec<$number> = frame.iter().map(|&value| value as $number).collect();
            let mut image = encoder.new_image::<$colour>(5, 4).unwrap();
            image.rows_per_strip(3).unwrap();
            image.write_data(&frame).unwrap();
        }
        let stack = open_default($path).unwrap();
        let expected: Vec<f32> = movie().iter().map(|&value| (value as $number) as f32).collect();
        assert_eq!(read_all(&stack), expected, "{:?}", stack.describe());
        stack.describe().compression.clone()
    }};
}

#[test]
fn every_packing_that_another_writer_makes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("a.tif");
    let packings = [
        (Compression::Uncompressed, "none"),
        (Compression::Lzw, "LZW"),
        (Compression::Deflate(DeflateLevel::default()), "deflate"),
        (Compression::Packbits, "PackBits"),
    ];
    for (packing, name) in packings {
        for predictor in [Predictor::None, Predictor::Horizontal] {
            if predictor == Predictor::Horizontal && ["none", "PackBits"].contains(&name) {
                continue;
            }
            assert_eq!(round_trip!(path, colortype::Gray8, u8, packing, predictor), name);
            assert_eq!(round_trip!(path, colortype::Gray16, u16, packing, predictor), name);
            assert_eq!(round_trip!(path, colortype::GrayI16, i16, packing, predictor), name);
            assert_eq!(round_trip!(path, colortype::Gray32, u32, packing, predictor), name);
        }
        assert_eq!(round_trip!(path, colortype::Gray32Float, f32, packing, Predictor::None), name);
        assert_eq!(round_trip!(path, colortype::Gray64Float, f64, packing, Predictor::None), name);
    }
}
