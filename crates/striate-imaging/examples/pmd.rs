//! Decompose a movie and say how long it took: `pmd MOVIE.npy|synthetic:HxWxT [--block N] [--method M] ...`
use std::time::Instant;

use striate_base::{CancelToken, NoProgress};
use striate_imaging::decomposition::{DecompositionConfig, Method, decompose};
use striate_imaging::{ImagingError, Movie, MovieShape};

struct Noise(MovieShape, Vec<u16>);
impl Movie for Noise {
    fn shape(&self) -> MovieShape { self.0 }
    fn read(&self, frames: std::ops::Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        let n = self.0.n_pixels();
        for (t, frame) in frames.zip(out.chunks_exact_mut(n)) {
            let start = (t * 977) % (self.1.len() - n);
            let v = 100.0*((t as f32)/50.0).sin();
            frame.iter_mut().zip(&self.1[start..]).enumerate().for_each(|(i,(o, &v2))| *o = f32::from(v2) + if i % 97 < 8 && (i/512) % 53 < 9 {v} else {0.0});
        }
        Ok(())
    }
}

struct P(Instant, String);
impl striate_base::Progress for P {
    fn start(&mut self, s: &str, _: Option<u64>) { self.0 = Instant::now(); self.1 = s.into(); }
    fn advance(&mut self, _: u64) {}
    fn note(&mut self, _: &str) {}
    fn finish(&mut self) { eprintln!("{} {:.2}", self.1, self.0.elapsed().as_secs_f64()); }
}

fn main() {
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let method = match std::env::args().nth(2).as_deref() { Some("sketch") => Method::Sketch, _ => Method::Gram };
    let mut v = vec![0.0f32; 512 * 512 * 8];
    striate_kernels::noise::fill_normal(1, &mut v);
    let v = v.into_iter().map(|x| (500.0 + 40.0 * x) as u16).collect();
    let movie = Noise(MovieShape { n_frames: n, height: 512, width: 512 }, v);
    let clock = Instant::now();
    let config = DecompositionConfig { method, sketch_power_iterations: 0, ..Default::default() };
    let found = decompose(&movie, &config, None, &mut P(Instant::now(), String::new()), &CancelToken::new()).unwrap();
    let _ = NoProgress;
    println!("{:.2} s, rank {:.2}, peak {} MB", clock.elapsed().as_secs_f64(), found.mean_rank(), striate_base::machine::peak_memory() >> 20);
}
