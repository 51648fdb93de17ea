//! Writing results to stdout.

use std::io::{ErrorKind, Write, stdout};

/// Print to stdout. A reader that has gone away, as after `| head`, ends the program quietly;
/// any other failure is told on stderr and ends it with exit code 4.
pub(crate) fn print(text: &str) {
    let mut out = stdout().lock();
    let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    eprintln!("striate: cannot write to stdout: {error}");
    std::process::exit(4);
}
