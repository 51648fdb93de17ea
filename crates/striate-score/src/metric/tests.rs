use ndarray::{Array1, Array2, array, s};
use striate_base::Streams;

use super::*;

/// Three images, two repeats each: the responses are 1 3 | 4 6 | 9 7, the predictions 2 2 | 4 4 | 9 9.
const STIMULI: [usize; 6] = [0, 0, 1, 1, 2, 2];

fn recorded() -> Array1<f32> {
    array![1.0, 3.0, 4.0, 6.0, 9.0, 7.0]
}

fn predicted() -> Array1<f32> {
    array![2.0, 2.0, 4.0, 4.0, 9.0, 9.0]
}

#[test]
fn hand_computed_example() {
    let (p, y) = (predicted(), recorded());
    // Both have mean 5. Sum of products of deviations: (-3)(-4) + (-3)(-2) + (-1)(-1) + (-1)(1)
    // + 4*4 + 4*2 = 42; of squares: recorded 16+4+1+1+16+4 = 42, predicted 9+9+1+1+16+16 = 52.
    let expected = 42.0 / (42.0f64 * 52.0).sqrt();
    // The 1e-8 on each standard deviation of about 2.6 takes off 8e-9.
    assert!((correlation(p.view(), y.view()) - expected).abs() < 2e-8);

    // Averages: recorded 2 5 8, predicted 2 4 9, each with mean 5: products 9 + 0 + 12 = 21, squares
    // 18 and 26.
    let expected = 21.0 / (18.0f64 * 26.0).sqrt();
    let actual = correlation_to_average(p.view(), y.view(), &STIMULI).unwrap();
    assert!((actual - expected).abs() < 2e-8);

    // MSE (1+1+0+4+0+4)/6 = 10/6; variance across repeats 2 for each image, so noise 2; total
    // 42/5 = 8.4; FEVE 1 - (10/6 - 2) / 6.4.
    let expected = 1.0 - (10.0 / 6.0 - 2.0) / 6.4;
    assert!((feve(p.view(), y.view(), &STIMULI).unwrap() - expected).abs() < 1e-12);

    // With two repeats the mean of the others is the other: pairs (1,3) (3,1) (4,6) (6,4) (9,7)
    // (7,9); products of deviations 2 * ((-4)(-2) + (-1)(1) + 4*2) = 30 of 42.
    assert!((oracle(y.view(), &STIMULI).unwrap() - 30.0 / 42.0).abs() < 1e-8);

    // Averages vary by 18/3 = 6, of which noise makes (1 - 1/3) * 2/2 = 2/3: signal 16/3.
    let signal: f64 = 16.0 / 3.0;
    let expected = (signal / (signal + 2.0)).sqrt();
    assert!((noise_ceiling(y.view(), &STIMULI).unwrap() - expected).abs() < 1e-12);
}

#[test]
fn constant_neuron_has_correlation_zero_and_no_feve() {
    let y = Array1::from_elem(6, 3.3f32);
    assert_eq!(correlation(predicted().view(), y.view()), 0.0);
    assert_eq!(correlation_to_average(predicted().view(), y.view(), &STIMULI), Some(0.0));
    assert_eq!(feve(predicted().view(), y.view(), &STIMULI), None);
    assert_eq!(noise_ceiling(y.view(), &STIMULI), Some(0.0));
    assert_eq!(fraction_of_ceiling(0.0, Some(0.0)), None);
    let mut running = Correlations::new(1);
    let column = |values: &Array1<f32>| values.clone().insert_axis(ndarray::Axis(1));
    running.add(column(&predicted()).view(), column(&y).view());
    assert_eq!(running.values(), [0.0]);
}

#[test]
fn neuron_that_is_mostly_noise_has_no_feve() {
    // Averages 5 5 5.5: explainable share far below 0.15.
    let y = array![1.0f32, 9.0, 2.0, 8.0, 1.0, 10.0];
    assert_eq!(feve(predicted().view(), y.view(), &STIMULI), None);
    assert_eq!(noise_ceiling(y.view(), &STIMULI), Some(0.0));
}

