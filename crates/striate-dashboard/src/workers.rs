//! Work that takes a thread, a few at once.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::reply::Refusal;

/// Reads files and computes beside the threads that answer.
#[derive(Debug)]
pub(crate) struct Workers {
    permits: Arc<Semaphore>,
}

impl Workers {
    /// At most `n` pieces of work at once; others wait.
    pub(crate) fn new(n: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(n.max(1))) }
    }

    /// Do a piece of work. It is done to its end even where nobody waits for it any more: its place is free only
    /// then.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|_| Refusal::failed("the server is stopping"))?;
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.unwrap_or_else(|_| Err(Refusal::failed("reading failed")))
    }
}
