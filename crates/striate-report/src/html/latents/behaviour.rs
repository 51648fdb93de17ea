//! The link between latents and behaviour, honest and as published.

use striate_score::latents::{BehaviourLink, SessionLatents};

use super::super::page::{Page, score};
use crate::figure::{Axis, Band, ColourBy, Line, Plot, Points, Rule, TickLabels, colour};

pub(super) fn write(session: &SessionLatents, page: &mut Page) {
    if session.behaviour.is_empty() && session.behaviour_missing.is_none() {
        return;
    }
    page.subheading("Link to behaviour");
    if let Some(reason) = &session.behaviour_missing {
        let which = if session.behaviour.is_empty() { "Not found" } else { "Not for every trace" };
        page.paragraph(&format!("{which}: {reason}."));
    }
    if session.behaviour.is_empty() {
        return;
    }
    page.paragraph(
        "Held-out correlation between each trace of behaviour and the best linear combination of all \
         latents (canonical correlation), although behaviour was never shown to them. Folds of whole \
         trials are honest. Folds of single frames, as often published, leak: a frame resembles its \
         neighbours, which were fitted.",
    );
    let (header, rows) = table(&session.behaviour);
    page.figures_with(&[figure(&session.behaviour)], |page| page.table((1, &header), &rows));
}

fn figure(links: &[BehaviourLink]) -> (Plot, String) {
    let rows: Vec<f64> = (0..links.len()).map(|row| -(row as f64)).collect();
    let names = rows.iter().zip(links).map(|(&row, link)| (row, link.name.clone())).collect();
    let y = Axis::new("").range(0.6 - links.len() as f64, 0.6).ticks(TickLabels::Named(names));
    let mut plot = Plot::new(Axis::new("held-out correlation"), y)
        .size(430.0, 60.0 + 36.0 * links.len() as f64)
        .rule(Rule::vertical(0.0, colour::LIGHT));
    for (&row, link) in rows.iter().zip(links) {
        let (low, high) = (row - 0.3, row + 0.3);
        let control = [quantile(&link.control, 0.05), link.control_95];
        plot = plot.band(Band::new(&control, &[low, low], &[high, high], colour::INK));
        let spread = [link.blocked - link.blocked_deviation, link.blocked + link.blocked_deviation];
        plot = plot.line(Line::new(&spread, &[row, row], colour::TWIN));
    }
    let of = |value: fn(&BehaviourLink) -> f64| links.iter().map(value).collect::<Vec<f64>>();
    let (blocked, shuffled) = (of(|link| link.blocked), of(|link| link.shuffled));
    let plot = plot
        .points(Points::new(&shuffled, &rows, ColourBy::Same(colour::BASELINE)).hollow())
        .points(Points::new(&blocked, &rows, ColourBy::Same(colour::TWIN)).radius(4.2));
    let caption = "Filled: whole trials held out, with the standard deviation over folds. Ring: frames \
                   held out. Shaded: 5 to 95 % of trials paired wrongly on purpose.";
    (plot, caption.to_owned())
}

/// By linear interpolation between ascending values; NaN where there are none.
fn quantile(ascending: &[f64], share: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else { return f64::NAN };
    let place = share * last as f64;
    let (low, high) = (ascending[place as usize], ascending[place.ceil() as usize]);
    low + (high - low) * place.fract()
}

fn table(links: &[BehaviourLink]) -> ([&'static str; 6], Vec<Vec<String>>) {
    let row = |link: &BehaviourLink| {
        vec![
            link.name.clone(),
            spread(link.blocked, link.blocked_deviation),
            format!(
                "{} to {}",
                score(Some(quantile(&link.control, 0.05))),
                score(Some(link.control_95))
            ),
            score(Some(link.p_value)),
            spread(link.shuffled, link.shuffled_deviation),
            strongest(link),
        ]
    };
    let header =
        ["trace", "trials held out", "control", "p", "frames held out", "strongest latent"];
    (header, links.iter().map(row).collect())
}

fn spread(mean: f64, deviation: f64) -> String {
    format!("{} \u{b1} {}", score(Some(mean)), score(Some(deviation)))
}

/// The latent that correlates most by itself.
fn strongest(link: &BehaviourLink) -> String {
    let latents = link.pearson.iter().enumerate();
    match latents.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())) {
        Some((latent, &found)) => format!("{} (r = {})", latent + 1, score(Some(found))),
        None => score(None),
    }
}
