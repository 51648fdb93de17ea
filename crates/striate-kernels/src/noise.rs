//! Standard normal numbers, many at once.

use rayon::prelude::*;

use crate::ln::ln;
use crate::simd::{Kernel, Level, Simd};

/// Pairs of numbers drawn in one loop: the first numbers of all pairs, then the second ones.
const PAIRS: usize = 256;
/// Blocks of pairs per task.
const BLOCKS: usize = 32;

/// Overwrite `values` with standard normal numbers. The same key gives the same bits, with any
/// number of threads and any instructions; fewer numbers are the first ones of more.
///
/// Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3",
/// section 3) gives the bits of pair `n` from `n` and the key alone; Box & Muller (1958, "A note on
/// the generation of random normal deviates", equation 2) make normal numbers of them. The largest
/// absolute value is 6.66.
///
/// ```
/// let mut values = [0.0; 1000];
/// striate_kernels::noise::fill_normal(7, &mut values);
/// let mean = values.iter().sum::<f32>() / 1000.0;
/// assert!(mean.abs() < 0.2);
/// ```
pub fn fill_normal(key: u64, values: &mut [f32]) {
    let level = Level::active();
    values.par_chunks_mut(BLOCKS * 2 * PAIRS).enumerate().for_each(|(task, values)| {
        level.run(Normal { key, first_block: task * BLOCKS, values });
    });
}

struct Normal<'a> {
    key: u64,
    first_block: usize,
    values: &'a mut [f32],
}

impl Kernel for Normal<'_> {
    type Output = ();

    // Plain loops that the compiler vectorises: what it may not do is reorder or fuse, so the bits
    // are the same at every level.
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let key = [self.key as u32, (self.key >> 32) as u32];
        for (block, values) in self.values.chunks_mut(2 * PAIRS).enumerate() {
            // The lower word does not overflow within a block, whose size divides 2^32.
            let pair = ((self.first_block + block) * PAIRS) as u64;
            let mut normal = [[0.0f32; PAIRS]; 2];
            let [first, second] = &mut normal;
            for (index, (first, second)) in first.iter_mut().zip(second).enumerate() {
                let counter = [pair as u32 + index as u32, (pair >> 32) as u32];
                [*first, *second] = box_muller(threefry(key, counter));
            }
            values.copy_from_slice(&normal.as_flattened()[..values.len()]);
        }
    }
}

/// Threefry-2x32-20.
#[inline(always)]
fn threefry(key: [u32; 2], [x, y]: [u32; 2]) -> [u32; 2] {
    const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
    let keys = [key[0], key[1], 0x1BD1_1BDA ^ key[0] ^ key[1]];
    let (mut x, mut y) = (x.wrapping_add(keys[0]), y.wrapping_add(keys[1]));
    for group in 0..5 {
        for rotation in ROTATIONS[group % 2] {
            x = x.wrapping_add(y);
            y = y.rotate_left(rotation) ^ x;
        }
        x = x.wrapping_add(keys[(group + 1) % 3]);
        y = y.wrapping_add(keys[(group + 2) % 3]).wrapping_add(group as u32 + 1);
    }
    [x, y]
}

/// Two independent normal numbers of two words of random bits.
#[inline(always)]
fn box_muller([x, y]: [u32; 2]) -> [f32; 2] {
    /// 2^-31
    const UNIT: f32 = 1.0 / 2_147_483_648.0;
    // Above 0, at most 1; through signed integers, for which conversions are vector instructions.
    let uniform = ((x >> 1) as i32 as f32 + 0.5) * UNIT;
    let radius = (-2.0 * ln(uniform)).sqrt();
    // Half the angle lies between -pi/2 and pi/2, where the series are short.
    let half = y as i32 as f32 * (UNIT * std::f32::consts::FRAC_PI_2);
    let (sine, cosine) = sine_cosine(half);
    [radius * (1.0 - 2.0 * sine * sine), radius * (2.0 * sine * cosine)]
}

