//! Standard errors over twins.

use striate_base::Progress;

use crate::error::InsilicoError;
use crate::experiment::{Column, Experiment, NamedArray};
use crate::jackknife::{Error, difference};
use crate::parts::Parts;
use crate::subject::Subject;

/// What errors are, where nothing else adds to them.
const ABOUT: &str = "Standard error over twins.";

/// Do an experiment on all twins as one and, where there are several, on each alone: `NAME_error` becomes
/// the root of the sum of the squares of what it was and of the standard error over twins,
///
/// ```text
/// error^2 = sum over twins of (d - mean of d)^2 / (n (n - 1))
/// ```
///
/// where `d` is the difference between the value of a twin alone and that of all as one. `parts` are those of
/// the experiment.
pub(crate) fn over_twins(
    subject: &Subject<'_>,
    parts: &Parts,
    progress: &mut dyn Progress,
    mut measure: impl FnMut(
        &Subject<'_>,
        &Parts,
        &mut dyn Progress,
    ) -> Result<Experiment, InsilicoError>,
) -> Result<Experiment, InsilicoError> {
    let mut found = measure(subject, parts, progress)?;
    if subject.n_twins() < 2 {
        return Ok(found);
    }
    let mut sums: Vec<Sums> = found.uncertain.iter().map(|of| Sums::new(&found, of)).collect();
    for (place, twin) in subject.alone().enumerate() {
        let mut progress = OfTwin { number: place + 1, progress: &mut *progress };
        let alone = measure(&twin, &parts.of_twin(place + 1), &mut progress)?;
        sums.iter_mut().try_for_each(|sums| sums.add(&alone))?;
    }
    for sums in sums {
        let errors = sums.errors(subject.n_twins() as f64);
        add(&mut found, &sums.name, errors);
    }
    Ok(found)
}

/// Running sums over twins for everything of one name.
struct Sums {
    name: String,
    error: Error,
    /// Values of all twins as one.
    values: Vec<f64>,
    /// Differences from those, and their squares.
    sums: Vec<[f64; 2]>,
}

impl Sums {
    fn new(found: &Experiment, (name, &error): (&String, &Error)) -> Self {
        let values = values_of(found, name);
        Self { name: name.clone(), error, sums: vec![[0.0; 2]; values.len()], values }
    }

    fn add(&mut self, alone: &Experiment) -> Result<(), InsilicoError> {
        let values = values_of(alone, &self.name);
        let (found, expected) = (values.len(), self.values.len());
        if found != expected {
            let what = format!("values of {} of one twin", self.name);
            return Err(InsilicoError::mismatch(what, found, expected));
        }
        for (sum, (value, all)) in self.sums.iter_mut().zip(values.iter().zip(&self.values)) {
            let d = difference(*value, *all, self.error);
            *sum = [sum[0] + d, sum[1] + d * d];
        }
        Ok(())
    }

    fn errors(&self, n_twins: f64) -> Vec<f64> {
        let error = |&[sum, squares]: &[f64; 2]| {
            // The maximum of NaN and 0 is 0.
            let variance = squares - sum * sum / n_twins;
            let variance = if variance < 0.0 { 0.0 } else { variance };
            (variance / (n_twins - 1.0) / n_twins).sqrt()
        };
        self.sums.iter().map(error).collect()
    }
}

/// The values of a column, an array or a number of the summary; no numbers where they are not known.
fn values_of(found: &Experiment, name: &str) -> Vec<f64> {
    if let Some(column) = found.values_of(name) {
        return column.iter().map(|value| value.unwrap_or(f64::NAN)).collect();
    }
    if let Some(array) = found.array_of(name) {
        return array.values.iter().map(|&value| f64::from(value)).collect();
    }
    vec![found.summary.get(name).copied().unwrap_or(f64::NAN)]
}

/// Add errors to those that are there, or behind what they are of.
fn add(found: &mut Experiment, name: &str, errors: Vec<f64>) {
    if let Some(place) = found.columns.iter().position(|column| column.name == name) {
        add_to_column(&mut found.columns, place, errors);
    } else if let Some(place) = found.arrays.iter().position(|array| array.name == name) {
        add_to_array(&mut found.arrays, place, errors);
    } else if let ([error], true) = (&errors[..], found.summary.contains_key(name)) {
        let name = format!("{name}_error");
        let both = found.summary.get(&name).copied().unwrap_or(0.0).hypot(*error);
        if both.is_finite() {
            found.summary.insert(name, both);
        }
    }
}

fn add_to_column(columns: &mut Vec<Column>, place: usize, errors: Vec<f64>) {
    let Column { name, unit, .. } = &columns[place];
    let (name, unit) = (format!("{name}_error"), unit.clone());
    let known = |error: f64| error.is_finite().then_some(error);
    if let Some(there) = columns.iter_mut().find(|column| column.name == name) {
        let each = there.values.iter_mut().zip(errors);
        each.for_each(|(there, error)| *there = there.and_then(|there| known(there.hypot(error))));
        return;
    }
    let values = errors.into_iter().map(known).collect();
    columns.insert(place + 1, Column { name, unit, about: ABOUT.into(), values });
}

fn add_to_array(arrays: &mut Vec<NamedArray>, place: usize, errors: Vec<f64>) {
    let name = format!("{}_error", arrays[place].name);
    if let Some(there) = arrays.iter_mut().find(|array| array.name == name) {
        let each = there.values.iter_mut().zip(errors);
        each.for_each(|(there, error)| *there = there.hypot(error as f32));
        return;
    }
    let mut there = NamedArray { name, about: ABOUT.into(), ..arrays[place].clone() };
    there.values.iter_mut().zip(errors).for_each(|(there, error)| *there = error as f32);
    arrays.insert(place + 1, there);
}

/// Progress on one of several twins.
struct OfTwin<'a> {
    number: usize,
    progress: &'a mut dyn Progress,
}

impl Progress for OfTwin<'_> {
    fn start(&mut self, stage: &str, total: Option<u64>) {
        self.progress.start(&format!("{stage}, twin {}", self.number), total);
    }

    fn advance(&mut self, units: u64) {
        self.progress.advance(units);
    }

    fn note(&mut self, message: &str) {
        self.progress.note(message);
    }

    fn finish(&mut self) {
        self.progress.finish();
    }
}
