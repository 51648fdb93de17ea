//! Cells in a part of the movie: the strongest first, each taken away before the next is looked for.

use super::config::DemixingConfig;
use super::patch::{Patch, smoothed};
use crate::Footprint;

/// What rises above this many times the noise counts.
pub(crate) const THRESHOLD: f32 = 3.0;

/// Refinements of a footprint and its trace in turn.
const REFINEMENTS: usize = 4;

/// Least and largest area of a cell, in areas of a round one.
const AREAS: [f64; 2] = [0.2, 2.5];

/// Levels at which a footprint is cut off, one after the other, while it is too large.
const LEVELS: usize = 5;

/// Looks at most at so many candidates per round cell's area of the patch.
const CANDIDATES_PER_AREA: f64 = 1.5;

/// A cell that was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// In noise units, largest weight 1.
    pub(crate) footprint: Footprint,
    /// Its pixel of largest strength in the image.
    pub(crate) peak: usize,
}

/// Find cells in a patch, of an image `width` wide.
pub(crate) fn detect(
    patch: &mut Patch,
    config: &DemixingConfig,
    kernel: &[f32],
    width: usize,
) -> Vec<Found> {
    Search::new(patch, config, kernel).run(width)
}

/// Pixels of the patch with weights.
type Mask = Vec<(usize, f32)>;

struct Search<'a> {
    patch: &'a mut Patch,
    config: &'a DemixingConfig,
    kernel: &'a [f32],
    /// Noise of the smoothed course of each pixel.
    noise: Vec<f32>,
    /// See [`DemixingConfig::min_strength`]; negative where nothing is looked for any more.
    strength: Vec<f64>,
}

impl<'a> Search<'a> {
    fn new(patch: &'a mut Patch, config: &'a DemixingConfig, kernel: &'a [f32]) -> Self {
        let mut noise: Vec<f32> =
            (0..patch.n_pixels()).map(|i| noise_of(patch.smooth_course(i))).collect();
        let floor = floor_of(&noise);
        noise.iter_mut().for_each(|noise| *noise = noise.max(floor));
        let mut search = Self { patch, config, kernel, noise, strength: Vec::new() };
        search.strength = (0..search.patch.n_pixels()).map(|i| search.strength_of(i)).collect();
        search
    }

    fn run(mut self, width: usize) -> Vec<Found> {
        let areas = self.patch.n_pixels() as f64 / self.config.area_px();
        let n_candidates = (CANDIDATES_PER_AREA * areas).ceil() as usize;
        let mut found = Vec::new();
        for _ in 0..n_candidates {
            let Some(peak) = self.strongest() else { break };
            match self.cell_at(peak) {
                Some((mask, trace)) => {
                    self.take_away(&mask, &trace);
                    found.push(self.to_image(peak, &mask, width));
                }
                None => self.forget(peak),
            }
        }
        found
    }

    fn strength_of(&self, pixel: usize) -> f64 {
        let threshold = THRESHOLD * self.noise[pixel];
        let excess = |value: &f32| f64::from((value - threshold).max(0.0)).powi(2);
        let sum: f64 = self.patch.smooth_course(pixel).iter().map(excess).sum();
        sum.sqrt() / f64::from(self.noise[pixel])
    }

    fn strongest(&self) -> Option<usize> {
        let (peak, &strength) =
            self.strength.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        (strength >= self.config.min_strength).then_some(peak)
    }

    /// The cell around a peak: pixels with weights, the largest 1, and its course.
    fn cell_at(&self, peak: usize) -> Option<(Mask, Vec<f32>)> {
        let window = self.window(peak, 1.5 * self.config.diameter_px);
        let mut trace = self.patch.smooth_course(peak).to_vec();
        let mut mask = Vec::new();
        for _ in 0..REFINEMENTS {
            let weights = self.regress(&window, &trace);
            mask = self.bounded(peak, &window, &weights)?;
            trace = self.course_of(&mask);
        }
        Some((mask, trace))
    }

    /// Pixels within a distance.
    fn window(&self, peak: usize, reach: f64) -> Vec<usize> {
        let width = self.patch.place.columns.len();
        let height = self.patch.place.rows.len();
        let (y, x, r) = (peak / width, peak % width, reach.ceil() as usize);
        let rows = y.saturating_sub(r)..(y + r + 1).min(height);
        let columns = x.saturating_sub(r)..(x + r + 1).min(width);
        let near = |&(v, u): &(usize, usize)| {
            let distance = (v as f64 - y as f64).powi(2) + (u as f64 - x as f64).powi(2);
            distance <= reach * reach
        };
        let all = rows.flat_map(|v| columns.clone().map(move |u| (v, u)));
        all.filter(near).map(|(v, u)| v * width + u).collect()
    }

    /// Weight of every pixel of the window: its course along what the trace rises above its noise.
    fn regress(&self, window: &[usize], trace: &[f32]) -> Vec<f32> {
        let threshold = THRESHOLD * noise_of(trace);
        let excess: Vec<(usize, f32)> = trace
            .iter()
            .enumerate()
            .filter(|(_, value)| **value > threshold)
            .map(|(t, &value)| (t, value))
            .collect();
        let norm: f32 = excess.iter().map(|(_, w)| w * w).sum();
        let along = |&pixel: &usize| {
            let course = self.patch.course(pixel);
            excess.iter().map(|&(t, w)| w * course[t]).sum::<f32>() / norm.max(f32::MIN_POSITIVE)
        };
        window.iter().map(along).collect()
    }

