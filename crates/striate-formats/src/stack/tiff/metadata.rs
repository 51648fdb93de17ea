//! What ImageJ, ScanImage and OME write beside the pixels.

use super::directory::{Directory, Tiff};
use crate::error::FormatError;

const DESCRIPTION: u16 = 270;
const SOFTWARE: u16 = 305;

/// Longest text looked into.
const LONGEST_TEXT: u64 = 4 << 20;

/// First number of ScanImage's own header, right behind that of a BigTIFF.
const SCAN_IMAGE_MAGIC: u32 = 117_637_889;

/// How the pages of several channels and planes take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stack) struct Turns {
    pub(in crate::stack) n_channels: usize,
    pub(in crate::stack) n_planes: usize,
    /// Order of the three, fastest first: letters `c`, `z`, `t`.
    pub(in crate::stack) order: [u8; 3],
}

impl Default for Turns {
    fn default() -> Self {
        Self { n_channels: 1, n_planes: 1, order: *b"czt" }
    }
}

/// What the texts of the first page say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Metadata {
    /// Program that wrote it, where it is known by its texts.
    pub(super) program: Option<&'static str>,
    pub(super) turns: Turns,
    pub(super) frame_rate_hz: Option<f64>,
    /// Number of pages, where the text says it.
    pub(super) n_pages: Option<usize>,
}

impl Metadata {
    pub(super) fn read(tiff: &Tiff, first: &Directory) -> Result<Self, FormatError> {
        let description = tiff.text(first, DESCRIPTION, LONGEST_TEXT)?;
        if description.starts_with("ImageJ=") {
            return Ok(image_j(&description));
        }
        if description.contains("<OME") {
            return Ok(ome(&description));
        }
        let header = scan_image_header(tiff)?;
        let software = tiff.text(first, SOFTWARE, LONGEST_TEXT)?;
        for text in [&header, &software, &description] {
            if text.contains("SI.hChannels") || text.contains("SI.hRoiManager") {
                return Ok(scan_image(text));
            }
        }
        if let Some(n_pages) = shaped(&description) {
            return Ok(Self { n_pages: Some(n_pages), ..Self::default() });
        }
        Ok(Self { frame_rate_hz: interval(&description), ..Self::default() })
    }
}

/// The value of `key=value` on a line of its own.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once('=')?;
        (found.trim() == key).then(|| value.trim())
    })
}

fn count(text: &str, key: &str) -> Option<usize> {
    value(text, key)?.parse().ok().filter(|&n| n > 0)
}

fn interval(text: &str) -> Option<f64> {
    let seconds: f64 = value(text, "finterval")?.parse().ok()?;
    let of_unit = if value(text, "tunit") == Some("ms") { 1e-3 } else { 1.0 };
    rate(1.0 / (seconds * of_unit))
}

/// A rate that can be one.
fn rate(hz: f64) -> Option<f64> {
    (hz.is_finite() && hz > 0.0).then_some(hz)
}

fn image_j(text: &str) -> Metadata {
    let n_channels = count(text, "channels").unwrap_or(1);
    let (slices, frames) = (count(text, "slices").unwrap_or(1), count(text, "frames").unwrap_or(1));
    // A plain stack is a movie to those who record movies, whatever ImageJ calls its axis.
    let n_planes = if frames > 1 { slices } else { 1 };
    let fps = value(text, "fps").and_then(|fps| rate(fps.parse().ok()?));
    Metadata {
        program: Some("ImageJ"),
        turns: Turns { n_channels, n_planes, ..Turns::default() },
        frame_rate_hz: interval(text).or(fps),
        n_pages: count(text, "images"),
    }
}

/// The number of pages in what `tifffile` writes, `{"shape": [500, 64, 64]}`.
fn shaped(text: &str) -> Option<usize> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let shape: Vec<u64> = value
        .get("shape")?
        .as_array()?
        .iter()
        .map(serde_json::Value::as_u64)
        .collect::<Option<_>>()?;
    let (pages, _) = shape.split_at(shape.len().checked_sub(2)?);
    let n = pages.iter().try_fold(1u64, |n, &m| n.checked_mul(m))?;
    usize::try_from(n).ok().filter(|&n| n > 0)
}

