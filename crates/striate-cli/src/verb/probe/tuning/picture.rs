//! Tuning as a sheet of curves.

use std::path::Path;

use ndarray::Axis as Along;
use striate::insilico::Experiment;
use striate::report::figure::{
    Axis, Band, Bars, ColourBy, Line, Plot, Points, Rule, TickLabels, colour,
};

use crate::failure::Failure;
use crate::verb::probe::captions::Captions;
use crate::verb::probe::sheet::Sheet;

/// Most neurons on the sheet.
const MOST_NEURONS: usize = 20;

/// Size of a plot in pixels.
const PLOT: [f64; 2] = [228.0, 168.0];

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
pub(in crate::verb::probe) fn write(found: &Experiment, path: &Path) -> Result<(), Failure> {
    let captions = Captions(found);
    let places = captions.spread(MOST_NEURONS);
    let notes = [
        captions.origin(places.len(), "neuron"),
        "Curves through each neuron's best grating: mean response above that to grey, or its first harmonic (F1) where \
         that is larger. Bands: standard errors over twins, where there are several."
            .into(),
    ];
    let mut sheet = Sheet::new("Tuning to gratings", &notes);
    sheet.row(["All neurons", ""], histograms(found), PLOT);
    for place in places {
        let title = format!("neuron {}", found.neurons[place]);
        sheet.row([&title, &numbers(captions, place)], curves(found, place), PLOT);
    }
    sheet.write(path)
}

fn histograms(found: &Experiment) -> Vec<Plot> {
    let of = |name: &str, label: &str, range: [f64; 2]| {
        let values = found.values_of(name)?;
        let values: Vec<f64> = values.iter().flatten().copied().collect();
        let bars = Bars::histogram(&values, 12, range, colour::BLUE);
        let axis = Axis::new(label).range(range[0], range[1]);
        Some(Plot::new(axis, Axis::new("neurons")).bars(bars))
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

/// Its key numbers.
fn numbers(captions: Captions<'_>, place: usize) -> String {
    let kind = captions.value("is_simple", place).map(|simple| match simple {
        simple if simple > 0.5 => "simple".to_owned(),
        _ => "complex".to_owned(),
    });
    let number = |label, name, unit| captions.number(label, name, unit, place);
    let numbers = [
        kind,
        number("orientation", "preferred_orientation", "°"),
        number("selectivity", "orientation_selectivity", ""),
        number("direction selectivity", "direction_selectivity", ""),
        number("spatial frequency", "preferred_spatial_frequency", " cycles/px"),
        number("temporal frequency", "preferred_temporal_frequency", " Hz"),
        number("F1/F0", "f1_f0", ""),
        captions.farther("", place),
    ];
    numbers.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn curves(found: &Experiment, place: usize) -> Vec<Plot> {
    let is_modulated = Captions(found).value("is_modulated", place) == Some(1.0);
    let drawn =
        CURVES.into_iter().filter_map(|curve| points(found, curve.0, place).map(|p| (curve, p)));
    drawn
        .enumerate()
        .map(|(column, ((_, label, is_logarithmic), points))| {
            let axis = Axis::new(label);
            let axis =
                if is_logarithmic { axis.logarithmic() } else { axis.ticks(angles(&points)) };
            let y = match (column, is_modulated) {
                (0, true) => "F1 of response",
                (0, false) => "response over grey",
                _ => "",
            };
            curve(Plot::new(axis, Axis::new(y)), &points)
        })
        .collect()
}

/// Ticks at every right angle, of orientations at every half of one.
fn angles(points: &[[f64; 3]]) -> TickLabels {
    let step = if points.iter().any(|point| point[0] >= 180.0) { 90 } else { 45 };
    TickLabels::Named((0..=360).step_by(step).map(|a| (f64::from(a), a.to_string())).collect())
}

/// A curve's places, values and, where known, errors, by place.
fn points(found: &Experiment, name: &str, place: usize) -> Option<Vec<[f64; 3]>> {
    let array = found.array_of(name)?;
    let axis = array.axes.get(1)?;
    let scale = found.scales.iter().find(|scale| &scale.name == axis)?;
    let errors = found.array_of(&format!("{name}_error"));
    let errors = errors.map(|errors| errors.values.index_axis(Along(0), place));
    let values = array.values.index_axis(Along(0), place);
    let error = |i: usize| errors.as_ref().and_then(|errors| errors.get([i])).copied();
    let mut points: Vec<[f64; 3]> = values
        .iter()
        .zip(&scale.places)
        .enumerate()
        .map(|(i, (&y, &x))| [x, y, error(i).unwrap_or(f32::NAN)].map(f64::from))
        .collect();
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    Some(points)
}

fn curve(plot: Plot, points: &[[f64; 3]]) -> Plot {
    let of = |value: fn(&[f64; 3]) -> f64| points.iter().map(value).collect::<Vec<f64>>();
    let [x, y] = [of(|p| p[0]), of(|p| p[1])];
    let mut plot = plot.rule(Rule::horizontal(0.0, colour::LIGHT));
    if points.iter().all(|point| point[2].is_finite()) {
        plot = plot.band(Band::new(&x, &of(|p| p[1] - p[2]), &of(|p| p[1] + p[2]), colour::TWIN));
    }
    let dots = Points::new(&x, &y, ColourBy::Same(colour::TWIN)).radius(2.0);
    plot.line(Line::new(&x, &y, colour::TWIN)).points(dots)
}
