//! The geometry on one sheet.

use std::path::Path;

use striate::insilico::Experiment;
use striate::report::figure::{
    Axis, Band, Colour, ColourBy, ColourMap, Line, Picture, Plot, Points, Rule, TickLabels, colour,
    pixel::PixelCanvas,
};

use super::super::sheet;
use crate::failure::Failure;

/// Size of a plot in pixels.
const PLOT: [f64; 2] = [320.0, 290.0];

/// Matrices above; correlations of pairs of neurons and principal components below.
pub(super) fn write(found: &Experiment, path: &Path) -> Result<(), Failure> {
    let matrices = ["rdm_twin", "rdm_recorded", "distance_without_noise_recorded"];
    let titles = ["twin", "recorded", "recorded, without noise (squared distance)"];
    let above = matrices.iter().zip(titles).filter_map(|(name, title)| matrix(found, name, title));
    let below = [
        pairs(found, "signal_correlation", "signal correlation"),
        pairs(found, "noise_correlation", "noise correlation"),
        spectrum(found),
    ];
    let rows = [above.collect(), below.into_iter().flatten().collect()];
    sheet::write(&rows, PLOT, path)
}

fn values<'a>(found: &'a Experiment, name: &str) -> Option<&'a ndarray::ArrayD<f32>> {
    found.arrays.iter().find(|array| array.name == name).map(|array| &array.values)
}

/// Dissimilarities of stimuli as a picture, from the lowest to the highest.
fn matrix(found: &Experiment, name: &str, title: &str) -> Option<Plot> {
    let values = values(found, name)?;
    let n = *values.shape().first()?;
    let apart = || (0..n).flat_map(|i| (0..i).map(move |j| values[[i, j]]));
    let low = apart().fold(f32::INFINITY, f32::min);
    let high = apart().fold(f32::NEG_INFINITY, f32::max).max(low + f32::MIN_POSITIVE);
    let scale = (600 / n).max(1);
    let mut canvas = PixelCanvas::new(n * scale, n * scale, Colour([255; 3]));
    canvas.picture([0, 0], [n, n], scale, |row, column| {
        let share = (values[[row, column]] - low) / (high - low);
        ColourMap::Sequential.at(f64::from(share))
    });
    let axis = |label: &str| Axis::new(label).range(0.0, n as f64).ticks(TickLabels::Round);
    let picture = Picture::new(png(&canvas)?, [0.0, n as f64], [0.0, n as f64]);
    let plot = Plot::new(axis("stimulus"), axis("stimulus").downwards()).picture(picture);
    Some(plot.equal_aspect().title(format!("{title}: {low:.2} to {high:.2}")))
}

fn png(canvas: &PixelCanvas) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, canvas.width() as u32, canvas.height() as u32);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(canvas.pixels()).ok()?;
    writer.finish().ok()?;
    Some(bytes)
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
    Some(Plot::new(x, y).rule(Rule::diagonal(colour::GUIDE)).points(points).title(title))
}

/// Share of the variance along each principal component.
fn spectrum(found: &Experiment) -> Option<Plot> {
    let ranks = &found.scales.iter().find(|scale| scale.name == "rank")?.places;
    let ranks: Vec<f64> = ranks.iter().map(|&rank| f64::from(rank)).collect();
    let axes = (Axis::new("component").logarithmic(), Axis::new("share of variance").logarithmic());
    let mut plot = Plot::new(axes.0, axes.1).title("principal components");
    let recorded =
        ["without_noise", "recorded"].into_iter().find(|name| {
            values(found, &format!("eigenspectrum_{name}")).is_some()
        })?;
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
