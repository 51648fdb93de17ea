//! Two series that belong together, and the plain correlations of their columns.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, concatenate, s};

use super::CcaError;

/// Two series of the same frames, in trials.
#[derive(Debug, Clone)]
pub struct PairedSeries {
    /// Shape `[frame, column]`.
    pub(super) first: Array2<f64>,
    /// Shape `[frame, column]`.
    pub(super) second: Array2<f64>,
    /// Frames of each trial.
    pub(super) lengths: Vec<usize>,
}

impl PairedSeries {
    /// Take two series `[frame, column]` with their trials one after the other. A recording without
    /// trials is cut into blocks: take some that are long beside what the series remember.
    ///
    /// # Errors
    /// [`CcaError`] where a value is not finite, the series differ in length, trials do not add up to
    /// it or are empty, or a series has no column.
    pub fn new(
        first: ArrayView2<'_, f64>,
        second: ArrayView2<'_, f64>,
        trial_lengths: &[usize],
    ) -> Result<Self, CcaError> {
        let n_frames = first.nrows();
        if second.nrows() != n_frames {
            return Err(CcaError::shape("frames of the second series", second.nrows(), n_frames));
        }
        let total = trial_lengths.iter().try_fold(0usize, |sum, &n| sum.checked_add(n));
        if total != Some(n_frames) {
            let found = total.map_or("more than can be counted".into(), |n| n.to_string());
            return Err(CcaError::shape("frames of all trials together", found, n_frames));
        }
        if trial_lengths.contains(&0) {
            return Err(CcaError::shape("frames of a trial", 0, "at least 1"));
        }
        for (what, series) in [("the first series", first), ("the second series", second)] {
            if series.ncols() == 0 {
                return Err(CcaError::shape(what, "no columns", "at least one"));
            }
            check_finite(what, series)?;
        }
        let lengths = trial_lengths.to_vec();
        Ok(Self { first: first.to_owned(), second: second.to_owned(), lengths })
    }

    /// Number of frames.
    pub fn n_frames(&self) -> usize {
        self.first.nrows()
    }

    /// Number of trials.
    pub fn n_trials(&self) -> usize {
        self.lengths.len()
    }

    /// Trial `i` of the first series beside trial `i + shift` of the second, round the end, each pair
    /// cut to the shorter one.
    pub(super) fn shifted(&self, shift: usize) -> Result<Self, CcaError> {
        let starts = self.starts();
        let (mut first, mut second, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
        for (i, &start) in starts.iter().enumerate() {
            let other = (i + shift) % starts.len();
            let length = self.lengths[i].min(self.lengths[other]);
            first.push(self.first.slice(s![start..start + length, ..]));
            second.push(self.second.slice(s![starts[other]..starts[other] + length, ..]));
            lengths.push(length);
        }
        let join = |parts: &[ArrayView2<'_, f64>]| {
            concatenate(Axis(0), parts)
                .map_err(|e| CcaError::shape("trials", e, "equal numbers of columns"))
        };
        Ok(Self { first: join(&first)?, second: join(&second)?, lengths })
    }

    /// First frame of each trial.
    pub(super) fn starts(&self) -> Vec<usize> {
        let ends = self.lengths.iter().scan(0, |end, &length| {
            *end += length;
            Some(*end)
        });
        ends.zip(&self.lengths).map(|(end, length)| end - length).collect()
    }
}

/// Refuse what is not finite.
pub(crate) fn check_finite(
    what: &'static str,
    values: ArrayView2<'_, f64>,
) -> Result<(), CcaError> {
    match values.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some(((row, column), &found)) => Err(CcaError::NotFinite { what, found, row, column }),
        None => Ok(()),
    }
}

/// Pearson's correlation of two series of equal length; `None` where one is constant to f64's precision, or not
/// finite.
///
/// ```
/// use ndarray::array;
/// use striate_score::cca::correlation;
///
/// let rising = array![1.0, 2.0, 3.0];
/// assert_eq!(correlation(rising.view(), array![3.0, 2.0, 1.0].view()), Some(-1.0));
/// assert_eq!(correlation(rising.view(), array![5.0, 5.0, 5.0].view()), None);
/// ```
pub fn correlation(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> Option<f64> {
    let [centred_a, centred_b] = [a, b].map(centred);
    let scale = (centred_a.dot(&centred_a) * centred_b.dot(&centred_b)).sqrt();
    let found = (centred_a.dot(&centred_b) / scale).clamp(-1.0, 1.0);
    found.is_finite().then_some(found)
}

/// Around its mean; nothing but zeros where a column is constant to f64's precision.
fn centred(column: ArrayView1<'_, f64>) -> ndarray::Array1<f64> {
    let mean = column.mean().unwrap_or(0.0);
    let centred = column.mapv(|value| value - mean);
    let largest = column.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
    let square = centred.dot(&centred) / (column.len().max(1) as f64);
    if square.sqrt() <= super::whitening::CONSTANT * largest { centred * 0.0 } else { centred }
}

/// Pearson correlation of every column of `first` with every column of `second`, both
/// `[frame, column]`: `[column of first, column of second]`. 0 where a column is constant.
///
/// # Errors
/// [`CcaError`] where the series differ in length or a value is not finite.
///
/// ```
/// use ndarray::array;
/// use striate_score::cca::pearson;
///
/// let latents = array![[0.0, 5.0], [1.0, 5.0], [2.0, 5.0]];
/// let speed = array![[3.0], [2.0], [1.0]];
/// assert_eq!(pearson(latents.view(), speed.view())?, array![[-1.0], [0.0]]);
/// # Ok::<(), striate_score::cca::CcaError>(())
/// ```
pub fn pearson(
    first: ArrayView2<'_, f64>,
    second: ArrayView2<'_, f64>,
) -> Result<Array2<f64>, CcaError> {
    if first.nrows() != second.nrows() {
        let (found, expected) = (second.nrows(), first.nrows());
        return Err(CcaError::shape("frames of the second series", found, expected));
    }
    check_finite("the first series", first)?;
    check_finite("the second series", second)?;
    Ok(Array2::from_shape_fn((first.ncols(), second.ncols()), |(a, b)| {
        correlation(first.column(a), second.column(b)).unwrap_or(0.0)
    }))
}
