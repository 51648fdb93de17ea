//! Receptive fields of the recording itself, beside those of the twin.

use ndarray::{Array3, ArrayView3, s};
use striate_base::CancelToken;
use striate_recording::{Session, StimulusFeature, response_triggered_average};
use striate_stimuli::GaussianBlur;

use super::separated::nearest_lobe;
use super::{Experiment, InsilicoError, bound};

/// Bytes of averages and their sums held at once, about.
const BYTES_AT_A_TIME: usize = 1 << 30;

/// Standard deviation in pixels of the blur that raises fields of several pixels out of the noise.
const BLUR_PX: f64 = 1.0;

/// Height, relative to the highest, from which pixels belong to the field.
const RELATIVE_HEIGHT: f64 = 0.2;

/// The same over the noise.
const HEIGHT_OVER_NOISE: f64 = 3.5;

/// Standard deviation of normal numbers over the median of their absolute values.
const DEVIATION_OVER_MEDIAN: f64 = 1.4826;

/// Centre, sign and significance of a neuron's average.
struct Recorded {
    x: f64,
    y: f64,
    sign: f64,
    peak_z: f64,
    is_significant: bool,
    /// With the twin's average, over the frames and pixels around the field.
    agreement: f64,
}

/// Add what the recording's own response-triggered averages say, for a recording under white noise:
/// columns `recorded_sta_x`, `recorded_sta_y`, `recorded_sta_sign`, `recorded_sta_peak_z`,
/// `is_recorded_sta_significant`, `recorded_distance` (from the twin's) and `recorded_agreement`, and to the
/// summary how many of the significant ones lie within a pixel of the twin's and have its sign.
///
/// Averages are blurred by a pixel. Their noise is told by the median of their absolute values, most of which
/// lie outside of the field. A field is what hangs together around the highest pixel, 0.2 times as high or more; its
/// centre is that of its energy, and its sign that of the highest pixel in the lobe nearest to the
/// response. The twin's are taken in the same way from its `sta`.
///
/// # Errors
/// [`InsilicoError::Mismatch`] for results without `sta` over space and time; [`InsilicoError::Recording`]
/// where the recording cannot be read.
pub fn compare_recorded(
    found: &mut Experiment,
    session: &Session,
    (tier, false_alarms): (&str, f64),
    cancel: &CancelToken,
) -> Result<(), InsilicoError> {
    let Some(array) = found.arrays.iter().find(|array| array.name == "sta") else {
        return Err(InsilicoError::mismatch("array `sta`", "none", "one over space and time"));
    };
    let stas = array.values.view().into_dimensionality::<ndarray::Ix4>();
    let stas = stas.map_err(|e| InsilicoError::mismatch("array `sta`", e, "four axes"))?;
    let (_, n_frames, height, width) = stas.dim();
    let at_a_time = (BYTES_AT_A_TIME / (12 * n_frames * height * width)).max(1);
    let mut both = Vec::new();
    let mut place = 0;
    while place < found.neurons.len() {
        let first = found.neurons[place];
        let end = (first + at_a_time).min(session.info.n_neurons);
        let feature = (StimulusFeature::Intensity, first..end);
        let averages = response_triggered_average(session, tier, n_frames, feature, cancel)?;
        while let Some(&neuron) = found.neurons.get(place).filter(|&&neuron| neuron < end) {
            // The twin's have frames in the order of time.
            let recorded = blurred(averages.slice(s![neuron - first, ..;-1, .., ..]));
            let twin = blurred(stas.slice(s![place, .., .., ..]));
            let (recorded, twin) = (recorded.view(), twin.view());
            let of_twin = measure(twin, twin, false_alarms);
            both.push((measure(recorded, twin, false_alarms), of_twin));
            place += 1;
        }
    }
    add(found, &both);
    Ok(())
}

