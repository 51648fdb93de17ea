//! Tuning to gratings: direction, spatial and temporal frequency, contrast, size, phase.

mod battery;
mod config;
mod curves;
mod display;
mod naka_rushton;
mod summary;
#[cfg(test)]
mod tests;

use striate_base::{CancelToken, Progress};

pub use config::TuningConfig;

use crate::error::InsilicoError;
use crate::experiment::Experiment;
use crate::jackknife::{Error, columns, standard_error};
use crate::subject::Subject;
use battery::Responses;
use curves::{Axes, Curves, Optimum};
use display::{Cycle, Display, Stimulus};

/// Name of the experiment and of its folder.
const KIND: &str = "tuning";

/// Tuning of some neurons to gratings.
///
/// Gratings of all directions, spatial and temporal frequencies on the whole screen find what excites each
/// neuron most; curves go through there. Then every neuron is shown its own best grating in several contrasts,
/// and through apertures around its own place, with grey and with the orthogonal grating around them (contextual
/// modulation). Twins of video see gratings drift, and responses are averaged over whole cycles; twins of images
/// see them in several phases. A neuron's response is the mean over that to grey, or the first harmonic where
/// this is the larger one at best (`is_modulated`).
///
/// # Shapes
/// `direction_curve` `[neuron, direction_deg]` (`orientation_curve` `[neuron, orientation_deg]` for images),
/// `spatial_frequency_curve`, `temporal_frequency_curve`, `contrast_curve`, `size_curve`,
/// `crossed_size_curve` (with the orthogonal grating around the aperture), and `joint_curve` `[neuron, direction_deg, spatial_frequency_cpp]`, each with `NAME_error` where there are
/// several twins, whose differences (jackknife) are the errors.
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
/// use striate_insilico::{Subject, TuningConfig, tuning};
///
/// let subject = Subject::of_sample(&[&twin], "mouse", training)?;
/// let config = TuningConfig { n_directions: 8, window_s: 0.5, ..TuningConfig::default() };
/// let found = tuning(&subject, &[0, 2], &config, &mut NoProgress, &CancelToken::new())?;
/// assert_eq!(found.values_of("preferred_orientation").map(<[_]>::len), Some(2));
/// let curve = found.arrays.iter().find(|array| array.name == "direction_curve").expect("one");
/// assert_eq!(curve.values.shape(), [2, 8]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn tuning(
    subject: &Subject<'_>,
    neurons: &[usize],
    config: &TuningConfig,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<Experiment, InsilicoError> {
    config.check()?;
    let display = Display::new(subject, config);
    let axes = Axes::new(subject, display, config);
    let joint = axes.joint(config.contrast);
    let n_twins = subject.n_twins() as u64;
    progress.start("gratings", Some(n_twins * joint.len() as u64));
    let joint = over_twins(subject, |twin| {
        battery::on_screen(twin, neurons, (display, &joint), (&mut *progress, cancel))
    })?;
    progress.finish();
    let optima: Vec<Optimum> =
        curves::mean(&joint, None).iter().map(|responses| axes.optimum(responses)).collect();
    let best: Vec<Stimulus> =
        optima.iter().map(|&optimum| axes.best(optimum, config.contrast)).collect();
    progress.start("places", Some(neurons.len() as u64));
    let centres = battery::centres(subject, neurons, (display, &best), (&mut *progress, cancel))?;
    progress.finish();
    let own: Vec<Vec<Stimulus>> =
        best.iter().zip(&centres).map(|(&best, &at)| axes.own(best, at, config)).collect();
    let n_own = own.iter().map(Vec::len).sum::<usize>() as u64;
    progress.start("contrasts and sizes", Some(n_twins * n_own));
    let own = over_twins(subject, |twin| {
        battery::own(twin, neurons, (display, &own), (&mut *progress, cancel))
    })?;
    progress.finish();
    let measured = Measured { display, axes, optima, centres, joint, own };
    let mut found = Experiment {
        kind: KIND.into(),
        session: subject.id.clone(),
        config: serde_json::to_value(config).unwrap_or_default(),
        neurons: neurons.to_vec(),
        ..Experiment::default()
    };
    measured.columns(&mut found);
    measured.arrays(&mut found)?;
    measured.summary(&mut found, subject, config);
    Ok(found)
}

/// Bytes that [`tuning`] holds at once, about, besides what the twins need to respond.
pub fn tuning_bytes(subject: &Subject<'_>, n_neurons: usize, config: &TuningConfig) -> u64 {
    let axes = Axes::new(subject, Display::new(subject, config), config);
    let n_joint = axes.joint(config.contrast).len();
    let n_stimuli = n_joint + axes.contrasts.len() + 2 * axes.diameters_px.len();
    let per_neuron = (subject.n_twins() + 2) * n_stimuli * size_of::<Cycle>();
    (n_neurons * per_neuron) as u64
}

