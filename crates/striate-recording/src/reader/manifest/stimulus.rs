//! The stimulus of a manifest: an array of frames or images, packed or not, or an archive of images.

use std::ops::Range;
use std::path::{Path, PathBuf};

use ndarray::{Array3, ArrayD, Axis as At, Ix3, s};
use striate_formats::image::ImageZip;

use super::array::{ArrayFile, resolve};
use super::axes::{self, Axis, in_words, places};
use super::config::{ArrayEntry, StimulusEntry};
use super::images::ImageFiles;
use crate::error::RecordingError;
use crate::session::StimulusKind;
use crate::source::{Missing, refuse_missing};

const VIDEO: [Axis; 3] = [Axis::Frame, Axis::Height, Axis::Width];
const IMAGES: [Axis; 3] = [Axis::Image, Axis::Height, Axis::Width];

/// Where frames come from.
enum Pixels {
    /// Axes in the file's order.
    Array { file: ArrayFile, axes: Vec<Axis> },
    /// Bits packed into the last axis; `lengths` are those of the axes after unpacking.
    Packed { file: ArrayFile, axes: Vec<Axis>, lengths: Vec<usize> },
    /// One image each.
    Images(ImageFiles),
    /// Nothing was shown: one pixel of value 0.
    Blank,
}

/// A stimulus, read in parts.
pub(super) struct Stimulus {
    pub(super) kind: StimulusKind,
    /// Number of frames, or images.
    pub(super) n: usize,
    /// Pixels as handed over.
    pub(super) height: usize,
    pub(super) width: usize,
    pixels: Pixels,
    scale: f32,
    offset: f32,
    downscale: usize,
    path: PathBuf,
}

impl Stimulus {
    /// Open the stimulus of a session; `own` replaces the file.
    pub(super) fn open(
        folder: &Path,
        entry: &StimulusEntry,
        own: Option<&ArrayEntry>,
        session: &str,
        manifest: &Path,
    ) -> Result<Self, RecordingError> {
        let file = own.cloned().unwrap_or_else(|| ArrayEntry {
            path: entry.path.clone(),
            member: entry.member.clone(),
        });
        let path = resolve(folder, &file.path, session);
        let is_zip = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("zip"));
        let (pixels, kind, [n, height, width]) = if is_zip {
            refuse_axes(entry, manifest)?;
            let images = ImageFiles::open(ImageZip::open(&path)?, entry.downscale)?;
            let size = images.size();
            (Pixels::Images(images), StimulusKind::Image, size)
        } else {
            open_array(folder, entry, &file, session, manifest)?
        };
        let by = entry.downscale;
        check_size([n, height, width], by, &path, manifest)?;
        Ok(Self {
            kind,
            n,
            height: height / by,
            width: width / by,
            pixels,
            scale: entry.scale,
            offset: entry.offset,
            downscale: by,
            path,
        })
    }

    /// Nothing shown for `n` frames: 1 x 1 pixel of value 0.
    pub(super) fn blank(n: usize, manifest: &Path) -> Self {
        Self {
            kind: StimulusKind::Video,
            n,
            height: 1,
            width: 1,
            pixels: Pixels::Blank,
            scale: 1.0,
            offset: 0.0,
            downscale: 1,
            path: manifest.to_owned(),
        }
    }

    /// Frames or images `range`, as handed over: `[frame, height, width]`.
    pub(super) fn read(
        &self,
        range: Range<usize>,
        missing: Missing,
    ) -> Result<Array3<f32>, RecordingError> {
        let first = range.start;
        let mut frames = match &self.pixels {
            Pixels::Array { file, axes } => {
                let part = file.part(places(axes, &[self.unit()])[0], range)?;
                self.downscaled(in_order(part, axes, self.unit()))
            }
            Pixels::Packed { file, axes, lengths } => {
                self.downscaled(in_order(unpacked(file, lengths, range)?, axes, self.unit()))
            }
            Pixels::Images(images) => images.read(range)?,
            Pixels::Blank => Array3::zeros((range.len(), 1, 1)),
        };
        if missing == Missing::Refuse {
            let axes = ["frame", "row", "column"];
            refuse_missing(frames.view(), &|| "stimulus".to_owned(), &axes, first, &self.path)?;
        }
        if self.scale != 1.0 || self.offset != 0.0 {
            frames.mapv_inplace(|value| value * self.scale + self.offset);
        }
        Ok(frames)
    }

    /// What one step along the stimulus is.
    pub(super) fn unit(&self) -> Axis {
        match self.kind {
            StimulusKind::Image => Axis::Image,
            StimulusKind::Video => Axis::Frame,
        }
    }

    pub(super) fn resident_bytes(&self) -> u64 {
        match &self.pixels {
            Pixels::Array { file, .. } | Pixels::Packed { file, .. } => file.resident_bytes(),
            Pixels::Images(images) => images.resident_bytes(),
            Pixels::Blank => 0,
        }
    }

    fn downscaled(&self, frames: Array3<f32>) -> Array3<f32> {
        if self.downscale == 1 { frames } else { box_means(&frames, self.downscale) }
    }
}

