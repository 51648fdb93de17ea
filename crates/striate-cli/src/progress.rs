//! Progress on stderr: a bar on a terminal, now and then a line elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use striate::base::Progress;

/// Time between two lines where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Shows the progress of one piece of work after another. A note outside every stage is a line of
/// its own.
pub(crate) enum TerminalProgress {
    Quiet,
    Bar(Option<ProgressBar>),
    Lines(Option<Lines>),
}

impl TerminalProgress {
    /// Nothing where `quiet`, else what stderr allows.
    pub(crate) fn new(quiet: bool) -> Self {
        if quiet {
            Self::Quiet
        } else if stderr().is_terminal() {
            Self::Bar(None)
        } else {
            Self::Lines(None)
        }
    }
}

impl Progress for TerminalProgress {
    fn start(&mut self, stage: &str, total: Option<u64>) {
        match self {
            Self::Quiet => {}
            Self::Bar(bar) => *bar = Some(new_bar(stage, total)),
            Self::Lines(lines) => *lines = Some(Lines::new(stage, total)),
        }
    }

    fn advance(&mut self, units: u64) {
        match self {
            Self::Bar(Some(bar)) => bar.inc(units),
            Self::Lines(Some(lines)) => lines.advance(units),
            _ => {}
        }
    }

    fn note(&mut self, message: &str) {
        match self {
            Self::Quiet => {}
            Self::Bar(Some(bar)) => bar.set_message(message.to_owned()),
            Self::Lines(Some(lines)) => message.clone_into(&mut lines.note),
            Self::Bar(None) | Self::Lines(None) => eprintln!("{message}"),
        }
    }

    fn finish(&mut self) {
        match self {
            Self::Quiet => {}
            Self::Bar(bar) => {
                if let Some(bar) = bar.take() {
                    bar.finish();
                }
            }
            Self::Lines(lines) => {
                if let Some(lines) = lines.take() {
                    lines.finish();
                }
            }
        }
    }
}

fn new_bar(stage: &str, total: Option<u64>) -> ProgressBar {
    let template = if total.is_some() {
        "{prefix:<14} {bar:24} {pos}/{len}  {per_sec}, {eta} left  {msg}"
    } else {
        "{prefix:<14} {spinner} {pos}  {per_sec}  {msg}"
    };
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(stage.to_owned());
    bar
}

/// Progress of one stage as lines of text.
pub(crate) struct Lines {
    stage: String,
    total: Option<u64>,
    done: u64,
    note: String,
    started: Instant,
    told: Instant,
}

impl Lines {
    fn new(stage: &str, total: Option<u64>) -> Self {
        let now = Instant::now();
        let (stage, note) = (stage.to_owned(), String::new());
        Self { stage, total, done: 0, note, started: now, told: now }
    }

    fn advance(&mut self, units: u64) {
        self.done += units;
        if self.told.elapsed() >= LINE_INTERVAL {
            self.told = Instant::now();
            eprintln!("{}", self.line(self.started.elapsed().as_secs_f64()));
        }
    }

    /// Where the stage stands after `elapsed_s` seconds.
    fn line(&self, elapsed_s: f64) -> String {
        let rate_hz = self.done as f64 / elapsed_s.max(1e-9);
        let place = match self.total {
            Some(total) => {
                let left_s = total.saturating_sub(self.done) as f64 / rate_hz.max(1e-9);
                format!("{}/{total}, {rate_hz:.3}/s, {} left", self.done, duration(left_s))
            }
            None => format!("{}, {rate_hz:.3}/s", self.done),
        };
        let separator = if self.note.is_empty() { "" } else { ", " };
        format!("{}: {place}{separator}{}", self.stage, self.note)
    }

    fn finish(&self) {
        let separator = if self.note.is_empty() { "" } else { ", " };
        let elapsed = duration(self.started.elapsed().as_secs_f64());
        eprintln!("{}: done in {elapsed}{separator}{}", self.stage, self.note);
    }
}

/// A length of time in words.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3600.0 => format!("{:.0} min {:02.0} s", (s / 60.0).floor(), s % 60.0),
        s if s < 360_000.0 => {
            format!("{:.0} h {:02.0} min", (s / 3600.0).floor(), s % 3600.0 / 60.0)
        }
        _ => "more than 100 h".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_rate_and_time_left() {
        let mut lines = Lines::new("epoch 3", Some(100));
        lines.done = 25;
        lines.note = "loss 1.2".into();
        assert_eq!(lines.line(50.0), "epoch 3: 25/100, 0.500/s, 2 min 30 s left, loss 1.2");
    }

    #[test]
    fn work_not_begun_has_no_end_in_sight() {
        let lines = Lines::new("reading", Some(7));
        assert_eq!(lines.line(3.0), "reading: 0/7, 0.000/s, more than 100 h left");
    }
}
