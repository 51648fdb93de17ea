//! What registration did.

use super::cells::time_axis;
use super::data::{ExtractionReport, Registration};
use super::window::envelope;
use super::{percent, short};
use crate::figure::{Axis, Line, Plot, colour};
use crate::html::page::Page;

const N_BINS: usize = 800;

pub(super) fn write(report: &ExtractionReport, page: &mut Page) {
    let Some(registration) = &report.registration else { return };
    page.section(
        "Registration",
        "How far each frame lay off the template before it was moved back. Long movies show the smallest and the \
         largest shift of each stretch of frames.",
    );
    if let Some(figure) = shifts(registration, report) {
        page.figures(&[figure]);
    }
    page.table((1, &["measure", "before", "after", "good"]), &rows(registration));
}

fn shifts(registration: &Registration, report: &ExtractionReport) -> Option<(Plot, String)> {
    if registration.shifts.nrows() == 0 || registration.shifts.ncols() != 2 {
        return None;
    }
    let (label, step) = time_axis(report.frame_rate_hz);
    let plot = Plot::new(Axis::new(label), Axis::new("shift (px)")).size(1150.0, 210.0);
    let line = |axis: usize, colour, name: &str| {
        let points = envelope(&registration.shifts.column(axis).to_vec(), N_BINS);
        let x: Vec<f64> = points.iter().map(|(i, _)| *i as f64 * step).collect();
        let y: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
        Line::new(&x, &y, colour).width(1.0).label(name)
    };
    let plot = plot.line(line(0, colour::BLUE, "down")).line(line(1, colour::VERMILLION, "right"));
    let largest = registration.shifts.iter().fold(0.0f32, |most, shift| most.max(shift.abs()));
    Some((plot, format!("Rigid shift of each frame; largest {largest:.2} px.")))
}

fn rows(registration: &Registration) -> Vec<Vec<String>> {
    let row = |name: &str, [before, after]: [String; 2], good: &str| {
        vec![name.to_owned(), before, after, good.to_owned()]
    };
    let alone = |value: String| [short(f64::NAN), value];
    let Registration { crispness, mean_correlation, residual_px, share_at_limit, .. } =
        registration;
    let (found, at_limit) = (alone(short(*residual_px)), alone(percent(*share_at_limit)));
    vec![
        row("crispness of the mean image", crispness.map(short), "rises"),
        row("correlation of frames with the mean", mean_correlation.map(short), "rises"),
        row("shift found by a second registration (px)", found, "well below 1"),
        row("frames at the largest shift allowed", at_limit, "near 0"),
    ]
}
