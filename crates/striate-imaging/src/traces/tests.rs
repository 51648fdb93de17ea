use ndarray::Array3;
use proptest::prelude::*;
use striate_base::Streams;

use super::{
    AnnulusConfig, BaselineMethod, DffConfig, annuli, dff, dff_all, extract, maximin,
    percentile_of, robust_coefficient, running_percentile, subtract_neuropil,
};
use crate::{ArrayMovie, Footprint};

proptest! {
    #[test]
    fn running_windows_are_those_of_the_definition(
        values in proptest::collection::vec(proptest::option::weighted(0.9, -5i8..5), 1..60),
        window in 1usize..20,
        percentile in 0.0f64..100.0,
    ) {
        let trace: Vec<f32> = values.iter().map(|v| v.map_or(f32::NAN, f32::from)).collect();
        let found = running_percentile(&trace, window, percentile);
        let lowest = maximin(&trace, 0.0, window);
        let (before, after) = (window / 2, (window - window / 2).max(1));
        let around = |t: usize| t.saturating_sub(before)..(t + after).min(trace.len());
        let finite = |t: usize| {
            around(t).map(|s| f64::from(trace[s])).filter(|v| v.is_finite()).collect::<Vec<_>>()
        };
        let minimum = |t: usize| finite(t).into_iter().fold(f64::NAN, f64::min);
        for t in 0..trace.len() {
            let expected = percentile_of(finite(t), percentile) as f32;
            prop_assert!(found[t] == expected || (found[t].is_nan() && expected.is_nan()));
            let expected = around(t).map(minimum).fold(f64::NAN, f64::max) as f32;
            prop_assert!(lowest[t] == expected || (lowest[t].is_nan() && expected.is_nan()));
        }
    }
}

#[test]
fn smoothing_keeps_a_constant_and_skips_gaps() {
    let mut trace = vec![3.0; 100];
    trace[40..45].fill(f32::NAN);
    assert!(maximin(&trace, 3.0, 10).iter().all(|value| (value - 3.0).abs() < 1e-6));
}

#[test]
fn ratio_stays_finite_where_the_baseline_is_not_positive() {
    let mut stream = Streams::new(2).stream("dff");
    for level in [0.0, -3.0, 1e-9] {
        let mut trace: Vec<f32> = (0..600).map(|_| level + stream.normal() as f32).collect();
        trace[300] += 50.0;
        trace[10] = f32::NAN;
        for method in [BaselineMethod::Maximin, BaselineMethod::RunningPercentile] {
            let ratio = dff(&trace, 10.0, &DffConfig { method, ..Default::default() }).unwrap();
            assert!(ratio[10].is_nan());
            // Divided by at least the noise: 1, and 2.3 with the white part of a single frame of 50.
            let largest = ratio.iter().copied().filter(|r| r.is_finite()).fold(0.0, f32::max);
            assert!((15.0..70.0).contains(&largest), "{largest}");
        }
    }
    assert_eq!(dff(&[0.0; 20], 10.0, &DffConfig::default()).unwrap(), [0.0; 20]);
}

#[test]
fn ratio_of_a_drifting_cell() {
    // 20 % transients on a baseline that falls by half: the ratio does not fall.
    let cell = |t: usize| {
        let baseline = 200.0 - t as f32 / 60.0;
        baseline * (1.0 + if t % 600 > 590 { 0.2 } else { 0.0 })
    };
    let traces = ndarray::Array2::from_shape_fn((2, 6000), |(_, t)| cell(t));
    let config = DffConfig { smoothing_frames: 0.0, ..DffConfig::default() };
    let ratio = dff_all(&traces, 10.0, &config).unwrap();
    for t in [595, 5395] {
        // The window of 60 s lets the baseline change by 5 %.
        assert!((ratio[[1, t]] - 0.2).abs() < 0.06, "{}", ratio[[1, t]]);
    }
    assert!(dff_all(&traces, 10.0, &DffConfig { percentile: 101.0, ..config }).is_err());
}

