use std::collections::BTreeMap;

use super::*;
use crate::data::{BitsRow, CurvePoint, Example, NeuronScore, Responses, ScoreRow, TierScores};
use crate::html::latents::tests::analysis;

fn wave(n: usize, phase: f64) -> Vec<f64> {
    (0..n).map(|i| (0.11 * i as f64 + phase).sin().max(0.0) * 3.0).collect()
}

/// Made-up numbers from 0 to 1.
pub(super) fn random(i: usize, salt: f64) -> f64 {
    ((i as f64 * 12.9898 + salt).sin() * 43_758.547).fract().abs()
}

/// A report with every section, of made-up numbers.
fn sample() -> ReportData {
    ReportData {
        title: "sample <run>".into(),
        facts: [("recording", "simulated & known"), ("neurons", "300"), ("parameters", "382,176")]
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        beside: vec!["twin without latents".into(), "twin given <half>".into()],
        tiers: vec![tier()],
        curves: curves(),
        neuron_tier: "oracle".into(),
        neuron_metric: "single-trial correlation".into(),
        neurons: (0..300).map(neuron).collect(),
        stimulus_size: Some([36, 64]),
        examples: examples(),
        latents: Some(analysis()),
        config: "seed = 42\n[model]\nname = \"<i>\"\n".into(),
        provenance: vec![("version".into(), "0.1.0".into())],
        notices: vec!["the ceiling of 3 neurons is < 0".into()],
    }
}

fn tier() -> TierScores {
    let bits = |(predictor, density): (&str, f64)| BitsRow {
        predictor: predictor.into(),
        density: Some(density),
        point_mass: Some(density - 4.0),
        released: None,
    };
    TierScores {
        tier: "oracle".into(),
        n_neurons: 300,
        rows: vec![ScoreRow {
            metric: "single-trial correlation".into(),
            baseline: Some(0.151),
            beside: vec![Some(0.355), Some(0.417)],
            twin: Some(0.372),
            twin_median: Some(0.36),
            ceiling: Some(0.498),
            sessions: BTreeMap::new(),
        }],
        bits: [("twin given <half>", 4.75), ("twin", 4.625)].map(bits).into(),
    }
}

fn curves() -> Vec<CurvePoint> {
    let point = |epoch: u32| {
        let epoch = f64::from(epoch);
        CurvePoint {
            epoch,
            loss: 1.0 + 0.5 * (-epoch / 8.0).exp(),
            validation: Some(0.38 - 0.3 * (-epoch / 6.0).exp()),
            learning_rate: if epoch < 25.0 { 5e-3 } else { 1.5e-3 },
            without_latents: epoch <= 30.0,
            divergence: (0.2 * (epoch - 30.0)).clamp(0.0, 1.0),
        }
    };
    (1..=40).map(point).collect()
}

fn neuron(i: usize) -> NeuronScore {
    let ceiling = 0.2 + 0.6 * random(i, 0.3);
    let position = [64.0 * random(i, 1.0), 36.0 * random(i, 2.0)];
    NeuronScore {
        session: "dynamic<1>".into(),
        neuron: i,
        score: ceiling * (0.5 + 0.5 * random(i, 4.0)),
        baseline: Some(ceiling * 0.5 * random(i, 5.0)),
        ceiling: Some(ceiling),
        position_px: Some(position),
        true_position_px: Some([
            position[0] + 3.0 * (random(i, 6.0) - 0.5),
            position[1] + 3.0 * (random(i, 7.0) - 0.5),
        ]),
    }
}

fn examples() -> Vec<Example> {
    let example = |rank: &str, repeats: usize| Example {
        rank: rank.into(),
        session: "dynamic<1>".into(),
        neuron: 7,
        score: 0.61,
        responses: Responses::Video {
            frame_rate_hz: Some(30.0),
            recorded: (0..repeats).map(|r| wave(250, 0.1 * r as f64)).collect(),
            predicted: wave(250, 0.2),
        },
    };
    let images = Responses::Images { recorded: wave(120, 0.0), predicted: wave(120, 0.4) };
    vec![
        example("best", 10),
        example("median", 1),
        Example { responses: images, ..example("worst", 1) },
    ]
}

