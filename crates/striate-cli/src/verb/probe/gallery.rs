//! Pictures of many neurons or channels in a grid, with their numbers, scale and colours.

use std::path::Path;

use ndarray::{ArrayD, ArrayView2, ArrayView3, Axis};
use striate::report::figure::colour::INK;
use striate::report::figure::{ColourMap, Plot, data_uri_image};

use super::sheet::{HEADING, MARGIN, NOTE, SMALL, Sheet};
use crate::failure::Failure;

/// Widths of a picture alone and of one of several, about; and of the sheet.
const PICTURE_WIDTHS: [f64; 2] = [96.0, 66.0];
const SHEET_WIDTH: f64 = 1320.0;

const GAP: f64 = 3.0;
const CELL_GAP: f64 = 20.0;

/// Size of a plot beside pictures.
const PLOT: [f64; 2] = [150.0, 132.0];

/// Colours and what they stand for.
#[derive(Debug, Clone)]
pub(super) struct Colours {
    pub(super) map: ColourMap,
    /// What the ends of the bar and its middle say.
    pub(super) ends: [String; 3],
    /// Unit, and whether the scale is common.
    pub(super) about: String,
}

/// Pictures beside each other.
#[derive(Debug, Clone)]
pub(super) struct Strip<'a> {
    /// What stands above.
    pub(super) label: String,
    /// Each with what stands below it.
    pub(super) pictures: Vec<(ArrayView2<'a, f32>, String)>,
    /// Values at the ends of the colours.
    pub(super) range: [f32; 2],
}

/// All of one neuron or channel.
#[derive(Debug, Clone)]
pub(super) struct Cell<'a> {
    pub(super) title: String,
    /// Key numbers.
    pub(super) lines: Vec<String>,
    pub(super) strips: Vec<Strip<'a>>,
    /// A curve to their right.
    pub(super) plot: Option<Plot>,
}

/// A sheet of cells.
#[derive(Debug, Clone)]
pub(super) struct Gallery<'a> {
    pub(super) title: String,
    pub(super) notes: Vec<String>,
    pub(super) colours: Colours,
    pub(super) cells: Vec<Cell<'a>>,
}

impl Gallery<'_> {
    /// Write `PATH.svg`.
    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let mut sheet = Sheet::new(&self.title, &self.notes);
        let strips: Vec<&Strip<'_>> = self.cells.iter().flat_map(|cell| &cell.strips).collect();
        let pictures = strips.iter().flat_map(|strip| &strip.pictures);
        let width = pictures.map(|(picture, _)| picture.ncols()).max().unwrap_or(1).max(1);
        let are_several = strips.iter().any(|strip| strip.pictures.len() > 1);
        let scale = (PICTURE_WIDTHS[usize::from(are_several)] / width as f64).floor().max(1.0);
        // Plots stand below each other.
        let left = strips.iter().map(|strip| strip.size(scale)[0]).fold(0.0, f64::max);
        self.legend(&mut sheet, scale, width);
        let sizes: Vec<[f64; 2]> = self.cells.iter().map(|cell| cell.size(scale, left)).collect();
        let side = |axis: usize| sizes.iter().map(|size| size[axis]).fold(0.0, f64::max);
        let [cell_width, cell_height] = [0, 1].map(|axis| side(axis) + CELL_GAP);
        let n_columns = ((SHEET_WIDTH / cell_width) as usize).clamp(1, self.cells.len().max(1));
        let top = sheet.bottom() + CELL_GAP;
        for (place, cell) in self.cells.iter().enumerate() {
            let (row, column) = (place / n_columns, place % n_columns);
            let at = [MARGIN + column as f64 * cell_width, top + row as f64 * cell_height];
            cell.draw(&mut sheet, at, (scale, left), self.colours.map);
        }
        sheet.write(path)
    }

    /// The bar of colours, and a bar of some pixels' length.
    fn legend(&self, sheet: &mut Sheet, scale: f64, width: usize) {
        let [length, height] = [180.0, 9.0];
        let top = sheet.bottom() + 8.0;
        let steps = ndarray::Array2::from_shape_fn((1, 91), |(_, i)| i as f32 / 90.0);
        let uri = data_uri_image(steps.view(), self.colours.map, [0.0, 1.0], 1);
        sheet.image([MARGIN, top], [length, height], &uri);
        for (place, text) in self.colours.ends.iter().enumerate() {
            let shift = SMALL.width(text) * 0.5 * place as f64;
            let x = MARGIN + 0.5 * length * place as f64 - shift;
            sheet.text([x, top + height + 2.0], text, SMALL);
        }
        sheet.text([MARGIN + length + 14.0, top - 3.0], &self.colours.about, NOTE);
        let n_pixels = if width > 20 { 10 } else { 5 };
        let x = MARGIN + length + 34.0 + NOTE.width(&self.colours.about);
        let bar = scale * f64::from(n_pixels);
        sheet.bar([x, top + 3.0], [bar, 3.0], INK);
        sheet.text([x + bar + 6.0, top - 3.0], &format!("{n_pixels} px"), NOTE);
    }
}

