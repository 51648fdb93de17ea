//! The picture of `striate inspect`: example frames of the stimulus and what the neurons did.

mod movie;

use ndarray::{Array2, ArrayView1};

use crate::figure::colour::{CEILING, INK, LIGHT};
use crate::figure::pixel::{CHARACTER_SIZE, PixelCanvas};
use crate::figure::{Colour, ColourMap};
pub(crate) use movie::stretch;
pub use movie::{MoviePicture, movie_picture};

const WIDTH: usize = 1120;
const MARGIN: usize = 28;
const GAP: usize = 14;
/// Rows and columns of the response raster beyond which neighbours are thinned or averaged.
const MAX_RASTER: [usize; 2] = [360, WIDTH - 2 * MARGIN - 40];

/// What the picture shows of one session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SessionPicture {
    /// The session and its facts, one line each.
    pub lines: Vec<String>,
    /// Example frames of the stimulus, each with what it is.
    pub frames: Vec<ExampleFrame>,
    /// Responses, shape `[neuron, column]`; a column is a frame, or an image of an image set.
    pub responses: Array2<f32>,
    /// What a column is and how long, as `("time (s)", 1/30)`.
    pub column: (String, f64),
}

/// One frame of a stimulus.
#[derive(Debug, Clone, PartialEq)]
pub struct ExampleFrame {
    /// What it is, in a word or two.
    pub label: String,
    /// Grey values, shape `[height, width]`; stretched over their own range.
    pub pixels: Array2<f32>,
}

/// Paint the picture.
///
/// ```
/// use ndarray::Array2;
/// use striate_report::{ExampleFrame, SessionPicture, session_picture};
///
/// let picture = session_picture(&SessionPicture {
///     lines: vec!["mouse 1".into()],
///     frames: vec![ExampleFrame { label: "frame 0".into(), pixels: Array2::zeros((36, 64)) }],
///     responses: Array2::ones((10, 300)),
///     column: ("time (s)".into(), 1.0 / 30.0),
/// });
/// assert_eq!(picture.pixels().len(), picture.width() * picture.height() * 3);
/// ```
pub fn session_picture(session: &SessionPicture) -> PixelCanvas {
    let (raster, neurons_per_row) = thinned(&session.responses);
    let row_height = (240 / raster.nrows().max(1)).clamp(1, 12);
    let column_width = (MAX_RASTER[1] / raster.ncols().max(1)).clamp(1, 24);
    let frames = FrameRow::of(&session.frames);
    let heading = MARGIN + session.lines.len() * 2 * (CHARACTER_SIZE + 2);
    let raster_top = heading + frames.height() + GAP + 3 * CHARACTER_SIZE;
    let height = raster_top + raster.nrows() * row_height + 5 * CHARACTER_SIZE + MARGIN;
    let mut canvas = PixelCanvas::new(WIDTH, height, Colour([255; 3]));
    for (i, line) in session.lines.iter().enumerate() {
        let colour = if i == 0 { INK } else { CEILING };
        let scale = if i == 0 { 2 } else { 1 };
        canvas.text([MARGIN, MARGIN / 2 + i * 2 * (CHARACTER_SIZE + 2)], line, scale, colour);
    }
    frames.paint(&mut canvas, &session.frames, heading);
    let area = Raster {
        left: MARGIN + 40,
        top: raster_top,
        row_height,
        column_width,
        neurons_per_row,
        columns_per_cell: session.responses.ncols().div_ceil(raster.ncols().max(1)),
    };
    area.paint(&mut canvas, &raster, session);
    canvas
}

/// How the example frames are laid out in one row.
struct FrameRow {
    scale: usize,
    heights: usize,
}

impl FrameRow {
    fn of(frames: &[ExampleFrame]) -> Self {
        let total: usize = frames.iter().map(|frame| frame.pixels.ncols()).sum();
        let room = WIDTH - 2 * MARGIN - frames.len().saturating_sub(1) * GAP;
        let tallest = frames.iter().map(|frame| frame.pixels.nrows()).max().unwrap_or(0);
        let scale = (room / total.max(1)).min(200 / tallest.max(1)).max(1);
        Self { scale, heights: tallest * scale }
    }

    fn height(&self) -> usize {
        if self.heights == 0 { 0 } else { self.heights + GAP + CHARACTER_SIZE }
    }

    fn paint(&self, canvas: &mut PixelCanvas, frames: &[ExampleFrame], top: usize) {
        let mut left = MARGIN;
        for frame in frames {
            let (height, width) = frame.pixels.dim();
            let (low, high) = range(frame.pixels.iter().copied());
            canvas.picture([left, top], [width, height], self.scale, |row, column| {
                let value = frame.pixels.get([row, column]).copied().unwrap_or(f32::NAN);
                ColourMap::Grey.at(f64::from((value - low) / (high - low)))
            });
            let below = top + height * self.scale + CHARACTER_SIZE / 2;
            canvas.text([left, below], &frame.label, 1, CEILING);
            left += width * self.scale + GAP;
        }
    }
}

/// Where the responses are painted.
struct Raster {
    left: usize,
    top: usize,
    row_height: usize,
    column_width: usize,
    neurons_per_row: usize,
    columns_per_cell: usize,
}

