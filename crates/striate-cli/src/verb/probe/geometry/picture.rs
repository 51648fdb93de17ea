//! The geometry in pictures: matrices of dissimilarities, and curves.

use std::path::Path;

use ndarray::{ArrayD, Ix2};
use striate::insilico::Experiment;
use striate::report::figure::{
    Axis, Band, ColourBy, ColourMap, Line, Picture, Plot, Points, Rule, colour, data_uri_image,
};

use crate::failure::Failure;
use crate::verb::probe::captions::{Captions, with_error};
use crate::verb::probe::sheet::Sheet;

/// Size of a plot in pixels.
const PLOT: [f64; 2] = [330.0, 280.0];

/// Dots of a matrix' picture along a side, about.
const MATRIX: usize = 400;

/// The matrices side by side, what they are, and the distance in them.
const MATRICES: [(&str, &str, &str); 4] = [
    ("rdm_twin", "twin", "1 \u{2212} correlation"),
    ("rdm_recorded", "recorded", "1 \u{2212} correlation"),
    ("distance_without_noise_twin", "twin", "squared distance"),
    ("distance_without_noise_recorded", "recorded, cross-validated", "squared distance"),
];

/// Numbers of the summary in the heading.
const HEADING: [(&str, &str); 4] = [
    ("rdm_agreement", "agreement of the matrices"),
    ("participation_ratio_twin", "dimensions in the twin"),
    ("participation_ratio_recorded", "recorded"),
    ("mean_share_of_training_farther", "mean share of training farther out"),
];

/// Write `PATH.svg` with the matrices, and correlations of pairs of neurons and principal components.
pub(in crate::verb::probe) fn write(found: &Experiment, path: &Path) -> Result<(), Failure> {
    let notes = [
        Captions(found).origin(found.neurons.len(), "neuron"),
        "Matrices: distance of the responses of all neurons to every two stimuli; each has colours of its own, said by \
         its bar. Bands: standard errors over stimuli."
            .into(),
    ];
    let mut sheet = Sheet::new("Population geometry", &notes);
    sheet.row(
        ["", &heading(found)],
        MATRICES.iter().filter_map(|of| matrix(found, of)).collect(),
        PLOT,
    );
    let plots = [
        pairs(found, "signal_correlation", "signal correlation"),
        pairs(found, "noise_correlation", "noise correlation"),
        spectrum(found),
    ];
    sheet.row([""; 2], plots.into_iter().flatten().collect(), PLOT);
    sheet.write(path)
}

fn heading(found: &Experiment) -> String {
    let said = |(name, label): &(&str, &str)| {
        let error = found.summary.get(&format!("{name}_error")).copied();
        Some(format!("{label} {}", with_error(*found.summary.get(*name)?, error)))
    };
    HEADING.iter().filter_map(said).collect::<Vec<_>>().join(", ")
}

fn values<'a>(found: &'a Experiment, name: &str) -> Option<&'a ArrayD<f32>> {
    found.array_of(name).map(|array| &array.values)
}

fn matrix(found: &Experiment, (name, title, label): &(&str, &str, &str)) -> Option<Plot> {
    let matrix = values(found, name)?.view().into_dimensionality::<Ix2>().ok()?;
    let (n, [low, high]) = (matrix.nrows() as f64, extremes(values(found, name)?));
    let side = (MATRIX / matrix.nrows().max(1)).max(1);
    let uri = data_uri_image(matrix, ColourMap::Sequential, [low, high], side);
    let range = [f64::from(low), f64::from(high)];
    let picture = Picture::new(uri, [0.0, n], [0.0, n]).bar(range, ColourMap::Sequential, *label);
    let [x, y] = ["stimulus", "stimulus"].map(Axis::new);
    Some(Plot::new(x, y.downwards()).equal_aspect().picture(picture).title(*title))
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
    let of = |name: String| found.summary.get(&name).copied();
    let error = of(format!("{name}_agreement_error"));
    let agreement = of(format!("{name}_agreement"));
    let title = agreement
        .map_or(String::new(), |r| format!("agreement over pairs {}", with_error(r, error)));
    Some(Plot::new(x, y).rule(Rule::diagonal(colour::GREY)).points(points).title(title))
}

/// Share of the variance along each principal component.
fn spectrum(found: &Experiment) -> Option<Plot> {
    let ranks = &found.scales.iter().find(|scale| scale.name == "rank")?.places;
    let ranks: Vec<f64> = ranks.iter().map(|&rank| f64::from(rank)).collect();
    let axes = (Axis::new("component").logarithmic(), Axis::new("share of variance").logarithmic());
    let recorded = ["without_noise", "recorded"]
        .into_iter()
        .find(|name| values(found, &format!("eigenspectrum_{name}")).is_some())?;
    let how = if recorded == "without_noise" { ", recorded ones cross-validated" } else { "" };
    let mut plot = Plot::new(axes.0, axes.1).title(format!("principal components{how}"));
    for (name, label, colour) in
        [(recorded, "recorded", colour::RECORDED), ("twin", "twin", colour::TWIN)]
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
