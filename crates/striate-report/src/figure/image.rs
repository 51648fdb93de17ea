//! Images as PNG with a palette.

use ndarray::ArrayView2;

use super::{ColourMap, data_uri_png};

/// Entries of the palette; the last one is for pixels that are not numbers.
const N_COLOURS: usize = 256;

/// The image `[row, column]` as a URI that stands for itself, `range` being the ends of the map. Every value is a
/// square of `side` dots, since not all programs enlarge pictures without smoothing.
///
/// ```
/// use ndarray::array;
/// use striate_report::figure::{ColourMap, data_uri_image};
///
/// let image = array![[0.0, 1.0], [f32::NAN, -1.0]];
/// let uri = data_uri_image(image.view(), ColourMap::Diverging, [-1.0, 1.0], 4);
/// assert!(uri.starts_with("data:image/png;base64,"));
/// ```
pub fn data_uri_image(
    image: ArrayView2<'_, f32>,
    map: ColourMap,
    range: [f32; 2],
    side: usize,
) -> String {
    data_uri_png(&png_of(image, map, range, side).unwrap_or_default())
}

fn png_of(
    image: ArrayView2<'_, f32>,
    map: ColourMap,
    range: [f32; 2],
    side: usize,
) -> Result<Vec<u8>, png::EncodingError> {
    let last = (N_COLOURS - 2) as f32;
    let level = |&value: &f32| {
        let t = (value - range[0]) / (range[1] - range[0]).max(f32::MIN_POSITIVE);
        if t.is_nan() { u8::MAX } else { (t.clamp(0.0, 1.0) * last).round() as u8 }
    };
    let palette: Vec<u8> = (0..N_COLOURS)
        .map(|i| if i + 1 == N_COLOURS { f64::NAN } else { i as f64 / f64::from(last) })
        .flat_map(|t| map.at(t).0)
        .collect();
    let mut levels = Vec::with_capacity(image.len() * side * side);
    for row in image.rows() {
        let line: Vec<u8> = row.iter().flat_map(|v| std::iter::repeat_n(level(v), side)).collect();
        (0..side).for_each(|_| levels.extend_from_slice(&line));
    }
    encode([image.ncols(), image.nrows()].map(|n| (n * side) as u32), palette, &levels)
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
