//! Decompose a movie and say how long each stage took.
//!
//! ```text
//! cargo run --release -p striate-imaging --example pmd -- MOVIE.tif
//! cargo run --release -p striate-imaging --example pmd -- --synthetic 512x512x2000 --method sketch --json
//! ```
//!
//! `--block N`, `--method auto|gram|sketch`, `--rank-rule strict|plus-one`, `--power N`, `--seed N`,
//! `--penalty none|total-variation-trend-filter`, `--penalised JSON`: settings of the decomposition. `--scratch FILE`:
//! temporal components go there. `--save FILE`: write the factorised movie.
//! `--write FILE`: only write the movie, as a TIFF of 16-bit integers. `--diagnose`: residual diagnostics as
//! well. `--json`: one object on stdout. Speed counts two bytes a value.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;
use striate_base::{CancelToken, Progress, machine};
use striate_formats::stack::{ImageStack, PixelType, StackOptions, TiffWriter};
use striate_imaging::decomposition::{DecompositionConfig, decompose, memory_bytes};
use striate_imaging::{ImagingError, Movie, MovieShape, StackMovie};

type AnyError = Box<dyn std::error::Error>;

/// Noise of 40 about 500, in 16-bit steps, and blobs that flicker slowly; made as it is read.
struct Synthetic {
    shape: MovieShape,
    /// Frames of noise that are shown over and over, from other places each time.
    noise: Vec<u16>,
    blobs: Vec<f32>,
}

impl Synthetic {
    fn new(shape: MovieShape) -> Self {
        let mut noise = vec![0.0; 8 * shape.n_pixels()];
        striate_kernels::noise::fill_normal(1, &mut noise);
        let noise = noise.into_iter().map(|z| (500.0 + 40.0 * z).clamp(0.0, 65535.0) as u16);
        let blob = |i: usize| {
            // One in the middle of every 30 x 30 pixels, of 4 pixels.
            let from_middle = |x: usize| (x % 30) as f32 - 15.0;
            let (y, x) = (from_middle(i / shape.width), from_middle(i % shape.width));
            (-(y * y + x * x) / 32.0).exp()
        };
        let blobs = (0..shape.n_pixels()).map(blob).collect();
        Self { shape, noise: noise.collect(), blobs }
    }
}

impl Movie for Synthetic {
    fn shape(&self) -> MovieShape {
        self.shape
    }

    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        let n = self.shape.n_pixels();
        for (t, frame) in frames.zip(out.chunks_exact_mut(n)) {
            let start = (t * 977) % (self.noise.len() - n);
            let brightness = 100.0 * (t as f32 / 50.0).sin();
            let pixels = self.noise[start..].iter().zip(&self.blobs);
            frame.iter_mut().zip(pixels).for_each(|(value, (&noise, blob))| {
                *value = f32::from(noise) + brightness * blob;
            });
        }
        Ok(())
    }
}

/// Seconds of each stage; stages of one name add up.
#[derive(Default)]
struct Clock {
    stage: String,
    start: Option<Instant>,
    seconds: BTreeMap<String, f64>,
}

impl Progress for Clock {
    fn start(&mut self, stage: &str, _total: Option<u64>) {
        self.start = Some(Instant::now());
        stage.clone_into(&mut self.stage);
    }

    fn advance(&mut self, _units: u64) {}

    fn note(&mut self, message: &str) {
        eprintln!("{message}");
    }

    fn finish(&mut self) {
        let seconds = self.start.take().map_or(0.0, |start| start.elapsed().as_secs_f64());
        *self.seconds.entry(std::mem::take(&mut self.stage)).or_default() += seconds;
    }
}

struct Options {
    movie: Box<dyn Movie>,
    config: DecompositionConfig,
    scratch: Option<PathBuf>,
    save: Option<PathBuf>,
    write: Option<PathBuf>,
    diagnose: bool,
    json: bool,
}

