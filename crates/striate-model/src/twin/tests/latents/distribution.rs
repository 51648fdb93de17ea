//! Samples, and where responses lie in their distributions.

use super::*;

/// Largest distance of a sample's distribution function from that of uniform numbers.
fn distance_from_uniform(mut values: Vec<f32>) -> f64 {
    values.sort_by(f32::total_cmp);
    let n = values.len() as f64;
    let distance = |(index, &value): (usize, &f32)| {
        let (below, value) = (index as f64 / n, f64::from(value));
        (value - below).abs().max((below + 1.0 / n - value).abs())
    };
    values.iter().enumerate().map(distance).fold(0.0, f64::max)
}

/// Distances for each neuron of what the twin itself drew, with latents averaged over and with latents left
/// out.
fn distances(mut twin: Twin) -> [Vec<f64>; 2] {
    let batch = batch(&twin, 80, 8);
    let n_rows = 80 * 5;
    let (prior, mut random) = (LatentState::prior(n_rows, 2), random());
    let drawn = twin.sample(&batch.input(), &mut random).unwrap();
    let of = |cumulative: Vec<f32>| -> Vec<f64> {
        assert_eq!(cumulative.len(), n_rows * 5);
        let of = |neuron| cumulative.iter().skip(neuron).step_by(5).copied().collect();
        (0..5).map(|neuron| distance_from_uniform(of(neuron))).collect()
    };
    let known = (Some(&prior), 300);
    let averaged = twin.cumulative(&batch.input(), &drawn, known, &mut random).unwrap();
    twin.use_latents(false);
    let left_out = twin.cumulative(&batch.input(), &drawn, (None, 0), &mut random).unwrap();
    [of(averaged), of(left_out)]
}

/// Frames are independent of each other, the neurons of one frame are not: each neuron by itself.
#[test]
fn responses_of_the_twin_itself_are_uniform_in_their_distributions() {
    for likelihood in LIKELIHOODS {
        let mut twin = loaded(likelihood, "");
        let loadings = twin.parameters.0.iter_mut().filter(|p| p.name.starts_with("loadings."));
        loadings.flat_map(|p| &mut p.values).for_each(|value| *value *= 3.0);
        let [averaged, left_out] = distances(twin);
        // Kolmogorov's distance of 400 numbers exceeds 1.95 / 20 once in a thousand times.
        assert!(averaged.iter().all(|&distance| distance < 1.95 / 20.0), "{averaged:?}");
        assert!(left_out.iter().any(|&distance| distance > 1.95 / 20.0), "{left_out:?}");
    }
}

#[test]
fn neurons_that_share_latents_are_correlated_and_others_are_not() {
    let correlation = |twin: &Twin| {
        let mut batch = batch(twin, 100, 8);
        // The same stimulus in all clips, so that nothing but the latents moves neurons together.
        for values in [&mut batch.stimulus, &mut batch.behaviour, &mut batch.pupil_center] {
            values.fill(0.0);
        }
        let drawn = twin.sample(&batch.input(), &mut random()).unwrap();
        let n = (drawn.len() / 5) as f64;
        let of = |neuron: usize| drawn.iter().skip(neuron).step_by(5).map(|&y| f64::from(y));
        let mean = |neuron| of(neuron).sum::<f64>() / n;
        let [first, second] = [mean(0), mean(1)];
        let covariance = |a: usize, b: usize, [m, k]: [f64; 2]| {
            of(a).zip(of(b)).map(|(x, y)| (x - m) * (y - k)).sum::<f64>() / n
        };
        let variances = covariance(0, 0, [first; 2]) * covariance(1, 1, [second; 2]);
        covariance(0, 1, [first, second]) / variances.sqrt()
    };
    let mut twin = fresh(POISSON, "");
    // Four standard errors of 500 samples.
    assert!(correlation(&twin).abs() < 4.0 / 500f64.sqrt());
    let loadings = twin.parameters.0.iter_mut().filter(|p| p.name == "loadings.a.rate");
    loadings.for_each(|p| p.values.fill(1.0));
    assert!(correlation(&twin) > 0.3);
}
