//! The page of an extraction from a recorded movie, without registration.
//!
//! ```text
//! STRIATE_DATA=DATA cargo run --release -p striate-report --example extraction_page -- extraction.html
//! ```
//!
//! The movie is a crop of a two-photon recording with hand-labelled cells, `calcium-2p-neurofinder` in the data folder.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ndarray::{Array2, Ix3};
use striate_base::{CancelToken, NoProgress, machine};
use striate_formats::npz::NpzFile;
use striate_imaging::decomposition::{
    DecompositionConfig, DecompositionDiagnostics, FactorisedMovie, decompose,
};
use striate_imaging::deconvolution::{DeconvolutionConfig, Deconvolved, deconvolve_all, events};
use striate_imaging::demixing::{Demixed, DemixingConfig, demix};
use striate_imaging::matching::{MatchRule, match_regions, precision_recall, read_regions};
use striate_imaging::traces::{DffConfig, dff_all, extract};
use striate_imaging::{self as imaging, ArrayMovie, Movie, MovieShape};
use striate_report::extraction::{
    Cell, DenoisedFrame, Denoising, ExampleTraces, ExtractionReport, FieldImages, Footprint,
    PixelTrace, Stages, Truth, example_cells, write_extraction_report,
};

const FOLDER: &str = "calcium-2p-neurofinder";
const RATE_HZ: f64 = 7.0;
/// Events below this many standard deviations of the noise are not counted.
const EVENT_THRESHOLD: f64 = 3.0;

/// Everything that the stages make.
struct Extraction {
    movie: ArrayMovie,
    factorised: FactorisedMovie,
    diagnostics: DecompositionDiagnostics,
    demixed: Demixed,
    roi: Array2<f32>,
    dff: Array2<f32>,
    deconvolved: Vec<Deconvolved>,
    stages: Vec<(String, f64)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::args().nth(1).unwrap_or("extraction.html".into()));
    let data =
        std::env::var_os("STRIATE_DATA").ok_or("found no STRIATE_DATA, expected a folder")?;
    let folder = Path::new(&data).join(FOLDER);
    let extraction = run(&folder)?;
    let mut report = report(&extraction)?;
    report.truth = Some(truth(&extraction, &folder)?);
    write_extraction_report(&report, &out)?;
    println!("{} cells, {} kB", report.cells.len(), std::fs::metadata(&out)?.len() / 1000);
    Ok(())
}

fn run(folder: &Path) -> Result<Extraction, Box<dyn Error>> {
    let (mut stages, mut start) = (Vec::new(), Instant::now());
    let mut done = |name: &str| {
        stages.push((name.to_owned(), start.elapsed().as_secs_f64()));
        start = Instant::now();
    };
    let values = NpzFile::open(&folder.join("movie_r304-496_c104-296.npz"))?.read_f32("movie")?;
    let movie = ArrayMovie::new(values.into_dimensionality::<Ix3>()?);
    done("reading");
    let (mut progress, cancel) = (NoProgress, CancelToken::new());
    let factorised =
        decompose(&movie, &DecompositionConfig::default(), None, &mut progress, &cancel)?;
    done("decomposition");
    let diagnostics = factorised.diagnose(&movie, &mut progress, &cancel)?;
    done("diagnostics");
    let demixed = demix(&factorised, &DemixingConfig::default(), None, &mut progress, &cancel)?;
    done("demixing");
    let roi = extract(&movie, &demixed.footprints)?;
    let dff = dff_all(&fluorescence(&factorised, &demixed), RATE_HZ, &DffConfig::default())?;
    done("traces");
    let deconvolved = deconvolve_all(&dff, RATE_HZ, &DeconvolutionConfig::default().check()?)?;
    done("deconvolution");
    Ok(Extraction { movie, factorised, diagnostics, demixed, roi, dff, deconvolved, stages })
}

/// Demixed traces on top of the mean fluorescence of their cells.
fn fluorescence(factorised: &FactorisedMovie, demixed: &Demixed) -> Array2<f32> {
    let mut traces = demixed.traces.clone();
    for (mut trace, footprint) in traces.outer_iter_mut().zip(&demixed.footprints) {
        let pairs = footprint.pixels.iter().zip(&footprint.weights);
        let [sum, weight] = pairs.fold([0.0; 2], |[sum, total], (&pixel, &weight)| {
            [sum + weight * factorised.standard().mean[pixel as usize], total + weight]
        });
        trace += sum / weight;
    }
    traces
}

