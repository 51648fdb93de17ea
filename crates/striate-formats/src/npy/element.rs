//! Types of elements.

use std::fmt;

/// Type of the elements of a NumPy array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ElementType {
    /// Boolean, one byte.
    Bool,
    /// Signed integer of 8 bits.
    Int8,
    /// Signed integer of 16 bits.
    Int16,
    /// Signed integer of 32 bits.
    Int32,
    /// Signed integer of 64 bits.
    Int64,
    /// Unsigned integer of 8 bits.
    UInt8,
    /// Unsigned integer of 16 bits.
    UInt16,
    /// Unsigned integer of 32 bits.
    UInt32,
    /// Unsigned integer of 64 bits.
    UInt64,
    /// Floating-point number of 16 bits.
    Float16,
    /// Floating-point number of 32 bits.
    Float32,
    /// Floating-point number of 64 bits.
    Float64,
    /// Text of up to that many code points.
    Unicode(usize),
    /// Text of up to that many bytes.
    Bytes(usize),
}

impl ElementType {
    /// Bytes of one element in the file; `None` where the number is beyond all files.
    pub(crate) fn size(self) -> Option<usize> {
        match self {
            Self::Bool | Self::Int8 | Self::UInt8 => Some(1),
            Self::Int16 | Self::UInt16 | Self::Float16 => Some(2),
            Self::Int32 | Self::UInt32 | Self::Float32 => Some(4),
            Self::Int64 | Self::UInt64 | Self::Float64 => Some(8),
            Self::Unicode(n_points) => n_points.checked_mul(4),
            Self::Bytes(n_bytes) => Some(n_bytes),
        }
    }

    /// Whether this is text.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Unicode(_) | Self::Bytes(_))
    }

    /// The type NumPy describes by a code and a size, as in `f8` or `U7`.
    pub(super) fn parse(code: &str) -> Option<Self> {
        let (kind, size) = code.split_at_checked(1)?;
        if size.is_empty() || !size.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let size: usize = size.parse().ok()?;
        Some(match (kind, size) {
            ("b", 1) => Self::Bool,
            ("i", 1) => Self::Int8,
            ("i", 2) => Self::Int16,
            ("i", 4) => Self::Int32,
            ("i", 8) => Self::Int64,
            ("u", 1) => Self::UInt8,
            ("u", 2) => Self::UInt16,
            ("u", 4) => Self::UInt32,
            ("u", 8) => Self::UInt64,
            ("f", 2) => Self::Float16,
            ("f", 4) => Self::Float32,
            ("f", 8) => Self::Float64,
            // Texts of no length take no room: their number could not be checked.
            ("U", 1..) => Self::Unicode(size),
            ("S", 1..) => Self::Bytes(size),
            _ => return None,
        })
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int8 => f.write_str("int8"),
            Self::Int16 => f.write_str("int16"),
            Self::Int32 => f.write_str("int32"),
            Self::Int64 => f.write_str("int64"),
            Self::UInt8 => f.write_str("uint8"),
            Self::UInt16 => f.write_str("uint16"),
            Self::UInt32 => f.write_str("uint32"),
            Self::UInt64 => f.write_str("uint64"),
            Self::Float16 => f.write_str("float16"),
            Self::Float32 => f.write_str("float32"),
            Self::Float64 => f.write_str("float64"),
            Self::Unicode(n) => write!(f, "text (<U{n})"),
            Self::Bytes(n) => write!(f, "text (|S{n})"),
        }
    }
}
