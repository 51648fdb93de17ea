//! Recordings without a stimulus, trials in an axis of their own, and bins.

use super::*;

/// Three trials of two neurons with 7 samples each, `[trial, neuron, sample]`, turned as `order` says.
fn bare(rest: &str, axes: &str, order: [usize; 3]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let samples =
        Array3::from_shape_fn((3, 2, 7), |(trial, n, i)| (100 * trial + 10 * n + i) as f64);
    let turned = samples.permuted_axes(order).as_standard_layout().into_owned();
    write(&folder.path().join("samples.npy"), &turned.into_dyn(), Order::C);
    let text =
        format!("[responses]\npath = \"samples.npy\"\naxes = [{axes}]\nbin_frames = 3\n{rest}");
    let path = folder.path().join("bare.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

const BY_TRIAL: &str = "\"trial\", \"neuron\", \"frame\"";
const RANGES: &str = "[[tiers]]\nname = \"train\"\ntrials = [0, 2]\n\
    [[tiers]]\nname = \"test\"\ntrials = [2, 3]\n";

#[test]
fn samples_are_summed_within_trials_and_a_remainder_is_dropped() {
    for (axes, order) in [
        (BY_TRIAL, [0, 1, 2]),
        ("\"frame\", \"neuron\", \"trial\"", [2, 1, 0]),
        ("\"neuron\", \"trial\", \"frame\"", [1, 0, 2]),
    ] {
        let (_folder, path) = bare(RANGES, axes, order);
        let recording = open(&path).unwrap();
        let session = &recording.sessions[0];
        let info = &session.info;
        assert_eq!((info.kind, info.height, info.width), (StimulusKind::Video, 1, 1));
        assert_eq!((info.n_neurons, info.is_continuous), (2, false));
        let found: Vec<(&str, usize)> =
            info.trials.iter().map(|trial| (trial.tier.as_str(), trial.n_frames)).collect();
        assert_eq!(found, [("train", 2), ("train", 2), ("test", 2)], "{axes}");
        let data = session.load_whole(1).unwrap();
        // Samples 0 to 2 and 3 to 5 of trial 1; sample 6 is dropped.
        assert_eq!(data.responses.unwrap(), array![[303.0, 333.0], [312.0, 342.0]], "{axes}");
        assert_eq!(data.stimulus, Array3::<f32>::zeros((2, 1, 1)));
        assert_eq!(session.load(1, 1..2).unwrap().responses.unwrap(), array![[312.0, 342.0]]);
        assert_eq!(session.load(1, 1..1).unwrap().responses.unwrap().dim(), (0, 2));
    }
}

#[test]
fn trials_are_dealt_at_random_and_scaled() {
    let split = "scale = 0.5\n[split]\nseed = 2\nfractions = { train = 0.67, test = 0.33 }\n";
    let (_folder, path) = bare(split, BY_TRIAL, [0, 1, 2]);
    let recording = open(&path).unwrap();
    let tiers = recording.sessions[0].tiers();
    assert_eq!((tiers["train"], tiers["test"]), (2, 1));
    let first = recording.sessions[0].load_whole(0).unwrap().responses.unwrap();
    assert_eq!(first, array![[1.5, 16.5], [6.0, 21.0]]);
}

#[test]
fn traces_beside_trials_are_averaged_in_bins() {
    let rest = "[behaviour]\npath = \"traces.npy\"\naxes = [\"trial\", \"channel\", \"frame\"]\n\
        bin_frames = 2\n";
    let (folder, path) = bare(&format!("{rest}{RANGES}"), BY_TRIAL, [0, 1, 2]);
    let traces = Array3::from_shape_fn((3, 1, 5), |(trial, _, i)| (10 * trial + i) as f64);
    write(&folder.path().join("traces.npy"), &traces.into_dyn(), Order::C);
    let recording = open(&path).unwrap();
    let behaviour = recording.sessions[0].load_whole(2).unwrap().behaviour.unwrap();
    assert_eq!(behaviour, array![[20.5], [22.5]]);
    edit(&path, "bin_frames = 2", "bin_frames = 1");
    let said = refusal(&path);
    assert!(said.contains("6 frames, as all else; with its bins and trials it has 15"), "{said}");
    edit(&path, "[\"trial\", \"channel\"", "[\"channel\"");
    assert!(refusal(&path).contains("[\"trial\", \"channel\", \"frame\"]"), "{}", refusal(&path));
}

#[test]
fn one_stretch_without_a_stimulus_is_cut_by_frames() {
    let (_folder, path) = manifest_video(30, TIERS);
    edit(&path, "[stimulus]\npath = \"video.npy\"\naxes = [\"frame\", \"y\", \"x\"]\n", "");
    let recording = open(&path).unwrap();
    let info = &recording.sessions[0].info;
    assert_eq!((info.height, info.width, info.is_continuous), (1, 1, true));
    let lengths: Vec<usize> = info.trials.iter().map(|trial| trial.n_frames).collect();
    assert_eq!(lengths, [8, 12, 10]);
    let first = recording.sessions[0].load(1, 0..1).unwrap();
    assert_eq!(first.responses.unwrap(), array![[8.0, 108.0, 208.0]]);
}

#[test]
fn bins_beside_a_video_must_give_its_frames() {
    let (_folder, path) = manifest_video(30, TIERS);
    edit(&path, "\"neuron\", \"frame\"]", "\"neuron\", \"frame\"]\nbin_frames = 2");
    let said = refusal(&path);
    assert!(said.contains("30 frames, as all else; with its bins and trials it has 15"), "{said}");
}

#[test]
fn unusable_bins_and_trials_are_explained() {
    for (from, to, expected) in [
        ("bin_frames = 3", "bin_frames = 0", "`responses.bin_frames` is 0, expected 1 to 7"),
        ("bin_frames = 3", "bin_frames = 8", "`responses.bin_frames` is 8, expected 1 to 7"),
        ("\"trial\", ", "", "shape of responses: found [3, 2, 7], expected 2 axes"),
        ("\"trial\"", "\"repeat\"", "`responses.axes` is [\"repeat\", \"neuron\", \"frame\"]"),
        ("[responses]", "[stimulus]\n[responses]", "missing field `path`"),
        (
            "[responses]",
            "sessions = [{ id = \"a\", stimulus = { path = \"v.npy\" } }]\n[responses]",
            "`sessions.stimulus` is given for session `a` alone",
        ),
    ] {
        let (_folder, path) = bare(RANGES, BY_TRIAL, [0, 1, 2]);
        edit(&path, from, to);
        let said = refusal(&path);
        assert!(said.contains(expected), "{said}");
    }
}
