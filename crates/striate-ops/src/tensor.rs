//! Values with a shape.

use std::sync::Arc;

use crate::error::OpError;
use crate::pool::Buffer;

/// An immutable array of `f32` in row-major order. Cloning shares the values.
#[derive(Debug, Clone)]
pub struct Tensor {
    shape: Vec<usize>,
    buffer: Arc<Buffer>,
}

impl Tensor {
    /// A tensor of that shape, last axis fastest.
    ///
    /// # Errors
    /// [`OpError::Shape`] where the shape does not have as many elements as the buffer.
    pub fn new(shape: Vec<usize>, buffer: Buffer) -> Result<Self, OpError> {
        if shape.iter().product::<usize>() != buffer.len() {
            let expected = format!("{} elements", buffer.len());
            return Err(OpError::shape("tensor", "shape", &shape, expected));
        }
        Ok(Self { shape, buffer: Arc::new(buffer) })
    }

    /// Length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values, last axis fastest.
    pub fn values(&self) -> &[f32] {
        &self.buffer
    }

    /// The same values in another shape.
    ///
    /// # Errors
    /// As [`Tensor::new`].
    pub fn reshape(&self, shape: Vec<usize>) -> Result<Self, OpError> {
        if shape.iter().product::<usize>() != self.buffer.len() {
            let expected = format!("{} elements", self.buffer.len());
            return Err(OpError::shape("reshape", "shape", &shape, expected));
        }
        Ok(Self { shape, buffer: Arc::clone(&self.buffer) })
    }
}
