//! Lengths of slices.

/// Panic unless a slice has the length that its shape asks for.
#[track_caller]
pub(crate) fn check_length(what: &str, found: usize, shape: &[usize]) {
    let expected = shape.iter().try_fold(1usize, |product, &n| product.checked_mul(n));
    assert!(expected == Some(found), "{what} has {found} values, expected the shape {shape:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_that_overflow_do_not_fit() {
        check_length("empty", 0, &[3, 0]);
        let huge = std::panic::catch_unwind(|| check_length("huge", 0, &[usize::MAX, 2]));
        assert!(huge.is_err());
    }

    #[test]
    #[should_panic(expected = "input has 5 values, expected the shape [2, 3]")]
    fn wrong_length_is_named() {
        check_length("input", 5, &[2, 3]);
    }
}
