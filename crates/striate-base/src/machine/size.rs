//! Sizes in bytes, as people write them.

use crate::error::{Classified, ErrorClass};

/// A size that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found size `{found}`, expected a number of bytes such as 800MB, 8GiB or 8G")]
pub struct SizeError {
    /// What was written.
    pub found: String,
}

impl Classified for SizeError {
    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

/// Bytes of `8GiB`, `8G` (the same), `1.5 GB` (decimal), `512` (bytes). Upper or lower case.
///
/// # Errors
/// [`SizeError`] for anything else, such as negative sizes and unknown units.
///
/// ```
/// use striate_base::machine::parse_bytes;
///
/// assert_eq!(parse_bytes("8GiB"), Ok(8 << 30));
/// assert_eq!(parse_bytes("1.5 kB"), Ok(1500));
/// assert!(parse_bytes("8 apples").is_err());
/// ```
pub fn parse_bytes(text: &str) -> Result<u64, SizeError> {
    let error = || SizeError { found: text.to_owned() };
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let unit = unit_bytes(unit.trim()).ok_or_else(error)?;
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(unit).ok_or_else(error);
    }
    let bytes = number.parse::<f64>().map_err(|_| error())? * unit as f64;
    // Above 2^53 a fraction of a byte cannot be meant.
    if bytes < (1u64 << 53) as f64 { Ok(bytes.round() as u64) } else { Err(error()) }
}

fn unit_bytes(unit: &str) -> Option<u64> {
    let unit = unit.to_ascii_lowercase();
    let Some(prefix) = unit.chars().next().filter(|&c| c != 'b') else {
        return (unit.len() <= 1).then_some(1);
    };
    let power = 1 + "kmgtpe".find(prefix)? as u32;
    match &unit[1..] {
        "" | "ib" => 1024u64.checked_pow(power),
        "b" => 1000u64.checked_pow(power),
        _ => None,
    }
}

/// A size for people: `512 B`, `1.5 GiB`.
///
/// ```
/// assert_eq!(striate_base::machine::format_bytes(3 << 29), "1.5 GiB");
/// ```
pub fn format_bytes(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut units = ["KiB", "MiB", "GiB", "TiB", "PiB"].into_iter();
    // 1023.95 would be shown as 1024.0 of the smaller unit.
    while value >= 1023.95 {
        let Some(_) = units.next() else { break };
        value /= 1024.0;
    }
    format!("{value:.1} {}", units.next().unwrap_or("EiB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_parsed() {
        for (text, expected) in [
            ("0", 0),
            ("512", 512),
            ("512b", 512),
            ("8G", 8 << 30),
            ("8gib", 8 << 30),
            (" 2 TB ", 2_000_000_000_000),
            ("0.5k", 512),
        ] {
            assert_eq!(parse_bytes(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let texts = [
            "",
            "-1",
            "GiB",
            "1.2.3",
            "1 x",
            "1 Gb/s",
            "1 kibi",
            "nan",
            "1e3",
            "16EiB",
            "bb",
            "é",
            "99999999999999999999",
        ];
        for text in texts {
            let refused = parse_bytes(text).unwrap_err();
            assert_eq!(refused.found, text);
            assert_eq!(refused.class(), ErrorClass::Usage);
        }
    }

    #[test]
    fn sizes_are_formatted() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            ((1 << 20) - 1, "1.0 MiB"),
            (1 << 20, "1.0 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(format_bytes(bytes), expected);
        }
    }
}