fn options() -> Result<Options, AnyError> {
    let (mut movie, mut config): (Option<Box<dyn Movie>>, _) = (None, serde_json::Map::new());
    let (mut scratch, mut save, mut write) = (None, None, None);
    let (mut diagnose, mut json) = (false, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut next = || arguments.next().ok_or(format!("{argument}: found nothing behind it"));
        match argument.as_str() {
            "--synthetic" => movie = Some(Box::new(Synthetic::new(shape(&next()?)?))),
            "--write" => write = Some(PathBuf::from(next()?)),
            "--rank-rule" => drop(config.insert("rank_rule".into(), json!(rank_rule(&next()?)))),
            "--block" => drop(config.insert("block".into(), json!(next()?.parse::<u64>()?))),
            "--method" => drop(config.insert("method".into(), json!(next()?))),
            "--penalty" => drop(config.insert("penalty".into(), json!(next()?))),
            "--penalised" => {
                config.insert("penalised".into(), serde_json::from_str(&next()?)?);
            }
            "--seed" => drop(config.insert("seed".into(), json!(next()?.parse::<u64>()?))),
            "--power" => {
                config.insert("sketch_power_iterations".into(), json!(next()?.parse::<u64>()?));
            }
            "--scratch" => scratch = Some(PathBuf::from(next()?)),
            "--save" => save = Some(PathBuf::from(next()?)),
            "--diagnose" => diagnose = true,
            "--json" => json = true,
            path => {
                let stack = ImageStack::open(path.as_ref(), &StackOptions::default())?;
                movie = Some(Box::new(StackMovie(stack)));
            }
        }
    }
    let movie = movie.ok_or("found no movie, expected MOVIE or --synthetic HxWxT")?;
    let config = serde_json::from_value(config.into())?;
    Ok(Options { movie, config, scratch, save, write, diagnose, json })
}

/// The name of a rule in the settings; `strict` is short for one.
fn rank_rule(name: &str) -> &str {
    if name == "strict" { "strict-prefix" } else { name }
}

fn write_tiff(movie: &dyn Movie, path: &Path) -> Result<(), AnyError> {
    let MovieShape { n_frames, height, width } = movie.shape();
    let mut writer = TiffWriter::create(path, [height, width], PixelType::U16, Some(n_frames))?;
    let mut frame = vec![0.0; height * width];
    for t in 0..n_frames {
        movie.read(t..t + 1, &mut frame)?;
        writer.write_frame(&frame)?;
    }
    Ok(writer.finish()?)
}

/// `HxWxT`.
fn shape(text: &str) -> Result<MovieShape, AnyError> {
    let sides: Vec<usize> = text.split('x').map(str::parse).collect::<Result<_, _>>()?;
    match sides[..] {
        [height, width, n_frames] => Ok(MovieShape { n_frames, height, width }),
        _ => Err(format!("--synthetic: found {text}, expected HxWxT").into()),
    }
}

fn main() -> Result<(), AnyError> {
    let Options { movie, config, scratch, save, write, diagnose, json } = options()?;
    if let Some(path) = write {
        return write_tiff(&*movie, &path);
    }
    let (mut clock, cancel, start) = (Clock::default(), CancelToken::new(), Instant::now());
    let found = decompose(&*movie, &config, scratch.as_deref(), &mut clock, &cancel)?;
    let seconds = start.elapsed().as_secs_f64();
    let peak = machine::peak_memory();
    let shape = movie.shape();
    let bytes = 2.0 * shape.n_pixels() as f64 * shape.n_frames as f64;
    let summary = diagnose
        .then(|| found.diagnose(&*movie, &mut clock, &cancel))
        .transpose()?
        .map(|d| d.summary);
    if let Some(path) = save {
        found.save(&path)?;
    }
    let report = json!({
        "shape": shape,
        "threads": machine::threads(),
        "seconds": seconds,
        "stages": clock.seconds,
        "gb_per_s": bytes / 1e9 / seconds,
        "peak_mb": peak >> 20,
        "predicted_mb": memory_bytes(shape, &config) >> 20,
        "n_components": found.n_components(),
        "mean_rank": found.mean_rank(),
        "compression": found.compression(),
        "diagnostics": summary,
    });
    if json {
        println!("{report}");
        return Ok(());
    }
    for (key, value) in report.as_object().into_iter().flatten() {
        println!("{key}: {value}");
    }
    Ok(())
}
