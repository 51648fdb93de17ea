//! The picture of a calcium movie: its summary images side by side.

use ndarray::{Array2, s};

use super::{ExampleFrame, GAP, MARGIN, range};
use crate::figure::colour::{CEILING, INK};
use crate::figure::pixel::{CHARACTER_SIZE, PixelCanvas};
use crate::figure::{Colour, ColourMap};

/// Width that small images are enlarged to fill.
const ROOM: usize = 1400;

/// Widest an image is painted; larger ones are averaged down.
const WIDEST: usize = 1024;

/// Shares of the pixels that are painted black and white.
const CLIPPED: [f64; 2] = [0.005, 0.003];

/// What the picture shows of a movie.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MoviePicture {
    /// The movie and its facts, one line each.
    pub lines: Vec<String>,
    /// Images of one size, each with what it is.
    pub images: Vec<ExampleFrame>,
}

/// Paint the images side by side, each stretched over its own values; pixels that are not numbers
/// are painted in the lowest grey.
///
/// ```
/// use ndarray::Array2;
/// use striate_report::{ExampleFrame, MoviePicture, movie_picture};
///
/// let image = ExampleFrame { label: "mean".into(), pixels: Array2::eye(64) };
/// let picture = movie_picture(&MoviePicture { lines: vec!["movie.tif".into()], images: vec![image] });
/// assert_eq!(picture.pixels().len(), picture.width() * picture.height() * 3);
/// ```
pub fn movie_picture(movie: &MoviePicture) -> PixelCanvas {
    let images: Vec<Array2<f32>> = movie.images.iter().map(|image| fitted(&image.pixels)).collect();
    let gaps = 2 * MARGIN + images.len().saturating_sub(1) * GAP;
    let total: usize = images.iter().map(Array2::ncols).sum();
    let scale = (ROOM.saturating_sub(gaps) / total.max(1)).max(1);
    let tallest = images.iter().map(Array2::nrows).max().unwrap_or(0) * scale;
    let top = MARGIN + movie.lines.len() * 2 * (CHARACTER_SIZE + 2);
    let height = top + tallest + 4 * CHARACTER_SIZE + MARGIN;
    let mut canvas = PixelCanvas::new(ROOM.max(total * scale + gaps), height, Colour([255; 3]));
    for (i, line) in movie.lines.iter().enumerate() {
        let (size, colour) = if i == 0 { (2, INK) } else { (1, CEILING) };
        canvas.text([MARGIN, MARGIN / 2 + i * 2 * (CHARACTER_SIZE + 2)], line, size, colour);
    }
    let mut left = MARGIN;
    for (frame, pixels) in movie.images.iter().zip(&images) {
        let (low, high) = stretch(pixels);
        let size = [pixels.ncols(), pixels.nrows()];
        canvas.picture([left, top], size, scale, |row, column| {
            let value = pixels.get([row, column]).copied().unwrap_or(f32::NAN);
            ColourMap::Grey.at(f64::from(((value - low) / (high - low)).clamp(0.0, 1.0)))
        });
        let below = top + size[1] * scale + CHARACTER_SIZE;
        canvas.text([left, below], &frame.label, 1, INK);
        let values = format!("black {}, white {}", short(low), short(high));
        canvas.text([left, below + 3 * CHARACTER_SIZE / 2], &values, 1, CEILING);
        left += size[0] * scale + GAP;
    }
    canvas
}

/// The image, averaged over squares if it is too wide.
fn fitted(image: &Array2<f32>) -> Array2<f32> {
    let side = image.ncols().div_ceil(WIDEST).max(1);
    if side == 1 {
        return image.clone();
    }
    let (height, width) = image.dim();
    Array2::from_shape_fn((height.div_ceil(side), width.div_ceil(side)), |(row, column)| {
        let [y, x] = [row * side, column * side];
        let square = image.slice(s![y..(y + side).min(height), x..(x + side).min(width)]);
        square.mean().unwrap_or(f32::NAN)
    })
}

/// Values painted black and white.
pub(crate) fn stretch(image: &Array2<f32>) -> (f32, f32) {
    let mut sorted: Vec<f32> = image.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f32::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let place = |share: f64| (share * last as f64).round() as usize;
    let (low, high) = (place(CLIPPED[0]), last - place(CLIPPED[1]).min(last));
    match (sorted.get(low), sorted.get(high)) {
        (Some(&low), Some(&high)) if low < high => (low, high),
        _ => range(sorted.into_iter()),
    }
}

/// A number of about three digits.
fn short(value: f32) -> String {
    let digits = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(pixels: Array2<f32>) -> PixelCanvas {
        let images = vec![ExampleFrame { label: "mean".into(), pixels }];
        movie_picture(&MoviePicture { lines: Vec::new(), images })
    }

    #[test]
    fn bright_pixels_are_white_and_dark_ones_black() {
        let painted =
            picture(Array2::from_shape_fn((4, 4), |(y, _)| if y < 2 { 3.0 } else { 9.0 }));
        let side = (ROOM - 2 * MARGIN) / 4;
        let at = |x: usize, y: usize| &painted.pixels()[(y * painted.width() + x) * 3..][..3];
        assert_eq!(at(MARGIN + side, MARGIN + side), ColourMap::Grey.at(0.0).0);
        assert_eq!(at(MARGIN + side, MARGIN + 3 * side), ColourMap::Grey.at(1.0).0);
    }

    #[test]
    fn a_few_extreme_pixels_do_not_darken_the_rest() {
        let mut image = Array2::from_shape_fn((100, 100), |(y, _)| y as f32);
        image[[5, 5]] = 1e9;
        image[[6, 6]] = f32::NAN;
        assert_eq!(stretch(&image), (0.0, 99.0));
    }

    #[test]
    fn wide_empty_and_constant_images_still_make_a_picture() {
        for image in
            [Array2::zeros((3, 5000)), Array2::zeros((0, 0)), Array2::from_elem((2, 2), f32::NAN)]
        {
            let painted = picture(image);
            assert_eq!(painted.pixels().len(), painted.width() * painted.height() * 3);
        }
        assert_eq!(fitted(&Array2::ones((3, 5000))), Array2::<f32>::ones((1, 1000)));
    }
}
