//! Writing stacks as TIFF, page by page.

use std::io::Write;
use std::path::{Path, PathBuf};

use striate_base::files::AtomicFile;

use crate::error::FormatError;
use crate::stack::PixelType;

/// Largest classic TIFF, with room to spare.
const LARGEST_CLASSIC: u64 = u32::MAX as u64 - (1 << 20);

/// Pages begin at multiples of this.
const ALIGNMENT: u64 = 16;

/// A stack being written: little endian, not packed, one strip a page, pages at equal distances.
/// It appears under its name on [`TiffWriter::finish`]; dropped before that, it leaves nothing behind.
/// One page is held in memory.
///
/// ```
/// use striate_formats::stack::{ImageStack, PixelType, StackOptions, TiffWriter};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("movie.tif");
/// let mut writer = TiffWriter::create(&path, [2, 3], PixelType::U16, Some(2))?;
/// writer.write_frame_u16(&[1, 2, 3, 4, 5, 6])?;
/// writer.write_frame(&[0.4, 0.6, -7.0, 1e9, f32::NAN, 9.0])?;
/// writer.finish()?;
///
/// let movie = ImageStack::open(&path, &StackOptions::default())?;
/// assert_eq!((movie.shape(), movie.pixel_type()), ([2, 2, 3], PixelType::U16));
/// let mut frame = [0.0; 6];
/// movie.read_frames(1..2, &mut frame)?;
/// assert_eq!(frame, [0.0, 1.0, 0.0, 65535.0, 0.0, 9.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TiffWriter {
    file: AtomicFile,
    path: PathBuf,
    shape: [usize; 2],
    pixel: PixelType,
    is_big: bool,
    /// Where the description of all pages is, and its bytes.
    description: Option<(u64, u64)>,
    /// Directory of the page in `pending`.
    at: u64,
    /// The page that was written last: whether another follows decides what its directory says.
    pending: Option<Vec<u8>>,
}

impl TiffWriter {
    /// Begin to write a stack of frames of `[height, width]` to `path`, whose folder must exist.
    /// Without `n_frames`, or where so many would be more than 4 GB, it is a BigTIFF.
    ///
    /// # Errors
    /// [`FormatError`] for frames without pixels, and with what the file system reports.
    pub fn create(
        path: &Path,
        shape: [usize; 2],
        pixel_type: PixelType,
        n_frames: Option<usize>,
    ) -> Result<Self, FormatError> {
        Self::create_at_rate(path, shape, pixel_type, (n_frames, None))
    }

    /// [`TiffWriter::create`] for frames at a known rate, in Hz: `(n_frames, rate)`.
    ///
    /// # Errors
    /// As [`TiffWriter::create`].
    pub fn create_at_rate(
        path: &Path,
        shape: [usize; 2],
        pixel_type: PixelType,
        (n_frames, frame_rate_hz): (Option<usize>, Option<f64>),
    ) -> Result<Self, FormatError> {
        if shape.iter().any(|&n| n == 0 || u32::try_from(n).is_err()) {
            let found = format!("{shape:?} (height, width)");
            return Err(FormatError::malformed("frames to be written", found, "pixels", path));
        }
        let file = AtomicFile::create(path).map_err(FormatError::io("write", path))?;
        let (pixel, path) = (pixel_type, path.to_owned());
        let mut writer = Self {
            file,
            path,
            shape,
            pixel,
            is_big: true,
            description: None,
            at: 0,
            pending: None,
        };
        let of_all = n_frames.and_then(|n| writer.pitch().checked_mul(n as u64));
        writer.is_big = of_all.is_none_or(|bytes| bytes > LARGEST_CLASSIC);
        writer.begin(frame_rate_hz)?;
        Ok(writer)
    }

    fn begin(&mut self, frame_rate_hz: Option<f64>) -> Result<(), FormatError> {
        let header = if self.is_big { 16 } else { 8 };
        let text = frame_rate_hz.map_or(String::new(), |hz| format!("finterval={}\n\0", 1.0 / hz));
        let end = header + text.len() as u64;
        self.description = frame_rate_hz.map(|_| (header, text.len() as u64));
        self.at = end.next_multiple_of(ALIGNMENT);
        let mut bytes = if self.is_big {
            let mut bytes = b"II\x2b\0\x08\0\0\0".to_vec();
            bytes.extend(self.at.to_le_bytes());
            bytes
        } else {
            let mut bytes = b"II\x2a\0".to_vec();
            bytes.extend((self.at as u32).to_le_bytes());
            bytes
        };
        bytes.extend(text.as_bytes());
        bytes.resize(self.at as usize, 0);
        self.put(&bytes)
    }

    /// Write a frame, `[y, x]`. Values are rounded to the nearest that the pixels can have; NaN becomes
    /// 0 in integers.
    ///
    /// # Errors
    /// [`FormatError`] for another number of pixels, for more than a classic TIFF holds, and with what
    /// the file system reports.
    pub fn write_frame(&mut self, frame: &[f32]) -> Result<(), FormatError> {
        macro_rules! integers {
            ($type:ty) => {
                frame.iter().flat_map(|v| (v.round_ties_even() as $type).to_le_bytes()).collect()
            };
        }
        let bytes: Vec<u8> = match self.pixel {
            PixelType::U8 => integers!(u8),
            PixelType::I8 => integers!(i8),
            PixelType::U16 => integers!(u16),
            PixelType::I16 => integers!(i16),
            PixelType::U32 => integers!(u32),
            PixelType::I32 => integers!(i32),
            PixelType::U64 => integers!(u64),
            PixelType::I64 => integers!(i64),
            PixelType::F32 => frame.iter().flat_map(|v| v.to_le_bytes()).collect(),
            PixelType::F64 => frame.iter().flat_map(|&v| f64::from(v).to_le_bytes()).collect(),
        };
        self.write(bytes)
    }