fn add(found: &mut Experiment, both: &[(Recorded, Recorded)]) {
    let distance = |(a, b): &(Recorded, Recorded)| (a.x - b.x).hypot(a.y - b.y);
    let mut column =
        |name: &str, unit: &str, about: &str, of: &dyn Fn(&(Recorded, Recorded)) -> f64| {
            found.column(name, unit, about, both.iter().map(of));
        };
    let about = "Column of the centre of the recording's own average stimulus before responses.";
    column("recorded_sta_x", "px", about, &|(recorded, _)| recorded.x);
    let about = "Row of the centre of the recording's own average stimulus before responses.";
    column("recorded_sta_y", "px", about, &|(recorded, _)| recorded.y);
    let about = "1 where light at its highest pixel excites, -1 where dark does.";
    column("recorded_sta_sign", "", about, &|(recorded, _)| recorded.sign);
    let about = "Its largest absolute value over its noise.";
    column("recorded_sta_peak_z", "", about, &|(recorded, _)| recorded.peak_z);
    let about = "1 where that exceeds what chance gives in the share `false_alarms` of neurons.";
    column("is_recorded_sta_significant", "", about, &|(recorded, _)| {
        f64::from(u8::from(recorded.is_significant))
    });
    let about = "Distance of its centre from that of the twin's average, taken in the same way.";
    column("recorded_distance", "px", about, &distance);
    let about = "1 where it has the sign of the twin's average, 0 where not.";
    column("is_recorded_sign_same", "", about, &|(recorded, twin)| {
        f64::from(u8::from(recorded.sign == twin.sign))
    });
    let about = "Correlation of both averages over frames and pixels around the recording's.";
    column("recorded_agreement", "", about, &|(recorded, _)| recorded.agreement);
    let significant: Vec<_> = both.iter().filter(|(recorded, _)| recorded.is_significant).collect();
    let share = |holds: &dyn Fn(&(Recorded, Recorded)) -> bool| {
        significant.iter().filter(|both| holds(both)).count() as f64 / significant.len() as f64
    };
    let within = share(&|both| distance(both) <= 1.0);
    let same = share(&|(recorded, twin)| recorded.sign == twin.sign);
    let summary = &mut found.summary;
    summary.insert("n_significant_recorded_stas".into(), significant.len() as f64);
    if !significant.is_empty() {
        summary.insert("share_centres_within_1px_of_recorded".into(), within);
        summary.insert("share_signs_as_recorded".into(), same);
    }
}

/// Every frame blurred.
fn blurred(average: ArrayView3<'_, f32>) -> Array3<f32> {
    let (blur, width, mut scratch) = (GaussianBlur::new(BLUR_PX), average.dim().2, Vec::new());
    let mut found = Array3::zeros(average.dim());
    for (frame, mut there) in average.outer_iter().zip(found.outer_iter_mut()) {
        let mut values: Vec<f32> = frame.iter().copied().collect();
        blur.apply(&mut values, width, &mut scratch);
        there.iter_mut().zip(values).for_each(|(there, value)| *there = value);
    }
    found
}

/// Measure an average `[frame, row, column]`, and compare it with another one.
fn measure(average: ArrayView3<'_, f32>, twin: ArrayView3<'_, f32>, false_alarms: f64) -> Recorded {
    let mut sizes: Vec<f32> = average.iter().map(|value| value.abs()).collect();
    let middle = sizes.len() / 2;
    let (_, median, _) = sizes.select_nth_unstable_by(middle, f32::total_cmp);
    let noise = DEVIATION_OVER_MEDIAN * f64::from(*median);
    let mut peak = ((0, 0, 0), 0.0f32);
    for (place, &value) in average.indexed_iter() {
        if value.abs() > peak.1.abs() {
            peak = (place, value);
        }
    }
    let (_, row, column) = peak.0;
    let temporal = around(average, peak.0);
    let (_, sign) = nearest_lobe(&temporal);
    let spatial = ndarray::Array2::from_shape_fn((average.dim().1, average.dim().2), |(y, x)| {
        let course = average.slice(s![.., y, x]);
        sign * course.iter().zip(&temporal).map(|(&v, t)| f64::from(v) * t).sum::<f64>()
    });
    let top = spatial[[row, column]];
    let threshold = (RELATIVE_HEIGHT * top.abs()).max(HEIGHT_OVER_NOISE * noise);
    let (x, y) = centre_of_cluster(&spatial, [row, column], threshold);
    let peak_z = f64::from(peak.1.abs()) / noise;
    let (rows, columns) = (near(row, average.dim().1), near(column, average.dim().2));
    let flat = |values: ArrayView3<'_, f32>| -> Vec<f64> {
        values.slice(s![.., rows.clone(), columns.clone()]).iter().map(|&v| f64::from(v)).collect()
    };
    Recorded {
        x,
        y,
        sign: top.signum(),
        peak_z,
        is_significant: peak_z > bound(average.len() as f64, false_alarms),
        agreement: super::field::correlation(&flat(average), &flat(twin)),
    }
}

