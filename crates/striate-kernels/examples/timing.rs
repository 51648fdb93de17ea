//! Time of each kernel on the shapes of the reference step, and how many operations per second.
//!
//! 4 clips of 80 frames of 36 x 64 pixels; layers of spatial ('same') and temporal ('valid')
//! convolution with kernels 11, 5, 5 and 32 channels; a readout of 8000 neurons, one position per
//! neuron and frame. One line per kernel: median and shortest of REPEATS calls.
//!
//! Arguments: REPEATS THREADS [WORDS OF KERNELS TO RUN]

use std::error::Error;
use std::time::Instant;

use striate_kernels::monte_carlo::{Gradients, Latents, Law, Objective, Population, Responses};
use striate_kernels::noise::fill_normal;
use striate_kernels::normalisation::{
    NormBackward, batch_norm_elu_backward, batch_statistics, scale_shift_elu,
};
use striate_kernels::optimiser::{AdamWStep, adamw_step};
use striate_kernels::pointwise::{elu_plus_one, poisson_loss};
use striate_kernels::readout::{BilinearReadout, Positions, ReadoutGradients, Sampling};
use striate_kernels::zero_inflated_gamma::{Convention, ZeroInflatedGamma};
use striate_kernels::{
    Activation, Bf16, DepthwiseConvolution, SpatialConvolution, TemporalConvolution,
};

const N_CLIPS: usize = 4;
const HEIGHT: usize = 36;
const WIDTH: usize = 64;
const N_PIXELS: usize = HEIGHT * WIDTH;
const CHANNELS: usize = 32;
/// Frames after all layers.
const N_PREDICTED: usize = 62;
const N_NEURONS: usize = 8000;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [repeats, n_threads, wanted @ ..] = &words[..] else {
        return Err("expected the arguments REPEATS THREADS [WORDS]".into());
    };
    let timer = Timer { repeats: repeats.parse()?, wanted: wanted.to_vec() };
    println!("{}, {n_threads} threads", striate_kernels::simd_level());
    rayon::ThreadPoolBuilder::new().num_threads(n_threads.parse()?).build()?.install(|| {
        let layers = [(80, 1, 11), (70, CHANNELS, 5), (66, CHANNELS, 5)];
        for (layer, (n_frames, in_channels, kernel)) in layers.into_iter().enumerate() {
            spatial(&timer, layer, n_frames, in_channels, kernel);
            temporal(&timer, layer, n_frames, kernel);
        }
        depthwise(&timer);
        normalisation(&timer);
        for n_neurons in [1000, N_NEURONS, 40_000] {
            readout(&timer, n_neurons);
        }
        pointwise(&timer);
        monte_carlo(&timer);
    });
    Ok(())
}

struct Timer {
    repeats: usize,
    wanted: Vec<String>,
}

impl Timer {
    /// Time calls after one that warms up; `operations` in floating-point operations per call.
    fn time(&self, name: &str, operations: f64, mut call: impl FnMut()) {
        if !self.wanted.is_empty() && !self.wanted.iter().any(|word| name.contains(word.as_str())) {
            return;
        }
        call();
        let mut seconds: Vec<f64> = (0..self.repeats.max(1))
            .map(|_| {
                let start = Instant::now();
                call();
                start.elapsed().as_secs_f64()
            })
            .collect();
        seconds.sort_by(f64::total_cmp);
        let (median, shortest) = (seconds[seconds.len() / 2], seconds[0]);
        let rate = 1e-9 * operations / median;
        println!(
            "{name:34} {:8.2} ms (shortest {:8.2}) {rate:7.1} GFLOP/s",
            1e3 * median,
            1e3 * shortest
        );
    }
}

/// Numbers between -1 and 1.
fn numbers(length: usize) -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / f32::powi(2.0, 23) - 1.0
    };
    (0..length).map(|_| next()).collect()
}

fn spatial(timer: &Timer, layer: usize, n_frames: usize, in_channels: usize, kernel: usize) {
    let geometry = SpatialConvolution {
        n_images: N_CLIPS * n_frames,
        height: HEIGHT,
        width: WIDTH,
        in_channels,
        out_channels: CHANNELS,
        kernel: [kernel; 2],
        padding: [kernel / 2; 2],
        stride: [1, 1],
    };
    let n_places = geometry.n_images * N_PIXELS;
    let input = numbers(n_places * in_channels);
    let weight = numbers(kernel * kernel * in_channels * CHANNELS);
    let gradient = numbers(n_places * CHANNELS);
    let mut output = gradient.clone();
    let (mut of_input, mut of_weight) = (input.clone(), weight.clone());
    let operations = 2.0 * (n_places * weight.len()) as f64;
    let name = |what| format!("spatial {layer} {what}");
    timer.time(&name("forward"), operations, || {
        geometry.forward(&input, &weight, None, &mut output);
    });
    timer.time(&name("weight gradient"), operations, || {
        geometry.weight_gradient(&input, &gradient, &mut of_weight);
    });
    timer.time(&name("input gradient"), operations, || {
        geometry.input_gradient(&weight, &gradient, &mut of_input);
    });
    let geometry = Bf16(geometry);
    timer.time(&name("forward bf16"), operations, || {
        geometry.forward(&input, &weight, None, &mut output);
    });
    timer.time(&name("weight gradient bf16"), operations, || {
        geometry.weight_gradient(&input, &gradient, &mut of_weight);
    });
}

