use ndarray::Array2;

use super::window::{envelope, most_active};
use super::*;
use crate::html::drawings;

const N_FRAMES: usize = 900;
const WIDTH: usize = 24;

/// A square of `side` pixels with its upper left corner at `(y, x)`.
fn square(y: usize, x: usize, side: usize) -> Footprint {
    let rows = (y..y + side).flat_map(|y| (x..x + side).map(move |x| (y * WIDTH + x) as u32));
    let pixels: Vec<u32> = rows.collect();
    Footprint { weights: vec![1.0; pixels.len()], pixels }
}

fn wave(n: usize, rate: f32) -> Vec<f32> {
    (0..n).map(|i| (rate * i as f32).sin()).collect()
}

fn image(scale: f32) -> Array2<f32> {
    Array2::from_shape_fn((20, WIDTH), |(y, x)| scale * (0.7 * y as f32).sin() * (x as f32).cos())
}

fn cell(id: usize) -> Cell {
    Cell {
        id,
        footprint: square(2 + id, 3 + 2 * id, 4),
        centroid: [3.5 + id as f64, 4.5 + 2.0 * id as f64],
        strength: 10.0 + id as f64,
        peak_snr: 4.0,
        skewness: 1.5,
        noise: 0.02,
        events_per_minute: f64::NAN,
    }
}

fn example(cell: usize) -> ExampleTraces {
    let spikes = (0..N_FRAMES).map(|i| if i % 97 == 5 { 0.5 } else { 0.0 }).collect();
    let [roi, dff, calcium] = [0.1, 0.2, 0.2].map(|rate| wave(N_FRAMES, rate));
    ExampleTraces { cell, roi, dff, calcium, spikes }
}

fn denoising() -> Denoising {
    let stages = |of: f32| [of, 2.0 * of, 0.1 * of];
    let [raw, denoised, residual] = stages(0.5).map(image);
    let lag_one = stages(0.4).map(|of| wave(300, of));
    let [lag_raw, lag_denoised, lag_residual] = lag_one;
    Denoising {
        compression: Some(21.5),
        compression_of_one_tiling: Some(80.0),
        signal_to_noise: Some([1.1, 4.4, 4.0]),
        variance_explained: Some(0.12),
        n_blocks: [9, 1, 0],
        n_components: 20,
        thresholds: Some([1.1, 0.8]),
        neighbour_correlation: Some(Stages { raw, denoised, residual }),
        lag_one: Some(Stages { raw: lag_raw, denoised: lag_denoised, residual: lag_residual }),
        frames: vec![DenoisedFrame { frame: 17, raw: image(3.0), denoised: image(2.0) }],
        pixels: vec![PixelTrace {
            place: [3, 4],
            raw: wave(N_FRAMES, 0.3),
            denoised: wave(N_FRAMES, 0.2),
        }],
    }
}

/// A report with every section, of made-up numbers and hostile names.
fn sample() -> ExtractionReport {
    let hostile = || "<script>alert(\"1\")</script> & <i>".to_owned();
    ExtractionReport {
        title: hostile(),
        shape: [N_FRAMES, 20, WIDTH],
        frame_rate_hz: Some(7.0),
        pixel_size_um: Some(1.2),
        facts: vec![(hostile(), hostile())],
        notices: vec![hostile()],
        stages: vec![(hostile(), 2.0), ("demixing".into(), 6.0)],
        peak_memory_bytes: Some(300 << 20),
        images: FieldImages {
            mean: Some(image(1.0)),
            correlation: Some(image(0.5)),
            max: Some(image(9.0)),
            rank: Some(image(3.0)),
            noise: Some(image(2.0)),
        },
        contour_level: 0.2,
        cells: (0..5).map(cell).collect(),
        examples: vec![example(4), example(0)],
        denoising: Some(denoising()),
        registration: Some(Registration {
            shifts: Array2::from_shape_fn((N_FRAMES, 2), |(t, axis)| (t + axis) as f32 * 1e-3),
            crispness: [10.0, 14.0],
            mean_correlation: [0.4, 0.5],
            residual_px: 0.05,
            share_at_limit: 0.0,
        }),
        truth: Some(Truth {
            source: hostile(),
            rule: hostile(),
            n_true: 6,
            matched: vec![0, 1, 2, 4],
            missed: vec![square(12, 15, 3), square(1, 20, 2)],
            precision: vec![1.0, 1.0, 0.67, 0.75, 0.8],
            recall: vec![0.17, 0.33, 0.33, 0.5, 0.67],
            trace_correlation: vec![0.9, 0.8, 0.95, -0.1],
            spike_correlation: vec![0.5, 0.6, 0.4, 0.0],
        }),
        config: hostile(),
        provenance: vec![(hostile(), hostile())],
    }
}

