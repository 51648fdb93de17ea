//! What an extraction says.

use std::path::Path;

use serde_json::{Value, json};
use striate::base::machine;

use super::Extracted;
use super::comparison::{Comparison, median};
use super::report::PAGE;

/// For humans.
pub(super) fn describe(Extracted { found, comparison }: &Extracted, out: &Path) -> String {
    let shape = found.shape;
    let summary = &found.diagnostics.summary;
    let mut lines = vec![format!(
        "{} frames of {} x {} pixels at {} Hz",
        shape.n_frames, shape.height, shape.width, found.frame_rate_hz
    )];
    if let Some(registration) = &found.registration {
        let quality = &registration.quality;
        lines.push(format!(
            "registration: correlation with the mean image {:.3} -> {:.3}, residual {:.2} px",
            quality.before.mean_correlation, quality.after.mean_correlation, quality.residual_px
        ));
    }
    let compression = summary.compression.map_or("none".into(), |value| format!("{value:.1}x"));
    let gain =
        summary.signal_to_noise.as_ref().map_or("not known".into(), |s| format!("{:.2}x", s.gain));
    lines.push(format!(
        "compression {compression} (all overlapping blocks counted), signal-to-noise gain {gain}, {:.1} % of the variance is signal",
        100.0 * summary.variance_explained
    ));
    let n_events: usize = found.events.iter().map(Vec::len).sum();
    lines.push(format!("{} cells, {n_events} events", found.cells.footprints.len()));
    lines.extend(comparison.as_ref().map(compared));
    lines.push(format!("report: {}", out.join(PAGE).display()));
    let (out, recording) = (out.display(), out.join("recording.toml"));
    lines.push(format!("everything: {out}"));
    if recording.is_file() {
        lines.push(format!("next:       striate inspect {}", recording.display()));
    }
    lines.join("\n") + "\n"
}

fn compared(comparison: &Comparison) -> String {
    let matches = &comparison.matches;
    format!(
        "truth: {} of {} cells found, {} found that are none, F1 {:.3}; median correlation of traces {:.3}, of spikes {:.3}",
        matches.pairs.len(),
        matches.n_true,
        matches.n_found - matches.pairs.len(),
        matches.f1(),
        median(comparison.traces.iter().copied()),
        median(comparison.spikes.iter().copied()),
    )
}

/// For machines.
pub(super) fn value(
    Extracted { found, comparison }: &Extracted,
    out: &Path,
    seconds: f64,
) -> Value {
    json!({
        "folder": out,
        "shape": [found.shape.n_frames, found.shape.height, found.shape.width],
        "frame_rate_hz": found.frame_rate_hz,
        "n_cells": found.cells.footprints.len(),
        "n_events": found.events.iter().map(Vec::len).sum::<usize>(),
        "registration": found.registration.as_ref().map(|registration| &registration.quality),
        "decomposition": found.diagnostics.summary,
        "truth": comparison.as_ref().map(|comparison| json!({
            "f1": comparison.matches.f1(),
            "precision": comparison.matches.precision(),
            "recall": comparison.matches.recall(),
            "distance_px_median":
                median(comparison.matches.pairs.iter().map(|pair| pair.distance_px)),
            "trace_correlation_median": median(comparison.traces.iter().copied()),
            "spike_correlation_median": median(comparison.spikes.iter().copied()),
        })),
        "report": out.join(PAGE),
        "stages": found.seconds,
        "peak_mb": machine::peak_memory() as f64 / 1e6,
        "seconds": seconds,
    })
}

/// What should make one look twice.
pub(super) fn doubts(found: &striate::imaging::extraction::Extraction) -> Vec<String> {
    let mut doubts = Vec::new();
    if let Some(registration) = &found.registration {
        let quality = &registration.quality;
        let is_worse = quality.after.mean_correlation < quality.before.mean_correlation;
        if is_worse || quality.share_at_limit > 0.05 {
            doubts.push(
                "note: registration did not make the frames more alike, or reached its largest shift; results may be better \
                 with register=none"
                    .to_owned(),
            );
        }
    }
    let is_dark =
        |trace: ndarray::ArrayView1<'_, f32>| trace.mean().is_some_and(|mean| mean <= 0.0);
    let n_dark = found.cells.fluorescence.outer_iter().filter(|trace| is_dark(*trace)).count();
    if n_dark > 0 {
        doubts.push(format!(
            "note: the light of {n_dark} cells at rest is not above 0, so their dF/F is in units of noise, not of light; \
             subtract no more than the dark offset from the movie"
        ));
    }
    doubts
}
