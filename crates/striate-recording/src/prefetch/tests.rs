use std::fs;
use std::time::{Duration, Instant};

use super::*;
use crate::sampler::SamplerConfig;
use crate::testing::{N_NEURONS, SIZE, VideoSession, open, video_folder};

fn sampler(recording: &Recording) -> ClipSampler {
    let config =
        SamplerConfig { tier: "train".into(), clip_frames: 4, clips_per_batch: 2, seed: 5 };
    ClipSampler::new(recording, config).unwrap()
}

#[test]
fn batches_come_in_order_from_wherever_it_starts() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        VideoSession::new(&["train"; 5]).write(&folder.path().join(name));
    }
    let recording = Arc::new(open(folder.path()).unwrap());
    let sampler = sampler(&recording);
    let mut whole = Prefetcher::start(Arc::clone(&recording), sampler.clone(), 0, 0, 3);
    let batches: Vec<ClipBatch> = (0..12).map(|_| whole.next().unwrap()).collect();
    let places: Vec<(u64, usize, usize)> =
        batches.iter().map(|batch| (batch.epoch, batch.step, batch.session)).collect();
    let expected: Vec<_> = (0..12).map(|i| (i / 6, i as usize / 2 % 3, i as usize % 2)).collect();
    assert_eq!(places, expected);
    // As after a resumption in the middle of an epoch.
    let mut resumed = Prefetcher::start(Arc::clone(&recording), sampler.clone(), 1, 1, 3);
    for batch in &batches[8..] {
        assert_eq!(resumed.next().unwrap(), *batch);
    }
    let clips = sampler.clips(1, 1, 1);
    let direct = ClipBatch::load(&recording.sessions[1], &clips).unwrap();
    assert_eq!(direct.stimulus, batches[9].stimulus);
    assert_eq!(direct.stimulus.len(), 2 * 4 * SIZE[0] * SIZE[1]);
    assert_eq!(direct.responses.len(), 2 * 4 * N_NEURONS);
    let first = recording.sessions[1].load(clips[0].trial, clips[0].frames.clone()).unwrap();
    assert_eq!(direct.responses[..8], first.responses.unwrap().into_raw_vec_and_offset().0);
    assert_eq!(direct.behaviour.unwrap().len(), 2 * 4 * 2);
    assert_eq!(direct.pupil_center.unwrap().len(), 2 * 4 * 2);
}

#[test]
fn error_of_the_thread_reaches_the_consumer_in_its_place() {
    let (_folder, path) = video_folder(&VideoSession::new(&["train"; 3]));
    let recording = Arc::new(open(&path).unwrap());
    for trial in 0..3 {
        fs::remove_file(path.join(format!("data/responses/{trial}.npy"))).unwrap();
    }
    let mut batches = Prefetcher::start(Arc::clone(&recording), sampler(&recording), 0, 0, 2);
    let said = batches.next().unwrap_err().to_string();
    assert!(said.contains("cannot open") && said.contains("data/responses/"), "{said}");
    assert!(matches!(batches.next(), Err(RecordingError::ReadAhead { .. })));
}

#[test]
fn dropping_ends_the_thread_and_reading_ahead_is_bounded() {
    let (_folder, path) = video_folder(&VideoSession::new(&["train"; 3]));
    let recording = Arc::new(open(&path).unwrap());
    let batches = Prefetcher::start(Arc::clone(&recording), sampler(&recording), 0, 0, 2);
    // The thread fills the queue and then waits; were it unbounded it would read for ever.
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(Arc::strong_count(&recording), 2);
    let clock = Instant::now();
    drop(batches);
    // Joined: nobody else holds the recording any more.
    assert_eq!(Arc::strong_count(&recording), 1);
    assert!(clock.elapsed() < Duration::from_secs(10));
}
