//! From batches to an experiment.

use ndarray::ArrayView4;
use striate_model::Windows;

use super::config::{ExcitingConfig, Goal, shown_at_once};
use super::constraint::similarity;
use crate::error::InsilicoError;
use crate::experiment::Experiment;
use crate::familiarity::{self, Familiarity, Strangeness};
use crate::parts::Part;
use crate::subject::{OwnClips, Subject};

/// The best inputs found so far.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// `[neuron, frame, row, column]`
    inputs: Vec<f32>,
    /// `[neuron, copy, frame, row, column]`; empty without diverse inputs.
    diverse: Vec<f32>,
    diverse_responses: Vec<f32>,
    responses: Vec<f64>,
    /// Standard deviation of the best response over starts.
    spreads: Vec<f64>,
    /// Mean absolute similarity of the best input with those of the other starts.
    agreements: Vec<f64>,
    origins: Vec<[usize; 2]>,
    /// Frames, rows and columns of an input.
    shape: [usize; 3],
    goal: Goal,
    mean: f32,
}

impl Results {
    /// The batches to come are of this search.
    pub(super) fn of(subject: &Subject<'_>, goal: Goal) -> Self {
        Self { goal, mean: subject.training.mean, ..Self::default() }
    }

    /// Take over a batch.
    pub(super) fn extend(&mut self, mut part: Part) -> Result<(), InsilicoError> {
        let (responses, inputs) = (part.take("response")?, part.take("input")?);
        let (&[_, starts, copies], &[.., n_frames, height, width]) =
            (&responses.shape[..], &inputs.shape[..])
        else {
            let found = format!("{:?}, {:?}", responses.shape, inputs.shape);
            return Err(InsilicoError::mismatch("shape of a part", found, "three and six axes"));
        };
        self.shape = [n_frames, height, width];
        let per_clip = n_frames * height * width;
        let per_neuron = inputs.values.chunks_exact(starts * copies * per_clip);
        for (responses, inputs) in responses.values.chunks_exact(starts * copies).zip(per_neuron) {
            self.add(responses, inputs, copies, per_clip);
        }
        let origins = part.take("origin")?.values;
        self.origins.extend(origins.chunks_exact(2).map(|at| [at[0] as usize, at[1] as usize]));
        Ok(())
    }

    /// One neuron: responses `[start, copy]` and the inputs in the same order.
    fn add(&mut self, responses: &[f32], inputs: &[f32], copies: usize, per_clip: usize) {
        let sign = self.goal.sign();
        let clip = |place: usize| &inputs[place * per_clip..][..per_clip];
        let best_of = |places: std::ops::Range<usize>| {
            places.max_by(|&a, &b| (sign * responses[a]).total_cmp(&(sign * responses[b])))
        };
        let starts: Vec<usize> = (0..responses.len() / copies)
            .filter_map(|start| best_of(start * copies..(start + 1) * copies))
            .collect();
        let Some(best) = best_of(0..responses.len()) else { return };
        let found: Vec<f64> = starts.iter().map(|&place| f64::from(responses[place])).collect();
        let n = found.len() as f64;
        let mean = found.iter().sum::<f64>() / n;
        let variance = found.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let others = starts.iter().filter(|&&place| place / copies != best / copies);
        let alike = others.map(|&other| similarity(clip(best), clip(other), self.mean).abs());
        self.responses.push(f64::from(responses[best]));
        self.spreads.push(variance.sqrt());
        self.agreements.push(alike.sum::<f64>() / (n - 1.0));
        self.inputs.extend(clip(best));
        if copies > 1 {
            let first = best / copies * copies;
            self.diverse.extend(&inputs[first * per_clip..][..copies * per_clip]);
            self.diverse_responses.extend(&responses[first..first + copies]);
        }
    }

