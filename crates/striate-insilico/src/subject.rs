//! One twin, or several that answer as one.

use ndarray::{Array2, Array3, ArrayView4};
use striate_base::RandomStream;
use striate_model::{ClipInput, Twin, WindowInput, Windows};
use striate_recording::{Session, TrialData};

use crate::error::InsilicoError;
use crate::training::{TrainingConfig, TrainingSample};

/// What experiments are done on: twins of one session of a recording, and what they were trained on.
///
/// Several twins answer with the mean of their responses. Behaviour and pupil stay at their means over
/// training, latents at 0 where gradients are taken and averaged over their prior elsewhere.
pub struct Subject<'a> {
    /// Each twin and the session's number in it.
    twins: Vec<(&'a Twin, usize)>,
    /// Name of the session.
    pub id: String,
    /// What the twins were trained on; clips of [`Subject::n_lags`] frames.
    pub training: TrainingSample,
    n_neurons: usize,
    n_lags: usize,
}

/// A clip for each of some neurons, on the window of the screen that it sees.
#[derive(Debug, Clone, Copy)]
pub struct OwnClips<'a> {
    /// Numbers of the neurons, one for each clip.
    pub neurons: &'a [usize],
    /// Their windows ([`Subject::windows`]).
    pub windows: &'a Windows,
    /// Frames of each clip, at least [`Subject::n_lags`].
    pub n_frames: usize,
    /// `[clip, frame, row, column]` on the scale of the recording's stimulus.
    pub stimulus: &'a [f32],
}