#[test]
fn without_repeats_only_single_trials_count() {
    let (p, y) = (predicted(), recorded());
    let stimuli = [0, 1, 2, 3, 4, 5];
    assert_eq!(correlation_to_average(p.view(), y.view(), &stimuli), None);
    assert_eq!(feve(p.view(), y.view(), &stimuli), None);
    assert_eq!(oracle(y.view(), &stimuli), None);
    assert_eq!(noise_ceiling(y.view(), &stimuli), None);
    let scores = Repeats::new(3).scores();
    assert_eq!(scores.feve, [None, None, None]);
    assert_eq!(scores.noise_ceiling, [None, None, None]);
}

#[test]
fn not_a_number_gives_zero_or_nothing() {
    let mut y = recorded();
    y[3] = f32::NAN;
    assert_eq!(correlation(predicted().view(), y.view()), 0.0);
    let mut running = Correlations::new(1);
    let mut repeats = Repeats::new(1);
    for stimulus in 0..3 {
        for repeat in 0..2 {
            let at = s![2 * stimulus + repeat..=2 * stimulus + repeat];
            let (p, y) = (predicted().slice(at).to_owned(), y.slice(at).to_owned());
            let (p, y) = (p.insert_axis(ndarray::Axis(1)), y.insert_axis(ndarray::Axis(1)));
            running.add(p.view(), y.view());
            repeats.add(p.view(), y.view());
        }
        repeats.next_stimulus();
    }
    assert_eq!(running.values(), [0.0]);
    let scores = repeats.scores();
    assert_eq!(scores.correlation_to_average, [Some(0.0)]);
    assert_eq!(scores.oracle, [Some(0.0)]);
    assert_eq!(scores.feve, [None]);
    assert_eq!(scores.noise_ceiling, [None]);
}

/// Responses with a signal of the given variance, noise of variance 1, and repeats.
fn simulated(n_stimuli: usize, n_repeats: usize, signal_variance: f64) -> Simulated {
    let mut random = Streams::new(21).stream("responses");
    let signal: Vec<f64> =
        (0..n_stimuli).map(|_| signal_variance.sqrt() * random.normal()).collect();
    let stimuli: Vec<usize> = (0..n_stimuli * n_repeats).map(|i| i / n_repeats).collect();
    let recorded = stimuli
        .iter()
        .map(|&stimulus| (signal[stimulus] + random.normal() + 100.0) as f32)
        .collect();
    let predicted = stimuli.iter().map(|&stimulus| (signal[stimulus] + 100.0) as f32).collect();
    Simulated { stimuli, recorded, predicted }
}

struct Simulated {
    stimuli: Vec<usize>,
    recorded: Array1<f32>,
    predicted: Array1<f32>,
}

#[test]
fn ceiling_is_what_a_perfect_predictor_reaches() {
    for signal_variance in [0.1, 1.0, 4.0] {
        let data = simulated(4_000, 5, signal_variance);
        let expected = (signal_variance / (signal_variance + 1.0)).sqrt();
        let ceiling = noise_ceiling(data.recorded.view(), &data.stimuli).unwrap();
        let perfect = correlation(data.predicted.view(), data.recorded.view());
        // 4000 stimuli give a standard error of the signal variance of some 2 %, and of
        // correlations of 0.01.
        assert!((ceiling - expected).abs() < 0.02, "{ceiling} {expected}");
        assert!((ceiling - perfect).abs() < 0.02, "{ceiling} {perfect}");
        let oracle = oracle(data.recorded.view(), &data.stimuli).unwrap();
        let of_four = signal_variance / ((signal_variance + 1.0) * (signal_variance + 0.25)).sqrt();
        assert!((oracle - of_four).abs() < 0.02, "{oracle} {of_four}");
        if signal_variance > 0.2 {
            // A perfect predictor explains what can be explained.
            let feve = feve(data.predicted.view(), data.recorded.view(), &data.stimuli).unwrap();
            assert!((feve - 1.0).abs() < 0.03, "{feve}");
        }
    }
}

