//! Arrays of text.

use std::io::{self, BufReader, Read};
use std::path::Path;

use super::element::ElementType;
use super::header::Header;
use crate::error::FormatError;
use crate::files::reserve;

/// Most texts read. Each costs some 50 bytes of memory even where it has one letter.
const MOST_TEXTS: usize = 1 << 20;

/// Read all texts; `reader` stands at the first. `read_error` turns its errors into ours.
pub(crate) fn read(
    header: &Header,
    reader: &mut dyn Read,
    path: &Path,
    read_error: &dyn Fn(io::Error) -> FormatError,
) -> Result<Vec<String>, FormatError> {
    let element_bytes = match header.element {
        text @ (ElementType::Unicode(_) | ElementType::Bytes(_)) => text.size(),
        _ => None,
    };
    let Some(element_bytes) = element_bytes else {
        let found = header.element.to_string();
        let expected = "text (<U, |S)";
        return Err(FormatError::ElementType { found, expected, path: path.to_owned() });
    };
    if header.shape.len() > 1 {
        let found = format!("{:?}", header.shape);
        return Err(FormatError::malformed("shape of the texts", found, "one axis", path));
    }
    if header.count > MOST_TEXTS {
        return Err(FormatError::TooLarge {
            what: "number of texts".to_owned(),
            found: header.count as u64,
            limit: MOST_TEXTS as u64,
            path: path.to_owned(),
        });
    }
    let mut texts = reserve(header.count, path)?;
    if header.count == 0 {
        return Ok(texts);
    }
    let mut bytes = reserve(element_bytes, path)?;
    bytes.resize(element_bytes, 0);
    let mut reader = BufReader::new(reader);
    for i in 0..header.count {
        reader.read_exact(&mut bytes).map_err(read_error)?;
        texts.push(decode(header, &bytes).ok_or_else(|| refuse(header, i, path))?);
    }
    Ok(texts)
}

fn refuse(header: &Header, i: usize, path: &Path) -> FormatError {
    let expected = match header.element {
        ElementType::Bytes(_) => "UTF-8",
        _ => "code points of Unicode",
    };
    FormatError::malformed(format!("text {i}"), "bytes of no text", expected, path)
}

/// The text up to the zeros that fill it up.
fn decode(header: &Header, bytes: &[u8]) -> Option<String> {
    if let ElementType::Bytes(_) = header.element {
        let text = std::str::from_utf8(bytes).ok()?;
        return Some(text.trim_end_matches('\0').to_owned());
    }
    let (points, _) = bytes.as_chunks::<4>();
    let of = if header.big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
    let n_points = points.iter().rposition(|&point| of(point) != 0).map_or(0, |last| last + 1);
    points.iter().take(n_points).map(|&point| char::from_u32(of(point))).collect()
}
