//! Memory that a task borrows for its duration.

use std::cell::RefCell;

/// Longer buffers are given back to the system: 64 MiB.
const KEPT: usize = 1 << 24;

thread_local! {
    static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Lend `length` values, left over from other tasks, to `task`. Calls may be nested.
///
/// For checks of memory (`--cfg striate_exact_scratch`, and always under Miri) they are alone in their
/// allocation, so that a step outside is seen, and NaN, so that results which depend on what was left
/// over are seen.
pub(crate) fn with_scratch<T>(length: usize, task: impl FnOnce(&mut [f32]) -> T) -> T {
    if cfg!(any(miri, striate_exact_scratch)) {
        return task(&mut vec![f32::NAN; length]);
    }
    let mut buffer = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    let result = task(&mut buffer[..length]);
    if buffer.len() <= KEPT {
        FREE.with_borrow_mut(|free| free.push(buffer));
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_loans_are_apart() {
        with_scratch(3, |outer| {
            outer.fill(1.0);
            with_scratch(5, |inner| inner.fill(2.0));
            assert_eq!(outer, [1.0; 3]);
        });
        with_scratch(2, |again| assert_eq!(again.len(), 2));
    }
}
