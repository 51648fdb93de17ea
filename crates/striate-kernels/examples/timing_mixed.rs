//! Time of the mixed readout on the shapes of the zero-inflated gamma twin, and of the plain one beside it.
//!
//! 8 clips of 62 predicted frames, feature maps of 18 x 46 pixels and 128 channels, 8000 neurons with two
//! outputs, a kernel of 11 frames and 5 channels; one position per neuron and frame. `taps one by one` is what
//! the same costs with the plain readout, called once per output and frame of the kernel: 22 times.
//!
//! Arguments: REPEATS THREADS

use std::error::Error;
use std::time::Instant;

use striate_kernels::noise::fill_normal;
use striate_kernels::readout::{
    BilinearReadout, MixedGradients, MixedReadout, MixedWeights, Positions, ReadoutGradients,
    Sampling,
};

const READOUT: BilinearReadout =
    BilinearReadout { n_frames: 8 * 62, height: 18, width: 46, channels: 128, n_neurons: 8000 };
const MIXED: MixedReadout =
    MixedReadout { readout: READOUT, n_clips: 8, n_outputs: 2, mixing: [11, 5] };

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [repeats, n_threads] = &words[..] else {
        return Err("expected the arguments REPEATS THREADS".into());
    };
    let repeats: usize = repeats.parse()?;
    println!("{}, {n_threads} threads", striate_kernels::simd_level());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads.parse()?).build()?;
    pool.install(|| run(repeats));
    Ok(())
}

fn numbers(length: usize, scale: f32) -> Vec<f32> {
    let mut values = vec![0.0; length];
    fill_normal(length as u64, &mut values);
    for value in &mut values {
        *value *= scale;
    }
    values
}

/// Shortest of some calls in milliseconds.
fn time(name: &str, repeats: usize, mut call: impl FnMut()) -> f64 {
    let mut shortest = f64::INFINITY;
    for _ in 0..repeats.max(1) {
        let start = Instant::now();
        call();
        shortest = shortest.min(1e3 * start.elapsed().as_secs_f64());
    }
    println!("{name:28} {shortest:9.1} ms");
    shortest
}

fn run(repeats: usize) {
    let BilinearReadout { n_frames, height, width, channels, n_neurons } = READOUT;
    let features = numbers(n_frames * height * width * channels, 1.0);
    let (centres, spread) = (numbers(n_neurons * 2, 0.3), numbers(n_neurons * 4, 0.3));
    let noise = numbers(n_frames * n_neurons * 2, 1.0);
    let sampling = Some(Sampling { spread: &spread, noise: &noise });
    let positions = Positions { centres: &centres, sampling, shift: None };
    let weights = numbers(n_neurons * channels, 0.01);
    let bias = vec![0.0; n_neurons];
    let mixing = numbers(2 * 11 * 5, 0.1);
    let mixed = MixedWeights { features: &[&weights, &weights], mixing: &mixing };
    let mut output = vec![0.0; 2 * n_frames * n_neurons];
    let mut plain = vec![0.0; n_frames * n_neurons];
    let mut f = features.clone();
    let [mut c, mut s, mut k] = [&centres, &spread, &mixing].map(Clone::clone);
    let [mut w, mut v] = [weights.clone(), weights.clone()];
    time("mixed forward", repeats, || {
        MIXED.forward(&features, &positions, &mixed, &mut output);
    });
    time("mixed backward", repeats, || {
        let gradients = MixedGradients {
            features: Some(&mut f),
            centres: Some(&mut c),
            spread: Some(&mut s),
            shift: None,
            weights: vec![Some(&mut w), Some(&mut v)],
            mixing: Some(&mut k),
        };
        MIXED.backward(&features, &positions, &mixed, &output, gradients);
    });
    let forward = time("plain forward", repeats, || {
        READOUT.forward(&features, &positions, &weights, &bias, &mut plain);
    });
    let backward = time("plain backward", repeats, || {
        let gradients = ReadoutGradients {
            features: Some(&mut f),
            centres: Some(&mut c),
            spread: Some(&mut s),
            weights: Some(&mut w),
            ..ReadoutGradients::default()
        };
        READOUT.backward(&features, &positions, &weights, &plain, gradients);
    });
    println!(
        "taps one by one: {:.1} ms forward, {:.1} ms backward",
        22.0 * forward,
        22.0 * backward
    );
}
