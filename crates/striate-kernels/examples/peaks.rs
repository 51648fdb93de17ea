//! The most floating-point operations per second that this machine reaches: multiply-adds on
//! registers, nothing read or written.
//!
//! Arguments: REPEATS THREADS. Prints one JSON object; `fma_gflops` holds one number per repeat.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

/// Sums that do not wait for each other: enough to hide the latency of a multiply-add on every
/// processor in use, few enough for the registers.
const SUMS: usize = 12;

/// Rounds of one measurement, a fraction of a second.
const ROUNDS: usize = 20_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [repeats, n_threads] = &words[..] else {
        return Err("expected the arguments REPEATS THREADS".into());
    };
    let (repeats, n_threads): (usize, usize) = (repeats.parse()?, n_threads.parse()?);
    let rates: Vec<String> = (0..repeats).map(|_| format!("{:.1}", gflops(n_threads))).collect();
    let (level, rates) = (striate_kernels::simd_level(), rates.join(", "));
    println!(r#"{{"simd": "{level}", "threads": {n_threads}, "fma_gflops": [{rates}]}}"#);
    Ok(())
}

/// GFLOP/s of all threads together.
fn gflops(n_threads: usize) -> f64 {
    let start = Instant::now();
    let lanes = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(multiply_add)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(0)).max().unwrap_or(0)
    });
    let operations = 2.0 * (ROUNDS * SUMS * lanes * n_threads) as f64;
    1e-9 * operations / start.elapsed().as_secs_f64()
}

/// Run the loop on the widest vectors there are; gives their number of lanes.
fn multiply_add() -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512F.
            return unsafe { x86::multiply_add_avx512() };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has AVX2 and FMA.
            return unsafe { x86::multiply_add_avx2() };
        }
    }
    multiply_add_portable()
}

/// A product and a sum on arrays of four, which compilers turn into the vectors every processor has.
fn multiply_add_portable() -> usize {
    const LANES: usize = 4;
    let (factor, mut sums) = (black_box([0.999f32; LANES]), black_box([[1.0f32; LANES]; SUMS]));
    for _ in 0..ROUNDS {
        for sum in &mut sums {
            for (sum, factor) in sum.iter_mut().zip(factor) {
                *sum = *sum * factor + factor;
            }
        }
    }
    black_box(sums);
    LANES
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m512, _mm256_fmadd_ps, _mm256_set1_ps, _mm512_fmadd_ps, _mm512_set1_ps,
    };
    use std::hint::black_box;

    use super::{ROUNDS, SUMS};

    /// # Safety
    /// The processor has AVX-512F.
    #[target_feature(enable = "avx512f")]
    pub(crate) unsafe fn multiply_add_avx512() -> usize {
        let factor: __m512 = _mm512_set1_ps(black_box(0.999));
        let mut sums = [_mm512_set1_ps(black_box(1.0)); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(*sum, factor, factor);
            }
        }
        black_box(sums);
        16
    }

    /// # Safety
    /// The processor has AVX2 and FMA.
    #[target_feature(enable = "avx2,fma")]
    pub(crate) unsafe fn multiply_add_avx2() -> usize {
        let factor: __m256 = _mm256_set1_ps(black_box(0.999));
        let mut sums = [_mm256_set1_ps(black_box(1.0)); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(*sum, factor, factor);
            }
        }
        black_box(sums);
        8
    }
}