impl Strip<'_> {
    fn size(&self, scale: f64) -> [f64; 2] {
        let width: f64 = self.pictures.iter().map(|(of, _)| of.ncols() as f64 * scale + GAP).sum();
        let width = width.max(SMALL.width(&self.label));
        let height = self.pictures.iter().map(|(of, _)| of.nrows() as f64 * scale);
        let below = if self.has_labels() { SMALL.line() } else { 0.0 };
        [width, self.above() + height.fold(0.0, f64::max) + below + GAP]
    }

    fn above(&self) -> f64 {
        if self.label.is_empty() { 0.0 } else { SMALL.line() }
    }

    fn has_labels(&self) -> bool {
        self.pictures.iter().any(|(_, label)| !label.is_empty())
    }

    fn draw(&self, sheet: &mut Sheet, at: [f64; 2], scale: f64, map: ColourMap) {
        if !self.label.is_empty() {
            sheet.text(at, &self.label, SMALL);
        }
        let mut x = at[0];
        for (picture, label) in &self.pictures {
            let size = [picture.ncols(), picture.nrows()].map(|n| n as f64 * scale);
            let top = at[1] + self.above();
            let uri = data_uri_image(*picture, map, self.range, scale as usize);
            sheet.image([x, top], size, &uri);
            if !label.is_empty() {
                let shift = 0.5 * (size[0] - SMALL.width(label)).max(0.0);
                sheet.text([x + shift, top + size[1] + 1.0], label, SMALL);
            }
            x += size[0] + GAP;
        }
    }
}

impl Cell<'_> {
    /// Width and height, where plots begin at `left`.
    fn size(&self, scale: f64, left: f64) -> [f64; 2] {
        let lines = self.lines.iter().map(|line| SMALL.width(line));
        let strips: Vec<[f64; 2]> = self.strips.iter().map(|strip| strip.size(scale)).collect();
        let plot = self.plot.as_ref().map_or([0.0; 2], |_| PLOT);
        let width = lines.fold(HEADING.width(&self.title), f64::max).max(left + plot[0]);
        let height = strips.iter().map(|size| size[1]).sum::<f64>().max(plot[1]);
        [width, self.above() + height]
    }

    fn above(&self) -> f64 {
        HEADING.line() + self.lines.len() as f64 * SMALL.line() + 2.0
    }

    fn draw(&self, sheet: &mut Sheet, [x, y]: [f64; 2], (scale, left): (f64, f64), map: ColourMap) {
        sheet.text([x, y], &self.title, HEADING);
        for (i, line) in self.lines.iter().enumerate() {
            sheet.text([x, y + HEADING.line() + i as f64 * SMALL.line()], line, SMALL);
        }
        let mut top = y + self.above();
        for strip in &self.strips {
            strip.draw(sheet, [x, top], scale, map);
            top += strip.size(scale)[1];
        }
        if let Some(plot) = &self.plot {
            sheet.plot([x + left, y + self.above()], PLOT, plot.clone());
        }
    }
}

/// Grey levels common to all of some stimuli, around their mean: the colours and their ends.
pub(super) fn luminance(stimuli: &ArrayD<f32>) -> (Colours, [f32; 2]) {
    let finite = stimuli.iter().filter(|value| value.is_finite());
    let [low, high] = finite.fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], &value| {
        [low.min(value), high.max(value)]
    });
    let range = if low < high { [low, high] } else { [0.0, 1.0] };
    let said = |value: f32| format!("{value:.2}").replace('-', "\u{2212}");
    let colours = Colours {
        map: ColourMap::Grey,
        ends: [said(range[0]), said(0.5 * (range[0] + range[1])), said(range[1])],
        about: "luminance on the scale of the recording's stimulus; the same for all pictures"
            .into(),
    };
    (colours, range)
}

/// Frames of a clip `[frame, row, column]` beside each other, with their numbers where there are several.
pub(super) fn strip_of_frames<'a>(
    clip: &ArrayView3<'a, f32>,
    frames: &[usize],
    range: [f32; 2],
) -> Strip<'a> {
    let picture = |&frame: &usize| {
        let label = if frames.len() > 1 { format!("{frame}") } else { String::new() };
        ((*clip).index_axis_move(Axis(0), frame), label)
    };
    Strip { label: String::new(), pictures: frames.iter().map(picture).collect(), range }
}
