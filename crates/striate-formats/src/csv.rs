//! Submissions to Sensorium 2022: one line per trial, lists in quotes.
//!
//! | column | contents |
//! | --- | --- |
//! | `trial_indices` | number of the trial |
//! | `image_ids` | number of the image |
//! | `prediction` | `[0.5, 1.25]`: one value per neuron |
//! | `neuron_ids` | `[7, 12]`: as many, in the same order |

mod line;

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use striate_base::files::AtomicFile;

use crate::error::FormatError;
use crate::files::SeenFile;
use line::{Lines, split};

/// The columns, in the order in which they are written.
const COLUMNS: [&str; 4] = ["trial_indices", "image_ids", "prediction", "neuron_ids"];

/// The prediction for one trial.
#[derive(Debug, Clone, PartialEq)]
pub struct SubmissionRow {
    /// Number of the trial.
    pub trial_index: i64,
    /// Number of the image.
    pub image_id: i64,
    /// One value per neuron.
    pub prediction: Vec<f32>,
    /// Identifier of each neuron.
    pub neuron_ids: Vec<i64>,
}

/// Writes a submission row by row. The file appears when it is finished.
///
/// ```
/// use striate_formats::csv::{SubmissionReader, SubmissionRow, SubmissionWriter};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("submission_file_live_test.csv");
/// let row = SubmissionRow {
///     trial_index: 3,
///     image_id: 501,
///     prediction: vec![0.1, 2.0],
///     neuron_ids: vec![7, 12],
/// };
/// let mut writer = SubmissionWriter::create(&path)?;
/// writer.write(&row)?;
/// writer.finish()?;
/// let rows: Result<Vec<_>, _> = SubmissionReader::open(&path)?.collect();
/// assert_eq!(rows?, [row]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SubmissionWriter {
    file: AtomicFile,
    path: PathBuf,
}

impl SubmissionWriter {
    /// Begin a submission; write the names of the columns.
    ///
    /// # Errors
    /// [`FormatError::Io`] with what the file system reports.
    pub fn create(path: &Path) -> Result<Self, FormatError> {
        let mut file = AtomicFile::create(path).map_err(FormatError::io("write", path))?;
        writeln!(file, "{}", COLUMNS.join(",")).map_err(FormatError::io("write", path))?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Write a row. Values are written so that they read back as the same bits.
    ///
    /// # Errors
    /// [`FormatError`] for another number of predictions than of neurons, and for whatever the file
    /// system reports.
    pub fn write(&mut self, row: &SubmissionRow) -> Result<(), FormatError> {
        if row.prediction.len() != row.neuron_ids.len() {
            let what = format!("prediction of trial {} to be written", row.trial_index);
            let found = format!("{} values", row.prediction.len());
            let expected = format!("{}, one per neuron", row.neuron_ids.len());
            return Err(FormatError::malformed(what, found, expected, &self.path));
        }
        let prediction: Vec<String> = row.prediction.iter().map(|&v| number(v)).collect();
        let neuron_ids: Vec<String> = row.neuron_ids.iter().map(i64::to_string).collect();
        let line = format!(
            "{},{},\"[{}]\",\"[{}]\"\n",
            row.trial_index,
            row.image_id,
            prediction.join(", "),
            neuron_ids.join(", ")
        );
        self.file.write_all(line.as_bytes()).map_err(FormatError::io("write", &self.path))
    }

    /// Put the file in its place.
    ///
    /// # Errors
    /// [`FormatError::Io`] with what the file system reports.
    pub fn finish(self) -> Result<(), FormatError> {
        self.file.commit().map_err(FormatError::io("write", &self.path))
    }
}

/// The shortest text that reads back as the same value, as Python spells it.
fn number(value: f32) -> String {
    if value.is_nan() { "nan".to_owned() } else { format!("{value:?}") }
}

/// Reads a submission row by row, columns in any order. Further columns are passed over.
#[derive(Debug)]
pub struct SubmissionReader {
    lines: Lines<BufReader<File>>,
    /// Place of each of our columns in the file.
    places: [usize; 4],
    n_columns: usize,
    path: PathBuf,
}

impl SubmissionReader {
    /// Open a submission; read the names of the columns.
    ///
    /// # Errors
    /// [`FormatError`] for a file that cannot be opened or lacks a column.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let (_, file) = SeenFile::open(path)?;
        let mut lines = Lines::new(BufReader::new(file), path);
        let header = lines.next_line()?.unwrap_or_default();
        let names = split(header.trim_start_matches('\u{feff}'));
        let mut places = [0; 4];
        for (place, column) in places.iter_mut().zip(COLUMNS) {
            let found = names.as_ref().and_then(|names| names.iter().position(|n| n == column));
            *place = found.ok_or_else(|| {
                let names = names.as_ref().map_or_else(String::new, |names| names.join(","));
                let found: String = names.chars().take(100).flat_map(char::escape_debug).collect();
                FormatError::malformed("columns", found, COLUMNS.join(","), path)
            })?;
        }
        let n_columns = names.map_or(0, |names| names.len());
        Ok(Self { lines, places, n_columns, path: path.to_owned() })
    }

    fn row(&self, line: &str) -> Result<SubmissionRow, FormatError> {
        let refuse = |what: &str, found: &str, expected: &str| {
            let what = format!("line {}, {what}", self.lines.number());
            let found: String = found.chars().take(60).flat_map(char::escape_debug).collect();
            FormatError::malformed(what, format!("`{found}`"), expected, &self.path)
        };
        let fields = split(line).filter(|fields| fields.len() == self.n_columns);
        let fields = fields.ok_or_else(|| {
            refuse("columns", line, &format!("{} fields, lists in quotes", self.n_columns))
        })?;
        let [trial, image, prediction, neurons] =
            self.places.map(|place| fields.get(place).map_or("", |field| field.trim()));
        let integer = |name, text: &str| {
            text.parse::<i64>().map_err(|_| refuse(name, text, "a whole number"))
        };
        let row = SubmissionRow {
            trial_index: integer(COLUMNS[0], trial)?,
            image_id: integer(COLUMNS[1], image)?,
            prediction: list(prediction)
                .ok_or_else(|| refuse(COLUMNS[2], prediction, "a list of numbers"))?,
            neuron_ids: list(neurons)
                .ok_or_else(|| refuse(COLUMNS[3], neurons, "a list of whole numbers"))?,
        };
        if row.prediction.len() != row.neuron_ids.len() {
            let found = format!("{} values", row.prediction.len());
            let expected = format!("{}, one per neuron", row.neuron_ids.len());
            return Err(refuse(COLUMNS[2], &found, &expected));
        }
        Ok(row)
    }
}

impl Iterator for SubmissionReader {
    type Item = Result<SubmissionRow, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.lines.next_line() {
                Err(error) => return Some(Err(error)),
                Ok(None) => return None,
                Ok(Some(line)) if line.is_empty() => {}
                Ok(Some(line)) => return Some(self.row(&line)),
            }
        }
    }
}

/// The values of `[a, b, c]`.
fn list<T: std::str::FromStr>(text: &str) -> Option<Vec<T>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    if inner.trim().is_empty() {
        return Some(Vec::new());
    }
    inner.split(',').map(|value| value.trim().parse().ok()).collect()
}
