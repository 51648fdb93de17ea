//! `key=value` overrides from the command line.

use toml::{Table, Value};

use crate::error::ConfigError;

/// One table per override, in their order.
pub(super) fn parse_all(given: &[String]) -> Result<Vec<Table>, ConfigError> {
    given.iter().map(|text| parse(text)).collect()
}

/// `a.b=c` as the table `{ a = { b = c } }`. The value is TOML; what is not, is a plain string.
fn parse(text: &str) -> Result<Table, ConfigError> {
    let refused = |reason: &str| ConfigError::Override { text: text.into(), reason: reason.into() };
    let (key, value) = text.split_once('=').ok_or_else(|| refused("there is no `=`"))?;
    let mut parts: Vec<&str> = key.split('.').map(str::trim).collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(refused("a part of the key is empty"));
    }
    let last = parts.pop().ok_or_else(|| refused("the key is empty"))?;
    let mut table = Table::new();
    table.insert(last.to_owned(), read_value(value.trim()));
    for part in parts.into_iter().rev() {
        let mut outer = Table::new();
        outer.insert(part.to_owned(), Value::Table(table));
        table = outer;
    }
    Ok(table)
}

fn read_value(text: &str) -> Value {
    format!("value = {text}")
        .parse::<Table>()
        .ok()
        // A line break in the text could smuggle in further keys: then it is a string.
        .filter(|table| table.len() == 1)
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_toml_and_bare_words_are_strings() {
        let table = |text| parse(text).unwrap().to_string();
        assert_eq!(table("seed=3"), "seed = 3\n");
        assert_eq!(table("fit.freeze=core"), "[fit]\nfreeze = \"core\"\n");
        assert_eq!(table("fit.betas = [0.5, 0.9]"), "[fit]\nbetas = [0.5, 0.9]\n");
        assert_eq!(table("recording.root=/a/b c"), "[recording]\nroot = \"/a/b c\"\n");
        assert_eq!(table("a.b=x=y"), "[a]\nb = \"x=y\"\n");
    }

    #[test]
    fn what_is_no_override_is_refused() {
        for text in ["seed", "=3", "fit..x=1", ".=1"] {
            let refused = parse(text).unwrap_err().to_string();
            assert!(refused.contains(text), "{refused}");
        }
    }
}
