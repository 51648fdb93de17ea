//! How long work tells its caller where it stands, and how the caller asks it to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Receives the progress of long work. Faces show it; libraries only report.
pub trait Progress: Send {
    /// A new stage begins; `total` is its number of units where known.
    fn start(&mut self, stage: &str, total: Option<u64>);
    /// `units` more units of the current stage are done.
    fn advance(&mut self, units: u64);
    /// A short human-readable remark, such as the loss so far.
    fn note(&mut self, message: &str);
    /// The current stage is over.
    fn finish(&mut self);
}

/// Shows nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn start(&mut self, _stage: &str, _total: Option<u64>) {}
    fn advance(&mut self, _units: u64) {}
    fn note(&mut self, _message: &str) {}
    fn finish(&mut self) {}
}

/// A request to stop, shared between whoever asks and whoever works.
///
/// ```
/// let token = striate_base::CancelToken::new();
/// token.clone().cancel();
/// assert!(token.is_cancelled());
/// ```
#[derive(Debug, Default, Clone)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token nobody has cancelled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ask the work to stop at its next safe point.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether stopping was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
