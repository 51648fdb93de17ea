//! How exact products are.

/// Numbers of which a convolution makes products; sums are always of `f32`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// As they are.
    #[default]
    F32,
    /// Rounded to bf16, where that is faster on processors that have instructions for it: see
    /// [`striate_kernels::Bf16`].
    Bf16,
}
