//! Lines and fields of comma-separated values (RFC 4180, without line breaks inside quotes).

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use crate::error::FormatError;

/// Longest line read: that of 100 000 neurons has 3 MB.
const LONGEST_LINE: u64 = 16 << 20;

/// Lines of bounded length.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: R,
    number: usize,
    failed: bool,
    path: PathBuf,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R, path: &Path) -> Self {
        Self { reader, number: 0, failed: false, path: path.to_owned() }
    }

    /// Number of the line read last, from 1.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// The next line without its end. After an error there are no more lines.
    pub(super) fn next_line(&mut self) -> Result<Option<String>, FormatError> {
        if self.failed {
            return Ok(None);
        }
        let line = self.read();
        self.failed = line.is_err();
        line
    }

    fn read(&mut self) -> Result<Option<String>, FormatError> {
        let mut bytes = Vec::new();
        let read = Read::take(&mut self.reader, LONGEST_LINE + 1).read_until(b'\n', &mut bytes);
        read.map_err(FormatError::io("read", &self.path))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let refuse = |found: &str, expected: &str| {
            FormatError::malformed(format!("line {}", self.number), found, expected, &self.path)
        };
        if bytes.len() as u64 > LONGEST_LINE {
            return Err(refuse("more than 16 MiB", "at most 16 MiB"));
        }
        // The last line, too, ends in a line break; without it the file has been cut.
        if bytes.pop() != Some(b'\n') {
            return Err(refuse("no line break at its end", "a complete line"));
        }
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        String::from_utf8(bytes).map(Some).map_err(|_| refuse("bytes of no text", "UTF-8"))
    }
}

/// The fields of a line, quotes taken off; `None` where quotes do not fit together.
pub(super) fn split(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = if let Some(quoted) = rest.strip_prefix('"') {
            unquote(quoted)?
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let (field, after) = rest.split_at(end);
            (field.to_owned(), after)
        };
        fields.push(field);
        if after.is_empty() {
            return Some(fields);
        }
        rest = after.strip_prefix(',')?;
    }
}

/// The text up to the closing quote, and what follows it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Some((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_split_at_commas_outside_quotes() {
        let split = |line| split(line).map(|fields| fields.join("|"));
        for (line, expected) in [
            ("a,b,,c", Some("a|b||c")),
            ("\"[1, 2]\",x", Some("[1, 2]|x")),
            ("\"say \"\"no\"\"\"", Some("say \"no\"")),
            ("a,", Some("a|")),
            ("", Some("")),
            ("\"open", None),
            ("\"a\"b", None),
        ] {
            assert_eq!(split(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn cut_and_endless_lines_are_errors_and_end_the_reading() {
        let mut lines = Lines::new(&b"a\r\nb"[..], Path::new("x.csv"));
        assert_eq!(lines.next_line().unwrap().as_deref(), Some("a"));
        assert!(lines.next_line().is_err());
        assert!(lines.next_line().unwrap().is_none());
        let endless = std::io::BufReader::new(std::io::repeat(b'x'));
        let refused = Lines::new(endless, Path::new("x.csv")).next_line().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "line 1: found more than 16 MiB, expected at most 16 MiB: x.csv"
        );
    }
}
