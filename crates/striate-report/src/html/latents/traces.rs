//! Latents over time beside behaviour, and how large each latent is.

use striate_score::latents::{LatentTrace, SessionLatents};

use super::super::examples::time_axis;
use super::super::page::{Page, score};
use super::{Size, by_size};
use crate::figure::{Axis, Bars, Colour, Line, Plot, Rule, TickLabels, colour};

/// Latents with a trace; the smaller ones are left out.
const MOST_TRACES: usize = 12;

/// Latents whose bars are numbered.
const MOST_NUMBERS: usize = 16;

/// Standard deviations from one trace to the next.
const STEP: f64 = 4.0;

pub(super) fn write(session: &SessionLatents, page: &mut Page) {
    let order = by_size(session);
    let mut figures = Vec::new();
    figures.extend(session.example.as_ref().and_then(|example| over_time(example, &order)));
    if !order.is_empty() {
        figures.push(sizes(&order));
    }
    if !figures.is_empty() {
        page.subheading("Over time, and how large");
        page.figures(&figures);
    }
}

/// One trace of the stack.
struct Row {
    name: String,
    values: Vec<f64>,
    colour: Colour,
    opacity: f64,
}

/// One trial, latents above behaviour.
fn over_time(example: &LatentTrace, order: &[Size]) -> Option<(Plot, String)> {
    let (latents, behaviour) = (latent_rows(example, order), behaviour_rows(example));
    let n_latents = latents.len();
    if n_latents == 0 {
        return None;
    }
    // Half a row between the two kinds.
    let place = |row: usize| -STEP * (row as f64 + if row < n_latents { 0.0 } else { 0.5 });
    let rows: Vec<Row> = latents.into_iter().chain(behaviour).collect();
    let names = rows.iter().enumerate().map(|(i, row)| (place(i), row.name.clone())).collect();
    let (label, step) = time_axis(example.frame_rate_hz);
    let n_frames = rows.iter().map(|row| row.values.len()).max().unwrap_or(0);
    let time: Vec<f64> =
        (0..n_frames).map(|frame| (example.first_frame + frame) as f64 * step).collect();
    let bottom = place(rows.len() - 1) - 0.7 * STEP;
    let y = Axis::new("").range(bottom, 0.7 * STEP).ticks(TickLabels::Named(names));
    let mut plot =
        Plot::new(Axis::new(label), y).size(740.0, 70.0 + 36.0 * (rows.len() as f64 + 0.5));
    for (i, row) in rows.iter().enumerate() {
        let values: Vec<f64> = row.values.iter().map(|value| value + place(i)).collect();
        let line = Line::new(&time, &values, row.colour).width(1.2).opacity(row.opacity);
        plot = plot.line(line);
    }
    if rows.len() > n_latents {
        plot = plot.rule(Rule::horizontal(STEP * (0.25 - n_latents as f64), colour::LIGHT));
    }
    Some((plot, caption(example, (n_latents, order.len()), rows.len() > n_latents)))
}

fn caption(example: &LatentTrace, (n_shown, n_latents): (usize, usize), behaves: bool) -> String {
    let mut text = format!("Trial {}: ", example.trial);
    text += &match n_latents - n_shown {
        0 => "the latents".to_owned(),
        _ => format!("the largest {n_shown} of {n_latents} latents"),
    };
    text +=
        ", the largest on top, faint where not used, in units of the prior's standard deviation";
    if behaves {
        text += "; below them behaviour, z-scored. The latents were inferred without behaviour";
    }
    text + &format!(". {STEP} standard deviations lie between two traces.")
}

fn latent_rows(example: &LatentTrace, order: &[Size]) -> Vec<Row> {
    let row = |size: &Size| {
        Some(Row {
            name: size.name(),
            values: example.latents.get(size.latent)?.iter().copied().map(f64::from).collect(),
            colour: if size.is_used { colour::TWIN } else { colour::GREY },
            opacity: if size.is_used { 1.0 } else { 0.7 },
        })
    };
    order.iter().take(MOST_TRACES).filter_map(row).collect()
}

fn behaviour_rows(example: &LatentTrace) -> Vec<Row> {
    let row = |(name, values): (&String, &Vec<f32>)| Row {
        name: name.clone(),
        values: z_scored(values),
        colour: colour::RECORDED,
        opacity: 1.0,
    };
    example.names.iter().zip(&example.behaviour).map(row).collect()
}

/// With mean 0 and standard deviation 1; 0 where nothing varies.
fn z_scored(values: &[f32]) -> Vec<f64> {
    let n = values.len() as f64;
    let values = || values.iter().copied().map(f64::from);
    let mean = values().sum::<f64>() / n;
    let deviation = (values().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
    let scale = if deviation > 0.0 { 1.0 / deviation } else { 0.0 };
    values().map(|value| (value - mean) * scale).collect()
}

/// The divergence of each latent, the largest first.
fn sizes(order: &[Size]) -> (Plot, String) {
    let n = order.len();
    let numbers = order.iter().enumerate();
    let numbers = numbers.map(|(i, size)| (i as f64 + 0.5, (size.latent + 1).to_string()));
    let ticks =
        if n <= MOST_NUMBERS { TickLabels::Named(numbers.collect()) } else { TickLabels::Hidden };
    let mut plot = Plot::new(
        Axis::new("latent, largest first").range(0.0, n as f64).ticks(ticks),
        Axis::new("divergence (nats per frame)"),
    )
    .size(340.0, 250.0);
    for (i, size) in order.iter().enumerate() {
        let colour = if size.is_used { colour::TWIN } else { colour::GREY };
        let edges = [i as f64 + 0.12, i as f64 + 0.88];
        plot = plot.bars(Bars::new(&edges, &[size.nats], colour));
    }
    let total: f64 = order.iter().map(|size| size.nats).sum();
    let caption = format!(
        "Divergence of the posterior from the prior, {} nats per frame in all: how much each latent says \
         of a frame.",
        score(Some(total))
    );
    (plot, caption)
}