fn temporal(timer: &Timer, layer: usize, n_frames: usize, kernel: usize) {
    let geometry = TemporalConvolution {
        n_clips: N_CLIPS,
        n_frames,
        n_pixels: N_PIXELS,
        in_channels: CHANNELS,
        out_channels: CHANNELS,
        kernel,
    };
    let n_places = N_CLIPS * geometry.out_frames() * N_PIXELS;
    let input = numbers(N_CLIPS * n_frames * N_PIXELS * CHANNELS);
    let weight = numbers(kernel * CHANNELS * CHANNELS);
    let gradient = numbers(n_places * CHANNELS);
    let mut output = gradient.clone();
    let (mut of_input, mut of_weight) = (input.clone(), weight.clone());
    let operations = 2.0 * (n_places * weight.len()) as f64;
    let name = |what| format!("temporal {layer} {what}");
    timer.time(&name("forward"), operations, || {
        geometry.forward(&input, &weight, None, &mut output);
    });
    timer.time(&name("weight gradient"), operations, || {
        geometry.weight_gradient(&input, &gradient, &mut of_weight);
    });
    timer.time(&name("input gradient"), operations, || {
        geometry.input_gradient(&weight, &gradient, &mut of_input);
    });
    let geometry = Bf16(geometry);
    timer.time(&name("forward bf16"), operations, || {
        geometry.forward(&input, &weight, None, &mut output);
    });
    timer.time(&name("weight gradient bf16"), operations, || {
        geometry.weight_gradient(&input, &gradient, &mut of_weight);
    });
    timer.time(&name("input gradient bf16"), operations, || {
        geometry.input_gradient(&weight, &gradient, &mut of_input);
    });
}

fn depthwise(timer: &Timer) {
    let geometry = DepthwiseConvolution {
        n_images: N_CLIPS * 70,
        height: HEIGHT,
        width: WIDTH,
        channels: CHANNELS,
        kernel: [5; 2],
        padding: [2; 2],
    };
    let input = numbers(geometry.n_images * N_PIXELS * CHANNELS);
    let weight = numbers(25 * CHANNELS);
    let gradient = input.clone();
    let (mut output, mut of_weight) = (input.clone(), weight.clone());
    let operations = 2.0 * (input.len() * 25) as f64;
    timer.time("depthwise forward", operations, || {
        geometry.forward(&input, &weight, None, &mut output);
    });
    timer.time("depthwise weight gradient", operations, || {
        geometry.weight_gradient(&input, &gradient, &mut of_weight);
    });
    timer.time("depthwise input gradient", operations, || {
        geometry.input_gradient(&weight, &gradient, &mut output);
    });
}

fn normalisation(timer: &Timer) {
    let values = numbers(N_CLIPS * 70 * N_PIXELS * CHANNELS);
    let (mut output, mut gradient) = (values.clone(), values.clone());
    let (scale, shift) = (numbers(CHANNELS), numbers(CHANNELS));
    let (mean, inverse_deviation) = (vec![0.1; CHANNELS], vec![1.5; CHANNELS]);
    let forward = NormBackward {
        values: &values,
        scale: &scale,
        shift: &shift,
        mean: &mean,
        inverse_deviation: &inverse_deviation,
        activation: Activation::Elu,
    };
    timer.time("norm statistics", 3.0 * values.len() as f64, || {
        batch_statistics(&values, CHANNELS);
    });
    timer.time("norm scale, shift, ELU", 15.0 * values.len() as f64, || {
        scale_shift_elu(&values, &scale, &shift, &mut output, Activation::Elu);
    });
    timer.time("norm backward", 35.0 * values.len() as f64, || {
        batch_norm_elu_backward(&forward, &mut gradient);
    });
}

