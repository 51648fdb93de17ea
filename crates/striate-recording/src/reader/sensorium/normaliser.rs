//! The official normalisation: `(x - mean) / std` for stimuli and the pupil's position, `x / std` for
//! behaviour and responses, with statistics of whatever shape the files have.

use std::ops::Range;
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, ArrayViewMutD, Axis, IxDyn, Slice, Zip};
use striate_formats::npy::NpyFile;

use crate::error::RecordingError;

/// Standard deviations at or below this share of their mean count as that.
const FLOOR: f64 = 0.01;

/// What is done to the values of one variable: `(x - shift) * factor`, both of the variable's number
/// of axes, each of length 1 or the variable's.
#[derive(Debug, Clone, Default)]
pub(super) struct Normaliser {
    shift: Option<ArrayD<f32>>,
    factor: Option<ArrayD<f32>>,
}

/// A variable to be normalised.
pub(super) struct Variable<'a> {
    /// Folder of the session.
    pub(super) session: &'a Path,
    /// Name of its folder in `meta/statistics`.
    pub(super) name: &'a str,
    /// Shape of a trial, the frame last.
    pub(super) shape: Vec<usize>,
}

impl Normaliser {
    /// `(x - mean) / std`.
    pub(super) fn z_score(variable: &Variable<'_>) -> Result<Self, RecordingError> {
        let mean = Statistic::read(variable, "mean")?;
        let std = Statistic::read(variable, "std")?;
        std.refuse_zeros()?;
        Ok(Self {
            shift: Some(mean.values.mapv(|mean| mean as f32)),
            factor: Some(std.values.mapv(|std| (1.0 / std) as f32)),
        })
    }

    /// `x / std`, where `std` is above 0.01 of the mean of all `std`; else `x / (0.01 mean)`.
    pub(super) fn precision(variable: &Variable<'_>) -> Result<Self, RecordingError> {
        Ok(Self::precision_of(&Statistic::read(variable, "std")?))
    }

    /// The same with variances averaged over frames: all frames of a neuron have one factor.
    pub(super) fn precision_over_frames(variable: &Variable<'_>) -> Result<Self, RecordingError> {
        let mut std = Statistic::read(variable, "std")?;
        std.pool_frames();
        Ok(Self::precision_of(&std))
    }

    fn precision_of(std: &Statistic) -> Self {
        let floor = FLOOR * std.mean;
        // Where nothing varies at all there is nothing to normalise by.
        let least = if floor > 0.0 { floor } else { 1.0 };
        let factor = |std: f64| if std > floor { 1.0 / std } else { 1.0 / least };
        Self { shift: None, factor: Some(std.values.mapv(|std| factor(std) as f32)) }
    }

    /// Normalise the frames `frames` of a trial; `values` has the frame last.
    pub(super) fn apply(&self, mut values: ArrayViewMutD<'_, f32>, frames: &Range<usize>) {
        if let Some(shift) = &self.shift {
            with_each(&mut values, shift, frames, |value, shift| *value -= shift);
        }
        if let Some(factor) = &self.factor {
            with_each(&mut values, factor, frames, |value, factor| *value *= factor);
        }
    }

    /// How finely the factor is resolved, in words.
    pub(super) fn in_words(&self) -> &'static str {
        match self.factor.as_ref().map(ArrayD::shape) {
            None => "none",
            Some([1, 1] | [1]) => "one factor",
            Some([_, 1] | [_]) => "per neuron",
            Some([1, _]) => "per frame",
            Some(_) => "per neuron and frame",
        }
    }

    pub(super) fn resident_bytes(&self) -> u64 {
        let arrays = self.shift.iter().chain(&self.factor);
        arrays.map(|array| 4 * array.len() as u64).sum()
    }
}

fn with_each(
    values: &mut ArrayViewMutD<'_, f32>,
    statistic: &ArrayD<f32>,
    frames: &Range<usize>,
    change: impl Fn(&mut f32, f32),
) {
    if statistic.len() == 1 {
        let statistic = statistic.iter().copied().next().unwrap_or_default();
        values.iter_mut().for_each(|value| change(value, statistic));
        return;
    }
    let last = Axis(statistic.ndim() - 1);
    let mut part = statistic.view();
    if part.len_of(last) > 1 {
        part.slice_axis_inplace(last, Slice::from(frames.clone()));
    }
    let shape = values.raw_dim();
    let part = part.broadcast(shape).expect("axes of length 1 or the variable's, as checked");
    Zip::from(values).and(part).for_each(|value, &statistic| change(value, statistic));
}

/// One file of statistics, its axes those of the variable.
struct Statistic {
    values: ArrayD<f64>,
    /// Mean of all finite values of the file, those beyond the end of the trials included.
    mean: f64,
    path: PathBuf,
    what: String,
}

