//! Arrays whose axes lie in any order.

use ndarray::{Array3, ShapeBuilder};

use super::*;

/// NPY bytes of `values`, which lie in the file as given.
fn npy(descr: &str, fortran: bool, shape: [usize; 3], data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let [a, b, c] = shape;
    let mut text =
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({a}, {b}, {c}), }}");
    while (10 + text.len() + 1) % 64 != 0 {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(data);
    bytes
}

/// Bytes of 16-bit pixels of the movie, axes in `order`.
fn in_order(order: AxisOrder) -> Vec<u8> {
    let [a, b, c] = order.file_shape(SHAPE);
    let mut bytes = Vec::new();
    for i in 0..a * b * c {
        let place = order.movie_shape([i / (b * c), i / c % b, i % c]);
        bytes.extend((value(place) as i16).to_le_bytes());
    }
    bytes
}

const ORDERS: [(AxisOrder, &str); 6] = [
    (AxisOrder::Tyx, "tyx"),
    (AxisOrder::Txy, "txy"),
    (AxisOrder::Yxt, "yxt"),
    (AxisOrder::Xyt, "xyt"),
    (AxisOrder::Ytx, "ytx"),
    (AxisOrder::Xty, "xty"),
];

#[test]
fn every_order_of_axes_gives_the_same_movie() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    for (order, name) in ORDERS {
        let axes = serde_json::from_str(&format!("\"{name}\"")).unwrap();
        assert_eq!(order, axes, "{name}");
        for fortran in [false, true] {
            let in_file = if fortran { order.reversed() } else { order };
            std::fs::write(&path, npy("<i2", fortran, order.file_shape(SHAPE), &in_order(in_file)))
                .unwrap();
            let options = StackOptions { axes: Some(order), ..StackOptions::default() };
            let stack = ImageStack::open(&path, &options).unwrap();
            assert_eq!(stack.shape(), SHAPE, "{name}");
            assert_eq!(read_all(&stack), movie(), "{name}, Fortran order: {fortran}");
        }
    }
}

#[test]
fn raw_pixels_of_every_order_and_type_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.bin");
    for (order, name) in ORDERS {
        let bytes = [vec![9; 3], in_order(order)].concat();
        std::fs::write(&path, bytes).unwrap();
        for n_frames in [SHAPE[0], 0] {
            let shape = [n_frames, SHAPE[1], SHAPE[2]];
            let raw = RawLayout { shape, pixel_type: PixelType::I16, offset: 3, big_endian: false };
            let options =
                StackOptions { raw: Some(raw), axes: Some(order), ..StackOptions::default() };
            assert_eq!(read_all(&ImageStack::open(&path, &options).unwrap()), movie(), "{name}");
        }
    }
    for (pixel_type, big_endian, bytes, expected) in [
        (PixelType::U8, false, vec![255], 255.0),
        (PixelType::I8, true, vec![255], -1.0),
        (PixelType::U16, true, vec![1, 2], 258.0),
        (PixelType::I16, false, vec![0xfe, 0xff], -2.0),
        (PixelType::U32, true, vec![0, 1, 0, 0], 65536.0),
        (PixelType::I32, false, vec![0xff; 4], -1.0),
        (PixelType::U64, false, vec![7, 0, 0, 0, 0, 0, 0, 0], 7.0),
        (PixelType::I64, true, vec![0xff; 8], -1.0),
        (PixelType::F32, true, 1.5f32.to_be_bytes().to_vec(), 1.5),
        (PixelType::F64, false, (-2.5f64).to_le_bytes().to_vec(), -2.5),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let raw = RawLayout { shape: [1, 1, 1], pixel_type, offset: 0, big_endian };
        let options = StackOptions { raw: Some(raw), ..StackOptions::default() };
        let stack = ImageStack::open(&path, &options).unwrap();
        assert_eq!((read_all(&stack)[0], stack.pixel_type()), (expected, pixel_type));
    }
}

#[test]
fn raw_pixels_of_another_length_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.bin");
    std::fs::write(&path, vec![0; 2 * 3 * 4 * 2 + 1]).unwrap();
    for n_frames in [2, 3, 0, usize::MAX] {
        let shape = [n_frames, 3, 4];
        let raw = RawLayout { shape, pixel_type: PixelType::U16, offset: 0, big_endian: false };
        let options = StackOptions { raw: Some(raw), ..StackOptions::default() };
        let message = refusal(&path, &options);
        assert!(message.contains("found") && message.ends_with("data.bin"), "{message}");
    }
}

#[test]
fn a_memory_map_of_caiman_is_read_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let [n, h, w] = SHAPE;
    for (letter, order) in [("C", AxisOrder::Xyt), ("F", AxisOrder::Txy)] {
        let name = format!("memmap__d1_{h}_d2_{w}_d3_1_order_{letter}_frames_{n}_.mmap");
        let path = folder.path().join(name);
        let [a, b, c] = order.file_shape(SHAPE);
        let place = |i: usize| order.movie_shape([i / (b * c), i / c % b, i % c]);
        let bytes: Vec<u8> = (0..a * b * c).flat_map(|i| value(place(i)).to_le_bytes()).collect();
        std::fs::write(&path, bytes).unwrap();
        let stack = open_default(&path).unwrap();
        assert_eq!((stack.shape(), read_all(&stack)), (SHAPE, movie()), "order {letter}");
        assert_eq!(stack.describe().access == Access::Gathered, letter == "C");
    }
}

#[test]
fn arrays_larger_than_the_buffer_are_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    let shape = [5, 700, 333];
    for fortran in [false, true] {
        let movie = Array3::from_shape_fn(shape, |(t, y, x)| (t * 7 + y * 131 + x * 17) as f32);
        let mut stored = Array3::zeros(shape.set_f(fortran));
        stored.assign(&movie);
        let bytes: Vec<u8> =
            stored.as_slice_memory_order().unwrap().iter().flat_map(|v| v.to_le_bytes()).collect();
        std::fs::write(&path, npy("<f4", fortran, shape, &bytes)).unwrap();
        let stack = open_default(&path).unwrap();
        let mut part = vec![0.0; 3 * 700 * 333];
        stack.read_frames(1..4, &mut part).unwrap();
        assert!(movie.slice(ndarray::s![1..4, .., ..]).iter().eq(&part), "Fortran: {fortran}");
    }
}

#[test]
fn missing_values_stay_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    let values = [f32::NAN, f32::INFINITY, -0.0, 1e-40];
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(&path, npy("<f4", false, [1, 2, 2], &bytes)).unwrap();
    let read = read_all_bits(&open_default(&path).unwrap());
    assert_eq!(read, values.map(f32::to_bits));
}

fn read_all_bits(stack: &ImageStack) -> Vec<u32> {
    let mut out = vec![0.0; stack.shape().iter().product()];
    stack.read_frames(0..stack.shape()[0], &mut out).unwrap();
    out.into_iter().map(f32::to_bits).collect()
}

#[test]
fn arrays_that_are_no_movies_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    let two = ndarray::Array2::<f32>::zeros((3, 4)).into_dyn();
    crate::npy::write_f32(&path, &two.view()).unwrap();
    assert!(refusal(&path, &StackOptions::default()).contains("found [3, 4], expected three axes"));
    std::fs::write(&path, npy("<f2", false, [1, 1, 2], &[0; 4])).unwrap();
    assert!(refusal(&path, &StackOptions::default()).contains("found float16"));
    std::fs::write(&path, npy("<f4", false, [0, 1, 2], &[])).unwrap();
    let message = refusal(&path, &StackOptions::default());
    assert!(message.contains("expected one pixel or more"), "{message}");
}
