//! The files of each trial, their shapes and their common length.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use striate_formats::npy::NpyFile;

use super::length::finite_length;
use super::stimulus_folder;
use crate::error::RecordingError;
use crate::session::StimulusKind;

/// Tiers whose responses may be withheld: every other than these.
const NEVER_HIDDEN: [&str; 3] = ["train", "oracle", "validation"];

/// Whether the responses of a tier may be withheld.
pub(super) fn may_be_hidden(tier: &str) -> bool {
    !NEVER_HIDDEN.contains(&tier)
}

/// The files of one trial.
#[derive(Debug, Clone)]
pub(super) struct TrialFiles {
    pub(super) stimulus: NpyFile,
    pub(super) responses: Option<NpyFile>,
    pub(super) behaviour: Option<NpyFile>,
    pub(super) pupil_center: Option<NpyFile>,
    /// Frames before the padding of whichever of them ends first; 1 for images.
    pub(super) n_frames: usize,
}

/// What is common to the trials of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shapes {
    pub(super) height: usize,
    pub(super) width: usize,
    /// 0 where there are responses to no trial.
    pub(super) n_neurons: usize,
    pub(super) n_behaviour: usize,
    pub(super) has_pupil_center: bool,
}

/// Where the files of a session lie.
struct Layout<'a> {
    folder: &'a Path,
    kind: StimulusKind,
    has_behaviour: bool,
    has_pupil_center: bool,
}

/// Look at the files of all trials; `tiers` has the tier of each.
pub(super) fn open(
    folder: &Path,
    kind: StimulusKind,
    tiers: &[String],
) -> Result<(Vec<TrialFiles>, Shapes), RecordingError> {
    let has = |variable: &str| folder.join("data").join(variable).is_dir();
    let layout = Layout {
        folder,
        kind,
        has_behaviour: has("behavior"),
        has_pupil_center: has("pupil_center"),
    };
    layout.refuse_surplus(tiers.len())?;
    let trials: Vec<TrialFiles> = tiers
        .par_iter()
        .enumerate()
        .map(|(trial, tier)| layout.open(trial, tier))
        .collect::<Result<_, _>>()?;
    let shapes = layout.shapes(&trials, tiers)?;
    Ok((trials, shapes))
}

