use striate_score::latents::{
    BehaviourLink, Calibration, CalibrationCurve, GainPoint, JointLikelihood, LatentAnalysis,
    LatentTrace, NoiseCorrelations, SessionLatents, TruthComparison,
};

use super::super::tests::random;
use super::*;
use crate::data::ReportData;

/// Two latents of three used, everything there, of made-up numbers.
pub(in crate::html) fn analysis() -> LatentAnalysis {
    LatentAnalysis {
        tier: "oracle".into(),
        outputs: vec!["q".into(), "theta".into()],
        sessions: [("dynamic<1>".to_owned(), session())].into(),
    }
}

fn session() -> SessionLatents {
    let n_neurons = 300;
    let loading =
        |latent: usize| (0..n_neurons).map(move |n| random(n, latent as f64) as f32 - 0.5);
    let place = |n: usize| [700.0 * random(n, 0.1), 500.0 * random(n, 0.2), 200.0];
    SessionLatents {
        n_trials: 40,
        n_trials_judged: 24,
        divergence_nats: vec![0.2, 0.0001, 0.9],
        signal_nats: vec![0.1, 0.0001, 0.4],
        posterior_scale: vec![0.8, 1.0, 0.5],
        prior_coefficients: vec![0.0; 3],
        behaviour: vec![link("pupil <size>", 0.7), link("running", 0.1)],
        behaviour_missing: None,
        gain: [0usize, 6, 11, 23, 45, 90, 180].map(gain).into(),
        calibration: Some(Calibration {
            curves: ["twin without latents", "twin", "twin given half"].map(curve).into(),
        }),
        noise_correlations: Some(NoiseCorrelations {
            n_pairs: 44_850,
            recorded_mean: 0.066,
            twin_mean: 0.044,
            recorded_deviation: 0.07,
            twin_deviation: 0.05,
            agreement: 0.61,
            pairs: (0..200).map(|i| [random(i, 0.4) - 0.4, random(i, 0.5) - 0.4]).collect(),
        }),
        joint: Some(JointLikelihood {
            bits: 4.607,
            standard_error: 3.5e-5,
            independent_bits: Some(4.578),
            effective_samples: 40.0,
            n_samples: 100,
        }),
        example: Some(trace()),
        loadings: vec![(0..3).map(|latent| loading(latent).collect()).collect(); 2],
        effects: (0..3).map(|latent| loading(latent).collect()).collect(),
        truth: Some(TruthComparison {
            loading_angle_deg: 9.0,
            canonical_correlations: vec![0.95, 0.93],
        }),
        coordinates_um: (0..n_neurons).map(|n| place(n).map(|x| x as f32).into()).collect(),
    }
}

fn trace() -> LatentTrace {
    let wave = |phase: f32| (0..150).map(|i| (0.1 * i as f32 + phase).sin()).collect();
    LatentTrace {
        trial: "trial <7>".into(),
        frame_rate_hz: Some(30.0),
        first_frame: 10,
        latents: [0.0, 1.0, 2.0].map(wave).into(),
        names: vec!["pupil <size>".into(), "running".into()],
        behaviour: [0.3, 4.0].map(wave).into(),
    }
}

fn link(name: &str, blocked: f64) -> BehaviourLink {
    BehaviourLink {
        name: name.into(),
        shuffled: blocked + 0.15,
        shuffled_deviation: 0.02,
        blocked,
        blocked_deviation: 0.08,
        control: (0..19).map(|i| 0.02 * f64::from(i) - 0.16).collect(),
        control_95: 0.18,
        p_value: 0.05,
        pearson: vec![0.2, 0.01, -blocked],
    }
}

fn gain(n_visible: usize) -> GainPoint {
    let gain = 0.01 * (1.0 + n_visible as f64).ln();
    GainPoint { n_visible, correlation: 0.37 + gain, bits: Some(4.5 + gain) }
}

fn curve(name: &str) -> CalibrationCurve {
    let tilt = name.len() as f64 / 1000.0;
    CalibrationCurve {
        name: name.into(),
        histogram: (0..20).map(|i| 0.05 + tilt * (f64::from(i) - 9.5) / 20.0).collect(),
        error: tilt,
        coverage: vec![[0.5, 0.5], [0.95, 0.93]],
        n_responses: 7000,
    }
}

fn written(session: SessionLatents) -> String {
    let analysis = LatentAnalysis { sessions: [("a".to_owned(), session)].into(), ..analysis() };
    let data = ReportData { latents: Some(analysis), ..ReportData::default() };
    let mut page = Page::new("");
    write(&data, &mut page);
    page.finish()
}

