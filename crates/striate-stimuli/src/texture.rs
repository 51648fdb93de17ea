//! Drifting textures: band-passed random-phase noise that moves.

use ndarray::{Array3, Axis};
use serde::{Deserialize, Serialize};
use striate_base::RandomStream;

use crate::canvas::{Canvas, luminance, unit_vector};
use crate::error::{StimulusError, require, require_angle, require_fraction, require_not_negative};

/// Parameters of [`drifting_texture`].
///
/// | field | default | range |
/// |---|---|---|
/// | `frequency_cycles_per_px` | 0.12 | (0, 0.5] |
/// | `bandwidth_octaves` | 0.5 | 0..=5 |
/// | `orientation_deg` | all | finite |
/// | `orientation_spread_deg` | 15 | >= 0 |
/// | `speed_px_per_s` | 15 | >= 0 |
/// | `direction_deg` | by chance | finite |
/// | `speed_spread_px_per_s` | 6 | >= 0 |
/// | `rms_contrast` | 0.35 | (0, 1] |
/// | `n_components` | 96 | 1..=100000 |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DriftingTexture {
    /// Median spatial frequency in cycles per pixel.
    pub frequency_cycles_per_px: f64,
    /// Standard deviation of the base-2 logarithm of spatial frequency.
    pub bandwidth_octaves: f64,
    /// Mean orientation of the stripes; all orientations alike where absent.
    pub orientation_deg: Option<f64>,
    /// Standard deviation of orientation around that mean.
    pub orientation_spread_deg: f64,
    /// Speed of the texture.
    pub speed_px_per_s: f64,
    /// Direction of motion; by chance where absent.
    pub direction_deg: Option<f64>,
    /// Standard deviation of speed between components: 0 translates a fixed picture, more lets the
    /// picture change as it moves.
    pub speed_spread_px_per_s: f64,
    /// Standard deviation of luminance over mean luminance, before values are cut to 0..255.
    pub rms_contrast: f64,
    /// Number of drifting gratings summed.
    pub n_components: usize,
}

impl Default for DriftingTexture {
    fn default() -> Self {
        Self {
            frequency_cycles_per_px: 0.12,
            bandwidth_octaves: 0.5,
            orientation_deg: None,
            orientation_spread_deg: 15.0,
            speed_px_per_s: 15.0,
            direction_deg: None,
            speed_spread_px_per_s: 6.0,
            rms_contrast: 0.35,
            n_components: 96,
        }
    }
}

impl DriftingTexture {
    /// Refuse values outside the documented ranges.
    ///
    /// # Errors
    /// [`StimulusError`] naming the parameter.
    pub fn check(&self) -> Result<(), StimulusError> {
        let frequency = self.frequency_cycles_per_px;
        let holds = frequency > 0.0 && frequency <= 0.5;
        require(holds, "frequency_cycles_per_px", frequency, "a number in (0, 0.5]")?;
        let octaves = self.bandwidth_octaves;
        require((0.0..=5.0).contains(&octaves), "bandwidth_octaves", octaves, "0 to 5")?;
        require_angle("orientation_deg", self.orientation_deg)?;
        require_not_negative("orientation_spread_deg", self.orientation_spread_deg)?;
        require_not_negative("speed_px_per_s", self.speed_px_per_s)?;
        require_angle("direction_deg", self.direction_deg)?;
        require_not_negative("speed_spread_px_per_s", self.speed_spread_px_per_s)?;
        require_fraction("rms_contrast", self.rms_contrast)?;
        let n = self.n_components;
        require((1..=100_000).contains(&n), "n_components", n as f64, "1 to 100000")
    }
}

/// A drifting grating: wave vector in radians per pixel, temporal frequency in radians per frame.
struct Component {
    wave: [f64; 2],
    per_frame: f64,
    phase: f64,
}

/// A texture of random phases in a band of frequencies and orientations that drifts: a motion
/// cloud (Leon, Vanzetta, Masson and Perrinet, J. Neurophysiol. 107:3217, 2012, equations 7-10:
/// product of a speed, a frequency and an orientation envelope, the frequency envelope log-normal
/// and the speed envelope Gaussian around the plane of the mean velocity).
///
/// # Differences from the paper
/// The paper shapes white noise in the Fourier domain; here `n_components` gratings are drawn from
/// the envelope and summed with random phases, which needs no periodic canvas and tends to the
/// same Gaussian texture as their number grows. The orientation envelope is Gaussian, not von
/// Mises.
///
/// # Shapes
/// Returns `[frame, height, width]`, luminance 0..255.
///
/// # Errors
/// [`StimulusError`] where the canvas or a parameter is out of range.
pub fn drifting_texture(
    canvas: &Canvas,
    parameters: &DriftingTexture,
    random: &mut RandomStream,
) -> Result<Array3<f32>, StimulusError> {
    canvas.check()?;
    parameters.check()?;
    let components = draw_components(canvas, parameters, random);
    // Each cosine has variance 1/2, so this amplitude gives the stated standard deviation.
    let amplitude =
        (parameters.rms_contrast * (2.0 / parameters.n_components as f64).sqrt()) as f32;
    let columns: Vec<Vec<[f32; 2]>> = components
        .iter()
        .map(|c| (0..canvas.width).map(|x| turn(c.wave[0] * x as f64)).collect())
        .collect();
    let mut video = Array3::zeros((canvas.n_frames, canvas.height, canvas.width));
    for (frame, mut picture) in video.axis_iter_mut(Axis(0)).enumerate() {
        for (y, mut row) in picture.rows_mut().into_iter().enumerate() {
            for (component, column) in components.iter().zip(&columns) {
                let [re, im] = turn(
                    component.wave[1] * y as f64 - component.per_frame * frame as f64
                        + component.phase,
                );
                for (value, factor) in row.iter_mut().zip(column) {
                    *value += factor[0] * re - factor[1] * im;
                }
            }
            row.mapv_inplace(|sum| luminance(amplitude * sum));
        }
    }
    Ok(video)
}

