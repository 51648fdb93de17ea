mod edges;
mod exactness;
mod synthetic;

use ndarray::{Array2, Array3};
use striate_base::{CancelToken, NoProgress, Streams};
use striate_formats::npz::NpzFile;

use super::*;
use crate::{ArrayMovie, MovieShape};

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

/// `n_frames` frames of white noise.
pub(super) fn noise(seed: u64, shape: [usize; 3]) -> Array3<f32> {
    let mut values = vec![0.0; shape.iter().product()];
    striate_kernels::noise::fill_normal(seed, &mut values);
    Array3::from_shape_vec(shape, values).unwrap()
}

/// White noise that is made as it is read.
struct Noise(MovieShape);

impl Movie for Noise {
    fn shape(&self) -> MovieShape {
        self.0
    }

    fn read(&self, frames: std::ops::Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        for (t, frame) in frames.zip(out.chunks_exact_mut(self.0.n_pixels())) {
            striate_kernels::noise::fill_normal(t as u64, frame);
        }
        Ok(())
    }
}

/// Each first component of noise passes both tests with the product of their probabilities.
#[test]
fn noise_is_accepted_as_often_as_was_asked_for() {
    let movie = Noise(MovieShape { n_frames: 1500, height: 200, width: 200 });
    for false_accept in [0.05, 0.2] {
        let config = DecompositionConfig { block: 10, false_accept, ..Default::default() };
        let found = decompose(&movie, &config, None, &mut NoProgress, &CancelToken::new()).unwrap();
        let n_blocks = found.blocks().len() as f64;
        let accepted = found.blocks().iter().filter(|block| block.rank > 0).count() as f64;
        let expected = n_blocks * false_accept.powi(2);
        println!("{accepted} of {n_blocks} blocks of noise accepted, expected {expected}");
        // Four blocks share each pixel, and so, at worst, their luck: errors are at most twice the binomial ones.
        let tolerance = 3.0 * 2.0 * expected.sqrt();
        assert!((accepted - expected).abs() < tolerance, "{accepted} of {n_blocks}");
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let (movie, _) = cells(5, [300, 70, 64], 3.0);
    for method in [Method::Gram, Method::Sketch] {
        let config = DecompositionConfig { method, ..Default::default() };
        let with = |n: usize| {
            let threads = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
            threads.install(|| {
                let found = run(&movie, &config);
                let diagnostics =
                    found.diagnose(&movie, &mut NoProgress, &CancelToken::new()).unwrap();
                let mut temporal = vec![0.0; 300 * found.n_components()];
                found.temporal().read(0..300, &mut temporal).unwrap();
                let Triple { raw, denoised, residual } = diagnostics.images;
                let images = [raw, denoised, residual].map(|images| {
                    let bits =
                        |image: Vec<f32>| image.into_iter().map(f32::to_bits).collect::<Vec<_>>();
                    [images.variance, images.lag_one, images.neighbour_correlation].map(bits)
                });
                (found.blocks().to_vec(), temporal, diagnostics.summary, images)
            })
        };
        let one = with(1);
        assert!(one.1.len() > 300);
        assert!(one == with(2) && one == with(3), "{method:?}");
    }
}

#[test]
fn a_request_to_stop_is_heard() {
    let (movie, cancel) = (ArrayMovie::new(noise(1, [10, 10, 10])), CancelToken::new());
    cancel.cancel();
    let stopped =
        decompose(&movie, &DecompositionConfig::default(), None, &mut NoProgress, &cancel);
    assert!(matches!(stopped, Err(ImagingError::Interrupted)));
}