/// Taylor series; what is left out stays below 6e-8 for `|x| <= pi/2`.
#[inline(always)]
fn sine_cosine(x: f32) -> (f32, f32) {
    const SINE: [f32; 6] =
        [-1.0 / 39_916_800.0, 1.0 / 362_880.0, -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0, 1.0];
    const COSINE: [f32; 7] = [
        1.0 / 479_001_600.0,
        -1.0 / 3_628_800.0,
        1.0 / 40_320.0,
        -1.0 / 720.0,
        1.0 / 24.0,
        -0.5,
        1.0,
    ];
    let square = x * x;
    let (mut sine, mut cosine) = (SINE[0], COSINE[0]);
    for coefficient in &SINE[1..] {
        sine = sine * square + coefficient;
    }
    for coefficient in &COSINE[1..] {
        cosine = cosine * square + coefficient;
    }
    (x * sine, cosine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at_every_level, with_threads};

    #[test]
    fn bits_are_those_of_the_published_test_vectors() {
        // Random123's known answers for threefry2x32, 20 rounds.
        assert_eq!(threefry([0; 2], [0; 2]), [0x6B20_0159, 0x99BA_4EFE]);
        assert_eq!(threefry([u32::MAX; 2], [u32::MAX; 2]), [0x1CB9_96FC, 0xBB00_2BE7]);
        let pi = [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344];
        assert_eq!(threefry([pi[2], pi[3]], [pi[0], pi[1]]), [0xC492_3A9C, 0x483D_F7A0]);
    }

    #[test]
    fn pairs_are_those_of_the_definition() {
        for bits in
            (0..10_000u32).map(|i| [i.wrapping_mul(0x9E37_79B9), i.wrapping_mul(0xC2B2_AE35)])
        {
            let found = box_muller(bits).map(f64::from);
            let uniform = (f64::from(bits[0] >> 1) + 0.5) / f64::from(1u32 << 31);
            let angle = f64::from(bits[1] as i32) / f64::from(1u32 << 31) * std::f64::consts::PI;
            let radius = (-2.0 * uniform.ln()).sqrt();
            // Near 1 the uniform number is rounded to a multiple of 6e-8.
            let tolerance = 1e-6 * radius.max(1.0) + (6e-8 / radius.max(3e-4));
            assert!((found[0] - radius * angle.cos()).abs() < tolerance);
            assert!((found[1] - radius * angle.sin()).abs() < tolerance);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
    fn same_bits_with_any_threads_at_any_level_and_of_any_length() {
        let draw = |length: usize| {
            let mut values = vec![f32::NAN; length];
            fill_normal(3, &mut values);
            values
        };
        let expected = draw(40_000);
        at_every_level(|| {
            assert_eq!(with_threads(1, || draw(40_000)), expected);
            assert_eq!(with_threads(3, || draw(40_000)), expected);
        });
        assert_eq!(draw(39_936 + 7)[..39_936 + 7], expected[..39_936 + 7]);
        assert!(draw(0).is_empty());
    }

    #[test]
    #[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
    fn moments_are_those_of_the_normal_distribution() {
        let n = 1 << 20;
        let mut values = vec![0.0; n];
        fill_normal(11, &mut values);
        let mean_of = |f: &dyn Fn(f64) -> f64| {
            values.iter().map(|&x| f(f64::from(x))).sum::<f64>() / n as f64
        };
        // Five standard errors; the k-th power has the variance (2k-1)!! - ((k-1)!!)^2.
        let close = |found: f64, expected: f64, variance: f64| {
            assert!((found - expected).abs() < 5.0 * (variance / n as f64).sqrt(), "{found}");
        };
        close(mean_of(&|x| x), 0.0, 1.0);
        close(mean_of(&|x| x * x), 1.0, 2.0);
        close(mean_of(&|x| x.powi(3)), 0.0, 15.0);
        close(mean_of(&|x| x.powi(4)), 3.0, 96.0);
        // Beyond 3: a share of 0.0026998.
        close(mean_of(&|x| f64::from(x.abs() > 3.0)), 0.002_699_8, 0.0027);
        // Neighbours, the two of a pair, and numbers of other keys are independent.
        let lagged = |lag: usize| {
            let pairs = values.iter().zip(&values[lag..]);
            pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>() / (n - lag) as f64
        };
        close(lagged(1), 0.0, 1.0);
        close(lagged(PAIRS), 0.0, 1.0);
        let mut others = vec![0.0; n];
        fill_normal(12, &mut others);
        let product = values.iter().zip(&others).map(|(&a, &b)| f64::from(a) * f64::from(b));
        close(product.sum::<f64>() / n as f64, 0.0, 1.0);
    }
}
