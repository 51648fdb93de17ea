//! The geometry in pictures: matrices of dissimilarities, and curves.

use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use striate::formats::image::write_png_rgb;
use striate::insilico::Experiment;
use striate::report::figure::{
    Axis, Band, Colour, ColourBy, ColourMap, Line, Plot, Points, Rule, colour,
    pixel::{CHARACTER_SIZE, PixelCanvas},
};

use super::super::sheet;
use crate::failure::Failure;

/// Size of a plot in pixels.
const PLOT: [f64; 2] = [320.0, 290.0];

/// Width of a matrix in pixels, about, and space around it.
const MATRIX: usize = 400;
const GAP: usize = 10;

/// The matrices side by side, and what they are.
const MATRICES: [(&str, &str); 4] = [
    ("rdm_twin", "twin: 1 - r"),
    ("rdm_recorded", "recorded: 1 - r"),
    ("distance_without_noise_twin", "twin: squared distance"),
    ("distance_without_noise_recorded", "recorded, cross-validated"),
];

/// Write `PATH.png` with the matrices, `PATH.svg` with correlations of pairs of neurons and principal components.
pub(super) fn write(found: &Experiment, path: &Path) -> Result<(), Failure> {
    write_matrices(found, path)?;
    let plots = [
        pairs(found, "signal_correlation", "signal correlation"),
        pairs(found, "noise_correlation", "noise correlation"),
        spectrum(found),
    ];
    sheet::write(&[plots.into_iter().flatten().collect()], PLOT, path)
}

fn values<'a>(found: &'a Experiment, name: &str) -> Option<&'a ArrayD<f32>> {
    found.arrays.iter().find(|array| array.name == name).map(|array| &array.values)
}

fn write_matrices(found: &Experiment, path: &Path) -> Result<(), Failure> {
    let drawn: Vec<_> = MATRICES
        .iter()
        .filter_map(|(name, title)| values(found, name).map(|values| (values, *title)))
        .collect();
    let n = drawn.first().map_or(1, |(values, _)| values.shape()[0]);
    let scale = (MATRIX / n).max(1);
    let above = GAP + 2 * (CHARACTER_SIZE + 4);
    let size = [GAP + drawn.len() * (n * scale + GAP), above + n * scale + GAP];
    let mut canvas = PixelCanvas::new(size[0], size[1], Colour([255; 3]));
    for (place, (values, title)) in drawn.iter().enumerate() {
        let left = GAP + place * (n * scale + GAP);
        let [low, high] = extremes(values);
        canvas.text([left, GAP], title, 1, colour::INK);
        let range = format!("{low:.2} to {high:.2}");
        canvas.text([left, GAP + CHARACTER_SIZE + 4], &range, 1, colour::INK);
        canvas.picture([left, above], [n, n], scale, |row, column| {
            let share = (values[IxDyn(&[row, column])] - low) / (high - low);
            ColourMap::Sequential.at(f64::from(share))
        });
    }
    let path = path.with_extension("png");
    Ok(write_png_rgb(&path, canvas.width(), canvas.height(), canvas.pixels())?)
}

/// Lowest and highest dissimilarity of two stimuli.
fn extremes(values: &ArrayD<f32>) -> [f32; 2] {
    let apart = values.indexed_iter().filter(|(at, _)| at[0] != at[1]);
    let [low, high] = apart.fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], (_, &value)| {
        [low.min(value), high.max(value)]
    });
    [low, high.max(low + f32::EPSILON)]
}

/// Correlations of pairs of neurons, recorded and in the twin.
fn pairs(found: &Experiment, name: &str, label: &str) -> Option<Plot> {
    let of = |whose: &str| -> Option<Vec<f64>> {
        Some(values(found, &format!("{name}_{whose}"))?.iter().map(|&v| f64::from(v)).collect())
    };
    let points = Points::new(&of("recorded")?, &of("twin")?, ColourBy::Same(colour::TWIN));
    let axes = [Axis::new(format!("{label}, recorded")), Axis::new("in the twin")];
    let [x, y] = axes;
    let agreement = found.summary.get(&format!("{name}_agreement"));
    let title = agreement.map_or(String::new(), |r| format!("agreement over pairs {r:.2}"));
    Some(Plot::new(x, y).rule(Rule::diagonal(colour::GREY)).points(points).title(title))
}

/// Share of the variance along each principal component.
fn spectrum(found: &Experiment) -> Option<Plot> {
    let ranks = &found.scales.iter().find(|scale| scale.name == "rank")?.places;
    let ranks: Vec<f64> = ranks.iter().map(|&rank| f64::from(rank)).collect();
    let axes = (Axis::new("component").logarithmic(), Axis::new("share of variance").logarithmic());
    let mut plot = Plot::new(axes.0, axes.1).title("principal components");
    let recorded = ["without_noise", "recorded"]
        .into_iter()
        .find(|name| values(found, &format!("eigenspectrum_{name}")).is_some())?;
    let label = if recorded == "without_noise" { "recorded, cross-validated" } else { "recorded" };
    for (name, label, colour) in
        [(recorded, label, colour::RECORDED), ("twin", "twin", colour::TWIN)]
    {
        let of = |name: String| values(found, &name);
        let spectrum = of(format!("eigenspectrum_{name}"))?;
        let errors = of(format!("eigenspectrum_{name}_error"))?;
        let total: f32 = spectrum.iter().sum();
        let with = |factor: f32| -> Vec<f64> {
            let value = |(v, e): (&f32, &f32)| f64::from((v + factor * e) / total);
            spectrum.iter().zip(errors).map(value).collect()
        };
        // A logarithm has no place for what noise leaves below 0.
        let least = with(0.0).into_iter().filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
        let shown = |values: Vec<f64>| values.into_iter().map(|v| v.max(least)).collect::<Vec<_>>();
        plot = plot
            .band(Band::new(&ranks, &shown(with(-1.0)), &shown(with(1.0)), colour))
            .line(Line::new(&ranks, &with(0.0), colour).label(label));
    }
    Some(plot)
}
