//! Dead leaves in motion: opaque discs of power-law sizes that hide each other and move.

use ndarray::{Array3, ArrayViewMut2, Axis};
use serde::{Deserialize, Serialize};
use striate_base::RandomStream;

use crate::blur::GaussianBlur;
use crate::canvas::{Canvas, luminance, unit_vector};
use crate::error::{StimulusError, require, require_angle, require_fraction, require_not_negative};

/// Parameters of [`dead_leaves`].
///
/// | field | default | range |
/// |---|---|---|
/// | `radius_px` | `[1.5, 16]` | `0.5 <= smallest <= largest <= 1000` |
/// | `size_exponent` | 3 | 0..=6 |
/// | `layers` | 5 | (0, 50] |
/// | `contrast` | 1 | (0, 1] |
/// | `common_speed_px_per_s` | 15 | >= 0 |
/// | `common_direction_deg` | by chance | finite |
/// | `own_speed_px_per_s` | 6 | >= 0 |
/// | `blur_px` | 0 | 0..=100 |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeadLeaves {
    /// Smallest and largest radius in pixels.
    pub radius_px: [f64; 2],
    /// The density of radii falls as `radius^-size_exponent`; 3 makes the picture scale-invariant.
    pub size_exponent: f64,
    /// Mean number of leaves over a point; a fraction `exp(-layers)` of the picture stays grey.
    pub layers: f64,
    /// Luminances are uniform in `127.5 * (1 +- contrast)`.
    pub contrast: f64,
    /// Speed that all leaves share, as under a moving eye.
    pub common_speed_px_per_s: f64,
    /// Direction of the shared motion; by chance where absent.
    pub common_direction_deg: Option<f64>,
    /// Standard deviation of each leaf's own velocity along x and along y.
    pub own_speed_px_per_s: f64,
    /// Standard deviation of a Gaussian blur of every frame; 0 for none.
    pub blur_px: f64,
}

impl Default for DeadLeaves {
    fn default() -> Self {
        Self {
            radius_px: [1.5, 16.0],
            size_exponent: 3.0,
            layers: 5.0,
            contrast: 1.0,
            common_speed_px_per_s: 15.0,
            common_direction_deg: None,
            own_speed_px_per_s: 6.0,
            blur_px: 0.0,
        }
    }
}

impl DeadLeaves {
    /// Refuse values outside the documented ranges.
    ///
    /// # Errors
    /// [`StimulusError`] naming the parameter.
    pub fn check(&self) -> Result<(), StimulusError> {
        let [smallest, largest] = self.radius_px;
        if !(smallest >= 0.5 && smallest <= largest && largest <= 1000.0) {
            return Err(StimulusError::BadBounds {
                name: "radius_px",
                found: self.radius_px,
                expected: "0.5 <= smallest <= largest <= 1000",
            });
        }
        let exponent = self.size_exponent;
        require((0.0..=6.0).contains(&exponent), "size_exponent", exponent, "0 to 6")?;
        let layers = self.layers;
        require(layers > 0.0 && layers <= 50.0, "layers", layers, "a number in (0, 50]")?;
        require_fraction("contrast", self.contrast)?;
        require_not_negative("common_speed_px_per_s", self.common_speed_px_per_s)?;
        require_angle("common_direction_deg", self.common_direction_deg)?;
        require_not_negative("own_speed_px_per_s", self.own_speed_px_per_s)?;
        require((0.0..=100.0).contains(&self.blur_px), "blur_px", self.blur_px, "0 to 100")
    }
}

/// One disc: where it is at frame 0, how it moves, how large and how bright it is.
struct Leaf {
    position_px: [f64; 2],
    velocity_px_per_frame: [f64; 2],
    radius_px: f64,
    luminance: f32,
}

/// A video of moving dead leaves (Lee, Mumford and Huang, IJCV 41:35, 2001, section 2: opaque
/// templates of sizes `r^-3` dropped one over the other).
///
/// The leaves live on a torus one largest diameter larger than the canvas on either axis, so that
/// a leaf that leaves on one side comes back from the other without being seen to jump.
///
/// # Differences from the paper
/// The paper's picture is still. Here the order in depth is kept and the leaves move, each with
/// its own velocity added to one shared by all; edges are antialiased over one pixel so that
/// motion by parts of a pixel is seen.
///
/// # Shapes
/// Returns `[frame, height, width]`, luminance 0..255.
///
/// # Errors
/// [`StimulusError`] where the canvas or a parameter is out of range.
pub fn dead_leaves(
    canvas: &Canvas,
    parameters: &DeadLeaves,
    random: &mut RandomStream,
) -> Result<Array3<f32>, StimulusError> {
    canvas.check()?;
    parameters.check()?;
    let margin = parameters.radius_px[1] + 1.0;
    let world = [canvas.width as f64 + 2.0 * margin, canvas.height as f64 + 2.0 * margin];
    let leaves = draw_leaves(canvas, parameters, world, random);
    Ok(render(canvas, parameters, &leaves, world))
}

