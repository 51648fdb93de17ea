use ndarray::{Array2, Axis, array, concatenate, s};
use striate_base::{RandomStream, Streams};

use super::*;

fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    let differ = found.iter().zip(expected).any(|(a, b)| (a - b).abs() > tolerance);
    assert!(!differ, "{found:?} {expected:?}");
}

/// The series of the golden values:
/// `x = sin(0.7 t (k+1) + k)`, `y = cos(0.31 t (k+2)) + x[:, :2] / 2`, t = 0..40.
fn golden() -> (Array2<f64>, Array2<f64>) {
    let x = Array2::from_shape_fn((40, 3), |(t, k)| {
        (0.7 * t as f64 * (k as f64 + 1.0) + k as f64).sin()
    });
    let cosine =
        Array2::from_shape_fn((40, 2), |(t, k)| (0.31 * t as f64 * (k as f64 + 2.0)).cos());
    let y = cosine + &x.slice(s![.., ..2]) * 0.5;
    (x, y)
}

#[test]
fn agrees_with_numpy() {
    // np.linalg.svd(q(x).T @ q(y))[1] with q(a) = np.linalg.qr(a - a.mean(0))[0], numpy 2.
    let (x, y) = golden();
    let fit = CanonicalFit::new(x.view(), y.view(), 2, 0.0).unwrap();
    close(fit.correlations(), &[0.847_471_320_310_272_5, 0.448_673_409_820_909_5], 1e-12);
    // With W = (C + 0.5 I)^(-1/2) of standardised columns: u, s, v = svd(Wx Cxy Wy), and
    // corrcoef(zx Wx u, zy Wy v).
    let fit = CanonicalFit::new(x.view(), y.view(), 2, 0.5).unwrap();
    close(fit.correlations(), &[0.846_762_837_118_043, 0.448_853_137_480_670_1], 1e-12);
    // np.corrcoef(x[:, 0], y[:, 1])[0, 1]
    let plain = pearson(x.view(), y.view()).unwrap();
    assert!((plain[[0, 1]] + 0.197_898_293_108_281_3).abs() < 1e-12);
}

#[test]
fn one_column_gives_the_multiple_correlation() {
    // np.corrcoef(x @ np.linalg.lstsq(x, y)[0], y)[0, 1] with centred x and y = y[:, 0].
    let (x, y) = golden();
    let fit = CanonicalFit::new(x.view(), y.slice(s![.., ..1]), 1, 0.0).unwrap();
    close(fit.correlations(), &[0.836_497_341_450_720_3], 1e-12);
}

fn noise(random: &mut RandomStream, n_frames: usize, n_columns: usize) -> Array2<f64> {
    Array2::from_shape_simple_fn((n_frames, n_columns), || random.normal())
}

/// Trials of a slow process that starts anew in each.
fn slow(
    random: &mut RandomStream,
    n_trials: usize,
    length: usize,
    n_columns: usize,
) -> Array2<f64> {
    let decay: f64 = 0.97;
    let mut values = noise(random, n_trials * length, n_columns);
    for frame in (0..values.nrows()).filter(|frame| frame % length != 0) {
        for column in 0..n_columns {
            let innovation = (1.0 - decay * decay).sqrt() * values[[frame, column]];
            values[[frame, column]] = decay * values[[frame - 1, column]] + innovation;
        }
    }
    values
}

fn paired(first: &Array2<f64>, second: &Array2<f64>, length: usize) -> PairedSeries {
    let lengths = vec![length; first.nrows() / length];
    PairedSeries::new(first.view(), second.view(), &lengths).unwrap()
}

fn with(n_components: usize, folds: Folds) -> CcaConfig {
    CcaConfig { n_components, folds, ..CcaConfig::default() }
}

#[test]
fn linear_map_of_a_series_is_found_on_held_out_frames() {
    let mut random = Streams::new(1).stream("map");
    let first = noise(&mut random, 200, 3);
    let map = noise(&mut random, 3, 3);
    let second = first.dot(&map) + 100.0;
    for folds in [Folds::Shuffled, Folds::Blocked] {
        let scores = validate(&paired(&first, &second, 10), &with(3, folds)).unwrap();
        // Offsets of 100 cost two digits of f64's sixteen, the map's condition some more.
        close(&scores.test, &[1.0; 3], 1e-9);
        assert_eq!(scores.folds.len(), 25);
        let held_out: usize = scores.folds[..5].iter().map(|fold| fold.n_test_frames).sum();
        assert_eq!(held_out, 200);
    }
}

#[test]
fn unrelated_series_correlate_where_fitted_and_not_where_held_out() {
    let mut random = Streams::new(2).stream("unrelated");
    let series = paired(&noise(&mut random, 100, 30), &noise(&mut random, 100, 20), 5);
    let scores = validate(&series, &with(1, Folds::Blocked)).unwrap();
    assert!(scores.train[0] > 0.85, "{scores:?}");
    // The held-out correlation of 20 frames scatters by 0.22; mean of 25 that overlap.
    assert!(scores.test[0].abs() < 0.2, "{scores:?}");
}

