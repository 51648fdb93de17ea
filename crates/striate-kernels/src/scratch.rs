//! Memory that a task borrows for its duration.

use std::cell::RefCell;

/// Longer buffers are given back to the system: 64 MiB.
const KEPT: usize = 1 << 24;

thread_local! {
    static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Values per cache line, at whose start every loan begins.
pub(crate) const LINE: usize = 16;

/// Lend `length` values, left over from other tasks, to `task`. Calls may be nested.
///
/// For checks of memory (`--cfg striate_exact_scratch`, and always under Miri) they are alone in their
/// allocation, so that a step outside is seen, and NaN, so that results which depend on what was left
/// over are seen.
pub(crate) fn with_scratch<T>(length: usize, task: impl FnOnce(&mut [f32]) -> T) -> T {
    if cfg!(any(miri, striate_exact_scratch)) {
        return task(&mut vec![f32::NAN; length]);
    }
    let enough = length + LINE - 1;
    let mut buffer = FREE.with_borrow_mut(|free| take(free, enough));
    if buffer.len() < enough {
        // A new one: what was in the old one need not be copied.
        buffer = vec![0.0; enough];
    }
    let start = buffer.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE - 1);
    let result = task(&mut buffer[start..start + length]);
    if buffer.len() <= KEPT + LINE {
        FREE.with_borrow_mut(|free| free.push(buffer));
    }
    result
}

/// The smallest buffer that is long enough, else the longest one.
fn take(free: &mut Vec<Vec<f32>>, enough: usize) -> Vec<f32> {
    let by_use = |buffer: &Vec<f32>| (buffer.len() < enough, buffer.len().abs_diff(enough));
    let best = (0..free.len()).min_by_key(|&index| by_use(&free[index]));
    best.map(|index| free.swap_remove(index)).unwrap_or_default()
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

    #[test]
    #[cfg_attr(any(miri, striate_exact_scratch), ignore = "scratch has its own rules there")]
    fn loans_begin_with_a_cache_line_and_come_back() {
        let address = |length| with_scratch(length, |lent| lent.as_ptr().addr());
        let nested = || with_scratch(1000, |outer| (outer.as_ptr().addr(), address(100)));
        let (large, small) = nested();
        assert_eq!((large % 64, small % 64), (0, 0));
        // Whichever comes first, each is served by what fits.
        assert_eq!((address(90), address(900)), (small, large));
        assert_eq!(nested(), (large, small));
    }
}
