//! What experiments on a twin found of simulated neurons, beside what is true of them.

use ndarray::{ArrayView3, Axis, Ix3, s};
use serde::Serialize;
use striate_recording::simulate::{CellKind, NeuronTruth, SessionTruth};

use crate::error::InsilicoError;
use crate::exciting::similarity;
use crate::experiment::Experiment;

/// Neurons are judged by their tuning where their noise ceiling is above this.
const LEAST_CEILING: f64 = 0.3;

/// How well experiments found what is true. NaN where there is no neuron to judge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TruthComparison {
    /// Share of the neurons above the least noise ceiling whose preferred orientation is within 10 degrees.
    pub orientation_within_10deg: f64,
    /// The same for a preferred spatial frequency within 20 %.
    pub sf_within_20pct: f64,
    /// Neurons above the least noise ceiling.
    pub n_judged: usize,
    /// Share of all neurons told rightly as simple or complex.
    pub simple_complex_accuracy: f64,
    /// Median over simple cells of the correlation of the most exciting input with the optimal stimulus of
    /// the cell's linear stage.
    pub mei_correlation_median: f64,
    /// Share of the simple cells where that is at least 0.7.
    pub mei_correlation_above_07: f64,
    /// Share of the direction-selective neurons whose preferred direction is less than 90 degrees off.
    pub direction_accuracy: f64,
    /// Direction-selective neurons.
    pub n_direction_selective: usize,
}

impl TruthComparison {
    /// Compare the experiments `tuning` and `most-exciting` of a simulated session with its truth; noise
    /// ceilings are those of `tier`.
    ///
    /// # Errors
    /// [`InsilicoError::Mismatch`] for experiments on other neurons than the session's.
    pub fn of(
        tuning: &Experiment,
        exciting: &Experiment,
        truth: &SessionTruth,
        tier: &str,
    ) -> Result<Self, InsilicoError> {
        let n = truth.neurons.len();
        if let Some(&beyond) = tuning.neurons.iter().chain(&exciting.neurons).find(|&&i| i >= n) {
            return Err(InsilicoError::mismatch(
                "number of a neuron",
                beyond,
                format!("below {n}"),
            ));
        }
        let ceilings = truth.ceilings.get(tier).map(|of| &of.full[..]).unwrap_or_default();
        let column = |name| {
            let values = tuning.values_of(name);
            values.ok_or_else(|| InsilicoError::mismatch(format!("column {name}"), "none", "one"))
        };
        let orientation = column("preferred_orientation")?;
        let frequency = column("preferred_spatial_frequency")?;
        let (simple, direction) = (column("is_simple")?, column("preferred_direction")?);
        let (mut angles, mut ratios, mut kinds, mut directions) = (vec![], vec![], vec![], vec![]);
        for (place, &neuron) in tuning.neurons.iter().enumerate() {
            let known = &truth.neurons[neuron];
            let field = &known.receptive_field;
            if ceilings.get(neuron).is_some_and(|&ceiling| ceiling > LEAST_CEILING) {
                let off = |found| angle_between(found, field.orientation_deg, 180.0) <= 10.0;
                angles.push(orientation[place].is_some_and(off));
                let off = |found: f64| (found * field.wavelength_px - 1.0).abs() <= 0.2;
                ratios.push(frequency[place].is_some_and(off));
            }
            kinds.push(simple[place].map(|is| is > 0.5) == Some(known.kind == CellKind::Simple));
            if let Some(preferred) = known.preferred_direction_deg() {
                let off = |found| angle_between(found, preferred, 360.0) < 90.0;
                directions.push(direction[place].is_some_and(off));
            }
        }
        let mut correlations = correlations_of_simple_cells(exciting, truth)?;
        correlations.sort_by(f64::total_cmp);
        let high: Vec<bool> = correlations.iter().map(|&correlation| correlation >= 0.7).collect();
        Ok(Self {
            orientation_within_10deg: share(&angles),
            sf_within_20pct: share(&ratios),
            n_judged: angles.len(),
            simple_complex_accuracy: share(&kinds),
            mei_correlation_median: median(&correlations),
            mei_correlation_above_07: share(&high),
            direction_accuracy: share(&directions),
            n_direction_selective: directions.len(),
        })
    }
}

/// Correlation of each simple cell's input with its optimal stimulus, within the input's window.
fn correlations_of_simple_cells(
    exciting: &Experiment,
    truth: &SessionTruth,
) -> Result<Vec<f64>, InsilicoError> {
    let missing = |what: &str| InsilicoError::mismatch(what.to_owned(), "none", "one");
    let inputs = exciting.array_of("input").ok_or_else(|| missing("array `input`"))?;
    let origin = |name: &str| exciting.values_of(name).ok_or_else(|| missing("window"));
    let (rows, columns) = (origin("window_row")?, origin("window_column")?);
    let mut found = Vec::new();
    for (place, &neuron) in exciting.neurons.iter().enumerate() {
        let known = &truth.neurons[neuron];
        if known.kind != CellKind::Simple {
            continue;
        }
        let input = inputs.values.index_axis(Axis(0), place).into_dimensionality::<Ix3>();
        let input = input
            .map_err(|e| InsilicoError::mismatch("axes of an input", e, "frame, row, column"))?;
        let at = [rows[place], columns[place]].map(|at| at.unwrap_or(0.0) as usize);
        found.push(correlation(input, known, truth, at));
    }
    Ok(found)
}

/// Correlation of an input with the optimal stimulus in the window at a row and a column.
fn correlation(
    input: ArrayView3<'_, f32>,
    known: &NeuronTruth,
    truth: &SessionTruth,
    [row, column]: [usize; 2],
) -> f64 {
    let canvas = &truth.config.canvas;
    let (n_frames, height, width) = input.dim();
    let optimal = known.optimal_stimulus(n_frames, canvas.height, canvas.width);
    let window = optimal.slice(s![.., row..row + height, column..column + width]);
    let flat = |values: ArrayView3<'_, f32>| -> Vec<f32> {
        let mean = values.mean().unwrap_or(0.0);
        values.iter().map(|value| value - mean).collect()
    };
    similarity(&flat(input), &flat(window), 0.0)
}

/// Smallest angle between two that repeat after `turn` degrees.
fn angle_between(a: f64, b: f64, turn: f64) -> f64 {
    let apart = (a - b).rem_euclid(turn);
    apart.min(turn - apart)
}

fn share(of: &[bool]) -> f64 {
    of.iter().filter(|&&holds| holds).count() as f64 / of.len() as f64
}

/// Of sorted values.
fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        n => f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_wrap_around() {
        assert_eq!(angle_between(175.0, 5.0, 180.0), 10.0);
        assert_eq!(angle_between(350.0, 10.0, 360.0), 20.0);
        assert_eq!(angle_between(90.0, 270.0, 360.0), 180.0);
    }

    #[test]
    fn medians_of_even_and_odd_counts() {
        assert_eq!(median(&[1.0, 2.0, 4.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), 3.0);
        assert!(median(&[]).is_nan() && share(&[]).is_nan());
    }
}
