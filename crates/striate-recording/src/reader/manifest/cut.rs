//! Cutting a stimulus into trials, and trials into tiers.

use std::ops::Range;
use std::path::Path;

use striate_base::Streams;

use super::config::{Manifest, SplitEntry, TierEntry};
use crate::error::RecordingError;
use crate::session::StimulusKind;

/// A trial to be: a range of frames, or one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) tier: String,
    pub(super) range: Range<usize>,
}

/// What there is to be cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) kind: StimulusKind,
    /// Number of frames, or images.
    pub(super) n: usize,
    /// Frames of each trial where the arrays have an axis of trials.
    pub(super) trial_frames: Option<usize>,
}

impl Extent {
    /// What ranges of tiers count in, and its length in frames or images.
    fn unit(self) -> (&'static str, usize) {
        match (self.kind, self.trial_frames) {
            (StimulusKind::Image, _) => ("images", 1),
            (StimulusKind::Video, None) => ("frames", 1),
            (StimulusKind::Video, Some(length)) => ("trials", length),
        }
    }
}

/// Cut frames or images as the manifest says; in the order of the stimulus.
pub(super) fn cut(
    manifest: &Manifest,
    extent: Extent,
    path: &Path,
) -> Result<Vec<Piece>, RecordingError> {
    let mut pieces = Vec::new();
    match &manifest.split {
        Some(split) => pieces = by_chance(split, extent, path)?,
        None => {
            for tier in &manifest.tiers {
                let range = range_of(tier, extent, path)?;
                let length = trial_length(tier.trial_frames, extent, range.len(), "tiers", path)?;
                let tier = &tier.name;
                pieces.extend(
                    stretches(range, length).map(|r| Piece { tier: tier.clone(), range: r }),
                );
            }
        }
    }
    pieces.sort_by_key(|piece| piece.range.start);
    if let Some(pair) = pieces.windows(2).find(|pair| pair[0].range.end > pair[1].range.start) {
        let found = format!(
            "`{}` ({} to {}) and `{}` ({} to {})",
            pair[0].tier,
            pair[0].range.start,
            pair[0].range.end,
            pair[1].tier,
            pair[1].range.start,
            pair[1].range.end
        );
        return Err(RecordingError::setting("tiers", found, "ranges that do not overlap", path));
    }
    Ok(pieces)
}

fn range_of(tier: &TierEntry, extent: Extent, path: &Path) -> Result<Range<usize>, RecordingError> {
    let (name, length) = extent.unit();
    let key = format!("tiers.{name} of `{}`", tier.name);
    let given = [("frames", tier.frames), ("images", tier.images), ("trials", tier.trials)];
    if given.iter().any(|(unit, range)| *unit != name && range.is_some()) {
        let found = "given in the unit of another kind of stimulus";
        return Err(RecordingError::setting(key, found, format!("a range of {name}"), path));
    }
    let given = given.iter().find_map(|(unit, range)| range.filter(|_| *unit == name));
    // A tier without a range is all there is: the only tier.
    let n = extent.n / length;
    let [start, end] = given.unwrap_or([0, n]);
    if start < end && end <= n {
        return Ok(start * length..end * length);
    }
    let expected = format!("[first, one after the last] within 0 to {n}, not empty");
    Err(RecordingError::setting(key, format!("[{start}, {end}]"), expected, path))
}

fn trial_length(
    given: Option<usize>,
    extent: Extent,
    usual: usize,
    table: &str,
    path: &Path,
) -> Result<usize, RecordingError> {
    let refuse = |length: usize, expected: String| {
        let key = format!("{table}.trial_frames");
        Err(RecordingError::setting(key, length, expected, path))
    };
    match (extent.unit(), given) {
        (("images", _), Some(length)) => refuse(length, "none: each image is a trial".to_owned()),
        (("trials", own), Some(length)) => {
            refuse(length, format!("none: trials have {own} frames in the arrays"))
        }
        (("images" | "trials", own), None) => Ok(own),
        (_, None) => Ok(usual),
        (_, Some(length)) if (1..=usual).contains(&length) => Ok(length),
        (_, Some(length)) => refuse(length, format!("1 to {usual}")),
    }
}

/// A range in stretches of `length`; the last takes what is left.
fn stretches(range: Range<usize>, length: usize) -> impl Iterator<Item = Range<usize>> {
    let n = (range.len() / length).max(1);
    (0..n).map(move |i| {
        let end = if i + 1 == n { range.end } else { range.start + (i + 1) * length };
        range.start + i * length..end
    })
}