#[test]
fn report_is_self_contained_and_escaped() {
    let html = report_html(&sample());
    for forbidden in ["<script", "<i>", "<run>", "<1>", "http:", "https:", "<link", "url("] {
        assert!(!html.contains(forbidden), "found {forbidden}");
    }
    // Every picture is in the file.
    assert_eq!(
        html.matches("<img").count(),
        html.matches("src=\"data:image/svg+xml;base64,").count()
    );
    assert!(html.matches("<figure>").count() >= 9);
    // What an inspector of the looks needs: STRIATE_REPORT_SAMPLE names where to leave the file.
    if let Some(path) = std::env::var_os("STRIATE_REPORT_SAMPLE") {
        write_report(&sample(), Path::new(&path)).unwrap();
    }
}

#[test]
fn sections_without_data_are_left_out() {
    let html = report_html(&ReportData { title: "empty".into(), ..ReportData::default() });
    assert!(!html.contains("<h2>") && !html.contains("<img"));
}

#[test]
fn position_error_is_the_median_distance() {
    let mut data = sample();
    for (i, neuron) in data.neurons.iter_mut().enumerate() {
        neuron.position_px = Some([3.0, 4.0]);
        neuron.true_position_px = Some(if i % 2 == 0 { [0.0, 0.0] } else { [3.0, 3.0] });
        neuron.ceiling = Some(if i % 2 == 0 { 0.5 } else { 0.1 });
    }
    let html = report_html(&data);
    // Half the neurons are 5 px off, half 1 px: the median of an even count is the midpoint.
    assert!(html.contains("median distance 3.00 px, 5.00 px for neurons with a ceiling above 0.3"));
}

#[test]
fn scores_that_are_not_finite_do_not_reach_the_page() {
    let mut data = sample();
    data.tiers[0].rows[0].twin = Some(f64::NAN);
    data.neurons[0].score = f64::NAN;
    data.neurons[1].ceiling = Some(f64::INFINITY);
    let html = report_html(&data);
    assert!(!html.contains("NaN") && !html.contains("inf<"));
}

#[test]
fn every_predictor_has_its_column_and_bits_are_shown_where_there_are_some() {
    let html = report_html(&sample());
    for expected in [
        "<th class=\"without\">twin without latents</th><th class=\"twin\">twin</th>\
         <th class=\"given\">twin given &lt;half&gt;</th>",
        "<td class=\"given\">0.417</td>",
        "<td>4.750</td><td>0.750</td><td>\u{2013}</td>",
        "summed over latents",
    ] {
        assert!(html.contains(expected), "{expected}");
    }
    let mut data = sample();
    data.beside.clear();
    data.latents = None;
    for point in &mut data.curves {
        (point.divergence, point.without_latents) = (0.0, false);
    }
    for tier in &mut data.tiers {
        tier.bits.clear();
        tier.rows[0].beside.clear();
    }
    let html = report_html(&data);
    for forbidden in ["atents", "Log-likelihood", "class=\"given\"", "onvention"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn border_between_stages_is_marked() {
    let marked = |data: &ReportData| {
        let mut page = Page::new("");
        curves::write(data, &mut page);
        let drawn = latents::tests::drawings(&page.finish());
        (drawn.matches("stroke-dasharray").count(), drawn.contains("with latents"))
    };
    let mut data = sample();
    // Each of four panels has its border, and the divergence a line at 0.
    assert_eq!(marked(&data), (5, true));
    data.curves.iter_mut().for_each(|point| point.without_latents = false);
    assert_eq!(marked(&data), (1, false));
}

#[test]
fn report_is_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    write_report(&sample(), &path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), report_html(&sample()));
    let error = write_report(&sample(), &folder.path().join("no/such/report.html")).unwrap_err();
    assert!(error.to_string().ends_with("report.html"), "{error}");
}
