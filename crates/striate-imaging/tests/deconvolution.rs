//! Deconvolved traces of cells whose spikes are known. Needs `STRIATE_DATA`.

use std::io::Write;
use std::path::PathBuf;

use striate_formats::npz::NpzFile;
use striate_imaging::deconvolution::{DeconvolutionConfig, deconvolve};

/// Bins of the comparison.
const RATE_HZ: f64 = 7.5;
/// Standard deviation of the smoothing, in bins: 0.2 s.
const SMOOTHING: f64 = 1.5;

fn data(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("STRIATE_DATA").map(PathBuf::from);
    if folder.is_none() {
        // Past the capture of passing tests' output.
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: STRIATE_DATA is not set");
    }
    folder
}

/// Sum of `weights` at `times` in bins, smoothed by a Gaussian.
fn binned(times: &[f64], weights: &[f64], start: f64, n_bins: usize) -> Vec<f64> {
    let mut sums = vec![0.0; n_bins];
    for (time, weight) in times.iter().zip(weights) {
        if let Some(sum) = sums.get_mut(((time - start) * RATE_HZ).floor() as usize) {
            *sum += weight;
        }
    }
    let kernel = |lag: usize| (-0.5 * (lag as f64 / SMOOTHING).powi(2)).exp();
    let smooth = |bin: usize| {
        let near = bin.saturating_sub(6)..(bin + 7).min(n_bins);
        near.map(|other| kernel(bin.abs_diff(other)) * sums[other]).sum()
    };
    (0..n_bins).map(smooth).collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let centred = |values: &[f64]| -> Vec<f64> {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| value - mean).collect()
    };
    let [a, b] = [centred(a), centred(b)];
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

/// Median correlations measured: 0.865, 0.824, 0.886 (`benches/peers/README.md`); raw dF/F has
/// 0.58, 0.64, 0.40.
#[test]
fn deconvolved_activity_follows_recorded_spikes() {
    let Some(folder) = data("deconvolved_activity_follows_recorded_spikes") else { return };
    let folder = folder.join("calcium-spikes-groundtruth");
    let sets = [
        ("DS09-GCaMP6f-m-V1.npz", 0.85),
        ("DS10-GCaMP6f-m-V1-neuropil-corrected.npz", 0.81),
        ("DS14-GCaMP6s-m-V1.npz", 0.87),
    ];
    let config = DeconvolutionConfig::default().check().unwrap();
    for (name, least) in sets {
        let file = NpzFile::open(&folder.join(name)).unwrap();
        let mut found = Vec::new();
        for prefix in file.names().iter().filter_map(|name| name.split_once("__t").map(|p| p.0)) {
            let read = |key: &str| file.read_f64(&format!("{prefix}__{key}")).unwrap();
            let [times, dff, spikes] =
                ["t", "dff", "spikes"].map(|key| read(key).into_raw_vec_and_offset().0);
            let [start, end] = [times[0], times[times.len() - 1]];
            let rate_hz = (times.len() - 1) as f64 / (end - start);
            let trace: Vec<f32> = dff.iter().map(|&value| value as f32).collect();
            let cell = deconvolve(&trace, rate_hz, &config).unwrap();
            let activity: Vec<f64> = cell.spikes.iter().map(|&spike| f64::from(spike)).collect();
            let n_bins = ((end - start) * RATE_HZ) as usize;
            let truth = binned(&spikes, &vec![1.0; spikes.len()], start, n_bins);
            found.push(correlation(&truth, &binned(&times, &activity, start, n_bins)));
        }
        found.sort_by(f64::total_cmp);
        assert!(!found.is_empty() && found[found.len() / 2] > least, "{name}: {found:?}");
    }
}
