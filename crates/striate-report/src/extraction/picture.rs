//! Images as PNG with a palette.

use ndarray::{Array2, s};

use crate::figure::{ColourMap, data_uri_png};

/// Entries of the palette; the last one is for pixels that are not numbers.
const N_COLOURS: usize = 256;

/// The image as a URI that stands for itself, `range` being the ends of the map.
pub(super) fn uri(image: &Array2<f32>, map: ColourMap, range: [f32; 2]) -> String {
    let last = (N_COLOURS - 2) as f32;
    let level = |&value: &f32| {
        let t = (value - range[0]) / (range[1] - range[0]).max(f32::MIN_POSITIVE);
        if t.is_nan() { u8::MAX } else { (t.clamp(0.0, 1.0) * last).round() as u8 }
    };
    let palette: Vec<u8> = (0..N_COLOURS)
        .map(|i| if i + 1 == N_COLOURS { f64::NAN } else { i as f64 / f64::from(last) })
        .flat_map(|t| map.at(t).0)
        .collect();
    let levels: Vec<u8> = image.iter().map(level).collect();
    let size = [image.ncols() as u32, image.nrows() as u32];
    data_uri_png(&encode(size, palette, &levels).unwrap_or_default())
}

fn encode(
    [width, height]: [u32; 2],
    palette: Vec<u8>,
    levels: &[u8],
) -> Result<Vec<u8>, png::EncodingError> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(levels)?;
    writer.finish()?;
    Ok(out)
}

/// The image averaged over squares so that no side is above `most`, and the side of the squares.
pub(super) fn fitted(image: &Array2<f32>, most: usize) -> (Array2<f32>, usize) {
    let (height, width) = image.dim();
    let side = height.max(width).div_ceil(most).max(1);
    if side == 1 {
        return (image.clone(), 1);
    }
    let small = Array2::from_shape_fn((height.div_ceil(side), width.div_ceil(side)), |(y, x)| {
        let (y, x) = (y * side, x * side);
        let square = image.slice(s![y..(y + side).min(height), x..(x + side).min(width)]);
        let finite: Vec<f64> = square.iter().filter(|v| v.is_finite()).map(|&v| v.into()).collect();
        (finite.iter().sum::<f64>() / finite.len() as f64) as f32
    });
    (small, side)
}
