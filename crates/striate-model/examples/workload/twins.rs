//! Whole twins through the public interface of the model: training steps and predictions.

use std::time::Instant;

use striate_base::{RandomStream, Streams};
use striate_kernels::optimiser::{AdamWStep, adamw_step};
use striate_model::{
    ClipInput, Gradients, ModelConfig, SessionShape, SessionStart, Twin, TwinSpec,
};

use crate::batch::Batch;
use crate::convolutions::Gflop;
use crate::{Failure, Outcome, Schedule};

/// The model of a workload; what is not said is the Sensorium 2023 baseline's.
fn model(workload: &str, precision: &str) -> Result<ModelConfig, Failure> {
    let text = match workload {
        "sensorium-2023" => r#"{ "core": { "kind": "factorised-3d", "precision": "PRECISION" } }"#,
        "sensorium-2022" => {
            r#"{ "core": { "kind": "static-2d" },
                 "readout": { "init_mu_range": 0.3, "init_sigma": 0.1, "gamma_features": 0.0076 } }"#
        }
        _ => {
            r#"{ "core": { "channels": [32, 32, 32], "spatial_padding": "same", "bias": false,
                         "gamma_spatial": 0, "gamma_temporal": 0, "precision": "PRECISION" },
                 "readout": { "init_sigma": 0.1 } }"#
        }
    };
    Ok(serde_json::from_str(&text.replace("PRECISION", precision))?)
}

/// The twin of a workload. The Sensorium baselines place their neurons by a network of cortical
/// coordinates; the reference step has free positions.
pub(crate) fn twin(workload: &str, precision: &str, batch: Batch) -> Result<Twin, Failure> {
    let n_neurons = batch.n_neurons;
    let session =
        SessionShape { id: "one".to_owned(), n_neurons, n_behaviour: 0, has_pupil_center: false };
    let mut random = Streams::new(0).stream("positions");
    let mut coordinate = || random.uniform_in(-0.8, 0.8) as f32;
    let places: Vec<[f32; 2]> = (0..n_neurons).map(|_| [coordinate(), coordinate()]).collect();
    let mean_response = vec![0.0; n_neurons];
    let start = if workload.starts_with("sensorium") {
        SessionStart { mean_response, coordinates: Some(places), ..SessionStart::default() }
    } else {
        SessionStart { mean_response, positions: Some(places), ..SessionStart::default() }
    };
    let (model, sessions) = (model(workload, precision)?, vec![session]);
    let spec = TwinSpec { model, height: batch.height, width: batch.width, sessions };
    Ok(Twin::build(spec, &[start], &Streams::new(1))?)
}

/// Loss, gradients and optimiser.
pub(crate) fn train(
    workload: &str,
    precision: &str,
    batch: Batch,
    schedule: Schedule,
) -> Result<Outcome, Failure> {
    let mut twin = twin(workload, precision, batch)?;
    let mut random = Streams::new(0).stream("batch");
    let stimulus = stimulus(batch, &mut random);
    let responses = responses(batch, &mut random);
    let input = input(batch, &stimulus);
    let n_predicted = batch.n_clips * (batch.n_frames - twin.frames_consumed()) * batch.n_neurons;
    let mut gradients = Gradients::zeros(twin.parameters());
    let mut moments = gradients.0.iter().map(|g| [g.clone(), g.clone()]).collect::<Vec<_>>();
    let seconds = schedule.time(|step| {
        let start = Instant::now();
        gradients.clear();
        let scale = 1.0 / n_predicted as f64;
        twin.loss_and_gradients(&input, &responses, scale, &mut random, &mut gradients)?;
        update(&mut twin, &gradients, &mut moments, step as u64 + 1);
        Ok(start)
    })?;
    let gflop = Some(Gflop::of(&twin.spec().model.core, batch).training);
    Ok(Outcome { seconds, gflop, n_parameters: twin.n_parameters() })
}

/// Predictions of whole trials with the reference core.
pub(crate) fn predict(
    precision: &str,
    batch: Batch,
    schedule: Schedule,
) -> Result<Outcome, Failure> {
    let twin = twin("inference", precision, batch)?;
    let stimulus = stimulus(batch, &mut Streams::new(0).stream("batch"));
    let input = input(batch, &stimulus);
    let seconds = schedule.time(|_| {
        let start = Instant::now();
        twin.predict(&input)?;
        Ok(start)
    })?;
    let gflop = Some(Gflop::of(&twin.spec().model.core, batch).forward);
    Ok(Outcome { seconds, gflop, n_parameters: twin.n_parameters() })
}

/// Of all frames, as recordings have them.
pub(crate) fn responses(batch: Batch, random: &mut RandomStream) -> Vec<f32> {
    let length = batch.n_clips * batch.n_frames * batch.n_neurons;
    (0..length).map(|_| random.below(4) as f32 / 2.0).collect()
}

pub(crate) fn stimulus(batch: Batch, random: &mut RandomStream) -> Vec<f32> {
    let mut stimulus = vec![0.0; batch.n_values()];
    random.fill_normal(&mut stimulus);
    stimulus
}

pub(crate) fn input(batch: Batch, stimulus: &[f32]) -> ClipInput<'_> {
    ClipInput {
        session: 0,
        n_clips: batch.n_clips,
        n_frames: batch.n_frames,
        stimulus,
        behaviour: None,
        pupil_center: None,
    }
}

fn update(twin: &mut Twin, gradients: &Gradients, moments: &mut [[Vec<f32>; 2]], step: u64) {
    let settings = AdamWStep {
        learning_rate: 1e-3,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        weight_decay: 0.01,
        decoupled: true,
        step,
    };
    let parameters = twin.parameters_mut().0.iter_mut().zip(&gradients.0).zip(moments);
    for ((parameter, gradient), [first, second]) in parameters {
        if parameter.trainable {
            adamw_step(&settings, &mut parameter.values, gradient, first, second);
        }
    }
}
