//! Loadings of the neurons on the shared latents.

use striate_base::{RandomStream, Streams};

use super::config::{LoadingLaw, StateLaw};
use super::truth::NeuronTruth;

/// Waves that make up a smooth map. Its variance over maps is 1 for any number; with so many, that of
/// one map over a large cortex lies within some ten per cent of it.
const WAVES: usize = 200;

/// Loadings of one neuron for itself, the first around the mean loading of arousal.
pub(super) fn draw_independent(state: &StateLaw, random: &mut RandomStream) -> Vec<f64> {
    (0..state.n_latents).map(|k| mean(state, k) + state.loading_spread * random.normal()).collect()
}

/// Give the neurons of a session, whose loadings are drawn each for itself, those that the law
/// wants: smooth over the cortex, absent in some neurons, of the stated strength.
pub(super) fn arrange(state: &StateLaw, streams: &Streams, neurons: &mut [NeuronTruth]) {
    if state.loadings == LoadingLaw::Smooth {
        smooth(state, streams, neurons);
    }
    let loaded: Vec<bool> = (0..neurons.len())
        .map(|i| streams.stream(&format!("share of neuron {i}")).uniform() < state.loaded_share)
        .collect();
    for (neuron, _) in neurons.iter_mut().zip(&loaded).filter(|&(_, &loaded)| !loaded) {
        neuron.loadings.fill(0.0);
    }
    if let Some(strength) = state.strength {
        scale(strength, loaded.iter().filter(|&&loaded| loaded).count(), neurons);
    }
}

fn mean(state: &StateLaw, latent: usize) -> f64 {
    if latent == 0 { state.arousal_loading } else { 0.0 }
}

fn smooth(state: &StateLaw, streams: &Streams, neurons: &mut [NeuronTruth]) {
    for latent in 0..state.n_latents {
        let mut random = streams.stream(&format!("loading map {latent}"));
        let map = SmoothMap::draw(state.loading_scale_um, &mut random);
        for neuron in neurons.iter_mut() {
            let [x_um, y_um, _] = neuron.coordinates_um;
            neuron.loadings[latent] =
                mean(state, latent) + state.loading_spread * map.at(x_um, y_um);
        }
    }
}

/// One factor for all, so that directions and maps stay as they are.
fn scale(strength: f64, n_loaded: usize, neurons: &mut [NeuronTruth]) {
    let squares: f64 = neurons.iter().flat_map(|n| &n.loadings).map(|w| w * w).sum();
    if squares > 0.0 {
        let factor = strength / (squares / n_loaded as f64).sqrt();
        neurons.iter_mut().flat_map(|n| &mut n.loadings).for_each(|w| *w *= factor);
    }
}

/// A random function of the cortical position with mean 0, variance 1 and correlation
/// `exp(-d^2 / (2 scale^2))` at distance `d`: a Gaussian process approximated by random cosines
/// (Rahimi & Recht, "Random features for large-scale kernel machines", 2007, algorithm 1). Its value
/// at one place does not depend on which other places are asked for.
struct SmoothMap {
    /// Wave numbers along x and y in 1/um, and phase.
    waves: Vec<[f64; 3]>,
}

impl SmoothMap {
    fn draw(scale_um: f64, random: &mut RandomStream) -> Self {
        let mut wave = || {
            let [x, y] = [random.normal(), random.normal()];
            [x / scale_um, y / scale_um, random.uniform_in(0.0, std::f64::consts::TAU)]
        };
        Self { waves: (0..WAVES).map(|_| wave()).collect() }
    }

    fn at(&self, x_um: f64, y_um: f64) -> f64 {
        let sum: f64 = self.waves.iter().map(|[x, y, at]| (x * x_um + y * y_um + at).cos()).sum();
        sum * (2.0 / WAVES as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::SimulationConfig;
    use super::super::population::draw_population;
    use super::*;

    fn population(n_neurons: usize, state: StateLaw) -> Vec<NeuronTruth> {
        let config = SimulationConfig { n_neurons, state, ..SimulationConfig::default() };
        draw_population(&config, &Streams::new(8))
    }

    fn square(neuron: &NeuronTruth) -> f64 {
        neuron.loadings.iter().map(|w| w * w).sum()
    }

    fn strong(loadings: LoadingLaw) -> StateLaw {
        let strength = Some(0.7);
        StateLaw { n_latents: 3, arousal_loading: 0.0, strength, loadings, ..StateLaw::default() }
    }

    #[test]
    fn smooth_map_has_the_stated_covariance() {
        let streams = Streams::new(5);
        let n_maps = 4000;
        let mut sums = [0.0; 3];
        for number in 0..n_maps {
            let map = SmoothMap::draw(150.0, &mut streams.stream(&number.to_string()));
            let (here, near, far) = (map.at(10.0, 20.0), map.at(100.0, 140.0), map.at(600.0, 0.0));
            sums[0] += here * here;
            sums[1] += here * near;
            sums[2] += here * far;
        }
        // Distances 0, 150 and 590 um. Five standard errors of a product of unit normals, 0.022.
        for (sum, expected) in sums.iter().zip([1.0, (-0.5f64).exp(), 0.0]) {
            assert!((sum / f64::from(n_maps) - expected).abs() < 0.11, "{sums:?}");
        }
    }

    #[test]
    fn strength_is_met_exactly_and_only_some_neurons_load() {
        for loadings in [LoadingLaw::Independent, LoadingLaw::Smooth] {
            let law = StateLaw { loaded_share: 0.4, ..strong(loadings) };
            let neurons = population(1000, law);
            let loaded: Vec<_> = neurons.iter().filter(|n| square(n) > 0.0).collect();
            // Five standard deviations of a binomial count.
            assert!((loaded.len() as f64 - 400.0).abs() < 5.0 * 15.5, "{}", loaded.len());
            let mean = loaded.iter().map(|n| square(n)).sum::<f64>() / loaded.len() as f64;
            assert!((mean.sqrt() - 0.7).abs() < 1e-12, "{mean}");
        }
        assert!(
            population(50, StateLaw { loaded_share: 0.0, ..strong(LoadingLaw::Smooth) })
                .iter()
                .all(|neuron| square(neuron) == 0.0)
        );
    }

    /// Mean squared difference between loadings of neurons less than 40 um apart, over that of all.
    fn roughness(loadings: LoadingLaw) -> f64 {
        let neurons = population(300, strong(loadings));
        let mut sums = [[0.0f64; 2]; 2];
        for (i, a) in neurons.iter().enumerate() {
            for b in &neurons[..i] {
                let apart = [0, 1].map(|axis| a.coordinates_um[axis] - b.coordinates_um[axis]);
                let difference: f64 =
                    a.loadings.iter().zip(&b.loadings).map(|(a, b)| (a - b).powi(2)).sum();
                let near = usize::from(apart[0].hypot(apart[1]) < 40.0);
                sums[near][0] += difference;
                sums[near][1] += 1.0;
            }
        }
        let [far, near] = sums.map(|[sum, n]| sum / n);
        near / far
    }

    #[test]
    fn neighbours_load_alike_only_where_loadings_are_smooth() {
        // Within 40 um a map of scale 200 um keeps a correlation of 0.98 or more.
        assert!(roughness(LoadingLaw::Smooth) < 0.05);
        let independent = roughness(LoadingLaw::Independent);
        assert!((independent - 1.0).abs() < 0.25, "{independent}");
    }
}
