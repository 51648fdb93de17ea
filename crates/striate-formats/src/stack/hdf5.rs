//! Movies in HDF5 and NWB files, read by `hdf5-reader`.
//!
//! Chunks that a stretch touches are unpacked once for it; a cache that holds one row of chunks serves
//! stretches that end within chunks. Files, links and raw data outside the file are not followed.

mod find;

use std::ops::Range;
use std::path::{Path, PathBuf};

use hdf5_reader::error::Error;
use hdf5_reader::{Dataset, Datatype, H5Type, Hdf5File, OpenOptions, SliceInfo, SliceInfoElem};

use super::facts::{Access, StackFacts};
use super::options::{Axis, AxisOrder, StackOptions};
use super::pixel::PixelType;
use super::{Opened, Source};
use crate::error::FormatError;
use crate::files::{SeenFile, reserve};
use find::Found;

/// Largest chunk unpacked beyond the length of the file.
const LARGEST_CHUNK: u64 = 64 << 20;

/// Bytes unpacked at once.
const PIECE: u64 = 16 << 20;

/// Open an HDF5 or NWB file.
pub(super) fn open(path: &Path, options: &StackOptions) -> Result<Opened, FormatError> {
    options.refuse_unused(&["dataset", "axes"], "an HDF5 file", path)?;
    let (seen, _) = SeenFile::open(path)?;
    let file = open_file(&seen, LARGEST_CHUNK)?;
    let chosen = find::choose(&file, options, path)?;
    // Once more, with a cache that fits the chunks.
    let order = options.axes.unwrap_or(chosen.order);
    let cache = chosen.row_of_chunks_bytes(order).clamp(1 << 20, LARGEST_CHUNK);
    let file = open_file(&seen, cache)?;
    let dataset = file.dataset(&chosen.name).map_err(|e| error(e, path))?;
    let shape = order.movie_shape(chosen.shape);
    let facts = facts(&chosen, order, cache);
    let source = Array { seen, dataset, order, shape, pixel: chosen.pixel };
    source.probe()?;
    let bytes_on_disk = source.seen.n_bytes;
    Ok(Opened { source: Box::new(source), shape, pixel_type: chosen.pixel, facts, bytes_on_disk })
}

fn open_file(seen: &SeenFile, cache: u64) -> Result<Hdf5File, FormatError> {
    let largest_chunk = LARGEST_CHUNK.saturating_add(seen.n_bytes).min(256 << 20);
    let options = OpenOptions::default()
        .with_chunk_cache_bytes(cache as usize)
        .with_max_chunk_bytes(largest_chunk as usize)
        .with_max_object_header_bytes(1 << 20);
    Hdf5File::open_with_options(&seen.path, options).map_err(|e| error(e, &seen.path))
}

fn facts(chosen: &Found, order: AxisOrder, cache: u64) -> StackFacts {
    let is_chunked = chosen.chunks.is_some();
    let access = if is_chunked { Access::Chunked } else { Access::Strided };
    let mut facts = StackFacts::new(if chosen.is_nwb { "NWB" } else { "HDF5" }, access);
    facts.dataset = Some(chosen.name.clone());
    facts.frame_rate_hz = chosen.frame_rate_hz;
    if is_chunked {
        "as its chunks".clone_into(&mut facts.compression);
        facts.resident_bytes = cache;
    } else if order.axes()[0] != Axis::T {
        super::note_gathered(&mut facts);
    }
    facts.chunk_frames = chosen.chunks.map(|chunks| order.movie_shape(chunks)[0]);
    facts
}

/// An error of the reader.
fn error(error: Error, path: &Path) -> FormatError {
    match error {
        Error::Io(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
            FormatError::io("read", path)(source)
        }
        error => FormatError::malformed("HDF5", error.to_string(), "a complete file", path),
    }
}

/// The type of pixels of a dataset, where they can be pixels.
fn pixel_type(datatype: &Datatype) -> Option<PixelType> {
    let (code, bytes) = match datatype {
        Datatype::FixedPoint { size, signed: false, .. } => (1, *size),
        Datatype::FixedPoint { size, .. } => (2, *size),
        Datatype::FloatingPoint { size, .. } => (3, *size),
        _ => return None,
    };
    PixelType::of_sample(code, u64::from(bytes) * 8)
}