fn report(extraction: &Extraction) -> Result<ExtractionReport, Box<dyn Error>> {
    let shape = extraction.movie.shape();
    let cells = cells(extraction);
    let strengths: Vec<f64> = cells.iter().map(|cell| cell.strength).collect();
    let examples = example_cells(&strengths).into_iter().map(|i| ExampleTraces {
        cell: i,
        roi: extraction.roi.row(i).to_vec(),
        dff: extraction.dff.row(i).to_vec(),
        calcium: fitted(&extraction.deconvolved[i]),
        spikes: extraction.deconvolved[i].spikes.clone(),
    });
    let name = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Ok(ExtractionReport {
        title: "neurofinder crop".into(),
        shape: [shape.n_frames, shape.height, shape.width],
        frame_rate_hz: Some(RATE_HZ),
        notices: vec![
            "The frame rate is that of the data set that this movie seems to be from.".into(),
        ],
        stages: extraction.stages.clone(),
        peak_memory_bytes: Some(machine::peak_memory()),
        images: images(extraction)?,
        contour_level: DemixingConfig::default().footprint_level,
        examples: examples.collect(),
        cells,
        denoising: Some(denoising(extraction)?),
        config: toml::to_string_pretty(extraction.factorised.config())?,
        provenance: vec![name("version", env!("CARGO_PKG_VERSION")), name("movie", FOLDER)],
        ..ExtractionReport::default()
    })
}

fn fitted(cell: &Deconvolved) -> Vec<f32> {
    cell.calcium.iter().zip(&cell.baseline).map(|(calcium, baseline)| calcium + baseline).collect()
}

fn cells(extraction: &Extraction) -> Vec<Cell> {
    let shape = extraction.movie.shape();
    let minutes = shape.n_frames as f64 / RATE_HZ / 60.0;
    let Demixed { footprints, quality, .. } = &extraction.demixed;
    let parts = footprints.iter().zip(quality).zip(&extraction.deconvolved).enumerate();
    let cells = parts.map(|(id, ((footprint, quality), deconvolved))| Cell {
        id,
        footprint: plain(footprint),
        centroid: footprint.centroid(shape.width),
        strength: quality.strength,
        peak_snr: quality.peak_snr,
        skewness: quality.skewness,
        noise: deconvolved.noise,
        events_per_minute: events(deconvolved, EVENT_THRESHOLD).len() as f64 / minutes,
    });
    cells.collect()
}

fn plain(footprint: &imaging::Footprint) -> Footprint {
    Footprint { pixels: footprint.pixels.clone(), weights: footprint.weights.clone() }
}

fn image(shape: MovieShape, values: &[f32]) -> Result<Array2<f32>, ndarray::ShapeError> {
    Array2::from_shape_vec((shape.height, shape.width), values.to_vec())
}

fn images(extraction: &Extraction) -> Result<FieldImages, ndarray::ShapeError> {
    let shape = extraction.movie.shape();
    let frames = extraction.movie.frames();
    let standard = extraction.factorised.standard();
    let diagnostics = &extraction.diagnostics;
    let max = frames.fold_axis(ndarray::Axis(0), f32::NEG_INFINITY, |a, b| a.max(*b));
    Ok(FieldImages {
        mean: Some(image(shape, &standard.mean)?),
        correlation: Some(image(shape, &diagnostics.images.raw.neighbour_correlation)?),
        max: Some(max),
        rank: Some(image(shape, &diagnostics.rank)?),
        noise: Some(image(shape, &standard.noise)?),
    })
}

