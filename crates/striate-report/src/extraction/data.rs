//! What the page shows, as plain data.

use ndarray::Array2;

/// An extraction as its page shows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExtractionReport {
    /// Name of the movie.
    pub title: String,
    /// Frames, rows and columns of the movie.
    pub shape: [usize; 3],
    /// Frames per second; `None`: time is shown in frames.
    pub frame_rate_hz: Option<f64>,
    /// Width of a pixel in micrometres; `None`: scale bars are in pixels.
    pub pixel_size_um: Option<f64>,
    /// Further facts for the top of the page, as name and value.
    pub facts: Vec<(String, String)>,
    /// What the reader must know before believing anything.
    pub notices: Vec<String>,
    /// Stages in their order with their seconds.
    pub stages: Vec<(String, f64)>,
    /// Largest memory of the process in bytes.
    pub peak_memory_bytes: Option<u64>,
    /// Images of the field of view.
    pub images: FieldImages,
    /// Share of a footprint's largest weight at which its contour is drawn, 0 to 1.
    pub contour_level: f64,
    /// All cells in the order of the other files of the extraction.
    pub cells: Vec<Cell>,
    /// Traces of some cells; [`super::example_cells`] says which.
    pub examples: Vec<ExampleTraces>,
    /// What denoising did.
    pub denoising: Option<Denoising>,
    /// What registration did.
    pub registration: Option<Registration>,
    /// Comparison with known cells.
    pub truth: Option<Truth>,
    /// The configuration in full, as TOML.
    pub config: String,
    /// What made this extraction, as name and value.
    pub provenance: Vec<(String, String)>,
}

/// Images `[y, x]` of the field of view, all of the movie's size.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FieldImages {
    /// Mean over frames, in units of the recording.
    pub mean: Option<Array2<f32>>,
    /// Mean correlation of a pixel with its neighbours.
    pub correlation: Option<Array2<f32>>,
    /// Largest value of each pixel, in units of the recording.
    pub max: Option<Array2<f32>>,
    /// Components of the blocks at each pixel.
    pub rank: Option<Array2<f32>>,
    /// Standard deviation of the noise, in units of the recording.
    pub noise: Option<Array2<f32>>,
}

/// Pixels of a cell with their weights.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Footprint {
    /// Pixels (`y * width + x`), in any order.
    pub pixels: Vec<u32>,
    /// Weight of each.
    pub weights: Vec<f32>,
}

/// One cell; numbers that are NaN are shown as a dash.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// Its number in the other files of the extraction.
    pub id: usize,
    /// Where it lies.
    pub footprint: Footprint,
    /// Centre of gravity, `[y, x]` in pixels.
    pub centroid: [f64; 2],
    /// How sure it is that it is a cell; cells are sorted by it.
    pub strength: f64,
    /// Largest rise above rest over the noise of a pixel.
    pub peak_snr: f64,
    /// Skewness of the trace.
    pub skewness: f64,
    /// Standard deviation of the noise of dF/F.
    pub noise: f64,
    /// Events per minute.
    pub events_per_minute: f64,
}

/// Whole traces of one cell; each is `[frame]`, or empty where it is missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExampleTraces {
    /// Index into [`ExtractionReport::cells`].
    pub cell: usize,
    /// Weighted mean of the recording over the footprint, in units of the recording.
    pub roi: Vec<f32>,
    /// Demixed dF/F.
    pub dff: Vec<f32>,
    /// Deconvolved dF/F, baseline included.
    pub calcium: Vec<f32>,
    /// Deconvolved spikes, in units of dF/F.
    pub spikes: Vec<f32>,
}

/// The same of the recorded movie, of the denoised one, and of their difference.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stages<T> {
    /// The movie as recorded.
    pub raw: T,
    /// The denoised movie.
    pub denoised: T,
    /// What was left out.
    pub residual: T,
}

