//! The synthetic movie of the specification, whose table was made by another program, in f64.

use super::*;

/// What the table has for one movie.
#[derive(Debug, Clone, Copy)]
struct Row([f64; 6]);

const COLUMNS: [&str; 6] =
    ["input SNR", "output SNR", "noise reduction", "mean rank", "compression", "SNR gain"];

/// Mean and standard deviation over three seeds, for each amplitude.
const TABLE: [(f64, [f64; 6], [f64; 6]); 4] = [
    (0.5, [-24.8, -1.4, 14.8, 0.92, 91.0, 1.13], [0.1, 0.2, 0.5, 0.15, 14.0, 0.02]),
    (1.0, [-18.8, 2.4, 11.5, 2.22, 36.6, 1.57], [0.1, 0.2, 0.1, 0.08, 1.3, 0.01]),
    (2.0, [-12.8, 7.7, 10.5, 3.32, 24.5, 2.14], [0.1, 0.3, 0.2, 0.18, 1.4, 0.09]),
    (4.0, [-6.7, 13.6, 10.4, 3.92, 20.8, 2.96], [0.1, 0.2, 0.1, 0.14, 0.8, 0.07]),
];

fn measure(seed: u64, amplitude: f64) -> Row {
    let (movie, signal) = cells(seed, [1000, 64, 64], amplitude);
    let found = run(&movie, &DecompositionConfig::default());
    let mut denoised = vec![0.0; movie.frames().len()];
    found.read(0..1000, &mut denoised).unwrap();
    let truth = signal.as_slice().unwrap();
    let (mut power, mut error) = (0.0, 0.0);
    for pixel in 0..64 * 64 {
        let trace = |values: &[f32]| -> Vec<f64> {
            let values: Vec<f64> = (0..1000).map(|t| values[t * 4096 + pixel].into()).collect();
            let mean = values.iter().sum::<f64>() / 1000.0;
            values.into_iter().map(|v| v - mean).collect()
        };
        let (truth, denoised) = (trace(truth), trace(&denoised));
        power += truth.iter().map(|v| v * v).sum::<f64>() / 4.096e6;
        error += truth.iter().zip(&denoised).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / 4.096e6;
    }
    let summary = found.diagnose(&movie, &mut NoProgress, &CancelToken::new()).unwrap().summary;
    let gain = summary.signal_to_noise.unwrap().gain;
    let decibels = |ratio: f64| 10.0 * ratio.log10();
    Row([
        decibels(power),
        decibels(power / error),
        1.0 / error.sqrt(),
        summary.mean_rank,
        summary.compression.unwrap(),
        gain,
    ])
}

/// Means over four seeds against the table's over three: within 3 standard errors of their difference, and never
/// closer than half of the last digit printed. The table's spreads are from three draws, so that they themselves are
/// good to about a half: they count 1.5 times.
#[test]
fn synthetic_movies_are_denoised_as_well_as_by_exact_decompositions() {
    for (amplitude, expected, sd) in TABLE {
        let rows: Vec<Row> = (1..=4).map(|seed| measure(seed, amplitude)).collect();
        for (i, column) in COLUMNS.iter().enumerate() {
            let mean = rows.iter().map(|row| row.0[i]).sum::<f64>() / rows.len() as f64;
            let tolerance = 3.0 * 1.5 * sd[i] * (1.0f64 / 4.0 + 1.0 / 3.0).sqrt();
            println!("{amplitude} {column}: {mean:.3}, expected {} +- {tolerance:.3}", expected[i]);
            assert!(
                (mean - expected[i]).abs() < tolerance,
                "amplitude {amplitude}, {column}: {mean}, expected {} +- {tolerance}",
                expected[i]
            );
        }
    }
}
