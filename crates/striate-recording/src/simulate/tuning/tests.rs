use ndarray::{Array3, Axis, s};
use striate_base::{CancelToken, Streams};
use striate_stimuli::{Canvas, Grating, MEAN_LUMINANCE, grating, natural_video};

use super::*;
use crate::simulate::config::{NormalisationLaw, PopulationLaw, SimulationConfig};
use crate::simulate::population::draw_population;
use crate::simulate::response::SeenVideo;
use crate::simulate::truth::CellKind;

const RATE_HZ: f64 = 30.0;

/// Direction-selective cells in the middle of a screen of 25 x 41.
fn cells(n_neurons: usize) -> Vec<NeuronTruth> {
    let tiny = SimulationConfig::tiny();
    let population = PopulationLaw { direction_fraction: 1.0, ..tiny.population };
    let config = SimulationConfig { n_neurons, population, ..tiny };
    let mut neurons = draw_population(&config, &Streams::new(4));
    for neuron in &mut neurons {
        neuron.receptive_field.centre_px = [20.3, 11.6];
    }
    neurons
}

/// Mean drive over whole cycles, after the start, by a grating of the cell's wavelength.
fn mean_drive(neuron: &NeuronTruth, direction_deg: f64, temporal_frequency_hz: f64) -> f64 {
    let canvas = Canvas { n_frames: 110, height: 25, width: 41, frame_rate_hz: RATE_HZ };
    let shown = Grating {
        direction_deg,
        frequency_cycles_per_px: 1.0 / neuron.receptive_field.wavelength_px,
        temporal_frequency_hz,
        ..Grating::default()
    };
    let video = grating(&canvas, &shown).unwrap();
    let seen = SeenVideo::new(video.view(), &NormalisationLaw::default());
    let drive = seen.drive(std::slice::from_ref(neuron), None, &CancelToken::new()).unwrap();
    drive.slice(s![0, 50..]).iter().map(|&value| f64::from(value)).sum::<f64>() / 60.0
}

#[test]
fn gratings_drive_most_in_the_preferred_direction() {
    let neurons = cells(16);
    let mut seen = [0; 4];
    for neuron in &neurons {
        let preferred = neuron.preferred_direction_deg().unwrap();
        let hertz = neuron.preferred_temporal_frequency_hz(RATE_HZ);
        let drives: Vec<f64> = (0..8)
            .map(|eighth| mean_drive(neuron, preferred + 45.0 * f64::from(eighth), hertz))
            .collect();
        let best = (0..8).max_by(|&a, &b| drives[a].total_cmp(&drives[b])).unwrap();
        assert_eq!(best, 0, "{preferred}: {drives:?}");
        // The linear stage prefers by a factor of 2.65, which squaring makes 7.
        assert!(drives[0] > 5.0 * drives[4], "{preferred}: {drives:?}");
        let turn = (preferred - neuron.receptive_field.orientation_deg).rem_euclid(360.0);
        let forwards = usize::from((turn - 90.0).abs() < 1e-9);
        assert!(forwards == 1 || (turn - 270.0).abs() < 1e-9);
        seen[2 * forwards + usize::from(neuron.kind == CellKind::Complex)] += 1;
    }
    // Both kinds of cells in both directions.
    assert!(seen.iter().all(|&n| n > 0), "{seen:?}");
}

#[test]
fn eight_directions_on_the_screen_are_found_as_gratings_have_them() {
    let mut neuron = cells(1).remove(0);
    for eighth in 0..8 {
        let direction = 45.0 * f64::from(eighth);
        neuron.receptive_field.orientation_deg = direction - 90.0;
        let flipped = neuron.preferred_direction_deg().unwrap() != direction;
        if flipped {
            let kernel = neuron.quadrature_kernel.as_mut().unwrap();
            kernel.iter_mut().for_each(|weight| *weight = -*weight);
        }
        assert_eq!(neuron.preferred_direction_deg(), Some(direction));
        let hertz = neuron.preferred_temporal_frequency_hz(RATE_HZ);
        let opposite = mean_drive(&neuron, direction + 180.0, hertz);
        assert!(mean_drive(&neuron, direction, hertz) > 5.0 * opposite, "{direction}");
    }
}

#[test]
fn cells_without_a_second_kernel_prefer_no_direction() {
    let mut neuron = cells(1).remove(0);
    neuron.quadrature_kernel = None;
    assert_eq!(neuron.preferred_direction_deg(), None);
    let [forwards, backwards] = neuron.temporal_gains(3.0, RATE_HZ);
    assert!((forwards - backwards).abs() < 1e-12);
    // A kernel of one frame knows no motion, whatever its second phase.
    neuron.kernel.truncate(1);
    neuron.quadrature_kernel = Some(vec![1.0]);
    assert_eq!(neuron.preferred_direction_deg(), None);
}

