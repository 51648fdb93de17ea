//! The curves through each neuron's optimum.

use super::config::TuningConfig;
use super::display::{Aperture, Cycle, Display, Stimulus};
use crate::subject::Subject;

/// What varies.
#[derive(Debug, Clone)]
pub(super) struct Axes {
    pub(super) directions_deg: Vec<f64>,
    pub(super) frequencies_cpp: Vec<f64>,
    /// Temporal frequencies as whole cycles.
    pub(super) cycles: Vec<usize>,
    pub(super) contrasts: Vec<f64>,
    pub(super) diameters_px: Vec<f64>,
}

/// What excites a neuron most among the gratings on the whole screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Optimum {
    pub(super) direction: usize,
    pub(super) frequency: usize,
    pub(super) cycles: usize,
    /// Whether its response is told by the first harmonic instead of the mean over grey.
    pub(super) is_modulated: bool,
}

/// A neuron's responses: their mean over that to grey, or their first harmonic.
#[derive(Debug, Clone)]
pub(super) struct Curves {
    pub(super) grey: f64,
    pub(super) best: Cycle,
    pub(super) directions: Vec<f64>,
    pub(super) frequencies: Vec<f64>,
    pub(super) cycles: Vec<f64>,
    pub(super) contrasts: Vec<f64>,
    pub(super) sizes: Vec<f64>,
    /// The same sizes with the orthogonal grating around.
    pub(super) crossed: Vec<f64>,
    /// `[direction, frequency]`.
    pub(super) joint: Vec<f64>,
}

/// So many values from `low` to `high` by equal factors.
fn by_factors(low: f64, high: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| low * (high / low).powf(i as f64 / (n - 1) as f64)).collect()
}

impl Axes {
    pub(super) fn new(subject: &Subject<'_>, display: Display, config: &TuningConfig) -> Self {
        let turn = if display.is_still() { 180.0 } else { 360.0 };
        let n = config.n_directions;
        let [height, width] = subject.screen().map(|side| side as f64);
        let lowest = (1.0 / height.min(width)).min(0.1);
        let frequencies_cpp = config.spatial_frequencies_cpp.clone();
        let diameters_px = config.diameters_px.clone();
        let longest = height.max(width).max(6.0);
        Self {
            directions_deg: (0..n).map(|i| turn * i as f64 / n as f64).collect(),
            frequencies_cpp: frequencies_cpp.unwrap_or_else(|| by_factors(lowest, 0.4, 8)),
            cycles: display.cycles(config.temporal_frequencies_hz.as_deref()),
            contrasts: config.contrasts.clone(),
            diameters_px: diameters_px.unwrap_or_else(|| by_factors(3.0, longest, 8)),
        }
    }

    /// Gratings on the whole screen in the order of [`Axes::place`], then grey.
    pub(super) fn joint(&self, contrast: f64) -> Vec<Stimulus> {
        let mut stimuli = Vec::new();
        for &direction_deg in &self.directions_deg {
            for &frequency_cpp in &self.frequencies_cpp {
                for &n_cycles in &self.cycles {
                    let aperture = None;
                    stimuli.push(Stimulus {
                        direction_deg,
                        frequency_cpp,
                        n_cycles,
                        contrast,
                        aperture,
                    });
                }
            }
        }
        stimuli.push(Stimulus::GREY);
        stimuli
    }

    fn place(&self, direction: usize, frequency: usize, cycles: usize) -> usize {
        (direction * self.frequencies_cpp.len() + frequency) * self.cycles.len() + cycles
    }

    /// What excites most. Neurons whose responses follow the stripes more than they rise over grey are told
    /// by their first harmonic, others by their mean, as simple and complex cells are.
    pub(super) fn optimum(&self, responses: &[Cycle]) -> Optimum {
        let (gratings, grey) = responses.split_at(responses.len() - 1);
        let best = |is_modulated: bool| {
            let strength = |cycle: &Cycle| strength(cycle, grey[0].mean, is_modulated);
            let best = (0..gratings.len())
                .max_by(|&a, &b| strength(&gratings[a]).total_cmp(&strength(&gratings[b])));
            best.map_or((0, f64::NAN), |best| (best, strength(&gratings[best])))
        };
        let (of_mean, of_harmonic) = (best(false), best(true));
        let is_modulated = of_harmonic.1 > of_mean.1;
        let place = if is_modulated { of_harmonic.0 } else { of_mean.0 };
        let (of_space, cycles) = (place / self.cycles.len(), place % self.cycles.len());
        let n = self.frequencies_cpp.len();
        Optimum { direction: of_space / n, frequency: of_space % n, cycles, is_modulated }
    }

    /// The grating that excites most.
    pub(super) fn best(&self, optimum: Optimum, contrast: f64) -> Stimulus {
        Stimulus {
            direction_deg: self.directions_deg[optimum.direction],
            frequency_cpp: self.frequencies_cpp[optimum.frequency],
            n_cycles: self.cycles[optimum.cycles],
            contrast,
            aperture: None,
        }
    }

    /// It in every contrast, then in every size around a centre, on grey and on the orthogonal grating.
    pub(super) fn own(
        &self,
        best: Stimulus,
        centre_px: [f64; 2],
        config: &TuningConfig,
    ) -> Vec<Stimulus> {
        let in_contrast = |&contrast: &f64| Stimulus { contrast, ..best };
        let edge_px = config.edge_px;
        let orthogonal = (best.direction_deg + 90.0).rem_euclid(360.0);
        let in_size = |surround_deg: Option<f64>| {
            self.diameters_px.iter().map(move |&diameter_px| {
                let aperture = Some(Aperture { centre_px, diameter_px, edge_px, surround_deg });
                Stimulus { aperture, ..best }
            })
        };
        let contrasts = self.contrasts.iter().map(in_contrast);
        contrasts.chain(in_size(None)).chain(in_size(Some(orthogonal))).collect()
    }

    /// The curves of one neuron.
    pub(super) fn curves(&self, optimum: Optimum, joint: &[Cycle], own: &[Cycle]) -> Curves {
        let grey = joint[joint.len() - 1].mean;
        let strength = |cycle: &Cycle| strength(cycle, grey, optimum.is_modulated);
        let at = |direction, frequency, cycles| joint[self.place(direction, frequency, cycles)];
        let Optimum { direction: d, frequency: f, cycles: c, .. } = optimum;
        let (n_directions, n_frequencies) = (self.directions_deg.len(), self.frequencies_cpp.len());
        let (contrasts, sizes) = own.split_at(self.contrasts.len());
        let (sizes, crossed) = sizes.split_at(self.diameters_px.len());
        Curves {
            grey,
            best: at(d, f, c),
            directions: (0..n_directions).map(|d| strength(&at(d, f, c))).collect(),
            frequencies: (0..n_frequencies).map(|f| strength(&at(d, f, c))).collect(),
            cycles: (0..self.cycles.len()).map(|c| strength(&at(d, f, c))).collect(),
            contrasts: contrasts.iter().map(strength).collect(),
            sizes: sizes.iter().map(strength).collect(),
            crossed: crossed.iter().map(strength).collect(),
            joint: (0..n_directions * n_frequencies)
                .map(|i| strength(&at(i / n_frequencies, i % n_frequencies, c)))
                .collect(),
        }
    }
}

/// How much a neuron responds.
fn strength(cycle: &Cycle, grey: f64, is_modulated: bool) -> f64 {
    let [cosine, sine] = cycle.harmonic;
    if is_modulated { cosine.hypot(sine) } else { cycle.mean - grey }
}
