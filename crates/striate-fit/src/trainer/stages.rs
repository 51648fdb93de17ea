//! From one stage of a fit to the next.

use striate_base::Progress;

use super::{Rules, Trainer};
use crate::error::FitError;
use crate::optimiser::{Optimiser, is_frozen};
use crate::run::WITHOUT_LATENTS;
use crate::stage::{Stage, StageKind};
use crate::stopping::StopperState;

impl Trainer<'_> {
    /// Begin the progress of the stage.
    pub(super) fn announce(&self, progress: &mut dyn Progress) {
        let what = match self.state.stage.kind {
            StageKind::All => "fitting",
            StageKind::WithoutLatents => "fitting without latents",
        };
        progress.start(what, Some(self.rules.max_steps));
        progress.advance(self.steps_of_stage());
    }

    /// Let the twin take part in the stage with what is fitted in it.
    pub(crate) fn prepare_twin(&mut self) {
        let kind = self.state.stage.kind;
        self.twin.use_latents(kind == StageKind::All);
        self.twin.freeze(|parameter| is_frozen(&self.config.fit, kind, parameter));
    }

    /// Go over to the next stage, if there is one: weights stay, everything else starts afresh.
    pub(super) fn begin_next_stage(&mut self) -> Result<bool, FitError> {
        if self.state.stage.kind == StageKind::All {
            return Ok(false);
        }
        let folder = self.traces.folder.join(WITHOUT_LATENTS);
        std::fs::create_dir_all(&folder)
            .map_err(|e| FitError::io("cannot make the folder", e, &folder))?;
        self.twin.save(&folder)?;
        let kind = StageKind::All;
        self.rules = Rules::new(self.config, kind, self.rules.steps_per_epoch);
        self.state.stage =
            Stage { kind, first_step: self.state.step, first_epoch: self.state.epoch };
        self.state.schedule = self.rules.schedule.start();
        self.state.stopper = StopperState::default();
        self.state.ended = None;
        self.best = None;
        self.prepare_twin();
        self.optimiser = Optimiser::new(&self.config.fit, kind, &self.twin)?;
        Ok(true)
    }

    pub(super) fn steps_of_stage(&self) -> u64 {
        self.state.step - self.state.stage.first_step
    }

    pub(super) fn epochs_of_stage(&self) -> u64 {
        self.state.epoch - self.state.stage.first_epoch
    }
}
