//! What the twin was trained on, as far as an experimenter must know it.

use ndarray::{Array4, Axis, s};
use serde::{Deserialize, Serialize};
use striate_recording::{Session, SessionInfo, StimulusKind, TrialData};

use crate::error::{InsilicoError, in_range};

/// Widest range of luminance in standard deviations of the training stimuli.
const WIDEST: f64 = 1000.0;

/// How training stimuli are sampled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// The tier that the twin was trained on. Default `"train"`.
    pub tier: String,
    /// Trials looked at, evenly spread over the tier, 1 to 100 000. Default 60 videos or 600 images.
    pub n_trials: Option<usize>,
    /// Clips kept of each video, evenly spread over it, 1 to 1000. Default 10.
    pub clips_per_trial: usize,
    /// Values of luminance 0 and 255 on the scale of the recording's stimulus, for a recording whose
    /// stimuli do not reach both. Default: the lowest and the highest value seen.
    pub luminance_range: Option<[f32; 2]>,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self { tier: "train".into(), n_trials: None, clips_per_trial: 10, luminance_range: None }
    }
}

impl TrainingConfig {
    /// Refuse settings outside their ranges.
    ///
    /// # Errors
    /// [`InsilicoError::OutOfRange`].
    pub fn check(&self) -> Result<(), InsilicoError> {
        let (n, range) = (self.n_trials.unwrap_or(1), 1..=100_000);
        in_range("training.n_trials", n, range.contains(&n), "1 to 100000")?;
        let n = self.clips_per_trial;
        in_range("training.clips_per_trial", n, (1..=1000).contains(&n), "1 to 1000")?;
        let Some([low, high]) = self.luminance_range else { return Ok(()) };
        let holds = low.is_finite() && high.is_finite() && low < high;
        let expected = "two finite numbers, the lower one first";
        in_range("training.luminance_range", format!("{low}, {high}"), holds, expected)
    }

    /// Bytes that [`TrainingSample::read`] holds of a session, for clips of `n_frames` frames, about: the clips,
    /// and a trial as it is read.
    pub fn needed_bytes(&self, session: &SessionInfo, n_frames: usize) -> u64 {
        let (n_frames, per_trial) = self.of_trial(session, n_frames);
        let trials = session.trials.iter().filter(|trial| trial.tier == self.tier);
        let longest = trials.clone().map(|trial| trial.n_frames).max().unwrap_or(0);
        let n_clips = per_trial * self.wanted(session).min(trials.count());
        let per_frame = 4 * (session.height * session.width) as u64;
        let beside = 4 * (session.n_neurons + session.n_behaviour + 2) as u64;
        per_frame * (n_clips * n_frames) as u64 + 2 * (per_frame + beside) * longest as u64
    }

    /// Frames of a clip and clips of a trial.
    fn of_trial(&self, session: &SessionInfo, n_frames: usize) -> (usize, usize) {
        match session.kind {
            StimulusKind::Image => (1, 1),
            StimulusKind::Video => (n_frames, self.clips_per_trial),
        }
    }

    /// Trials looked at, where there are as many.
    fn wanted(&self, session: &SessionInfo) -> usize {
        let usual = if session.kind == StimulusKind::Image { 600 } else { 60 };
        self.n_trials.unwrap_or(usual)
    }
}

/// Clips of the stimuli that a twin was trained on, and what follows from them.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingSample {
    /// `[clip, frame, height, width]` on the scale of the recording's stimulus (normalised).
    pub clips: Array4<f32>,
    /// Values of luminance 0 and 255.
    pub luminance_range: [f32; 2],
    /// Mean over all pixels seen.
    pub mean: f32,
    /// Standard deviation of all pixels seen.
    pub deviation: f32,
    /// Mean behaviour, `[channel]`; `None` where none was recorded.
    pub behaviour: Option<Vec<f32>>,
    /// Mean position of the pupil; `None` where it was not recorded.
    pub pupil_center: Option<[f32; 2]>,
    /// Frames per second; `None` for images and where it is not known.
    pub frame_rate_hz: Option<f64>,
}

impl TrainingSample {
    /// Sample clips of `n_frames` frames (of one where the session shows images).
    ///
    /// # Errors
    /// [`InsilicoError::NotEnough`] for a session without trials of that tier and length, and for stimuli
    /// that are all the same; [`InsilicoError::OutOfRange`] for settings, and a luminance range without the
    /// stimuli's mean; [`InsilicoError::Recording`] where it cannot be read.
    pub fn read(
        session: &Session,
        n_frames: usize,
        config: &TrainingConfig,
    ) -> Result<Self, InsilicoError> {
        config.check()?;
        let (n_frames, per_trial) = config.of_trial(&session.info, n_frames);
        let trials = long_enough(session, &config.tier, n_frames)?;
        let wanted = config.wanted(&session.info).min(trials.len());
        let per_clip = n_frames * session.info.height * session.info.width;
        let mut sums = Sums::default();
        let mut clips = Vec::with_capacity(wanted * per_trial * per_clip);
        for place in spread(trials.len(), wanted) {
            let data = session.load_whole(trials[place])?;
            sums.add(&data);
            let last = data.stimulus.dim().0 - n_frames;
            for first in spread(last + 1, per_trial) {
                clips.extend(data.stimulus.slice(s![first..first + n_frames, .., ..]).iter());
            }
        }
        let (height, width) = (session.info.height, session.info.width);
        let n_clips = clips.len() / per_clip.max(1);
        let clips = Array4::from_shape_vec((n_clips, n_frames, height, width), clips)
            .map_err(|e| InsilicoError::mismatch("training clips", e, "whole clips"))?;
        sums.finish(clips, session, config)
    }