#[test]
fn gains_are_those_of_gratings_through_the_cell() {
    let mut neuron = cells(1).remove(0);
    neuron.kind = CellKind::Complex;
    let direction = neuron.receptive_field.orientation_deg + 90.0;
    let [forwards, backwards] = neuron.temporal_gains(2.0, RATE_HZ);
    let ratio = mean_drive(&neuron, direction, 2.0) / mean_drive(&neuron, direction - 180.0, 2.0);
    // The Gabor cut at three standard deviations lets a hundredth of the other phase through.
    let expected = (forwards / backwards).powi(2);
    assert!((ratio / expected - 1.0).abs() < 0.03, "{ratio} {expected}");
}

#[test]
fn preferred_frequency_of_a_known_kernel() {
    let mut neuron = cells(1).remove(0);
    // H = 1 - e^{-2iw}, of modulus 2 |sin w|: a quarter of the frame rate.
    (neuron.kernel, neuron.quadrature_kernel) = (vec![1.0, 0.0, -1.0], None);
    assert!((neuron.preferred_temporal_frequency_hz(RATE_HZ) - 7.5).abs() < 1e-6);
    // H = e^{-iw} - i (1 - e^{-2iw}) = e^{-iw} (1 + 2 sin w): forwards.
    neuron.kernel = vec![0.0, 1.0, 0.0];
    neuron.quadrature_kernel = Some(vec![-1.0, 0.0, 1.0]);
    assert!((neuron.preferred_temporal_frequency_hz(RATE_HZ) - 7.5).abs() < 1e-6);
    let [forwards, backwards] = neuron.temporal_gains(7.5, RATE_HZ);
    assert!((forwards - 3.0).abs() < 1e-12 && (backwards - 1.0).abs() < 1e-12);
    // The sum of past frames prefers a standing pattern.
    (neuron.kernel, neuron.quadrature_kernel) = (vec![1.0, 1.0], None);
    assert!(neuron.preferred_temporal_frequency_hz(RATE_HZ) < 1e-6);
}

/// Linear response of a simple cell, where it is positive, in the last frame of a video of contrast.
fn linear_response(neuron: &NeuronTruth, contrast: &Array3<f32>) -> f64 {
    // With so high a floor the pool hardly matters, and the drive is the square over the floor.
    let law = NormalisationLaw { semi_saturation: 1e3, ..NormalisationLaw::default() };
    let video = contrast.mapv(|value| MEAN_LUMINANCE * (1.0 + value));
    let seen = SeenVideo::new(video.view(), &law);
    let drive = seen.drive(std::slice::from_ref(neuron), None, &CancelToken::new()).unwrap();
    1e3 * f64::from(drive[[0, contrast.len_of(Axis(0)) - 1]]).sqrt()
}

#[test]
fn linear_response_is_the_product_with_the_optimal_stimulus() {
    let canvas = Canvas { n_frames: 14, height: 25, width: 41, frame_rate_hz: RATE_HZ };
    let law = SimulationConfig::tiny().video;
    for (number, mut neuron) in cells(6).into_iter().enumerate() {
        neuron.kind = CellKind::Simple;
        let best = neuron.optimal_stimulus(14, 25, 41);
        assert!((f64::from((&best * &best).sum()) - 1.0).abs() < 1e-4);
        assert!(best.slice(s![..5, .., ..]).iter().all(|&value| value == 0.0));
        let to_best = linear_response(&neuron, &best);
        let mut random = Streams::new(5).stream(&format!("video {number}"));
        let video = natural_video(&canvas, &law, &mut random).unwrap() / MEAN_LUMINANCE - 1.0;
        let product = f64::from((&video * &best).sum());
        // Half-squaring hides a negative response; the negative video shows it.
        let response = linear_response(&neuron, &(&video * product.signum() as f32));
        let norm = f64::from((&video * &video).sum()).sqrt();
        // Sums of f32, and the energy that is 1e-6 of the floor.
        assert!((response / to_best - product.abs()).abs() < 1e-4 * norm, "{number}");
        assert!(response / norm < 0.7 * to_best, "{number}: {response} {norm} {to_best}");
        assert_eq!(linear_response(&neuron, &(-&best)), 0.0);
    }
}

#[test]
fn field_off_the_screen_has_no_optimal_stimulus() {
    let mut neuron = cells(1).remove(0);
    neuron.receptive_field.centre_px = [-50.0, 0.0];
    assert!(neuron.optimal_stimulus(3, 5, 7).iter().all(|&value| value == 0.0));
    assert_eq!(neuron.optimal_stimulus(0, 0, 0).dim(), (0, 0, 0));
}
