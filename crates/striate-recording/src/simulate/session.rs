//! Simulating one session: plan, population, trials, statistics, truth.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ndarray::{Array2, Array3, Axis};
use rayon::prelude::*;
use striate_base::{CancelToken, Progress, Streams};
use striate_stimuli::natural_video;

use super::SCORED_FROM_FRAME;
use super::calibration::calibrate;
use super::config::SimulationConfig;
use super::error::{SimulationError, file_error};
use super::layout::LayoutWriter;
use super::plan::{self, Showing, Tier};
use super::population::draw_population;
use super::response::{SeenVideo, draw_responses, rates, stimulus_rates};
use super::state::TrialState;
use super::statistics::{PairSums, PlaceSums};
use super::truth::{NeuronTruth, SessionTruth, TierCeilings};

/// Videos worked on at a time. Results are added up in the order of videos after each such batch,
/// so that the number of threads does not matter.
pub(super) const BATCH: usize = 8;

/// One session to simulate.
pub(super) struct SessionJob<'a> {
    config: &'a SimulationConfig,
    streams: Streams,
    id: String,
    cancel: &'a CancelToken,
}

/// Sums of one neuron in one tier: recorded response with its full and its stimulus expectation.
type CeilingSums = [PairSums; 2];

/// What a showing leaves to be added up.
struct Outcome {
    ceilings: Vec<CeilingSums>,
    /// Of the first trial, where it counts for the statistics.
    train: Option<TrainValues>,
}

struct TrainValues {
    video: Array2<f32>,
    responses: Array2<f32>,
    behaviour: Array2<f32>,
    pupil_center: Array2<f32>,
}

/// Everything added up over the trials of a session.
struct SessionSums {
    videos: PlaceSums,
    responses: PlaceSums,
    behaviour: PlaceSums,
    pupil_center: PlaceSums,
    ceilings: BTreeMap<Tier, Vec<CeilingSums>>,
}

impl<'a> SessionJob<'a> {
    pub(super) fn new(
        config: &'a SimulationConfig,
        streams: Streams,
        id: String,
        cancel: &'a CancelToken,
    ) -> Self {
        Self { config, streams, id, cancel }
    }

    /// Simulate into `parent/id`. The folder gets that name when it is complete.
    pub(super) fn run(
        self,
        parent: &Path,
        progress: &mut dyn Progress,
    ) -> Result<SessionTruth, SimulationError> {
        let target = parent.join(&self.id);
        if target.exists() {
            return Err(SimulationError::Exists { path: target });
        }
        let unfinished = parent.join(format!(".{}.unfinished", self.id));
        if unfinished.exists() {
            // Left behind by an interrupted simulation; nothing else uses that name.
            fs::remove_dir_all(&unfinished).map_err(file_error("clear the folder", &unfinished))?;
        }
        let writer = LayoutWriter::create(unfinished.clone(), self.config)?;
        let showings = plan::plan(&self.config.trials, &mut self.streams.stream("trial order"));
        let mut truth = SessionTruth::new(self.id.clone(), self.config.clone(), target.clone());
        truth.trials = plan::trials(&showings);
        truth.neurons = draw_population(self.config, &self.streams);
        calibrate(self.config, &self.streams, &mut truth.neurons, self.cancel)?;
        progress.start(&format!("simulate {}", self.id), Some(truth.trials.len() as u64));
        let sums = self.run_showings(&showings, &truth.neurons, &writer, progress)?;
        truth.ceilings =
            sums.ceilings.iter().map(|(tier, c)| (tier.name().to_owned(), ceilings(c))).collect();
        self.write_meta(&writer, &sums, &truth)?;
        fs::rename(&unfinished, &target).map_err(file_error("rename the folder", &unfinished))?;
        progress.finish();
        Ok(truth)
    }

    fn run_showings(
        &self,
        showings: &[Showing],
        neurons: &[NeuronTruth],
        writer: &LayoutWriter,
        progress: &mut dyn Progress,
    ) -> Result<SessionSums, SimulationError> {
        let mut sums = SessionSums::new(self.config);
        for batch in showings.chunks(BATCH) {
            let outcomes: Result<Vec<Outcome>, SimulationError> =
                batch.par_iter().map(|showing| self.show(showing, neurons, writer)).collect();
            for (showing, outcome) in batch.iter().zip(outcomes?) {
                sums.add(showing.tier, &outcome);
                progress.advance(showing.trials.len() as u64);
            }
        }
        Ok(sums)
    }

    /// Make a video, record every trial in which it is shown, write the files.
    fn show(
        &self,
        showing: &Showing,
        neurons: &[NeuronTruth],
        writer: &LayoutWriter,
    ) -> Result<Outcome, SimulationError> {
        let mut random = self.streams.stream(&format!("video {}", showing.video));
        let mut video = natural_video(&self.config.canvas, &self.config.video, &mut random)?;
        // Screens have 256 grey levels.
        video.mapv_inplace(f32::round);
        let seen = SeenVideo::new(video.view(), &self.config.normalisation);
        let n_recorded = if showing.copies { 1 } else { showing.trials.len() };
        let mut outcome =
            Outcome { ceilings: vec![CeilingSums::default(); neurons.len()], train: None };
        for (place, &trial) in showing.trials.iter().take(n_recorded).enumerate() {
            if place == 0 {
                writer.write_video(trial, &video)?;
            }
            let recorded = self.record(trial, &seen, neurons, (writer, &mut outcome.ceilings))?;
            if showing.tier == Tier::Train {
                outcome.train = Some(TrainValues { video: pixel_rows(&video), ..recorded });
            }
        }
        writer.link_showing(showing)?;
        Ok(outcome)
    }

