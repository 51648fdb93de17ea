//! How strongly each neuron follows a latent, over its place in the tissue.

use striate_score::latents::SessionLatents;

use super::super::page::{Page, score};
use super::{Size, by_size};
use crate::figure::{Axis, ColourBy, ColourMap, Plot, Points};

/// Latents shown.
const MOST_LATENTS: usize = 6;

/// Neurons shown, evenly spread over all.
const MOST_NEURONS: usize = 3000;

/// The effect on the mean response is shown: loadings of several outputs in one number.
pub(super) fn write(session: &SessionLatents, page: &mut Page) {
    let mut used: Vec<Size> = by_size(session).into_iter().filter(|size| size.is_used).collect();
    let n_used = used.len();
    used.truncate(MOST_LATENTS);
    let figure = |size: &Size| {
        let plot = map(session, session.effects.get(size.latent)?)?;
        let nats = score(Some(size.nats));
        Some((plot, format!("Latent {}, {nats} nats per frame.", size.latent + 1)))
    };
    let figures: Vec<(Plot, String)> = used.iter().filter_map(figure).collect();
    if figures.is_empty() {
        return;
    }
    page.subheading("Loadings over cortical position");
    let mut text =
        "Every dot is a neuron, its colour the relative change of its mean response per standard \
                    deviation of the latent. Each panel has a scale of its own, symmetric around 0."
            .to_owned();
    if n_used > figures.len() {
        text += &format!(" The {} largest of {n_used} latents that are used.", figures.len());
    }
    let n_neurons = session.coordinates_um.len();
    if n_neurons > MOST_NEURONS {
        text += &format!(" {MOST_NEURONS} of {n_neurons} neurons.");
    }
    page.paragraph(&text);
    page.figures(&figures);
}

/// `None` where no neuron has a place and an effect.
fn map(session: &SessionLatents, effects: &[f32]) -> Option<Plot> {
    let n_neurons = session.coordinates_um.len().min(effects.len());
    let n_shown = n_neurons.min(MOST_NEURONS);
    let mut neurons: Vec<[f64; 3]> = (0..n_shown)
        .map(|i| i * n_neurons / n_shown)
        .filter_map(|neuron| match session.coordinates_um[neuron][..] {
            [x, y, ..] => Some([x, y, effects[neuron]].map(f64::from)),
            _ => None,
        })
        .filter(|neuron| neuron.iter().all(|value| value.is_finite()))
        .collect();
    // Strong ones on top.
    neurons.sort_by(|a, b| a[2].abs().total_cmp(&b[2].abs()));
    let end = scale_end(neurons.last()?[2].abs());
    let column = |side: usize| neurons.iter().map(|neuron| neuron[side]).collect::<Vec<f64>>();
    let colour = ColourBy::Value {
        values: column(2),
        range: [-end, end],
        map: ColourMap::Diverging,
        label: "change of mean".to_owned(),
    };
    let span = |values: Vec<f64>| {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        (values.iter().copied().fold(f64::NEG_INFINITY, f64::max) - low).max(1.0)
    };
    let height = 255.0 * span(column(1)) / span(column(0));
    let plot = Plot::new(Axis::new("x (\u{b5}m)"), Axis::new("y (\u{b5}m)"))
        .size(365.0, height.clamp(110.0, 400.0) + 60.0)
        .equal_aspect()
        .points(Points::new(&column(0), &column(1), colour));
    Some(plot)
}

/// The end of a colour scale that reaches `largest`: two digits, so that its ticks are round.
fn scale_end(largest: f64) -> f64 {
    if largest <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(largest.log10().floor() - 1.0);
    (largest / power).ceil() * power
}