#[test]
fn page_is_self_contained_and_escaped() {
    let html = extraction_html(&sample());
    for forbidden in ["<script", "<i>", "http:", "https:", "<link", "<a ", "url(", "onload", "NaN"]
    {
        assert!(!html.contains(forbidden), "found {forbidden}");
    }
    let n_pictures = html.matches("<img alt=\"").count() + html.matches("<image ").count();
    assert_eq!(
        html.matches("src=\"data:").count() + html.matches(" href=\"data:").count(),
        n_pictures
    );
    assert_eq!(
        html.matches("href=").count(),
        html.matches("href=\"data:image/png;base64,").count()
    );
    // Every drawing says what it is or is left to the eye.
    let said = html.matches("<svg role=\"img\" aria-label=\"").count();
    assert_eq!(html.matches("<svg").count(), said + html.matches("<svg aria-hidden").count());
    if let Some(path) = std::env::var_os("STRIATE_EXTRACTION_SAMPLE") {
        write_extraction_report(&sample(), Path::new(&path)).unwrap();
    }
}

#[test]
fn every_section_stands_under_its_heading_and_none_without_data() {
    let html = extraction_html(&sample());
    let headings = [
        "Field of view",
        "Traces",
        "Against the truth",
        "Before and after denoising",
        "What denoising left out",
        "Registration",
        "All cells",
        "How to get these numbers again",
    ];
    let places = headings.map(|heading| html.find(&format!("<h2>{heading}</h2>")).expect(heading));
    assert!(places.is_sorted());
    let empty = extraction_html(&ExtractionReport { title: "empty".into(), ..Default::default() });
    assert!(!empty.contains("<h2>") && !empty.contains("<svg") && !empty.contains("<table"));
}

#[test]
fn headline_says_what_compression_counts() {
    let html = extraction_html(&sample());
    assert!(html.contains("<dd>21.5\u{d7}, all overlapping blocks counted</dd>"));
    // 4 of 5 found cells stand for 4 of 6 true ones.
    assert!(html.contains("<dt>F1 against truth</dt><dd>0.727</dd>"));
    assert!(html.contains("<td>0.800</td><td>0.667</td><td>0.727</td>"));
    assert!(html.contains("<dt>demixing</dt><dd>6.00 s</dd>"));
    assert!(html.contains("<dt>time</dt><dd>8.00 s</dd>"));
}

#[test]
fn contours_are_where_the_cells_are() {
    let html = extraction_html(&sample());
    // Cell 1: rows 3 to 6, columns 5 to 8; on mean, correlation and truth.
    assert_eq!(html.matches("<path d=\"M5 3h4v4h-4z\"><title>cell 1</title></path>").count(), 3);
    assert_eq!(
        html.matches("<path d=\"M15 12h3v3h-3z\"><title>missed cell</title></path>").count(),
        1
    );
    // Its number stands in the middle.
    assert_eq!(html.matches("<text x=\"7\" y=\"5\" dy=\".35em\">1</text>").count(), 2);
}

#[test]
fn holes_and_corners_have_borders_of_their_own() {
    let ring = Footprint { pixels: vec![0, 1, 2, 10, 12, 20, 21, 22], weights: vec![1.0; 8] };
    assert_eq!(outline(&ring, 10, 0.5), "M0 0h3v3h-3zM1 1v1h1v-1z");
    let corner = Footprint { pixels: vec![0, 11], weights: vec![1.0; 2] };
    assert_eq!(outline(&corner, 10, 0.5), "M0 0h1v1h-1zM1 1h1v1h-1z");
    let other = Footprint { pixels: vec![1, 10], weights: vec![1.0; 2] };
    assert_eq!(outline(&other, 10, 0.5), "M1 0h1v1h-1zM0 1h1v1h-1z");
    let step = Footprint { pixels: vec![0, 10, 11], weights: vec![1.0, 0.5, 0.2] };
    assert_eq!(outline(&step, 10, 0.2), "M0 0h1v1h1v1h-2z");
    assert_eq!(outline(&step, 10, 0.3), "M0 0h1v2h-1z");
    assert_eq!(outline(&Footprint::default(), 10, 0.2), "");
}

#[test]
fn traces_have_a_scale_in_their_own_units() {
    let mut page = Page::new("");
    cells::write(&sample(), &mut page);
    let html = page.finish();
    let svg = drawings(&html);
    // Two waves in each of two figures that reach from -1 to 1, less a little.
    assert_eq!(svg.matches(">0.5<").count(), 4);
    assert_eq!(svg.matches(">\u{2212}0.5<").count(), 4);
    assert!(svg.contains("time (s)") && svg.contains(">spikes<"));
    assert!(html.contains("Frames 0 to 419 of 900."));
}

