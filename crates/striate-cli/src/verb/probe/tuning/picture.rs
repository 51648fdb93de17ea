//! Tuning as a sheet of curves.

use std::fmt::Write;
use std::path::Path;

use striate::base::files::write_atomic;
use striate::insilico::Experiment;
use striate::report::figure::{Axis, Bars, Line, Plot, colour};

use crate::failure::Failure;

/// Most neurons on the sheet.
const MOST_NEURONS: usize = 12;

/// Size of a plot in pixels.
const PLOT: [f64; 2] = [210.0, 170.0];

/// An array, its axis' label, and whether the axis is logarithmic.
const CURVES: [(&str, &str, bool); 6] = [
    ("direction_curve", "direction (deg)", false),
    ("orientation_curve", "orientation (deg)", false),
    ("spatial_frequency_curve", "cycles/px", true),
    ("temporal_frequency_curve", "Hz", true),
    ("contrast_curve", "contrast", true),
    ("size_curve", "diameter (px)", true),
];

/// Write the sheet: a row of histograms over all neurons, then a row of curves for each of some.
pub(super) fn write(found: &Experiment, path: &Path) -> Result<(), Failure> {
    let mut rows = vec![histograms(found)];
    // Evenly spread, so that a sorted recording shows all its kinds.
    let n = found.neurons.len().min(MOST_NEURONS);
    for i in 0..n {
        rows.push(curves(found, i * found.neurons.len() / n));
    }
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let (width, height) = (n_columns * PLOT[0], rows.len() as f64 * PLOT[1]);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
    );
    for (row, plots) in rows.iter().enumerate() {
        for (column, plot) in plots.iter().enumerate() {
            let (x, y) = (column as f64 * PLOT[0], row as f64 * PLOT[1]);
            let _ = write!(svg, "<g transform=\"translate({x},{y})\">{}</g>", plot.to_svg());
        }
    }
    svg += "</svg>\n";
    let path = path.with_extension("svg");
    write_atomic(&path, |file| file.write_all(svg.as_bytes()))
        .map_err(|e| Failure::io("cannot write the picture", &e, &path))
}

fn histograms(found: &Experiment) -> Vec<Plot> {
    let of = |name: &str, label: &str, range: [f64; 2]| {
        let values = found.values_of(name)?;
        let values: Vec<f64> = values.iter().flatten().copied().collect();
        let bars = Bars::histogram(&values, 12, range, colour::BLUE);
        let axis = Axis::new(label).range(range[0], range[1]);
        let plot = Plot::new(axis, Axis::new("neurons")).bars(bars);
        Some(plot.size(PLOT[0], PLOT[1]))
    };
    [
        of("preferred_orientation", "preferred orientation (deg)", [0.0, 180.0]),
        of("orientation_selectivity", "orientation selectivity", [0.0, 1.0]),
        of("direction_selectivity", "direction selectivity", [0.0, 1.0]),
        of("f1_f0", "F1/F0", [0.0, 2.0]),
        of("suppression_index", "suppression by size", [0.0, 1.0]),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn curves(found: &Experiment, place: usize) -> Vec<Plot> {
    let mut plots = Vec::new();
    for (name, label, is_logarithmic) in CURVES {
        let Some(array) = found.arrays.iter().find(|array| array.name == name) else { continue };
        let scale =
            array.axes.get(1).and_then(|axis| found.scales.iter().find(|s| &s.name == axis));
        let Some(scale) = scale else { continue };
        let mut points: Vec<[f64; 2]> = scale
            .places
            .iter()
            .zip(array.values.index_axis(ndarray::Axis(0), place))
            .map(|(&x, &y)| [f64::from(x), f64::from(y)])
            .collect();
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let [x, y] = [0, 1].map(|i| points.iter().map(|point| point[i]).collect::<Vec<f64>>());
        let axis = Axis::new(label);
        let axis = if is_logarithmic { axis.logarithmic() } else { axis };
        let title = if plots.is_empty() {
            format!("neuron {}", found.neurons[place])
        } else {
            String::new()
        };
        let plot = Plot::new(axis, Axis::new("")).line(Line::new(&x, &y, colour::TWIN));
        plots.push(plot.title(title).size(PLOT[0], PLOT[1]));
    }
    plots
}
