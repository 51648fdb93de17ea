//! Figures and self-contained reports: what a fitted twin looks like on one page.
//!
//! [`gather`] collects from a finished run what a report shows, [`ReportData`] holds it as plain data,
//! [`report_html`] writes it as one HTML file
//! that needs neither network nor scripts, and [`figure`] draws the figures as SVG.

mod data;
mod error;
pub mod extraction;
pub mod figure;
mod gather;
mod html;
mod picture;

pub use data::{
    BitsRow, CurvePoint, Example, NeuronScore, ReportData, Responses, ScoreRow, TierScores,
};
pub use error::ReportError;
pub use extraction::{ExtractionReport, extraction_html, write_extraction_report};
pub use gather::{ReportSources, gather};
pub use html::{report_html, write_report};
pub use picture::{ExampleFrame, MoviePicture, SessionPicture, movie_picture, session_picture};
