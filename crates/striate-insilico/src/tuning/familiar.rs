//! How far gratings are from what twins were trained on.

use ndarray::Array4;

use super::display::{Display, Stimulus};
use super::{Experiment, InsilicoError, Measured};
use crate::familiarity::{self, Familiarity, Strangeness};
use crate::subject::Subject;

/// Gratings on the whole screen that are drawn at a time.
const AT_A_TIME: usize = 64;

/// What each neuron saw for itself, through its window: columns for its best grating, and arrays beside
/// its curves; and the gratings on the whole screen.
pub(super) fn add(
    found: &mut Experiment,
    subject: &Subject<'_>,
    measured: &Measured,
) -> Result<(), InsilicoError> {
    let (display, axes) = (measured.display, &measured.axes);
    let windows = subject.windows(&found.neurons, 0)?;
    let known = Familiarity::in_windows(&subject.training, &windows)?;
    let mut best = Vec::new();
    let [mut contrasts, mut sizes, mut crossed] = [const { Vec::new() }; 3];
    let (n_contrasts, n_sizes) = (axes.contrasts.len(), axes.diameters_px.len());
    for ((grating, own), &origin) in
        measured.best.iter().zip(&measured.own_stimuli).zip(&windows.origins)
    {
        let stimuli: Vec<Stimulus> = own.iter().chain([grating]).copied().collect();
        let mut judged = judge(subject, &known, (display, &stimuli), (windows.size, origin))?;
        best.extend(judged.pop().map(|judged| judged.numbers()));
        let distances = |judged: &[Strangeness]| -> Vec<f32> {
            judged.iter().map(|judged| judged.distance as f32).collect()
        };
        contrasts.extend(distances(&judged[..n_contrasts]));
        sizes.extend(distances(&judged[n_contrasts..n_contrasts + n_sizes]));
        crossed.extend(distances(&judged[n_contrasts + n_sizes..]));
    }
    familiarity::columns(found, "", "the best grating", &best);
    let n = found.neurons.len();
    let about = "Mahalanobis distance of the stimuli of the curve from training stimuli.";
    for (name, axis, n_places, distances) in [
        ("distance_of_contrasts", "contrast", n_contrasts, contrasts),
        ("distance_of_sizes", "diameter_px", n_sizes, sizes),
        ("distance_of_crossed_sizes", "diameter_px", n_sizes, crossed),
    ] {
        found.array((name, "", about), &[("neuron", n), (axis, n_places)], distances)?;
    }
    on_screen(found, subject, measured)
}

/// The gratings that all neurons saw.
fn on_screen(
    found: &mut Experiment,
    subject: &Subject<'_>,
    measured: &Measured,
) -> Result<(), InsilicoError> {
    let (display, axes) = (measured.display, &measured.axes);
    let known = Familiarity::of(&subject.training)?;
    let mut stimuli = axes.joint(measured.contrast);
    // The last one is grey.
    stimuli.pop();
    let whole = (subject.screen(), [0, 0]);
    let mut distances = Vec::new();
    for stimuli in stimuli.chunks(AT_A_TIME) {
        let judged = judge(subject, &known, (display, stimuli), whole)?;
        distances.extend(judged.iter().map(|judged| judged.distance as f32));
    }
    let n_angles = axes.directions_deg.len();
    let angle = if display.is_still() { "orientation_deg" } else { "direction_deg" };
    let mut shape = vec![(angle, n_angles), ("spatial_frequency_cpp", axes.frequencies_cpp.len())];
    if !display.is_still() {
        shape.push(("temporal_frequency_hz", axes.cycles.len()));
    }
    let about = "Mahalanobis distance of the gratings on the whole screen from training stimuli.";
    found.array(("distance_of_gratings", "", about), &shape, distances)
}

/// How strange stimuli are, each over as many frames as a training clip has.
fn judge(
    subject: &Subject<'_>,
    known: &Familiarity,
    (display, stimuli): (Display, &[Stimulus]),
    (size, origin): ([usize; 2], [usize; 2]),
) -> Result<Vec<Strangeness>, InsilicoError> {
    let per_stimulus = subject.n_lags() * size[0] * size[1];
    let mut shown = Vec::with_capacity(stimuli.len() * per_stimulus);
    for stimulus in stimuli {
        let end = shown.len() + per_stimulus;
        display.draw(stimulus, &subject.training, (size, origin), &mut shown)?;
        shown.truncate(end);
    }
    let shape = (stimuli.len(), subject.n_lags(), size[0], size[1]);
    let clips = Array4::from_shape_vec(shape, shown)
        .map_err(|e| InsilicoError::mismatch("gratings", e, format!("{shape:?}")))?;
    known.judge(clips.view())
}
