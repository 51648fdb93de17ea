//! Stacks of every format, sound and broken.

mod arrays;
mod files;
mod hdf5;
mod hostile;
mod tiff;
mod tiff_metadata;
mod tiff_packed;

use std::path::Path;

use super::*;

/// Frames, rows and columns of most movies here: three different numbers.
const SHAPE: [usize; 3] = [7, 4, 5];

/// The pixel at a place says where it belongs: 1000 t + 10 y + x.
fn value([t, y, x]: [usize; 3]) -> f32 {
    (1000 * t + 10 * y + x) as f32
}

/// The movie of `SHAPE`.
fn movie() -> Vec<f32> {
    let [n, h, w] = SHAPE;
    (0..n * h * w).map(|i| value([i / (h * w), i / w % h, i % w])).collect()
}

/// The whole stack, read in one piece and, to compare, in stretches of every length.
fn read_all(stack: &ImageStack) -> Vec<f32> {
    let [n, h, w] = stack.shape();
    let mut whole = vec![f32::NAN; n * h * w];
    stack.read_frames(0..n, &mut whole).unwrap();
    for length in 1..=n {
        for start in 0..=n - length {
            let mut part = vec![f32::NAN; length * h * w];
            stack.read_frames(start..start + length, &mut part).unwrap();
            assert_eq!(part, whole[start * h * w..(start + length) * h * w], "{start}+{length}");
        }
    }
    whole
}

fn open_default(path: &Path) -> Result<ImageStack, FormatError> {
    ImageStack::open(path, &StackOptions::default())
}

/// The message of a refusal.
fn refusal(path: &Path, options: &StackOptions) -> String {
    ImageStack::open(path, options).expect_err("must be refused").to_string()
}
