use super::*;
use crate::matching::correlation;

fn small() -> MovieSimulationConfig {
    let mut config = MovieSimulationConfig::demo();
    (config.n_frames, config.height, config.width) = (300, 48, 40);
    config.cells.n_cells = 6;
    config
}

fn read(movie: &impl Movie, frames: Range<usize>) -> Vec<f32> {
    let mut out = vec![0.0; frames.len() * movie.shape().n_pixels()];
    movie.read(frames, &mut out).unwrap();
    out
}

#[test]
fn a_frame_is_the_same_in_any_stretch_on_any_number_of_threads() {
    let movie = SimulatedMovie::new(small()).unwrap();
    let whole = read(&movie, 0..300);
    let n_pixels = movie.shape().n_pixels();
    assert_eq!(whole[7 * n_pixels..19 * n_pixels], read(&movie, 7..19));
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(one.install(|| read(&movie, 0..300)), whole);
    assert_eq!(read(&SimulatedMovie::new(small()).unwrap(), 0..300), whole);
    let other = SimulatedMovie::new(MovieSimulationConfig { seed: 2, ..small() }).unwrap();
    assert_ne!(read(&other, 0..1), whole[..n_pixels]);
    assert!(whole.iter().all(|v| v.fract() == 0.0 && *v >= 0.0));
}

#[test]
fn noise_has_the_mean_and_variance_that_the_truth_says() {
    let mut config = small();
    config.noise.output = PixelType::Float32;
    for photons in [0.01, 0.1, 1.0] {
        config.noise.photons_per_unit = photons;
        let movie = SimulatedMovie::new(config.clone()).unwrap();
        let (noisy, clean) = (read(&movie, 0..300), read(&movie.noise_free(), 0..300));
        let (mut mean, mut square) = (0.0, 0.0);
        for (noisy, clean) in noisy.iter().zip(&clean) {
            let light = f64::from(*clean) - config.noise.offset;
            let z = f64::from(noisy - clean) / noise::standard_deviation(&config.noise, light);
            (mean, square) = (mean + z, square + z * z);
        }
        let n = noisy.len() as f64;
        // Five standard errors: kurtosis above normal is 1 / (mean photons), here at most 0.5.
        assert!((mean / n).abs() < 5.0 / n.sqrt(), "mean {} at {photons}", mean / n);
        let error = 5.0 * (2.5 / n).sqrt();
        assert!((square / n - 1.0).abs() < error, "variance {} at {photons}", square / n);
    }
}

#[test]
fn large_poisson_numbers_keep_their_skewness() {
    let config = NoiseConfig {
        photons_per_unit: 1.0,
        read_noise: 0.0,
        offset: 0.0,
        output: PixelType::Float32,
    };
    let n = 200_000;
    for mean in [12.0_f32, 20.0, 100.0] {
        let mut pixels = vec![mean; n];
        noise::record(&config, &mut pixels, &mut Streams::new(5).stream("poisson"));
        let moment =
            |k: i32| pixels.iter().map(|v| f64::from(v - mean).powi(k)).sum::<f64>() / n as f64;
        let expected = f64::from(mean);
        // Central moments of a Poisson law are its mean, twice; errors of five standard errors, from
        // the moments of a normal law (2 m^2 and 15 m^3), a fifth larger for the skewed tails.
        assert!((moment(2) - expected).abs() < 6.0 * expected * (2.0 / n as f64).sqrt());
        let third = 6.0 * expected.powf(1.5) * (15.0 / n as f64).sqrt();
        assert!((moment(3) - expected).abs() < third + 0.05 * expected, "{}", moment(3));
    }
}

#[test]
fn still_frames_are_the_sum_of_the_truth() {
    let movie = SimulatedMovie::new(small()).unwrap();
    let truth = movie.truth();
    let frame = 150;
    let mut light = truth.background.clone();
    for (field, course) in truth.neuropil_fields.outer_iter().zip(truth.neuropil_courses.rows()) {
        light.scaled_add(course[frame], &field);
    }
    let mut light = light.into_raw_vec_and_offset().0;
    for (cell, footprint) in truth.footprints.iter().enumerate() {
        let level = truth.baselines[cell] + truth.traces[[cell, frame]];
        for (&pixel, &weight) in footprint.pixels.iter().zip(&footprint.weights) {
            light[pixel as usize] += level * weight;
        }
    }
    let still = read(&movie.noise_free_and_still(), frame..frame + 1);
    let offset = movie.config().noise.offset as f32;
    // Sums of a dozen terms of a few hundred in 32 bits.
    assert!(still.iter().zip(&light).all(|(a, b)| (a - b - offset).abs() < 1e-3));
}