/// ScanImage's own header: magic, version, lengths of the two texts, the texts.
fn scan_image_header(tiff: &Tiff) -> Result<String, FormatError> {
    const START: u64 = 16;
    let mut head = [0; 16];
    if !tiff.is_big || tiff.bytes.len() < START + 16 {
        return Ok(String::new());
    }
    tiff.bytes.read_at(START, &mut head)?;
    let (words, _) = head.as_chunks::<4>();
    let [magic, _version, length, _] = [0, 1, 2, 3].map(|i| u32::from_le_bytes(words[i]));
    if magic != SCAN_IMAGE_MAGIC {
        return Ok(String::new());
    }
    let left = tiff.bytes.len() - START - 16;
    let mut text = vec![0; u64::from(length).min(left).min(LONGEST_TEXT) as usize];
    tiff.bytes.read_at(START + 16, &mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn scan_image(text: &str) -> Metadata {
    let find = |key: &str| value(text, key).or_else(|| value(text, &format!("scanimage.{key}")));
    let number = |key: &str| find(key)?.parse::<f64>().ok();
    let n_channels = find("SI.hChannels.channelSave").map_or(1, |list| {
        list.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty()).count().max(1)
    });
    let is_volume = matches!(find("SI.hFastZ.enable"), Some("1" | "true"));
    let of_volume = ["SI.hFastZ.numFramesPerVolume", "SI.hStackManager.numFramesPerVolume"];
    let n_planes = if is_volume {
        of_volume.iter().find_map(|key| number(key)).filter(|n| *n >= 1.0).unwrap_or(1.0) as usize
    } else {
        1
    };
    let key =
        if n_planes > 1 { "SI.hRoiManager.scanVolumeRate" } else { "SI.hRoiManager.scanFrameRate" };
    Metadata {
        program: Some("ScanImage"),
        turns: Turns { n_channels, n_planes, ..Turns::default() },
        frame_rate_hz: number(key).and_then(rate),
        n_pages: None,
    }
}

fn ome(text: &str) -> Metadata {
    let pixels = text.split_once("<Pixels").map_or("", |(_, rest)| rest);
    let pixels = pixels.split_once('>').map_or(pixels, |(tag, _)| tag);
    let attribute = |name: &str| {
        let (_, rest) = pixels.split_once(&format!(" {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value)
    };
    let count = |name| attribute(name)?.parse::<usize>().ok().filter(|&n| n > 0);
    let (n_t, n_z) = (count("SizeT").unwrap_or(1), count("SizeZ").unwrap_or(1));
    let order: Vec<u8> = attribute("DimensionOrder")
        .and_then(|order| order.strip_prefix("XY"))
        .map(|order| order.to_ascii_lowercase().into_bytes())
        .unwrap_or_default();
    let mut sorted = order.clone();
    sorted.sort_unstable();
    let order = if sorted == b"ctz" { [order[0], order[1], order[2]] } else { *b"czt" };
    // Planes without frames are taken for frames.
    let exchanged = order
        .map(|axis| [axis, b't', b'z'][usize::from(axis == b'z') + 2 * usize::from(axis == b't')]);
    let seconds = attribute("TimeIncrement").and_then(|text| text.parse::<f64>().ok());
    let of_unit = match attribute("TimeIncrementUnit") {
        None | Some("s") => Some(1.0),
        Some("ms") => Some(1e-3),
        Some(_) => None,
    };
    Metadata {
        program: Some("OME"),
        turns: Turns {
            n_channels: count("SizeC").unwrap_or(1),
            n_planes: if n_t > 1 { n_z } else { 1 },
            order: if n_t > 1 { order } else { exchanged },
        },
        frame_rate_hz: seconds.zip(of_unit).and_then(|(s, unit)| rate(1.0 / (s * unit))),
        n_pages: None,
    }
}
