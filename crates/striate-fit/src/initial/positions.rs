//! Where the receptive fields start on the core's output grid.

use rayon::prelude::*;
use striate_base::CancelToken;
use striate_model::OutputGrid;
use striate_recording::{Session, StimulusFeature, StimulusKind, response_triggered_average};

use super::peaks::{Peak, peak};
use crate::error::FitError;

/// Memory for averages: larger sessions are looked at in blocks of neurons.
const MOST_BYTES: usize = 256 << 20;

/// Of one value of an average: its sum (f64) and itself (f32).
const BYTES_PER_VALUE: usize = 12;

/// Coordinates in the tissue, the two in the plane, in micrometres.
pub(super) fn coordinates(session: &Session) -> Option<Vec<[f32; 2]>> {
    let coordinates = session.info.neuron_coordinates.as_ref()?;
    if coordinates.ncols() < 2 {
        return None;
    }
    Some(coordinates.outer_iter().map(|of_neuron| [of_neuron[0], of_neuron[1]]).collect())
}

/// Coordinates in the tissue with depth, in micrometres.
pub(super) fn cortex(session: &Session) -> Option<Vec<[f32; 3]>> {
    let coordinates = session.info.neuron_coordinates.as_ref()?;
    if coordinates.ncols() < 3 {
        return None;
    }
    Some(coordinates.outer_iter().map(|c| [c[0], c[1], c[2]]).collect())
}

/// Positions found in the responses.
#[derive(Debug)]
pub(super) struct FoundPositions {
    /// (x, y) in [-1, 1] of each neuron; the centre of all clear ones where its own is not clear.
    pub(super) positions: Vec<[f32; 2]>,
    n_clear: usize,
}

impl FoundPositions {
    pub(super) fn remark(&self, session: &str) -> String {
        let (n_clear, n) = (self.n_clear, self.positions.len());
        format!("session {session}: receptive fields of {n_clear} of {n} neurons found in the data")
    }
}

/// Positions from the peaks of the response-triggered averages: of the stimulus itself or of its
/// local contrast, whichever of the two stands out more.
pub(super) fn from_responses(
    session: &Session,
    tier: &str,
    grid: &OutputGrid,
    cancel: &CancelToken,
) -> Result<FoundPositions, FitError> {
    let n_lags = match session.info.kind {
        StimulusKind::Image => 1,
        StimulusKind::Video => grid.n_lags,
    };
    let n_neurons = session.info.n_neurons;
    let pixels = session.info.height * session.info.width;
    let per_block = (MOST_BYTES / (BYTES_PER_VALUE * n_lags * pixels).max(1)).max(1);
    let mut peaks = Vec::new();
    for first in (0..n_neurons).step_by(per_block) {
        let block = first..(first + per_block).min(n_neurons);
        let of = |feature| -> Result<Vec<Peak>, FitError> {
            let wanted = (feature, block.clone());
            let averages = response_triggered_average(session, tier, n_lags, wanted, cancel)?;
            let views: Vec<_> = averages.outer_iter().collect();
            Ok(views.into_par_iter().map(peak).collect())
        };
        let intensity = of(StimulusFeature::Intensity)?;
        let contrast = of(StimulusFeature::LocalContrast)?;
        peaks.extend(intensity.into_iter().zip(contrast).map(|(a, b)| a.higher(b)));
    }
    Ok(placed(&peaks, session, grid))
}

fn placed(peaks: &[Peak], session: &Session, grid: &OutputGrid) -> FoundPositions {
    let clear: Vec<&Peak> = peaks.iter().filter(|peak| peak.is_clear()).collect();
    let n_clear = clear.len();
    let centre = if clear.is_empty() {
        let middle = |length: usize| length.saturating_sub(1) as f64 / 2.0;
        (middle(session.info.height), middle(session.info.width))
    } else {
        let mean =
            |of: fn(&Peak) -> f64| clear.iter().map(|peak| of(peak)).sum::<f64>() / n_clear as f64;
        (mean(|peak| peak.y), mean(|peak| peak.x))
    };
    let place = |peak: &Peak| {
        let (row, column) = if peak.is_clear() { (peak.y, peak.x) } else { centre };
        grid.position(row, column)
    };
    FoundPositions { positions: peaks.iter().map(place).collect(), n_clear }
}