    /// The pixels that hang together with the peak, cut off at the lowest level at which they are no more than a cell
    /// has: cells that touch are one at a low level, and two at a higher one.
    fn bounded(&self, peak: usize, window: &[usize], weights: &[f32]) -> Option<Mask> {
        let lowest = self.config.footprint_level;
        let levels = (0..LEVELS).map(|i| lowest + (1.0 - lowest) * i as f64 / LEVELS as f64);
        for level in levels {
            let mask = self.connected(peak, window, weights, level as f32);
            let area = mask.len() as f64 / self.config.area_px();
            if area < AREAS[0] {
                return None;
            }
            if area <= AREAS[1] {
                return Some(mask);
            }
        }
        None
    }

    /// Pixels above a share of the largest weight that hang together with the peak.
    fn connected(&self, peak: usize, window: &[usize], weights: &[f32], level: f32) -> Mask {
        let largest = weights.iter().copied().fold(0.0, f32::max);
        let level = level * largest;
        let above = |pixel: usize| {
            let i = window.binary_search(&pixel).ok()?;
            (weights[i] > level).then_some(weights[i] / largest)
        };
        let shape = [self.patch.place.rows.len(), self.patch.place.columns.len()];
        let mut mask: Mask = flood(peak, shape, |pixel| above(pixel).is_some())
            .into_iter()
            .filter_map(|pixel| Some((pixel, above(pixel)?)))
            .collect();
        mask.sort_unstable_by_key(|&(pixel, _)| pixel);
        mask
    }

    fn course_of(&self, mask: &[(usize, f32)]) -> Vec<f32> {
        let norm: f32 = mask.iter().map(|(_, w)| w * w).sum();
        let mut course = vec![0.0; self.patch.n_bins];
        for &(pixel, w) in mask {
            let w = w / norm.max(f32::MIN_POSITIVE);
            course.iter_mut().zip(self.patch.course(pixel)).for_each(|(sum, y)| *sum += w * y);
        }
        course
    }

    fn take_away(&mut self, mask: &[(usize, f32)], trace: &[f32]) {
        let n = self.patch.n_bins;
        let mut image = vec![0.0; self.patch.n_pixels()];
        mask.iter().for_each(|&(pixel, w)| image[pixel] = w);
        let smooth = smoothed(&image, self.patch.place.columns.len(), self.kernel);
        for (pixel, (&w, &smooth)) in image.iter().zip(&smooth).enumerate() {
            let courses = [(w, &mut self.patch.values), (smooth, &mut self.patch.smooth)];
            for (w, values) in courses.into_iter().filter(|(w, _)| *w != 0.0) {
                let course = values[pixel * n..(pixel + 1) * n].iter_mut();
                course.zip(trace).for_each(|(value, c)| *value -= w * c);
            }
        }
        for (pixel, &smooth) in smooth.iter().enumerate() {
            if smooth > 0.0 && self.strength[pixel] >= 0.0 {
                self.strength[pixel] = self.strength_of(pixel);
            }
        }
    }

    /// Nothing is looked for around a peak any more.
    fn forget(&mut self, peak: usize) {
        for pixel in self.window(peak, 0.25 * self.config.diameter_px) {
            self.strength[pixel] = -1.0;
        }
    }

    fn to_image(&self, peak: usize, mask: &[(usize, f32)], width: usize) -> Found {
        let columns = self.patch.place.columns.len();
        let place = |pixel: usize| {
            let (y, x) = (pixel / columns, pixel % columns);
            (self.patch.place.rows.start + y) * width + self.patch.place.columns.start + x
        };
        let (pixels, weights) = mask.iter().map(|&(pixel, w)| (place(pixel) as u32, w)).unzip();
        Found { footprint: Footprint { pixels, weights }, peak: place(peak) }
    }
}

/// Pixels that hang together with `start` (by edges) and belong.
pub(crate) fn flood(
    start: usize,
    [height, width]: [usize; 2],
    belongs: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let mut found = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(pixel) = waiting.pop() {
        if !belongs(pixel) || !seen.insert(pixel) {
            continue;
        }
        found.push(pixel);
        let (y, x) = (pixel / width, pixel % width);
        if y > 0 {
            waiting.push(pixel - width);
        }
        if y + 1 < height {
            waiting.push(pixel + width);
        }
        if x > 0 {
            waiting.push(pixel - 1);
        }
        if x + 1 < width {
            waiting.push(pixel + 1);
        }
    }
    found
}

/// Noise of a course: from differences of neighbours, which slow signals hardly add to.
pub(crate) fn noise_of(course: &[f32]) -> f32 {
    if course.len() < 3 {
        return 0.0;
    }
    let mut differences: Vec<f32> =
        course.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    let middle = differences.len() / 2;
    let (_, &mut median, _) = differences.select_nth_unstable_by(middle, f32::total_cmp);
    // The median of |x| is 0.6745 standard deviations of a normal x, and a difference has sqrt 2 of them.
    median / (0.6745 * std::f32::consts::SQRT_2)
}

/// Noise below which a pixel counts as having this much: a fifth of the patch has less.
fn floor_of(noise: &[f32]) -> f32 {
    let mut positive: Vec<f32> = noise.iter().copied().filter(|&noise| noise > 0.0).collect();
    if positive.is_empty() {
        return f32::MIN_POSITIVE;
    }
    let at = positive.len() / 5;
    *positive.select_nth_unstable_by(at, f32::total_cmp).1
}
