//! Which neurons are seen.

use std::io::Read;
use std::path::Path;

use striate::recording::Recording;

use crate::failure::Failure;

/// Longest file read: a hundred thousand neurons with long names.
const LARGEST_FILE: u64 = 32 << 20;

/// For each session of the recording which neurons a file names.
pub(super) fn read(path: &Path, recording: &Recording) -> Result<Vec<Vec<bool>>, Failure> {
    let cannot = |error| Failure::io("cannot read the neurons", &error, path);
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(cannot)?;
    // A length that the file system tells is no promise: pipes and devices go on.
    file.take(LARGEST_FILE + 1).read_to_string(&mut text).map_err(cannot)?;
    if text.len() as u64 > LARGEST_FILE {
        let expected = format!("found more than {LARGEST_FILE} bytes, expected at most that");
        return Err(Failure::usage(format!("{expected}: {}", path.display())));
    }
    let sessions: Vec<(&str, usize)> =
        recording.sessions.iter().map(|s| (s.info.id.as_str(), s.info.n_neurons)).collect();
    parse(&text, &sessions)
        .map_err(|reason| Failure::usage(format!("{reason}: {}", path.display())))
}

/// The neurons of sessions of these names and sizes that the lines name.
fn parse(text: &str, sessions: &[(&str, usize)]) -> Result<Vec<Vec<bool>>, String> {
    let mut visible: Vec<Vec<bool>> = sessions.iter().map(|(_, n)| vec![false; *n]).collect();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let refused =
            |expected: &str| format!("line {}: found `{line}`, expected {expected}", index + 1);
        let (session, neuron) = match line.rsplit_once(',') {
            Some((session, neuron)) => (Some(session.trim()), neuron.trim()),
            None => (None, line),
        };
        let place = match (session, sessions) {
            (Some(id), _) => sessions.iter().position(|(of, _)| *of == id),
            (None, [_]) => Some(0),
            (None, _) => return Err(refused("SESSION,NEURON, for there are several sessions")),
        };
        let place = place.ok_or_else(|| refused("a session of the recording before the comma"))?;
        let n_neurons = sessions[place].1;
        let neuron: Option<usize> = neuron.parse().ok().filter(|neuron| *neuron < n_neurons);
        let neuron = neuron.ok_or_else(|| refused(&format!("a neuron, 0 to {}", n_neurons - 1)))?;
        visible[place][neuron] = true;
    }
    if visible.iter().flatten().all(|visible| !visible) {
        return Err("found no neuron, expected at least one".to_owned());
    }
    Ok(visible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_neurons() {
        let one = [("a", 3)];
        assert_eq!(parse("# seen\n2\n\n 0 \n", &one).unwrap(), [[true, false, true]]);
        let two = [("a", 1), ("b, c", 2)];
        let found = parse("b, c,1\na, 0", &two).unwrap();
        assert_eq!(found, [vec![true], vec![false, true]]);
    }

    #[test]
    fn other_lines_are_refused_by_their_number() {
        let refused = |text: &str, sessions: &[(&str, usize)]| parse(text, sessions).unwrap_err();
        assert!(
            refused("0\n3", &[("a", 3)]).contains("line 2: found `3`, expected a neuron, 0 to 2")
        );
        assert!(refused("-1", &[("a", 3)]).contains("line 1"));
        assert!(refused("x,1", &[("a", 3)]).contains("a session of the recording"));
        assert!(refused("1", &[("a", 3), ("b", 3)]).contains("SESSION,NEURON"));
        assert!(refused("\n# none\n", &[("a", 3)]).contains("found no neuron"));
    }
}
