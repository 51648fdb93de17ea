//! Lists of lists as flat values with levels (the encoding of Dremel, as in the Parquet format).
//!
//! A repetition level says at which depth a value continues a list: 0 begins a row, 1 a further
//! inner list, 2 goes on with it. A definition level says down to which depth there is something;
//! only at the highest there is a value.

/// Repetition levels of a row of `n_lists` lists of `n_values` values each.
pub(super) fn nested(n_lists: usize, n_values: usize) -> Vec<i16> {
    let mut levels = vec![2; n_lists * n_values];
    levels.iter_mut().step_by(n_values.max(1)).for_each(|level| *level = 1);
    begin_row(levels)
}

/// Repetition levels of a row of one list.
pub(super) fn flat(n_values: usize) -> Vec<i16> {
    begin_row(vec![1; n_values])
}

fn begin_row(mut levels: Vec<i16>) -> Vec<i16> {
    if let Some(first) = levels.first_mut() {
        *first = 0;
    }
    levels
}

/// Number of lists and of the values in each; `None` where the lists differ in length.
pub(super) fn shape(levels: &[i16]) -> Option<(usize, usize)> {
    let n_lists = levels.iter().filter(|&&level| level < 2).count();
    let n_values = levels.len().checked_div(n_lists)?;
    let expected = |(i, &level): (usize, &i16)| (level < 2) == (i % n_values == 0);
    (n_values > 0 && levels.iter().enumerate().all(expected)).then_some((n_lists, n_values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_rows() {
        assert_eq!(nested(2, 3), [0, 2, 2, 1, 2, 2]);
        assert_eq!(nested(3, 1), [0, 1, 1]);
        assert_eq!(flat(3), [0, 1, 1]);
        assert!(nested(0, 3).is_empty() && nested(3, 0).is_empty() && flat(0).is_empty());
    }

    #[test]
    fn shapes_come_back_and_ragged_lists_do_not() {
        for (n_lists, n_values) in [(1, 1), (2, 3), (3, 1), (1, 4)] {
            assert_eq!(shape(&nested(n_lists, n_values)), Some((n_lists, n_values)));
        }
        for levels in [&[][..], &[0, 2, 1], &[0, 1, 2], &[0, 1, 2, 2]] {
            assert_eq!(shape(levels), None, "{levels:?}");
        }
    }
}
