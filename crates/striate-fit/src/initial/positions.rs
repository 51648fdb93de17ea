//! Where the receptive fields start on the core's output grid.

use rayon::prelude::*;
use striate_base::CancelToken;
use striate_model::OutputGrid;
use striate_recording::{Session, StimulusFeature, StimulusKind, response_triggered_average};

use super::peaks::{Peak, peak};
use crate::error::FitError;

/// Coordinates in the tissue, the two in the plane, in micrometres.
pub(super) fn coordinates(session: &Session) -> Option<Vec<[f32; 2]>> {
    let coordinates = session.info.neuron_coordinates.as_ref()?;
    if coordinates.ncols() < 2 {
        return None;
    }
    Some(coordinates.outer_iter().map(|of_neuron| [of_neuron[0], of_neuron[1]]).collect())
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
    let mut peaks: Vec<Peak> = Vec::new();
    for feature in [StimulusFeature::Intensity, StimulusFeature::LocalContrast] {
        let averages = response_triggered_average(session, tier, n_lags, feature, cancel)?;
        let views: Vec<_> = averages.outer_iter().collect();
        let found: Vec<Peak> = views.into_par_iter().map(peak).collect();
        peaks = if peaks.is_empty() {
            found
        } else {
            peaks.into_iter().zip(found).map(|(a, b)| a.higher(b)).collect()
        };
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
