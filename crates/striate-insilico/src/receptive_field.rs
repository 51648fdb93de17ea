//! Receptive fields: gradients of the twin, and averages of white noise shown to it.

mod config;
mod field;
mod fits;
mod gradient;
mod noise;
mod recorded;
mod separated;
mod shape;
#[cfg(test)]
mod tests;

use rayon::prelude::*;
use striate_base::{CancelToken, Progress, Streams};

pub use config::ReceptiveFieldConfig;
pub use recorded::compare_recorded;

use crate::error::InsilicoError;
use crate::experiment::Experiment;
use crate::familiarity;
use crate::jackknife::{Error, columns};
use crate::parts::Parts;
use crate::subject::Subject;
use crate::twins::over_twins;
use field::Field;
use gradient::GradientFields;
use noise::NoiseFields;
use separated::Separated;

/// Name of the experiment and of its folder.
const KIND: &str = "receptive-fields";

/// The receptive fields of some neurons.
///
/// # Shapes
/// Arrays `gradient`, `grey_gradient`, `filter` and `sta` of `[neuron, frame, y, x]` on the whole screen
/// ([`ReceptiveFieldConfig::space_time`]), and their best separable approximations, as `sta_spatial`
/// `[neuron, y, x]` and `sta_temporal` `[neuron, frame]`. The last frame is that of the response; the
/// scale `frame` counts from it.
///
/// # Units
/// All are responses per unit of contrast, where 1 is from grey to white, for a pixel in a frame;
/// `*_temporal` have norm 1 and a positive lobe nearest to the response.
///
/// # Errors of values
/// `NAME_error` follows from independent parts of the noise and of the training clips and, where there are
/// several twins, from each of them alone; then `*_spatial` and `*_temporal` have errors too.
///
/// What `parts` has kept of an earlier call is not computed again.
///
/// # Errors
/// [`InsilicoError`] for a setting outside its range, a neuron that is not there, whatever the twins
/// report, and [`InsilicoError::Cancelled`].
///
/// ```
/// # use ndarray::Array4;
/// # use striate_base::{CancelToken, NoProgress, Streams};
/// # use striate_model::{SessionShape, SessionStart, Twin, TwinSpec};
/// # let model = r#"{ "core": { "channels": [2], "spatial_kernels": [5], "temporal_kernels": [2] } }"#;
/// # let session = SessionShape {
/// #     id: "mouse".into(), n_neurons: 3, n_behaviour: 0, has_pupil_center: false,
/// # };
/// # let start = SessionStart { mean_response: vec![1.0; 3], ..SessionStart::default() };
/// # let spec = TwinSpec {
/// #     model: serde_json::from_str(model)?, height: 12, width: 14, sessions: vec![session],
/// # };
/// # let twin = Twin::build(spec, &[start], &Streams::new(1))?;
/// # let clips = Array4::from_shape_fn((8, 2, 12, 14), |(clip, _, y, x)| ((clip + x * y) % 5) as f32);
/// # let training = striate_insilico::TrainingSample {
/// #     clips, luminance_range: [0.0, 4.0], mean: 2.0, deviation: 1.4, behaviour: None,
/// #     pupil_center: None, frame_rate_hz: Some(30.0),
/// # };
/// use striate_insilico::{Parts, ReceptiveFieldConfig, Subject, receptive_fields};
///
/// let subject = Subject::of_sample(&[&twin], "mouse", training)?;
/// let config = ReceptiveFieldConfig { n_clips: 4, n_noise_frames: 400, ..Default::default() };
/// let (streams, parts, cancel) = (Streams::new(1), Parts::none(), CancelToken::new());
/// let watch = (&mut NoProgress as &mut dyn striate_base::Progress, &cancel);
/// let found = receptive_fields(&subject, &[0, 2], &config, &streams, &parts, watch)?;
/// assert_eq!(found.values_of("sta_peak_z").map(<[_]>::len), Some(2));
/// let sta = found.arrays.iter().find(|array| array.name == "sta").expect("noise was shown");
/// assert_eq!(sta.values.shape(), [2, 2, 12, 14]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn receptive_fields(
    subject: &Subject<'_>,
    neurons: &[usize],
    config: &ReceptiveFieldConfig,
    streams: &Streams,
    parts: &Parts,
    (progress, cancel): (&mut dyn Progress, &CancelToken),
) -> Result<Experiment, InsilicoError> {
    config.check()?;
    let windows = subject.windows(neurons, 0)?;
    let mut filters_of_all = None;
    over_twins(subject, parts, progress, |subject, parts, progress| {
        let mut found = Experiment::new(KIND, &subject.id, config, neurons);
        let n_lags = subject.n_lags();
        found.scale("frame", (0..n_lags).map(|frame| frame as f32 + 1.0 - n_lags as f32));
        let how = (config, parts);
        let mut gradients =
            gradient::measure(subject, neurons, &windows, how, (&mut *progress, cancel))?;
        // Filters have a sign of their own: those of a twin alone take that of all as one.
        match &filters_of_all {
            None => filters_of_all = Some(gradients.filter.clone()),
            Some(of_all) => gradients.turn_filters(of_all),
        }
        of_gradients(&mut found, (subject, config), &gradients)?;
        if config.n_noise_frames > 0 {
            let how = (config, &streams.child(KIND), parts);
            let noise = noise::measure(subject, neurons, &windows, how, (progress, cancel))?;
            let mut store = Store { found: &mut found, screen: subject.screen(), config };
            let about = "average of white noise before responses";
            store.fields("sta", about, &noise.fields, &noise.levels)?;
            significance(&mut found, &noise, config);
            let shown = noise::strangeness(subject, &windows, (how.0, how.1))?;
            familiarity::columns(&mut found, "noise_", "the noise", &shown);
        }
        found.summary.insert("n_neurons".into(), neurons.len() as f64);
        Ok(found)
    })
}

