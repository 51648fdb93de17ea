//! Direction-selective cells in whole recordings.

use striate_base::Streams;

use super::*;
use crate::simulate::population::draw_population;

fn population(direction_fraction: f64) -> Vec<NeuronTruth> {
    let tiny = SimulationConfig::tiny();
    let population = PopulationLaw { direction_fraction, ..tiny.population };
    let config = SimulationConfig { n_neurons: 400, population, ..tiny };
    draw_population(&config, &Streams::new(1))
}

#[test]
fn stated_share_selects_directions_and_all_else_is_drawn_as_without() {
    let (none, some) = (population(0.0), population(0.3));
    assert!(none.iter().all(|neuron| neuron.quadrature_kernel.is_none()));
    let selective: Vec<_> =
        some.iter().filter(|neuron| neuron.preferred_direction_deg().is_some()).collect();
    let forwards = selective.iter().filter(|neuron| {
        let turn =
            neuron.preferred_direction_deg().unwrap() - neuron.receptive_field.orientation_deg;
        (turn - 90.0).abs() < 1e-9
    });
    // Five standard deviations of binomial counts: 120 of 400, half of those.
    assert!(selective.len().abs_diff(120) < 46, "{}", selective.len());
    assert!(forwards.count().abs_diff(selective.len() / 2) < 28);
    let plain = some.into_iter().map(|n| NeuronTruth { quadrature_kernel: None, ..n });
    assert!(plain.eq(none));
}

#[test]
fn direction_selective_population_is_recorded_and_its_truth_read_back() {
    let tiny = SimulationConfig::tiny();
    let law = PopulationLaw { direction_fraction: 1.0, ..tiny.population.clone() };
    let (folder, truth) = simulated(SimulationConfig { population: law, ..tiny });
    assert_eq!(Truth::read(folder.path()).unwrap(), truth);
    let (_plain_folder, plain) = simulated(SimulationConfig::tiny());
    let rates = |truth: &Truth| truth.sessions[0].stimulus_rates(0).unwrap();
    assert_ne!(rates(&truth), rates(&plain));
    assert!(rates(&truth).iter().all(|&rate| rate.is_finite() && rate >= 0.0));
}

#[test]
fn truth_written_before_there_were_directions_is_still_read() {
    let (folder, truth) = simulated(SimulationConfig { n_neurons: 2, ..SimulationConfig::tiny() });
    let path = folder.path().join("simulated-1/truth/truth.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    json["format_version"] = 2.into();
    let population = json["config"]["population"].as_object_mut().unwrap();
    assert!(population.remove("direction_fraction").is_some());
    assert!(json["neurons"][0].get("quadrature_kernel").is_none());
    fs::write(&path, json.to_string()).unwrap();
    let read = Truth::read(folder.path()).unwrap();
    assert_eq!(read.sessions[0].neurons, truth.sessions[0].neurons);
    assert_eq!(read.sessions[0].config, truth.sessions[0].config);
}

#[test]
fn share_of_directions_out_of_range_is_refused() {
    for direction_fraction in [-0.1, 1.1, f64::NAN] {
        let tiny = SimulationConfig::tiny();
        let law = PopulationLaw { direction_fraction, ..tiny.population };
        let refused = SimulationConfig { population: law, ..tiny }.check().unwrap_err().to_string();
        assert!(refused.contains("population.direction_fraction is"), "{refused}");
        assert!(refused.contains("expected 0 to 1"), "{refused}");
    }
}
