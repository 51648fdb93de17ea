//! Tuning in numbers.

use super::curves::{Axes, Curves, Optimum};
use super::display::Display;
use super::naka_rushton;
use crate::jackknife::{Error, Quantity};
use crate::parametric::{OrientationTuning, peak_on_log_axis};

/// Share of the largest response from which a size is large enough (Cavanaugh, Bair & Movshon 2002).
const FULL: f64 = 0.95;

/// Every number that is told of a neuron, in the order of the columns.
pub(super) fn summarise(
    axes: &Axes,
    curves: &Curves,
    (optimum, centre_px, display): (Optimum, [f64; 2], Display),
) -> Vec<(Quantity, f64)> {
    let [cosine, sine] = curves.best.harmonic;
    let (over_grey, harmonic) = (curves.best.mean - curves.grey, cosine.hypot(sine));
    let mut found = vec![
        (number("grey_response", "response", "Response to grey."), curves.grey),
        (
            number("best_response", "response", "Mean response to the best grating."),
            curves.best.mean,
        ),
        (
            number(
                "best_harmonic",
                "response",
                "First harmonic of the response to the best grating.",
            ),
            harmonic,
        ),
        (
            flag(
                "is_modulated",
                "1 where all curves are of the first harmonic, 0 where of the mean over grey.",
            ),
            f64::from(u8::from(optimum.is_modulated)),
        ),
        (
            number(
                "f1_f0",
                "",
                "First harmonic over mean response above grey; above 1 in simple cells (Skottun et al. 1991).",
            ),
            if over_grey > 0.0 { harmonic / over_grey } else { f64::NAN },
        ),
        (
            flag(
                "is_simple",
                "1 where the first harmonic exceeds the mean response above grey; not told where nothing excites above grey.",
            ),
            if over_grey > 0.0 { f64::from(u8::from(harmonic > over_grey)) } else { f64::NAN },
        ),
        (number("x", "px", "Column of the centre of what is looked at."), centre_px[0]),
        (number("y", "px", "Row of the centre of what is looked at."), centre_px[1]),
    ];
    of_direction(axes, curves, display, &mut found);
    of_frequency(axes, curves, display, &mut found);
    of_contrast(axes, curves, &mut found);
    of_size(axes, curves, &mut found);
    of_surround(axes, curves, &mut found);
    found
}

fn number(name: &str, unit: &'static str, about: &'static str) -> Quantity {
    Quantity::new(name, unit, about)
}

fn flag(name: &str, about: &'static str) -> Quantity {
    Quantity::new(name, "", about).with(Error::Untold)
}

fn of_direction(axes: &Axes, curves: &Curves, display: Display, found: &mut Vec<(Quantity, f64)>) {
    let responses: Vec<f64> = curves.directions.iter().map(|r| r.max(0.0)).collect();
    let directions = &axes.directions_deg;
    let (orientation, selectivity) = preference(directions, &responses, display.is_still());
    let near = |direction: f64| nearest(directions, &responses, direction, display.is_still());
    let [one, other] = [orientation + 90.0, orientation - 90.0].map(near);
    let across = near(orientation).max(near(orientation + 180.0));
    let along = one.max(other);
    found.extend([
        (
            number("preferred_orientation", "deg", "Orientation of the stripes from the sum of vectors at twice the angle; 0 is horizontal, counted counter-clockwise.")
                .with(Error::Circular(180.0)),
            orientation,
        ),
        (
            number("orientation_selectivity", "", "Length of the mean of vectors at twice the angle, 1 - circular variance (Ringach et al. 2002)."),
            selectivity,
        ),
        (
            number("circular_variance", "", "1 - orientation selectivity."),
            1.0 - selectivity,
        ),
        (
            number("orientation_index", "", "(preferred - orthogonal) / (preferred + orthogonal)."),
            (along - across) / (along + across),
        ),
    ]);
    if !display.is_still() {
        let direction = if one >= other { orientation + 90.0 } else { orientation - 90.0 };
        found.extend([
            (
                number("preferred_direction", "deg", "Of the two directions across the preferred orientation the one of the larger response; 0 is to the right, 90 up.")
                    .with(Error::Circular(360.0)),
                direction.rem_euclid(360.0),
            ),
            (
                number("direction_selectivity", "", "(preferred - opposite) / (preferred + opposite)."),
                (along - one.min(other)) / (along + one.min(other)),
            ),
        ]);
    }
}

/// Preferred orientation and its selectivity; NaN where nothing excites.
fn preference(directions: &[f64], responses: &[f64], is_still: bool) -> (f64, f64) {
    let (mut directions, mut responses) = (directions.to_vec(), responses.to_vec());
    if is_still {
        // Still stripes are the same from behind.
        directions.extend_from_within(..);
        responses.extend_from_within(..);
        let n = directions.len() / 2;
        directions[n..].iter_mut().for_each(|direction| *direction += 180.0);
    }
    OrientationTuning::new(&directions, &responses, None).map_or((f64::NAN, f64::NAN), |tuning| {
        (tuning.preferred_orientation_deg.value, tuning.orientation_selectivity.value)
    })
}

