//! Times the search for most exciting inputs on an untrained image twin of the size of the Sensorium 2022
//! baseline, and prints one JSON object: `exciting NEURONS STEPS THREADS MARGIN FOLDER`. The twin is left in
//! FOLDER, for a peer to do the same with it; a margin of 64 pixels shows everything on the whole screen.

use std::path::Path;
use std::time::Instant;

use ndarray::Array4;
use striate_base::{CancelToken, NoProgress, Streams};
use striate_insilico::exciting::{ExcitingConfig, TrainingStimuli, most_exciting};
use striate_insilico::{Parts, Subject, TrainingSample};
use striate_model::{ModelConfig, SessionShape, SessionStart, Twin, TwinSpec};

const SCREEN: [usize; 2] = [36, 64];

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [neurons, steps, threads, margin, folder] = &words[..] else {
        return Err("usage: exciting NEURONS STEPS THREADS MARGIN FOLDER".into());
    };
    let (n_neurons, steps, margin_px) = (neurons.parse()?, steps.parse()?, margin.parse()?);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.parse()?).build()?;
    pool.install(|| time(n_neurons, steps, margin_px, Path::new(folder)))
}

fn time(n_neurons: usize, steps: usize, margin_px: usize, folder: &Path) -> Result<(), Failure> {
    let twin = twin(n_neurons)?;
    std::fs::create_dir_all(folder)?;
    twin.save(folder)?;
    let subject = Subject::of_sample(&[&twin], "one", training())?;
    let neurons: Vec<usize> = (0..n_neurons).collect();
    let config = ExcitingConfig { steps, margin_px, n_starts: 1, ..ExcitingConfig::default() };
    let (streams, parts) = (Streams::new(1), Parts::none());
    let surroundings = (&mut NoProgress as &mut dyn striate_base::Progress, &CancelToken::new());
    let start = Instant::now();
    let shown = (&subject, TrainingStimuli::Clips(subject.training.clips.view()));
    let found = most_exciting(shown, &neurons, &config, &streams, &parts, surroundings)?;
    let seconds = start.elapsed().as_secs_f64();
    let responses = found.values_of("response").unwrap_or_default();
    let mean = responses.iter().flatten().sum::<f64>() / n_neurons as f64;
    let window = subject.windows(&neurons[..1], margin_px)?.size;
    println!(
        r#"{{"seconds": {seconds}, "mean_response": {mean}, "window": [{}, {}]}}"#,
        window[0], window[1]
    );
    Ok(())
}

fn twin(n_neurons: usize) -> Result<Twin, Failure> {
    let model: ModelConfig = serde_json::from_str(r#"{ "core": { "kind": "static-2d" } }"#)?;
    let session =
        SessionShape { id: "one".to_owned(), n_neurons, n_behaviour: 0, has_pupil_center: false };
    let spec = TwinSpec { model, height: SCREEN[0], width: SCREEN[1], sessions: vec![session] };
    let mut random = Streams::new(2).stream("neurons");
    let mut coordinate = || random.uniform_in(-0.8, 0.8) as f32;
    let positions = (0..n_neurons).map(|_| [coordinate(), coordinate()]).collect();
    let start = SessionStart {
        mean_response: vec![0.0; n_neurons],
        positions: Some(positions),
        ..SessionStart::default()
    };
    let mut twin = Twin::build(spec, &[start], &Streams::new(1))?;
    for parameter in &mut twin.parameters_mut().0 {
        if parameter.name.ends_with("features") {
            random.fill_normal(&mut parameter.values);
        }
    }
    Ok(twin)
}

/// White noise: what was trained on matters for the contrast only.
fn training() -> TrainingSample {
    let mut clips = Array4::zeros((8, 1, SCREEN[0], SCREEN[1]));
    let mut random = Streams::new(3).stream("training");
    clips.iter_mut().for_each(|value| *value = random.normal() as f32);
    TrainingSample {
        clips,
        luminance_range: [-1.8, 2.6],
        mean: 0.0,
        deviation: 1.0,
        behaviour: None,
        pupil_center: None,
        frame_rate_hz: None,
    }
}
