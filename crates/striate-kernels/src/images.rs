//! Images with more or fewer columns.

use crate::scratch::with_scratch;

/// Run `task` on an image `[row, column, channel]` cut or padded with zeros to columns from `-left`
/// on, `n_columns` of them: copied, unless that changes nothing.
pub(crate) fn with_columns<T>(
    image: &[f32],
    [height, width, channels]: [usize; 3],
    [left, n_columns]: [isize; 2],
    task: impl FnOnce(&[f32]) -> T,
) -> T {
    if left == 0 && n_columns == width as isize {
        return task(image);
    }
    let n_columns = n_columns as usize;
    with_scratch(height * n_columns * channels, |scratch| {
        copy_columns(image, [width, channels], left, scratch, [n_columns, channels]);
        task(scratch)
    })
}

/// Copy an image `[row, column, channel]` to one with `n_columns` columns from `-left` on and `wide`
/// channels; what the first does not have is 0.
pub(crate) fn copy_columns(
    image: &[f32],
    [width, channels]: [usize; 2],
    left: isize,
    copy: &mut [f32],
    [n_columns, wide]: [usize; 2],
) {
    let before = left.clamp(0, n_columns as isize) as usize;
    let skipped = (-left).clamp(0, width as isize) as usize;
    let n_copied = (width - skipped).min(n_columns - before);
    for (row, copy) in copy.chunks_exact_mut((n_columns * wide).max(1)).enumerate() {
        let (zeros, copy) = copy.split_at_mut(before * wide);
        let (pixels, more_zeros) = copy.split_at_mut(n_copied * wide);
        zeros.fill(0.0);
        more_zeros.fill(0.0);
        let row = &image[(row * width + skipped) * channels..][..n_copied * channels];
        if wide == channels {
            pixels.copy_from_slice(row);
        } else {
            crate::columns::widen(row, channels, pixels, wide);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_added_and_cut() {
        let image = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let with = |columns| with_columns(&image, [2, 3, 1], columns, <[f32]>::to_vec);
        assert_eq!(with([0, 3]), image);
        assert_eq!(with([1, 5]), [0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 4.0, 5.0, 6.0, 0.0]);
        assert_eq!(with([-2, 2]), [3.0, 0.0, 6.0, 0.0]);
        assert_eq!(with([1, 2]), [0.0, 1.0, 0.0, 4.0]);
        assert_eq!(with([-4, 1]), [0.0, 0.0]);
        assert_eq!(with_columns(&[], [2, 0, 1], [1, 2], <[f32]>::to_vec), [0.0; 4]);
        let mut wide = [9.0; 8];
        copy_columns(&[1.0, 2.0], [2, 1], 0, &mut wide[..6], [2, 3]);
        assert_eq!(wide, [1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 9.0, 9.0]);
    }
}
