//! What was read from files, kept as long as the files stay as they were and there is room.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::library::file::Stamp;
use crate::reply::Refusal;

/// Values by the path they were read from. Each is loaded once, however many ask at the same time.
#[derive(Debug)]
pub(crate) struct Cache<V> {
    entries: Mutex<Entries<V>>,
    most_bytes: usize,
}

#[derive(Debug)]
struct Entries<V> {
    by_path: HashMap<PathBuf, Entry<V>>,
    /// Counts uses.
    clock: u64,
}

/// What was read, and how the files were then; locked while it is read.
type Slot<V> = Arc<Mutex<Option<(Stamp, Arc<V>)>>>;

#[derive(Debug)]
struct Entry<V> {
    slot: Slot<V>,
    n_bytes: usize,
    used: u64,
}

impl<V> Cache<V> {
    /// A cache of about `most_bytes`; what was used last always stays.
    pub(crate) fn new(most_bytes: usize) -> Self {
        let entries = Entries { by_path: HashMap::new(), clock: 0 };
        Self { entries: Mutex::new(entries), most_bytes }
    }

    /// The value read from `path`, whose files are as `stamp` says; `load` reads it and says how large it is.
    pub(crate) fn get(
        &self,
        path: &Path,
        stamp: &Stamp,
        load: impl FnOnce() -> Result<(V, usize), Refusal>,
    ) -> Result<Arc<V>, Refusal> {
        let slot = self.slot(path);
        let mut slot = lock(&slot);
        if let Some((_, value)) = slot.as_ref().filter(|(read, _)| read == stamp) {
            return Ok(value.clone());
        }
        let (value, n_bytes) = load()?;
        let value = Arc::new(value);
        *slot = Some((stamp.clone(), value.clone()));
        self.make_room(path, n_bytes);
        Ok(value)
    }

    fn slot(&self, path: &Path) -> Slot<V> {
        let mut entries = lock(&self.entries);
        entries.clock += 1;
        let used = entries.clock;
        let new = || Entry { slot: Arc::default(), n_bytes: 0, used };
        let entry = entries.by_path.entry(path.to_owned()).or_insert_with(new);
        entry.used = used;
        entry.slot.clone()
    }

    /// Forget what was not used for longest.
    fn make_room(&self, path: &Path, n_bytes: usize) {
        let mut entries = lock(&self.entries);
        if let Some(entry) = entries.by_path.get_mut(path) {
            entry.n_bytes = n_bytes;
        }
        let mut total: usize = entries.by_path.values().map(|entry| entry.n_bytes).sum();
        while total > self.most_bytes {
            let others = entries.by_path.iter().filter(|(key, _)| *key != path);
            let Some(oldest) =
                others.min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone())
            else {
                break;
            };
            total -= entries.by_path.remove(&oldest).map_or(0, |entry| entry.n_bytes);
        }
    }
}

/// Lock, also where another thread panicked meanwhile: what is locked is always whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_again_when_they_changed_and_only_then() {
        let (cache, path) = (Cache::new(100), Path::new("a"));
        let get = |stamp: u64, value: u32| {
            *cache.get(path, &Stamp::number(stamp), || Ok((value, 10))).unwrap()
        };
        assert_eq!((get(1, 5), get(1, 6), get(2, 7), get(2, 8)), (5, 5, 7, 7));
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let cache = Cache::new(25);
        let get = |name: &str, value: u32| {
            *cache.get(Path::new(name), &Stamp::number(0), || Ok((value, 10))).unwrap()
        };
        assert_eq!((get("a", 1), get("b", 2), get("a", 9)), (1, 2, 1));
        get("c", 3);
        assert_eq!((get("a", 9), get("b", 8)), (1, 8), "b had to go");
    }

    #[test]
    fn what_could_not_be_read_is_tried_again() {
        let (cache, path) = (Cache::new(100), Path::new("a"));
        let failed = cache.get(path, &Stamp::number(1), || Err(Refusal::failed("torn")));
        assert!(failed.is_err());
        assert_eq!(*cache.get(path, &Stamp::number(1), || Ok((4, 1))).unwrap(), 4);
    }
}