    /// Write a frame of 16-bit pixels, `[y, x]`, as they are.
    ///
    /// # Errors
    /// As [`TiffWriter::write_frame`]; and where the pixels are of another type.
    pub fn write_frame_u16(&mut self, frame: &[u16]) -> Result<(), FormatError> {
        if self.pixel != PixelType::U16 {
            let found = "uint16".to_owned();
            let expected = "the type that the stack was begun with";
            return Err(FormatError::ElementType { found, expected, path: self.path.clone() });
        }
        self.write(frame.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// Put the file in its place.
    ///
    /// # Errors
    /// [`FormatError`] where no frame was written, and with what the file system reports.
    pub fn finish(mut self) -> Result<(), FormatError> {
        if self.pending.is_none() {
            let (what, expected) = ("frames to be written", "one or more");
            return Err(FormatError::malformed(what, "none", expected, &self.path));
        }
        self.put_page(true)?;
        self.file.commit().map_err(FormatError::io("write", &self.path))
    }

    fn write(&mut self, bytes: Vec<u8>) -> Result<(), FormatError> {
        if bytes.len() as u64 != self.page_bytes() {
            let found = format!("{} pixels", bytes.len() / self.pixel.bytes());
            let expected = format!("{} x {} (height x width)", self.shape[0], self.shape[1]);
            return Err(FormatError::malformed("frame to be written", found, expected, &self.path));
        }
        if self.pending.is_some() {
            self.put_page(false)?;
        }
        let end = self.at + self.pitch();
        if !self.is_big && end > u64::from(u32::MAX) {
            return Err(FormatError::TooLarge {
                what: "bytes of a TIFF (give the number of frames to get a BigTIFF)".to_owned(),
                found: end,
                limit: u64::from(u32::MAX),
                path: self.path.clone(),
            });
        }
        self.pending = Some(bytes);
        Ok(())
    }

    fn put_page(&mut self, is_last: bool) -> Result<(), FormatError> {
        let Some(pixels) = self.pending.take() else { return Ok(()) };
        let next = if is_last { 0 } else { self.at + self.pitch() };
        let directory = self.directory(next);
        self.put(&directory)?;
        self.put(&pixels)?;
        if !is_last {
            let used = (directory.len() + pixels.len()) as u64;
            self.put(&vec![0; (self.pitch() - used) as usize])?;
            self.at = next;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        self.file.write_all(bytes).map_err(FormatError::io("write", &self.path))
    }

    fn page_bytes(&self) -> u64 {
        (self.shape[0] * self.shape[1] * self.pixel.bytes()) as u64
    }

    fn n_entries(&self) -> u64 {
        10 + u64::from(self.description.is_some())
    }

    fn directory_bytes(&self) -> u64 {
        let n = self.n_entries();
        let bytes = if self.is_big { 8 + 20 * n + 8 } else { 2 + 12 * n + 4 };
        bytes.next_multiple_of(ALIGNMENT)
    }

    fn pitch(&self) -> u64 {
        self.directory_bytes() + self.page_bytes().next_multiple_of(ALIGNMENT)
    }

    /// The directory of the page at `self.at`.
    fn directory(&self, next: u64) -> Vec<u8> {
        const SHORT: u16 = 3;
        // LONG8 in a BigTIFF.
        let long = if self.is_big { 16 } else { 4 };
        let [height, width] = self.shape.map(|n| n as u64);
        let data = self.at + self.directory_bytes();
        let mut entries = vec![
            (256, long, 1, width),
            (257, long, 1, height),
            (258, SHORT, 1, 8 * self.pixel.bytes() as u64),
            (259, SHORT, 1, 1),
            (262, SHORT, 1, 1),
            (273, long, 1, data),
            (277, SHORT, 1, 1),
            (278, long, 1, height),
            (279, long, 1, self.page_bytes()),
            (339, SHORT, 1, u64::from(self.pixel.sample_format())),
        ];
        if let Some((offset, length)) = self.description {
            entries.insert(5, (270, 2, length, offset));
        }
        let mut bytes = Vec::new();
        let put = |bytes: &mut Vec<u8>, value: u64| {
            let value = value.to_le_bytes();
            bytes.extend(value.split_at(if self.is_big { 8 } else { 4 }).0);
        };
        let count = (entries.len() as u64).to_le_bytes();
        bytes.extend(count.split_at(if self.is_big { 8 } else { 2 }).0);
        for (tag, kind, count, value) in entries {
            bytes.extend(u16::to_le_bytes(tag));
            bytes.extend(u16::to_le_bytes(kind));
            put(&mut bytes, count);
            put(&mut bytes, value);
        }
        put(&mut bytes, next);
        bytes.resize(self.directory_bytes() as usize, 0);
        bytes
    }
}
