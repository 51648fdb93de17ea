//! Which bytes of a file hold a part of an array, and reading them in few and bounded pieces.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use crate::files::{BUFFER, visit};

/// Runs this close to each other are read together with what lies between: that is cheaper than a
/// call of the system for each.
const WORTH_A_SEEK: usize = 64 << 10;

/// Equal runs of bytes at equal distances, counted from the first element of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slab {
    /// Shape of the part, in the order of the array's axes.
    pub(super) shape: Vec<usize>,
    pub(super) fortran_order: bool,
    start: u64,
    n_runs: usize,
    run_bytes: usize,
    /// From the start of one run to that of the next.
    pitch_bytes: usize,
}

impl Slab {
    /// The whole array. The caller has checked that its bytes fit `isize`; the same holds for
    /// every product here, of which each is a part of it or belongs to an empty array.
    pub(super) fn whole(shape: &[usize], fortran_order: bool, element_bytes: usize) -> Self {
        let run_bytes = product(shape) * element_bytes;
        Self {
            shape: shape.to_vec(),
            fortran_order,
            start: 0,
            n_runs: 1,
            run_bytes,
            pitch_bytes: run_bytes,
        }
    }

    /// A range of one axis, both of which exist.
    pub(super) fn slice(
        shape: &[usize],
        fortran_order: bool,
        element_bytes: usize,
        (axis, range): (usize, Range<usize>),
    ) -> Self {
        let (before, after) = shape.split_at(axis);
        let (length, after) = after.split_first().map_or((1, after), |(&n, rest)| (n, rest));
        let (slower, faster) = if fortran_order { (after, before) } else { (before, after) };
        let inner_bytes = product(faster) * element_bytes;
        let mut part = shape.to_vec();
        if let Some(of_axis) = part.get_mut(axis) {
            *of_axis = range.len();
        }
        Self {
            shape: part,
            fortran_order,
            start: (range.start * inner_bytes) as u64,
            n_runs: product(slower),
            run_bytes: range.len() * inner_bytes,
            pitch_bytes: length * inner_bytes,
        }
    }

    /// Number of elements.
    pub(super) fn count(&self) -> usize {
        product(&self.shape)
    }

    /// Show the bytes in the order of the file, in pieces of whole elements.
    pub(super) fn visit(
        &self,
        file: &mut File,
        data_offset: u64,
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        if self.run_bytes == 0 || self.n_runs == 0 {
            return Ok(());
        }
        let first = data_offset + self.start;
        if self.pitch_bytes == self.run_bytes {
            seek(file, first)?;
            return visit(file, self.n_runs as u64 * self.run_bytes as u64, sink);
        }
        if self.pitch_bytes <= BUFFER && self.pitch_bytes - self.run_bytes < WORTH_A_SEEK {
            return self.visit_blocks(file, first, sink);
        }
        for run in 0..self.n_runs as u64 {
            seek(file, first + run * self.pitch_bytes as u64)?;
            visit(file, self.run_bytes as u64, sink)?;
        }
        Ok(())
    }

    /// Read many runs at once, with the bytes between them.
    fn visit_blocks(
        &self,
        file: &mut File,
        first: u64,
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        let runs_per_block = (BUFFER / self.pitch_bytes).min(self.n_runs);
        let mut block = vec![0; runs_per_block * self.pitch_bytes];
        let mut run = 0;
        while run < self.n_runs {
            let n_runs = runs_per_block.min(self.n_runs - run);
            // The last run of the file has nothing behind it.
            let n_bytes = (n_runs - 1) * self.pitch_bytes + self.run_bytes;
            let (bytes, _) = block.split_at_mut(n_bytes);
            seek(file, first + run as u64 * self.pitch_bytes as u64)?;
            file.read_exact(bytes)?;
            bytes.chunks(self.pitch_bytes).for_each(|chunk| sink(chunk.split_at(self.run_bytes).0));
            run += n_runs;
        }
        Ok(())
    }
}

/// Go to a byte of a file.
pub(super) fn seek(file: &mut File, byte: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(byte)).map(|_| ())
}

fn product(lengths: &[usize]) -> usize {
    if lengths.contains(&0) { 0 } else { lengths.iter().product() }
}
