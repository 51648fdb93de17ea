use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array2, Array3, ArrayD, array};
use striate_base::{Classified, ErrorClass};
use striate_formats::image::write_png_rgb;
use striate_formats::npy;
use tempfile::TempDir;

use crate::testing::{Order, manifest_video, open, refusal, write};
use crate::{RecordingConfig, StimulusKind};

mod blank;

const TIERS: &str = "[[tiers]]\nname = \"train\"\nframes = [0, 20]\ntrial_frames = 8\n\
    [[tiers]]\nname = \"validation\"\nframes = [20, 30]\n";

/// Replace text of a manifest.
fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn video_is_cut_into_trials_and_mapped() {
    let (_folder, path) = manifest_video(40, TIERS);
    edit(&path, "\"x\"]", "\"x\"]\nscale = 2.0\noffset = -1.0");
    let recording = open(&path).unwrap();
    assert_eq!(recording.name, "film");
    let session = &recording.sessions[0];
    let info = &session.info;
    assert_eq!((info.kind, info.n_neurons), (StimulusKind::Video, 3));
    assert_eq!((info.height, info.width, info.is_continuous), (2, 3, true));
    assert_eq!((info.frame_rate_hz, info.neuron_ids.as_slice()), (Some(10.0), &[0, 1, 2][..]));
    let found: Vec<(&str, usize)> =
        info.trials.iter().map(|trial| (trial.tier.as_str(), trial.n_frames)).collect();
    assert_eq!(found, [("train", 8), ("train", 12), ("validation", 10)]);
    // Trial 1 begins at frame 8.
    let data = session.load(1, 2..4).unwrap();
    assert_eq!(data.stimulus[[0, 1, 2]], 2.0 * (10.0 + 0.25 + 0.125) - 1.0);
    assert_eq!(data.responses.unwrap(), array![[10.0, 110.0, 210.0], [11.0, 111.0, 211.0]]);
    assert_eq!((data.behaviour, data.pupil_center), (None, None));
}

#[test]
fn any_order_of_axes_and_fortran_files_give_the_same() {
    let (folder, path) = manifest_video(30, TIERS);
    let expected = open(&path).unwrap().sessions[0].load(0, 1..5).unwrap();
    let file = folder.path().join("video.npy");
    let pixels = npy::NpyFile::open(&file).unwrap().read_f64().unwrap();
    for (order, axes) in
        [([0, 2, 1], "frame\", \"width\", \"height"), ([2, 1, 0], "x\", \"row\", \"frame")]
    {
        let turned = pixels.view().permuted_axes(order.to_vec()).as_standard_layout().into_owned();
        for layout in [Order::C, Order::Fortran] {
            write(&file, &turned, layout);
            let text = fs::read_to_string(&path).unwrap();
            let changed = text.replace("frame\", \"y\", \"x", axes);
            let other = folder.path().join("other.toml");
            fs::write(&other, changed).unwrap();
            let found = open(&other).unwrap().sessions[0].load(0, 1..5).unwrap();
            assert_eq!(found, expected, "{axes} {layout:?}");
        }
    }
}

#[test]
fn bits_are_unpacked_in_the_order_of_packbits() {
    let (folder, path) = manifest_video(30, TIERS);
    // Two bytes a frame hold 3 x 4 bits, x slower than y, and four bits of padding.
    let bytes = Array2::from_shape_fn((30, 2), |(frame, byte)| [0b1000_0110, frame as u8][byte]);
    npy::write_u8(&folder.path().join("bits.npy"), &bytes.into_dyn().view()).unwrap();
    let axes = "[\"frame\", \"y\", \"x\"]";
    edit(&path, "video.npy", "bits.npy");
    edit(&path, axes, "[\"frame\", \"x\", \"y\"]\nunpacked = [3, 4]");
    let recording = open(&path).unwrap();
    let info = &recording.sessions[0].info;
    assert_eq!((info.height, info.width), (4, 3));
    let frame = recording.sessions[0].load(2, 0..1).unwrap().stimulus;
    // Frame 20 is 0b0001_0100: its upper four bits are the last column.
    let expected = array![[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]];
    assert_eq!(frame, expected);
    edit(&path, "unpacked = [3, 4]", "unpacked = [3, 7]");
    let said = refusal(&path);
    assert!(said.contains("found [30, 2], expected [frame, 3], 21 bits"), "{said}");
}

#[test]
fn transposed_responses_are_told_which_axes_would_fit() {
    let (_folder, path) = manifest_video(30, TIERS);
    edit(&path, "[\"neuron\", \"frame\"]", "[\"frame\", \"neuron\"]");
    let said = refusal(&path);
    let expected = "shape of responses: found [3, 30], expected [30 frames, neuron], as many frames \
        as the stimulus has; axes = [\"neuron\", \"frame\"] would fit: ";
    assert!(said.starts_with(expected) && said.ends_with("counts.npy"), "{said}");
}

