//! Which instructions the processor has, and which are used.

use std::sync::OnceLock;

use super::portable::Portable;
use super::{Kernel, Simd};

/// Sets of vector instructions, lower ones first.
///
/// A value is the proof that the processor has them: only [`Level::available`] makes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

/// The level in use: `portable`, `avx2`, `avx512` or `neon`.
///
/// ```
/// assert!(["portable", "avx2", "avx512", "neon"].contains(&striate_kernels::simd_level()));
/// ```
///
/// # Panics
/// Where the environment variable `STRIATE_SIMD` is set to another word.
pub fn simd_level() -> &'static str {
    Level::active().name()
}

impl Level {
    /// All levels of this processor, the lowest first.
    pub(crate) fn available() -> Vec<Self> {
        #[cfg_attr(
            not(any(target_arch = "x86_64", target_arch = "aarch64")),
            expect(unused_mut, reason = "nothing to add")
        )]
        let mut levels = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            levels.push(Self::Avx2);
            if is_x86_feature_detected!("avx512f") {
                levels.push(Self::Avx512);
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            levels.push(Self::Neon);
        }
        levels
    }

    /// The level to use: the highest, or a lower one that `STRIATE_SIMD` asks for.
    ///
    /// # Panics
    /// Where `STRIATE_SIMD` is no level's name.
    pub(crate) fn active() -> Self {
        static ACTIVE: OnceLock<Level> = OnceLock::new();
        #[cfg(test)]
        if let Some(level) = forced::FORCED.get() {
            return level;
        }
        *ACTIVE.get_or_init(|| {
            let wanted = std::env::var_os("STRIATE_SIMD");
            let wanted = wanted.as_ref().map(|word| word.to_string_lossy());
            Self::choose(&Self::available(), wanted.as_deref())
        })
    }

    /// A word for another family of processors asks for the level of the same rank.
    fn choose(available: &[Self], wanted: Option<&str>) -> Self {
        let rank = match wanted {
            None | Some("" | "avx512") => 2,
            Some("avx2" | "neon") => 1,
            Some("portable") => 0,
            Some(other) => {
                panic!("STRIATE_SIMD is `{other}`, expected `portable`, `avx2`, `avx512` or `neon`")
            }
        };
        available[rank.min(available.len() - 1)]
    }

    fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "neon",
        }
    }

    /// [`Simd::LANES`] of this level.
    pub(crate) fn lanes(self) -> usize {
        self.run(Sizes)[0]
    }

    /// [`Simd::TILE_ROWS`] of this level.
    pub(crate) fn tile_rows(self) -> usize {
        self.run(Sizes)[1]
    }

    /// [`Simd::NEAR_TERMS`] of this level.
    pub(crate) fn near_terms(self) -> usize {
        self.run(Sizes)[2]
    }

    /// Run a kernel with these instructions.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            Self::Portable => kernel.run(Portable),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value exists, so the processor has AVX2 and FMA.
            Self::Avx2 => unsafe { run_avx2(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value exists, so the processor has AVX-512F.
            Self::Avx512 => unsafe { run_avx512(kernel) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: the value exists, so the processor has NEON.
            Self::Neon => unsafe { run_neon(kernel) },
        }
    }

    /// Run a kernel that works on pairs, with instructions for them where the processor has some.
    pub(crate) fn run_pairs<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        if self == Self::Avx512
            && is_x86_feature_detected!("avx512bf16")
            && is_x86_feature_detected!("avx512bw")
        {
            // SAFETY: the value exists, so the processor has AVX-512F; the others were found.
            return unsafe { run_avx512_bf16(kernel) };
        }
        self.run(kernel)
    }
}

/// # Safety
/// The processor has AVX-512F, AVX-512BW and AVX512-BF16.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512bf16,avx512bw,avx512f,avx2,fma")]
unsafe fn run_avx512_bf16<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller's promise.
    kernel.run(unsafe { super::avx512::Avx512::<true>::new() })
}

/// # Safety
/// The processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller's promise.
    kernel.run(unsafe { super::avx2::Avx2::new() })
}

/// # Safety
/// The processor has AVX-512F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller's promise.
    kernel.run(unsafe { super::avx512::Avx512::<false>::new() })
}

/// # Safety
/// The processor has NEON.
#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
unsafe fn run_neon<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller's promise.
    kernel.run(unsafe { super::neon::Neon::new() })
}

/// The constants of a level.
struct Sizes;

impl Kernel for Sizes {
    type Output = [usize; 3];

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> [usize; 3] {
        [S::LANES, S::TILE_ROWS, S::NEAR_TERMS]
    }
}

#[cfg(test)]
pub(crate) mod forced {
    use std::cell::Cell;

    use super::Level;

    thread_local! {
        pub(super) static FORCED: Cell<Option<Level>> = const { Cell::new(None) };
    }

    impl Level {
        /// Run a test in which this is the active level of the calling thread.
        pub(crate) fn force<T>(self, test: impl FnOnce() -> T) -> T {
            let before = FORCED.replace(Some(self));
            let result = test();
            FORCED.set(before);
            result
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_lowers_the_level_and_never_raises_it() {
        let available = Level::available();
        let highest = available.len() - 1;
        let choose = |wanted| Level::choose(&available, wanted);
        assert_eq!(choose(None), available[highest]);
        assert_eq!(choose(Some("portable")), Level::Portable);
        assert_eq!(choose(Some("avx2")), available[1.min(highest)]);
        assert_eq!(choose(Some("neon")), available[1.min(highest)]);
        assert_eq!(Level::choose(&available[..1], Some("avx512")), Level::Portable);
    }

    #[test]
    #[should_panic(expected = "STRIATE_SIMD is `sse9`")]
    fn unknown_words_are_refused() {
        Level::choose(&Level::available(), Some("sse9"));
    }
}
