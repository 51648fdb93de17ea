//! Memory of a decomposition: as predicted, and the same for any number of frames. In a process of its own, since
//! the peak is the process's.

use std::error::Error;
use std::ops::Range;

use striate_base::{CancelToken, NoProgress, machine};
use striate_imaging::decomposition::{DecompositionConfig, Method, decompose, memory_bytes};
use striate_imaging::{ImagingError, Movie, MovieShape};

/// Noise and a gradient that changes slowly, made as it is read.
struct Made(MovieShape);

impl Movie for Made {
    fn shape(&self) -> MovieShape {
        self.0
    }

    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        let n_pixels = self.0.n_pixels();
        for (t, frame) in frames.zip(out.chunks_exact_mut(n_pixels)) {
            striate_kernels::noise::fill_normal(t as u64, frame);
            let slow = (t as f32 / 40.0).sin();
            let pixels = frame.iter_mut().enumerate();
            pixels.for_each(|(i, value)| *value += slow * (i % self.0.width) as f32 / 100.0);
        }
        Ok(())
    }
}

/// Peak of the process during a decomposition and its diagnostics, in bytes.
fn peaks(method: Method, n_frames: usize) -> Result<(u64, u64), Box<dyn Error>> {
    let movie = Made(MovieShape { n_frames, height: 200, width: 230 });
    let config = DecompositionConfig { method, ..Default::default() };
    let folder = tempfile::tempdir()?;
    let (scratch, path) = (folder.path().join("scratch"), folder.path().join("factors"));
    let (mut progress, cancel) = (NoProgress, CancelToken::new());
    let found = decompose(&movie, &config, Some(&scratch), &mut progress, &cancel)?;
    assert!(found.mean_rank() >= 1.0);
    let peak = machine::peak_memory();
    found.diagnose(&movie, &mut progress, &cancel)?;
    found.save(&path)?;
    Ok((peak, machine::peak_memory()))
}

/// The sketch goes first, since it takes less: the peak of a process only grows.
#[test]
fn memory_is_as_predicted_and_does_not_grow_with_frames() -> Result<(), Box<dyn Error>> {
    if machine::peak_memory() == 0 {
        println!("SKIPPED: this system does not tell the peak of a process's memory");
        return Ok(());
    }
    for method in [Method::Sketch, Method::Gram] {
        let config = DecompositionConfig { method, ..Default::default() };
        let shape = MovieShape { n_frames: 260, height: 200, width: 230 };
        let (before, predicted) = (machine::peak_memory(), memory_bytes(shape, &config));
        let (short, short_all) = peaks(method, 260)?;
        assert!(short > before, "{method:?}: the peak is an earlier one");
        let (_, long_all) = peaks(method, 2600)?;
        println!("{method:?}: predicted {predicted}, short {short}, {short_all}, long {long_all}");
        assert!(short <= predicted && predicted <= 2 * short, "{method:?}: {short}, {predicted}");
        let growth = long_all as f64 / short_all as f64;
        assert!(growth < 1.05, "{method:?}: {short_all} bytes for 260 frames, {long_all} for 2600");
    }
    Ok(())
}
