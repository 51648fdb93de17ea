//! What every Striate crate shares: named random streams, progress and cancellation, atomic file
//! writing, hashing and provenance, the machine's limits, and the classes errors fall into.
//!
//! ```
//! use striate_base::Streams;
//!
//! let streams = Streams::new(42);
//! let mut clips = streams.stream("clip-sampler");
//! let mut again = streams.stream("clip-sampler");
//! assert_eq!(clips.below(1000), again.below(1000));
//! ```

mod error;
pub mod files;
pub mod lock;
pub mod machine;
mod progress;
pub mod provenance;
mod random;
pub mod time;

pub use error::{Classified, ErrorClass};
pub use progress::{CancelToken, NoProgress, Progress};
pub use random::{RandomStream, Streams};
