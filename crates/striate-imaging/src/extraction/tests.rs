use striate_base::{CancelToken, NoProgress, Progress};

use super::*;
use crate::simulate::{CellConfig, MotionConfig, MovieSimulationConfig, SimulatedMovie};

fn movie() -> SimulatedMovie {
    SimulatedMovie::new(MovieSimulationConfig {
        n_frames: 400,
        height: 48,
        width: 48,
        cells: CellConfig { n_cells: 5, peak_snr: 4.0, ..CellConfig::default() },
        motion: MotionConfig::none(),
        ..MovieSimulationConfig::demo()
    })
    .unwrap()
}

fn config() -> ValidExtraction {
    ExtractionConfig { frame_rate_hz: 30.0, ..ExtractionConfig::default() }.check().unwrap()
}

/// Counts the stages that were run.
#[derive(Default)]
struct Counter(usize);

impl Progress for Counter {
    fn start(&mut self, _stage: &str, _total: Option<u64>) {
        self.0 += 1;
    }
    fn advance(&mut self, _units: u64) {}
    fn note(&mut self, _message: &str) {}
    fn finish(&mut self) {}
}

#[test]
fn a_second_call_takes_what_the_first_left_and_says_the_same() {
    let (movie, folder) = (movie(), tempfile::tempdir().unwrap());
    let run = |config: &ValidExtraction, progress: &mut dyn Progress| {
        extract(&movie, "a", config, None, folder.path(), progress, &CancelToken::new()).unwrap()
    };
    let first = run(&config(), &mut NoProgress);
    assert!(!first.cells.footprints.is_empty());
    let files = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let spikes = files("spikes.npy");
    let mut counter = Counter::default();
    let second = run(&config(), &mut counter);
    assert_eq!(counter.0, 0, "stages were run again");
    assert!(second.cells == first.cells && spikes == files("spikes.npy"));
    // A damaged product is made again, and what follows is the same.
    std::fs::write(folder.path().join("cells.safetensors"), b"no cells").unwrap();
    assert!(run(&config(), &mut counter).cells == first.cells);
    assert!(counter.0 > 0);
}

#[test]
fn another_setting_repeats_its_stage_only() {
    let (movie, folder) = (movie(), tempfile::tempdir().unwrap());
    let run = |config: &ValidExtraction| {
        extract(&movie, "a", config, None, folder.path(), &mut NoProgress, &CancelToken::new())
            .unwrap()
    };
    let _ = run(&config());
    let factors =
        std::fs::metadata(folder.path().join("factors.safetensors")).unwrap().modified().unwrap();
    let mut other = (*config()).clone();
    other.demixing.min_peak_snr = 100.0;
    assert!(run(&other.check().unwrap()).cells.footprints.is_empty());
    let now =
        std::fs::metadata(folder.path().join("factors.safetensors")).unwrap().modified().unwrap();
    assert_eq!(factors, now);
}

#[test]
fn seeds_are_the_cells_in_their_order() {
    let (movie, folder) = (movie(), tempfile::tempdir().unwrap());
    let mut seeds = movie.truth().footprints.clone();
    seeds.reverse();
    let found = extract(
        &movie,
        "a",
        &config(),
        Some(&seeds),
        folder.path(),
        &mut NoProgress,
        &CancelToken::new(),
    )
    .unwrap();
    assert_eq!(found.cells.footprints.len(), seeds.len());
    for (found, seed) in found.cells.footprints.iter().zip(&seeds) {
        let ([y, x], [v, u]) = (found.centroid(48), seed.centroid(48));
        assert!((y - v).hypot(x - u) < 2.0, "{y} {x} is not {v} {u}");
    }
}

#[test]
fn what_a_killed_call_left_stands_in_nobodys_way() {
    let (movie, folder) = (movie(), tempfile::tempdir().unwrap());
    let run = || {
        let (mut progress, cancel) = (NoProgress, CancelToken::new());
        extract(&movie, "a", &config(), None, folder.path(), &mut progress, &cancel).unwrap()
    };
    std::fs::write(folder.path().join("factors.scratch"), b"half").unwrap();
    let first = run();
    // Killed after another setting replaced the product: there is no record then.
    std::fs::remove_file(folder.path().join("stages/demixing.json")).unwrap();
    std::fs::write(folder.path().join("cells.safetensors"), b"another setting's").unwrap();
    assert!(run().cells == first.cells);
}