#[test]
fn neighbouring_frames_leak_through_shuffled_folds_only() {
    let mut random = Streams::new(3).stream("leak");
    let (first, second) = (slow(&mut random, 12, 60, 12), slow(&mut random, 12, 60, 1));
    let series = paired(&first, &second, 60);
    let [leaky, honest] = [Folds::Shuffled, Folds::Blocked]
        .map(|folds| validate(&series, &with(1, folds)).unwrap().test[0]);
    assert!(leaky > 0.4 && honest.abs() < 0.3, "{leaky} {honest}");
}

/// Held-out correlation of trials of 40 frames, the control's highest, and the p-value.
fn judged(first: &Array2<f64>, second: &Array2<f64>) -> (f64, f64, f64) {
    let config = CcaConfig { seeds: vec![1], ..CcaConfig::default() };
    let series = paired(first, second, 40);
    let real = validate(&series, &config).unwrap().test[0];
    let control = shifted_control(&series, &config, 19).unwrap();
    assert_eq!(control.shifts, (1..=19).collect::<Vec<_>>());
    (real, control.quantile(0, 1.0), control.p_value(0, real))
}

#[test]
fn what_is_real_lies_above_the_shifted_control() {
    let mut random = Streams::new(4).stream("control");
    let first = slow(&mut random, 20, 40, 4);
    let second = first.slice(s![.., ..1]).to_owned() + noise(&mut random, 800, 1);
    let (real, highest, p) = judged(&first, &second);
    // Signal and noise of variance 1: a correlation of 0.7.
    assert!((real - 0.7).abs() < 0.1 && highest < real - 0.2 && p == 0.05, "{real} {highest}");
}

#[test]
fn what_is_only_slow_lies_above_the_shifted_control_as_often_as_chance_has_it() {
    let mut random = Streams::new(4).stream("slow");
    let p_values: Vec<f64> = (0..20)
        .map(|_| judged(&slow(&mut random, 20, 40, 4), &slow(&mut random, 20, 40, 1)).2)
        .collect();
    // The smallest of 20 possible values once in 20 on average; six times or more, 3 in 10000.
    let smallest = p_values.iter().filter(|&&p| p < 0.06).count();
    let mean = p_values.iter().sum::<f64>() / 20.0;
    // Uniform values: mean 0.525, five standard errors.
    assert!(smallest < 6 && (mean - 0.525).abs() < 0.32, "{p_values:?}");
}

#[test]
fn fewer_shifts_are_spread_out_and_trials_may_differ_in_length() {
    let mut random = Streams::new(5).stream("lengths");
    let lengths: Vec<usize> = (0..12).map(|i| 10 + i).collect();
    let n_frames = lengths.iter().sum();
    let (first, second) = (noise(&mut random, n_frames, 2), noise(&mut random, n_frames, 2));
    let series = PairedSeries::new(first.view(), second.view(), &lengths).unwrap();
    let control = shifted_control(&series, &with(2, Folds::Blocked), 4).unwrap();
    assert_eq!(control.shifts, [2, 5, 7, 10]);
    assert!(control.test.iter().all(|of_shift| of_shift.len() == 2));
    let shifted = series.shifted(1).unwrap();
    assert_eq!(shifted.lengths, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 10]);
    // The third trial of the first series begins at frame 21, the fourth of the second at 33.
    assert_eq!(shifted.first.row(21), first.row(21));
    assert_eq!(shifted.second.row(21), second.row(33));
}

#[test]
fn constant_and_repeated_columns_change_nothing() {
    let (x, y) = golden();
    let plain = CanonicalFit::new(x.view(), y.view(), 2, 0.0).unwrap();
    let constant = Array2::from_elem((40, 1), 0.1);
    let repeated = &x.slice(s![.., ..1]) * -3.0 + 7.0;
    let more = concatenate![Axis(1), x, constant, repeated];
    let fit = CanonicalFit::new(more.view(), y.view(), 2, 0.0).unwrap();
    close(fit.correlations(), plain.correlations(), 1e-12);
    // A ridge divides its shrinkage between equal columns, but a constant one still has no part.
    let more = concatenate![Axis(1), x, constant];
    let ridged = [&x, &more].map(|x| CanonicalFit::new(x.view(), y.view(), 2, 0.3).unwrap());
    close(ridged[0].correlations(), ridged[1].correlations(), 1e-12);
}

#[test]
fn components_that_do_not_exist_have_no_correlation() {
    let (x, y) = golden();
    let fit = CanonicalFit::new(x.view(), y.view(), 4, 0.0).unwrap();
    assert_eq!(fit.correlations()[2..], [0.0, 0.0]);
    let nothing = Array2::from_elem((40, 2), 3.3);
    let scores = validate(&paired(&nothing, &y, 5), &with(1, Folds::Blocked)).unwrap();
    assert_eq!((scores.train, scores.test), (vec![0.0], vec![0.0]));
}