fn denoising(extraction: &Extraction) -> Result<Denoising, Box<dyn Error>> {
    let shape = extraction.movie.shape();
    let DecompositionDiagnostics { summary, images, .. } = &extraction.diagnostics;
    let correlation =
        |of: &imaging::decomposition::MovieImages| image(shape, &of.neighbour_correlation);
    Ok(Denoising {
        compression: summary.compression,
        compression_of_one_tiling: summary.compression_of_one_tiling,
        signal_to_noise: summary.signal_to_noise.map(|s| [s.raw, s.denoised, s.gain]),
        variance_explained: Some(summary.variance_explained),
        n_blocks: [summary.n_blocks, summary.n_empty_blocks, summary.n_full_blocks],
        n_components: summary.n_components,
        thresholds: Some([summary.thresholds.spatial, summary.thresholds.temporal]),
        neighbour_correlation: Some(Stages {
            raw: correlation(&images.raw)?,
            denoised: correlation(&images.denoised)?,
            residual: correlation(&images.residual)?,
        }),
        lag_one: Some(Stages {
            raw: images.raw.lag_one.clone(),
            denoised: images.denoised.lag_one.clone(),
            residual: images.residual.lag_one.clone(),
        }),
        frames: frames(extraction)?,
        pixels: pixels(extraction)?,
    })
}

/// A frame each from the first, second and third third.
fn frames(extraction: &Extraction) -> Result<Vec<DenoisedFrame>, Box<dyn Error>> {
    let shape = extraction.movie.shape();
    let read = |movie: &dyn Movie, frame: usize| -> Result<Array2<f32>, Box<dyn Error>> {
        let mut values = vec![0.0; shape.n_pixels()];
        movie.read(frame..frame + 1, &mut values)?;
        Ok(image(shape, &values)?)
    };
    let frames = [1, 3, 5].map(|sixth| sixth * shape.n_frames / 6).into_iter();
    let both = frames.map(|frame| {
        let raw = read(&extraction.movie, frame)?;
        Ok(DenoisedFrame { frame, raw, denoised: read(&extraction.factorised, frame)? })
    });
    both.collect()
}

/// The heaviest pixels of the strongest cell, one at the median and the weakest.
fn pixels(extraction: &Extraction) -> Result<Vec<PixelTrace>, Box<dyn Error>> {
    let shape = extraction.movie.shape();
    let Demixed { footprints, quality, .. } = &extraction.demixed;
    let strengths: Vec<f64> = quality.iter().map(|quality| quality.strength).collect();
    let shown = example_cells(&strengths);
    let of = |&cell: &usize| {
        let footprint = &footprints[cell];
        let weights = footprint.weights.iter().zip(&footprint.pixels);
        weights.max_by(|a, b| a.0.total_cmp(b.0)).map(|(_, &pixel)| pixel)
    };
    let heaviest: Vec<u32> = shown.iter().step_by(3).filter_map(of).collect();
    let single: Vec<_> =
        heaviest.iter().map(|&pixel| imaging::Footprint::of_mask(vec![pixel])).collect();
    let raw = extract(&extraction.movie, &single)?;
    let denoised = extract(&extraction.factorised, &single)?;
    let traces = heaviest.iter().enumerate().map(|(i, &pixel)| PixelTrace {
        place: [pixel as usize / shape.width, pixel as usize % shape.width],
        raw: raw.row(i).to_vec(),
        denoised: denoised.row(i).to_vec(),
    });
    Ok(traces.collect())
}

fn truth(extraction: &Extraction, folder: &Path) -> Result<Truth, Box<dyn Error>> {
    let MovieShape { height, width, .. } = extraction.movie.shape();
    let labelled = read_regions(&folder.join("regions_crop.json"), (height, width))?;
    let rule = MatchRule::default();
    let Demixed { footprints, quality, .. } = &extraction.demixed;
    let matches = match_regions(footprints, &labelled, width, &rule)?;
    let mut order: Vec<usize> = (0..footprints.len()).collect();
    order.sort_by(|&a, &b| quality[b].strength.total_cmp(&quality[a].strength));
    let sorted: Vec<_> = order.into_iter().map(|i| footprints[i].clone()).collect();
    let curve = precision_recall(&sorted, &labelled, width, &rule)?;
    let is_missed = |i: &usize| matches.pairs.iter().all(|pair| pair.truth != *i);
    let missed = (0..labelled.len()).filter(is_missed).map(|i| plain(&labelled[i]));
    Ok(Truth {
        source: "cells labelled by hand, silent ones included".into(),
        rule: "centres at most 5 px apart".into(),
        n_true: labelled.len(),
        matched: matches.pairs.iter().map(|pair| pair.found).collect(),
        missed: missed.collect(),
        precision: curve.precision,
        recall: curve.recall,
        ..Truth::default()
    })
}
