//! Memory that is used again: a step after the first finds all its buffers here.

use std::fmt;
use std::ops::{Deref, DerefMut, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A free buffer serves a request of at least this fraction of its size: layers of slightly
/// different sizes share buffers, small ones do not occupy large ones.
const LEAST_USE: (usize, usize) = (3, 4);

/// Values per cache line, at whose start every buffer begins: vectors of pixels then lie in one line
/// each, where every second one would need two.
const ALIGNMENT: usize = 16;

/// The pool may hold this many times the most that was ever in use at once. With less, a step whose
/// phases need different sizes would free and allocate in turn (1.15 did so at 40 000 neurons, and paid
/// for it in page faults); the excess costs memory.
const MOST_HELD: f64 = 1.3;

/// A shared store of buffers that are free to be used again.
///
/// Cloning gives another handle to the same store. What is free never exceeds 1.3 times the most
/// that was ever in use at once, together with what is in use; beyond that the oldest are freed.
#[derive(Clone, Default)]
pub struct Pool(Arc<Mutex<Store>>);

#[derive(Default)]
struct Store {
    /// Free buffers, oldest first.
    buffers: Vec<Vec<f32>>,
    /// Values in free buffers.
    free: usize,
    /// Values in use.
    used: usize,
    /// The most that ever were in use at once.
    most_used: usize,
}

impl Pool {
    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// A buffer of `length` values whose contents are left over from earlier use.
    ///
    /// ```
    /// let pool = striate_ops::Pool::new();
    /// let address = pool.take(100).as_ptr();
    /// assert_eq!(pool.take(90).as_ptr(), address);
    /// ```
    pub fn take(&self, length: usize) -> Buffer {
        let mut store = self.lock();
        let enough = length + ALIGNMENT - 1;
        let values = store.reuse(enough).unwrap_or_else(|| {
            store.make_room(enough);
            vec![0.0; enough]
        });
        store.used += values.capacity();
        store.most_used = store.most_used.max(store.used);
        // Never more than one line, whatever `align_offset` may promise.
        let start = values.as_ptr().align_offset(ALIGNMENT * size_of::<f32>()).min(ALIGNMENT - 1);
        Buffer { values, range: start..start + length, pool: self.clone() }
    }

    /// A buffer of `length` zeros.
    pub fn zeros(&self, length: usize) -> Buffer {
        let mut buffer = self.take(length);
        buffer.fill(0.0);
        buffer
    }

    /// A buffer with a copy of `values`.
    pub fn copy(&self, values: &[f32]) -> Buffer {
        let mut buffer = self.take(values.len());
        buffer.copy_from_slice(values);
        buffer
    }

    /// Bytes in use and free.
    pub fn bytes(&self) -> usize {
        let store = self.lock();
        (store.used + store.free) * size_of::<f32>()
    }

    /// Free everything that is not in use, and forget how much ever was.
    pub fn clear(&self) {
        let mut store = self.lock();
        store.buffers.clear();
        store.free = 0;
        store.most_used = store.used;
    }

    /// Make what is left over in free buffers show wherever it is used.
    #[cfg(test)]
    pub(crate) fn poison(&self) {
        for buffer in &mut self.lock().buffers {
            buffer.fill(f32::NAN);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        // The counts are changed after everything that could panic: a poisoned lock is usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = self.lock();
        write!(f, "Pool {{ free: {}, used: {} }}", store.free, store.used)
    }
}

impl Store {
    /// The smallest free buffer that holds `length` values without wasting much of itself.
    fn reuse(&mut self, length: usize) -> Option<Vec<f32>> {
        let fits = |capacity: usize| {
            capacity >= length && capacity.saturating_mul(LEAST_USE.0) <= length * LEAST_USE.1
                || capacity == length
        };
        let candidates = self.buffers.iter().enumerate().filter(|(_, b)| fits(b.capacity()));
        let (index, _) = candidates.min_by_key(|(_, buffer)| buffer.capacity())?;
        let mut values = self.buffers.remove(index);
        self.free -= values.capacity();
        // Writes only where the last use was shorter.
        values.resize(length, 0.0);
        Some(values)
    }

    /// Free the oldest buffers so that `length` more values stay within the limit.
    fn make_room(&mut self, length: usize) {
        let limit = (self.most_used as f64 * MOST_HELD) as usize;
        while self.free > 0 && self.used + self.free + length > limit {
            let oldest = self.buffers.remove(0);
            self.free -= oldest.capacity();
        }
    }
}

/// Values that return to their pool when dropped; used as a slice.
pub struct Buffer {
    values: Vec<f32>,
    /// Which of them are lent.
    range: Range<usize>,
    pool: Pool,
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[self.range.clone()]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.range.clone()]
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer of {} values", self.range.len())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        let mut store = self.pool.lock();
        store.used -= values.capacity();
        if values.capacity() > 0 {
            store.free += values.capacity();
            store.buffers.push(values);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_step_allocates_nothing() {
        let pool = Pool::new();
        let step = || {
            let a = pool.take(1000);
            let b = pool.take(900);
            drop(a);
            let c = pool.take(950);
            (b.as_ptr(), c.as_ptr(), pool.bytes())
        };
        step();
        let bytes = pool.bytes();
        step();
        step();
        assert_eq!(pool.bytes(), bytes);
    }

    #[test]
    fn buffers_begin_with_a_cache_line() {
        let pool = Pool::new();
        for length in [0, 1, 15, 16, 1000, 970] {
            let buffer = pool.take(length);
            assert_eq!((buffer.len(), buffer.as_ptr().addr() % 64), (length, 0));
        }
    }

    #[test]
    fn held_memory_follows_what_is_used_at_once() {
        let pool = Pool::new();
        for length in 1..200 {
            drop(pool.take(length * 100));
        }
        // One buffer of at most 19900 values was ever in use.
        assert!(pool.bytes() <= (19_900.0 * 4.0 * MOST_HELD) as usize, "{}", pool.bytes());
        pool.clear();
        assert_eq!(pool.bytes(), 0);
    }

    #[test]
    fn small_request_does_not_occupy_a_large_buffer() {
        let pool = Pool::new();
        let large = pool.take(1000).as_ptr();
        assert_ne!(pool.take(10).as_ptr(), large);
        assert!(pool.zeros(800).iter().all(|&v| v == 0.0));
    }
}