/// Means of `by` x `by` pixels.
pub(super) fn box_means(frames: &Array3<f32>, by: usize) -> Array3<f32> {
    let (n, height, width) = frames.dim();
    let mut small = Array3::<f32>::zeros((n, height / by, width / by));
    for (mut small, large) in small.outer_iter_mut().zip(frames.outer_iter()) {
        for ((row, column), mean) in small.indexed_iter_mut() {
            let (rows, columns) = (row * by..(row + 1) * by, column * by..(column + 1) * by);
            *mean = large.slice(s![rows, columns]).sum() / (by * by) as f32;
        }
    }
    small
}

fn check_size(
    size: [usize; 3],
    downscale: usize,
    path: &Path,
    manifest: &Path,
) -> Result<(), RecordingError> {
    let [_, height, width] = size;
    if size.contains(&0) {
        return Err(RecordingError::shape("stimulus", &size, "no axis of length 0", path));
    }
    if height % downscale == 0 && width % downscale == 0 {
        return Ok(());
    }
    let expected = format!("a divisor of height {height} and width {width}");
    Err(RecordingError::setting("stimulus.downscale", downscale, expected, manifest))
}

fn refuse_axes(entry: &StimulusEntry, manifest: &Path) -> Result<(), RecordingError> {
    if let Some(axes) = &entry.axes {
        let expected = "none: an archive of images is sorted by name, each image has rows first";
        return Err(RecordingError::setting("stimulus.axes", in_words(axes), expected, manifest));
    }
    if entry.unpacked.is_some() {
        let expected = "none for an archive of images";
        return Err(RecordingError::setting("stimulus.unpacked", "given", expected, manifest));
    }
    Ok(())
}

type Opened = (Pixels, StimulusKind, [usize; 3]);

fn open_array(
    folder: &Path,
    entry: &StimulusEntry,
    file: &ArrayEntry,
    session: &str,
    manifest: &Path,
) -> Result<Opened, RecordingError> {
    let Some(axes) = entry.axes.clone() else {
        let expected =
            format!("{} or {}, in the file's order", in_words(&VIDEO), in_words(&IMAGES));
        return Err(RecordingError::setting("stimulus.axes", "not given", expected, manifest));
    };
    axes::check("stimulus", &axes, &[&VIDEO, &IMAGES], manifest)?;
    let (kind, wanted) = if axes.contains(&Axis::Image) {
        (StimulusKind::Image, IMAGES)
    } else {
        (StimulusKind::Video, VIDEO)
    };
    let file = ArrayFile::open(folder, file, session, kind == StimulusKind::Image)?;
    let lengths = match &entry.unpacked {
        Some(unpacked) => packed_lengths(&file, &axes, unpacked, wanted[0], manifest)?,
        None => plain_lengths(&file, &axes, wanted[0], manifest)?,
    };
    let size = [0, 1, 2].map(|i| lengths[places(&axes, &wanted)[i]]);
    let pixels = match &entry.unpacked {
        Some(_) => Pixels::Packed { file, axes, lengths },
        None => Pixels::Array { file, axes },
    };
    Ok((pixels, kind, size))
}

