mod block;
mod total_variation;
mod trend_filter;

use striate_base::Streams;

fn noise(n: usize, seed: u64) -> Vec<f64> {
    let mut stream = Streams::new(seed).stream("penalised");
    (0..n).map(|_| stream.normal()).collect()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}