/// What gradients say.
fn of_gradients(
    found: &mut Experiment,
    (subject, config): (&Subject<'_>, &ReceptiveFieldConfig),
    gradients: &GradientFields,
) -> Result<(), InsilicoError> {
    let mut store = Store { found, screen: subject.screen(), config };
    store.fields("gradient", "mean gradient over training clips", &gradients.mean, &[])?;
    store.fields("grey_gradient", "gradient at grey", &gradients.grey, &[])?;
    let about = "direction along which gradients vary most over training clips";
    store.fields("filter", about, &gradients.filter, &[])?;
    let about = "Square of the mean gradient over the mean square: 1 in a linear neuron, 0 in one that \
                 responds alike to light and dark.";
    let linearity = gradients.linearity.iter().copied();
    found.column("linearity", "", about, linearity);
    found.uncertain("linearity", Error::Linear);
    fits::add(found, &gradients.filter);
    Ok(())
}

/// Bytes that [`receptive_fields`] holds at once, about, besides what the twins need to respond.
///
/// # Errors
/// [`InsilicoError`] for a neuron that is not there.
pub fn receptive_field_bytes(
    subject: &Subject<'_>,
    neurons: &[usize],
    config: &ReceptiveFieldConfig,
) -> Result<u64, InsilicoError> {
    let [rows, columns] = subject.windows(neurons, 0)?.size;
    let [height, width] = subject.screen();
    let n_frames = subject.n_lags();
    let in_window = (4 + 2 * config.n_parts) * 8 * n_frames * rows * columns;
    let kept = if config.space_time { 5 * n_frames } else { 0 };
    let on_screen = (kept + 5) * 4 * height * width;
    // Of several twins those of one alone besides, and running sums of what has an error.
    let several = subject.n_twins() > 1;
    let sums = 24 * height * width * (4 + if config.space_time { n_frames } else { 0 });
    let over_twins = if several { on_screen + sums } else { 0 };
    Ok((neurons.len() * (in_window + on_screen + over_twins)) as u64)
}

/// Where results go.
struct Store<'a> {
    found: &'a mut Experiment,
    screen: [usize; 2],
    config: &'a ReceptiveFieldConfig,
}

