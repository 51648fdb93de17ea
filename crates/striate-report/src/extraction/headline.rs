//! The first thing a reader sees.

use std::fmt::Write;

use super::data::ExtractionReport;
use super::{percent, short};
use crate::figure::escape;
use crate::html::page::Page;

pub(super) fn write(report: &ExtractionReport, page: &mut Page) {
    let facts: Vec<_> = facts(report).into_iter().chain(report.facts.iter().cloned()).collect();
    list(&facts, page);
    for notice in &report.notices {
        page.raw(&format!("<p class=\"notice\">{}</p>\n", escape(notice)));
    }
    stages(report, page);
}

fn facts(report: &ExtractionReport) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut add = |name: &str, value: String| facts.push((name.to_owned(), value));
    let [n_frames, height, width] = report.shape;
    if n_frames > 0 {
        add("field of view", format!("{height} \u{d7} {width} px"));
        add("frames", n_frames.to_string());
    }
    if let Some(rate) = report.frame_rate_hz.filter(|rate| *rate > 0.0) {
        add("frame rate", format!("{} Hz", short(rate)));
        add("length", duration(n_frames as f64 / rate));
    }
    add("cells", report.cells.len().to_string());
    if let Some(denoising) = &report.denoising {
        if let Some(compression) = denoising.compression {
            let value = format!("{}\u{d7}, all overlapping blocks counted", short(compression));
            add("compression", value);
        }
        if let Some([.., gain]) = denoising.signal_to_noise {
            add("signal-to-noise gain", format!("{}\u{d7}", short(gain)));
        }
        if let Some(share) = denoising.variance_explained {
            add("variance explained", percent(share));
        }
    }
    if let Some(truth) = report.truth.as_ref().filter(|truth| truth.n_true > 0) {
        add("F1 against truth", short(super::truth::f1(report, truth)));
    }
    if let Some(bytes) = report.peak_memory_bytes {
        add("peak memory", format!("{} MB", bytes >> 20));
    }
    if !report.stages.is_empty() {
        add("time", duration(report.stages.iter().map(|(_, seconds)| seconds).sum()));
    }
    facts
}

/// Seconds in words.
fn duration(seconds: f64) -> String {
    if seconds < 120.0 {
        return format!("{} s", short(seconds));
    }
    format!("{} min", short(seconds / 60.0))
}

fn stages(report: &ExtractionReport, page: &mut Page) {
    if report.stages.is_empty() {
        return;
    }
    let named = report.stages.iter().map(|(name, s)| (name.clone(), format!("{} s", short(*s))));
    page.subheading("Time by stage");
    list(&named.collect::<Vec<_>>(), page);
}

/// Names with their values, side by side.
fn list(facts: &[(String, String)], page: &mut Page) {
    let mut out = String::from("<dl class=\"facts\">\n");
    for (name, value) in facts {
        let _ = writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value));
    }
    page.raw(&out);
    page.raw("</dl>\n");
}
