//! What every verb is handed: the shared arguments, resolved.

use striate::base::{CancelToken, machine};

use crate::arguments::SharedArguments;
use crate::failure::Failure;
use crate::output;
use crate::progress::TerminalProgress;

/// The surroundings of one call.
pub(crate) struct Context {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) seed: Option<u64>,
    /// Threads of the pool the verb runs in.
    pub(crate) threads: usize,
    /// As asked for with `--threads`.
    pub(crate) threads_asked: Option<usize>,
    pub(crate) memory_limit: Option<u64>,
    pub(crate) cancel: CancelToken,
}

impl Context {
    pub(crate) fn new(shared: &SharedArguments, cancel: CancelToken) -> Result<Self, Failure> {
        let memory_limit = match &shared.memory_limit {
            Some(text) => Some(
                machine::parse_bytes(text)
                    .map_err(|e| Failure::usage(format!("--memory-limit: {e}")))?,
            ),
            None => None,
        };
        let threads_asked = shared.threads.map(usize::from);
        Ok(Self {
            json: shared.json,
            quiet: shared.quiet,
            seed: shared.seed,
            threads: threads_asked.unwrap_or_else(machine::threads),
            threads_asked,
            memory_limit,
            cancel,
        })
    }

    /// Progress of long work, as the terminal allows.
    pub(crate) fn progress(&self) -> TerminalProgress {
        TerminalProgress::new(self.quiet)
    }

    /// A remark that is not a result.
    pub(crate) fn remark(&self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }

    /// The result: `text` for humans, `value` for machines.
    pub(crate) fn result(&self, text: &str, value: &serde_json::Value) {
        if self.json {
            output::print(&format!("{value:#}\n"));
            if !self.quiet {
                eprint!("{text}");
            }
        } else {
            output::print(text);
        }
    }

    /// Refuse to go on where the work needs more than `--memory-limit`.
    pub(crate) fn check_memory(&self, needed: u64) -> Result<(), Failure> {
        match self.memory_limit {
            Some(limit) if needed > limit => Err(Failure::resources(format!(
                "this needs about {} of memory, --memory-limit allows {}",
                machine::format_bytes(needed),
                machine::format_bytes(limit)
            ))),
            _ => Ok(()),
        }
    }
}
