//! Images: JPEG and PNG to grey values, and PNG from RGB bytes.

use std::io::{Cursor, Read};
use std::path::Path;

use ::image::{DynamicImage, ImageReader, Limits};
use ndarray::Array2;
use striate_base::files::write_atomic;

use crate::archive::Archive;
use crate::error::FormatError;
use crate::files::{looks_like, reserve};

/// Most pixels of an image. With that, unpacking takes at most 52 MiB whatever the kind of image.
const MOST_PIXELS: u64 = 1 << 22;

/// Most bytes a decoder may take for itself.
const MOST_DECODER_BYTES: u64 = 48 << 20;

/// Weights of red, green and blue (Rec. ITU-R BT.601, as in Pillow's `convert("L")`).
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// Decode a JPEG or PNG to grey values 0 to 255, shape `[height, width]`.
///
/// Colours become `0.299 R + 0.587 G + 0.114 B`, not rounded; 16-bit values are divided by 257;
/// transparency is ignored. `path` is for messages.
///
/// # Errors
/// [`FormatError`] for bytes that are no complete image of these kinds, or of more than 4 Mi
/// pixels.
///
/// ```
/// use striate_formats::image::{decode_gray, write_png_rgb};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("two.png");
/// write_png_rgb(&path, 2, 1, &[255, 255, 255, 0, 100, 0])?;
/// let grey = decode_gray(&std::fs::read(&path)?, &path)?;
/// assert_eq!(grey.dim(), (1, 2));
/// assert!((grey[[0, 0]] - 255.0).abs() < 1e-3 && (grey[[0, 1]] - 58.7).abs() < 1e-3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decode_gray(bytes: &[u8], path: &Path) -> Result<Array2<f32>, FormatError> {
    let refuse = |error: &dyn std::fmt::Display| {
        let found = format!("{} ({error})", looks_like(bytes));
        FormatError::malformed("image", found, "a complete JPEG or PNG image", path)
    };
    let reader = || {
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
        reader.map_err(|error| refuse(&error))
    };
    let (width, height) = reader()?.into_dimensions().map_err(|error| refuse(&error))?;
    let n_pixels = u64::from(width) * u64::from(height);
    if n_pixels > MOST_PIXELS {
        return Err(FormatError::TooLarge {
            what: format!("pixels of an image of {width} x {height}"),
            found: n_pixels,
            limit: MOST_PIXELS,
            path: path.to_owned(),
        });
    }
    let mut reader = reader()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_DECODER_BYTES);
    reader.limits(limits);
    let image = reader.decode().map_err(|error| refuse(&error))?;
    let (height, width) = (height as usize, width as usize);
    Array2::from_shape_vec((height, width), grey(&image)).map_err(|error| refuse(&error))
}

fn grey(image: &DynamicImage) -> Vec<f32> {
    match image {
        DynamicImage::ImageLuma8(pixels) => pixels.pixels().map(|p| f32::from(p.0[0])).collect(),
        DynamicImage::ImageLumaA8(pixels) => pixels.pixels().map(|p| f32::from(p.0[0])).collect(),
        DynamicImage::ImageRgb8(pixels) => {
            pixels.pixels().map(|p| luma(p.0.map(f32::from))).collect()
        }
        DynamicImage::ImageRgba8(pixels) => pixels
            .pixels()
            .map(|&::image::Rgba([r, g, b, _])| luma([r, g, b].map(f32::from)))
            .collect(),
        DynamicImage::ImageLuma16(pixels) => {
            pixels.pixels().map(|p| f32::from(p.0[0]) / 257.0).collect()
        }
        DynamicImage::ImageLumaA16(pixels) => {
            pixels.pixels().map(|p| f32::from(p.0[0]) / 257.0).collect()
        }
        // The remaining kinds have three colours of 16 or 32 bits each.
        other => other.to_rgb16().pixels().map(|p| luma(p.0.map(f32::from)) / 257.0).collect(),
    }
}

fn luma(colours: [f32; 3]) -> f32 {
    LUMA.iter().zip(colours).map(|(weight, colour)| weight * colour).sum()
}

/// Write an RGB image as PNG. `pixels` has shape `[height, width, 3]`.
///
/// # Errors
/// [`FormatError`] for a number of bytes that does not fit, and for whatever the file system
/// reports.
pub fn write_png_rgb(
    path: &Path,
    width: usize,
    height: usize,
    pixels: &[u8],
) -> Result<(), FormatError> {
    let fits = width.checked_mul(height).and_then(|n| n.checked_mul(3)) == Some(pixels.len());
    let sides = u32::try_from(width).ok().zip(u32::try_from(height).ok());
    let Some((width, height)) = sides.filter(|&(w, h)| fits && w > 0 && h > 0) else {
        let found = format!("{} bytes", pixels.len());
        let expected = format!("3 for each of {width} x {height} pixels, one or more");
        return Err(FormatError::malformed("image to be written", found, expected, path));
    };
    let write = |file: &mut dyn std::io::Write| {
        let mut encoder = png::Encoder::new(file, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(pixels)?;
        Ok(writer.finish()?)
    };
    write_atomic(path, write).map_err(FormatError::io("write", path))
}

/// A ZIP archive of images, in folders or not. It holds no open descriptor.
#[derive(Debug, Clone)]
pub struct ImageZip {
    archive: Archive,
}

impl ImageZip {
    /// List the JPEG and PNG images, sorted by their names with folders. Other files are passed
    /// over, as are hidden ones and what macOS adds.
    ///
    /// # Errors
    /// [`FormatError`] for a file that cannot be opened, is no complete ZIP archive or has no image.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let mut archive = Archive::open(path)?;
        archive.names.retain(|name| is_image_name(name));
        if archive.names.is_empty() {
            let expected = "one or more (.jpg, .jpeg, .png)";
            return Err(FormatError::malformed("members", "no image", expected, path));
        }
        archive.names.sort();
        Ok(Self { archive })
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.archive.file.path
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.archive.names.len()
    }

    /// Whether there is no image; never so for an archive that was opened.
    pub fn is_empty(&self) -> bool {
        self.archive.names.is_empty()
    }

    /// Names of the images in their order.
    pub fn names(&self) -> &[String] {
        &self.archive.names
    }

    /// Image `i` in the order of the names; see [`decode_gray`].
    ///
    /// # Errors
    /// As [`decode_gray`], and for damaged archives and images that are not there.
    pub fn read_gray(&self, i: usize) -> Result<Array2<f32>, FormatError> {
        let name = self.archive.names.get(i).ok_or_else(|| FormatError::OutOfRange {
            what: "number of images".to_owned(),
            length: self.len(),
            start: i,
            end: i.saturating_add(1),
            path: self.path().to_owned(),
        })?;
        self.archive.member(name, |member| {
            let n_bytes = member.n_bytes;
            // Images are packed already: a large one comes from as large a piece of the archive.
            member.refuse_bomb(n_bytes)?;
            let mut bytes = reserve(usize::try_from(n_bytes).unwrap_or(usize::MAX), &member.path)?;
            let read = Read::take(&mut *member, n_bytes).read_to_end(&mut bytes);
            read.map_err(member.read_error())?;
            member.finish()?;
            decode_gray(&bytes, &member.path)
        })
    }
}

fn is_image_name(name: &str) -> bool {
    let file_name = name.rsplit('/').next().unwrap_or(name);
    let extension = file_name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let known = ["jpg", "jpeg", "png"].iter().any(|known| extension.eq_ignore_ascii_case(known));
    known && !file_name.starts_with('.') && !name.starts_with("__MACOSX/")
}
