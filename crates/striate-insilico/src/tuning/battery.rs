//! Gratings shown to twins.

use ndarray::ArrayView4;
use striate_base::{CancelToken, Progress};
use striate_model::Windows;

use super::display::{Cycle, Display, Stimulus};
use crate::error::InsilicoError;
use crate::parts::{Part, Parts};
use crate::subject::{OwnClips, Subject};

/// Pixels of all frames of all clips of a call, which bounds its memory.
const PIXELS_AT_A_TIME: usize = 1 << 18;

/// Gratings, or neurons, whose responses are kept together.
const IN_PART: usize = 64;

/// Responses `[neuron][stimulus]`.
pub(super) type Responses = Vec<Vec<Cycle>>;

/// Whoever watches, and what is kept of finished work.
pub(super) type Watch<'a> = (&'a mut dyn Progress, &'a CancelToken, &'a Parts);

/// Bytes that showing stimuli takes at once, about, where they are longer than what the twins need anyway.
pub(super) fn shown_bytes(subject: &Subject<'_>, display: Display) -> u64 {
    let [height, width] = subject.screen();
    let (n_clips, n_frames) = (display.n_clips(), display.n_frames());
    let n_values = (n_clips * n_frames * height * width) as u64;
    8 * n_values + subject.own_gradient_bytes(n_clips, n_frames, [height, width])
}

/// Responses of all of `neurons` to the same stimuli on the whole screen.
pub(super) fn on_screen(
    subject: &Subject<'_>,
    neurons: &[usize],
    (display, stimuli): (Display, &[Stimulus]),
    (progress, cancel, parts): Watch<'_>,
) -> Result<Responses, InsilicoError> {
    let size = subject.screen();
    let n_values = display.n_clips() * display.n_frames() * size[0] * size[1];
    let mut found: Responses = neurons.iter().map(|_| Vec::with_capacity(stimuli.len())).collect();
    for (number, stimuli) in stimuli.chunks(IN_PART).enumerate() {
        let mut n_done = 0;
        let part = parts.finished_or(&format!("gratings-{number}"), || {
            let mut of_part: Responses = vec![Vec::new(); neurons.len()];
            for some in stimuli.chunks((PIXELS_AT_A_TIME / n_values).max(1)) {
                if cancel.is_cancelled() {
                    return Err(InsilicoError::Cancelled);
                }
                show(subject, neurons, (display, some), &mut of_part)?;
                n_done += some.len();
                progress.advance(some.len() as u64);
            }
            Ok(kept(&of_part))
        })?;
        take(part, &mut found)?;
        progress.advance((stimuli.len() - n_done) as u64);
    }
    Ok(found)
}

/// Add the responses to some stimuli at once.
fn show(
    subject: &Subject<'_>,
    neurons: &[usize],
    (display, stimuli): (Display, &[Stimulus]),
    found: &mut Responses,
) -> Result<(), InsilicoError> {
    let size = subject.screen();
    let mut shown = Vec::new();
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
    Ok(())
}

/// Responses to as many stimuli each, `[neuron, stimulus, number]`.
fn kept(responses: &Responses) -> Part {
    let cycles = responses.iter().flatten();
    let numbers = cycles.flat_map(|c| [c.mean, c.harmonic[0], c.harmonic[1]]);
    let numbers: Vec<f32> = numbers.map(|number| number as f32).collect();
    let n_stimuli = responses.first().map_or(0, Vec::len);
    let mut part = Part::default();
    part.push("cycles", &[responses.len(), n_stimuli, 3], numbers);
    part
}

/// Add responses that were kept to those of the same neurons.
fn take(mut part: Part, onto: &mut [Vec<Cycle>]) -> Result<(), InsilicoError> {
    let numbers = part.take("cycles")?.values;
    let per_neuron = numbers.len() / onto.len().max(1);
    for (onto, numbers) in onto.iter_mut().zip(numbers.chunks_exact(per_neuron.max(1))) {
        onto.extend(numbers.chunks_exact(3).map(|cycle| {
            let [mean, cosine, sine] = [0, 1, 2].map(|place| f64::from(cycle[place]));
            Cycle { mean, harmonic: [cosine, sine] }
        }));
    }
    Ok(())
}

