//! From the bytes of elements to numbers in the order of the axes.

use std::path::Path;

use ndarray::{ArrayD, IxDyn};

use super::element::ElementType;
use super::header::Header;
use super::slab::Slab;
use crate::error::FormatError;

/// A number that every numeric element can become, as by `as`.
pub(crate) trait Number: Copy + Default {
    /// From a single-precision number.
    fn of_f32(value: f32) -> Self;
    /// From a double-precision number.
    fn of_f64(value: f64) -> Self;
    /// From a signed integer.
    fn of_i64(value: i64) -> Self;
    /// From an unsigned integer.
    fn of_u64(value: u64) -> Self;
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl Number for $type {
            fn of_f32(value: f32) -> Self {
                value as $type
            }
            fn of_f64(value: f64) -> Self {
                value as $type
            }
            fn of_i64(value: i64) -> Self {
                value as $type
            }
            fn of_u64(value: u64) -> Self {
                value as $type
            }
        }
    )*};
}
number!(f32, f64, i64, u8);

/// Numbers as they come in, put in standard layout.
pub(crate) struct Values<T> {
    values: Vec<T>,
    shape: Vec<usize>,
    /// Only for files whose first axis varies fastest.
    scatter: Option<Scatter>,
}

impl<T: Number> Values<T> {
    /// For the elements of `slab`; `values` is empty and has room for them.
    pub(crate) fn new(slab: &Slab, mut values: Vec<T>) -> Self {
        let scatter = (slab.fortran_order && slab.shape.len() > 1).then(|| {
            values.resize(slab.count(), T::default());
            Scatter::new(&slab.shape)
        });
        Self { values, shape: slab.shape.clone(), scatter }
    }

    /// Take in the next bytes of the file; whole elements.
    pub(crate) fn extend(&mut self, header: &Header, bytes: &[u8]) {
        macro_rules! take {
            ($type:ty, $of:expr) => {{
                let (elements, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
                if header.big_endian {
                    self.put(elements.iter().map(|&b| $of(<$type>::from_be_bytes(b))));
                } else {
                    self.put(elements.iter().map(|&b| $of(<$type>::from_le_bytes(b))));
                }
            }};
        }
        match header.element {
            ElementType::Bool => self.put(bytes.iter().map(|&b| T::of_u64((b != 0).into()))),
            ElementType::Int8 => take!(i8, |v| T::of_i64(i64::from(v))),
            ElementType::Int16 => take!(i16, |v| T::of_i64(i64::from(v))),
            ElementType::Int32 => take!(i32, |v| T::of_i64(i64::from(v))),
            ElementType::Int64 => take!(i64, T::of_i64),
            ElementType::UInt8 => take!(u8, |v| T::of_u64(u64::from(v))),
            ElementType::UInt16 => take!(u16, |v| T::of_u64(u64::from(v))),
            ElementType::UInt32 => take!(u32, |v| T::of_u64(u64::from(v))),
            ElementType::UInt64 => take!(u64, T::of_u64),
            ElementType::Float16 => take!(u16, |v| T::of_f32(half(v))),
            ElementType::Float32 => take!(f32, T::of_f32),
            ElementType::Float64 => take!(f64, T::of_f64),
            // Refused before anything is read.
            ElementType::Unicode(_) | ElementType::Bytes(_) => {}
        }
    }

    fn put(&mut self, numbers: impl ExactSizeIterator<Item = T>) {
        let Some(scatter) = &mut self.scatter else {
            self.values.extend(numbers);
            return;
        };
        for number in numbers {
            if let Some(place) = self.values.get_mut(scatter.place) {
                *place = number;
            }
            scatter.step();
        }
    }

    /// The array, once all elements are in.
    pub(crate) fn into_array(self, path: &Path) -> Result<ArrayD<T>, FormatError> {
        let found = format!("{} elements", self.values.len());
        let expected = format!("as many as shape {:?} has", self.shape);
        ArrayD::from_shape_vec(IxDyn(&self.shape), self.values)
            .map_err(|_| FormatError::malformed("elements", found, expected, path))
    }
}

/// Walks through places of standard layout, first axis fastest.
struct Scatter {
    shape: Vec<usize>,
    strides: Vec<usize>,
    index: Vec<usize>,
    place: usize,
}

impl Scatter {
    fn new(shape: &[usize]) -> Self {
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        Self { shape: shape.to_vec(), strides, index: vec![0; shape.len()], place: 0 }
    }

    fn step(&mut self) {
        let axes = self.index.iter_mut().zip(&self.shape).zip(&self.strides);
        for ((index, &length), &stride) in axes {
            *index += 1;
            self.place += stride;
            if *index < length {
                return;
            }
            self.place -= stride * length;
            *index = 0;
        }
    }
}

/// Something that gives all its elements as any type of number.
pub(crate) trait Whole {
    /// Read all.
    fn read<T: Number>(&mut self) -> Result<ArrayD<T>, FormatError>;
}

/// All elements as whole numbers, none of them changed.
pub(crate) fn integers(
    header: &Header,
    path: &Path,
    source: &mut impl Whole,
) -> Result<ArrayD<i64>, FormatError> {
    let refuse = |found: String| {
        FormatError::malformed("elements", found, "whole numbers within 64 bits, signed", path)
    };
    match header.element {
        ElementType::Float16 | ElementType::Float32 | ElementType::Float64 => {
            let values = source.read::<f64>()?;
            // Above 2^53 not every whole number has a place of its own.
            let whole = |v: f64| v.fract() == 0.0 && v.abs() <= (1i64 << 53) as f64;
            match values.iter().find(|&&v| !whole(v)) {
                Some(value) => Err(refuse(value.to_string())),
                None => Ok(values.mapv(|v| v as i64)),
            }
        }
        ElementType::UInt64 => {
            let values = source.read::<i64>()?;
            match values.iter().find(|&&v| v < 0) {
                Some(&value) => Err(refuse((value as u64).to_string())),
                None => Ok(values),
            }
        }
        _ => source.read::<i64>(),
    }
}

/// The number that IEEE 754 half-precision bits stand for. Every one has an exact `f32`.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10) & 31, u32::from(bits) & 1023);
    match exponent {
        // Zero and subnormal numbers: multiples of 2^-24.
        0 => f32::from_bits(
            sign | (fraction as f32 * (1.0 / f32::from(1u16 << 12).powi(2))).to_bits(),
        ),
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        // Bias 15 becomes bias 127.
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_has_its_value() {
        for bits in 0..=u16::MAX {
            let exponent = i32::from(bits >> 10 & 31);
            let fraction = f64::from(bits & 1023) / 1024.0;
            let size = match exponent {
                0 => fraction * 2f64.powi(-14),
                31 if fraction == 0.0 => f64::INFINITY,
                31 => f64::NAN,
                _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
            };
            let found = half(bits);
            assert_eq!(found.is_sign_negative(), bits >> 15 == 1, "{bits:#x}");
            if size.is_nan() {
                assert!(found.is_nan());
            } else {
                assert_eq!(f64::from(found.abs()), size, "{bits:#x}");
            }
        }
    }
}