#[test]
fn a_whole_pixel_shift_moves_the_scene_by_it() {
    let (values, frame) = ((0..256).map(|v| v as f32).collect::<Vec<_>>(), (8, 8));
    let canvas = motion::Canvas { values: &values, frame, margin: 4 };
    let mut out = vec![0.0; 64];
    motion::rigid(canvas, [1.0, -2.0], &mut out);
    // (0, 0) shows what was at (-1, 2): row 3 and column 6 of the canvas.
    assert_eq!(out[0], 54.0);
    let mut warped = vec![0.0; 64];
    motion::warped(canvas, &[vec![1.0; 64], vec![-2.0; 64]], &mut warped);
    assert_eq!(out, warped);
    // Cubic convolution reproduces a plane at any shift.
    motion::rigid(canvas, [0.25, 0.5], &mut out);
    assert!((out[0] - (68.0 - 0.25 * 16.0 - 0.5)).abs() < 1e-4);
}

#[test]
fn the_faintest_cells_have_the_peak_snr_asked_for() {
    let mut config = small();
    config.cells.brightness_spread = 0.0;
    config.cells.peak_snr = 7.0;
    let movie = SimulatedMovie::new(config).unwrap();
    let truth = movie.truth();
    for (cell, footprint) in truth.footprints.iter().enumerate() {
        let peak = truth.traces.row(cell).iter().copied().fold(0.0, f32::max);
        let (pixel, weight) = (0..footprint.pixels.len())
            .map(|i| (footprint.pixels[i] as usize, footprint.weights[i]))
            .fold((0, 0.0), |best, now| if now.1 > best.1 { now } else { best });
        assert_eq!(weight, 1.0);
        let noise = truth.noise_sd[[pixel / 40, pixel % 40]];
        assert!((peak / noise - 7.0).abs() < 1e-3, "{}", peak / noise);
        assert!(truth.spikes.row(cell).sum() >= 1.0);
    }
}

#[test]
fn an_isolated_spike_peaks_at_1_and_decays() {
    let config = IndicatorConfig { rise_s: 0.1, decay_s: 0.5 };
    let mut spikes = vec![0.0; 200];
    spikes[10] = 1.0;
    let calcium = activity::calcium(activity::autoregression(&config, 30.0), &spikes);
    let (peak, at) = calcium.iter().zip(0..).fold(
        (0.0, 0),
        |best, (&v, i)| {
            if v > best.0 { (v, i) } else { best }
        },
    );
    assert!((peak - 1.0_f64).abs() < 1e-12);
    // Continuous time: rise and decay balance after ln(5) * 0.1 * 0.5 / 0.4 s = 6.04 frames.
    assert!((15..=17).contains(&at), "{at}");
    let ratio = calcium[115] / calcium[100];
    assert!((ratio - (-1.0_f64).exp()).abs() < 1e-4);
    let first_order = IndicatorConfig { rise_s: 0.0, decay_s: 1.0 };
    let calcium = activity::calcium(activity::autoregression(&first_order, 30.0), &spikes);
    assert!((calcium[10] - 1.0).abs() < 1e-12);
    assert!((calcium[40] - (-1.0_f64).exp()).abs() < 1e-12);
}

#[test]
fn motion_stays_in_its_bounds_and_has_its_size() {
    let mut config = small();
    config.n_frames = 20_000;
    config.motion = MotionConfig { jump_rate_hz: 0.0, drift_s: 1.0, ..MotionConfig::default() };
    let truth = SimulatedMovie::new(config.clone()).unwrap().truth().clone();
    let variance = truth.shifts.mapv(|s| f64::from(s).powi(2)).mean().unwrap();
    // 40000 numbers, about 60 correlated ones count as one: five standard errors are 0.27.
    assert!((variance - 1.04).abs() < 0.27, "{variance}");
    config.motion.max_shift_px = 1.5;
    config.motion.nonrigid_px = 1.0;
    let movie = SimulatedMovie::new(config).unwrap();
    assert!(movie.truth().shifts.iter().all(|s| s.abs() <= 1.5));
    let [y, _] = movie.displacement(3);
    let spread = y.iter().map(|v| (v - movie.truth().shifts[[3, 0]]).abs()).fold(0.0, f32::max);
    assert!(spread > 0.1);
    assert_eq!(read(&movie, 0..10).len(), 10 * 48 * 40);
}