/// The response to a direction between those shown.
fn nearest(directions: &[f64], responses: &[f64], direction: f64, is_still: bool) -> f64 {
    if !direction.is_finite() {
        return f64::NAN;
    }
    let turn = if is_still { 180.0 } else { 360.0 };
    let place = direction.rem_euclid(turn) / turn * directions.len() as f64;
    let (before, share) = (place as usize % directions.len(), place.fract());
    (1.0 - share) * responses[before] + share * responses[(before + 1) % directions.len()]
}

fn of_frequency(axes: &Axes, curves: &Curves, display: Display, found: &mut Vec<(Quantity, f64)>) {
    let (best, is_inside) = peak(&axes.frequencies_cpp, &curves.frequencies);
    found.push((
        number(
            "preferred_spatial_frequency",
            "cycle/px",
            "Peak of a parabola over the logarithm, or the outermost frequency shown.",
        ),
        best,
    ));
    found.push((
        flag("is_spatial_frequency_inside", "1 where the peak lies between the frequencies shown."),
        f64::from(u8::from(is_inside)),
    ));
    if display.is_still() {
        return;
    }
    let hertz: Vec<f64> = axes.cycles.iter().map(|&cycles| display.hertz(cycles)).collect();
    found.push((
        number(
            "preferred_temporal_frequency",
            "Hz",
            "Peak of a parabola over the logarithm, or the outermost frequency shown.",
        ),
        peak(&hertz, &curves.cycles).0,
    ));
}

/// The peak, and whether it lies between stimuli; of fewer than three the one of the largest response.
fn peak(stimuli: &[f64], responses: &[f64]) -> (f64, bool) {
    if let Ok(peak) = peak_on_log_axis(stimuli, responses, None) {
        return (peak.at.value, peak.inside);
    }
    let best = (0..responses.len()).max_by(|&a, &b| responses[a].total_cmp(&responses[b]));
    (best.map_or(f64::NAN, |best| stimuli[best]), false)
}

fn of_contrast(axes: &Axes, curves: &Curves, found: &mut Vec<(Quantity, f64)>) {
    let fit = naka_rushton::fit(&axes.contrasts, &curves.contrasts);
    found.extend([
        (
            number("semi_saturation", "", "Contrast of half the maximum of a Naka-Rushton function fitted to the responses to contrast."),
            fit.semi_saturation,
        ),
        (number("contrast_exponent", "", "Its exponent."), fit.exponent),
        (number("contrast_maximum", "response", "Its maximum."), fit.maximum),
        (
            flag("contrast_fit", "Share of the variance over contrast that it explains."),
            fit.explained_variance,
        ),
    ]);
}

fn of_size(axes: &Axes, curves: &Curves, found: &mut Vec<(Quantity, f64)>) {
    let sizes = &curves.sizes;
    let largest = sizes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let full = first_crossing(&axes.diameters_px, sizes, FULL * largest);
    let last = sizes[sizes.len() - 1];
    let suppression = if largest > 0.0 { (largest - last) / largest } else { f64::NAN };
    found.extend([
        (
            number(
                "preferred_size",
                "px",
                "Smallest diameter that gives 95 % of the largest response to any size.",
            ),
            full,
        ),
        (
            number(
                "suppression_index",
                "",
                "(largest response to any size - response to the largest size) / the former.",
            ),
            suppression,
        ),
    ]);
}

/// Where responses first reach a level, between sizes on a straight line.
fn first_crossing(sizes: &[f64], responses: &[f64], level: f64) -> f64 {
    let Some(place) = responses.iter().position(|&r| r >= level) else { return f64::NAN };
    if place == 0 {
        return sizes[0];
    }
    let [below, above] = [responses[place - 1], responses[place]];
    sizes[place - 1] + (sizes[place] - sizes[place - 1]) * (level - below) / (above - below)
}

/// What stripes around the preferred size do. Those of the same orientation go on from the centre, as in the
/// largest size.
fn of_surround(axes: &Axes, curves: &Curves, found: &mut Vec<(Quantity, f64)>) {
    let sizes = &curves.sizes;
    let largest = sizes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let full = first_crossing(&axes.diameters_px, sizes, FULL * largest);
    let place = axes.diameters_px.iter().position(|&diameter| diameter >= full);
    let index = |with: f64, centre: f64| (with.max(0.0) - centre) / (with.max(0.0) + centre);
    let (parallel, crossed) = place.map_or((f64::NAN, f64::NAN), |place| {
        let last = sizes[sizes.len() - 1];
        (index(last, sizes[place]), index(curves.crossed[place], sizes[place]))
    });
    found.extend([
        (
            number("parallel_surround", "", "(response with stripes of the same orientation around - without) / their sum, at the preferred size; below 0 where they suppress."),
            parallel,
        ),
        (
            number("orthogonal_surround", "", "The same with stripes of the orthogonal orientation around."),
            crossed,
        ),
    ]);
}
