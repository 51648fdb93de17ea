//! Drawing the neurons.

use striate_base::{RandomStream, Streams};
use striate_stimuli::{Canvas, Gabor};

use super::config::{PopulationLaw, SimulationConfig};
use super::loading;
use super::truth::{CellKind, NeuronTruth};

/// Exponents of the fast and the slow temporal kernel.
const FAST: i32 = 3;
const SLOW: i32 = 5;

/// The neurons of a session, each from a stream of its own; rates are still those before
/// calibration (nothing spontaneous, gain 1).
pub(super) fn draw_population(config: &SimulationConfig, streams: &Streams) -> Vec<NeuronTruth> {
    let mut neurons: Vec<NeuronTruth> =
        (0..config.n_neurons).map(|index| draw_neuron(config, streams, index)).collect();
    loading::arrange(&config.state, streams, &mut neurons);
    neurons
}

fn draw_neuron(config: &SimulationConfig, streams: &Streams, index: usize) -> NeuronTruth {
    let random = &mut streams.stream(&format!("neuron {index}"));
    // A stream of its own leaves all else as it is in a population without such cells.
    let direction = &mut streams.stream(&format!("direction of neuron {index}"));
    let (law, canvas) = (&config.population, &config.canvas);
    let within = |random: &mut RandomStream, [low, high]: [f64; 2]| random.uniform_in(low, high);
    let complex = random.uniform() < law.complex_fraction;
    let sigma_px = within(random, law.sigma_px);
    let map_px = [canvas.width, canvas.height]
        .map(|side| within(random, [law.margin_px, side as f64 - 1.0 - law.margin_px]));
    let scattered = map_px.map(|at| at + law.scatter_px * random.normal());
    let receptive_field = Gabor {
        centre_px: [
            scattered[0].clamp(0.0, canvas.width as f64 - 1.0),
            scattered[1].clamp(0.0, canvas.height as f64 - 1.0),
        ],
        sigma_px,
        wavelength_px: sigma_px * within(random, law.wavelength_per_sigma),
        orientation_deg: random.uniform_in(0.0, 180.0),
        phase_deg: random.uniform_in(0.0, 360.0),
    };
    let per_frame = within(random, law.kernel_rate_hz) / canvas.frame_rate_hz;
    let depth_um = random.uniform_in(150.0, 350.0);
    let [x_um, y_um] = cortical_position(law, canvas, map_px);
    let loadings = loading::draw_independent(&config.state, random);
    NeuronTruth {
        unit_id: index as i64 + 1,
        kind: if complex { CellKind::Complex } else { CellKind::Simple },
        receptive_field,
        kernel: biphasic(FAST, per_frame, law.kernel_frames),
        quadrature_kernel: draw_quadrature(law, per_frame, direction),
        coordinates_um: [x_um, y_um, depth_um],
        loadings,
        spontaneous_rate: 0.0,
        drive_gain: 1.0,
        event_size: 1.0,
    }
}

/// The retinotopic map: mirrored, turned and scaled around the middle of the screen.
fn cortical_position(law: &PopulationLaw, canvas: &Canvas, map_px: [f64; 2]) -> [f64; 2] {
    let from_middle_x = map_px[0] - 0.5 * (canvas.width as f64 - 1.0);
    let from_middle_y = map_px[1] - 0.5 * (canvas.height as f64 - 1.0);
    let (sine, cosine) = law.map_rotation_deg.to_radians().sin_cos();
    [
        law.cortex_um_per_px * (-cosine * from_middle_x - sine * from_middle_y),
        law.cortex_um_per_px * (-sine * from_middle_x + cosine * from_middle_y),
    ]
}

/// The kernel of the second phase in a direction-selective cell: the slow one, for one direction
/// or, negative, for the other.
fn draw_quadrature(
    law: &PopulationLaw,
    per_frame: f64,
    random: &mut RandomStream,
) -> Option<Vec<f64>> {
    let selective = random.uniform() < law.direction_fraction;
    let sign = if random.uniform() < 0.5 { 1.0 } else { -1.0 };
    let slow = biphasic(SLOW, per_frame, law.kernel_frames);
    selective.then(|| slow.into_iter().map(|weight| sign * weight).collect())
}

/// The kernel `(kt)^n e^-kt (1/n! - (kt)^2/(n + 2)!)` of Adelson and Bergen (1985, figure 9) at
/// whole frames, scaled to absolute values of sum 1. The response to a frame starts in the next one.
fn biphasic(n: i32, per_frame: f64, n_frames: usize) -> Vec<f64> {
    let factorial = |n: i32| (1..=n).map(f64::from).product::<f64>();
    let raw = |lag: usize| {
        let time = per_frame * (lag + 1) as f64;
        let lobes = 1.0 / factorial(n) - time * time / factorial(n + 2);
        time.powi(n) * (-time).exp() * lobes
    };
    let total: f64 = (0..n_frames).map(|lag| raw(lag).abs()).sum();
    (0..n_frames).map(|lag| raw(lag) / total.max(f64::MIN_POSITIVE)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_has_a_positive_then_a_negative_lobe() {
        let kernel = biphasic(FAST, 1.6, 9);
        let peak = (0..9).max_by(|&a, &b| kernel[a].total_cmp(&kernel[b])).unwrap();
        let trough = (0..9).min_by(|&a, &b| kernel[a].total_cmp(&kernel[b])).unwrap();
        assert!(peak < trough && kernel[peak] > 0.0 && kernel[trough] < 0.0);
        // What is cut off is small beside the lobes.
        assert!(kernel[8].abs() < 0.3 * kernel[trough].abs(), "{kernel:?}");
    }

    #[test]
    fn cortex_keeps_distances_of_the_map() {
        let config = SimulationConfig::demo();
        let place = |at| cortical_position(&config.population, &config.canvas, at);
        let ([ax, ay], [bx, by]) = (place([3.0, 4.0]), place([6.0, 8.0]));
        let expected = 5.0 * config.population.cortex_um_per_px;
        assert!(((ax - bx).hypot(ay - by) - expected).abs() < 1e-9);
    }

    #[test]
    fn more_neurons_leave_the_first_ones_as_they_are() {
        let small = SimulationConfig { n_neurons: 3, ..SimulationConfig::tiny() };
        let large = SimulationConfig { n_neurons: 9, ..SimulationConfig::tiny() };
        let streams = Streams::new(1);
        let (few, many) = (draw_population(&small, &streams), draw_population(&large, &streams));
        assert_eq!(few[..], many[..3]);
    }
}
