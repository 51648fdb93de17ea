//! The page of an extraction: what was found in a calcium movie, and whether to believe it.
//!
//! [`ExtractionReport`] holds arrays and texts only; what is empty or `None` is left out of the page.

mod cells;
mod data;
mod denoising;
mod field;
mod headline;
mod outline;
mod panel;
mod picture;
mod registration;
mod residual;
mod table;
#[cfg(test)]
mod tests;
mod truth;
mod window;

use std::path::Path;

use striate_base::files::write_atomic_bytes;

use crate::error::ReportError;
use crate::html::details;
use crate::html::page::Page;
pub use cells::example_cells;
pub use data::{
    Cell, DenoisedFrame, Denoising, ExampleTraces, ExtractionReport, FieldImages, Footprint,
    PixelTrace, Registration, Stages, Truth,
};
pub use outline::outline;

/// The page as one HTML document without scripts and without references to the outside.
///
/// ```
/// use striate_report::extraction::{ExtractionReport, extraction_html};
///
/// let report = ExtractionReport { title: "mouse <3>.tif".into(), ..ExtractionReport::default() };
/// let html = extraction_html(&report);
/// assert!(html.contains("mouse &lt;3&gt;.tif") && !html.contains("<script"));
/// ```
pub fn extraction_html(report: &ExtractionReport) -> String {
    let mut page = Page::new(&report.title);
    headline::write(report, &mut page);
    field::write(report, &mut page);
    cells::write(report, &mut page);
    truth::write(report, &mut page);
    denoising::write(report, &mut page);
    residual::write(report, &mut page);
    registration::write(report, &mut page);
    table::write(report, &mut page);
    details::write(&report.config, &report.provenance, &mut page);
    page.finish()
}

/// Write [`extraction_html`] to `path`, whole or not at all.
///
/// # Errors
/// [`ReportError::Write`] with what the file system reports.
pub fn write_extraction_report(report: &ExtractionReport, path: &Path) -> Result<(), ReportError> {
    write_atomic_bytes(path, extraction_html(report).as_bytes())
        .map_err(|source| ReportError::Write { source, path: path.to_owned() })
}

/// A number of about three digits, a dash where there is none.
fn short(value: f64) -> String {
    if !value.is_finite() {
        return "\u{2013}".into();
    }
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 || v == 0.0 => 2,
        v => (2.0 - v.log10().floor()).min(6.0) as usize,
    };
    format!("{value:.digits$}").replace('-', "\u{2212}")
}

fn percent(share: f64) -> String {
    format!("{} %", short(100.0 * share))
}
