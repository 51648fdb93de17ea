//! What is gained by looking at other neurons: one by one, and all together.

use striate_score::latents::{GainPoint, JointLikelihood, SessionLatents};

use super::super::page::{Page, score};
use crate::figure::{Axis, ColourBy, Line, Plot, Points, Rule, TickLabels, colour};

pub(super) fn write(session: &SessionLatents, page: &mut Page) {
    if session.gain.is_empty() && session.joint.is_none() {
        return;
    }
    page.subheading("Gain from seeing other neurons");
    if let Some(joint) = &session.joint {
        page.paragraph(&sentence(joint));
    }
    let figures = figures(&session.gain);
    if !figures.is_empty() {
        page.figures(&figures);
    }
}

fn figures(gain: &[GainPoint]) -> Vec<(Plot, String)> {
    let correlations: Vec<f64> = gain.iter().map(|point| point.correlation).collect();
    let bits: Vec<f64> = gain.iter().filter_map(|point| point.bits).collect();
    let mut figures = Vec::new();
    if !gain.is_empty() {
        let caption = "A quarter of the neurons, predicted while ever more of the others are seen. Ring: \
                       none is seen, the latents under their prior.";
        let label = "single-trial correlation";
        figures.push((panel(gain, &correlations, label), caption.to_owned()));
    }
    if !gain.is_empty() && bits.len() == gain.len() {
        let caption = "The same neurons' log-likelihood, convention C.";
        let label = "bits per neuron and frame";
        figures.push((panel(gain, &bits, label), caption.to_owned()));
    }
    figures
}

/// Values over how many neurons are seen, equally spaced.
fn panel(gain: &[GainPoint], values: &[f64], label: &str) -> Plot {
    let places: Vec<f64> = (0..gain.len()).map(|place| place as f64).collect();
    let names = places.iter().zip(gain).map(|(&x, point)| (x, point.n_visible.to_string()));
    let x = Axis::new("neurons seen")
        .range(-0.3, gain.len() as f64 - 0.7)
        .ticks(TickLabels::Named(names.collect()));
    let mut plot = Plot::new(x, Axis::new(label)).size(365.0, 250.0);
    let is_prior = |point: &&GainPoint| point.n_visible == 0;
    // The prior is the first, where it is there at all.
    let n_prior = gain.iter().take(1).filter(is_prior).count();
    if let Some(&prior) = values[..n_prior].first().filter(|prior| prior.is_finite()) {
        plot = plot.rule(Rule::horizontal(prior, colour::GREY));
    }
    let points = |from: usize, to: usize, colour| {
        Points::new(&places[from..to], &values[from..to], ColourBy::Same(colour)).radius(4.0)
    };
    plot.line(Line::new(&places, values, colour::GIVEN))
        .points(points(n_prior, values.len(), colour::GIVEN))
        .points(points(0, n_prior, colour::TWIN).hollow())
}

fn sentence(joint: &JointLikelihood) -> String {
    let error = joint.standard_error;
    let error = if error < 5e-4 { "below 0.001".to_owned() } else { score(Some(error)) };
    let mut text = format!(
        "The responses of all neurons together have a log-likelihood of {} bits per neuron and frame \
         (Monte-Carlo standard error {}; {:.0} effective of {} samples, biased low where they are few).",
        score(Some(joint.bits)),
        error,
        Some(joint.effective_samples).filter(|n| n.is_finite()).unwrap_or_default(),
        joint.n_samples
    );
    if let Some(independent) = joint.independent_bits.filter(|bits| bits.is_finite()) {
        text += &format!(
            " Taken one by one, the latents under their prior, they have {}. The difference of {} is \
             what neurons tell about each other.",
            score(Some(independent)),
            score(Some(joint.bits - independent))
        );
    }
    text
}
