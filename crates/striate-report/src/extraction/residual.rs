//! Whether what denoising left out is noise.

use ndarray::Array2;

use super::data::{Denoising, ExtractionReport, Stages};
use super::panel::Panel;
use super::{percent, short};
use crate::figure::{Axis, Bars, ColourMap, Plot, Rule, colour};
use crate::html::page::{Page, median};

const WIDE: f64 = 378.0;
/// Longest side of a small image.
const SMALL: usize = 256;
/// Upper end of the scale of the residual.
const FINE: f32 = 0.2;
const N_BINS: usize = 60;

pub(super) fn write(report: &ExtractionReport, page: &mut Page) {
    let Some(denoising) = &report.denoising else { return };
    let rows = numbers(denoising);
    if rows.is_empty() && denoising.neighbour_correlation.is_none() && denoising.lag_one.is_none() {
        return;
    }
    page.section(
        "What denoising left out",
        "Noise of a camera or a photomultiplier is independent from pixel to pixel and from frame to frame. Signal is \
         not: what correlates in the residual has been lost.",
    );
    if let Some(images) = &denoising.neighbour_correlation {
        correlations(images, page);
    }
    let figures: Vec<_> = denoising.lag_one.iter().map(histogram).collect();
    page.figures_with(&figures, |page| {
        if !rows.is_empty() {
            page.raw("<div>\n");
            page.table((3, &["quantity", "value", "good"]), &rows);
            page.raw("</div>\n");
        }
    });
}

fn correlations(images: &Stages<Array2<f32>>, page: &mut Page) {
    let panels = [
        (&images.raw, 1.0, "Raw: cells stand out, the rest is low."),
        (&images.denoised, 1.0, "Denoised: high wherever there is signal."),
        (
            &images.residual,
            FINE,
            "Residual, on a finer scale: good where it is near 0 and shows no cell.",
        ),
    ];
    page.heading("Correlation with neighbouring pixels");
    page.raw("<div class=\"figures\">\n");
    for (image, most, caption) in panels {
        let middle = median(image.iter().map(|&value| f64::from(value))).unwrap_or(f64::NAN);
        let panel = Panel::new(image, WIDE).most(SMALL).map(ColourMap::Sequential, [0.0, most]);
        panel.write(page, &format!("{caption} Median {}.", short(middle)));
    }
    page.raw("</div>\n");
}

fn histogram(lag_one: &Stages<Vec<f32>>) -> (Plot, String) {
    let values = |stage: &[f32]| -> Vec<f64> {
        stage.iter().map(|&value| f64::from(value)).filter(|value| value.is_finite()).collect()
    };
    let (raw, residual) = (values(&lag_one.raw), values(&lag_one.residual));
    let both = raw.iter().chain(&residual);
    let [low, high] = both.fold([-0.1f64, 0.1f64], |[a, b], &v| [a.min(v), b.max(v)]);
    let of = |values: &[f64], colour| Bars::histogram(values, N_BINS, [low, high], colour);
    let plot = Plot::new(Axis::new("correlation of a frame with the next"), Axis::new("pixels"))
        .size(430.0, 270.0)
        .bars(of(&raw, colour::GREY))
        .bars(of(&residual, colour::BLUE).outline())
        .rule(Rule::vertical(0.0, colour::INK));
    let middle = |values: &[f64]| short(median(values.iter().copied()).unwrap_or(f64::NAN));
    let caption = format!(
        "Grey: raw, median {}. Blue: residual, median {}; good where it is narrow and centred on 0.",
        middle(&raw),
        middle(&residual)
    );
    (plot, caption)
}

/// Quantities, their values and what is good.
fn numbers(denoising: &Denoising) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut add = |name: &str, value: String, good: &str| {
        rows.push(vec![name.to_owned(), value, good.to_owned()]);
    };
    if let Some(share) = denoising.variance_explained {
        add("variance explained", percent(share), "the share of signal");
    }
    if let Some([raw, denoised, gain]) = denoising.signal_to_noise {
        let value = format!("{} \u{2192} {}", short(raw), short(denoised));
        add("signal-to-noise ratio of a pixel", value, "rises");
        add("its gain, median over pixels", format!("{}\u{d7}", short(gain)), "above 1");
    }
    if let Some(compression) = denoising.compression {
        let value = format!("{}\u{d7}", short(compression));
        add("compression, all overlapping blocks counted", value, "above 1");
    }
    if let Some(compression) = denoising.compression_of_one_tiling {
        let value = format!("{}\u{d7}", short(compression));
        add("compression, blocks of one tiling counted", value, "above 1");
    }
    if let Some([space, time]) = denoising.thresholds {
        add("largest roughness kept, in space", format!("{space:.4}"), "below that of noise");
        add("largest roughness kept, in time", format!("{time:.4}"), "below that of noise");
    }
    let [n_blocks, n_empty, n_full] = denoising.n_blocks;
    if n_blocks > 0 {
        let mean = short(denoising.n_components as f64 / n_blocks as f64);
        add("components per block", mean, "few");
        add("blocks without a component", format!("{n_empty} of {n_blocks}"), "where no cell is");
        add("blocks with as many as allowed", format!("{n_full} of {n_blocks}"), "0");
    }
    rows
}