    /// Record one trial and write what was recorded and what is true.
    fn record(
        &self,
        trial: usize,
        seen: &SeenVideo,
        neurons: &[NeuronTruth],
        (writer, ceilings): (&LayoutWriter, &mut Vec<CeilingSums>),
    ) -> Result<TrainValues, SimulationError> {
        let streams = self.streams.child(&format!("trial {trial}"));
        let state = TrialState::draw(self.config, &streams);
        let drive = seen.drive(neurons, Some(&state.eye_px), self.cancel)?;
        let by_stimulus = stimulus_rates(neurons, drive);
        let full = rates(neurons, &by_stimulus, &state);
        let shape = self.config.response.event_shape;
        let responses = draw_responses(neurons, &full, shape, &mut streams.stream("noise"));
        add_ceilings(ceilings, &responses, &full, &by_stimulus);
        writer.write_recorded("data/responses", trial, &responses)?;
        writer.write_recorded("data/behavior", trial, &state.behaviour)?;
        writer.write_recorded("data/pupil_center", trial, &state.pupil_center)?;
        writer.write_true("truth/rates", trial, &full)?;
        writer.write_true("truth/stimulus_rates", trial, &by_stimulus)?;
        writer.write_true("truth/latents", trial, &state.latents)?;
        writer.write_true("truth/eye", trial, &state.eye_px)?;
        let TrialState { behaviour, pupil_center, .. } = state;
        Ok(TrainValues { video: Array2::zeros((0, 0)), responses, behaviour, pupil_center })
    }

    fn write_meta(
        &self,
        writer: &LayoutWriter,
        sums: &SessionSums,
        truth: &SessionTruth,
    ) -> Result<(), SimulationError> {
        writer.write_neurons(&truth.neurons)?;
        writer.write_trials(&truth.trials)?;
        let window = self.config.statistics_window_frames;
        writer.write_statistics("videos", &sums.videos.per_row())?;
        writer.write_statistics("responses", &sums.responses.per_frame(window))?;
        writer.write_statistics("behavior", &sums.behaviour.per_row())?;
        writer.write_statistics("pupil_center", &sums.pupil_center.per_row())?;
        truth.write(writer.root())
    }
}

impl SessionSums {
    fn new(config: &SimulationConfig) -> Self {
        let canvas = &config.canvas;
        Self {
            videos: PlaceSums::new((1, canvas.n_frames * canvas.height * canvas.width)),
            responses: PlaceSums::new((config.n_neurons, canvas.n_frames)),
            behaviour: PlaceSums::new((2, canvas.n_frames)),
            pupil_center: PlaceSums::new((2, canvas.n_frames)),
            ceilings: BTreeMap::new(),
        }
    }

    fn add(&mut self, tier: Tier, outcome: &Outcome) {
        if let Some(values) = &outcome.train {
            self.videos.add(values.video.view());
            self.responses.add(values.responses.view());
            self.behaviour.add(values.behaviour.view());
            self.pupil_center.add(values.pupil_center.view());
        }
        let sums = self
            .ceilings
            .entry(tier)
            .or_insert_with(|| vec![CeilingSums::default(); outcome.ceilings.len()]);
        for (sum, more) in sums.iter_mut().zip(&outcome.ceilings) {
            sum[0].merge(&more[0]);
            sum[1].merge(&more[1]);
        }
    }
}

/// All pixels of all frames in one row.
fn pixel_rows(video: &Array3<f32>) -> Array2<f32> {
    video.flatten().insert_axis(Axis(0)).into_owned()
}

/// Add the scored frames of one trial; all frames where the trial is too short to be scored.
fn add_ceilings(
    sums: &mut [CeilingSums],
    responses: &Array2<f32>,
    full: &Array2<f32>,
    by_stimulus: &Array2<f32>,
) {
    let n_frames = responses.ncols();
    let first = if n_frames > SCORED_FROM_FRAME { SCORED_FROM_FRAME } else { 0 };
    for (row, sums) in sums.iter_mut().enumerate() {
        for frame in first..n_frames {
            let response = f64::from(responses[[row, frame]]);
            sums[0].add(response, f64::from(full[[row, frame]]));
            sums[1].add(response, f64::from(by_stimulus[[row, frame]]));
        }
    }
}

fn ceilings(sums: &[CeilingSums]) -> TierCeilings {
    TierCeilings {
        full: sums.iter().map(|s| s[0].correlation()).collect(),
        stimulus: sums.iter().map(|s| s[1].correlation()).collect(),
    }
}
