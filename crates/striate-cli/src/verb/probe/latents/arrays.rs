//! Latents as arrays.

use std::path::Path;

use striate::formats::npz::NpzWriter;
use striate::score::latents::posterior_means;

use crate::context::Context;
use crate::failure::Failure;
use crate::run::OpenedRun;

pub(super) fn refuse_other_ending(path: &Path) -> Result<(), Failure> {
    if path.extension().is_some_and(|extension| extension == "npz") {
        return Ok(());
    }
    Err(Failure::usage(format!("found another ending, expected .npz: {}", path.display())))
}

/// Write the posterior means of every trial of a tier.
pub(super) fn write(
    run: &OpenedRun,
    tier: &str,
    path: &Path,
    context: &Context,
) -> Result<(), Failure> {
    let mut writer = NpzWriter::create(path)?;
    for (place, session) in run.recording.sessions.iter().enumerate() {
        for trial in session.trials_of(tier) {
            if context.cancel.is_cancelled() {
                return Err(Failure::interrupted("interrupted while writing latents".to_owned()));
            }
            let Some(means) = posterior_means(&run.twin, &run.recording, place, trial)? else {
                continue;
            };
            let name = format!("{}/{}", session.info.id, session.info.trials[trial].id);
            writer.write_f32(&name, &means.view().into_dyn())?;
        }
    }
    Ok(writer.finish()?)
}
