//! Types of pixels, and turning their bytes into floats.

use std::fmt;

use crate::npy::ElementType;

/// Type of the pixels in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PixelType {
    /// Unsigned integer of 8 bits.
    U8,
    /// Signed integer of 8 bits.
    I8,
    /// Unsigned integer of 16 bits.
    U16,
    /// Signed integer of 16 bits.
    I16,
    /// Unsigned integer of 32 bits.
    U32,
    /// Signed integer of 32 bits.
    I32,
    /// Unsigned integer of 64 bits.
    U64,
    /// Signed integer of 64 bits.
    I64,
    /// Floating-point number of 32 bits.
    F32,
    /// Floating-point number of 64 bits.
    F64,
}

impl PixelType {
    /// Bytes of a pixel.
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Largest value of an integer type; `None` for floats.
    pub fn largest(self) -> Option<f64> {
        Some(match self {
            Self::U8 => f64::from(u8::MAX),
            Self::I8 => f64::from(i8::MAX),
            Self::U16 => f64::from(u16::MAX),
            Self::I16 => f64::from(i16::MAX),
            Self::U32 => f64::from(u32::MAX),
            Self::I32 => f64::from(i32::MAX),
            Self::U64 => u64::MAX as f64,
            Self::I64 => i64::MAX as f64,
            Self::F32 | Self::F64 => return None,
        })
    }

    /// The type of a NumPy array's elements, where they can be pixels.
    pub(super) fn of_element(element: ElementType) -> Option<Self> {
        Some(match element {
            ElementType::Bool | ElementType::UInt8 => Self::U8,
            ElementType::Int8 => Self::I8,
            ElementType::UInt16 => Self::U16,
            ElementType::Int16 => Self::I16,
            ElementType::UInt32 => Self::U32,
            ElementType::Int32 => Self::I32,
            ElementType::UInt64 => Self::U64,
            ElementType::Int64 => Self::I64,
            ElementType::Float32 => Self::F32,
            ElementType::Float64 => Self::F64,
            ElementType::Float16 | ElementType::Unicode(_) | ElementType::Bytes(_) => return None,
        })
    }

    /// The type of `bytes` bytes, by TIFF's code of sample formats (1 unsigned, 2 signed, 3 float).
    pub(super) fn of_sample(format: u64, bits: u64) -> Option<Self> {
        Some(match (format, bits) {
            (1, 8) => Self::U8,
            (1, 16) => Self::U16,
            (1, 32) => Self::U32,
            (1, 64) => Self::U64,
            (2, 8) => Self::I8,
            (2, 16) => Self::I16,
            (2, 32) => Self::I32,
            (2, 64) => Self::I64,
            (3, 32) => Self::F32,
            (3, 64) => Self::F64,
            _ => return None,
        })
    }

    /// TIFF's code of this sample format.
    pub(super) fn sample_format(self) -> u16 {
        match self {
            Self::U8 | Self::U16 | Self::U32 | Self::U64 => 1,
            Self::I8 | Self::I16 | Self::I32 | Self::I64 => 2,
            Self::F32 | Self::F64 => 3,
        }
    }
}

impl fmt::Display for PixelType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::U8 => "uint8",
            Self::I8 => "int8",
            Self::U16 => "uint16",
            Self::I16 => "int16",
            Self::U32 => "uint32",
            Self::I32 => "int32",
            Self::U64 => "uint64",
            Self::I64 => "int64",
            Self::F32 => "float32",
            Self::F64 => "float64",
        })
    }
}

/// How pixels lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoding {
    pub(super) pixel: PixelType,
    pub(super) big_endian: bool,
}

impl Encoding {
    /// Turn the bytes of pixels into floats, rounded to nearest; every `stride`-th place of `out`
    /// is filled. As many as there are of both.
    pub(super) fn convert(self, bytes: &[u8], out: &mut [f32], stride: usize) {
        macro_rules! take {
            ($type:ty) => {{
                let (elements, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
                // Two loops, each of which becomes vector instructions.
                if self.big_endian {
                    fill(out, stride, elements, |&e| <$type>::from_be_bytes(e) as f32);
                } else {
                    fill(out, stride, elements, |&e| <$type>::from_le_bytes(e) as f32);
                }
            }};
        }
        match self.pixel {
            PixelType::U8 => take!(u8),
            PixelType::I8 => take!(i8),
            PixelType::U16 => take!(u16),
            PixelType::I16 => take!(i16),
            PixelType::U32 => take!(u32),
            PixelType::I32 => take!(i32),
            PixelType::U64 => take!(u64),
            PixelType::I64 => take!(i64),
            PixelType::F32 => take!(f32),
            PixelType::F64 => take!(f64),
        }
    }
}

#[inline]
fn fill<E>(out: &mut [f32], stride: usize, elements: &[E], value: impl Fn(&E) -> f32) {
    if stride == 1 {
        for (place, element) in out.iter_mut().zip(elements) {
            *place = value(element);
        }
    } else {
        for (place, element) in out.iter_mut().step_by(stride).zip(elements) {
            *place = value(element);
        }
    }
}
