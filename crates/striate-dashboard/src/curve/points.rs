//! The records of one run, as columns.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, Instant};

use super::downsample::extremes;
use super::record::Record;
use super::{Curve, Key};
use crate::library::file::{Stamp, unreadable};
use crate::reply::Refusal;

/// How long the file is not looked at again: thirty times a second is as often as anybody sees.
const LOOK_INTERVAL: Duration = Duration::from_millis(30);

/// Bytes before the end of what was read by which a file that was cut back and grew again is noticed.
const TAIL: usize = 256;

/// Bytes of one record at most: sessions by the ten thousand.
const LONGEST_LINE: u64 = 4 << 20;

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Points {
    looked: Option<Instant>,
    stamp: Option<Stamp>,
    /// Bytes read, a whole number of lines.
    n_read: u64,
    /// The last of them.
    tail: Vec<u8>,
    /// Grows when the file turns out to be another one, or cut back.
    generation: u64,
    steps: Vec<u32>,
    losses: Vec<f32>,
    rates: Vec<f32>,
    /// Steps and scores of the epochs that were validated.
    validated: Vec<u32>,
    scores: Vec<f32>,
}

/// How much of a curve somebody has seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    generation: u64,
    n_seen: usize,
}

impl Points {
    /// Read what is new in the file; one that is missing has no records.
    pub(crate) fn refresh(&mut self, path: &Path) -> Result<(), Refusal> {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK_INTERVAL) {
            return Ok(());
        }
        let stamp = Stamp::of(&[path]);
        if self.stamp.as_ref() != Some(&stamp) {
            if stamp.has(0) {
                self.read_new(path).map_err(|error| unreadable(path, &error))?;
            } else {
                self.forget();
            }
            self.stamp = Some(stamp);
        }
        self.looked = Some(Instant::now());
        Ok(())
    }

    fn read_new(&mut self, path: &Path) -> io::Result<()> {
        let mut file = File::open(path)?;
        if !self.is_continued_by(&mut file)? {
            self.forget();
        }
        file.seek(SeekFrom::Start(self.n_read))?;
        let mut reader = BufReader::with_capacity(256 << 10, file);
        let mut line = Vec::new();
        loop {
            line.clear();
            reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
            if line.last() != Some(&b'\n') {
                // Half a line: the rest comes later, or never.
                return Ok(());
            }
            self.n_read += line.len() as u64;
            self.tail.clear();
            self.tail.extend_from_slice(&line[line.len().saturating_sub(TAIL)..]);
            // A line of another version draws nothing; the others still do.
            if let Some(record) = Record::parse(&line) {
                self.push(&record);
            }
        }
    }

    /// Whether the file still begins with what was read.
    fn is_continued_by(&self, file: &mut File) -> io::Result<bool> {
        if file.metadata()?.len() < self.n_read {
            return Ok(false);
        }
        file.seek(SeekFrom::Start(self.n_read - self.tail.len() as u64))?;
        let mut tail = vec![0; self.tail.len()];
        file.read_exact(&mut tail)?;
        Ok(tail == self.tail)
    }

    fn forget(&mut self) {
        *self = Self { generation: self.generation + 1, ..Self::default() };
    }

    fn push(&mut self, record: &Record) {
        let step = u32::try_from(record.step).unwrap_or(u32::MAX);
        self.steps.push(step);
        self.losses.push(record.train_loss.unwrap_or(f32::NAN));
        self.rates.push(record.learning_rate.unwrap_or(f32::NAN));
        if let Some(score) = record.validation_score {
            self.validated.push(step);
            self.scores.push(score);
        }
    }

    /// A whole curve in at most `most` points.
    pub(crate) fn curve(&self, key: Key, most: usize) -> Curve {
        self.since(key, 0, most)
    }

    /// What is new since `cursor`, in at most `most` points, and whether all before it is void.
    pub(crate) fn news(&self, key: Key, cursor: &mut Cursor, most: usize) -> (Curve, bool) {
        let is_void = cursor.generation != self.generation;
        let n_seen = if is_void { 0 } else { cursor.n_seen };
        let n = self.columns(key).1.len();
        *cursor = Cursor { generation: self.generation, n_seen: n };
        (self.since(key, n_seen, most), is_void)
    }

    fn since(&self, key: Key, first: usize, most: usize) -> Curve {
        let (steps, values) = self.columns(key);
        let (steps, values) = (&steps[first..], &values[first..]);
        let places = extremes(values, most);
        Curve {
            n: values.len(),
            x: places.iter().map(|&place| steps[place]).collect(),
            y: places.iter().map(|&place| values[place]).collect(),
        }
    }

    fn columns(&self, key: Key) -> (&[u32], &[f32]) {
        match key {
            Key::Loss => (&self.steps, &self.losses),
            Key::LearningRate => (&self.steps, &self.rates),
            Key::Validation => (&self.validated, &self.scores),
        }
    }

    /// Bytes in memory, about.
    pub(crate) fn n_bytes(&self) -> usize {
        4 * (self.steps.capacity() + self.losses.capacity() + self.rates.capacity())
            + 8 * self.scores.capacity()
    }
}
