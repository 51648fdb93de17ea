//! Reading the merged table, with the full name of an unknown key and the known one most like it.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::error::ConfigError;

/// The settings in `table`; `optional` are known keys that it need not have.
pub(super) fn read<T: DeserializeOwned>(table: Table, optional: &[&str]) -> Result<T, ConfigError> {
    let error = match deserialize::<T>(table.clone()) {
        Ok(config) => return Ok(config),
        Err(error) => error,
    };
    match unknown_field(&error) {
        Some((name, siblings)) => {
            let parent = culprit::<T>(&table, &name);
            Err(unknown_key(everywhere(&table, &name, optional), &parent, &name, &siblings))
        }
        None => Err(ConfigError::Value { reason: plain(&error) }),
    }
}

fn deserialize<T: DeserializeOwned>(table: Table) -> Result<T, String> {
    Value::Table(table).try_into().map_err(|e: toml::de::Error| e.to_string())
}

/// The parser's message on one line.
fn plain(message: &str) -> String {
    message.trim().replace('\n', " ")
}

/// The name and the known names in serde's "unknown field `x`, expected one of `a`, `b`".
fn unknown_field(message: &str) -> Option<(String, Vec<String>)> {
    let rest = message.split_once("unknown field `")?.1;
    let (name, rest) = rest.split_once('`')?;
    let siblings = rest.lines().next().unwrap_or_default().split('`').skip(1).step_by(2);
    Some((name.to_owned(), siblings.map(str::to_owned).collect()))
}

fn unknown_key(
    everywhere: BTreeSet<String>,
    parent: &[String],
    name: &str,
    siblings: &[String],
) -> ConfigError {
    let key = joined(parent, name);
    let beside = siblings.iter().map(|sibling| joined(parent, sibling));
    let nearest = nearest_of(beside.collect(), &key).or_else(|| nearest_of(everywhere, &key));
    ConfigError::UnknownKey { key, nearest, known: siblings.to_vec() }
}

/// The table that holds the refused key: the one whose complaint goes when the key is taken out.
/// (The message itself does not say, and other tables may rightly have a key of that name.)
fn culprit<T: DeserializeOwned>(table: &Table, name: &str) -> Vec<String> {
    let mut holders = Vec::new();
    find_holders(table, name, &mut Vec::new(), &mut holders);
    let is_culprit = |parent: &Vec<String>| {
        let mut without = table.clone();
        remove(&mut without, parent, name);
        match deserialize::<T>(without) {
            Ok(_) => true,
            Err(error) => unknown_field(&error).is_none_or(|(other, _)| other != name),
        }
    };
    let found = holders.iter().find(|parent| is_culprit(parent));
    found.or(holders.first()).cloned().unwrap_or_default()
}

fn find_holders(table: &Table, name: &str, at: &mut Vec<String>, holders: &mut Vec<Vec<String>>) {
    if table.contains_key(name) {
        holders.push(at.clone());
    }
    for (key, value) in table {
        if let Value::Table(inner) = value {
            at.push(key.clone());
            find_holders(inner, name, at, holders);
            at.pop();
        }
    }
}

fn remove(table: &mut Table, parent: &[String], name: &str) {
    match parent.split_first() {
        None => {
            table.remove(name);
        }
        Some((first, rest)) => {
            if let Some(Value::Table(inner)) = table.get_mut(first) {
                remove(inner, rest, name);
            }
        }
    }
}

/// All dotted keys of the table but those named like the refused one, and the keys that have no
/// default and so may not be in it.
fn everywhere(table: &Table, refused: &str, optional: &[&str]) -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = optional.iter().map(ToString::to_string).collect();
    collect(table, "", &mut keys);
    keys.retain(|key| last_part(key) != refused);
    keys
}

fn collect(table: &Table, prefix: &str, keys: &mut BTreeSet<String>) {
    for (key, value) in table {
        let dotted = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        if let Value::Table(inner) = value {
            collect(inner, &dotted, keys);
        }
        keys.insert(dotted);
    }
}

/// The candidate whose last part is most like that of `key`, if it is alike at all; among equals
/// the least nested one, and of those the first in alphabetical order.
fn nearest_of(candidates: BTreeSet<String>, key: &str) -> Option<String> {
    let wanted = last_part(key);
    candidates
        .into_iter()
        .map(|candidate| (distance(last_part(&candidate), wanted), depth(&candidate), candidate))
        .min()
        .filter(|(distance, ..)| *distance <= (wanted.chars().count() / 2).max(1))
        .map(|(.., candidate)| candidate)
}

fn last_part(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

fn depth(key: &str) -> usize {
    key.matches('.').count()
}

fn joined(parent: &[String], name: &str) -> String {
    parent.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".")
}

/// Edit distance: insertions, deletions and substitutions of characters.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
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
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("learning_rate", "lerning_rate"), 1);
    }

    #[test]
    fn serde_message_is_taken_apart() {
        let message = "unknown field `x`, expected one of `a`, `b`, `c`\nin `fit`\n";
        let (name, siblings) = unknown_field(message).unwrap();
        assert_eq!(name, "x");
        assert_eq!(siblings, ["a", "b", "c"]);
        let (_, one) = unknown_field("unknown field `x`, expected `a`").unwrap();
        assert_eq!(one, ["a"]);
        assert!(unknown_field("invalid type: string").is_none());
    }
}
