//! Named random streams: a new consumer of randomness shifts nobody else's numbers.

use rand_core::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

/// The root of all randomness of one run: a seed from which named streams are derived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streams {
    key: [u8; 32],
}

impl Streams {
    /// Streams of the given seed.
    pub fn new(seed: u64) -> Self {
        Self { key: blake3::derive_key("striate random streams v1", &seed.to_le_bytes()) }
    }

    /// The stream of that name. The same seed and name always give the same numbers.
    pub fn stream(&self, name: &str) -> RandomStream {
        RandomStream { generator: Pcg64::from_seed(self.derive(name)) }
    }

    /// A family of streams of its own, as for one session or one epoch.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        Self { key: self.derive(name) }
    }

    fn derive(&self, name: &str) -> [u8; 32] {
        *blake3::keyed_hash(&self.key, name.as_bytes()).as_bytes()
    }
}

/// A stream of random numbers (PCG XSL RR 128/64) whose position can be saved and restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandomStream {
    generator: Pcg64,
}

impl RandomStream {
    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Uniform in `[0, 1)`, with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in `[low, high)`.
    pub fn uniform_in(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Standard normal (ziggurat).
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.generator)
    }

    /// Fill with standard normal numbers.
    pub fn fill_normal(&mut self, values: &mut [f32]) {
        for value in values {
            *value = StandardNormal.sample(&mut self.generator);
        }
    }

    /// Poisson with the given mean (0 for a mean that is not positive).
    pub fn poisson(&mut self, mean: f64) -> u64 {
        rand_distr::Poisson::new(mean).map_or(0, |law| law.sample(&mut self.generator) as u64)
    }

    /// Gamma with the given shape and scale (0 where either is not positive).
    pub fn gamma(&mut self, shape: f64, scale: f64) -> f64 {
        rand_distr::Gamma::new(shape, scale).map_or(0.0, |law| law.sample(&mut self.generator))
    }

    /// Uniform integer in `0..n`, unbiased; 0 where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        let n = n as u64;
        if n == 0 {
            return 0;
        }
        // Lemire's multiply-and-reject.
        let threshold = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(n);
            if product as u64 >= threshold {
                return (product >> 64) as usize;
            }
        }
    }

    /// Shuffle in place (Fisher-Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_streams_are_independent_of_each_other() {
        let streams = Streams::new(7);
        let alone = streams.stream("a").next_u64();
        let mut other = streams.stream("b");
        other.next_u64();
        assert_eq!(streams.stream("a").next_u64(), alone);
        assert_ne!(streams.stream("b").next_u64(), alone);
        assert_ne!(Streams::new(8).stream("a").next_u64(), alone);
    }

    #[test]
    fn saved_stream_continues_where_it_stood() {
        let mut stream = Streams::new(1).stream("x");
        stream.normal();
        let saved = serde_json::to_string(&stream).unwrap();
        let mut restored: RandomStream = serde_json::from_str(&saved).unwrap();
        assert_eq!(stream.next_u64(), restored.next_u64());
    }

    #[test]
    fn uniform_and_normal_have_their_moments() {
        let mut stream = Streams::new(3).stream("moments");
        let n = 100_000;
        let uniform: f64 = (0..n).map(|_| stream.uniform()).sum::<f64>() / n as f64;
        let square: f64 = (0..n).map(|_| stream.normal().powi(2)).sum::<f64>() / n as f64;
        // Five standard errors of each mean.
        assert!((uniform - 0.5).abs() < 5.0 * (1.0 / 12.0 / n as f64).sqrt());
        assert!((square - 1.0).abs() < 5.0 * (2.0 / n as f64).sqrt());
    }

    #[test]
    fn below_covers_its_range_evenly() {
        let mut stream = Streams::new(3).stream("below");
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[stream.below(7)] += 1;
        }
        // Five standard deviations of a binomial(70000, 1/7) count.
        assert!(counts.iter().all(|&c| (f64::from(c) - 10_000.0).abs() < 5.0 * 92.6));
        assert_eq!(stream.below(0), 0);
    }
}