/// The leaves, frame by frame, as they move over a torus of size `world`.
fn render(
    canvas: &Canvas,
    parameters: &DeadLeaves,
    leaves: &[Leaf],
    world: [f64; 2],
) -> Array3<f32> {
    let margin = parameters.radius_px[1] + 1.0;
    let mut video = canvas.grey();
    let blur = GaussianBlur::new(parameters.blur_px);
    let mut scratch = Vec::new();
    for (frame, mut picture) in video.axis_iter_mut(Axis(0)).enumerate() {
        for leaf in leaves {
            let centre = [0, 1].map(|axis| {
                let moved =
                    leaf.position_px[axis] + leaf.velocity_px_per_frame[axis] * frame as f64;
                moved.rem_euclid(world[axis]) - margin
            });
            paint(&mut picture, centre, leaf);
        }
        let pixels = picture.as_slice_mut().expect("frames of a new array are contiguous");
        blur.apply(pixels, canvas.width, &mut scratch);
    }
    video
}

/// Leaves from the lowest to the topmost, until they cover the world `layers` times.
fn draw_leaves(
    canvas: &Canvas,
    parameters: &DeadLeaves,
    world: [f64; 2],
    random: &mut RandomStream,
) -> Vec<Leaf> {
    let direction =
        parameters.common_direction_deg.unwrap_or_else(|| random.uniform_in(0.0, 360.0));
    let common = unit_vector(direction).map(|part| part * parameters.common_speed_px_per_s);
    let mut area_left = parameters.layers * world[0] * world[1];
    let mut leaves = Vec::new();
    while area_left > 0.0 {
        let radius_px = power_law(random, parameters.radius_px, parameters.size_exponent);
        area_left -= std::f64::consts::PI * radius_px * radius_px;
        leaves.push(Leaf {
            position_px: world.map(|side| random.uniform_in(0.0, side)),
            velocity_px_per_frame: common.map(|speed| {
                (speed + parameters.own_speed_px_per_s * random.normal()) / canvas.frame_rate_hz
            }),
            radius_px,
            luminance: luminance((parameters.contrast * random.uniform_in(-1.0, 1.0)) as f32),
        });
    }
    leaves
}

/// A number in `bounds` whose density falls as `x^-exponent` (inverse of the distribution).
fn power_law(random: &mut RandomStream, bounds: [f64; 2], exponent: f64) -> f64 {
    let [low, high] = bounds;
    let (share, power) = (random.uniform(), 1.0 - exponent);
    if power.abs() < 1e-9 {
        low * (high / low).powf(share)
    } else {
        let (from, to) = (low.powf(power), high.powf(power));
        (from + share * (to - from)).powf(1.0 / power)
    }
}

/// Paint a disc whose edge falls linearly over one pixel.
fn paint(picture: &mut ArrayViewMut2<f32>, centre: [f64; 2], leaf: &Leaf) {
    let (height, width) = picture.dim();
    let (inner, outer) = (leaf.radius_px - 0.5, leaf.radius_px + 0.5);
    let Some((first_y, last_y)) = visible(centre[1], outer, height) else { return };
    let Some((first_x, last_x)) = visible(centre[0], outer, width) else { return };
    for y in first_y..=last_y {
        let square_y = (y as f64 - centre[1]).powi(2);
        for x in first_x..=last_x {
            let square = square_y + (x as f64 - centre[0]).powi(2);
            if square >= outer * outer {
                continue;
            }
            let pixel = &mut picture[[y, x]];
            if square <= inner * inner {
                *pixel = leaf.luminance;
            } else {
                let cover = (outer - square.sqrt()).min(1.0) as f32;
                *pixel += cover * (leaf.luminance - *pixel);
            }
        }
    }
}