#[test]
fn the_truth_survives_a_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    for n_components in [2, 0] {
        let mut config = small();
        config.neuropil.n_components = n_components;
        let movie = SimulatedMovie::new(config).unwrap();
        movie.truth().write(folder.path()).unwrap();
        assert_eq!(&MovieTruth::read(folder.path()).unwrap(), movie.truth());
    }
    let pixels = ndarray::Array1::from(vec![9_999_999_i64; 3]).into_dyn();
    let path = folder.path().join("footprint_pixels.npy");
    striate_formats::npy::write_i64(&path, &pixels.view()).unwrap();
    assert!(MovieTruth::read(folder.path()).is_err());
    std::fs::remove_file(folder.path().join("truth.json")).unwrap();
    assert!(matches!(MovieTruth::read(folder.path()), Err(ImagingError::Io { .. })));
}

#[test]
fn cells_that_do_not_fit_are_refused() {
    let mut config = small();
    config.cells.n_cells = 500;
    let message = SimulatedMovie::new(config).err().unwrap().to_string();
    assert!(message.contains("expected 500 at least 8 px apart in 48 x 40"), "{message}");
}

#[test]
fn settings_are_checked_and_unknown_ones_refused() {
    let mut config = small();
    config.noise.photons_per_unit = f64::NAN;
    assert!(config.check().unwrap_err().to_string().starts_with("simulate.noise.photons_per_unit"));
    assert!(toml::from_str::<MovieSimulationConfig>("n_frame = 3").is_err());
    let read: MovieSimulationConfig = toml::from_str("[cells]\nn_cells = 3").unwrap();
    assert_eq!(read.cells.n_cells, 3);
    assert!(MovieSimulationConfig::acceptance().check().is_ok());
}

#[test]
fn the_acceptance_movie_has_overlaps_and_faint_cells() {
    let config = MovieSimulationConfig { n_frames: 300, ..MovieSimulationConfig::acceptance() };
    let movie = SimulatedMovie::new(config).unwrap();
    let truth = movie.truth();
    let mut owners = vec![0; 256 * 256];
    for footprint in &truth.footprints {
        footprint.pixels.iter().for_each(|&p| owners[p as usize] += 1);
    }
    let touching = |f: &&crate::Footprint| f.pixels.iter().any(|&p| owners[p as usize] > 1);
    let n_touching = truth.footprints.iter().filter(touching).count();
    assert!((20..80).contains(&n_touching), "{n_touching}");
    let faintest = truth.peak_snrs.iter().copied().fold(f32::INFINITY, f32::min);
    assert!((4.0..4.2).contains(&faintest), "{faintest}");
}

#[test]
fn the_recipe_has_the_input_snr_of_the_reference_runs() {
    // Reference runs of the same recipe at amplitude 1, other draws: -19.2 and -18.8 +- 0.1 dB. The
    // spread over draws of 200 spikes in 20 cells is a few tenths.
    let movie = synthetic_recipe(1.0, 3);
    let truth = movie.truth.frames();
    let mean = truth.mean_axis(ndarray::Axis(0)).unwrap();
    let power = truth.outer_iter().map(|f| (&f - &mean).mapv(|v| f64::from(v * v)).mean().unwrap());
    let snr = 10.0 * (power.sum::<f64>() / 1000.0).log10();
    assert!((-20.0..=-18.0).contains(&snr), "{snr}");
    let noise = (movie.noisy.frames() - truth).mapv(|v| f64::from(v).powi(2)).mean().unwrap();
    assert!((noise - 1.0).abs() < 5.0 * (2.0 / 4_096_000.0_f64).sqrt());
    let clean: Vec<f32> = movie.calcium.row(0).to_vec();
    let spikes: Vec<f32> = movie.spikes.row(0).to_vec();
    assert!(correlation(&clean, &spikes) > 0.1);
}
