//! The cells as a recording that `striate inspect` and `striate fit` take: a manifest beside the arrays.

use std::path::Path;

use ndarray::{Array2, Array3, ArrayView2};
use striate::base::files::write_atomic_bytes;
use striate::formats::npy;
use striate::imaging::extraction::{Extraction, ValidExtraction};
use toml::{Table, Value};

use super::ExtractArguments;
use crate::failure::Failure;

/// Length of the trials of a movie without stimulus, in seconds; shorter where the movie is.
const TRIAL_S: f64 = 20.0;

/// Write `recording.toml`, and `responses.npy` where images were presented. Nothing without cells.
pub(super) fn write(
    arguments: &ExtractArguments,
    config: &ValidExtraction,
    found: &Extraction,
) -> Result<(), Failure> {
    let out = &arguments.out;
    if found.cells.footprints.is_empty() {
        // What an earlier call left there is not of these cells.
        let _ = std::fs::remove_file(out.join("recording.toml"));
        return Ok(());
    }
    let mut manifest = match &arguments.stimulus {
        Some(path) => shown(path)?,
        None => nothing_shown(found),
    };
    manifest.insert("frame_rate_hz".into(), Value::Float(found.frame_rate_hz));
    let responses = match &arguments.presentations {
        None => table([("path", "spikes.npy".into()), ("axes", axes(&["neuron", "frame"]))]),
        Some(path) => {
            let spikes = striate::imaging::extraction::spikes(found);
            let responses = to_presentations(spikes.view(), path)?;
            npy::write_f32(&out.join("responses.npy"), &responses.view().into_dyn())?;
            let axes = axes(&["neuron", "image", "repeat"]);
            table([
                ("path", "responses.npy".into()),
                ("axes", axes),
                ("missing", Value::Float(f64::NAN)),
            ])
        }
    };
    manifest.insert("responses".into(), responses);
    if config.um_per_px > 0.0 {
        let centres = centres_um(found, config.um_per_px);
        npy::write_f32(&out.join("coordinates.npy"), &centres.view().into_dyn())?;
        let coordinates = table([("path", "coordinates.npy".into())]);
        manifest.insert("neurons".into(), table([("coordinates", coordinates)]));
    }
    let text = toml::to_string(&manifest).map_err(Failure::other)?;
    let path = out.join("recording.toml");
    write_atomic_bytes(&path, text.as_bytes()).map_err(|e| Failure::io("cannot write", &e, &path))
}

/// The tables of what was shown, their paths made absolute.
fn shown(path: &Path) -> Result<Table, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::io("cannot read", &e, path))?;
    let mut manifest: Table = text.parse().map_err(|e| {
        Failure::usage(format!("what was shown is no TOML: {e}: {}", path.display()))
    })?;
    if manifest.contains_key("responses") || !manifest.contains_key("stimulus") {
        return Err(Failure::usage(format!(
            "tables: found {}, expected [stimulus], tiers or a split, and no [responses]: {}",
            manifest.keys().map(|key| format!("[{key}]")).collect::<Vec<_>>().join(" "),
            path.display()
        )));
    }
    let folder = std::path::absolute(path).map_err(|e| Failure::io("cannot find", &e, path))?;
    let folder = folder.parent().unwrap_or(Path::new("/")).to_owned();
    let root = manifest.remove("root");
    let root =
        root.as_ref().and_then(Value::as_str).map_or(folder.clone(), |root| folder.join(root));
    manifest.iter_mut().for_each(|(_, value)| make_absolute(value, &root));
    Ok(manifest)
}

fn make_absolute(value: &mut Value, folder: &Path) {
    if let Value::Table(table) = value {
        for (key, value) in table.iter_mut() {
            match value {
                Value::String(path) if key == "path" => {
                    *path = folder.join(&*path).display().to_string();
                }
                value => make_absolute(value, folder),
            }
        }
    }
}

