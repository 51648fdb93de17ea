//! The parts of the experiment, each from the same patterns.

use ndarray::{Array2, Axis};
use striate_base::Streams;
use striate_score::metric::{correlation, noise_ceiling};

use super::agreement::{Ceiling, Halves};
use super::bootstrap::Bootstrap;
use super::config::GeometryConfig;
use super::dimensionality::{Spectrum, drawn, products};
use super::dissimilarity::{Dissimilarity, products_without_noise};
use super::pairs::{NoiseCorrelations, compare, signal_correlations};
use super::patterns::Patterns;
use super::rank::{spearman, spearman_brown};
use crate::error::InsilicoError;
use crate::experiment::Experiment;
use crate::jackknife::Error;
use crate::training::spread;

/// Pairs of neurons kept for pictures at most.
const MOST_PAIRS: usize = 2000;

/// What every part works on.
pub(super) struct Work<'a> {
    pub(super) patterns: &'a Patterns,
    pub(super) config: &'a GeometryConfig,
    pub(super) streams: &'a Streams,
    pub(super) bootstrap: &'a Bootstrap,
}

/// Add a number to the summary, and its standard error; what is not a number is not known.
fn note(found: &mut Experiment, name: &str, [value, error]: [f64; 2]) {
    note_alone(found, name, value);
    // What is not known has no error either.
    if value.is_finite() {
        note_alone(found, &format!("{name}_error"), error);
        found.uncertain(name, Error::Linear);
    }
}

fn note_alone(found: &mut Experiment, name: &str, value: f64) {
    if value.is_finite() {
        found.summary.insert(name.to_owned(), value);
    }
}