/// What each twin gives.
fn over_twins(
    subject: &Subject<'_>,
    mut show: impl FnMut(&Subject<'_>) -> Result<Responses, InsilicoError>,
) -> Result<Vec<Responses>, InsilicoError> {
    subject.alone().map(|twin| show(&twin)).collect()
}

/// All that was measured.
struct Measured {
    display: Display,
    axes: Axes,
    optima: Vec<Optimum>,
    centres: Vec<[f64; 2]>,
    /// `[twin][neuron][stimulus]`.
    joint: Vec<Responses>,
    own: Vec<Responses>,
}

impl Measured {
    /// Every neuron's curves, without one of the twins if one is named.
    fn curves(&self, left_out: Option<usize>) -> Vec<Curves> {
        let joint = curves::mean(&self.joint, left_out);
        let own = curves::mean(&self.own, left_out);
        let each = self.optima.iter().zip(joint.iter().zip(&own));
        each.map(|(&optimum, (joint, own))| self.axes.curves(optimum, joint, own)).collect()
    }

    /// Every neuron's curves without each of several twins.
    fn others(&self) -> Vec<Vec<Curves>> {
        let n = self.joint.len();
        if n < 2 { Vec::new() } else { (0..n).map(|twin| self.curves(Some(twin))).collect() }
    }

    fn columns(&self, found: &mut Experiment) {
        let summaries = |curves: &[Curves]| {
            let each = curves.iter().zip(&self.optima).zip(&self.centres);
            each.map(|((curves, &optimum), &centre)| {
                summary::summarise(&self.axes, curves, (optimum, centre, self.display))
            })
            .collect::<Vec<_>>()
        };
        let numbers = |curves: &[Curves]| -> Vec<Vec<f64>> {
            let all = summaries(curves);
            all.into_iter().map(|of| of.into_iter().map(|(_, value)| value).collect()).collect()
        };
        let all = self.curves(None);
        let quantities: Vec<_> =
            summaries(&all).into_iter().take(1).flatten().map(|(quantity, _)| quantity).collect();
        let without: Vec<_> = self.others().iter().map(|curves| numbers(curves)).collect();
        columns(found, &quantities, &numbers(&all), &without);
    }

    fn arrays(&self, found: &mut Experiment) -> Result<(), InsilicoError> {
        let axes = &self.axes;
        let hertz: Vec<f64> = axes.cycles.iter().map(|&n| self.display.hertz(n)).collect();
        // Stripes drift across themselves.
        let orientation = |direction: &f64| (direction + 90.0).rem_euclid(180.0);
        let orientations: Vec<f64> = axes.directions_deg.iter().map(orientation).collect();
        let is_still = self.display.is_still();
        let (angle, angles, angle_curve) = if is_still {
            ("orientation_deg", &orientations, "orientation_curve")
        } else {
            ("direction_deg", &axes.directions_deg, "direction_curve")
        };
        let frequency = "spatial_frequency_cpp";
        let mut scales = vec![
            (angle, angles),
            (frequency, &axes.frequencies_cpp),
            ("contrast", &axes.contrasts),
            ("diameter_px", &axes.diameters_px),
        ];
        if !is_still {
            scales.push(("temporal_frequency_hz", &hertz));
        }
        for (name, places) in &scales {
            found.scale(name, places.iter().map(|&place| place as f32));
        }
        let all = (self.curves(None), self.others());
        let (n_angles, n_frequencies) = (angles.len(), axes.frequencies_cpp.len());
        let joint = [(angle, n_angles), (frequency, n_frequencies)];
        curve(found, &all, (angle_curve, &joint[..1]), |c| &c.directions)?;
        curve(found, &all, ("spatial_frequency_curve", &joint[1..]), |c| &c.frequencies)?;
        if !is_still {
            let axis = [("temporal_frequency_hz", axes.cycles.len())];
            curve(found, &all, ("temporal_frequency_curve", &axis), |c| &c.cycles)?;
        }
        let axis = [("contrast", axes.contrasts.len())];
        curve(found, &all, ("contrast_curve", &axis), |c| &c.contrasts)?;
        let axis = [("diameter_px", axes.diameters_px.len())];
        curve(found, &all, ("size_curve", &axis), |c| &c.sizes)?;
        curve(found, &all, ("crossed_size_curve", &axis), |c| &c.crossed)?;
        curve(found, &all, ("joint_curve", &joint), |c| &c.joint)
    }

    fn summary(&self, found: &mut Experiment, subject: &Subject<'_>, config: &TuningConfig) {
        let [low, high] = subject.training.luminance_range;
        // A sine wave of contrast c has a standard deviation of c over the root of 2.
        let deviation = 0.5 * f64::from(high - low) * config.contrast / 2f64.sqrt();
        let relative = deviation / f64::from(subject.training.deviation);
        let mean = |name: &str| {
            let values: Vec<f64> =
                found.values_of(name).unwrap_or_default().iter().flatten().copied().collect();
            values.iter().sum::<f64>() / values.len() as f64
        };
        let numbers = [
            ("n_neurons", self.optima.len() as f64),
            ("n_twins", self.joint.len() as f64),
            ("contrast_over_training", relative),
            ("share_simple", mean("is_simple")),
            ("mean_orientation_selectivity", mean("orientation_selectivity")),
            ("mean_suppression_index", mean("suppression_index")),
        ];
        found.summary.extend(numbers.map(|(name, value)| (name.to_owned(), value)));
    }
}

/// Add one curve of every neuron, and its error where there are several twins.
fn curve(
    found: &mut Experiment,
    (all, without): &(Vec<Curves>, Vec<Vec<Curves>>),
    (name, axes): (&str, &[(&str, usize)]),
    of: impl Fn(&Curves) -> &Vec<f64>,
) -> Result<(), InsilicoError> {
    let axes: Vec<(&str, usize)> =
        std::iter::once(("neuron", all.len())).chain(axes.iter().copied()).collect();
    let values = all.iter().flat_map(|curves| of(curves).iter().map(|&value| value as f32));
    let about =
        "Responses through the neuron's best grating, over those to grey or as first harmonic.";
    found.array((name, "response", about), &axes, values.collect())?;
    if without.len() < 2 {
        return Ok(());
    }
    let mut errors = Vec::new();
    for (neuron, curves) in all.iter().enumerate() {
        for (place, &value) in of(curves).iter().enumerate() {
            let others = without.iter().map(|twin| of(&twin[neuron])[place]);
            errors.push(standard_error(value, others, Error::Linear) as f32);
        }
    }
    let name = format!("{name}_error");
    found.array((&name, "response", "Standard error over twins."), &axes, errors)
}
