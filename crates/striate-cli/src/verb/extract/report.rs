//! The page of an extraction.

mod denoising;

use std::path::Path;

use ndarray::Array2;
use striate::base::machine;
use striate::imaging::extraction::{Extraction, ValidExtraction};
use striate::imaging::registration::Registered;
use striate::imaging::{self as imaging, Movie, MovieShape};
use striate::report::extraction::{
    Cell, ExampleTraces, ExtractionReport, FieldImages, Footprint, Registration, Truth,
    example_cells, write_extraction_report,
};

use super::comparison::Comparison;
use crate::failure::Failure;

/// File name of the page.
pub(in crate::verb) const PAGE: &str = "report.html";

/// What registration does to a movie's borders.
const BORDERS: &str = "Where a registered frame shows nothing, near the borders, its outermost pixels are repeated: \
                       do not trust cells that touch a border.";

/// Write the page of what was found in `movie`, named `title`, into `out`.
pub(super) fn write(
    movie: &dyn Movie,
    title: &str,
    config: &ValidExtraction,
    found: &Extraction,
    comparison: Option<&Comparison>,
    out: &Path,
) -> Result<(), Failure> {
    let interpolation = config.registration.applied_interpolation();
    let registered = match &found.registration {
        Some(registration) => Some(Registered::new(movie, &registration.shifts, interpolation)?),
        None => None,
    };
    let movie: &dyn Movie = registered.as_ref().map_or(movie, |registered| registered);
    let report = ExtractionReport {
        title: title.to_owned(),
        contour_level: config.demixing.footprint_level,
        pixel_size_um: (config.um_per_px > 0.0).then_some(config.um_per_px),
        denoising: Some(denoising::of(movie, found)?),
        truth: comparison.map(truth),
        config: toml::to_string_pretty(&**config).map_err(Failure::other)?,
        provenance: provenance(out)?,
        ..of(found)?
    };
    Ok(write_extraction_report(&report, &out.join(PAGE))?)
}

/// What needs neither movie nor settings.
fn of(found: &Extraction) -> Result<ExtractionReport, Failure> {
    let MovieShape { n_frames, height, width } = found.shape;
    let cells = cells(found);
    let strengths: Vec<f64> = cells.iter().map(|cell| cell.strength).collect();
    let examples = example_cells(&strengths).into_iter().map(|i| {
        let (deconvolved, cells) = (&found.deconvolved[i], &found.cells);
        let fitted = deconvolved.calcium.iter().zip(&deconvolved.baseline);
        ExampleTraces {
            cell: i,
            roi: cells.roi_means.row(i).to_vec(),
            dff: found.dff.row(i).to_vec(),
            calcium: fitted.map(|(calcium, baseline)| calcium + baseline).collect(),
            spikes: deconvolved.spikes.clone(),
        }
    });
    let notices = match found.registration {
        Some(_) => vec![BORDERS.to_owned()],
        None => Vec::new(),
    };
    Ok(ExtractionReport {
        notices,
        shape: [n_frames, height, width],
        frame_rate_hz: Some(found.frame_rate_hz),
        stages: found.seconds.clone(),
        peak_memory_bytes: Some(machine::peak_memory()),
        images: images(found)?,
        examples: examples.collect(),
        cells,
        registration: found.registration.as_ref().map(|found| Registration {
            shifts: found.shifts.rigid.clone(),
            crispness: [found.quality.before.crispness, found.quality.after.crispness],
            mean_correlation: [
                found.quality.before.mean_correlation,
                found.quality.after.mean_correlation,
            ],
            residual_px: found.quality.residual_px,
            share_at_limit: found.quality.share_at_limit,
        }),
        ..ExtractionReport::default()
    })
}

fn cells(found: &Extraction) -> Vec<Cell> {
    let minutes = found.shape.n_frames as f64 / found.frame_rate_hz / 60.0;
    let cells = found.cells.footprints.iter().zip(&found.cells.quality).enumerate();
    let cells = cells.map(|(id, (footprint, quality))| Cell {
        id,
        footprint: plain(footprint),
        centroid: footprint.centroid(found.shape.width),
        strength: quality.strength,
        peak_snr: quality.peak_snr,
        skewness: quality.skewness,
        noise: found.deconvolved[id].noise,
        events_per_minute: found.events[id].len() as f64 / minutes,
    });
    cells.collect()
}

fn plain(footprint: &imaging::Footprint) -> Footprint {
    Footprint { pixels: footprint.pixels.clone(), weights: footprint.weights.clone() }
}

/// The image `[y, x]` of one value a pixel.
fn image(shape: MovieShape, values: &[f32]) -> Result<Array2<f32>, Failure> {
    let image = Array2::from_shape_vec((shape.height, shape.width), values.to_vec());
    image.map_err(Failure::other)
}

fn images(found: &Extraction) -> Result<FieldImages, Failure> {
    let (standard, diagnostics) = (found.factors.standard(), &found.diagnostics);
    let image = |values: &[f32]| image(found.shape, values).map(Some);
    Ok(FieldImages {
        mean: image(&standard.mean)?,
        correlation: image(&diagnostics.images.raw.neighbour_correlation)?,
        // It would take another pass over the movie.
        max: None,
        rank: image(&diagnostics.rank)?,
        noise: image(&standard.noise)?,
    })
}

fn truth(comparison: &Comparison) -> Truth {
    let pairs = &comparison.matches.pairs;
    let is_missed = |i: &usize| pairs.iter().all(|pair| pair.truth != *i);
    let n_true = comparison.truth.len();
    let [down, right] = comparison.offset_px;
    Truth {
        source: "simulated movie".into(),
        rule: format!(
            "centres at most 5 px apart, after the true ones were moved to where the registered movie shows them, ({down:.1}, {right:.1}) px (y, x) away"
        ),
        n_true,
        matched: pairs.iter().map(|pair| pair.found).collect(),
        missed: (0..n_true).filter(is_missed).map(|i| plain(&comparison.truth[i])).collect(),
        precision: comparison.curve.precision.clone(),
        recall: comparison.curve.recall.clone(),
        trace_correlation: comparison.traces.clone(),
        spike_correlation: comparison.spikes.clone(),
    }
}

/// Names and values of `provenance.json` in the folder.
fn provenance(out: &Path) -> Result<Vec<(String, String)>, Failure> {
    let path = out.join("provenance.json");
    let bytes = std::fs::read(&path).map_err(|e| Failure::io("cannot read", &e, &path))?;
    let values: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&bytes).map_err(Failure::other)?;
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(parts) => {
            let parts: Vec<&str> = parts.iter().filter_map(serde_json::Value::as_str).collect();
            parts.join(" ")
        }
        other => other.to_string(),
    };
    Ok(values.iter().map(|(name, value)| (name.clone(), text(value))).collect())
}
