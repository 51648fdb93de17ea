use ndarray::{Array2, Array3};
use striate_base::{CancelToken, NoProgress};
use striate_formats::npz::NpzFile;

use super::*;
use crate::ArrayMovie;

pub(super) fn run(movie: &ArrayMovie, config: &DecompositionConfig) -> FactorisedMovie {
    decompose(movie, config, None, &mut NoProgress, &CancelToken::new()).unwrap()
}

/// The synthetic movie of the specification, `[frame, y, x]`: Gaussian cells of 3 pixels whose traces jump by
/// `amplitude` and decay, in noise of 1. With its signal.
pub(super) fn cells(seed: u64, shape: [usize; 3], amplitude: f64) -> (ArrayMovie, Array3<f32>) {
    let [n_frames, height, width] = shape;
    let streams = Streams::new(seed);
    let mut signal = Array3::<f32>::zeros(shape);
    for cell in 0..20 * height * width / 4096 {
        let mut stream = streams.child("cells").stream(&cell.to_string());
        let mut along = |length: usize| stream.uniform_in(6.0, length as f64 - 6.0);
        let centre = [along(height), along(width)];
        let footprint = Array2::from_shape_fn((height, width), |(y, x)| {
            let square = (y as f64 - centre[0]).powi(2) + (x as f64 - centre[1]).powi(2);
            (-square / 18.0).exp() as f32
        });
        let mut calcium = 0.0;
        for mut frame in signal.outer_iter_mut() {
            calcium = 0.95 * calcium + if stream.uniform() < 0.01 { amplitude } else { 0.0 };
            frame.scaled_add(calcium as f32, &footprint);
        }
    }
    let mut noise = vec![0.0; n_frames * height * width];
    striate_kernels::noise::fill_normal(streams.stream("noise").next_u64(), &mut noise);
    let noise = Array3::from_shape_vec(shape, noise).unwrap();
    (ArrayMovie::new(&signal + &noise), signal)
}

/// A real movie under `STRIATE_DATA`, or `None` with a line that says so.
pub(super) fn recorded(file: &str) -> Option<ArrayMovie> {
    let Ok(root) = std::env::var("STRIATE_DATA") else {
        println!("SKIPPED: STRIATE_DATA is not set, {file} was not read");
        return None;
    };
    let values = NpzFile::open(&Path::new(&root).join(file)).unwrap().read_f32("movie").unwrap();
    Some(ArrayMovie::new(values.into_dimensionality().unwrap()))
}

fn assert_mean_rank(found: &FactorisedMovie, expected: f64) {
    let rank = found.mean_rank();
    assert!((rank / expected - 1.0).abs() < 0.02, "mean rank {rank}, expected {expected}");
}

/// Rows of the table of real movies.
#[test]
fn ranks_of_real_movies_are_those_of_exact_decompositions() {
    let config = DecompositionConfig::default();
    let plus_one = DecompositionConfig { rank_rule: RankRule::PlusOne, ..config.clone() };
    let Some(movie) = recorded("calcium-2p-neurofinder/movie_r304-496_c104-296.npz") else {
        return;
    };
    assert_mean_rank(&run(&movie, &config), 4.211);
    assert_mean_rank(&run(&movie, &plus_one), 5.211);
    let short = ArrayMovie::new(movie.frames().slice(ndarray::s![..101, .., ..]).to_owned());
    assert_mean_rank(&run(&short, &config), 1.402);
    let Some(movie) = recorded("calcium-2p-mouse-small/movie.npz") else { return };
    assert_mean_rank(&run(&movie, &config), 16.97);
    assert_mean_rank(&run(&movie, &plus_one), 17.42);
}

#[test]
fn a_movie_of_noise_has_hardly_a_component() {
    let mut values = vec![0.0; 400 * 60 * 60];
    striate_kernels::noise::fill_normal(3, &mut values);
    let movie = ArrayMovie::new(Array3::from_shape_vec((400, 60, 60), values).unwrap());
    let found = run(&movie, &DecompositionConfig::default());
    // Each first component passes both tests with probability 0.0025.
    assert!(found.n_components() <= 1, "{} components in noise", found.n_components());
}