fn readout(timer: &Timer, n_neurons: usize) {
    let n_frames = N_CLIPS * N_PREDICTED;
    let readout =
        BilinearReadout { n_frames, height: HEIGHT, width: WIDTH, channels: CHANNELS, n_neurons };
    let name = |what: &str| format!("readout {n_neurons} {what}");
    let mut noise = numbers(n_frames * n_neurons * 2);
    timer.time(&name("noise"), 60.0 * noise.len() as f64, || fill_normal(1, &mut noise));
    let features = numbers(n_frames * N_PIXELS * CHANNELS);
    let (centres, mut spread) = (numbers(n_neurons * 2), numbers(n_neurons * 4));
    for spread in &mut spread {
        *spread *= 0.1;
    }
    let sampling = Some(Sampling { spread: &spread, noise: &noise });
    let positions = Positions { centres: &centres, sampling, shift: None };
    let (weights, bias) = (numbers(n_neurons * CHANNELS), numbers(n_neurons));
    let mut output = vec![0.0; n_frames * n_neurons];
    let products = (output.len() * CHANNELS) as f64;
    timer.time(&name("forward"), 2.0 * 5.0 * products, || {
        readout.forward(&features, &positions, &weights, &bias, &mut output);
    });
    let responses: Vec<f32> = output.iter().map(|x| (2.0 * x).abs()).collect();
    let mut gradient = output.clone();
    timer.time(&name("Poisson loss"), 40.0 * output.len() as f64, || {
        poisson_loss(&output, &responses, 1e-8, &mut gradient);
    });
    let mut f = features.clone();
    let [mut c, mut s] = [&centres, &spread].map(Clone::clone);
    let [mut w, mut b] = [&weights, &bias].map(Clone::clone);
    timer.time(&name("backward"), 2.0 * 18.0 * products, || {
        let gradients = ReadoutGradients {
            features: Some(&mut f),
            centres: Some(&mut c),
            spread: Some(&mut s),
            shift: None,
            weights: Some(&mut w),
            bias: Some(&mut b),
        };
        readout.backward(&features, &positions, &weights, &gradient, gradients);
    });
}

/// 100 samples of 12 latents behind zero-inflated gamma responses.
fn monte_carlo(timer: &Timer) {
    const DIM: usize = 12;
    const N_SAMPLES: usize = 100;
    let n_rows = 2 * N_CLIPS * N_PREDICTED;
    let heads = [numbers(n_rows * N_NEURONS), numbers(n_rows * N_NEURONS)];
    let mut loadings = [numbers(DIM * N_NEURONS), numbers(DIM * N_NEURONS)];
    for loading in loadings.iter_mut().flatten() {
        *loading *= 0.1;
    }
    let responses: Vec<f32> = heads[0].iter().map(|x| x.max(0.0)).collect();
    let (shape, log_gamma) = (vec![0.5; N_NEURONS], vec![0.572_365; N_NEURONS]);
    let neurons = ZeroInflatedGamma { shape: &shape, log_gamma: &log_gamma, rho: 0.005 };
    let law = Law::ZeroInflatedGamma { neurons, convention: Convention::Density };
    let (mean, scale) = (numbers(n_rows * DIM), vec![1.0; DIM]);
    let noise = |row: usize, values: &mut [f32]| fill_normal(row as u64, values);
    let latents = Latents { mean: &mean, scale: &scale, n_samples: N_SAMPLES, noise: &noise };
    let population = Population {
        law,
        n_neurons: N_NEURONS,
        heads: &[&heads[0], &heads[1]],
        loadings: &[&loadings[0], &loadings[1]],
        latents,
    };
    let observed = Responses { values: &responses, counted: None };
    let [mut q, mut theta] = heads.clone();
    let [mut of_q, mut of_theta] = loadings.clone();
    let (mut of_mean, mut of_scale) = (mean.clone(), scale.clone());
    // Products with the loadings there and back, exponentials and the rest.
    let operations = (n_rows * N_NEURONS * N_SAMPLES) as f64 * (4.0 * 2.0 * DIM as f64 + 80.0);
    for objective in [Objective::Average, Objective::Importance] {
        timer.time(&format!("Monte-Carlo {objective:?}"), operations, || {
            let gradients = Gradients {
                heads: &mut [&mut q, &mut theta],
                loadings: &mut [&mut of_q, &mut of_theta],
                mean: &mut of_mean,
                scale: &mut of_scale,
            };
            population.loss(observed, objective, gradients);
        });
    }
    timer.time("Monte-Carlo means", 0.4 * operations, || population.means(&mut q));
}

fn pointwise(timer: &Timer) {
    let input = numbers(N_CLIPS * N_PREDICTED * N_NEURONS);
    let mut rate = input.clone();
    timer.time("ELU + 1", 15.0 * input.len() as f64, || elu_plus_one(&input, &mut rate));
    let mut parameters = numbers(N_NEURONS * 35);
    let gradient = parameters.clone();
    let (mut first, mut second) = (vec![0.0; gradient.len()], vec![0.0; gradient.len()]);
    let settings = AdamWStep {
        learning_rate: 1e-3,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        weight_decay: 0.01,
        decoupled: true,
        step: 1,
    };
    timer.time("AdamW", 15.0 * gradient.len() as f64, || {
        adamw_step(&settings, &mut parameters, &gradient, &mut first, &mut second);
    });
}