#[test]
fn window_holds_the_most_activity() {
    let mut activity = vec![0.0; 100];
    activity[40] = 1.0;
    activity[44] = 1.0;
    activity[80] = 1.5;
    let window = most_active(&activity, 10);
    assert!(window.contains(&40) && window.contains(&44) && window.len() == 10);
    activity[81] = f32::NAN;
    activity[82] = 1.0;
    assert!(most_active(&activity, 10).contains(&80));
    assert_eq!(most_active(&activity, 200), 0..100);
    assert_eq!(most_active(&[], 5), 0..0);
}

#[test]
fn envelope_keeps_every_peak_and_gap() {
    let mut values = vec![0.0; 10_000];
    values[4321] = 7.0;
    values[4322] = -7.0;
    values[9000..9200].fill(f32::NAN);
    let points = envelope(&values, 100);
    assert!(points.len() <= 200);
    assert!(points.contains(&(4321, 7.0)) && points.contains(&(4322, -7.0)));
    assert!(points.iter().any(|(_, value)| value.is_nan()));
    assert!(points.is_sorted_by_key(|(i, _)| *i));
    assert_eq!(envelope(&values[..50], 100).len(), 50);
}

#[test]
fn table_has_the_surest_first_and_says_what_it_leaves_out() {
    let cells: Vec<Cell> = (0..250).map(|id| Cell { id, strength: id as f64, ..cell(0) }).collect();
    let html = extraction_html(&ExtractionReport { cells, ..Default::default() });
    assert_eq!(html.matches("<tr><td>").count(), 200);
    assert!(html.contains("The first 200 of 250 cells; cells.csv lists all."));
    assert!(html.find("<tr><td>249</td>").unwrap() < html.find("<tr><td>50</td>").unwrap());
    assert!(!html.contains("<tr><td>49</td>"));
}

#[test]
fn arrays_that_do_not_fit_do_not_stop_the_page() {
    let mut report = sample();
    report.examples.push(ExampleTraces { cell: 99, ..example(0) });
    report.examples.push(ExampleTraces { cell: 1, dff: vec![f32::NAN; 3], ..Default::default() });
    report.images.mean = Some(Array2::zeros((0, 0)));
    report.images.noise = Some(Array2::from_elem((3, 3), f32::NAN));
    report.frame_rate_hz = None;
    report.truth.as_mut().unwrap().matched.clear();
    report.registration.as_mut().unwrap().shifts = Array2::zeros((0, 0));
    let denoising = report.denoising.as_mut().unwrap();
    denoising.frames[0].denoised = Array2::zeros((2, 2));
    denoising.pixels[0].denoised.clear();
    denoising.lag_one = Some(Stages::default());
    let html = extraction_html(&report);
    assert!(html.ends_with("</html>\n") && !html.contains("NaN") && !html.contains("inf"));
}

/// A page of 500 cells in images of 512 x 512 pixels that are noise, which packs worst; an hour at 30 Hz.
#[test]
fn page_of_a_large_movie_stays_small() {
    const SIDE: usize = 512;
    let mut state = 1u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0
    };
    let mut image = || Array2::from_shape_simple_fn((SIDE, SIDE), &mut random);
    let blob = |i: usize| {
        let (y, x) = (20 * (i / 23), 22 * (i % 23));
        let inside = |&(v, u): &(usize, usize)| v.abs_diff(8).pow(2) + u.abs_diff(8).pow(2) < 60;
        let pixels = (0..17).flat_map(|v| (0..17).map(move |u| (v, u))).filter(inside);
        let pixels: Vec<u32> = pixels.map(|(v, u)| ((y + v) * SIDE + x + u) as u32).collect();
        Footprint { weights: vec![1.0; pixels.len()], pixels }
    };
    let mut report = sample();
    report.cells = (0..500).map(|i| Cell { id: i, footprint: blob(i), ..cell(i) }).collect();
    let [mean, correlation, max, rank, noise] = std::array::from_fn(|_| Some(image()));
    report.images = FieldImages { mean, correlation, max, rank, noise };
    let denoising = report.denoising.as_mut().unwrap();
    let [raw, denoised, residual] = std::array::from_fn(|_| image());
    denoising.neighbour_correlation = Some(Stages { raw, denoised, residual });
    let mut frame = |frame| DenoisedFrame { frame, raw: image(), denoised: image() };
    denoising.frames = (0..3).map(&mut frame).collect();
    let long = || wave(108_000, 2.0);
    let traces =
        |cell| ExampleTraces { cell, roi: long(), dff: long(), calcium: long(), spikes: long() };
    report.examples = (0..12).map(traces).collect();
    let n_bytes = extraction_html(&report).len();
    assert!(n_bytes < 3_000_000, "{n_bytes}");
}
