//! Positional reads of a file that stays open, and of bytes in memory.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::path::Path;

use crate::error::FormatError;
use crate::files::{BUFFER, SeenFile};

/// Runs this close to each other are read together with what lies between.
const WORTH_A_READ: u64 = 16 << 10;

thread_local! {
    /// Kept between calls: fresh pages of memory cost as much as the reading.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Bytes that many threads read at once.
#[derive(Debug)]
pub(super) struct Bytes {
    seen: SeenFile,
    store: Store,
}

#[derive(Debug)]
enum Store {
    File(File),
    Memory(Vec<u8>),
}

impl Bytes {
    /// Open a file.
    pub(super) fn open(path: &Path) -> Result<Self, FormatError> {
        let (seen, file) = SeenFile::open(path)?;
        Ok(Self { seen, store: Store::File(file) })
    }

    /// Bytes unpacked from the file that was `seen`.
    pub(super) fn in_memory(seen: SeenFile, bytes: Vec<u8>) -> Self {
        Self { seen, store: Store::Memory(bytes) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.seen.path
    }

    /// The file's length on the disk.
    pub(super) fn on_disk(&self) -> u64 {
        self.seen.n_bytes
    }

    /// Number of bytes that can be read.
    pub(super) fn len(&self) -> u64 {
        match &self.store {
            Store::File(_) => self.seen.n_bytes,
            Store::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Refuse a file that is not as it was when it was opened.
    pub(super) fn check_unchanged(&self) -> Result<(), FormatError> {
        match &self.store {
            Store::Memory(_) => Ok(()),
            Store::File(file) => self.seen.check(file),
        }
    }

    /// Fill `out` from byte `offset` on.
    pub(super) fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError> {
        let too_short = || FormatError::Length {
            found: self.len(),
            expected: offset.saturating_add(out.len() as u64),
            path: self.path().to_owned(),
        };
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > self.len()) {
            return Err(too_short());
        }
        match &self.store {
            Store::File(file) => {
                read_exact_at(file, out, offset).map_err(|e| self.seen.read_error(e))
            }
            Store::Memory(bytes) => {
                let start = offset as usize;
                out.copy_from_slice(bytes.get(start..start + out.len()).ok_or_else(too_short)?);
                Ok(())
            }
        }
    }

    /// Show equal runs of bytes to `sink`, piece by piece, with the place of each piece counted over
    /// the runs laid end to end. Pieces hold whole `unit`s, by which runs can be divided.
    pub(super) fn visit(
        &self,
        runs: &Runs,
        unit: usize,
        sink: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<(), FormatError> {
        let mut buffer = SPARE.take();
        // A unit may be as long as a frame.
        let room = BUFFER.max(unit) / unit * unit;
        let shown = if runs.are_close() {
            self.visit_blocks(runs, &mut buffer, sink)
        } else {
            self.visit_each(runs, room, &mut buffer, sink)
        };
        if buffer.capacity() <= 4 * BUFFER {
            SPARE.set(buffer);
        }
        shown
    }

    fn visit_each(
        &self,
        runs: &Runs,
        room: usize,
        buffer: &mut Vec<u8>,
        sink: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<(), FormatError> {
        for run in 0..runs.count {
            let mut done = 0;
            while done < runs.bytes {
                let n = (runs.bytes - done).min(room as u64);
                let piece = fitted(buffer, n as usize);
                self.read_at(runs.first + run * runs.pitch + done, piece)?;
                sink(run * runs.bytes + done, piece);
                done += n;
            }
        }
        Ok(())
    }

    /// Read many runs at once, with the bytes between them.
    fn visit_blocks(
        &self,
        runs: &Runs,
        buffer: &mut Vec<u8>,
        sink: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<(), FormatError> {
        let runs_a_block = (BUFFER as u64 / runs.pitch).clamp(1, runs.count.max(1));
        let mut run = 0;
        while run < runs.count {
            let n = runs_a_block.min(runs.count - run);
            let block = fitted(buffer, ((n - 1) * runs.pitch + runs.bytes) as usize);
            self.read_at(runs.first + run * runs.pitch, block)?;
            for (i, piece) in (0..n).zip(block.chunks(runs.pitch as usize)) {
                sink((run + i) * runs.bytes, piece.split_at(runs.bytes as usize).0);
            }
            run += n;
        }
        Ok(())
    }
}

/// Equal runs of bytes at equal distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Runs {
    /// First byte of the first.
    pub(super) first: u64,
    /// Number of runs.
    pub(super) count: u64,
    /// Bytes of each.
    pub(super) bytes: u64,
    /// From the start of one to that of the next.
    pub(super) pitch: u64,
}

impl Runs {
    /// The same bytes in as few runs as can be.
    pub(super) fn joined(self) -> Self {
        if self.pitch != self.bytes {
            return self;
        }
        let bytes = self.count * self.bytes;
        Self { count: 1, bytes, pitch: bytes, ..self }
    }

    /// Whether several are best read at once.
    fn are_close(&self) -> bool {
        self.count > 1
            && self.pitch <= BUFFER as u64 / 2
            && self.pitch - self.bytes < WORTH_A_READ.max(self.bytes)
    }
}

fn fitted(buffer: &mut Vec<u8>, n: usize) -> &mut [u8] {
    if buffer.len() < n {
        buffer.resize(n, 0);
    }
    buffer.split_at_mut(n).0
}

#[cfg(unix)]
fn read_exact_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut out: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                offset += n as u64;
                out = out.split_at_mut(n).1;
            }
        }
    }
    Ok(())
}
