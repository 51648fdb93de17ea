//! Settings of the experiment.

use serde::{Deserialize, Serialize};

use crate::error::{InsilicoError, in_range};
use crate::training::spread;

/// How population geometry is looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeometryConfig {
    /// Tier whose trials are the stimuli. Default: the first with responses of `live_test_main`, `test`,
    /// `oracle`, `validation`, `train`.
    pub tier: Option<String>,
    /// Frames of a video that make a stimulus, 1 to 10 000. Default 15.
    pub bin_frames: usize,
    /// Stimuli at most, evenly chosen, 3 to 2000. Default 400.
    pub max_stimuli: usize,
    /// Neurons at most, evenly chosen, 2 to 100 000. Default 5000.
    pub max_neurons: usize,
    /// Neurons at most whose correlations with each other are looked at, 2 to 2000. Default 300.
    pub max_pair_neurons: usize,
    /// Repeats of a stimulus at most, 1 to 1000. Default 20.
    pub max_repeats: usize,
    /// Times that the stimuli are drawn anew for standard errors, 2 to 10 000. Default 100.
    pub n_bootstraps: usize,
    /// Random halves of the repeats for reliabilities, 1 to 1000. Default 10.
    pub n_splits: usize,
    /// First and last rank (from 1) of the eigenvalues that the exponent is fitted to, up to half
    /// the number of stimuli and half that of neurons, each 1 to 2000. Default 10 and 100; Stringer et al.
    /// (2019), with 2800 stimuli, took 11 to 500.
    pub power_law_ranks: [usize; 2],
}

impl Default for GeometryConfig {
    fn default() -> Self {
        Self {
            tier: None,
            bin_frames: 15,
            max_stimuli: 400,
            max_neurons: 5000,
            max_pair_neurons: 300,
            max_repeats: 20,
            n_bootstraps: 100,
            n_splits: 10,
            power_law_ranks: [10, 100],
        }
    }
}

impl GeometryConfig {
    /// Those of some neurons that are looked at: all, or `max_neurons` of them, evenly chosen.
    ///
    /// ```
    /// let config = striate_insilico::GeometryConfig { max_neurons: 2, ..Default::default() };
    /// assert_eq!(config.looked_at(&[3, 5, 8, 9]), [5, 9]);
    /// ```
    pub fn looked_at(&self, neurons: &[usize]) -> Vec<usize> {
        spread(neurons.len(), self.max_neurons).map(|place| neurons[place]).collect()
    }

    /// Refuse settings outside their ranges.
    ///
    /// # Errors
    /// [`InsilicoError::OutOfRange`].
    pub fn check(&self) -> Result<(), InsilicoError> {
        let within = |key, n: usize, [low, high]: [usize; 2]| {
            in_range(key, n, (low..=high).contains(&n), &format!("{low} to {high}"))
        };
        within("geometry.bin_frames", self.bin_frames, [1, 10_000])?;
        within("geometry.max_stimuli", self.max_stimuli, [3, 2000])?;
        within("geometry.max_neurons", self.max_neurons, [2, 100_000])?;
        within("geometry.max_pair_neurons", self.max_pair_neurons, [2, 2000])?;
        within("geometry.max_repeats", self.max_repeats, [1, 1000])?;
        within("geometry.n_bootstraps", self.n_bootstraps, [2, 10_000])?;
        within("geometry.n_splits", self.n_splits, [1, 1000])?;
        let [first, last] = self.power_law_ranks;
        let holds = 1 <= first && first < last && last <= 2000;
        let expected = "two of 1 to 2000, the lower one first";
        in_range("geometry.power_law_ranks", format!("{first}, {last}"), holds, expected)
    }
}
