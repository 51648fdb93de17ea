//! A canvas of pixels with a small built-in font, for pictures that are PNG files.

use font8x8::UnicodeFonts;

use super::colour::Colour;

/// Height and width of a character of the built-in font, in pixels.
pub const CHARACTER_SIZE: usize = 8;

/// An RGB picture being painted. Whatever lies outside is cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PixelCanvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl PixelCanvas {
    /// A canvas of one colour.
    pub fn new(width: usize, height: usize, background: Colour) -> Self {
        Self { width, height, pixels: background.0.repeat(width * height) }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The pixels, shape `[height, width, 3]`, row by row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Paint one pixel.
    pub fn set(&mut self, x: usize, y: usize, colour: Colour) {
        if x < self.width
            && let Some(pixel) = self.pixels.get_mut((y * self.width + x) * 3..)
            && let Some(pixel) = pixel.first_chunk_mut::<3>()
        {
            *pixel = colour.0;
        }
    }

    /// Fill a rectangle whose upper left corner is `at`, as `[x, y]`.
    pub fn fill(&mut self, at: [usize; 2], size: [usize; 2], colour: Colour) {
        for y in at[1]..(at[1] + size[1]).min(self.height) {
            for x in at[0]..(at[0] + size[0]).min(self.width) {
                self.set(x, y, colour);
            }
        }
    }

    /// Draw a one-pixel frame just outside a rectangle.
    pub fn outline(&mut self, at: [usize; 2], size: [usize; 2], colour: Colour) {
        let [left, top] = at.map(|v| v.saturating_sub(1));
        let [right, bottom] = [at[0] + size[0], at[1] + size[1]];
        self.fill([left, top], [right - left + 1, 1], colour);
        self.fill([left, bottom], [right - left + 1, 1], colour);
        self.fill([left, top], [1, bottom - top + 1], colour);
        self.fill([right, top], [1, bottom - top + 1], colour);
    }

    /// Write a text whose upper left corner is `at`, each dot of the font a square of `scale` by
    /// `scale`; characters the font lacks become `?`.
    pub fn text(&mut self, at: [usize; 2], text: &str, scale: usize, colour: Colour) {
        for (place, character) in text.chars().enumerate() {
            let glyph = font8x8::BASIC_FONTS
                .get(character)
                .or_else(|| font8x8::LATIN_FONTS.get(character))
                .or_else(|| font8x8::BASIC_FONTS.get('?'))
                .unwrap_or_default();
            let left = at[0] + place * CHARACTER_SIZE * scale;
            for (y, row) in glyph.iter().enumerate() {
                for x in (0..CHARACTER_SIZE).filter(|x| row >> x & 1 == 1) {
                    self.fill([left + x * scale, at[1] + y * scale], [scale, scale], colour);
                }
            }
        }
    }

    /// Paint a picture given by a function of its row and column, each of its pixels a square of
    /// `scale` by `scale`.
    pub fn picture(
        &mut self,
        at: [usize; 2],
        size: [usize; 2],
        scale: usize,
        colour: impl Fn(usize, usize) -> Colour,
    ) {
        let [width, height] = size;
        for row in 0..height {
            for column in 0..width {
                let corner = [at[0] + column * scale, at[1] + row * scale];
                self.fill(corner, [scale, scale], colour(row, column));
            }
        }
    }
}
