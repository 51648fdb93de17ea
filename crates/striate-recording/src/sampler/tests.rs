use std::collections::BTreeSet;

use super::*;
use crate::testing::{VideoSession, manifest_video, open, video_folder};

fn config(clip_frames: usize, clips_per_batch: usize) -> SamplerConfig {
    SamplerConfig { tier: "train".into(), clip_frames, clips_per_batch, seed: 5 }
}

#[test]
fn an_epoch_shows_each_trial_once_and_batches_are_full() {
    let (_folder, path) = video_folder(&VideoSession::new(&["train"; 7]));
    let sampler = ClipSampler::new(&open(&path).unwrap(), config(4, 3)).unwrap();
    assert_eq!((sampler.steps_per_epoch(), sampler.n_sessions()), (3, 1));
    for epoch in 0..5 {
        let clips: Vec<Clip> = (0..3).flat_map(|step| sampler.clips(epoch, step, 0)).collect();
        assert_eq!(clips.len(), 9);
        let trials: BTreeSet<usize> = clips[..7].iter().map(|clip| clip.trial).collect();
        assert_eq!(trials.len(), 7);
        assert!(clips.iter().all(|clip| clip.frames.len() == 4 && clip.frames.end <= 10));
    }
}

#[test]
fn clips_depend_on_seed_epoch_step_and_session_alone() {
    let (_folder, path) = video_folder(&VideoSession::new(&["train"; 7]));
    let recording = open(&path).unwrap();
    let sampler = ClipSampler::new(&recording, config(4, 3)).unwrap();
    let all: Vec<Vec<Clip>> =
        (0..6).map(|step| sampler.clips(step / 3, step as usize % 3, 0)).collect();
    // Another sampler, asked for the last step only, as after a resumption.
    let resumed = ClipSampler::new(&recording, config(4, 3)).unwrap();
    assert_eq!(resumed.clips(1, 2, 0), all[5]);
    assert_ne!(all[0], all[3]);
    let other = ClipSampler::new(&recording, SamplerConfig { seed: 6, ..config(4, 3) }).unwrap();
    assert_ne!(other.clips(0, 0, 0), all[0]);
}

#[test]
fn starts_cover_the_trial_evenly() {
    let (_folder, path) = video_folder(&VideoSession::new(&["train"]));
    let sampler = ClipSampler::new(&open(&path).unwrap(), config(4, 1)).unwrap();
    let mut counts = [0u32; 7];
    for epoch in 0..7000 {
        counts[sampler.clips(epoch, 0, 0)[0].frames.start] += 1;
    }
    // Five standard deviations of a binomial(7000, 1/7) count.
    assert!(counts.iter().all(|&n| (f64::from(n) - 1000.0).abs() < 5.0 * 29.3), "{counts:?}");
}

#[test]
fn a_continuous_trial_gives_as_many_clips_as_fit() {
    let (_folder, path) = manifest_video(103, "[[tiers]]\nname = \"train\"\nframes = [0, 103]\n");
    let sampler = ClipSampler::new(&open(&path).unwrap(), config(10, 5)).unwrap();
    assert_eq!(sampler.steps_per_epoch(), 2);
    for epoch in 0..50 {
        let mut starts: Vec<usize> = (0..2)
            .flat_map(|step| sampler.clips(epoch, step, 0))
            .map(|clip| clip.frames.start)
            .collect();
        starts.sort_unstable();
        // One start in each tenth of the 94 possible ones.
        let tenths: Vec<usize> = (0..10).collect();
        let found: Vec<usize> = starts.iter().map(|start| (10 * start + 9) / 94).collect();
        assert_eq!(found, tenths, "{starts:?}");
        assert!(starts[9] + 10 <= 103);
    }
}

#[test]
fn sessions_take_turns_until_the_longest_is_through() {
    let folder = tempfile::tempdir().unwrap();
    VideoSession::new(&["train"; 2]).write(&folder.path().join("a"));
    VideoSession::new(&["train"; 9]).write(&folder.path().join("b"));
    let sampler = ClipSampler::new(&open(folder.path()).unwrap(), config(4, 2)).unwrap();
    assert_eq!((sampler.steps_per_epoch(), sampler.n_sessions()), (5, 2));
    let passes: Vec<Vec<Clip>> = (0..5).map(|step| sampler.clips(0, step, 0)).collect();
    assert!(passes.iter().all(|clips| clips[0].trial != clips[1].trial));
    assert!(sampler.clips(0, 0, 2).is_empty());
}

#[test]
fn what_cannot_be_sampled_is_explained() {
    let (_folder, path) = video_folder(&VideoSession::new(&["train", "oracle"]));
    let recording = open(&path).unwrap();
    let refused =
        |config: SamplerConfig| ClipSampler::new(&recording, config).unwrap_err().to_string();
    let said = refused(SamplerConfig { tier: "fit".into(), ..config(4, 2) });
    assert!(
        said.contains("no trials of tier `fit`") && said.contains("`train` (1 trials)"),
        "{said}"
    );
    let said = refused(config(11, 2));
    assert!(said.contains("found 10, expected at least the 11 of a clip"), "{said}");
    assert!(refused(config(0, 2)).contains("clip_frames"));
    assert!(refused(config(4, 0)).contains("clips_per_batch"));
}
