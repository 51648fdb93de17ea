//! Tuning to gratings: direction, spatial and temporal frequency, contrast, size, phase.

mod battery;
mod config;
mod curves;
mod display;
mod familiar;
mod naka_rushton;
mod summary;
#[cfg(test)]
mod tests;

use striate_base::{CancelToken, Progress};

pub use config::TuningConfig;

use crate::error::InsilicoError;
use crate::experiment::Experiment;
use crate::jackknife::{Error, columns};
use crate::parts::Parts;
use crate::subject::Subject;
use crate::twins::over_twins;
use battery::{Responses, Watch};
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
/// `crossed_size_curve` (with the orthogonal grating around the aperture), and `joint_curve`
/// `[neuron, direction_deg, spatial_frequency_cpp]`; how far gratings are from training stimuli:
/// `distance_of_gratings` `[direction_deg, spatial_frequency_cpp, temporal_frequency_hz]`, `distance_of_contrasts`,
/// `distance_of_sizes` and `distance_of_crossed_sizes` in the order of the curves.
///
/// # Errors of values
/// Where there are several twins each is measured alone too, at its own optimum and place; `NAME_error` of
/// columns and curves is the standard error over twins. One twin has none.
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
/// use striate_insilico::{Parts, Subject, TuningConfig, tuning};
///
/// let subject = Subject::of_sample(&[&twin], "mouse", training)?;
/// let config = TuningConfig { n_directions: 8, window_s: 0.5, ..TuningConfig::default() };
/// let watch = (&mut NoProgress as &mut dyn striate_base::Progress, &CancelToken::new());
/// let found = tuning(&subject, &[0, 2], &config, &Parts::none(), watch)?;
/// assert_eq!(found.values_of("preferred_orientation").map(<[_]>::len), Some(2));
/// let curve = found.arrays.iter().find(|array| array.name == "direction_curve").expect("one");
/// assert_eq!(curve.values.shape(), [2, 8]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn tuning(
    subject: &Subject<'_>,
    neurons: &[usize],
    config: &TuningConfig,
    parts: &Parts,
    (progress, cancel): (&mut dyn Progress, &CancelToken),
) -> Result<Experiment, InsilicoError> {
    config.check()?;
    Display::new(subject, config).check(config.temporal_frequencies_hz.as_deref())?;
    over_twins(subject, parts, progress, |subject, parts, progress| {
        let measured = Measured::of(subject, neurons, config, (progress, cancel, parts))?;
        let mut found = Experiment::new(KIND, &subject.id, config, neurons);
        measured.columns(&mut found);
        measured.arrays(&mut found)?;
        familiar::add(&mut found, subject, &measured)?;
        measured.summary(&mut found, subject, config);
        Ok(found)
    })
}

/// Bytes that [`tuning`] holds at once, about, besides what the twins need to respond.
pub fn tuning_bytes(subject: &Subject<'_>, n_neurons: usize, config: &TuningConfig) -> u64 {
    let axes = Axes::new(subject, Display::new(subject, config), config);
    let n_joint = axes.joint(config.contrast).len();
    let n_own = axes.contrasts.len() + 2 * axes.diameters_px.len();
    // Responses, curves of them, and the stimuli of each neuron; of several twins those of one alone besides.
    let n_at_once = if subject.n_twins() > 1 { 2 } else { 1 };
    let responses = 3 * (n_joint + n_own) * size_of::<Cycle>();
    let kept = n_at_once * n_neurons * (responses + n_own * size_of::<Stimulus>());
    kept as u64 + battery::shown_bytes(subject, Display::new(subject, config))
}

/// All that was measured.
struct Measured {
    display: Display,
    axes: Axes,
    /// Of all gratings that do not differ in contrast.
    contrast: f64,
    optima: Vec<Optimum>,
    /// `[neuron]`: the gratings at the optima.
    best: Vec<Stimulus>,
    centres: Vec<[f64; 2]>,
    /// `[neuron][stimulus]`: to the gratings on the whole screen.
    joint: Responses,
    /// What every neuron was shown for itself, and its responses.
    own_stimuli: Vec<Vec<Stimulus>>,
    own: Responses,
}