/// Pixels up to 5 from one, on the screen.
fn near(pixel: usize, length: usize) -> std::ops::Range<usize> {
    pixel.saturating_sub(5)..(pixel + 6).min(length)
}

/// The course over time, of norm 1, of the pixels around a peak, each weighted by its value in the peak's
/// frame.
fn around(average: ArrayView3<'_, f32>, (frame, row, column): (usize, usize, usize)) -> Vec<f64> {
    let (n_frames, height, width) = average.dim();
    let mut course = vec![0.0; n_frames];
    for y in row.saturating_sub(1)..(row + 2).min(height) {
        for x in column.saturating_sub(1)..(column + 2).min(width) {
            let weight = f64::from(average[[frame, y, x]]);
            let values = average.slice(s![.., y, x]);
            course.iter_mut().zip(values).for_each(|(sum, &v)| *sum += weight * f64::from(v));
        }
    }
    let norm = course.iter().map(|v| v * v).sum::<f64>().sqrt();
    course.iter_mut().for_each(|value| *value /= norm);
    course
}

/// The centre of energy, x and y, of pixels above a threshold that hang together with `start`.
fn centre_of_cluster(
    spatial: &ndarray::Array2<f64>,
    start: [usize; 2],
    threshold: f64,
) -> (f64, f64) {
    let (height, width) = spatial.dim();
    let mut seen = vec![false; height * width];
    let mut open = vec![start];
    seen[start[0] * width + start[1]] = true;
    let [mut weight, mut x, mut y] = [0.0; 3];
    while let Some([row, column]) = open.pop() {
        let energy = spatial[[row, column]].powi(2);
        weight += energy;
        x += energy * column as f64;
        y += energy * row as f64;
        for r in row.saturating_sub(1)..(row + 2).min(height) {
            for c in column.saturating_sub(1)..(column + 2).min(width) {
                let place = r * width + c;
                if !seen[place] && spatial[[r, c]].abs() >= threshold {
                    seen[place] = true;
                    open.push([r, c]);
                }
            }
        }
    }
    (x / weight, y / weight)
}

#[cfg(test)]
mod tests {
    use striate_base::Streams;

    use super::*;

    /// A spot on noise of deviation 1.
    fn average(height: f32, [x, y]: [f32; 2]) -> Array3<f32> {
        let mut random = Streams::new(3).stream("noise");
        Array3::from_shape_fn((8, 30, 34), |(frame, row, column)| {
            let square = (column as f32 - x).powi(2) + (row as f32 - y).powi(2);
            let over_time = [0.0, 0.0, 0.0, -0.4, -0.2, 0.6, 1.0, 0.3][frame];
            height * over_time * (-square / 4.5).exp() + random.normal() as f32
        })
    }

    #[test]
    fn a_spot_in_noise_is_found_where_it_is() {
        let dark = blurred(average(-8.0, [20.3, 11.6]).view());
        let bright = blurred(average(8.0, [20.3, 11.6]).view());
        let found = measure(dark.view(), bright.view(), 0.01);
        assert!(found.is_significant && found.sign == -1.0, "{}", found.peak_z);
        assert!((found.x - 20.3).hypot(found.y - 11.6) < 0.5, "{} {}", found.x, found.y);
        assert_eq!(measure(bright.view(), dark.view(), 0.01).sign, 1.0);
        // The noise is the same, the spot is not.
        assert!(found.agreement < 0.0, "{}", found.agreement);
    }

    #[test]
    fn noise_alone_is_not_significant() {
        let noise = blurred(average(0.0, [20.3, 11.6]).view());
        let found = measure(noise.view(), noise.view(), 0.01);
        assert!(!found.is_significant && found.peak_z > 3.0, "{}", found.peak_z);
    }
}
