//! Receptive fields as a sheet of pictures.

use std::path::Path;

use ndarray::{Array1, ArrayView1, ArrayView2, Axis as Along, Ix1, Ix2};
use striate::insilico::Experiment;
use striate::report::figure::{Axis, Band, Colour, ColourMap, Line, Plot, Rule, colour};

use crate::failure::Failure;
use crate::verb::probe::captions::{Captions, with_error};
use crate::verb::probe::gallery::{Cell, Colours, Gallery, Strip};

/// Most neurons on the sheet.
const MOST_NEURONS: usize = 40;

/// What is drawn of each neuron, what it is called, and the colour of its course over time.
const DRAWN: [(&str, &str, Colour); 2] =
    [("filter", "filter", colour::TWIN), ("sta", "noise", colour::VERMILLION)];

/// Write the sheet: the filters of some neurons, and below each its average of white noise; beside them their
/// courses over time.
pub(in crate::verb::probe) fn write(found: &Experiment, path: &Path) -> Result<(), Failure> {
    let captions = Captions(found);
    let places = captions.spread(MOST_NEURONS);
    let cells = places.iter().map(|&place| cell(found, place)).collect();
    let origin = captions.origin(places.len(), "neuron");
    let has_time = found.array_of("filter_temporal").is_some_and(|of| of.values.shape()[1] > 1);
    let notes = [
        origin,
        "Above: filter, the direction along which the gradient of the response varies most. Below (noise): average of white \
         noise before the response."
            .into(),
        if has_time {
            "Curves: the same over time, blue the filter, vermillion the noise average, each in units of its norm; 0 is \
             the frame of the response. Bands: standard errors, where known."
                .into()
        } else {
            String::new()
        },
    ];
    let colours = Colours {
        map: ColourMap::Diverging,
        ends: ["\u{2212}value".into(), "0".into(), "+value".into()],
        about: "response per unit of stimulus, dark to bright; each picture up to the ± value above it, around 0".into(),
    };
    let notes = notes.into_iter().filter(|note| !note.is_empty()).collect();
    let gallery = Gallery { title: "Receptive fields".into(), notes, colours, cells };
    gallery.write(path)
}

fn cell(found: &Experiment, place: usize) -> Cell<'_> {
    let captions = Captions(found);
    let size = captions.number("size", "filter_size", " px", place);
    let lag = captions.number("lag", "filter_peak_lag", " frames", place);
    let is_gabor = captions.value("gabor_fit", place).is_some_and(|fit| fit > 0.5);
    let gabor = [
        captions.number("orientation", "gabor_orientation", "°", place),
        captions.number("wavelength", "gabor_wavelength", " px", place),
    ];
    let gabor: Vec<String> = gabor.into_iter().flatten().filter(|_| is_gabor).collect();
    let lines = [size.into_iter().chain(lag).collect::<Vec<_>>().join(", "), gabor.join(", ")];
    Cell {
        title: format!("neuron {}", found.neurons[place]),
        lines: lines.into(),
        strips: DRAWN.iter().filter_map(|drawn| strip(found, *drawn, place)).collect(),
        plot: course(found, place),
    }
}

/// A field over space.
fn strip<'a>(
    found: &'a Experiment,
    (name, called, _): (&str, &str, Colour),
    place: usize,
) -> Option<Strip<'a>> {
    let of = |name: String| -> Option<ArrayView2<'a, f32>> {
        let array = &found.array_of(&name)?.values;
        array.index_axis(Along(0), place).into_dimensionality::<Ix2>().ok()
    };
    let field = of(format!("{name}_spatial"))?;
    let largest = field.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let errors = of(format!("{name}_spatial_error"));
    let error = errors.map(|errors| f64::from(mean_in_window(errors.iter())));
    let mut label = format!("{called} ±{}", with_error(f64::from(largest), None));
    if let Some(error) = error {
        label += &format!(" (error {})", with_error(error, None));
    }
    let captions = Captions(found);
    if captions.value(&format!("is_{name}_significant"), place) == Some(0.0) {
        label += ", chance";
    }
    let range = [-largest.max(f32::MIN_POSITIVE), largest.max(f32::MIN_POSITIVE)];
    Some(Strip { label, pictures: vec![(field, String::new())], range })
}

/// Mean error where there is one: outside the neuron's window nothing is known to vary.
fn mean_in_window<'a>(errors: impl Iterator<Item = &'a f32>) -> f32 {
    let known = errors.filter(|error| **error > 0.0);
    let (sum, n) = known.fold((0.0, 0.0f32), |(sum, n), error| (sum + error, n + 1.0));
    sum / n.max(1.0)
}

/// The courses over time; none where a response has no past.
fn course(found: &Experiment, place: usize) -> Option<Plot> {
    let lags = &found.scales.iter().find(|scale| scale.name == "frame")?.places;
    if lags.len() < 2 {
        return None;
    }
    let lags: Vec<f64> = lags.iter().map(|&lag| f64::from(lag)).collect();
    let [x, y] = [Axis::new("lag (frames)"), Axis::new("")];
    let mut plot = Plot::new(x, y).rule(Rule::horizontal(0.0, colour::LIGHT));
    for (name, _, colour) in DRAWN {
        let of = |name: String| -> Option<ArrayView1<'_, f32>> {
            let array = &found.array_of(&name)?.values;
            array.index_axis(Along(0), place).into_dimensionality::<Ix1>().ok()
        };
        let Some(values) = of(format!("{name}_temporal")) else { continue };
        let values = values.mapv(f64::from);
        if let Some(errors) = of(format!("{name}_temporal_error")) {
            let errors: Array1<f64> = errors.mapv(f64::from);
            let [low, high] = [&values - &errors, &values + &errors].map(|of| of.to_vec());
            plot = plot.band(Band::new(&lags, &low, &high, colour));
        }
        plot = plot.line(Line::new(&lags, &values.to_vec(), colour));
    }
    Some(plot)
}
