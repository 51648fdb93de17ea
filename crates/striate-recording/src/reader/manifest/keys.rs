//! Reading a manifest, with the known key most like an unknown one.

use std::path::Path;

use super::config::Manifest;
use crate::error::RecordingError;

/// The manifest in `text`.
pub(super) fn read(text: &str, path: &Path) -> Result<Manifest, RecordingError> {
    let error = match toml::from_str(text) {
        Ok(manifest) => return Ok(manifest),
        Err(error) => error,
    };
    let error: toml::de::Error = error;
    let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
    let message = error.message().trim().replace('\n', " ");
    if let Some((key, known)) = unknown_field(&message) {
        let nearest = nearest(&key, &known);
        return Err(RecordingError::UnknownKey { key, nearest, line, path: path.to_owned() });
    }
    Err(RecordingError::Manifest { reason: message, line, path: path.to_owned() })
}

/// The name and the known names in serde's "unknown field `x`, expected one of `a`, `b`".
fn unknown_field(message: &str) -> Option<(String, Vec<String>)> {
    let rest = message.split_once("unknown field `")?.1;
    let (name, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    Some((name.to_owned(), known))
}

/// The known key that is most like `key`, if any is alike.
fn nearest(key: &str, known: &[String]) -> Option<String> {
    let distances = known.iter().map(|known| (distance(key, known), known));
    let (distance, nearest) = distances.min()?;
    (distance <= (key.chars().count() / 2).max(1)).then(|| nearest.clone())
}

/// Edit distance: insertions, deletions and substitutions of characters.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &b) in to.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_key_is_named_and_far_ones_are_not() {
        let known = ["path".to_owned(), "member".to_owned(), "axes".to_owned()];
        assert_eq!(nearest("pth", &known).as_deref(), Some("path"));
        assert_eq!(nearest("axis", &known).as_deref(), Some("axes"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