fn plain_lengths(
    file: &ArrayFile,
    axes: &[Axis],
    unit: Axis,
    manifest: &Path,
) -> Result<Vec<usize>, RecordingError> {
    if file.shape().len() != axes.len() {
        let expected = format!("{} axes, {}", axes.len(), in_words(axes));
        let error = RecordingError::shape("stimulus", file.shape(), expected, file.path());
        return Err(match file.shape() {
            [_, _] => error.with_hint("if pixels are packed into bits, give `unpacked`"),
            _ => error,
        });
    }
    let place = places(axes, &[unit])[0];
    if !file.has_parts_along(place) {
        let expected = format!("`{unit}` first or last, so that the file can be read in parts");
        return Err(RecordingError::setting("stimulus.axes", in_words(axes), expected, manifest));
    }
    Ok(file.shape().to_vec())
}

/// Lengths of all axes of a file whose last axis has `unpacked` packed into it.
fn packed_lengths(
    file: &ArrayFile,
    axes: &[Axis],
    unpacked: &[usize],
    unit: Axis,
    manifest: &Path,
) -> Result<Vec<usize>, RecordingError> {
    let key = "stimulus.unpacked";
    if file.npy().is_none() {
        let expected = "a .npy file, which is read in parts";
        return Err(RecordingError::setting(key, "given for an archive", expected, manifest));
    }
    if axes.first() != Some(&unit) {
        let expected = format!("`{unit}` first where pixels are packed");
        return Err(RecordingError::setting("stimulus.axes", in_words(axes), expected, manifest));
    }
    let n_kept = axes.len().saturating_sub(unpacked.len());
    let n_bits = unpacked.iter().try_fold(1usize, |n, &length| n.checked_mul(length)).unwrap_or(0);
    if unpacked.is_empty() || n_kept == 0 || n_bits == 0 {
        let expected = "the lengths, above 0, of the axes after the first that are packed together";
        return Err(RecordingError::setting(key, format!("{unpacked:?}"), expected, manifest));
    }
    let fits = file.shape().len() == n_kept + 1 && file.shape()[n_kept] == n_bits.div_ceil(8);
    if !fits {
        let kept: Vec<String> = axes[..n_kept].iter().map(ToString::to_string).collect();
        let expected = format!(
            "[{}, {}], {n_bits} bits in bytes along the last axis",
            kept.join(", "),
            n_bits.div_ceil(8)
        );
        return Err(RecordingError::shape("packed stimulus", file.shape(), expected, file.path()));
    }
    let kept = file.shape()[..n_kept].iter();
    Ok(kept.chain(unpacked).copied().collect())
}

/// Rows of a packed file, a value of 0 or 1 for each bit, most significant first.
fn unpacked(
    file: &ArrayFile,
    lengths: &[usize],
    range: Range<usize>,
) -> Result<ArrayD<f32>, RecordingError> {
    let npy = file.npy().expect("packed stimuli are .npy, as checked on opening");
    let mut shape = lengths.to_vec();
    shape[0] = range.len();
    let bytes = npy.read_rows_u8(range)?;
    let last = At(bytes.ndim() - 1);
    // The axes that were packed together are those behind all but the last axis of the file.
    let n_bits: usize = lengths[last.0..].iter().product();
    let mut values = Vec::with_capacity(shape.iter().product());
    for lane in bytes.lanes(last) {
        let bits = lane.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
        values.extend(bits.take(n_bits).map(f32::from));
    }
    Ok(ArrayD::from_shape_vec(shape, values).expect("as many bits as the lengths, as checked"))
}

/// `[unit, height, width]` in standard layout, from whatever order of axes.
fn in_order(part: ArrayD<f32>, axes: &[Axis], unit: Axis) -> Array3<f32> {
    let order = places(axes, &[unit, Axis::Height, Axis::Width]);
    let turned = part.permuted_axes(order);
    let turned = turned.into_dimensionality::<Ix3>().expect("three axes, as checked on opening");
    if turned.is_standard_layout() { turned } else { turned.as_standard_layout().into_owned() }
}
