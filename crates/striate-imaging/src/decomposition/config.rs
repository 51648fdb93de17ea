//! Settings of the decomposition.

use serde::{Deserialize, Serialize};

use crate::ImagingError;
use crate::penalised::PenalisedSettings;

/// Settings of penalized matrix decomposition in its block form. The defaults need no tuning; the block should
/// be about as wide as one and a half cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecompositionConfig {
    /// Side of a block in pixels, 10 to 100; clipped to the field of view. Default 20.
    pub block: usize,
    /// How the leading components of a block are found. Default `auto`.
    pub method: Method,
    /// Which of the components are kept; without a penalty only. Default `strict-prefix`.
    pub rank_rule: RankRule,
    /// Most components of a block, 1 to 100. Default 20.
    pub max_components: usize,
    /// Share of noise components that each of the two roughness tests lets pass, 0.001 to 0.5. Default 0.05.
    pub false_accept: f64,
    /// Passes over the movie by which a sketch is sharpened, 0 to 5. Default 2.
    pub sketch_power_iterations: usize,
    /// Seed of the null distributions and of random starts. Default 0.
    pub seed: u64,
    /// What components are made smooth by. Default `none`.
    pub penalty: Penalty,
    /// Settings of `total-variation-trend-filter`; not looked at without.
    pub penalised: PenalisedSettings,
}

/// What components are made smooth by while they are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Penalty {
    /// Nothing: singular vectors, and a test of how smooth they are.
    #[default]
    None,
    /// Images by total variation and, on the way, traces by a trend filter: PMD(TF,TV) of Buchanan et al. 2018, within
    /// the span of the `max_components` leading singular vectors of a block. Thresholds come from blocks of noise
    /// that are decomposed alike (300 components: a `false_accept` of 5 % is good to 1.3 %, and one below 0.3 % is the
    /// smoothest that was seen). Images have norm 1 and are not orthogonal. Much slower: of 20 x 20 pixels and
    /// 3000 frames the thresholds alone take about 36 s of one core. Memory grows with the number of frames, up to
    /// half a gigabyte and some traces.
    TotalVariationTrendFilter,
}

/// How the leading components of a block are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// `gram` where its sums fit into the memory allowed, else `sketch`.
    Auto,
    /// From the covariances of all pixels of a block: exact; 5 bytes a pixel and pixel of a block (2 kB a
    /// pixel for blocks of 20 x 20).
    Gram,
    /// From random combinations of frames (Halko et al. 2011), sharpened by power iterations: about 1.2 kB a pixel for
    /// blocks of any size, one more pass over the movie for each iteration, not exact for components near the noise.
    ///
    /// On the synthetic movie of the tests (cells twice as bright as the noise, 1000 frames) the error to the truth
    /// is 1.72, 1.03, 0.99 and 1.00 times that of [`Gram`](Self::Gram) for 0, 1, 2 and 5 iterations. The span of the
    /// components kept is further off: the sine of its largest angle to that of the exact ones is 0.8 to 0.9, 0.4 to
    /// 0.6 (2 iterations) and 0.1 to 0.4 (5), with covariances below 0.001. What differs is mostly noise.
    Sketch,
}

/// Which components of a block are kept, going from the strongest to the weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RankRule {
    /// All before the first that fails a test; none where the first fails.
    StrictPrefix,
    /// Those and the first that fails, as localmd and masknmf do: every block holds one component of noise.
    PlusOne,
}

impl Default for DecompositionConfig {
    fn default() -> Self {
        Self {
            block: 20,
            method: Method::Auto,
            rank_rule: RankRule::StrictPrefix,
            max_components: 20,
            false_accept: 0.05,
            sketch_power_iterations: 2,
            seed: 0,
            penalty: Penalty::None,
            penalised: PenalisedSettings::default(),
        }
    }
}

impl DecompositionConfig {
    /// Refuse values outside the documented ranges.
    ///
    /// # Errors
    /// [`ImagingError::Config`], naming the setting.
    pub fn check(&self) -> Result<(), ImagingError> {
        if !(10..=100).contains(&self.block) {
            let key = "decomposition.block";
            return Err(ImagingError::config(key, self.block, "10 to 100 pixels"));
        }
        if !(1..=100).contains(&self.max_components) {
            let key = "decomposition.max_components";
            return Err(ImagingError::config(key, self.max_components, "1 to 100"));
        }
        if !(0.001..=0.5).contains(&self.false_accept) {
            let key = "decomposition.false_accept";
            return Err(ImagingError::config(key, self.false_accept, "0.001 to 0.5"));
        }
        if self.sketch_power_iterations > 5 {
            let key = "decomposition.sketch_power_iterations";
            return Err(ImagingError::config(key, self.sketch_power_iterations, "0 to 5"));
        }
        self.penalised.check()
    }

    /// Components that a block may have.
    pub(crate) fn most_components(&self) -> usize {
        match self.penalty {
            Penalty::None => self.max_components,
            Penalty::TotalVariationTrendFilter => {
                self.max_components.min(self.penalised.max_components)
            }
        }
    }
}
