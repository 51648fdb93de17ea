//! What tests share.

use proptest::prelude::{BoxedStrategy, Just, ProptestConfig, Strategy, prop_oneof};

use crate::simd::{Level, pair};

/// So many random cases; a few under Miri, which takes a thousand times as long.
pub(crate) fn cases(n: u32) -> ProptestConfig {
    ProptestConfig::with_cases(at_native_speed(n, 4))
}

/// Counts of channels: below, at and above whole vectors of every level. Under Miri those of the
/// portable level, whose vectors have 4 lanes.
pub(crate) fn channels() -> BoxedStrategy<usize> {
    if cfg!(miri) {
        return (1..6usize).boxed();
    }
    let vectors = prop_oneof![Just(8usize), Just(16), Just(17), Just(32), Just(36)];
    prop_oneof![4 => 1..5usize, 6 => vectors, 3 => 5..33usize, 1 => 33..80usize].boxed()
}

/// A size of a test, and another one under Miri.
pub(crate) const fn at_native_speed<T: Copy>(size: T, under_miri: T) -> T {
    if cfg!(miri) { under_miri } else { size }
}

/// Numbers of about a standard normal distribution (sums of uniform ones), the same for a seed.
pub(crate) fn random(length: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u32 << 24) as f32
    };
    (0..length).map(|_| 1.7 * ((0..4).map(|_| uniform()).sum::<f32>() - 2.0)).collect()
}

/// Rounded to bf16.
pub(crate) fn rounded(value: f32) -> f32 {
    f32::from_bits(pair(value, 0.0).to_bits() << 16)
}

/// Run a test at every level that the processor has.
pub(crate) fn at_every_level(test: impl Fn()) {
    for level in Level::available() {
        level.force(&test);
    }
}

/// Run a test with so many threads, at the level of the caller.
pub(crate) fn with_threads<T: Send>(n_threads: usize, test: impl Fn() -> T + Sync) -> T {
    let level = Level::active();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
    pool.install(|| level.force(&test))
}

/// Error that a result may have: sums of some hundred products of numbers of size 1, each rounded to
/// 6e-8, stay below, and a wrong or missing term lies far above.
pub(crate) const TOLERANCE: f64 = 1e-5;

/// The same for results computed in tiles, whose maps add and subtract numbers larger than the result:
/// the error of one line is about 5e-7 of a typical value, of two lines 2e-6, and the worst of
/// thousands of values is some ten times that.
pub(crate) const TOLERANCE_IN_TILES: f64 = 4e-5;

/// Compare with a reference: each difference at most `tolerance` times the largest value of it, or
/// times 1 where terms of that size cancel.
#[track_caller]
pub(crate) fn assert_close(what: &str, found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1.0f64, |largest, x| largest.max(x.abs()));
    for (index, (&found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(error <= tolerance * largest, "{what}[{index}]: {found}, expected {expected}");
    }
}