impl Store<'_> {
    /// The columns and arrays of one kind of field, each known up to its noise (0 where none is given).
    fn fields(
        &mut self,
        name: &str,
        about: &str,
        fields: &[Field],
        noise: &[f64],
    ) -> Result<(), InsilicoError> {
        let level = |neuron: usize| noise.get(neuron).copied().unwrap_or(0.0);
        let n_parts = fields.first().map_or(0, |field| field.parts.len());
        let shapes = |left_out: Option<usize>| -> Vec<Vec<f64>> {
            let each = fields.par_iter().enumerate();
            each.map(|(i, field)| shape::shape(field, &field.mean(left_out), level(i))).collect()
        };
        let without: Vec<_> =
            if n_parts < 2 { Vec::new() } else { (0..n_parts).map(|p| shapes(Some(p))).collect() };
        columns(self.found, &shape::quantities(name), &shapes(None), &without);
        self.separated(name, about, fields)?;
        if !self.config.space_time {
            return Ok(());
        }
        let all: Vec<Vec<f64>> = fields.iter().map(|field| field.mean(None)).collect();
        self.space_time(name, &sentence(about), fields, &all)?;
        if noise.is_empty() {
            return Ok(());
        }
        let errors: Vec<Vec<f64>> = fields.iter().map(Field::error).collect();
        self.space_time(&format!("{name}_error"), "Standard error.", fields, &errors)?;
        self.found.uncertain(name, Error::Linear);
        Ok(())
    }

    /// `NAME_spatial` and `NAME_temporal`.
    fn separated(
        &mut self,
        name: &str,
        about: &str,
        fields: &[Field],
    ) -> Result<(), InsilicoError> {
        let separated: Vec<Separated> =
            fields.par_iter().map(|f| Separated::new(&f.mean(None), f.n_frames)).collect();
        let [height, width] = self.screen;
        let (mut spatial, mut temporal) = (Vec::new(), Vec::new());
        for (field, separated) in fields.iter().zip(&separated) {
            field.onto_screen(&separated.spatial, self.screen, &mut spatial);
            temporal.extend(separated.temporal.iter().map(|&value| value as f32));
        }
        let n = fields.len();
        let n_frames = fields.first().map_or(0, |field| field.n_frames);
        let text = format!("Over space: {about}, best separable approximation.");
        let axes = [("neuron", n), ("y", height), ("x", width)];
        self.found.array((&format!("{name}_spatial"), "response", &text), &axes, spatial)?;
        let text = format!("Over time: {about}, best separable approximation.");
        let axes = [("neuron", n), ("frame", n_frames)];
        self.found.array((&format!("{name}_temporal"), "", &text), &axes, temporal)?;
        self.found.uncertain(&format!("{name}_spatial"), Error::Linear);
        self.found.uncertain(&format!("{name}_temporal"), Error::Linear);
        Ok(())
    }

    fn space_time(
        &mut self,
        name: &str,
        about: &str,
        fields: &[Field],
        values: &[Vec<f64>],
    ) -> Result<(), InsilicoError> {
        let mut on_screen = Vec::new();
        for (field, values) in fields.iter().zip(values) {
            field.onto_screen(values, self.screen, &mut on_screen);
        }
        let n_frames = fields.first().map_or(0, |field| field.n_frames);
        let [height, width] = self.screen;
        let axes = [("neuron", fields.len()), ("frame", n_frames), ("y", height), ("x", width)];
        self.found.array((name, "response", about), &axes, on_screen)
    }
}

/// Whether averages of noise are more than chance.
fn significance(found: &mut Experiment, noise: &NoiseFields, config: &ReceptiveFieldConfig) {
    let peaks: Vec<f64> = noise.fields.iter().zip(&noise.levels).map(peak_z).collect();
    let bounds = noise.fields.iter().map(|field| {
        let n_values = field.parts.first().map_or(0, Vec::len);
        bound(n_values as f64 / (config.check_px * config.check_px) as f64, config.false_alarms)
    });
    let is_significant: Vec<f64> =
        peaks.iter().zip(bounds).map(|(z, bound)| f64::from(u8::from(*z > bound))).collect();
    let n_significant: f64 = is_significant.iter().sum();
    found.summary.insert("n_significant_stas".into(), n_significant);
    let reliability = noise.fields.par_iter().map(Field::reliability).collect::<Vec<_>>();
    let about =
        "Largest absolute value of the average over its standard deviation without any field.";
    found.column("sta_peak_z", "", about, peaks);
    let about =
        "1 where the peak exceeds what chance gives in the share `false_alarms` of neurons.";
    found.column("is_sta_significant", "", about, is_significant);
    let about = "Correlation between the averages of two halves of the noise.";
    found.column("sta_reliability", "", about, reliability);
}

fn peak_z((field, level): (&Field, &f64)) -> f64 {
    field.mean(None).iter().fold(0.0f64, |peak, value| peak.max(value.abs())) / level
}

/// What the largest of so many normal values exceeds with no more than that probability, by Bonferroni's
/// and Chernoff's bounds: `2 n exp(-z^2 / 2) = probability`.
pub(crate) fn bound(n_values: f64, probability: f64) -> f64 {
    (2.0 * (2.0 * n_values / probability).ln()).sqrt()
}

fn sentence(about: &str) -> String {
    let mut letters = about.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