impl<'a> Subject<'a> {
    /// Bring the twins before the display. All must have the session, with as many neurons, and the same
    /// screen.
    ///
    /// # Errors
    /// [`InsilicoError::Mismatch`] for twins that do not fit the session or each other, and what
    /// [`TrainingSample::read`] reports.
    pub fn new(
        twins: &[&'a Twin],
        session: &Session,
        config: &TrainingConfig,
    ) -> Result<Self, InsilicoError> {
        let lags = twins.iter().map(|twin| twin.output_grid().n_lags);
        let training = TrainingSample::read(session, lags.max().unwrap_or(1), config)?;
        let subject = Self::of_sample(twins, &session.info.id, training)?;
        let (found, expected) = (session.info.n_neurons, subject.n_neurons);
        if found != expected {
            let what = format!("neurons of session {}", session.info.id);
            return Err(InsilicoError::mismatch(what, found, format!("{expected}, as the twin")));
        }
        Ok(subject)
    }

    /// [`Subject::new`] where the training stimuli are known already: clips of as many frames as one
    /// response depends on.
    ///
    /// # Errors
    /// [`InsilicoError::Mismatch`] for twins that do not fit the session, the clips or each other.
    pub fn of_sample(
        twins: &[&'a Twin],
        session: &str,
        training: TrainingSample,
    ) -> Result<Self, InsilicoError> {
        let (_, n_frames, height, width) = training.clips.dim();
        let mut placed = Vec::new();
        for &twin in twins {
            placed.push((twin, place_of(twin, session, [height, width])?));
        }
        let Some(&(first, place)) = placed.first() else {
            return Err(InsilicoError::mismatch("twins of an experiment", 0, "at least one"));
        };
        let n_neurons = first.spec().sessions[place].n_neurons;
        let counts = placed.iter().map(|(twin, place)| twin.spec().sessions[*place].n_neurons);
        if let Some(other) = counts.into_iter().find(|&n| n != n_neurons) {
            return Err(InsilicoError::mismatch("neurons of a further twin", other, n_neurons));
        }
        let lags = placed.iter().map(|(twin, _)| twin.output_grid().n_lags);
        let n_lags = lags.max().unwrap_or(1);
        if n_frames != n_lags {
            return Err(InsilicoError::mismatch("frames of training clips", n_frames, n_lags));
        }
        let id = session.to_owned();
        Ok(Self { twins: placed, id, training, n_neurons, n_lags })
    }

    /// Neurons of the session.
    pub fn n_neurons(&self) -> usize {
        self.n_neurons
    }

    /// Twins that answer as one.
    pub fn n_twins(&self) -> usize {
        self.twins.len()
    }

    /// Frames that one response depends on; 1 for images.
    pub fn n_lags(&self) -> usize {
        self.n_lags
    }

    /// Frames to either side that a response depends on besides, where a readout mixes frames
    /// ([`Twin::frames_ahead`]).
    pub fn frames_ahead(&self) -> usize {
        self.twins.iter().map(|(twin, _)| twin.frames_ahead()).max().unwrap_or(0)
    }

    /// Rows and columns of the screen.
    pub fn screen(&self) -> [usize; 2] {
        let (_, _, height, width) = self.training.clips.dim();
        [height, width]
    }

    /// The first of the twins, and the number of the session in it.
    pub(crate) fn first(&self) -> (&'a Twin, usize) {
        self.twins[0]
    }

    /// The twins one by one, as subjects of their own.
    pub fn alone(&self) -> impl Iterator<Item = Self> {
        self.twins.iter().map(|&twin| Self {
            twins: vec![twin],
            id: self.id.clone(),
            training: self.training.clone(),
            n_neurons: self.n_neurons,
            n_lags: self.n_lags,
        })
    }

    /// Mean responses `[clip, frame - (n_lags - 1), neuron]` to clips `[clip, frame, height, width]` on
    /// the scale of the recording's stimulus.
    ///
    /// # Errors
    /// [`InsilicoError::Model`] for clips that do not fit.
    pub fn respond(&self, clips: ArrayView4<'_, f32>) -> Result<Array3<f32>, InsilicoError> {
        let (n_clips, n_frames, _, _) = clips.dim();
        let stimulus = clips.as_standard_layout();
        let repeat = |values: &[f32]| values.repeat(n_clips * n_frames);
        let behaviour = self.training.behaviour.as_deref().map(repeat);
        let pupil_center = self.training.pupil_center.map(|at| repeat(&at));
        let mut mean = None;
        for &(twin, session) in &self.twins {
            let input = ClipInput {
                session,
                n_clips,
                n_frames,
                stimulus: stimulus.as_slice().unwrap_or_default(),
                behaviour: behaviour.as_deref(),
                pupil_center: pupil_center.as_deref(),
            };
            let found = self.last(&twin.predict(&input)?, (twin, n_frames, self.n_neurons));
            self.average(&mut mean, found);
        }
        let n_predicted = n_frames + 1 - self.n_lags;
        let shape = (n_clips, n_predicted, self.n_neurons);
        Array3::from_shape_vec(shape, mean.unwrap_or_default())
            .map_err(|e| InsilicoError::mismatch("responses", e, format!("{shape:?}")))
    }

    /// Responses `[frame - (n_lags - 1), neuron]` drawn from the predicted distribution for a trial with the
    /// behaviour recorded in it. Of several twins one draws, in turns of `turn`: a mean of several draws would
    /// vary less than any of them. Trials that are compared with each other need the same `turn`, or the
    /// differences between twins would pass for noise.
    pub(crate) fn draw(
        &self,
        data: &TrialData,
        turn: usize,
        random: &mut RandomStream,
    ) -> Result<Array2<f32>, InsilicoError> {
        let (twin, session) = self.twins[turn % self.twins.len()];
        let n_frames = data.stimulus.dim().0;
        let stimulus = data.stimulus.as_standard_layout();
        let input = ClipInput {
            session,
            n_clips: 1,
            n_frames,
            stimulus: stimulus.as_slice().unwrap_or_default(),
            behaviour: data.behaviour.as_ref().and_then(|values| values.as_slice()),
            pupil_center: data.pupil_center.as_ref().and_then(|values| values.as_slice()),
        };
        let found = self.last(&twin.sample(&input, random)?, (twin, n_frames, self.n_neurons));
        let shape = (n_frames + 1 - self.n_lags, self.n_neurons);
        Array2::from_shape_vec(shape, found)
            .map_err(|e| InsilicoError::mismatch("responses drawn", e, format!("{shape:?}")))
    }

    /// Windows that hold all that each neuron sees in every twin, and `margin` pixels more.
    ///
    /// # Errors
    /// [`InsilicoError::Model`] for a neuron that is not there.
    pub fn windows(&self, neurons: &[usize], margin: usize) -> Result<Windows, InsilicoError> {
        let pupil_center = self.training.pupil_center;
        let of = |&(twin, session): &(&Twin, usize)| {
            twin.windows(session, neurons, margin, pupil_center)
        };
        let all = self.twins.iter().map(of).collect::<Result<Vec<_>, _>>()?;
        let mut strides = self.twins.iter().map(|(twin, _)| twin.output_grid().stride);
        let stride = strides.next().unwrap_or([1.0; 2]);
        if strides.any(|other| other != stride) {
            // No window begins where each of the cores has a unit, but the screen.
            return Ok(Windows { size: self.screen(), origins: vec![[0, 0]; neurons.len()] });
        }
        Ok(Windows::hull(&all, self.screen(), stride.map(|stride| stride as usize)))
    }

    /// Bytes that [`Subject::own_gradient`] keeps in memory for clips on windows of `size`, about: every twin keeps
    /// its own.
    pub(crate) fn own_gradient_bytes(
        &self,
        n_clips: usize,
        n_frames: usize,
        size: [usize; 2],
    ) -> u64 {
        let of = |(twin, _): &(&Twin, usize)| twin.own_gradient_bytes(n_clips, n_frames, size);
        self.twins.iter().map(of).sum()
    }

    /// Response of each neuron to its own clip, `[clip, frame - (n_lags - 1)]`.
    ///
    /// # Errors
    /// [`InsilicoError::Model`] for clips that do not fit.
    pub fn own_responses(&self, clips: &OwnClips<'_>) -> Result<Vec<f32>, InsilicoError> {
        let mut mean = None;
        for &(twin, session) in &self.twins {
            let found = twin.own_responses(&self.input(clips, session))?;
            self.average(&mut mean, self.last(&found, (twin, clips.n_frames, 1)));
        }
        Ok(mean.unwrap_or_default())
    }

    /// [`Subject::own_responses`], and the gradient `[clip, frame, row, column]` of their sum, each
    /// weighted by `weights`, with respect to the stimulus.
    ///
    /// # Errors
    /// As [`Subject::own_responses`].
    pub fn own_gradient(
        &self,
        clips: &OwnClips<'_>,
        weights: &[f32],
    ) -> Result<(Vec<f32>, Vec<f32>), InsilicoError> {
        let (mut responses, mut gradient) = (None, None);
        let n_weights = clips.n_frames + 1 - self.n_lags;
        for &(twin, session) in &self.twins {
            // A twin that needs fewer frames predicts more; those have no weight.
            let before = self.n_lags - 1 - twin.frames_consumed();
            let widened = |of_clip: &[f32]| [&vec![0.0; before], of_clip].concat();
            let weights: Vec<f32> = weights.chunks_exact(n_weights).flat_map(widened).collect();
            let (found, slope) = twin.own_gradient(&self.input(clips, session), &weights)?;
            self.average(&mut responses, self.last(&found, (twin, clips.n_frames, 1)));
            self.average(&mut gradient, slope);
        }
        Ok((responses.unwrap_or_default(), gradient.unwrap_or_default()))
    }

    fn input<'c>(&'c self, clips: &OwnClips<'c>, session: usize) -> WindowInput<'c> {
        WindowInput {
            session,
            neurons: clips.neurons,
            windows: clips.windows,
            n_frames: clips.n_frames,
            stimulus: clips.stimulus,
            behaviour: self.training.behaviour.as_deref(),
            pupil_center: self.training.pupil_center,
        }
    }

    /// The frames that all twins predict of `[clip, frame, neuron]`.
    fn last(&self, all: &[f32], (twin, n_frames, n_neurons): (&Twin, usize, usize)) -> Vec<f32> {
        let skipped = (self.n_lags - 1 - twin.frames_consumed()) * n_neurons;
        let per_clip = (n_frames - twin.frames_consumed()) * n_neurons;
        all.chunks_exact(per_clip).flat_map(|clip| &clip[skipped..]).copied().collect()
    }

    /// Add one twin's share to a mean over twins.
    fn average(&self, mean: &mut Option<Vec<f32>>, found: Vec<f32>) {
        let n_twins = self.twins.len() as f32;
        match mean {
            None if self.twins.len() == 1 => *mean = Some(found),
            None => *mean = Some(found.into_iter().map(|value| value / n_twins).collect()),
            Some(mean) => {
                mean.iter_mut().zip(found).for_each(|(mean, value)| *mean += value / n_twins);
            }
        }
    }
}

/// The session's number in a twin that sees such a screen.
fn place_of(twin: &Twin, session: &str, screen: [usize; 2]) -> Result<usize, InsilicoError> {
    let spec = twin.spec();
    if [spec.height, spec.width] != screen {
        let found = format!("{} x {}", spec.height, spec.width);
        let expected = format!("{} x {}, as the recording's", screen[0], screen[1]);
        return Err(InsilicoError::mismatch("screen of the twin in pixels", found, expected));
    }
    let found = spec.sessions.iter().position(|shape| shape.id == session);
    found.ok_or_else(|| {
        let known: Vec<&str> = spec.sessions.iter().map(|shape| shape.id.as_str()).collect();
        let expected = format!("one of {}", known.join(", "));
        InsilicoError::mismatch("session of the twin", session, expected)
    })
}
