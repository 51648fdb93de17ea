//! Starting from the weights of another twin.

use std::path::Path;

use striate_model::Twin;

use crate::error::FitError;

/// Take over from the twin saved in `folder` every parameter of equal name and shape: the shared
/// parts, and the parts of sessions of the same id. The rest of `twin` stays as it was built.
///
/// # Errors
/// [`FitError::Mismatch`] where a shared part of that twin has another shape, or nothing fits.
pub(crate) fn take_over(twin: &mut Twin, folder: &Path) -> Result<u64, FitError> {
    let source = Twin::load(folder)?;
    let mut n_taken = 0;
    for parameter in &mut twin.parameters_mut().0 {
        let Some(found) = source.parameters().0.iter().find(|p| p.name == parameter.name) else {
            continue;
        };
        if found.shape != parameter.shape {
            return Err(FitError::Mismatch(format!(
                "`fit.start_from`: `{}` has shape {:?}, expected {:?} as configured: {}",
                parameter.name,
                found.shape,
                parameter.shape,
                folder.display()
            )));
        }
        parameter.values.copy_from_slice(&found.values);
        n_taken += found.values.len() as u64;
    }
    if n_taken == 0 {
        return Err(FitError::Mismatch(format!(
            "`fit.start_from`: found no parameter of this model's, expected a twin of the same \
             core: {}",
            folder.display()
        )));
    }
    Ok(n_taken)
}