impl Raster {
    fn paint(&self, canvas: &mut PixelCanvas, raster: &Array2<f32>, session: &SessionPicture) {
        let (n_rows, n_columns) = raster.dim();
        if n_rows == 0 || n_columns == 0 {
            canvas.text([self.left, self.top], "no responses to show", 1, CEILING);
            return;
        }
        let title = format!(
            "responses of {} neurons, each from its lowest (white) to its 99th percentile (black)",
            session.responses.nrows()
        );
        canvas.text([self.left, self.top - 2 * CHARACTER_SIZE], &title, 1, CEILING);
        for (row, values) in raster.outer_iter().enumerate() {
            let (low, high) = robust_range(values);
            for (column, value) in values.iter().enumerate() {
                let at = [self.left + column * self.column_width, self.top + row * self.row_height];
                let colour = ColourMap::Ink.at(f64::from((value - low) / (high - low)));
                canvas.fill(at, [self.column_width, self.row_height], colour);
            }
        }
        let size = [n_columns * self.column_width, n_rows * self.row_height];
        canvas.outline([self.left, self.top], size, LIGHT);
        self.label_axes(canvas, size, session);
    }

    fn label_axes(&self, canvas: &mut PixelCanvas, size: [usize; 2], session: &SessionPicture) {
        let last = session.responses.nrows().saturating_sub(1);
        canvas.text([MARGIN, self.top], "0", 1, INK);
        let bottom = self.top + size[1];
        canvas.text([MARGIN, bottom.saturating_sub(CHARACTER_SIZE)], &last.to_string(), 1, INK);
        if self.neurons_per_row > 1 {
            let text = format!("every {}. neuron", self.neurons_per_row);
            canvas.text([self.left, bottom + 3 * CHARACTER_SIZE], &text, 1, CEILING);
        }
        let (name, step) = &session.column;
        let per_pixel = step * self.columns_per_cell as f64 / self.column_width as f64;
        for tenth in 0..=5 {
            let x = size[0] * tenth / 5;
            canvas.fill([self.left + x, bottom], [1, 5], INK);
            let value = x as f64 * per_pixel;
            let text = if *step < 1.0 { format!("{value:.1}") } else { format!("{value:.0}") };
            let shift = text.len() * CHARACTER_SIZE / 2;
            canvas.text([(self.left + x).saturating_sub(shift), bottom + 8], &text, 1, INK);
        }
        let shift = size[0].saturating_sub(name.len() * CHARACTER_SIZE) / 2;
        let at = [self.left + shift, bottom + 20];
        canvas.text(at, name, 1, INK);
    }
}

/// Responses that fit the picture: neurons thinned evenly, neighbouring columns averaged. Also how
/// many neurons one row stands for.
fn thinned(responses: &Array2<f32>) -> (Array2<f32>, usize) {
    let (n_neurons, n_columns) = responses.dim();
    let every = n_neurons.div_ceil(MAX_RASTER[0]).max(1);
    let width = n_columns.div_ceil(MAX_RASTER[1]).max(1);
    let shape = (n_neurons.div_ceil(every), n_columns.div_ceil(width));
    let thin = Array2::from_shape_fn(shape, |(row, cell)| {
        let values = (cell * width..((cell + 1) * width).min(n_columns))
            .filter_map(|column| responses.get([row * every, column]))
            .filter(|value| value.is_finite());
        let (sum, n) = values.fold((0.0f64, 0u32), |(sum, n), &v| (sum + f64::from(v), n + 1));
        (sum / f64::from(n)) as f32
    });
    (thin, every)
}

/// Lowest and highest finite value, never equal.
fn range(values: impl Iterator<Item = f32>) -> (f32, f32) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low < high { (low, high) } else { (low.min(0.0), low.min(0.0) + 1.0) }
}

/// Lowest value and 99th percentile, or [`range`] where they are equal.
fn robust_range(values: ArrayView1<'_, f32>) -> (f32, f32) {
    let mut sorted: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f32::total_cmp);
    let place = (sorted.len().saturating_sub(1) * 99).div_ceil(100);
    match (sorted.first(), sorted.get(place)) {
        (Some(&low), Some(&high)) if low < high => (low, high),
        _ => range(sorted.into_iter()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_recordings_are_thinned_to_fit() {
        let responses = Array2::from_shape_fn((8000, 9000), |(n, t)| (n * t % 7) as f32);
        let (thin, every) = thinned(&responses);
        assert!(thin.nrows() <= MAX_RASTER[0] && thin.ncols() <= MAX_RASTER[1]);
        assert_eq!(every, 8000usize.div_ceil(MAX_RASTER[0]));
        let width = 9000usize.div_ceil(MAX_RASTER[1]);
        let mean: f32 = (0..width).map(|t| responses[[every, t]]).sum::<f32>() / width as f32;
        assert!((thin[[1, 0]] - mean).abs() < 1e-6);
    }

    #[test]
    fn empty_missing_and_constant_data_still_make_a_picture() {
        for responses in
            [Array2::zeros((0, 0)), Array2::from_elem((3, 5), f32::NAN), Array2::ones((1, 1))]
        {
            let frame =
                ExampleFrame { label: "constant".into(), pixels: Array2::from_elem((4, 4), 7.0) };
            let picture = session_picture(&SessionPicture {
                lines: vec!["s".into(), "no more".into()],
                frames: vec![frame],
                responses,
                column: ("image".into(), 1.0),
            });
            assert_eq!(picture.pixels().len(), picture.width() * picture.height() * 3);
        }
        session_picture(&SessionPicture::default());
    }

    #[test]
    fn active_neuron_is_darker_than_silent_neuron() {
        let mut responses = Array2::zeros((2, 10));
        responses.row_mut(0).assign(&ndarray::Array1::from_shape_fn(10, |t| f32::from(t > 4)));
        let picture = session_picture(&SessionPicture { responses, ..SessionPicture::default() });
        let is_ink = |pixel: &[u8]| pixel == INK.0;
        assert!(picture.pixels().chunks(3).filter(|p| is_ink(p)).count() > 5 * 24);
    }
}
