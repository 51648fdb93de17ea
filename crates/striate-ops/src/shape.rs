//! Checks of shapes that several operations share.

use crate::error::OpError;

/// The number of images and `[height, width, channels]` of `[.., height, width, channel]`.
pub(crate) fn images(
    operation: &'static str,
    shape: &[usize],
) -> Result<(usize, [usize; 3]), OpError> {
    match shape {
        [leading @ .., height, width, channels] if !leading.is_empty() => {
            Ok((leading.iter().product(), [*height, *width, *channels]))
        }
        _ => Err(OpError::shape(operation, "input", shape, "[.., height, width, channel]")),
    }
}

/// Refuse any other shape.
pub(crate) fn check_shape(
    operation: &'static str,
    argument: &'static str,
    found: &[usize],
    expected: &[usize],
) -> Result<(), OpError> {
    if found == expected {
        return Ok(());
    }
    Err(OpError::shape(operation, argument, found, format!("{expected:?}")))
}

/// Refuse a kernel longer than its (padded) input, or of length 0.
pub(crate) fn check_kernel(
    operation: &'static str,
    kernel: usize,
    input: usize,
) -> Result<(), OpError> {
    if kernel == 0 || kernel > input {
        return Err(OpError::KernelTooLarge { operation, kernel, input });
    }
    Ok(())
}
