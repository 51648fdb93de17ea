//! Gratings shown to twins.

use ndarray::ArrayView4;
use striate_base::{CancelToken, Progress};
use striate_model::Windows;

use super::display::{Cycle, Display, Stimulus};
use crate::error::InsilicoError;
use crate::subject::{OwnClips, Subject};

/// Pixels of all frames of all clips of a call, which bounds its memory.
const PIXELS_AT_A_TIME: usize = 1 << 18;

/// Responses `[neuron][stimulus]`.
pub(super) type Responses = Vec<Vec<Cycle>>;

/// Whoever watches.
pub(super) type Watch<'a> = (&'a mut dyn Progress, &'a CancelToken);

/// Responses of all of `neurons` to the same stimuli on the whole screen.
pub(super) fn on_screen(
    subject: &Subject<'_>,
    neurons: &[usize],
    (display, stimuli): (Display, &[Stimulus]),
    (progress, cancel): Watch<'_>,
) -> Result<Responses, InsilicoError> {
    let size = subject.screen();
    let n_values = display.n_clips() * display.n_frames() * size[0] * size[1];
    let mut found: Responses = neurons.iter().map(|_| Vec::with_capacity(stimuli.len())).collect();
    for stimuli in stimuli.chunks((PIXELS_AT_A_TIME / n_values).max(1)) {
        if cancel.is_cancelled() {
            return Err(InsilicoError::Cancelled);
        }
        let mut shown = Vec::with_capacity(stimuli.len() * n_values);
        for stimulus in stimuli {
            display.draw(stimulus, &subject.training, (size, [0, 0]), &mut shown)?;
        }
        let shape = (stimuli.len() * display.n_clips(), display.n_frames(), size[0], size[1]);
        let clips = ArrayView4::from_shape(shape, &shown)
            .map_err(|e| InsilicoError::mismatch("gratings", e, format!("{shape:?}")))?;
        let responses = subject.respond(clips)?;
        let responses: Vec<f32> = responses.into_iter().collect();
        let per_stimulus = display.n_responses() * subject.n_neurons();
        for (stimulus, responses) in stimuli.iter().zip(responses.chunks_exact(per_stimulus)) {
            for (found, &neuron) in found.iter_mut().zip(neurons) {
                let own = responses.iter().skip(neuron).step_by(subject.n_neurons()).copied();
                found.push(display.cycle(own, stimulus.n_cycles));
            }
        }
        progress.advance(stimuli.len() as u64);
    }
    Ok(found)
}

/// Response of each neuron to stimuli of its own, `[neuron][stimulus]`, in windows.
pub(super) fn own(
    subject: &Subject<'_>,
    neurons: &[usize],
    (display, stimuli): (Display, &[Vec<Stimulus>]),
    (progress, cancel): Watch<'_>,
) -> Result<Responses, InsilicoError> {
    let windows = subject.windows(neurons, 0)?;
    let size = windows.size;
    let n_values = display.n_clips() * display.n_frames() * size[0] * size[1];
    let pairs: Vec<(usize, &Stimulus)> = stimuli
        .iter()
        .enumerate()
        .flat_map(|(place, own)| own.iter().map(move |stimulus| (place, stimulus)))
        .collect();
    let mut found: Responses = vec![Vec::new(); neurons.len()];
    for pairs in pairs.chunks((PIXELS_AT_A_TIME / n_values).max(1)) {
        if cancel.is_cancelled() {
            return Err(InsilicoError::Cancelled);
        }
        let mut shown = Vec::with_capacity(pairs.len() * n_values);
        let (mut who, mut origins) = (Vec::new(), Vec::new());
        for &(place, stimulus) in pairs {
            let origin = windows.origins[place];
            display.draw(stimulus, &subject.training, (size, origin), &mut shown)?;
            who.extend(std::iter::repeat_n(neurons[place], display.n_clips()));
            origins.extend(std::iter::repeat_n(origin, display.n_clips()));
        }
        let here = Windows { size, origins };
        let n_frames = display.n_frames();
        let clips = OwnClips { neurons: &who, windows: &here, n_frames, stimulus: &shown };
        let responses = subject.own_responses(&clips)?;
        for (&(place, stimulus), own) in pairs.iter().zip(responses.chunks(display.n_responses())) {
            found[place].push(display.cycle(own.iter().copied(), stimulus.n_cycles));
        }
        progress.advance(pairs.len() as u64);
    }
    Ok(found)
}

/// Where each neuron looks: the centre, x and y, of the energy of its response's gradient while it is shown
/// a stimulus of its own.
pub(super) fn centres(
    subject: &Subject<'_>,
    neurons: &[usize],
    (display, stimuli): (Display, &[Stimulus]),
    (progress, cancel): Watch<'_>,
) -> Result<Vec<[f64; 2]>, InsilicoError> {
    let windows = subject.windows(neurons, 0)?;
    let size = windows.size;
    let (n_clips, n_frames) = (display.n_clips(), display.n_frames());
    let weights = display.apart();
    let mut found = Vec::new();
    for ((&neuron, &origin), stimulus) in neurons.iter().zip(&windows.origins).zip(stimuli) {
        if cancel.is_cancelled() {
            return Err(InsilicoError::Cancelled);
        }
        let mut shown = Vec::new();
        display.draw(stimulus, &subject.training, (size, origin), &mut shown)?;
        let (who, here) = (vec![neuron; n_clips], vec![origin; n_clips]);
        let here = Windows { size, origins: here };
        let clips = OwnClips { neurons: &who, windows: &here, n_frames, stimulus: &shown };
        let (_, gradient) = subject.own_gradient(&clips, &weights)?;
        found.push(centre_of(&gradient, size, origin));
        progress.advance(1);
    }
    Ok(found)
}

/// Centre of the energy of `[.., row, column]` where it is at least a tenth of its highest.
fn centre_of(gradient: &[f32], size: [usize; 2], origin: [usize; 2]) -> [f64; 2] {
    let mut energy = vec![0.0f64; size[0] * size[1]];
    for frame in gradient.chunks_exact(energy.len()) {
        energy.iter_mut().zip(frame).for_each(|(e, &slope)| *e += f64::from(slope).powi(2));
    }
    let threshold = 0.1 * energy.iter().copied().fold(0.0, f64::max);
    let mut sums = [0.0; 3];
    for (place, &energy) in energy.iter().enumerate().filter(|&(_, &e)| e >= threshold) {
        let (row, column) = (place / size[1] + origin[0], place % size[1] + origin[1]);
        sums[0] += energy;
        sums[1] += energy * column as f64;
        sums[2] += energy * row as f64;
    }
    [sums[1] / sums[0], sums[2] / sums[0]]
}
