//! Where a filter lies, how large it is, and whether light or dark excites.

use super::field::Field;
use super::separated::Separated;
use crate::jackknife::{Error, Quantity};

/// Height, relative to the highest, from which pixels count.
const RELATIVE_HEIGHT: f64 = 0.3;

/// Height over the noise from which pixels count.
const HEIGHT_OVER_NOISE: f64 = 3.5;

/// What [`shape`] tells, in its order.
pub(super) fn quantities(of: &str) -> Vec<Quantity> {
    let named = |name: &str, unit, about| Quantity::new(format!("{of}_{name}"), unit, about);
    vec![
        named("x", "px", "Column of the field's centre of energy."),
        named("y", "px", "Row of the field's centre of energy."),
        named(
            "sign",
            "",
            "1 where light at the field's highest pixel excites, -1 where dark does.",
        )
        .with(Error::Untold),
        named(
            "size",
            "px",
            "Standard deviation of a round Gaussian with as much spread of energy.",
        ),
        named("peak_lag", "frame", "Frames from the lobe over time nearest to the response to it."),
        named("amplitude", "response", "The spatial part at its highest pixel."),
        named("separability", "", "Share of the filter's energy in one picture times one course."),
    ]
}

/// The shape of a filter `[frame, row, column]` in the window of `field`, pixels of which are known up to
/// `noise`.
pub(super) fn shape(field: &Field, filter: &[f64], noise: f64) -> Vec<f64> {
    let separated = Separated::new(filter, field.n_frames);
    let spatial = &separated.spatial;
    let highest = spatial.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs()));
    let highest = highest.unwrap_or(0.0);
    let threshold = (RELATIVE_HEIGHT * highest.abs()).max(HEIGHT_OVER_NOISE * noise);
    let [mut weight, mut x, mut y, mut squares] = [0.0; 4];
    for (place, value) in spatial.iter().enumerate().filter(|(_, v)| v.abs() >= threshold) {
        let energy = value * value;
        let row = (place / field.size[1] + field.origin[0]) as f64;
        let column = (place % field.size[1] + field.origin[1]) as f64;
        weight += energy;
        x += energy * column;
        y += energy * row;
        squares += energy * (row * row + column * column);
    }
    let (x, y) = (x / weight, y / weight);
    // Squared, a Gaussian of standard deviation s has a variance of s^2 / 2 along either axis.
    let size = (squares / weight - x * x - y * y).max(0.0).sqrt();
    vec![x, y, highest.signum(), size, separated.lag, highest, separated.share]
}
