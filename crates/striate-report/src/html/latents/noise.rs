//! Noise correlations, recorded and in the twin.

use striate_score::latents::{NoiseCorrelations, SessionLatents};

use super::super::page::{Page, score};
use crate::figure::{Axis, ColourBy, Plot, Points, Rule, colour};

pub(super) fn write(session: &SessionLatents, page: &mut Page) {
    let Some(found) = &session.noise_correlations else { return };
    page.subheading("Noise correlations");
    page.paragraph(
        "Correlation between neurons of what the prediction from the stimulus leaves: of recorded \
         responses, and of responses drawn from the twin. What the twin mispredicts in several neurons \
         alike counts as recorded noise correlation too.",
    );
    let rows = [
        ("recorded", found.recorded_mean, found.recorded_deviation),
        ("twin", found.twin_mean, found.twin_deviation),
    ]
    .map(|(name, mean, deviation)| {
        vec![name.to_owned(), score(Some(mean)), score(Some(deviation))]
    });
    let header = ["over pairs", "mean", "standard deviation"];
    page.figures_with(&[scatter(found)], |page| page.table((1, &header), &rows));
}

fn scatter(found: &NoiseCorrelations) -> (Plot, String) {
    let (x, y): (Vec<f64>, Vec<f64>) =
        found.pairs.iter().map(|&[recorded, twin]| (recorded, twin)).unzip();
    let both = || x.iter().chain(&y).copied().filter(|value| value.is_finite());
    let low = (both().fold(-0.05, f64::min) * 20.0).floor() / 20.0;
    let high = (both().fold(0.05, f64::max) * 20.0).ceil() / 20.0;
    let axis = |label: &str| Axis::new(label).range(low, high);
    let plot = Plot::new(axis("recorded"), axis("twin"))
        .size(310.0, 290.0)
        .equal_aspect()
        .rule(Rule::horizontal(0.0, colour::LIGHT))
        .rule(Rule::vertical(0.0, colour::LIGHT))
        .rule(Rule::diagonal(colour::GREY))
        .points(Points::new(&x, &y, ColourBy::Same(colour::TWIN)));
    let caption = format!(
        "{} of {} pairs of neurons. Means: recorded {}, twin {}; correlation between both {}.",
        found.pairs.len(),
        found.n_pairs,
        score(Some(found.recorded_mean)),
        score(Some(found.twin_mean)),
        score(Some(found.agreement))
    );
    (plot, caption)
}