/// The pictures of a page, as they are before they become URIs.
pub(crate) fn drawings(html: &str) -> String {
    let uris = html.split("data:image/svg+xml;base64,").skip(1);
    let bytes = uris.flat_map(|uri| unpacked(uri.split('"').next().unwrap_or_default()));
    String::from_utf8(bytes.collect()).unwrap()
}

/// What a text in base 64 stands for.
fn unpacked(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text.trim_end_matches('=').bytes().map(digit).collect();
    let bits = digits.iter().flat_map(|digit| (0..6).rev().map(move |bit| digit >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit)).collect()
}

#[test]
fn every_part_is_there() {
    let html = written(session());
    for expected in [
        "Used: 2 of 3 latents",
        "<h4>Over time, and how large</h4>",
        "<h4>Link to behaviour</h4>",
        "<td class=\"text\">pupil &lt;size&gt;</td><td>0.700 \u{b1} 0.080</td>",
        "3 (r = \u{2212}0.700)",
        "<h4>Gain from seeing other neurons</h4>",
        "4.607 bits per neuron and frame (Monte-Carlo standard error below 0.001; 40 effective of 100",
        "<h4>Calibration</h4>",
        "<td>50.0 %</td><td>93.0 %</td><td>7000</td>",
        "<h4>Noise correlations</h4>",
        "Means: recorded 0.066, twin 0.044",
        "<h4>Loadings over cortical position</h4>",
        "change of its mean response",
        "loadings are 9.0 degrees",
        "Latent 3, 0.900 nats per frame.",
    ] {
        assert!(html.contains(expected), "{expected}");
    }
    assert_eq!(html.matches("<figure>").count(), 10);
    assert!(!html.contains("Latent 2,") && !html.contains("<size>") && !html.contains("<7>"));
    let drawn = drawings(&html);
    assert!(drawn.contains("twin given half, 0.015") && drawn.contains("pupil &lt;size&gt;"));
}

#[test]
fn what_is_absent_leaves_nothing() {
    let html = written(SessionLatents::default());
    assert!(!html.contains("<h4>") && !html.contains("<figure>") && !html.contains("<table>"));
    let missing = Some("the recording has no <behaviour>".to_owned());
    let html = written(SessionLatents { behaviour_missing: missing, ..SessionLatents::default() });
    assert!(html.contains("Not found: the recording has no &lt;behaviour&gt;."));
    let nowhere = SessionLatents { coordinates_um: Vec::new(), ..session() };
    assert!(!written(nowhere).contains("Loadings"));
    let data = ReportData { latents: Some(LatentAnalysis::default()), ..ReportData::default() };
    let mut page = Page::new("");
    write(&data, &mut page);
    assert!(!page.finish().contains("<h2>"));
}

#[test]
fn what_is_not_finite_does_not_reach_the_page() {
    let mut session = session();
    session.divergence_nats[0] = f64::NAN;
    session.behaviour[0].blocked = f64::NAN;
    session.behaviour[0].control.clear();
    session.behaviour[1].pearson = vec![f64::NAN];
    session.gain[0].correlation = f64::NAN;
    session.gain[3].bits = Some(f64::INFINITY);
    let calibration = session.calibration.as_mut().unwrap();
    calibration.curves[0].histogram[3] = f64::NAN;
    calibration.curves[0].coverage[0][1] = f64::NAN;
    let noise = session.noise_correlations.as_mut().unwrap();
    (noise.twin_mean, noise.pairs[0]) = (f64::NAN, [f64::NAN, 0.1]);
    session.joint.as_mut().unwrap().bits = f64::NAN;
    session.example.as_mut().unwrap().latents[2][4] = f32::NAN;
    session.effects[2][0] = f32::NAN;
    session.coordinates_um[1] = Vec::new();
    let html = written(session);
    let all = drawings(&html) + &html;
    for forbidden in ["NaN", ">inf", "\"inf", "-inf"] {
        assert!(!all.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn sessions_beyond_the_first_few_are_told_of() {
    let mut data = ReportData { latents: Some(analysis()), ..ReportData::default() };
    let analysis = data.latents.as_mut().unwrap();
    for i in 0..8 {
        analysis.sessions.insert(format!("session {i}"), SessionLatents::default());
    }
    let mut page = Page::new("");
    write(&data, &mut page);
    let html = page.finish();
    assert_eq!(html.matches("<h3>").count(), MAX_SESSIONS);
    assert!(html.contains("The first 5 of 9 sessions are shown."));
}