#[test]
fn unusable_manifests_are_explained() {
    let cases = [
        (
            "[stimulus]\npath",
            "[stimulus]\npth",
            "unknown key `pth`, nearest known key is `path` (line 4)",
        ),
        (
            "frame_rate_hz",
            "frame_rate",
            "unknown key `frame_rate`, nearest known key is `frame_rate_hz`",
        ),
        ("10.0", "-1.0", "`frame_rate_hz` is -1, expected a number above 0"),
        ("10.0", "\"fast\"", "manifest: invalid type: string \"fast\""),
        ("\"x\"]", "\"z\"]", "unknown variant `z`"),
        ("\"y\", \"x\"", "\"y\", \"y\"", "`stimulus.axes` is [\"frame\", \"height\", \"height\"]"),
        ("\"frame\", \"y\", \"x\"", "\"y\", \"frame\", \"x\"", "`frame` first or last"),
        ("axes = [\"frame\", \"y\", \"x\"]\n", "", "`stimulus.axes` is not given"),
        ("\"x\"]", "\"x\"]\ndownscale = 2", "`stimulus.downscale` is 2, expected a divisor"),
        ("\"x\"]", "\"x\"]\nscale = 0.0", "`stimulus.scale` is 0"),
        ("[0, 20]", "[0, 25]", "ranges that do not overlap"),
        ("[stimulus]", "[stimulus", "manifest: "),
        ("video.npy", "nothing.npy", "cannot open"),
    ];
    for (from, to, expected) in cases {
        let (_folder, path) = manifest_video(30, TIERS);
        edit(&path, from, to);
        let error = crate::Recording::open(&RecordingConfig::at(&path)).unwrap_err();
        let said = error.to_string();
        assert!(said.contains(expected), "{said}");
        assert!(matches!(error.class(), ErrorClass::Usage | ErrorClass::InputData), "{said}");
        assert!(
            ["film.toml", "video.npy", "nothing.npy"].iter().any(|file| said.ends_with(file)),
            "{said}"
        );
    }
    let (_folder, path) = manifest_video(30, "");
    assert!(refusal(&path).contains("`tiers` is not given"), "{}", refusal(&path));
}