impl Measured {
    fn of(
        subject: &Subject<'_>,
        neurons: &[usize],
        config: &TuningConfig,
        (progress, cancel, parts): Watch<'_>,
    ) -> Result<Self, InsilicoError> {
        let display = Display::new(subject, config);
        let axes = Axes::new(subject, display, config);
        let joint = axes.joint(config.contrast);
        progress.start("gratings", Some(joint.len() as u64));
        let joint = battery::on_screen(
            subject,
            neurons,
            (display, &joint),
            (&mut *progress, cancel, parts),
        )?;
        progress.finish();
        let optima: Vec<Optimum> = joint.iter().map(|responses| axes.optimum(responses)).collect();
        let best: Vec<Stimulus> =
            optima.iter().map(|&optimum| axes.best(optimum, config.contrast)).collect();
        progress.start("places", Some(neurons.len() as u64));
        let centres =
            battery::centres(subject, neurons, (display, &best), (&mut *progress, cancel, parts))?;
        progress.finish();
        let places = best.iter().zip(&centres);
        let own_stimuli: Vec<Vec<Stimulus>> =
            places.map(|(&best, &at)| axes.own(best, at, config)).collect();
        progress.start(
            "contrasts and sizes",
            Some(own_stimuli.iter().map(Vec::len).sum::<usize>() as u64),
        );
        let own = battery::own(
            subject,
            neurons,
            (display, &own_stimuli),
            (&mut *progress, cancel, parts),
        )?;
        progress.finish();
        let contrast = config.contrast;
        Ok(Self { display, axes, contrast, optima, best, centres, joint, own_stimuli, own })
    }

    /// Every neuron's curves.
    fn curves(&self) -> Vec<Curves> {
        let each = self.optima.iter().zip(self.joint.iter().zip(&self.own));
        each.map(|(&optimum, (joint, own))| self.axes.curves(optimum, joint, own)).collect()
    }

    fn columns(&self, found: &mut Experiment) {
        let curves = self.curves();
        let each = curves.iter().zip(&self.optima).zip(&self.centres);
        let summaries = each.map(|((curves, &optimum), &centre)| {
            summary::summarise(&self.axes, curves, (optimum, centre, self.display))
        });
        let (mut quantities, mut values) = (Vec::new(), Vec::new());
        for summary in summaries {
            let (named, of_neuron): (Vec<_>, Vec<f64>) = summary.into_iter().unzip();
            quantities = named;
            values.push(of_neuron);
        }
        columns(found, &quantities, &values, &[]);
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
        let all = self.curves();
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
            ("n_twins", subject.n_twins() as f64),
            ("contrast_over_training", relative),
            ("share_simple", mean("is_simple")),
            ("mean_orientation_selectivity", mean("orientation_selectivity")),
            ("mean_suppression_index", mean("suppression_index")),
        ];
        found.summary.extend(numbers.map(|(name, value)| (name.to_owned(), value)));
    }
}

/// Add one curve of every neuron.
fn curve(
    found: &mut Experiment,
    all: &[Curves],
    (name, axes): (&str, &[(&str, usize)]),
    of: impl Fn(&Curves) -> &Vec<f64>,
) -> Result<(), InsilicoError> {
    let axes: Vec<(&str, usize)> =
        std::iter::once(("neuron", all.len())).chain(axes.iter().copied()).collect();
    let values = all.iter().flat_map(|curves| of(curves).iter().map(|&value| value as f32));
    let about =
        "Responses through the neuron's best grating, over those to grey or as first harmonic.";
    found.array((name, "response", about), &axes, values.collect())?;
    found.uncertain(name, Error::Linear);
    Ok(())
}