    /// The value of grey: half-way between luminance 0 and 255.
    pub fn grey(&self) -> f32 {
        f32::midpoint(self.luminance_range[0], self.luminance_range[1])
    }

    /// A luminance, 0 to 255, on the scale of the recording's stimulus.
    ///
    /// ```
    /// # use striate_insilico::TrainingSample;
    /// # use ndarray::Array4;
    /// let sample = TrainingSample {
    ///     clips: Array4::zeros((1, 1, 2, 2)), luminance_range: [-2.0, 3.0], mean: 0.0, deviation: 1.0,
    ///     behaviour: None, pupil_center: None, frame_rate_hz: Some(30.0),
    /// };
    /// assert_eq!([0.0, 127.5, 255.0].map(|l| sample.shown(l)), [-2.0, 0.5, 3.0]);
    /// ```
    pub fn shown(&self, luminance: f32) -> f32 {
        let [low, high] = self.luminance_range;
        low + (high - low) * luminance / 255.0
    }
}

/// Trials of a tier that have at least so many frames.
fn long_enough(
    session: &Session,
    tier: &str,
    n_frames: usize,
) -> Result<Vec<usize>, InsilicoError> {
    let mut trials = session.trials_of(tier);
    let n_all = trials.len();
    trials.retain(|&trial| session.info.trials[trial].n_frames >= n_frames);
    if trials.is_empty() {
        return Err(InsilicoError::NotEnough {
            what: format!("trials of tier `{tier}` in session {}", session.info.id),
            found: format!("{n_all} trials, none of {n_frames} frames or more"),
            expected: "at least one, to know what the twin was trained on".into(),
        });
    }
    Ok(trials)
}

/// At most `wanted` places of `0..n`, evenly spread.
pub(crate) fn spread(n: usize, wanted: usize) -> impl Iterator<Item = usize> {
    let wanted = wanted.min(n);
    (0..wanted).map(move |i| (2 * i + 1) * n / (2 * wanted))
}

/// Running sums over trials.
struct Sums {
    n_pixels: f64,
    sum: f64,
    squares: f64,
    range: [f32; 2],
    n_frames: f64,
    behaviour: Vec<f64>,
    pupil_center: Vec<f64>,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            n_pixels: 0.0,
            sum: 0.0,
            squares: 0.0,
            range: [f32::INFINITY, f32::NEG_INFINITY],
            n_frames: 0.0,
            behaviour: Vec::new(),
            pupil_center: Vec::new(),
        }
    }
}

impl Sums {
    fn add(&mut self, data: &TrialData) {
        for &value in &data.stimulus {
            self.sum += f64::from(value);
            self.squares += f64::from(value).powi(2);
            self.range = [self.range[0].min(value), self.range[1].max(value)];
        }
        self.n_pixels += data.stimulus.len() as f64;
        self.n_frames += data.stimulus.dim().0 as f64;
        let of = |sums: &mut Vec<f64>, values: &Option<ndarray::Array2<f32>>| {
            let Some(values) = values else { return };
            sums.resize(values.ncols(), 0.0);
            for row in values.axis_iter(Axis(0)) {
                sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
            }
        };
        of(&mut self.behaviour, &data.behaviour);
        of(&mut self.pupil_center, &data.pupil_center);
    }

    fn finish(
        self,
        clips: Array4<f32>,
        session: &Session,
        config: &TrainingConfig,
    ) -> Result<TrainingSample, InsilicoError> {
        let mean = self.sum / self.n_pixels;
        let deviation = (self.squares / self.n_pixels - mean * mean).max(0.0).sqrt();
        // Squares are summed in f64; what remains of equal values is far below this.
        if deviation <= 1e-6 * mean.abs().max(1e-6) {
            return Err(InsilicoError::NotEnough {
                what: format!("stimuli of session {}", session.info.id),
                found: format!("pixels that are all {mean}"),
                expected: "a stimulus".into(),
            });
        }
        let luminance_range = config.luminance_range.unwrap_or(self.range);
        let [low, high] = luminance_range.map(f64::from);
        let expected = format!("a range around the training stimuli's mean of {mean}");
        let holds = (low..=high).contains(&mean);
        in_range("training.luminance_range", format!("{low}, {high}"), holds, &expected)?;
        // A contrast of a thousandth is next to nothing for single precision.
        let expected = format!("a range of at most {WIDEST} standard deviations of {deviation:.3}");
        let holds = high - low <= WIDEST * deviation;
        in_range("training.luminance_range", format!("{low}, {high}"), holds, &expected)?;
        let means = |sums: &[f64]| -> Vec<f32> {
            sums.iter().map(|sum| (sum / self.n_frames) as f32).collect()
        };
        let pupil = means(&self.pupil_center);
        Ok(TrainingSample {
            clips,
            luminance_range,
            mean: mean as f32,
            deviation: deviation as f32,
            behaviour: (!self.behaviour.is_empty()).then(|| means(&self.behaviour)),
            pupil_center: <[f32; 2]>::try_from(pupil).ok(),
            frame_rate_hz: session.info.frame_rate_hz,
        })
    }
}