/// Twenty-four images of 4 x 6 pixels in a PNG archive would need a ZIP writer: an `.npy` array of
/// them, with the single trials `[neuron, image, repeat]` of two neurons.
fn image_set(rest: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let pixels = Array3::from_shape_fn((5, 4, 6), |(i, r, c)| (100 * i + 10 * r + c) as f64);
    write(&folder.path().join("a-images.npy"), &pixels.into_dyn(), Order::C);
    let mut trials = Array3::from_shape_fn((2, 5, 3), |(n, i, r)| (100 * n + 10 * i + r) as f64);
    // Image 1 has two presentations, image 2 none, image 3 one that lacks a neuron.
    trials[[0, 1, 2]] = -1.0;
    trials[[1, 1, 2]] = -1.0;
    trials.slice_mut(ndarray::s![.., 2, ..]).fill(-1.0);
    trials[[1, 3, 0]] = -1.0;
    write(&folder.path().join("a-trials.npy"), &trials.into_dyn(), Order::C);
    let text = format!(
        "sessions = [\"a\"]\n[stimulus]\npath = \"{{session}}-images.npy\"\n\
         axes = [\"image\", \"height\", \"width\"]\ndownscale = 2\n\
         [responses]\npath = \"{{session}}-trials.npy\"\naxes = [\"neuron\", \"image\", \"repeat\"]\n\
         missing = -1\n{rest}"
    );
    let path = folder.path().join("set.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn single_trials_are_trials_and_missing_ones_are_not() {
    let (_folder, path) = image_set("[[tiers]]\nname = \"test\"\nimages = [0, 5]\n");
    let recording = open(&path).unwrap();
    let session = &recording.sessions[0];
    assert_eq!((recording.name.as_str(), session.info.id.as_str()), ("set", "a"));
    let shown: Vec<&str> =
        session.info.trials.iter().filter_map(|trial| trial.stimulus_id.as_deref()).collect();
    assert_eq!(shown, ["0", "0", "0", "1", "1", "3", "3", "4", "4", "4"]);
    let remarks = session.info.remarks.join("; ");
    assert!(
        remarks.contains("1 presentations lack") && remarks.contains("1 images have"),
        "{remarks}"
    );
    let data = session.load_whole(6).unwrap();
    assert_eq!(data.responses.unwrap(), array![[32.0, 132.0]]);
    // Means of 2 x 2 pixels: rows 0, 1 and columns 0, 1 of image 3 are 300, 301, 310, 311.
    assert_eq!(data.stimulus.dim(), (1, 2, 3));
    assert_eq!(data.stimulus[[0, 0, 0]], 305.5);
}

#[test]
fn repeats_of_an_image_stay_in_one_tier() {
    let split = "[split]\nseed = 5\nfractions = { train = 0.6, test = 0.4 }\n";
    let (_folder, path) = image_set(split);
    let recording = open(&path).unwrap();
    let mut tier_of = std::collections::BTreeMap::new();
    for trial in &recording.sessions[0].info.trials {
        let tier = tier_of.entry(trial.stimulus_id.clone()).or_insert(trial.tier.clone());
        assert_eq!(*tier, trial.tier);
    }
    assert_eq!(tier_of.len(), 4);
}

#[test]
fn root_of_the_caller_wins_over_that_of_the_manifest() {
    let (folder, path) = manifest_video(30, TIERS);
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("film.toml");
    fs::copy(&path, &moved).unwrap();
    assert!(refusal(&moved).contains("cannot open"));
    let root = Some(folder.path().to_owned());
    let config = RecordingConfig { root, ..RecordingConfig::at(&moved) };
    crate::Recording::open(&config).unwrap();
    let text = fs::read_to_string(&moved).unwrap();
    fs::write(&moved, format!("root = {:?}\n{text}", folder.path())).unwrap();
    open(&moved).unwrap();
    // A folder has all of its files: a root would mean nothing.
    let config = RecordingConfig { path: folder.path().to_owned(), ..config };
    let error = crate::Recording::open(&config).unwrap_err();
    assert!(error.to_string().starts_with("`recording.root`"), "{error}");
}

#[test]
fn sessions_can_have_files_of_their_own() {
    let (folder, path) = manifest_video(30, TIERS);
    fs::copy(folder.path().join("counts.npy"), folder.path().join("other.npy")).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let sessions = "sessions = [\"a\", { id = \"b\", responses = { path = \"other.npy\" } }]\n";
    fs::write(&path, format!("{sessions}{text}")).unwrap();
    let recording = open(&path).unwrap();
    let ids: Vec<&str> = recording.sessions.iter().map(|s| s.info.id.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);
    fs::write(&path, format!("sessions = [190923]\n{text}")).unwrap();
    assert_eq!(open(&path).unwrap().sessions[0].info.id, "190923");
    fs::write(&path, format!("{sessions}{text}")).unwrap();
    edit(&path, "responses = {", "response = {");
    let said = refusal(&path);
    assert!(said.contains("unknown key `response`, nearest known key is `responses`"), "{said}");
    edit(&path, "response = {", "responses = {");
    edit(&path, "\"b\"", "\"a\"");
    assert!(refusal(&path).contains("`a` twice"), "{}", refusal(&path));
}

#[test]
fn behaviour_and_coordinates_are_read_where_given() {
    let rest = "[behaviour]\npath = \"traces.npy\"\naxes = [\"channel\", \"frame\"]\nscale = 0.5\n\
        [neurons]\nids = { path = \"ids.npy\" }\ncoordinates = { path = \"places.npy\" }\n";
    let (folder, path) = manifest_video(30, &format!("{rest}{TIERS}"));
    let traces = Array2::from_shape_fn((4, 30), |(channel, frame)| (frame + channel) as f64);
    write(&folder.path().join("traces.npy"), &traces.into_dyn(), Order::Fortran);
    write(&folder.path().join("ids.npy"), &array![7.0, 8.0, 9.0].into_dyn(), Order::C);
    write(&folder.path().join("places.npy"), &ArrayD::zeros(vec![3, 2]), Order::C);
    let recording = open(&path).unwrap();
    let info = &recording.sessions[0].info;
    assert_eq!((info.n_behaviour, info.neuron_ids.as_slice()), (4, &[7, 8, 9][..]));
    assert!(info.neuron_coordinates.is_some());
    let behaviour = recording.sessions[0].load(0, 3..4).unwrap().behaviour.unwrap();
    assert_eq!(behaviour, array![[1.5, 2.0, 2.5, 3.0]]);
}

#[test]
fn nan_in_a_trial_is_named_with_neuron_and_frame() {
    let (folder, path) = manifest_video(30, TIERS);
    let file = folder.path().join("counts.npy");
    let mut counts = npy::NpyFile::open(&file).unwrap().read_f64().unwrap();
    counts[[2, 13]] = f64::NAN;
    write(&file, &counts, Order::C);
    let said = refusal(&path);
    let expected = "responses: found NaN at neuron 2, frame 13, expected finite numbers: ";
    assert!(said.starts_with(expected) && said.ends_with("counts.npy"), "{said}");
}

#[test]
fn archive_without_images_and_stray_files_are_refused() {
    let (folder, path) = manifest_video(30, TIERS);
    write_png_rgb(&folder.path().join("one.zip"), 1, 1, &[0, 0, 0]).unwrap();
    edit(&path, "video.npy", "one.zip");
    assert!(refusal(&path).contains("`stimulus.axes`"), "{}", refusal(&path));
    edit(&path, "axes = [\"frame\", \"y\", \"x\"]\n", "");
    let said = refusal(&path);
    assert!(said.contains("found a PNG image, expected a ZIP archive"), "{said}");
    let stray = folder.path().join("notes.txt");
    fs::write(&stray, "hello").unwrap();
    assert!(refusal(&stray).starts_with("found a file that is no manifest"), "{}", refusal(&stray));
}
