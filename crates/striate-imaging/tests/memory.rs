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

/// Peak of the process after a decomposition, in bytes, and after diagnostics and writing, where they are asked for.
fn peaks(method: Method, n_frames: usize, more: bool) -> Result<[u64; 2], Box<dyn Error>> {
    let movie = Made(MovieShape { n_frames, ..SHAPE });
    let config = DecompositionConfig { method, ..Default::default() };
    let folder = tempfile::tempdir()?;
    let (scratch, path) = (folder.path().join("scratch"), folder.path().join("factors"));
    let (mut progress, cancel) = (NoProgress, CancelToken::new());
    let found = decompose(&movie, &config, Some(&scratch), &mut progress, &cancel)?;
    assert!(found.mean_rank() >= 1.0);
    let peak = machine::peak_memory();
    if more {
        found.diagnose(&movie, &mut progress, &cancel)?;
        found.save(&path)?;
    }
    Ok([peak, machine::peak_memory()])
}

const SHAPE: MovieShape = MovieShape { n_frames: 260, height: 260, width: 270 };

/// The sketch goes first, since it takes less: the peak of a process only grows.
#[test]
fn memory_is_as_predicted_and_does_not_grow_with_frames() -> Result<(), Box<dyn Error>> {
    if machine::peak_memory() == 0 {
        println!("SKIPPED: this system does not tell the peak of a process's memory");
        return Ok(());
    }
    for method in [Method::Sketch, Method::Gram] {
        let config = DecompositionConfig { method, ..Default::default() };
        let (before, predicted) = (machine::peak_memory(), memory_bytes(SHAPE, &config));
        let [short, _] = peaks(method, 260, false)?;
        assert!(short > before, "{method:?}: the peak is an earlier one");
        let [long, all] = peaks(method, 2600, true)?;
        println!("{method:?}: predicted {predicted}, short {short}, long {long}, all {all}");
        assert!(short <= predicted && predicted <= 2 * short, "{method:?}: {short}, {predicted}");
        let growth = long as f64 / short as f64;
        // The allocator leaves some megabytes more or less between runs; the longer movie is 660 MB larger.
        assert!(growth < 1.1, "{method:?}: {short} bytes for 260 frames, {long} for 2600");
        // As `diagnose` documents, beside program and components.
        let documented = 1300 * SHAPE.n_pixels() as u64 + (25 << 20) + (20 << 20);
        assert!(all <= long.max(documented), "{method:?}: {all} bytes with diagnostics");
    }
    Ok(())
}