/// Trials of a movie without stimulus: the last tenth for testing, the tenth before it for validation.
fn nothing_shown(found: &Extraction) -> Table {
    let n = found.shape.n_frames;
    let (validation, test) = (n * 8 / 10, n * 9 / 10);
    let trial = ((TRIAL_S * found.frame_rate_hz) as usize).clamp(1, (test - validation).max(1));
    let tier = |name: &str, start: usize, end: usize| {
        table([
            ("name", name.into()),
            ("frames", Value::Array(vec![whole(start), whole(end)])),
            ("trial_frames", whole(trial)),
        ])
    };
    let tiers = vec![
        tier("train", 0, validation),
        tier("validation", validation, test),
        tier("test", test, n),
    ];
    Table::from_iter([
        ("name".to_owned(), Value::from("extracted")),
        ("tiers".to_owned(), Value::Array(tiers)),
    ])
}

/// Frames of the repeats of each image.
type Presentations = Vec<Vec<std::ops::Range<usize>>>;

/// Places in the array of responses at most, a cell: what is more is a mistake in the table.
const MOST_PLACES: usize = 1_000_000;

/// Refuse, before the work begins, what could not be written at its end.
pub(super) fn check(arguments: &ExtractArguments, n_frames: usize) -> Result<(), Failure> {
    if let Some(path) = &arguments.stimulus {
        let _ = shown(path)?;
    }
    if let Some(path) = &arguments.presentations {
        let _ = presentations(path, n_frames)?;
    }
    Ok(())
}

/// Read the table of presentations.
fn presentations(path: &Path, n_frames: usize) -> Result<Presentations, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::io("cannot read", &e, path))?;
    let bad = |line: usize, found: &str, expected: &str| {
        let path = path.display();
        Failure::input(format!("line {line}: found `{found}`, expected {expected}: {path}"))
    };
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let header = lines.next().unwrap_or_default();
    if header.replace(' ', "") != "image,first_frame,end_frame" {
        return Err(bad(1, header, "image,first_frame,end_frame"));
    }
    let expected = format!("an image below 1000000 and frames, first before end, up to {n_frames}");
    let mut repeats = Presentations::new();
    for (number, line) in lines.enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let numbers: Result<Vec<usize>, _> =
            line.split(',').map(|text| text.trim().parse()).collect();
        match numbers.unwrap_or_default()[..] {
            [image, first, end] if image < 1_000_000 && first < end && end <= n_frames => {
                repeats.resize(repeats.len().max(image + 1), Vec::new());
                repeats[image].push(first..end);
            }
            _ => return Err(bad(number + 2, line, &expected)),
        }
    }
    let most = repeats.iter().map(Vec::len).max().unwrap_or(0);
    let n_places = most * repeats.len();
    if n_places == 0 || n_places > MOST_PLACES {
        let found = format!("{} images, at most {most} repeats of one", repeats.len());
        return Err(Failure::input(format!(
            "presentations: found {found}, expected 1 to {MOST_PLACES} images times repeats: {}",
            path.display()
        )));
    }
    Ok(repeats)
}

/// Mean over the frames of each presentation, `[cell, image, repeat]`; NaN where an image has fewer repeats than others.
fn to_presentations(spikes: ArrayView2<'_, f32>, path: &Path) -> Result<Array3<f32>, Failure> {
    let repeats = presentations(path, spikes.ncols())?;
    let most = repeats.iter().map(Vec::len).max().unwrap_or(0);
    Ok(Array3::from_shape_fn((spikes.nrows(), repeats.len(), most), |(k, image, repeat)| {
        let Some(frames) = repeats[image].get(repeat) else { return f32::NAN };
        spikes.row(k).slice(ndarray::s![frames.clone()]).mean().unwrap_or(f32::NAN)
    }))
}

fn centres_um(found: &Extraction, um_per_px: f64) -> Array2<f32> {
    let centres: Vec<[f64; 2]> =
        found.cells.footprints.iter().map(|f| f.centroid(found.shape.width)).collect();
    // x before y, as coordinates are elsewhere.
    Array2::from_shape_fn((centres.len(), 2), |(k, i)| (centres[k][1 - i] * um_per_px) as f32)
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn axes(names: &[&str]) -> Value {
    Value::Array(names.iter().map(|&name| name.into()).collect())
}

fn whole(n: usize) -> Value {
    Value::Integer(n as i64)
}
