//! From the running fit to a checkpoint and back.

use striate_formats::safetensors::{NamedTensor, OwnedTensor};
use striate_model::Twin;

use super::Trainer;
use crate::checkpoint::{Checkpoint, Tensors};
use crate::error::{CheckpointError, FitError};
use crate::optimiser::Moments;

/// A copy of the twin's parameters and running statistics.
pub(super) fn snapshot(twin: &Twin) -> Tensors {
    let copy = |p: &striate_model::Parameter| OwnedTensor {
        name: p.name.clone(),
        shape: p.shape.clone(),
        values: p.values.clone(),
    };
    twin.parameters().0.iter().map(copy).collect()
}

/// Put a copy back.
pub(super) fn restore(twin: &mut Twin, copy: &Tensors) -> Result<(), CheckpointError> {
    for (parameter, saved) in twin.parameters_mut().0.iter_mut().zip(copy) {
        take(&mut parameter.values, saved)?;
    }
    Ok(())
}

fn take(target: &mut [f32], saved: &OwnedTensor) -> Result<(), CheckpointError> {
    if target.len() != saved.values.len() {
        return Err(misfit(&saved.name, saved.values.len(), target.len()));
    }
    target.copy_from_slice(&saved.values);
    Ok(())
}

fn misfit(name: &str, found: usize, expected: usize) -> CheckpointError {
    CheckpointError::Tensor {
        name: name.to_owned(),
        found: format!("has {found} values"),
        expected: expected.to_string(),
    }
}

/// A tensor's name in a checkpoint, its shape and its values.
type Entry<'a> = (String, Vec<usize>, &'a [f32]);

impl Trainer<'_> {
    /// Write a checkpoint of the state between two steps.
    pub(super) fn save(&mut self) -> Result<(), FitError> {
        self.state.trackers = self.traces.sync()?;
        let entries = self.entries();
        let tensors: Vec<NamedTensor<'_>> = entries
            .iter()
            .map(|(name, shape, values)| NamedTensor { name, shape, values })
            .collect();
        Ok(self.traces.store.write(&self.state, &self.traces.config_hash, &tensors)?)
    }

    fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries: Vec<Entry<'_>> = Vec::new();
        for (p, moments) in self.twin.parameters().0.iter().zip(&self.optimiser.moments) {
            entries.push((format!("twin/{}", p.name), p.shape.clone(), &p.values));
            if !moments.first.is_empty() {
                let name = format!("first_moment/{}", p.name);
                entries.push((name, p.shape.clone(), &moments.first));
                let name = format!("second_moment/{}", p.name);
                entries.push((name, p.shape.clone(), &moments.second));
            }
        }
        for best in self.best.iter().flatten() {
            entries.push((format!("best/{}", best.name), best.shape.clone(), &best.values));
        }
        entries
    }

    /// Go on from a checkpoint.
    pub(crate) fn load(&mut self, checkpoint: Checkpoint) -> Result<(), FitError> {
        if checkpoint.config_hash != self.traces.config_hash {
            let (found, expected) = (checkpoint.config_hash, self.traces.config_hash.clone());
            return Err(CheckpointError::OtherConfig { found, expected }.into());
        }
        let mut tensors: std::collections::BTreeMap<String, OwnedTensor> =
            checkpoint.tensors.into_iter().map(|t| (t.name.clone(), t)).collect();
        let mut best = Tensors::new();
        let parameters = self.twin.parameters_mut().0.iter_mut();
        for (parameter, moments) in parameters.zip(&mut self.optimiser.moments) {
            let mut fill = |part: &str, target: &mut [f32]| {
                let name = format!("{part}/{}", parameter.name);
                let saved = tensors.remove(&name).ok_or_else(|| misfit(&name, 0, target.len()))?;
                take(target, &saved)
            };
            fill("twin", &mut parameter.values)?;
            let Moments { first, second } = moments;
            if !first.is_empty() {
                fill("first_moment", first)?;
                fill("second_moment", second)?;
            }
            if let Some(mut saved) = tensors.remove(&format!("best/{}", parameter.name)) {
                saved.name.clone_from(&parameter.name);
                best.push(saved);
            }
        }
        self.best = (!best.is_empty()).then_some(best);
        self.state = checkpoint.state;
        Ok(())
    }
}