#[test]
fn fewer_frames_than_columns_fit_anything_and_predict_nothing() {
    let mut random = Streams::new(6).stream("wide");
    let series = paired(&noise(&mut random, 40, 60), &noise(&mut random, 40, 1), 2);
    let plain = validate(&series, &with(1, Folds::Blocked)).unwrap();
    assert!((plain.train[0] - 1.0).abs() < 1e-9, "{plain:?}");
    assert!(plain.test[0].abs() < 0.4, "{plain:?}");
}

#[test]
fn ridge_helps_where_columns_are_many() {
    let mut random = Streams::new(7).stream("ridge");
    let hidden = noise(&mut random, 120, 1);
    let first = hidden.dot(&Array2::from_elem((1, 60), 0.5)) + noise(&mut random, 120, 60);
    let series = paired(&first, &hidden, 4);
    let [plain, ridged] = [0.0, 1.0].map(|ridge| {
        let config = CcaConfig { ridge, ..with(1, Folds::Blocked) };
        validate(&series, &config).unwrap().test[0]
    });
    assert!(ridged > plain + 0.02, "{ridged} {plain}");
}

#[test]
fn same_seeds_give_the_same_folds_and_others_give_others() {
    let (x, y) = golden();
    let series = paired(&x, &y, 4);
    let of = |seeds: Vec<u64>| {
        validate(&series, &CcaConfig { seeds, ..with(1, Folds::Shuffled) }).unwrap()
    };
    assert_eq!(of(vec![1, 2]), of(vec![1, 2]));
    assert_ne!(of(vec![1]).test, of(vec![2]).test);
    assert_eq!(of(vec![1, 2]).folds[5..], of(vec![2]).folds[..]);
}

#[test]
fn what_cannot_be_compared_is_refused_with_a_reason() {
    let (x, mut y) = golden();
    let says = |result: Result<PairedSeries, CcaError>, expected: &str| {
        let refused = result.unwrap_err().to_string();
        assert_eq!(refused, expected);
    };
    let new = |x: &Array2<f64>, y: &Array2<f64>, lengths: &[usize]| {
        PairedSeries::new(x.view(), y.view(), lengths)
    };
    says(new(&x, &y, &[20, 19]), "frames of all trials together: found 39, expected 40");
    says(new(&x, &y, &[40, 0]), "frames of a trial: found 0, expected at least 1");
    let huge = "frames of all trials together: found more than can be counted, expected 40";
    says(new(&x, &y, &[usize::MAX, 2]), huge);
    let short = y.slice(s![..39, ..]).to_owned();
    says(new(&x, &short, &[40]), "frames of the second series: found 39, expected 40");
    let none = Array2::zeros((40, 0));
    says(new(&none, &y, &[40]), "the first series: found no columns, expected at least one");
    let few = validate(&new(&x, &y, &[20, 20]).unwrap(), &CcaConfig::default()).unwrap_err();
    let expected = "trials to be dealt to folds: found 2, expected at least one for each of 5";
    assert_eq!(few.to_string(), expected);
    let one = new(&x, &y, &[40]).unwrap();
    assert!(matches!(shifted_control(&one, &CcaConfig::default(), 3), Err(CcaError::Shape { .. })));
    y[[7, 1]] = f64::NAN;
    let nan = "the second series has NaN in row 7, column 1, expected finite numbers only";
    says(new(&x, &y, &[40]), nan);
    assert_eq!(CanonicalFit::new(x.view(), y.view(), 1, 0.0).unwrap_err().to_string(), nan);
    assert_eq!(pearson(x.view(), y.view()).unwrap_err().to_string(), nan);
}

#[test]
fn settings_out_of_range_are_named() {
    let (x, y) = golden();
    let series = paired(&x, &y, 4);
    let default = CcaConfig::default;
    for (config, says) in [
        (CcaConfig { n_components: 0, ..default() }, "n_components is 0, expected 1 to 1000"),
        (CcaConfig { ridge: f64::NAN, ..default() }, "ridge is NaN, expected 0 to 1000"),
        (CcaConfig { ridge: -1.0, ..default() }, "ridge is -1, expected 0 to 1000"),
        (CcaConfig { n_folds: 1, ..default() }, "n_folds is 1, expected 2 to 1000"),
        (CcaConfig { seeds: vec![], ..default() }, "seeds is none, expected at least one"),
    ] {
        let refused = validate(&series, &config).unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
    }
    let no_shift = shifted_control(&series, &default(), 0).unwrap_err().to_string();
    assert!(no_shift.contains("n_shifts is 0, expected at least 1"), "{no_shift}");
}

#[test]
fn correlation_of_columns_ignores_offset_and_rounding() {
    let far = array![[1e9 + 1.0, 0.1], [1e9 + 2.0, 0.1], [1e9 + 3.0, 0.1]];
    let line = array![[5.0], [6.0], [7.0]];
    let found = pearson(far.view(), line.view()).unwrap();
    assert!((found[[0, 0]] - 1.0).abs() < 1e-9);
    assert_eq!(found[[1, 0]], 0.0);
}
