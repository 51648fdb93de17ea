//! A defect of the program is told in one line, not with a stack of frames.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Replace the default message of a panic. `RUST_BACKTRACE=1` still shows the stack.
pub(crate) fn report_in_one_line() {
    std::panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let place =
            info.location().map_or(String::new(), |l| format!(" ({}:{})", l.file(), l.line()));
        eprintln!("striate: internal error, please report it: {message}{place}");
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|v| v != "0") {
            eprintln!("{}", std::backtrace::Backtrace::force_capture());
        }
    }));
}

/// Run `work`; `None` where it panicked (which the hook has already told).
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    // Nothing that `work` touched is used after a panic.
    catch_unwind(AssertUnwindSafe(work)).ok()
}
