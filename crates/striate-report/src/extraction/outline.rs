//! The border of a footprint.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::data::Footprint;

/// Directions clockwise (rows grow downwards): right, down, left, up, as `(y, x)`.
const STEPS: [(i64, i64); 4] = [(0, 1), (1, 0), (0, -1), (-1, 0)];

/// The border of the pixels whose weight is at least `level` times the largest, as an SVG path along pixel edges:
/// pixel `(y, x)` reaches from `(x, y)` to `(x + 1, y + 1)`. Clockwise around pixels, counter-clockwise around
/// holes; pixels that touch at a corner only have borders of their own. `width` is that of the image in pixels.
///
/// ```
/// use striate_report::extraction::{Footprint, outline};
///
/// // Rows 1 and 2, columns 3 to 5 of an image 10 pixels wide, and a pixel too weak to count.
/// let pixels = vec![13, 14, 15, 23, 24, 25, 33];
/// let cell = Footprint { pixels, weights: vec![1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.1] };
/// assert_eq!(outline(&cell, 10, 0.2), "M3 1h3v2h-3z");
/// ```
pub fn outline(footprint: &Footprint, width: usize, level: f64) -> String {
    let mut edges = edges(&mask(footprint, width, level));
    let mut path = String::new();
    while let Some((&start, _)) = edges.first_key_value() {
        let _ = write!(path, "M{} {}", start.1, start.0);
        write_loop(&mut path, &mut edges, start);
    }
    path
}

type Point = (i64, i64);

fn mask(footprint: &Footprint, width: usize, level: f64) -> BTreeSet<Point> {
    let pairs = || footprint.pixels.iter().zip(&footprint.weights).filter(|(_, w)| **w > 0.0);
    let largest = pairs().map(|(_, &weight)| weight).fold(0.0, f32::max);
    let least = level * f64::from(largest);
    let inside = pairs().filter(|(_, weight)| f64::from(**weight) >= least);
    let width = width.max(1) as i64;
    inside.map(|(&pixel, _)| (i64::from(pixel) / width, i64::from(pixel) % width)).collect()
}

/// Edges between inside and outside by where they start, inside on their right.
fn edges(mask: &BTreeSet<Point>) -> BTreeMap<Point, Vec<usize>> {
    let mut edges: BTreeMap<Point, Vec<usize>> = BTreeMap::new();
    for &(y, x) in mask {
        // The neighbour across the edge, where the edge starts, its direction.
        let sides = [
            ((y - 1, x), (y, x), 0),
            ((y, x + 1), (y, x + 1), 1),
            ((y + 1, x), (y + 1, x + 1), 2),
            ((y, x - 1), (y + 1, x), 3),
        ];
        for (neighbour, start, direction) in sides {
            if !mask.contains(&neighbour) {
                edges.entry(start).or_default().push(direction);
            }
        }
    }
    edges
}

/// Take one closed border out of `edges`, straight runs as one stroke.
fn write_loop(path: &mut String, edges: &mut BTreeMap<Point, Vec<usize>>, start: Point) {
    let (mut at, mut run, mut heading) = (start, 0, None);
    while let Some(direction) = take(edges, at, heading) {
        if heading.is_some_and(|heading| heading != direction) {
            write_run(path, heading.unwrap_or(direction), run);
            run = 0;
        }
        heading = Some(direction);
        run += 1;
        at = (at.0 + STEPS[direction].0, at.1 + STEPS[direction].1);
        if at == start {
            break;
        }
    }
    // The last run is what closing draws: a loop starts at its uppermost left corner.
    path.push('z');
}

/// The edge to follow from `at`: where two borders touch, the one to the right.
fn take(
    edges: &mut BTreeMap<Point, Vec<usize>>,
    at: Point,
    heading: Option<usize>,
) -> Option<usize> {
    let ways = edges.get_mut(&at)?;
    let right = heading.map(|heading| (heading + 1) % 4);
    let place = ways.iter().position(|&way| Some(way) == right).unwrap_or(0);
    let direction = ways.swap_remove(place);
    if ways.is_empty() {
        edges.remove(&at);
    }
    Some(direction)
}

fn write_run(path: &mut String, direction: usize, length: i64) {
    let (y, x) = STEPS[direction];
    let _ = if y == 0 { write!(path, "h{}", x * length) } else { write!(path, "v{}", y * length) };
}
