//! Deconvolve traces of `.npy` files and write spikes and calcium beside a line of numbers each.
//!
//! Usage: `deconvolve CONFIG.toml FOLDER [RATE_HZ TRACE.npy]...`. A trace has one axis, or two as
//! `[cell, frame]` of which the first cell is taken. `FOLDER/<stem>_spikes.npy` and
//! `FOLDER/<stem>_calcium.npy` are written; standard output is one JSON object for each trace, with
//! the seconds that the deconvolution took on one thread.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use ndarray::ArrayView1;
use striate_formats::npy::{self, NpyFile};
use striate_imaging::deconvolution::{DeconvolutionConfig, ValidDeconvolution, deconvolve};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [config, folder, traces @ ..] = words.as_slice() else {
        return Err("usage: deconvolve CONFIG.toml FOLDER [RATE_HZ TRACE.npy]...".into());
    };
    let config: DeconvolutionConfig = toml::from_str(&std::fs::read_to_string(config)?)?;
    let config = config.check()?;
    for pair in traces.chunks_exact(2) {
        one(Path::new(&pair[1]), pair[0].parse()?, &config, Path::new(folder))?;
    }
    Ok(())
}

fn one(
    path: &Path,
    rate_hz: f64,
    config: &ValidDeconvolution,
    folder: &Path,
) -> Result<(), Box<dyn Error>> {
    let file = NpyFile::open(path)?;
    let mut trace = file.read_f32()?.into_raw_vec_and_offset().0;
    trace.truncate(file.shape().last().copied().unwrap_or(0));
    let start = Instant::now();
    let cell = deconvolve(&trace, rate_hz, config)?;
    let seconds = start.elapsed().as_secs_f64();
    let stem = path.file_stem().ok_or("a trace without a name")?.to_string_lossy();
    let arrays =
        [("spikes", &cell.spikes), ("calcium", &cell.calcium), ("baseline", &cell.baseline)];
    for (name, values) in arrays {
        let out = folder.join(format!("{stem}_{name}.npy"));
        npy::write_f32(&out, &ArrayView1::from(values.as_slice()).into_dyn())?;
    }
    let numbers = serde_json::json!({
        "trace": stem,
        "seconds": seconds,
        "noise": cell.noise,
        "coefficients": cell.coefficients,
        "lambda": cell.lambda,
    });
    println!("{numbers}");
    Ok(())
}