/// What denoising did. A number that is NaN is not known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Denoising {
    /// Values of the movie over values kept, all overlapping blocks counted.
    pub compression: Option<f64>,
    /// The same for blocks that tile the image once.
    pub compression_of_one_tiling: Option<f64>,
    /// Signal-to-noise ratio before and after, and the median over pixels of their ratio.
    pub signal_to_noise: Option<[f64; 3]>,
    /// `1 - residual / raw` variance.
    pub variance_explained: Option<f64>,
    /// Overlapping blocks; those without a component; those with as many as are allowed.
    pub n_blocks: [usize; 3],
    /// Components of all blocks.
    pub n_components: usize,
    /// Roughness in space and in time above which a component counted as noise.
    pub thresholds: Option<[f64; 2]>,
    /// Mean correlation with the neighbours, images `[y, x]`; NaN where a pixel does not change.
    pub neighbour_correlation: Option<Stages<Array2<f32>>>,
    /// Correlation of each frame with the next, one value a pixel in any order.
    pub lag_one: Option<Stages<Vec<f32>>>,
    /// Example frames.
    pub frames: Vec<DenoisedFrame>,
    /// Example pixels.
    pub pixels: Vec<PixelTrace>,
}

/// A frame before and after.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DenoisedFrame {
    /// Its number, from 0.
    pub frame: usize,
    /// As recorded, `[y, x]`, in units of the recording.
    pub raw: Array2<f32>,
    /// Denoised, `[y, x]`, in units of the recording.
    pub denoised: Array2<f32>,
}

/// The course of a pixel before and after.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PixelTrace {
    /// Row and column.
    pub place: [usize; 2],
    /// As recorded, `[frame]`, in units of the recording.
    pub raw: Vec<f32>,
    /// Denoised, `[frame]`, in units of the recording.
    pub denoised: Vec<f32>,
}

/// What registration did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Registration {
    /// Rigid shift `[frame, 2]` (y, x) in pixels.
    pub shifts: Array2<f32>,
    /// Norm of the gradient of the mean image, before and after.
    pub crispness: [f64; 2],
    /// Mean correlation of frames with the mean image, before and after.
    pub mean_correlation: [f64; 2],
    /// Root mean square shift that a second registration finds, in pixels.
    pub residual_px: f64,
    /// Share of the frames whose shift is at the largest allowed.
    pub share_at_limit: f64,
}

/// Comparison with known cells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Truth {
    /// Where the truth comes from, as `simulated movie` or `hand-labelled cells`.
    pub source: String,
    /// When a found cell counts as a true one, as `centres at most 5 px apart`.
    pub rule: String,
    /// True cells.
    pub n_true: usize,
    /// Indices into [`ExtractionReport::cells`] of the cells that stand for a true one.
    pub matched: Vec<usize>,
    /// True cells that were missed.
    pub missed: Vec<Footprint>,
    /// Precision of the best cells, the first `i + 1` at index `i`.
    pub precision: Vec<f64>,
    /// Recall of the same.
    pub recall: Vec<f64>,
    /// Correlation of found and true traces, one value a matched cell; empty where not known.
    pub trace_correlation: Vec<f64>,
    /// Correlation of found and true spikes, one value a matched cell; empty where not known.
    pub spike_correlation: Vec<f64>,
}

impl ExtractionReport {
    /// Indices of the cells, the strongest first; cells of unknown strength last.
    pub(super) fn by_strength(&self) -> Vec<usize> {
        let strengths: Vec<f64> = self.cells.iter().map(|cell| cell.strength).collect();
        by_strength(&strengths)
    }
}

pub(super) fn by_strength(strengths: &[f64]) -> Vec<usize> {
    let key = |&i: &usize| if strengths[i].is_nan() { f64::NEG_INFINITY } else { strengths[i] };
    let mut order: Vec<usize> = (0..strengths.len()).collect();
    order.sort_by(|a, b| key(b).total_cmp(&key(a)));
    order
}