impl Statistic {
    fn read(variable: &Variable<'_>, name: &str) -> Result<Self, RecordingError> {
        let what = format!("{name} of {}", variable.name);
        let path = find(variable, name).ok_or_else(|| RecordingError::Missing {
            what: what.clone(),
            expected: "one, to normalise by (also looked for in stimulus_frame)".to_owned(),
            path: folder(variable).join("all").join(format!("{name}.npy")),
        })?;
        let file = NpyFile::open(&path)?;
        let n_largest = variable.shape.iter().product::<usize>().saturating_mul(2).max(1 << 20);
        if file.shape().iter().product::<usize>() > n_largest {
            return Err(misfit(&what, file.shape(), &variable.shape, &path));
        }
        let shape = fitted(file.shape(), &variable.shape)
            .ok_or_else(|| misfit(&what, file.shape(), &variable.shape, &path))?;
        let values = file.read_f64()?;
        let values = values.into_shape_with_order(IxDyn(&shape)).expect("as many values");
        let finite = values.iter().filter(|value| value.is_finite());
        let (sum, n) = finite.fold((0.0, 0u64), |(sum, n), value| (sum + value, n + 1));
        let mut statistic = Self { values, mean: sum / n.max(1) as f64, path, what };
        statistic.cut_frames(&variable.shape);
        statistic.refuse_missing()?;
        Ok(statistic)
    }

    /// Leave out frames beyond the end of every trial: they may be NaN.
    fn cut_frames(&mut self, shape: &[usize]) {
        let last = Axis(shape.len() - 1);
        let n_frames = shape[last.0];
        if self.values.len_of(last) > n_frames {
            self.values.slice_axis_inplace(last, Slice::from(..n_frames));
            self.values = self.values.as_standard_layout().into_owned();
        }
    }

    /// The root of the mean over frames of the squares, in one frame.
    fn pool_frames(&mut self) {
        let last = Axis(self.values.ndim() - 1);
        let squares = self.values.mapv(|std| std * std);
        if let Some(mean) = squares.mean_axis(last) {
            self.values = mean.mapv(f64::sqrt).insert_axis(last);
            self.mean = self.values.mean().unwrap_or(0.0);
        }
    }

    fn refuse_missing(&self) -> Result<(), RecordingError> {
        self.refuse(|value| !value.is_finite(), "finite numbers")
    }

    fn refuse_zeros(&self) -> Result<(), RecordingError> {
        self.refuse(|value| value <= 0.0, "numbers above 0, to divide by")
    }

    fn refuse(
        &self,
        bad: impl Fn(f64) -> bool,
        expected: &'static str,
    ) -> Result<(), RecordingError> {
        match self.values.iter().position(|&value| bad(value)) {
            None => Ok(()),
            Some(place) => Err(RecordingError::Values {
                what: self.what.clone(),
                found: format!(
                    "{} at place {place}",
                    self.values.iter().nth(place).copied().unwrap_or(f64::NAN)
                ),
                expected,
                path: self.path.clone(),
            }),
        }
    }
}

fn folder(variable: &Variable<'_>) -> PathBuf {
    variable.session.join("meta/statistics").join(variable.name)
}

fn find(variable: &Variable<'_>, name: &str) -> Option<PathBuf> {
    let file = |kind: &str| folder(variable).join(kind).join(format!("{name}.npy"));
    ["all", "stimulus_frame"].into_iter().map(file).find(|path| path.is_file())
}

fn misfit(what: &str, found: &[usize], variable: &[usize], path: &Path) -> RecordingError {
    let expected = format!("one that fits trials of {variable:?}, or one number");
    RecordingError::shape(what, found, expected, path)
}

/// The shape of a statistic with as many axes as the variable, each 1 or the variable's: aligned with
/// the first axes (as `[neuron]` with `[neuron, frame]`), or else with the last. The last axis, the
/// frame, may be longer than the variable's.
fn fitted(found: &[usize], variable: &[usize]) -> Option<Vec<usize>> {
    let last = variable.len().checked_sub(1)?;
    let fits = |shape: &[usize]| {
        shape.iter().zip(variable).enumerate().all(|(axis, (&length, &expected))| {
            length == 1 || length == expected || (axis == last && length > expected)
        })
    };
    if found.iter().all(|&length| length == 1) {
        return Some(vec![1; variable.len()]);
    }
    let missing = variable.len().checked_sub(found.len())?;
    let first: Vec<usize> = found.iter().copied().chain(vec![1; missing]).collect();
    let aligned_last: Vec<usize> = vec![1; missing].into_iter().chain(found.to_vec()).collect();
    // A longer last axis is padding only where the statistic has all axes.
    let padded = |shape: &[usize]| missing > 0 && shape[last] > variable[last];
    [first, aligned_last].into_iter().find(|shape| fits(shape) && !padded(shape))
}

#[cfg(test)]
mod tests;