fn draw_components(
    canvas: &Canvas,
    parameters: &DriftingTexture,
    random: &mut RandomStream,
) -> Vec<Component> {
    let direction = parameters.direction_deg.unwrap_or_else(|| random.uniform_in(0.0, 360.0));
    let velocity = unit_vector(direction).map(|part| part * parameters.speed_px_per_s);
    let mut draw = || {
        let octaves = parameters.bandwidth_octaves * random.normal();
        // Beyond half a cycle per pixel a grating would show as a coarser one.
        let frequency = (parameters.frequency_cycles_per_px * octaves.exp2()).min(0.5);
        let orientation = match parameters.orientation_deg {
            Some(mean) => mean + parameters.orientation_spread_deg * random.normal(),
            None => random.uniform_in(0.0, 180.0),
        };
        let radians_per_px = std::f64::consts::TAU * frequency;
        let wave = unit_vector(orientation + 90.0).map(|part| part * radians_per_px);
        let own = radians_per_px * parameters.speed_spread_px_per_s * random.normal();
        let per_second = wave[0] * velocity[0] + wave[1] * velocity[1] + own;
        let phase = random.uniform_in(0.0, std::f64::consts::TAU);
        Component { wave, per_frame: per_second / canvas.frame_rate_hz, phase }
    };
    (0..parameters.n_components).map(|_| draw()).collect()
}

/// Cosine and sine of an angle.
fn turn(angle: f64) -> [f32; 2] {
    let (sine, cosine) = angle.sin_cos();
    [cosine as f32, sine as f32]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::s;
    use striate_base::Streams;

    const CANVAS: Canvas = Canvas { n_frames: 4, height: 24, width: 32, frame_rate_hz: 30.0 };

    #[test]
    fn rigid_texture_translates_by_the_stated_speed() {
        let texture = DriftingTexture {
            speed_px_per_s: 90.0,
            direction_deg: Some(0.0),
            speed_spread_px_per_s: 0.0,
            ..DriftingTexture::default()
        };
        let mut random = Streams::new(2).stream("texture");
        let video = drifting_texture(&CANVAS, &texture, &mut random).unwrap();
        let (now, before) = (video.slice(s![2, .., 3..]), video.slice(s![1, .., ..29]));
        // Sum of 96 f32 products of order 1, scaled by about 6.
        assert!(now.iter().zip(before).all(|(a, b)| (a - b).abs() < 1e-2));
    }

    #[test]
    fn contrast_and_range_are_as_stated() {
        let texture = DriftingTexture { rms_contrast: 0.2, ..DriftingTexture::default() };
        let mut sum = 0.0;
        let n = 20;
        for seed in 0..n {
            let mut random = Streams::new(seed).stream("texture");
            let video = drifting_texture(&CANVAS, &texture, &mut random).unwrap();
            assert!(video.iter().all(|&v| (0.0..=255.0).contains(&v)));
            sum += f64::from(video.mapv(|v| (v / 127.5 - 1.0).powi(2)).mean().unwrap());
        }
        // A frame holds some ten independent patches, so the mean of 20 videos is good to 10 %.
        assert!((sum / n as f64 / 0.04 - 1.0).abs() < 0.1, "{}", sum / n as f64);
    }

    #[test]
    fn orientation_sets_the_direction_of_the_stripes() {
        let texture = DriftingTexture {
            orientation_deg: Some(90.0),
            orientation_spread_deg: 0.0,
            ..DriftingTexture::default()
        };
        let mut random = Streams::new(4).stream("texture");
        let video = drifting_texture(&CANVAS, &texture, &mut random).unwrap();
        let (first, last) = (video.slice(s![0, 0, ..]), video.slice(s![0, 23, ..]));
        // Vertical stripes: every row alike, up to the rounding of the cosine of 90 degrees.
        assert!(first.iter().zip(last).all(|(a, b)| (a - b).abs() < 1e-2));
    }
}