impl Work<'_> {
    /// Each neuron by itself.
    pub(super) fn neurons(&self, found: &mut Experiment) {
        let Patterns { twin, recorded, repeats, .. } = self.patterns;
        let n_neurons = twin.ncols();
        let of = |stimuli: &[usize]| {
            let (twin, recorded) =
                (twin.select(Axis(0), stimuli), recorded.select(Axis(0), stimuli));
            let of = |(twin, recorded): (ndarray::ArrayView1<'_, f64>, _)| {
                let narrow = |values: ndarray::ArrayView1<'_, f64>| values.mapv(|v| v as f32);
                correlation(narrow(twin).view(), narrow(recorded).view())
            };
            twin.columns().into_iter().zip(recorded.columns()).map(of).collect()
        };
        let correlations = self.bootstrap.of(of);
        let about = "Correlation over stimuli of the twin's response and the mean recorded one.";
        found.column("correlation_with_recorded", "", about, correlations.values);
        let name = "correlation_with_recorded_error";
        found.column(name, "", "Its standard error.", correlations.errors);
        found.uncertain("correlation_with_recorded", Error::Linear);
        if self.patterns.is_repeated() {
            let of_trial =
                |(stimulus, repeats): (usize, &Array2<f64>)| vec![stimulus; repeats.nrows()];
            let stimuli: Vec<usize> = repeats.iter().enumerate().flat_map(of_trial).collect();
            let ceiling = |neuron: usize| {
                let responses = repeats.iter().flat_map(|repeats| repeats.column(neuron));
                let responses: ndarray::Array1<f32> =
                    responses.map(|&value| value as f32).collect();
                noise_ceiling(responses.view(), &stimuli).unwrap_or(f64::NAN)
            };
            let about = "Expected correlation of a perfect prediction with single responses.";
            found.column("noise_ceiling", "", about, (0..n_neurons).map(ceiling));
        }
    }

    /// Dissimilarities of stimuli, and how well those of the twin agree with the recorded ones.
    pub(super) fn dissimilarities(&self, found: &mut Experiment) -> Result<(), InsilicoError> {
        let Patterns { twin, recorded, repeats, groups, .. } = self.patterns;
        let pair = [twin, recorded].map(|patterns| Dissimilarity::of_correlations(patterns.view()));
        self.compare_dissimilarities(found, "rdm", "1 - r over neurons", &pair)?;
        if self.patterns.is_repeated() {
            let n_neurons = twin.ncols();
            let without_noise = products_without_noise(repeats, groups);
            let pair = [products(twin.view(), twin.view()), without_noise]
                .map(|products| Dissimilarity::of_products(&products, n_neurons));
            let about = "squared distance per neuron, recorded cross-validated over repeats";
            self.compare_dissimilarities(found, "distance_without_noise", about, &pair)?;
        }
        Ok(())
    }

    fn compare_dissimilarities(
        &self,
        found: &mut Experiment,
        name: &str,
        about: &str,
        pair: &[Dissimilarity; 2],
    ) -> Result<(), InsilicoError> {
        let n = self.patterns.groups.len();
        let axes = [("stimulus", n), ("other_stimulus", n)];
        for (whose, of) in ["twin", "recorded"].iter().zip(pair) {
            let values = of.0.iter().map(|&value| value as f32).collect();
            let about = format!("Dissimilarity of stimuli: {about}.");
            found.array((&format!("{name}_{whose}"), "", &about), &axes, values)?;
        }
        let agreement = self
            .bootstrap
            .of(|stimuli| vec![spearman(&pair[0].drawn(stimuli), &pair[1].drawn(stimuli))]);
        note(found, &format!("{name}_agreement"), agreement.get(0));
        Ok(())
    }

    /// How well recorded dissimilarities and signal correlations agree with themselves.
    pub(super) fn ceilings(&self, found: &mut Experiment) {
        let Patterns { repeats, groups, pair_neurons, twin, .. } = self.patterns;
        if !self.patterns.is_repeated() {
            return;
        }
        let mut random = self.streams.stream("halves of the repeats");
        let [mut of_stimuli, mut of_pairs] = [0.0; 2];
        for _ in 0..self.config.n_splits {
            let halves = Halves::draw(repeats, groups, &mut random).0;
            let upper = |half: &Array2<f64>| Dissimilarity::of_correlations(half.view()).upper();
            of_stimuli += spearman(&upper(&halves[0]), &upper(&halves[1]));
            let pairs =
                |half: &Array2<f64>| signal_correlations(half.select(Axis(1), pair_neurons).view());
            of_pairs += compare(&pairs(&halves[0]), &pairs(&halves[1]))[2];
        }
        let n = self.config.n_splits as f64;
        note_alone(found, "rdm_reliability", spearman_brown(of_stimuli / n));
        note_alone(found, "signal_correlation_reliability", spearman_brown(of_pairs / n));
        let predicted = Dissimilarity::of_correlations(twin.view());
        if let Some(ceiling) = Ceiling::of(repeats, &predicted) {
            note_alone(found, "rdm_agreement_single_repeat", ceiling.predicted);
            note_alone(found, "rdm_ceiling_lower", ceiling.lower);
            note_alone(found, "rdm_ceiling_upper", ceiling.upper);
        }
    }

    /// Correlations of neurons over stimuli.
    pub(super) fn signal(&self, found: &mut Experiment) -> Result<(), InsilicoError> {
        let chosen = &self.patterns.pair_neurons;
        let [twin, recorded] = [&self.patterns.twin, &self.patterns.recorded]
            .map(|patterns| patterns.select(Axis(1), chosen));
        let of = |stimuli: &[usize]| {
            [&twin, &recorded]
                .map(|patterns| signal_correlations(patterns.select(Axis(0), stimuli).view()))
        };
        self.compare_pairs(found, "signal_correlation", of)
    }

    /// Correlations of neurons over repeats.
    pub(super) fn noise(&self, found: &mut Experiment) -> Result<(), InsilicoError> {
        let Patterns { repeats, drawn, pair_neurons, groups, .. } = self.patterns;
        if !self.patterns.is_repeated() {
            return Ok(());
        }
        let chosen: Vec<Array2<f64>> =
            repeats.iter().map(|repeats| repeats.select(Axis(1), pair_neurons)).collect();
        let [drawn, recorded] = [drawn, &chosen].map(|of| NoiseCorrelations::of(of));
        self.compare_pairs(found, "noise_correlation", |stimuli| {
            [&drawn, &recorded].map(|noise| noise.over(stimuli))
        })?;
        let half = |first: usize| (first..groups.len()).step_by(2).collect::<Vec<_>>();
        let [even, odd] = [0, 1].map(|first| recorded.over(&half(first)));
        let halves = compare(&even, &odd)[2];
        note_alone(found, "noise_correlation_reliability", spearman_brown(halves));
        Ok(())
    }

    /// Means over pairs, agreement over pairs, and some pairs, of correlations in the twin and recorded.
    fn compare_pairs(
        &self,
        found: &mut Experiment,
        name: &str,
        of: impl Fn(&[usize]) -> [Vec<f64>; 2] + Sync,
    ) -> Result<(), InsilicoError> {
        let estimates = self.bootstrap.of(|stimuli| {
            let [twin, recorded] = of(stimuli);
            compare(&twin, &recorded).to_vec()
        });
        for (place, what) in ["mean_twin", "mean_recorded", "agreement"].iter().enumerate() {
            note(found, &format!("{name}_{what}"), estimates.get(place));
        }
        let all: Vec<usize> = (0..self.patterns.groups.len()).collect();
        let [twin, recorded] = of(&all);
        let known: Vec<[f64; 2]> = twin.into_iter().zip(recorded).map(<[f64; 2]>::from).collect();
        let known: Vec<_> =
            known.iter().filter(|pair| pair.iter().all(|r| r.is_finite())).collect();
        found.summary.insert(format!("{name}_n_pairs"), known.len() as f64);
        let kept: Vec<usize> = spread(known.len(), MOST_PAIRS).collect();
        for (which, whose) in ["twin", "recorded"].iter().enumerate() {
            let values = kept.iter().map(|&pair| known[pair][which] as f32).collect();
            let about = "Of some pairs of neurons, evenly spread.";
            let axes = [(&*format!("{name}_pair"), kept.len())];
            found.array((&format!("{name}_{whose}"), "", about), &axes, values)?;
        }
        Ok(())
    }

    /// Variances along principal components.
    pub(super) fn dimensions(&self, found: &mut Experiment) -> Result<(), InsilicoError> {
        let Patterns { twin, recorded, repeats, groups, .. } = self.patterns;
        let of = |patterns: &Array2<f64>| {
            let all = products(patterns.view(), patterns.view());
            move |stimuli: &[usize]| Spectrum::of(&drawn(&all, stimuli))
        };
        self.spectrum(found, "twin", "Of the twin's responses.", of(twin))?;
        self.spectrum(found, "recorded", "Of mean recorded responses.", of(recorded))?;
        if !self.patterns.is_repeated() {
            return Ok(());
        }
        let mut random = self.streams.stream("halves for principal components");
        let [first, second] = Halves::draw(repeats, groups, &mut random).0;
        let between = products(first.view(), second.view());
        let own = [&first, &second].map(|half| products(half.view(), half.view()));
        let about = "Of recorded responses, cross-validated over halves of the repeats.";
        self.spectrum(found, "without_noise", about, |stimuli| {
            let between = drawn(&between, stimuli);
            let turned = between.t().to_owned();
            let one = Spectrum::cross_validated(&drawn(&own[0], stimuli), &between);
            let other = Spectrum::cross_validated(&drawn(&own[1], stimuli), &turned);
            Spectrum(one.0.iter().zip(&other.0).map(|(a, b)| f64::midpoint(*a, *b)).collect())
        })
    }

    fn spectrum(
        &self,
        found: &mut Experiment,
        name: &str,
        about: &str,
        of: impl Fn(&[usize]) -> Spectrum + Sync,
    ) -> Result<(), InsilicoError> {
        // Fewer neurons than stimuli have no more dimensions than neurons.
        let [first, last] = self.config.power_law_ranks;
        let ranks = [first, last.min(self.patterns.twin.ncols() / 2)];
        let n = self.patterns.groups.len();
        // The last component of as many stimuli is none.
        let n_ranks = n - 1;
        let estimates = self.bootstrap.of(|stimuli| {
            let spectrum = of(stimuli);
            let mut values = vec![spectrum.participation_ratio(), spectrum.exponent(ranks)];
            values.extend(&spectrum.0[..n_ranks]);
            values.extend(&spectrum.explained()[..n_ranks]);
            values
        });
        note(found, &format!("participation_ratio_{name}"), estimates.get(0));
        note(found, &format!("power_law_exponent_{name}"), estimates.get(1));
        let axes = [("rank", n_ranks)];
        for (place, what) in ["eigenspectrum", "explained_variance"].iter().enumerate() {
            for (values, error) in [(&estimates.values, ""), (&estimates.errors, "_error")] {
                let start = 2 + place * n_ranks;
                let known = |value: &f64| if value.is_finite() { *value as f32 } else { 0.0 };
                let values = values[start..start + n_ranks].iter().map(known).collect();
                found.array((&format!("{what}_{name}{error}"), "", about), &axes, values)?;
            }
        }
        for what in ["eigenspectrum", "explained_variance"] {
            found.uncertain(&format!("{what}_{name}"), Error::Linear);
        }
        if !found.scales.iter().any(|scale| scale.name == "rank") {
            found.scale("rank", (1..=n_ranks).map(|rank| rank as f32));
        }
        Ok(())
    }
}