    /// Everything that is told of the inputs; `extremes` are the session's neurons' responses to the training
    /// stimuli that drive them furthest.
    pub(super) fn finish(
        self,
        (subject, extremes): (&Subject<'_>, &[f32]),
        neurons: &[usize],
        config: &ExcitingConfig,
    ) -> Result<Experiment, InsilicoError> {
        let mut found = Experiment {
            kind: config.goal.kind().into(),
            session: subject.id.clone(),
            neurons: neurons.to_vec(),
            ..Experiment::default()
        };
        let [n_frames, height, width] = self.shape;
        let axes = [("neuron", neurons.len()), ("frame", n_frames), ("y", height), ("x", width)];
        let about = "The input, in the neuron's window, on the scale of the recording's stimulus.";
        self.response_columns((subject, extremes), neurons, &mut found)?;
        found.summary.insert("n_neurons".into(), neurons.len() as f64);
        let share = ("share_beyond_best_training", config.goal);
        summarise(&mut found, share, ["response", "best_training_response"]);
        if config.n_diverse > 1 {
            let copies = ("copy", config.n_diverse);
            let axes = [&axes[..1], &[copies], &axes[1..]].concat();
            let what = ("diverse_input", "", "Distinct inputs of the neuron.");
            found.array(what, &axes, self.diverse)?;
            let what = ("diverse_response", "response", "Responses to the distinct inputs.");
            found.array(what, &axes[..2], self.diverse_responses)?;
        }
        found.array(("input", "", about), &axes, self.inputs)?;
        Ok(found)
    }

    fn response_columns(
        &self,
        (subject, extremes): (&Subject<'_>, &[f32]),
        neurons: &[usize],
        found: &mut Experiment,
    ) -> Result<(), InsilicoError> {
        let unit = "response";
        found.column("response", unit, "Response to the input.", self.responses.clone());
        if subject.n_twins() > 1 {
            let errors = self.errors_over_twins(subject, neurons)?;
            let about = "Standard error of the response over twins.";
            found.column("response_error", unit, about, errors);
        }
        let about = "Standard deviation of the best response over starts.";
        found.column("start_spread", unit, about, self.spreads.clone());
        let about = "Mean absolute correlation of the input with those from other starts.";
        found.column("start_agreement", "", about, self.agreements.clone());
        let about = "Mean response over as many frames of the training stimuli, where they drive the \
                     neuron furthest.";
        let values = neurons.iter().map(|&neuron| f64::from(extremes[neuron]));
        found.column("best_training_response", unit, about, values);
        let about = "Row of the window's upper left pixel on the screen.";
        found.column("window_row", "px", about, self.origins.iter().map(|at| at[0] as f64));
        let about = "Column of the window's upper left pixel on the screen.";
        found.column("window_column", "px", about, self.origins.iter().map(|at| at[1] as f64));
        self.familiarity_columns(subject, found)
    }

    /// How far the inputs are from training stimuli seen through the same windows.
    fn familiarity_columns(
        &self,
        subject: &Subject<'_>,
        found: &mut Experiment,
    ) -> Result<(), InsilicoError> {
        let [n_frames, height, width] = self.shape;
        let windows = Windows { size: [height, width], origins: self.origins.clone() };
        let known = Familiarity::in_windows(&subject.training, &windows)?;
        let shape = (self.origins.len(), n_frames, height, width);
        let inputs = ArrayView4::from_shape(shape, &self.inputs)
            .map_err(|e| InsilicoError::mismatch("inputs", e, format!("{shape:?}")))?;
        let judged: Vec<[f64; 2]> = known.judge(inputs)?.iter().map(Strangeness::numbers).collect();
        familiarity::columns(found, "", "the input", &judged);
        Ok(())
    }

    /// Standard error over twins of the response to each input.
    fn errors_over_twins(
        &self,
        subject: &Subject<'_>,
        neurons: &[usize],
    ) -> Result<Vec<f64>, InsilicoError> {
        let n_twins = subject.n_twins() as f64;
        let mut sums = vec![[0.0f64; 2]; neurons.len()];
        for twin in subject.alone() {
            for (sums, response) in sums.iter_mut().zip(self.respond(&twin, neurons)?) {
                sums[0] += response;
                sums[1] += response * response;
            }
        }
        let error = |[sum, squares]: [f64; 2]| {
            let variance = (squares - sum * sum / n_twins) / (n_twins - 1.0);
            (variance.max(0.0) / n_twins).sqrt()
        };
        Ok(sums.into_iter().map(error).collect())
    }

    /// Responses of a subject to the inputs, in windows that fit it.
    fn respond(&self, subject: &Subject<'_>, neurons: &[usize]) -> Result<Vec<f64>, InsilicoError> {
        let windows =
            Windows { size: [self.shape[1], self.shape[2]], origins: self.origins.clone() };
        respond_to_inputs(subject, neurons, &windows, (self.shape[0], &self.inputs))
    }
}

/// Mean responses of neurons to inputs `[neuron, frame, row, column]` shown in windows of a screen that is
/// grey elsewhere.
pub(super) fn respond_to_inputs(
    subject: &Subject<'_>,
    neurons: &[usize],
    windows: &Windows,
    (n_frames, inputs): (usize, &[f32]),
) -> Result<Vec<f64>, InsilicoError> {
    let [height, width] = subject.screen();
    let [rows, columns] = windows.size;
    let per_input = n_frames * rows * columns;
    let n_predicted = n_frames + 1 - subject.n_lags();
    let mut responses = Vec::with_capacity(neurons.len());
    let at_once = shown_at_once([height, width], n_frames);
    for (index, some) in neurons.chunks(at_once).enumerate() {
        let first = index * at_once;
        let mut screens = vec![subject.training.mean; some.len() * n_frames * height * width];
        let clips = screens.chunks_exact_mut(n_frames * height * width);
        for (clip, screen) in clips.enumerate() {
            let [row, column] = windows.origins[first + clip];
            let input = &inputs[(first + clip) * per_input..][..per_input];
            for (line, values) in input.chunks_exact(columns).enumerate() {
                let (frame, y) = (line / rows, row + line % rows);
                let at = (frame * height + y) * width + column;
                screen[at..at + columns].copy_from_slice(values);
            }
        }
        let whole = Windows { size: [height, width], origins: vec![[0, 0]; some.len()] };
        let clips = OwnClips { neurons: some, windows: &whole, n_frames, stimulus: &screens };
        let found = subject.own_responses(&clips)?;
        let mean = |of: &[f32]| of.iter().map(|&r| f64::from(r)).sum::<f64>() / n_predicted as f64;
        responses.extend(found.chunks_exact(n_predicted).map(mean));
    }
    Ok(responses)
}

/// Tell in the summary, as `name`, the share of the neurons whose input drives them further than any training
/// stimulus, among those of which both responses are known; nothing where there are none.
pub(super) fn summarise(
    found: &mut Experiment,
    (name, goal): (&str, Goal),
    [input, training]: [&str; 2],
) {
    let sign = f64::from(goal.sign());
    let of = |name| found.values_of(name).unwrap_or_default().iter();
    let pairs = of(input).zip(of(training)).filter_map(|(input, training)| input.zip(*training));
    let beyond: Vec<bool> = pairs.map(|(input, training)| sign * input > sign * training).collect();
    if !beyond.is_empty() {
        let n_beyond = beyond.iter().filter(|&&beyond| beyond).count();
        found.summary.insert(name.into(), n_beyond as f64 / beyond.len() as f64);
    }
}