/// Response of each neuron to stimuli of its own, as many for each, `[neuron][stimulus]`, in windows.
pub(super) fn own(
    subject: &Subject<'_>,
    neurons: &[usize],
    (display, stimuli): (Display, &[Vec<Stimulus>]),
    (progress, cancel, parts): Watch<'_>,
) -> Result<Responses, InsilicoError> {
    let windows = subject.windows(neurons, 0)?;
    let mut found: Responses = vec![Vec::new(); neurons.len()];
    let each = found.chunks_mut(IN_PART).zip(windows.origins.chunks(IN_PART));
    let each = each.zip(neurons.chunks(IN_PART).zip(stimuli.chunks(IN_PART)));
    for (number, ((found, origins), (neurons, stimuli))) in each.enumerate() {
        let mut n_left = stimuli.iter().map(Vec::len).sum::<usize>();
        let part = parts.finished_or(&format!("own-{number}"), || {
            let windows = Windows { size: windows.size, origins: origins.to_vec() };
            let done = &mut |n: usize| {
                n_left -= n;
                progress.advance(n as u64);
            };
            let shown = (display, stimuli);
            Ok(kept(&own_of_some(subject, neurons, &windows, shown, (done, cancel))?))
        })?;
        take(part, found)?;
        progress.advance(n_left as u64);
    }
    Ok(found)
}

fn own_of_some(
    subject: &Subject<'_>,
    neurons: &[usize],
    windows: &Windows,
    (display, stimuli): (Display, &[Vec<Stimulus>]),
    (done, cancel): (&mut dyn FnMut(usize), &CancelToken),
) -> Result<Responses, InsilicoError> {
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
        done(pairs.len());
    }
    Ok(found)
}

/// Where each neuron looks: the centre, x and y, of the energy of its response's gradient while it is shown
/// a stimulus of its own.
pub(super) fn centres(
    subject: &Subject<'_>,
    neurons: &[usize],
    (display, stimuli): (Display, &[Stimulus]),
    (progress, cancel, parts): Watch<'_>,
) -> Result<Vec<[f64; 2]>, InsilicoError> {
    let windows = subject.windows(neurons, 0)?;
    let size = windows.size;
    let mut found = Vec::new();
    let each = neurons.chunks(IN_PART).zip(windows.origins.chunks(IN_PART));
    for (number, ((neurons, origins), stimuli)) in each.zip(stimuli.chunks(IN_PART)).enumerate() {
        let mut part = parts.finished_or(&format!("places-{number}"), || {
            let mut places = Vec::new();
            for ((&neuron, &origin), stimulus) in neurons.iter().zip(origins).zip(stimuli) {
                if cancel.is_cancelled() {
                    return Err(InsilicoError::Cancelled);
                }
                let centre = centre(subject, neuron, (display, stimulus), (size, origin))?;
                places.extend(centre.map(|at| at as f32));
            }
            let mut part = Part::default();
            part.push("places", &[neurons.len(), 2], places);
            Ok(part)
        })?;
        let places = part.take("places")?.values;
        found.extend(places.chunks_exact(2).map(|at| [f64::from(at[0]), f64::from(at[1])]));
        progress.advance(neurons.len() as u64);
    }
    Ok(found)
}

fn centre(
    subject: &Subject<'_>,
    neuron: usize,
    (display, stimulus): (Display, &Stimulus),
    (size, origin): ([usize; 2], [usize; 2]),
) -> Result<[f64; 2], InsilicoError> {
    let (n_clips, n_frames) = (display.n_clips(), display.n_frames());
    let mut shown = Vec::new();
    display.draw(stimulus, &subject.training, (size, origin), &mut shown)?;
    let (who, here) = (vec![neuron; n_clips], vec![origin; n_clips]);
    let here = Windows { size, origins: here };
    let clips = OwnClips { neurons: &who, windows: &here, n_frames, stimulus: &shown };
    let (_, gradient) = subject.own_gradient(&clips, &display.apart())?;
    Ok(centre_of(&gradient, size, origin))
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