#[test]
fn few_repeats_do_not_bias_the_ceiling() {
    let mut random = Streams::new(5).stream("sets");
    let mut squares = Vec::new();
    for _ in 0..400 {
        // 60 stimuli, 2 repeats, signal and noise of variance 1.
        let (mut recorded, mut stimuli) = (Vec::new(), Vec::new());
        for stimulus in 0..60 {
            let signal = random.normal();
            for _ in 0..2 {
                recorded.push((signal + random.normal()) as f32);
                stimuli.push(stimulus);
            }
        }
        squares.push(noise_ceiling(Array1::from(recorded).view(), &stimuli).unwrap().powi(2));
    }
    let mean = squares.iter().sum::<f64>() / 400.0;
    // Each estimate scatters by about 0.1; the mean of 400 by 0.005, and the quotient of two
    // unbiased variances is biased by the order of 1/60.
    assert!((mean - 0.5).abs() < 0.025, "{mean}");
}

#[test]
fn streaming_equals_arrays() {
    const N_NEURONS: usize = 3;
    let mut random = Streams::new(9).stream("streaming");
    // Videos of 4 frames with 3, 1 and 2 repeats, far from zero; the last repeat is cut short.
    let mut running = Correlations::new(N_NEURONS);
    let mut repeats = Repeats::new(N_NEURONS);
    let mut seen: Vec<(usize, Vec<f32>, Vec<f32>)> = Vec::new();
    for (video, n_repeats) in [3usize, 1, 2, 4].into_iter().enumerate() {
        let mean = Array2::from_shape_simple_fn((4, N_NEURONS), || random.normal() + 50.0);
        for repeat in 0..n_repeats {
            let n_frames = if video == 3 && repeat == 3 { 2 } else { 4 };
            let mut noisy = |spread: f64| {
                let around = mean.slice(s![..n_frames, ..]);
                around.mapv(|value| (value + spread * random.normal()) as f32)
            };
            let (predicted, recorded) = (noisy(0.5), noisy(1.0));
            running.add(predicted.view(), recorded.view());
            repeats.add(predicted.view(), recorded.view());
            for frame in 0..n_frames {
                let row = |values: &Array2<f32>| values.row(frame).to_vec();
                seen.push((video * 10 + frame, row(&predicted), row(&recorded)));
            }
        }
        repeats.next_stimulus();
    }
    let stimuli: Vec<usize> = seen.iter().map(|(stimulus, ..)| *stimulus).collect();
    let scores = repeats.scores();
    for neuron in 0..N_NEURONS {
        let p: Array1<f32> = seen.iter().map(|(_, p, _)| p[neuron]).collect();
        let y: Array1<f32> = seen.iter().map(|(_, _, y)| y[neuron]).collect();
        let close = |streamed: Option<f64>, whole: Option<f64>| {
            // Both sum 40 numbers of order 1 in f64; means of 50 cost two digits in squares.
            assert!((streamed.unwrap() - whole.unwrap()).abs() < 1e-10, "{streamed:?} {whole:?}");
        };
        close(Some(running.values()[neuron]), Some(correlation(p.view(), y.view())));
        let to_average = correlation_to_average(p.view(), y.view(), &stimuli);
        close(scores.correlation_to_average[neuron], to_average);
        close(scores.oracle[neuron], oracle(y.view(), &stimuli));
        close(scores.noise_ceiling[neuron], noise_ceiling(y.view(), &stimuli));
        let whole = feve(p.view(), y.view(), &stimuli);
        assert_eq!(scores.feve[neuron].is_some(), whole.is_some());
        close(scores.feve[neuron].or(Some(0.0)), whole.or(Some(0.0)));
    }
}