impl Layout<'_> {
    /// More stimulus files than tiers: one of the two is not of this session.
    fn refuse_surplus(&self, n_trials: usize) -> Result<(), RecordingError> {
        let folder = self.folder.join("data").join(stimulus_folder(self.kind));
        let list = || RecordingError::file("list the folder", &folder);
        let mut largest = 0;
        for entry in std::fs::read_dir(&folder).map_err(list())? {
            let name = entry.map_err(list())?.file_name();
            let name = name.to_string_lossy();
            let number = name.strip_suffix(".npy").and_then(|n| n.parse::<usize>().ok());
            largest = largest.max(number.map_or(0, |number| number.saturating_add(1)));
        }
        if largest <= n_trials {
            return Ok(());
        }
        let path = self.folder.join("meta/trials/tiers.npy");
        let expected = format!("[{largest}], as data/{} has trials", stimulus_folder(self.kind));
        Err(RecordingError::shape("tier of each trial", &[n_trials], expected, &path))
    }

    fn file(&self, variable: &str, trial: usize) -> PathBuf {
        self.folder.join("data").join(variable).join(format!("{trial}.npy"))
    }

    fn open(&self, trial: usize, tier: &str) -> Result<TrialFiles, RecordingError> {
        let required = |variable: &str, there: bool| {
            if !there {
                return Ok(None);
            }
            let path = self.file(variable, trial);
            // What is there and no file is told by the reader.
            if path.exists() {
                return Ok(Some(NpyFile::open(&path)?));
            }
            Err(RecordingError::Missing {
                what: format!("{variable} of trial {trial} (tier {tier})"),
                expected: "one, as for the other trials".to_owned(),
                path,
            })
        };
        let with_responses = !may_be_hidden(tier) || self.file("responses", trial).exists();
        let stimulus = required(stimulus_folder(self.kind), true)?.expect("required to be there");
        let mut files = TrialFiles {
            stimulus,
            responses: required("responses", with_responses)?,
            behaviour: required("behavior", self.has_behaviour)?,
            pupil_center: required("pupil_center", self.has_pupil_center)?,
            n_frames: 1,
        };
        if self.kind == StimulusKind::Video {
            files.drop_empty_responses(tier)?;
            files.n_frames = files.common_length(trial)?;
        }
        Ok(files)
    }

    /// Shapes of the session, from its first trial with responses; all others must agree.
    fn shapes(&self, trials: &[TrialFiles], tiers: &[String]) -> Result<Shapes, RecordingError> {
        let with_responses = trials.iter().position(|trial| trial.responses.is_some());
        let first = self.shapes_of(&trials[with_responses.unwrap_or(0)], None)?;
        for (number, (trial, tier)) in trials.iter().zip(tiers).enumerate() {
            self.shapes_of(trial, Some((&first, number, tier)))?;
        }
        Ok(first)
    }

    /// Shapes of one trial; they must be as `like`, the shapes of the session.
    fn shapes_of(
        &self,
        trial: &TrialFiles,
        like: Option<(&Shapes, usize, &String)>,
    ) -> Result<Shapes, RecordingError> {
        let what = |variable: &str| match like {
            Some((_, number, tier)) => format!("{variable} of trial {number} (tier {tier})"),
            None => variable.to_owned(),
        };
        let like = like.map(|(shapes, _, _)| shapes);
        let (height, width) = self.frame_size(trial, &what, like)?;
        let rows = |file: &Option<NpyFile>, variable: &str, expected: Option<usize>| match file {
            None => Ok(0),
            Some(file) => self.rows(file, &what(variable), expected, trial.stimulus.shape()),
        };
        let neurons = like.map(|shapes| shapes.n_neurons);
        let channels = like.map(|shapes| shapes.n_behaviour);
        let n_neurons = rows(&trial.responses, "responses", neurons)?;
        let n_behaviour = rows(&trial.behaviour, "behavior", channels)?;
        rows(&trial.pupil_center, "pupil_center", Some(2))?;
        let has_pupil_center = self.has_pupil_center;
        Ok(Shapes { height, width, n_neurons, n_behaviour, has_pupil_center })
    }

    fn frame_size(
        &self,
        trial: &TrialFiles,
        what: &dyn Fn(&str) -> String,
        like: Option<&Shapes>,
    ) -> Result<(usize, usize), RecordingError> {
        let (found, path) = (trial.stimulus.shape(), trial.stimulus.path());
        let size = match (self.kind, found) {
            (StimulusKind::Video, &[height, width, _])
            | (StimulusKind::Image, &[1, height, width] | &[height, width]) => {
                Some((height, width))
            }
            _ => None,
        };
        let size = size.filter(|&(height, width)| height > 0 && width > 0);
        let fits = |size: &(usize, usize)| {
            like.is_none_or(|shapes| *size == (shapes.height, shapes.width))
        };
        if let Some(size) = size.filter(fits) {
            return Ok(size);
        }
        let (h, w) = like.map_or_else(
            || ("height".to_owned(), "width".to_owned()),
            |shapes| (shapes.height.to_string(), shapes.width.to_string()),
        );
        let (expected, name) = match self.kind {
            StimulusKind::Video => (format!("[{h}, {w}, frame]"), "video"),
            StimulusKind::Image => (format!("[1, {h}, {w}] (channel, height, width)"), "image"),
        };
        Err(RecordingError::shape(what(name), found, expected, path))
    }

    /// Number of rows (neurons, traces) of an array `[row, frame]`, or `[row]` beside an image.
    fn rows(
        &self,
        file: &NpyFile,
        what: &str,
        expected: Option<usize>,
        stimulus: &[usize],
    ) -> Result<usize, RecordingError> {
        let found = match (self.kind, file.shape()) {
            (StimulusKind::Video, &[rows, _]) | (StimulusKind::Image, &[rows] | &[rows, 1]) => {
                Some(rows)
            }
            _ => None,
        };
        let fits = |rows: &usize| *rows > 0 && expected.is_none_or(|expected| *rows == expected);
        if let Some(rows) = found.filter(fits) {
            return Ok(rows);
        }
        let rows = expected.map_or_else(|| "row".to_owned(), |expected| expected.to_string());
        let error = match self.kind {
            StimulusKind::Video => {
                let expected = format!("[{rows}, frame]");
                RecordingError::shape(what, file.shape(), expected, file.path())
            }
            StimulusKind::Image => {
                RecordingError::shape(what, file.shape(), format!("[{rows}]"), file.path())
            }
        };
        let turned = matches!((file.shape(), stimulus), ([frames, n], [_, _, of_video])
            if frames == of_video && expected == Some(*n));
        Err(if turned {
            error.with_hint("frame must be the last axis: transpose it")
        } else {
            error
        })
    }
}

impl TrialFiles {
    /// Responses that are NaN throughout are withheld ones, where the tier permits it.
    fn drop_empty_responses(&mut self, tier: &str) -> Result<(), RecordingError> {
        if let Some(responses) = &self.responses
            && may_be_hidden(tier)
            && finite_length(responses)? == 0
        {
            self.responses = None;
        }
        Ok(())
    }

    /// Frames before the NaN of whichever variable ends first.
    fn common_length(&self, trial: usize) -> Result<usize, RecordingError> {
        let mut shortest = (usize::MAX, &self.stimulus);
        for file in self.all() {
            let length = finite_length(file)?;
            if length < shortest.0 {
                shortest = (length, file);
            }
        }
        let (n_frames, file) = shortest;
        if n_frames > 0 {
            return Ok(n_frames);
        }
        Err(RecordingError::Values {
            what: format!("length of trial {trial}"),
            found: "no frame that is not NaN".to_owned(),
            expected: "one or more",
            path: file.path().to_owned(),
        })
    }

    fn all(&self) -> impl Iterator<Item = &NpyFile> {
        let others = self.responses.iter().chain(&self.behaviour).chain(&self.pupil_center);
        std::iter::once(&self.stimulus).chain(others)
    }
}
