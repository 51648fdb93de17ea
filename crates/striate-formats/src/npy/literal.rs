//! The Python literals that make up a header, and nothing more of Python.

/// A part of a header that is not as it should be.
pub(super) struct Unexpected {
    pub(super) found: String,
    pub(super) expected: &'static str,
}

/// The three entries of a header. The description is kept as it stands in the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entries {
    pub(super) description: Description,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<usize>,
}

/// Description of the elements.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Description {
    /// A code such as `<f8`.
    Code(String),
    /// A list of fields.
    Structured,
}

/// Parse `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`, keys in any order.
pub(super) fn parse(text: &str) -> Result<Entries, Unexpected> {
    let mut cursor = Cursor { rest: text };
    let (mut description, mut fortran_order, mut shape) = (None, None, None);
    cursor.take('{')?;
    while !cursor.try_take('}') {
        let key = cursor.string()?;
        cursor.take(':')?;
        let repeated = match key.as_str() {
            "descr" => description.replace(cursor.description()?).is_some(),
            "fortran_order" => fortran_order.replace(cursor.boolean()?).is_some(),
            "shape" => shape.replace(cursor.tuple()?).is_some(),
            _ => {
                let expected = "keys descr, fortran_order and shape";
                return Err(Unexpected { found: format!("key {}", quoted(&key)), expected });
            }
        };
        if repeated {
            let found = format!("key {} twice", quoted(&key));
            return Err(Unexpected { found, expected: "each key once" });
        }
        if !cursor.try_take(',') {
            cursor.take('}')?;
            break;
        }
        if matches!(description, Some(Description::Structured)) {
            // What follows a list of fields is of no use: it is refused anyway.
            return Ok(Entries {
                description: Description::Structured,
                fortran_order: false,
                shape: Vec::new(),
            });
        }
    }
    cursor.end()?;
    let missing = |key: &str| Unexpected {
        found: format!("no key {key}"),
        expected: "keys descr, fortran_order and shape",
    };
    Ok(Entries {
        description: description.ok_or_else(|| missing("descr"))?,
        fortran_order: fortran_order.ok_or_else(|| missing("fortran_order"))?,
        shape: shape.ok_or_else(|| missing("shape"))?,
    })
}

struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\t', '\r']);
    }

    fn unexpected(&self, expected: &'static str) -> Unexpected {
        let found = if self.rest.is_empty() { "its end".to_owned() } else { quoted(self.rest) };
        Unexpected { found, expected }
    }

    fn try_take(&mut self, wanted: char) -> bool {
        self.skip_space();
        self.rest.strip_prefix(wanted).is_some_and(|rest| {
            self.rest = rest;
            true
        })
    }

    fn take(&mut self, wanted: char) -> Result<(), Unexpected> {
        if self.try_take(wanted) {
            return Ok(());
        }
        Err(self.unexpected(match wanted {
            '{' => "`{`",
            '}' => "`,` or `}`",
            ':' => "`:`",
            '(' => "a tuple",
            _ => "`,` or `)`",
        }))
    }

    /// A string in single or double quotes, without escapes: NumPy writes none.
    fn string(&mut self) -> Result<String, Unexpected> {
        self.skip_space();
        let quote = self.rest.chars().next().filter(|c| ['\'', '"'].contains(c));
        let quote = quote.ok_or_else(|| self.unexpected("text in quotes"))?;
        let (text, rest) = self
            .rest
            .get(1..)
            .and_then(|rest| rest.split_once(quote))
            .ok_or_else(|| self.unexpected("text in quotes"))?;
        if text.contains('\\') {
            return Err(self.unexpected("text without backslashes"));
        }
        let text = text.to_owned();
        self.rest = rest;
        Ok(text)
    }

    fn description(&mut self) -> Result<Description, Unexpected> {
        if self.try_take('[') {
            // To the closing bracket of the list, which ends before the next key.
            let end = self.rest.rfind(']').ok_or_else(|| self.unexpected("`]`"))?;
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            return Ok(Description::Structured);
        }
        self.string().map(Description::Code)
    }

    fn boolean(&mut self) -> Result<bool, Unexpected> {
        self.skip_space();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.unexpected("True or False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, Unexpected> {
        self.take('(')?;
        let mut lengths = Vec::new();
        while !self.try_take(')') {
            lengths.push(self.length()?);
            if !self.try_take(',') {
                self.take(')')?;
                // `(3)` is a number and not a tuple, but it can mean only one thing.
                break;
            }
        }
        Ok(lengths)
    }

    /// A length of an axis; Python 2 wrote an `L` behind long ones.
    fn length(&mut self) -> Result<usize, Unexpected> {
        self.skip_space();
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        let length = digits.parse().map_err(|_| self.unexpected("a length of 0 or more"))?;
        self.rest = rest.strip_prefix('L').unwrap_or(rest);
        Ok(length)
    }

    fn end(&mut self) -> Result<(), Unexpected> {
        self.skip_space();
        if self.rest.is_empty() { Ok(()) } else { Err(self.unexpected("nothing after `}`")) }
    }
}

/// The start of a text, safe to print.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    let start: String = text.chars().take(LONGEST).flat_map(char::escape_default).collect();
    let dots = if text.chars().nth(LONGEST).is_some() { "..." } else { "" };
    format!("`{start}{dots}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Option<Entries> {
        parse(text).ok()
    }

    #[test]
    fn spellings_of_one_header_are_equal() {
        let expected = Entries {
            description: Description::Code("<f8".to_owned()),
            fortran_order: true,
            shape: vec![3, 4],
        };
        for text in [
            "{'descr': '<f8', 'fortran_order': True, 'shape': (3, 4), }   \n",
            "{\"shape\":(3L,4L,),\"fortran_order\":True,\"descr\":\"<f8\"}",
            " {\n'shape' : ( 3 , 4 ) , 'descr' : '<f8' , 'fortran_order' : True }",
        ] {
            assert_eq!(entries(text).as_ref(), Some(&expected), "{text}");
        }
    }

    #[test]
    fn whatever_else_is_refused() {
        for text in [
            "",
            "{",
            "{}",
            "{'descr': '<f8', 'fortran_order': False}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, -4)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3 4)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3.0,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': (3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,)} + x",
            "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'more': 1}",
            "{'descr': '<f\\x38', 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f8, 'fortran_order': False, 'shape': (3,)}",
            "{'descr': __import__('os'), 'fortran_order': False, 'shape': (3,)}",
        ] {
            assert!(entries(text).is_none(), "{text}");
        }
    }

    #[test]
    fn lists_of_fields_are_recognised() {
        let text = "{'descr': [('a', '<f4'), ('b', '<i2', (2,))], 'fortran_order': False, 'shape': (3,), }";
        assert!(matches!(
            entries(text),
            Some(Entries { description: Description::Structured, .. })
        ));
    }
}
