//! Pages that do not read, in a process of their own: its memory is measured.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "dashboard/files.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod files;
#[path = "dashboard/socket.rs"]
mod socket;
#[path = "dashboard/support.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod support;

use std::time::{Duration, Instant};

use files::{begin_run, record};
use socket::{append, id, listen, next};
use support::Dashboard;

/// A page that does not read must cost no memory, and must not slow others down.
#[test]
fn slow_pages_get_less_and_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run = begin_run(folder.path(), "run");
    append(&run, &record(1, 1.0));
    let dashboard = Dashboard::of(folder.path());
    let id = id(&dashboard);
    let slow: Vec<_> = (0..40).map(|_| listen(&dashboard, &[&id])).collect();
    let mut quick = listen(&dashboard, &[&id]);
    next(&mut quick);
    let before = striate_base::machine::peak_memory();
    let (clock, mut epoch, mut seen) = (Instant::now(), 1, 1);
    while clock.elapsed() < Duration::from_secs(5) {
        let lines: String = (0..500).map(|i| record(epoch + 1 + i, 1.0)).collect();
        epoch += 500;
        append(&run, &lines);
        std::thread::sleep(Duration::from_millis(20));
    }
    // All is heard in the end, in the order it came.
    while seen < epoch {
        let news = next(&mut quick);
        let last = news["x"].as_array().unwrap().last().map_or(seen, |x| x.as_u64().unwrap() / 10);
        assert!(last >= seen, "{news}");
        seen = last;
    }
    let grown = striate_base::machine::peak_memory().saturating_sub(before);
    println!("40 slow pages, {epoch} records: peak memory grown by {} KiB", grown >> 10);
    assert!(grown < 50 << 20, "grown by {grown} bytes");
    drop(slow);
}
