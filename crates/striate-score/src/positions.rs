//! Where a twin puts receptive fields, and how far from the truth of a simulation.

use striate_model::Twin;
use striate_recording::simulate::Truth;

use crate::error::ScoreError;
use crate::scores::Summary;

/// Neurons whose noise ceiling is above this count for [`PositionErrors::median_px`]: of others the
/// responses hardly tell where they look.
pub const LEAST_CEILING_FOR_POSITIONS: f64 = 0.3;

/// Receptive-field centres of the neurons of a session, each as x and y in stimulus pixels: the
/// readout's centres, mapped through the grid of the core's output.
///
/// A shifter is left out: these are the centres where it shifts nothing.
///
/// # Errors
/// A session that the twin does not have.
pub fn readout_positions_px(twin: &Twin, session: &str) -> Result<Vec<[f64; 2]>, ScoreError> {
    let known = &twin.spec().sessions;
    let place = known.iter().position(|shape| shape.id == session).ok_or_else(|| {
        let known: Vec<&str> = known.iter().map(|shape| shape.id.as_str()).collect();
        ScoreError::mismatch("session", session, format!("one of {}", known.join(", ")))
    })?;
    let grid = twin.output_grid();
    let pixel = |position: [f32; 2]| {
        // What lies outside is read at the border.
        let [row, column] = grid.pixel(position.map(|value| value.clamp(-1.0, 1.0)));
        [column, row]
    };
    Ok(twin.readout_positions(place)?.into_iter().map(pixel).collect())
}

/// True receptive-field centres of the neurons of a simulated session, each as x and y in stimulus
/// pixels; `None` where the session is not in the truth.
pub fn true_positions_px(truth: &Truth, session: &str) -> Option<Vec<[f64; 2]>> {
    let session = truth.sessions.iter().find(|of| of.id == session)?;
    Some(session.neurons.iter().map(|neuron| neuron.receptive_field.centre_px).collect())
}

/// Distances between found and true receptive-field centres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PositionErrors {
    /// Median distance in stimulus pixels.
    pub median_px: f64,
    /// Neurons that it is over.
    pub n_neurons: usize,
}

impl PositionErrors {
    /// Over the neurons with a noise ceiling above [`LEAST_CEILING_FOR_POSITIONS`]; `None` where
    /// there are none. All are one entry per neuron.
    ///
    /// ```
    /// use striate_score::PositionErrors;
    ///
    /// let (found, truth) = ([[0.0, 0.0], [9.0, 9.0]], [[3.0, 4.0], [0.0, 0.0]]);
    /// let errors = PositionErrors::of(&found, &truth, &[Some(0.5), Some(0.1)]).unwrap();
    /// assert_eq!((errors.median_px, errors.n_neurons), (5.0, 1));
    /// ```
    pub fn of(
        found: &[[f64; 2]],
        truth: &[[f64; 2]],
        ceilings: &[Option<f64>],
    ) -> Option<PositionErrors> {
        let distance = |((a, b), ceiling): ((&[f64; 2], &[f64; 2]), &Option<f64>)| {
            ceiling
                .filter(|&ceiling| ceiling > LEAST_CEILING_FOR_POSITIONS)
                .map(|_| (a[0] - b[0]).hypot(a[1] - b[1]))
        };
        let summary = Summary::of(found.iter().zip(truth).zip(ceilings).map(distance))?;
        Some(Self { median_px: summary.median, n_neurons: summary.n_neurons })
    }
}