/// The pixels of an axis within `reach` of `centre`, first and last.
fn visible(centre: f64, reach: f64, length: usize) -> Option<(usize, usize)> {
    let first = (centre - reach).ceil().max(0.0);
    let last = (centre + reach).floor().min(length as f64 - 1.0);
    (first <= last).then_some((first as usize, last as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::s;
    use striate_base::Streams;

    fn still() -> DeadLeaves {
        DeadLeaves { common_speed_px_per_s: 0.0, own_speed_px_per_s: 0.0, ..DeadLeaves::default() }
    }

    /// Discrete Fourier transform of a row of (real, imaginary) pairs, row by row of the plane.
    fn transform(row: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let n = row.len();
        let turn = |k: usize| (std::f64::consts::TAU * (k % n) as f64 / n as f64).sin_cos();
        let at = |frequency: usize| {
            row.iter().enumerate().fold([0.0, 0.0], |sum, (x, &[re, im])| {
                let (sine, cosine) = turn(frequency * x);
                [sum[0] + re * cosine + im * sine, sum[1] + im * cosine - re * sine]
            })
        };
        (0..n).map(at).collect()
    }

    /// Mean power in the plane at each whole distance from frequency zero, after a Hann window.
    fn radial_power(frame: &ndarray::ArrayView2<f32>) -> Vec<f64> {
        let n = frame.nrows();
        let mean = f64::from(frame.mean().unwrap());
        let hann = |i: usize| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / n as f64).cos();
        let windowed = |y: usize, x: usize| (f64::from(frame[[y, x]]) - mean) * hann(y) * hann(x);
        let rows: Vec<Vec<[f64; 2]>> = (0..n)
            .map(|y| transform(&(0..n).map(|x| [windowed(y, x), 0.0]).collect::<Vec<_>>()))
            .collect();
        let (mut power, mut count) = (vec![0.0; n / 2], vec![0.0; n / 2]);
        for fx in 0..n {
            let column = transform(&rows.iter().map(|row| row[fx]).collect::<Vec<_>>());
            for (fy, [re, im]) in column.into_iter().enumerate() {
                let fold = |f: usize| f.min(n - f) as f64;
                let radius = fold(fx).hypot(fold(fy)).round() as usize;
                if radius < n / 2 {
                    power[radius] += re * re + im * im;
                    count[radius] += 1.0;
                }
            }
        }
        power.iter().zip(count).map(|(p, n)| p / n).collect()
    }

    #[test]
    fn power_falls_roughly_as_the_square_of_frequency() {
        let canvas = Canvas { n_frames: 1, height: 96, width: 96, frame_rate_hz: 30.0 };
        let leaves = DeadLeaves { radius_px: [1.0, 48.0], ..still() };
        let mut power = vec![0.0; 48];
        for picture in 0..12 {
            let mut random = Streams::new(picture).stream("leaves");
            let video = dead_leaves(&canvas, &leaves, &mut random).unwrap();
            let spectrum = radial_power(&video.index_axis(Axis(0), 0));
            power.iter_mut().zip(spectrum).for_each(|(sum, p)| *sum += p);
        }
        // Slope of log power over log frequency where leaves of both ends of the size range matter
        // little. Exact scale invariance gives -2, a lone edge -3; antialiasing steepens the end.
        let points: Vec<(f64, f64)> =
            (3..24u32).map(|f| (f64::from(f).ln(), power[f as usize].ln())).collect();
        let n = points.len() as f64;
        let (mx, my) = points.iter().fold((0.0, 0.0), |a, p| (a.0 + p.0 / n, a.1 + p.1 / n));
        let slope = points.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum::<f64>()
            / points.iter().map(|p| (p.0 - mx).powi(2)).sum::<f64>();
        assert!((-2.5..=-1.8).contains(&slope), "slope {slope}");
    }

    #[test]
    fn shared_motion_moves_the_picture_by_the_stated_speed() {
        let canvas = Canvas { n_frames: 6, height: 20, width: 30, frame_rate_hz: 30.0 };
        let leaves =
            DeadLeaves { common_speed_px_per_s: 60.0, common_direction_deg: Some(0.0), ..still() };
        let mut random = Streams::new(5).stream("leaves");
        let video = dead_leaves(&canvas, &leaves, &mut random).unwrap();
        for frame in 1..6 {
            let now = video.slice(s![frame, .., 2..]);
            let before = video.slice(s![frame - 1, .., ..28]);
            // Two pixels a frame; antialiased edges differ by the rounding of f64 positions.
            assert!(now.iter().zip(before).all(|(a, b)| (a - b).abs() < 1e-2));
        }
        let up = DeadLeaves { common_direction_deg: Some(90.0), ..leaves };
        let video = dead_leaves(&canvas, &up, &mut Streams::new(5).stream("leaves")).unwrap();
        let (now, before) = (video.slice(s![1, ..18, ..]), video.slice(s![0, 2.., ..]));
        assert!(now.iter().zip(before).all(|(a, b)| (a - b).abs() < 1e-2));
    }

    #[test]
    fn same_seed_gives_the_same_bits_inside_the_range() {
        let canvas = Canvas { n_frames: 5, height: 16, width: 24, frame_rate_hz: 30.0 };
        let leaves = DeadLeaves { blur_px: 0.7, ..DeadLeaves::default() };
        let make =
            |seed| dead_leaves(&canvas, &leaves, &mut Streams::new(seed).stream("a")).unwrap();
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
        assert!(make(1).iter().all(|&v| (0.0..=255.0).contains(&v)));
    }

    #[test]
    fn radii_follow_the_power_law() {
        let mut random = Streams::new(9).stream("radii");
        let n = 20_000;
        // Density r^-3 on [1, 10]: the share below 2 is (1 - 1/4) / (1 - 1/100).
        let below =
            (0..n).filter(|_| power_law(&mut random, [1.0, 10.0], 3.0) < 2.0).count() as f64;
        // Five standard errors of a binomial share of 0.7576.
        assert!((below / f64::from(n) - 0.7576).abs() < 5.0 * (0.18_f64 / f64::from(n)).sqrt());
    }

    #[test]
    fn refuses_parameters_out_of_range() {
        let bad = DeadLeaves { radius_px: [4.0, 2.0], ..DeadLeaves::default() };
        assert!(matches!(bad.check(), Err(StimulusError::BadBounds { name: "radius_px", .. })));
        assert!(DeadLeaves { layers: 0.0, ..DeadLeaves::default() }.check().is_err());
        assert!(DeadLeaves { contrast: 1.5, ..DeadLeaves::default() }.check().is_err());
    }
}