/// A dataset of three axes.
struct Array {
    seen: SeenFile,
    dataset: Dataset,
    order: AxisOrder,
    /// `[frames, height, width]`.
    shape: [usize; 3],
    pixel: PixelType,
}

impl Array {
    /// Read the last frame: a file that was cut off shows there.
    fn probe(&self) -> Result<(), FormatError> {
        let [n_frames, height, width] = self.shape;
        if self.shape.contains(&0) {
            return Ok(());
        }
        let total = self.shape.iter().try_fold(self.pixel.bytes(), |n, &m| n.checked_mul(m));
        let n_pixels = height.saturating_mul(width);
        let of_frame = n_pixels.saturating_mul(self.pixel.bytes()) as u64;
        super::refuse_bomb(of_frame, self.seen.n_bytes, &self.seen.path)?;
        super::refuse_bomb(total.unwrap_or(usize::MAX) as u64, self.seen.n_bytes, &self.seen.path)?;
        let mut frame = reserve(n_pixels, &self.seen.path)?;
        frame.resize(n_pixels, 0.0);
        self.read(n_frames - 1..n_frames, &mut frame)
    }

    fn read_piece(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), FormatError> {
        macro_rules! read {
            ($type:ty) => {
                self.read_as::<$type>(frames, out, |value| value as f32)
            };
        }
        match self.pixel {
            PixelType::U8 => read!(u8),
            PixelType::I8 => read!(i8),
            PixelType::U16 => read!(u16),
            PixelType::I16 => read!(i16),
            PixelType::U32 => read!(u32),
            PixelType::I32 => read!(i32),
            PixelType::U64 => read!(u64),
            PixelType::I64 => read!(i64),
            PixelType::F32 => self.read_as::<f32>(frames, out, |value| value),
            PixelType::F64 => read!(f64),
        }
    }

    fn read_as<T: H5Type + Copy>(
        &self,
        frames: Range<usize>,
        out: &mut [f32],
        to_float: impl Fn(T) -> f32,
    ) -> Result<(), FormatError> {
        let [_, height, width] = self.shape;
        let selections = self.order.axes().map(|axis| {
            let range = match axis {
                Axis::T => frames.clone(),
                Axis::Y => 0..height,
                Axis::X => 0..width,
            };
            SliceInfoElem::Slice { start: range.start as u64, end: range.end as u64, step: 1 }
        });
        let selection = SliceInfo { selections: selections.to_vec() };
        let array = self.dataset.read_slice::<T>(&selection);
        let array = array.map_err(|e| error(e, &self.path()))?;
        let expected = self.order.file_shape([frames.len(), height, width]);
        if array.shape() != expected || !array.is_standard_layout() {
            let found = format!("{:?}", array.shape());
            return Err(FormatError::malformed(
                "part",
                found,
                format!("{expected:?}"),
                &self.path(),
            ));
        }
        let mut axes = [0; 3];
        for (place, axis) in self.order.axes().into_iter().enumerate() {
            axes[axis as usize] = place;
        }
        let in_order = array.permuted_axes(axes.to_vec());
        for (place, &value) in out.iter_mut().zip(&in_order) {
            *place = to_float(value);
        }
        Ok(())
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(format!("{}{}", self.seen.path.display(), self.dataset.name()))
    }

    /// Frames read at once: whole chunks.
    fn frames_a_piece(&self) -> usize {
        let of_frame = (self.shape[1] * self.shape[2] * self.pixel.bytes()) as u64;
        let n = (PIECE / of_frame.max(1)).max(1) as usize;
        let chunks = self.dataset.chunks().and_then(|dims| {
            let dims: Vec<usize> = dims.iter().map(|&n| n as usize).collect();
            Some(self.order.movie_shape(dims.get(..3)?.try_into().ok()?)[0])
        });
        n.next_multiple_of(chunks.unwrap_or(1).clamp(1, self.shape[0].max(1)))
    }
}

impl Source for Array {
    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), FormatError> {
        // The reader keeps the file open; here it is looked up by name.
        self.seen.reopen()?;
        let (step, n_pixels) = (self.frames_a_piece(), self.shape[1] * self.shape[2]);
        let (mut start, mut rest) = (frames.start, out);
        while start < frames.end {
            let end = ((start / step + 1) * step).min(frames.end);
            let (piece, after) = rest.split_at_mut((end - start) * n_pixels);
            self.read_piece(start..end, piece)?;
            (start, rest) = (end, after);
        }
        Ok(())
    }
}
