//! `striate demo imaging`: the cells of a calcium movie, against the truth.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use striate::base::machine;
use striate::imaging::simulate::{MovieSimulationConfig, MovieTruth};

use super::super::extract::comparison::{Comparison, TRUTH, median};
use super::super::extract::report::PAGE;
use super::super::extract::{ExtractArguments, Extracted, extracted};
use super::super::simulate::movie::{MOVIE, simulate_into};
use crate::context::Context;
use crate::failure::Failure;
use crate::progress::duration;
use crate::table::{Table, score};

pub(super) fn run(out: &Path, context: &Context) -> Result<(), Failure> {
    let clock = Instant::now();
    let (simulated, folder) = (out.join("simulated"), out.join("extracted"));
    let demo = MovieSimulationConfig::demo();
    let config = MovieSimulationConfig { seed: context.seed.unwrap_or(demo.seed), ..demo };

    context.remark("1/2 simulate: a two-photon movie with motion, neuropil and known cells");
    simulated_movie(&config, &simulated, context)?;
    context.remark("2/2 extract: register, compress and denoise, demix, deconvolve");
    let overrides = vec!["register=rigid".to_owned()];
    let arguments = ExtractArguments::new(simulated.join(MOVIE), folder.clone(), overrides);
    let extracted = extracted(&arguments, context)?;
    let Some(comparison) = &extracted.comparison else {
        return Err(Failure::other("found no truth beside the simulated movie, expected one"));
    };
    let seconds = clock.elapsed().as_secs_f64();
    let page = folder.join(PAGE);
    context.result(
        &text(&extracted, comparison, &page, seconds),
        &value(&extracted, comparison, seconds),
    );
    Ok(())
}

/// The movie, simulated unless an earlier call did.
fn simulated_movie(
    config: &MovieSimulationConfig,
    folder: &Path,
    context: &Context,
) -> Result<(), Failure> {
    let is_there = folder.join(MOVIE).is_file()
        && MovieTruth::read(&folder.join(TRUTH)).is_ok_and(|truth| truth.config == *config);
    if is_there {
        context.remark("the movie is there already");
        return Ok(());
    }
    simulate_into(config, folder, context)
}

fn text(extracted: &Extracted, comparison: &Comparison, page: &Path, seconds: f64) -> String {
    let matches = &comparison.matches;
    let summary = &extracted.found.diagnostics.summary;
    let gain = summary.signal_to_noise.map_or("not known".into(), |s| format!("{:.2}x", s.gain));
    let compression = summary.compression.map_or("none".into(), |value| format!("{value:.1}x"));
    let mut table = Table::new(&["", "median correlation with the truth"], 1);
    for (name, of) in [
        ("demixed fluorescence", &comparison.traces),
        ("spikes of it, 10 Hz", &comparison.spikes),
        ("spikes of mean over ROI, 10 Hz", &comparison.spikes_of_means),
    ] {
        table.row(vec![name.to_owned(), score(Some(median(of.iter().copied())))]);
    }
    let [down, right] = comparison.offset_px;
    format!(
        "\n{}\ncells:       {} of {} found, {} found that are none: F1 {:.3} (centres at most 5 px apart, the\n             \
         true ones moved by ({down:.1}, {right:.1}) px to where the template lies)\n\
         denoising:   signal-to-noise gain {gain}, compression {compression} (all overlapping blocks counted)\n\
         time:        {}, peak memory {}\nreport:      {}\n",
        table.render(),
        matches.pairs.len(),
        matches.n_true,
        matches.n_found - matches.pairs.len(),
        matches.f1(),
        duration(seconds),
        machine::format_bytes(machine::peak_memory()),
        page.display()
    )
}

fn value(extracted: &Extracted, comparison: &Comparison, seconds: f64) -> Value {
    let summary = &extracted.found.diagnostics.summary;
    json!({
        "f1": comparison.matches.f1(),
        "trace_correlation_median": median(comparison.traces.iter().copied()),
        "spike_correlation_median": median(comparison.spikes.iter().copied()),
        "spike_correlation_median_roi_means": median(comparison.spikes_of_means.iter().copied()),
        "snr_gain_median": summary.signal_to_noise.map(|s| s.gain),
        "compression": summary.compression,
        "peak_mb": machine::peak_memory() as f64 / 1e6,
        "seconds": seconds,
    })
}