#[test]
fn annuli_leave_out_every_cell() {
    let (height, width) = (40, 50);
    let square = |y: usize, x: usize| {
        let pixels = (y..y + 6).flat_map(|y| (x..x + 6).map(move |x| (y * width + x) as u32));
        Footprint::of_mask(pixels.collect())
    };
    let cells = [square(5, 5), square(5, 14), square(30, 40)];
    let found = annuli(&cells, height, width, AnnulusConfig::default()).unwrap();
    for (cell, annulus) in cells.iter().zip(&found) {
        assert!(annulus.pixels.len() >= 350);
        for pixel in &annulus.pixels {
            assert!(cells.iter().all(|cell| !cell.pixels.contains(pixel)));
            let distance = |other: &u32| {
                let split = |p: u32| (p as usize / width, p as usize % width);
                let ((y, x), (v, u)) = (split(*pixel), split(*other));
                y.abs_diff(v).max(x.abs_diff(u))
            };
            assert!(cell.pixels.iter().map(distance).min().unwrap() > 2);
        }
    }
    let all = Footprint::of_mask((0..2000).collect());
    let none = annuli(&[all], height, width, AnnulusConfig::default()).unwrap();
    assert!(none[0].pixels.is_empty());
    let outside = Footprint::of_mask(vec![2000]);
    let error = annuli(&[outside], height, width, AnnulusConfig::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "footprint of cell 0: found pixel 2000, expected pixels below 2000"
    );
}

#[test]
fn neuropil_of_a_simulated_cell_goes_away() {
    let mut stream = Streams::new(4).stream("neuropil");
    let mut slow = 0.0;
    let neuropil: Vec<f32> = (0..3000)
        .map(|_| {
            slow = 0.95 * slow + stream.normal();
            (10.0 + slow) as f32
        })
        .collect();
    let transient =
        |t: usize| if t % 300 < 40 { 30.0 * (-(t as f32 % 300.0) / 10.0).exp() } else { 0.0 };
    let cell: Vec<f32> = neuropil
        .iter()
        .enumerate()
        .map(|(t, n)| 50.0 + 0.45 * n + transient(t) + stream.normal() as f32)
        .collect();
    let coefficient = robust_coefficient(&cell, &neuropil);
    // Standard error of the slope: 1 / (sqrt(3000) * 3.2) = 0.006.
    assert!((coefficient - 0.45).abs() < 0.03, "{coefficient}");
    let clean = subtract_neuropil(&cell, &neuropil, coefficient);
    let rest: Vec<f64> = (100..280).map(|t| f64::from(clean[t])).collect();
    assert!((crate::noise::mean(&rest) - 54.5).abs() < 0.5);
    assert_eq!(robust_coefficient(&cell, &[1.0; 3000]), 0.0);
}

#[test]
fn extraction_is_the_plain_mean_for_any_stretch() {
    let mut stream = Streams::new(6).stream("movie");
    // Large enough for several stretches of frames.
    let movie = Array3::from_shape_simple_fn((70, 300, 300), || stream.normal() as f32);
    let cells: Vec<Footprint> = (0..5u32)
        .map(|cell| Footprint {
            pixels: (0..40).map(|i| cell * 17_000 + i * 300).collect(),
            weights: (0..40).map(|i| 1.0 + i as f32).collect(),
        })
        .collect();
    let found = extract(&ArrayMovie::new(movie.clone()), &cells).unwrap();
    for (cell, footprint) in cells.iter().enumerate() {
        for t in [0, 45, 46, 69] {
            let frame = movie.index_axis(ndarray::Axis(0), t);
            let value = |pixel: u32| f64::from(frame[[pixel as usize / 300, pixel as usize % 300]]);
            let sum: f64 = (0..40).map(|i| (1.0 + i as f64) * value(footprint.pixels[i])).sum();
            assert!((f64::from(found[[cell, t]]) - sum / 820.0).abs() < 1e-6);
        }
    }
    let outside = Footprint::of_mask(vec![90_000]);
    assert!(extract(&ArrayMovie::new(movie), &[outside]).is_err());
}
