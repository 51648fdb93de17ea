//! Ctrl-C: the first asks the work to stop at its next safe point, the second stops at once.

use striate::base::{CancelToken, ErrorClass};

use crate::failure::Failure;

/// Listen for interruptions (SIGINT, SIGTERM, SIGHUP); the token tells of the first.
pub(crate) fn listen() -> Result<CancelToken, Failure> {
    let token = CancelToken::new();
    let asked = token.clone();
    ctrlc::set_handler(move || {
        if asked.is_cancelled() {
            std::process::exit(i32::from(ErrorClass::Interrupted.exit_code()));
        }
        asked.cancel();
        eprintln!("\nstopping at the next safe point; Ctrl-C again stops at once");
    })
    .map_err(|e| Failure::other(format!("cannot listen for Ctrl-C: {e}")))?;
    Ok(token)
}
