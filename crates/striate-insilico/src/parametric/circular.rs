//! Selectivity for orientation and direction from sums of vectors.

use serde::{Deserialize, Serialize};

use super::estimate::{Estimate, Measured};
use crate::error::InsilicoError;

/// Selectivity of one neuron for the orientation and direction of drifting stripes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OrientationTuning {
    /// Global orientation selectivity, `|sum r e^{2i direction}| / sum r`, which is 1 less the circular
    /// variance: 0 for equal responses to all orientations, 1 for a response to one alone (Ringach,
    /// Shapley & Hawken, J. Neurosci. 22:5639, 2002). Noise raises it where it is near 0.
    pub orientation_selectivity: Estimate,
    /// Orientation of the stripes, within 0..180, that half the angle of this sum stands for.
    pub preferred_orientation_deg: Estimate,
    /// The same for directions, `|sum r e^{i direction}| / sum r`.
    pub direction_selectivity: Estimate,
    /// Direction of drift, within 0..360, that the angle of this sum stands for.
    pub preferred_direction_deg: Estimate,
    /// `(a - b) / (a + b)` with `a` the largest response and `b` the one to the opposite
    /// direction; noise raises it, since the largest is chosen by its own response.
    pub direction_index: Estimate,
}

impl OrientationTuning {
    /// From mean responses to stripes drifting in several directions.
    ///
    /// Standard errors of the results follow, by the delta method, from those of the means, which
    /// are taken for independent; where there are none, or a preference is undefined, there are
    /// none.
    ///
    /// # Units
    /// Degrees, as [`striate_stimuli::Grating`] has them: direction 0 moves to the right, 90 moves up;
    /// stripes that move to the right stand at orientation 90.
    ///
    /// # Errors
    /// [`InsilicoError`] where directions are not evenly spread with an opposite each, responses are
    /// negative or not finite, or all are 0.
    ///
    /// ```
    /// use striate_insilico::parametric::OrientationTuning;
    /// let directions = [0.0, 90.0, 180.0, 270.0];
    /// let tuning = OrientationTuning::new(&directions, &[6.0, 1.0, 2.0, 1.0], None)?;
    /// assert!((tuning.orientation_selectivity.value - 0.6).abs() < 1e-12);
    /// assert!((tuning.preferred_orientation_deg.value - 90.0).abs() < 1e-9);
    /// assert!((tuning.direction_index.value - 0.5).abs() < 1e-12);
    /// # Ok::<(), striate_insilico::InsilicoError>(())
    /// ```
    pub fn new(
        directions_deg: &[f64],
        means: &[f64],
        standard_errors: Option<&[f64]>,
    ) -> Result<Self, InsilicoError> {
        let measured = Measured::new(means, standard_errors, directions_deg.len())?;
        check_directions(directions_deg)?;
        if let Some(negative) = means.iter().find(|&&mean| mean < 0.0) {
            return Err(InsilicoError::mismatch("mean response", negative, "0 or more"));
        }
        if means.iter().sum::<f64>() <= 0.0 {
            let (what, found) = ("sum of mean responses".to_owned(), "0".to_owned());
            return Err(InsilicoError::NotEnough { what, found, expected: "more".to_owned() });
        }
        let by_orientation = VectorSum::new(directions_deg, measured, 2.0);
        let by_direction = VectorSum::new(directions_deg, measured, 1.0);
        let mut orientation = by_orientation.angle_deg().scaled(0.5);
        // Stripes drift across themselves.
        orientation.value = (orientation.value - 90.0).rem_euclid(180.0);
        let mut direction = by_direction.angle_deg();
        direction.value = direction.value.rem_euclid(360.0);
        Ok(Self {
            orientation_selectivity: by_orientation.selectivity(),
            preferred_orientation_deg: orientation,
            direction_selectivity: by_direction.selectivity(),
            preferred_direction_deg: direction,
            direction_index: direction_index(directions_deg, measured)?,
        })
    }
}

/// The mean of unit vectors at multiples of the directions, weighted by responses.
struct VectorSum<'a> {
    measured: Measured<'a>,
    /// Cosine and sine of every angle.
    units: Vec<[f64; 2]>,
    total: f64,
    /// Sum of responses times units.
    sum: [f64; 2],
}

impl<'a> VectorSum<'a> {
    fn new(directions_deg: &[f64], measured: Measured<'a>, multiple: f64) -> Self {
        let units: Vec<[f64; 2]> = directions_deg
            .iter()
            .map(|direction| {
                let (sine, cosine) = (multiple * direction).to_radians().sin_cos();
                [cosine, sine]
            })
            .collect();
        let along = |axis: usize| {
            measured.means.iter().zip(&units).map(|(mean, unit)| mean * unit[axis]).sum()
        };
        let sum = [along(0), along(1)];
        let total = measured.means.iter().sum();
        Self { measured, units, total, sum }
    }

    fn length(&self) -> f64 {
        self.sum[0].hypot(self.sum[1])
    }

    fn selectivity(&self) -> Estimate {
        let value = self.length() / self.total;
        self.measured.estimate(value, |k| {
            let [cosine, sine] = self.units[k];
            let along = (self.sum[0] * cosine + self.sum[1] * sine) / self.length();
            (along - value) / self.total
        })
    }

    fn angle_deg(&self) -> Estimate {
        let value = self.sum[1].atan2(self.sum[0]).to_degrees();
        self.measured.estimate(value, |k| {
            let [cosine, sine] = self.units[k];
            let across = (self.sum[0] * sine - self.sum[1] * cosine) / self.length();
            (across / self.length()).to_degrees()
        })
    }
}

fn direction_index(directions_deg: &[f64], measured: Measured) -> Result<Estimate, InsilicoError> {
    let means = measured.means;
    let best = (0..means.len()).max_by(|&a, &b| means[a].total_cmp(&means[b])).unwrap_or(0);
    let from_opposite = |k: usize| {
        let turn = (directions_deg[k] - directions_deg[best]).rem_euclid(360.0);
        (turn - 180.0).abs()
    };
    let Some(opposite) = (0..means.len()).find(|&k| from_opposite(k) < 1e-6) else {
        let found = format!("{} without its opposite", directions_deg[best]);
        return Err(InsilicoError::mismatch("directions", found, "pairs of opposites"));
    };
    let (largest, other) = (means[best], means[opposite]);
    let sum = largest + other;
    Ok(measured.estimate((largest - other) / sum, |k| {
        if k == best {
            2.0 * other / (sum * sum)
        } else if k == opposite {
            -2.0 * largest / (sum * sum)
        } else {
            0.0
        }
    }))
}

/// Sums of vectors favour no direction only where the directions themselves sum to 0.
fn check_directions(directions_deg: &[f64]) -> Result<(), InsilicoError> {
    let resultant = |multiple: f64| {
        let angles = directions_deg.iter().map(|d| (multiple * d).to_radians());
        let [x, y] = angles.fold([0.0, 0.0], |[x, y], angle| [x + angle.cos(), y + angle.sin()]);
        x.hypot(y)
    };
    let n = directions_deg.len();
    // Rounded degrees are off by less than a hundredth of a radian.
    let even = [1.0, 2.0].into_iter().all(|multiple| resultant(multiple) <= 0.01 * n as f64);
    if n >= 4 && even {
        return Ok(());
    }
    let found = format!("{n}: {directions_deg:?}");
    Err(InsilicoError::mismatch("directions", found, "at least 4, evenly spread over 360 degrees"))
}

#[cfg(test)]
mod tests;
