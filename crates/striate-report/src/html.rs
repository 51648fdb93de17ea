//! The writer of `report.html`: one file that needs nothing else, not even a network.

mod curves;
pub(crate) mod details;
mod examples;
mod headline;
mod latents;
pub(crate) mod page;
mod positions;
mod score_table;
mod scores;

use std::path::Path;

use striate_base::files::write_atomic_bytes;

use crate::data::ReportData;
use crate::error::ReportError;
#[cfg(test)]
pub(crate) use latents::tests::drawings;
use page::Page;

/// The report as one HTML document without scripts and without references to the outside.
///
/// ```
/// use striate_report::{ReportData, report_html};
///
/// let data = ReportData { title: "rgc <run 3>".into(), ..ReportData::default() };
/// let html = report_html(&data);
/// assert!(html.starts_with("<!DOCTYPE html>") && html.contains("rgc &lt;run 3&gt;"));
/// assert!(!html.contains("<script") && !html.contains("http://") && !html.contains("https://"));
/// ```
pub fn report_html(data: &ReportData) -> String {
    let mut page = Page::new(&data.title);
    headline::write(data, &mut page);
    curves::write(data, &mut page);
    scores::write(data, &mut page);
    positions::write(data, &mut page);
    examples::write(data, &mut page);
    latents::write(data, &mut page);
    details::write(&data.config, &data.provenance, &mut page);
    page.finish()
}

/// Write [`report_html`] to `path`, whole or not at all.
///
/// # Errors
/// [`ReportError::Write`] with what the file system reports.
pub fn write_report(data: &ReportData, path: &Path) -> Result<(), ReportError> {
    write_atomic_bytes(path, report_html(data).as_bytes())
        .map_err(|source| ReportError::Write { source, path: path.to_owned() })
}

#[cfg(test)]
mod tests;