/// Trials dealt to the tiers at random. The same seed and number of trials give the same tiers in
/// every session, so that images shown in several sessions are in the same tier in all of them.
fn by_chance(
    split: &SplitEntry,
    extent: Extent,
    path: &Path,
) -> Result<Vec<Piece>, RecordingError> {
    let total: f64 = split.fractions.values().sum();
    let all_positive = split.fractions.values().all(|fraction| *fraction > 0.0);
    // Fractions such as 0.7 + 0.1 + 0.2 do not sum to 1 exactly.
    if !all_positive || (total - 1.0).abs() > 1e-6 {
        let found = format!("{:?}", split.fractions);
        let expected = "numbers above 0 whose sum is 1";
        return Err(RecordingError::setting("split.fractions", found, expected, path));
    }
    if extent.unit().0 == "frames" && split.trial_frames.is_none() {
        let expected = "the frames of a trial: trials, not frames, are dealt to the tiers";
        return Err(RecordingError::setting("split.trial_frames", "not given", expected, path));
    }
    let length = trial_length(split.trial_frames, extent, extent.n, "split", path)?;
    let ranges: Vec<Range<usize>> = stretches(0..extent.n, length).collect();
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    Streams::new(split.seed).stream("split").shuffle(&mut order);
    let mut pieces = Vec::with_capacity(ranges.len());
    let (mut share, mut first) = (0.0, 0);
    for (tier, fraction) in &split.fractions {
        share += fraction;
        let end = ((share * ranges.len() as f64).round() as usize).min(ranges.len());
        let dealt = order.get(first..end).unwrap_or(&[]);
        pieces
            .extend(dealt.iter().map(|&i| Piece { tier: tier.clone(), range: ranges[i].clone() }));
        first = end;
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Manifest {
        let rest = "stimulus = { path = \"s.npy\", axes = [\"frame\", \"y\", \"x\"] }\n\
            responses = { path = \"r.npy\", axes = [\"neuron\", \"frame\"] }\n";
        toml::from_str(&format!("{rest}{text}")).unwrap()
    }

    fn pieces(text: &str, kind: StimulusKind, n: usize) -> Result<Vec<Piece>, String> {
        of(text, Extent { kind, n, trial_frames: None })
    }

    fn of(text: &str, extent: Extent) -> Result<Vec<Piece>, String> {
        cut(&manifest(text), extent, Path::new("m.toml")).map_err(|error| error.to_string())
    }

    fn described(pieces: &[Piece]) -> Vec<(&str, usize, usize)> {
        pieces.iter().map(|p| (p.tier.as_str(), p.range.start, p.range.end)).collect()
    }

    #[test]
    fn ranges_are_cut_into_trials_and_the_last_takes_the_rest() {
        let text = "[[tiers]]\nname = \"validation\"\nframes = [70, 100]\n\
            [[tiers]]\nname = \"train\"\nframes = [0, 70]\ntrial_frames = 30";
        let found = pieces(text, StimulusKind::Video, 100).unwrap();
        let expected = [("train", 0, 30), ("train", 30, 70), ("validation", 70, 100)];
        assert_eq!(described(&found), expected);
    }

    #[test]
    fn split_deals_all_trials_in_the_fractions_asked_for() {
        let text = "[split]\nseed = 3\nfractions = { train = 0.7, validation = 0.1, test = 0.2 }";
        let found = pieces(text, StimulusKind::Image, 50).unwrap();
        let count = |tier: &str| found.iter().filter(|piece| piece.tier == tier).count();
        assert_eq!([count("train"), count("validation"), count("test")], [35, 5, 10]);
        let starts: Vec<usize> = found.iter().map(|piece| piece.range.start).collect();
        assert_eq!(starts, (0..50).collect::<Vec<_>>());
        assert_eq!(found, pieces(text, StimulusKind::Image, 50).unwrap());
        let other = text.replace("seed = 3", "seed = 4");
        assert_ne!(found, pieces(&other, StimulusKind::Image, 50).unwrap());
    }

    #[test]
    fn trials_of_the_arrays_stay_whole() {
        let extent = Extent { kind: StimulusKind::Video, n: 60, trial_frames: Some(6) };
        let text =
            "[[tiers]]\nname = \"a\"\ntrials = [1, 3]\n[[tiers]]\nname = \"b\"\ntrials = [4, 5]";
        let found = of(text, extent).unwrap();
        assert_eq!(described(&found), [("a", 6, 12), ("a", 12, 18), ("b", 24, 30)]);
        let text = "[split]\nseed = 1\nfractions = { a = 0.7, b = 0.3 }";
        let found = of(text, extent).unwrap();
        assert_eq!(found.iter().filter(|piece| piece.tier == "a").count(), 7);
        let starts: Vec<usize> = found.iter().map(|piece| piece.range.start).collect();
        assert_eq!(starts, (0..10).map(|trial| 6 * trial).collect::<Vec<_>>());
        for (text, expected) in [
            ("[[tiers]]\nname = \"a\"\nframes = [0, 6]", "expected a range of trials"),
            ("[[tiers]]\nname = \"a\"\ntrials = [3, 11]", "within 0 to 10, not empty"),
            ("[[tiers]]\nname = \"a\"\ntrial_frames = 3", "trials have 6 frames in the arrays"),
        ] {
            let said = of(text, extent).unwrap_err();
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn unusable_cuts_are_explained() {
        let cases = [
            ("[[tiers]]\nname = \"a\"\nframes = [5, 200]", "`tiers.frames of `a`` is [5, 200]"),
            ("[[tiers]]\nname = \"a\"\nimages = [0, 5]", "unit of another kind"),
            (
                "[[tiers]]\nname = \"a\"\nframes = [0, 50]\n[[tiers]]\nname = \"b\"\nframes = [40, 90]",
                "`a` (0 to 50) and `b` (40 to 90)",
            ),
            ("[split]\nseed = 1\nfractions = { a = 0.5, b = 0.4 }\ntrial_frames = 5", "sum is 1"),
            ("[split]\nseed = 1\nfractions = { a = 0.5, b = 0.5 }", "`split.trial_frames` is not"),
            ("[[tiers]]\nname = \"a\"\ntrial_frames = 0", "`tiers.trial_frames` is 0"),
        ];
        for (text, expected) in cases {
            let found = pieces(text, StimulusKind::Video, 100).unwrap_err();
            assert!(found.contains(expected) && found.ends_with("m.toml"), "{found}");
        }
    }
}
