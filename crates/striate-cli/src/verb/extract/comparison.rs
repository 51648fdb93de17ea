//! What was found, against the truth of a simulated movie.

use std::path::Path;

use ndarray::ArrayView2;
use striate::imaging::deconvolution::deconvolve_all;
use striate::imaging::extraction::{Extraction, ValidExtraction};
use striate::imaging::matching::{
    MatchRule, Matches, PrecisionRecall, correlation, match_regions, precision_recall,
};
use striate::imaging::simulate::MovieTruth;
use striate::imaging::traces::dff_all;
use striate::imaging::{Footprint, ImagingError};

use crate::failure::Failure;

/// Name of the folder of the truth, beside the movie.
pub(in crate::verb) const TRUTH: &str = "truth";

/// Spikes are compared in bins of a tenth of a second.
const BIN_HZ: f64 = 10.0;

/// Found cells against true ones: neurofinder's rule, centres at most 5 pixels apart.
pub(in crate::verb) struct Comparison {
    /// The true cells where the registered movie shows them.
    pub(super) truth: Vec<Footprint>,
    /// Shift `[y, x]` in pixels of the registered movie against the unmoved tissue: the template may lie elsewhere.
    pub(in crate::verb) offset_px: [f64; 2],
    pub(in crate::verb) matches: Matches,
    pub(super) curve: PrecisionRecall,
    /// Of fluorescence with the true light, one value a matched cell.
    pub(in crate::verb) traces: Vec<f64>,
    /// Of spikes with true counts in 10 Hz bins, one value a matched cell.
    pub(in crate::verb) spikes: Vec<f64>,
    /// The same of spikes from the mean of the movie over the footprint, not demixed.
    pub(in crate::verb) spikes_of_means: Vec<f64>,
}

/// The truth beside a movie; none where there is none, or where it is that of a movie of another shape.
pub(super) fn beside(movie: &Path, found: &Extraction) -> Result<Option<MovieTruth>, Failure> {
    let folder = movie.parent().unwrap_or(Path::new(".")).join(TRUTH);
    if !folder.join("truth.json").is_file() {
        return Ok(None);
    }
    let truth = MovieTruth::read(&folder)?;
    Ok((truth.shape == found.shape).then_some(truth))
}

impl Comparison {
    pub(in crate::verb) fn of(
        found: &Extraction,
        config: &ValidExtraction,
        truth: &MovieTruth,
    ) -> Result<Self, ImagingError> {
        let offset_px = offset(found, truth);
        let moved: Vec<Footprint> =
            truth.footprints.iter().map(|cell| moved(cell, offset_px, found)).collect();
        let (cells, width, rule) = (&found.cells, found.shape.width, MatchRule::default());
        let matches = match_regions(&cells.footprints, &moved, width, &rule)?;
        let curve = precision_recall(&cells.footprints, &moved, width, &rule)?;
        let dff = dff_all(&cells.roi_means, found.frame_rate_hz, &config.dff)?;
        let of_means = deconvolve_all(&dff, found.frame_rate_hz, &config.deconvolution.check()?)?;
        let bin = ((found.frame_rate_hz / BIN_HZ).round() as usize).max(1);
        let true_spikes = |cell: usize| binned(truth.spikes.row(cell).iter().copied(), bin);
        let spikes = |spikes: &[f32], cell: usize| {
            correlation(&binned(spikes.iter().copied(), bin), &true_spikes(cell))
        };
        let pairs = || matches.pairs.iter().map(|pair| (pair.found, pair.truth));
        let traces = pairs()
            .map(|(f, t)| row_correlation(&cells.fluorescence.view(), f, &truth.traces.view(), t));
        Ok(Self {
            traces: traces.collect(),
            spikes: pairs().map(|(f, t)| spikes(&found.deconvolved[f].spikes, t)).collect(),
            spikes_of_means: pairs().map(|(f, t)| spikes(&of_means[f].spikes, t)).collect(),
            truth: moved,
            offset_px,
            matches,
            curve,
        })
    }
}

fn row_correlation(a: &ArrayView2<'_, f32>, i: usize, b: &ArrayView2<'_, f32>, j: usize) -> f64 {
    correlation(&a.row(i).to_vec(), &b.row(j).to_vec())
}

fn binned(values: impl Iterator<Item = f32>, bin: usize) -> Vec<f32> {
    values.collect::<Vec<_>>().chunks_exact(bin).map(|bin| bin.iter().sum()).collect()
}

/// Where the registered movie shows the unmoved tissue: what lies at `p` there appears at `p + true` in a frame, which is
/// read at `q + found`; the median over frames of true minus found shifts.
fn offset(found: &Extraction, truth: &MovieTruth) -> [f64; 2] {
    let found = found.registration.as_ref().map(|found| &found.shifts.rigid);
    [0, 1].map(|axis| {
        let differences = (0..truth.shape.n_frames).map(|frame| {
            let found = found.map_or(0.0, |shifts| shifts[[frame, axis]]);
            f64::from(truth.shifts[[frame, axis]] - found)
        });
        median(differences)
    })
}

/// A true cell moved by whole pixels to where the registered movie shows it.
fn moved(cell: &Footprint, offset_px: [f64; 2], found: &Extraction) -> Footprint {
    let (height, width) = (found.shape.height as i64, found.shape.width as i64);
    let [down, right] = offset_px.map(|offset| offset.round() as i64);
    let pixels = cell.pixels.iter().zip(&cell.weights).filter_map(|(&pixel, &weight)| {
        let (y, x) = (i64::from(pixel) / width + down, i64::from(pixel) % width + right);
        let is_inside = (0..height).contains(&y) && (0..width).contains(&x);
        is_inside.then_some(((y * width + x) as u32, weight))
    });
    let (pixels, weights) = pixels.unzip();
    Footprint { pixels, weights }
}

/// The median, that of the two in the middle the larger; 0 of nothing.
pub(in crate::verb) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
