//! What one page wants to hear.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::curve::{Cursor, Curve, Key};
use crate::dashboard::State;
use crate::library::{Status, status};
use crate::reply::Refusal;

/// Runs in one subscription.
const MOST_RUNS: usize = 500;

/// Points of one message.
const MOST_POINTS: usize = 1000;

/// How long reading goes on before what was found is told: of a hundred long runs the first shall not wait for the last.
const PATIENCE: Duration = Duration::from_millis(50);

/// How often it is asked where a run stands.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// What a page says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    subscribe: Wanted,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    runs: Vec<String>,
    key: Key,
}

/// The runs of a page, and how much of each it has seen.
pub(super) struct Subscription {
    key: Key,
    runs: Vec<Watched>,
    /// The run that is looked at next.
    next: usize,
    /// Whether there are runs that were not looked at for want of time.
    pub(super) is_behind: bool,
}

struct Watched {
    id: String,
    folder: PathBuf,
    cursor: Cursor,
    /// Whether the page has heard of it.
    is_begun: bool,
    status: Status,
    asked: Option<Instant>,
}

/// What a page is told.
#[derive(Serialize)]
struct News<'a> {
    run: &'a str,
    key: Key,
    #[serde(flatten)]
    curve: Curve,
    status: Status,
    /// Whether what was told before of this run is void.
    reset: bool,
}

impl Subscription {
    pub(super) async fn parse(text: &str, state: &Arc<State>) -> Result<Self, Refusal> {
        let said: Said = serde_json::from_str(text).map_err(|error| {
            Refusal::bad(format!(
                "expected {{\"subscribe\": {{\"runs\": [..], \"key\": ..}}}}: {error}"
            ))
        })?;
        let Wanted { runs, key } = said.subscribe;
        if runs.len() > MOST_RUNS {
            return Err(Refusal::bad(format!(
                "found {} runs, expected at most {MOST_RUNS}",
                runs.len()
            )));
        }
        let shared = state.clone();
        let watched = move |id: String| {
            let folder = shared.library.run(&id)?.path;
            let (cursor, status) = (Cursor::default(), Status::Unknown);
            Ok(Watched { id, folder, cursor, is_begun: false, status, asked: None })
        };
        let find = move || runs.into_iter().map(watched).collect::<Result<_, Refusal>>();
        Ok(Self { key, runs: state.workers.run(find).await?, next: 0, is_behind: false })
    }

    /// What is new now, as messages; of some of the runs where reading takes long.
    pub(super) fn news(mut self, state: &State) -> (Self, Vec<String>) {
        let (begin, mut news) = (Instant::now(), Vec::new());
        self.is_behind = false;
        for _ in 0..self.runs.len() {
            if !news.is_empty() && begin.elapsed() > PATIENCE {
                self.is_behind = true;
                break;
            }
            news.extend(self.runs[self.next].news(self.key, state));
            self.next = (self.next + 1) % self.runs.len();
        }
        (self, news)
    }
}

impl Watched {
    fn news(&mut self, key: Key, state: &State) -> Option<String> {
        let cursor = &mut self.cursor;
        let found = state.curves.with(&self.folder, |points| points.news(key, cursor, MOST_POINTS));
        // A file that cannot be read now may be later.
        let (curve, is_void) = found.ok()?;
        let is_changed = self.ask_status();
        let reset = is_void || !self.is_begun;
        if curve.n == 0 && !is_changed && !reset {
            return None;
        }
        self.is_begun = true;
        let news = News { run: &self.id, key, curve, status: self.status, reset };
        serde_json::to_string(&news).ok()
    }

    /// Ask now and then where the run stands, and say whether that is another place.
    fn ask_status(&mut self) -> bool {
        if self.asked.is_some_and(|asked| asked.elapsed() < STATUS_INTERVAL) {
            return false;
        }
        self.asked = Some(Instant::now());
        let before = std::mem::replace(&mut self.status, status(&self.folder));
        before != self.status
    }
}
