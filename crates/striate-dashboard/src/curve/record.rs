//! One line of `metrics.jsonl`.

use serde::Deserialize;

/// The parts of a `striate_fit::MetricsRecord` that are drawn. A loss that was NaN is null.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct Record {
    pub(super) step: u64,
    pub(super) train_loss: Option<f32>,
    pub(super) validation_score: Option<f32>,
    pub(super) learning_rate: Option<f32>,
}

impl Record {
    /// What a line says; `None` for one that no version of ours wrote.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        // Ten million lines are read one after the other when a hundred long runs are compared.
        Self::parse_usual(line).or_else(|| serde_json::from_slice(line).ok())
    }

    /// A line whose fields stand in the order in which they are written: several times faster than any JSON.
    fn parse_usual(line: &[u8]) -> Option<Self> {
        let mut rest = Rest(line);
        rest.skip(b"{\"epoch\":")?;
        rest.number()?;
        rest.skip(b",\"step\":")?;
        let step = rest.number()?.parse().ok()?;
        rest.skip(b",\"stage\":\"")?;
        rest.skip_word()?;
        rest.skip(b"\",\"learning_rate\":")?;
        let learning_rate = rest.value()?;
        rest.skip(b",\"train_loss\":")?;
        let train_loss = rest.value()?;
        rest.skip(b",\"divergence\":")?;
        rest.number()?;
        rest.skip(b",\"regulariser\":")?;
        rest.number()?;
        rest.skip(b",\"validation_score\":")?;
        let validation_score = rest.value()?;
        // What follows is not drawn; a line that breaks off is noticed by its end.
        let is_whole = line.ends_with(b"}\n") && rest.0.first() == Some(&b',');
        is_whole.then_some(Self { step, train_loss, validation_score, learning_rate })
    }
}

/// What was not read yet of a line.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn skip(&mut self, expected: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// Letters and hyphens.
    fn skip_word(&mut self) -> Option<()> {
        let end = self.0.iter().position(|byte| !byte.is_ascii_lowercase() && *byte != b'-')?;
        self.0 = &self.0[end..];
        Some(())
    }

    /// The characters of a number, or `null`, up to what ends a value.
    fn number(&mut self) -> Option<&'a str> {
        let end = self.0.iter().position(|&byte| byte == b',' || byte == b'}')?;
        let (number, rest) = self.0.split_at(end);
        self.0 = rest;
        let is_plain = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        let is_number = number == b"null" || number.iter().all(is_plain);
        std::str::from_utf8(number).ok().filter(|_| is_number)
    }

    /// A number, or nothing for `null`.
    fn value(&mut self) -> Option<Option<f32>> {
        match self.number()? {
            "null" => Some(None),
            text => text.parse().ok().map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use striate_base::Streams;

    use super::*;

    fn line(loss: f64, score: Option<f64>, step: u64) -> String {
        let record = striate_fit::MetricsRecord {
            epoch: 3,
            step,
            stage: striate_fit::StageKind::WithoutLatents,
            learning_rate: loss.abs() * 1e-9,
            train_loss: loss,
            divergence: 0.25,
            regulariser: 1e-12,
            validation_score: score,
            session_scores: [("step\":7,\"train_loss".to_owned(), 0.5)].into(),
            best_score: None,
            round: 0,
        };
        serde_json::to_string(&record).unwrap() + "\n"
    }

    #[test]
    fn both_readers_say_the_same_of_what_a_fit_writes() {
        let mut random = Streams::new(1).stream("lines");
        for i in 0..2000 {
            let loss =
                if i % 50 == 0 { f64::NAN } else { random.normal() * 10f64.powi(i % 40 - 20) };
            let score = (i % 3 == 0).then(|| random.normal());
            let line = line(loss, score, random.next_u64() >> 20);
            let usual = Record::parse_usual(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(usual, serde_json::from_slice(line.as_bytes()).unwrap(), "{line}");
        }
    }

    #[test]
    fn other_lines_are_read_as_json_or_not_at_all() {
        let other = br#"{"step": 4, "train_loss": 1.5, "new": [1], "learning_rate": null}"#;
        let found = Record::parse(other).unwrap();
        assert_eq!((found.step, found.train_loss, found.validation_score), (4, Some(1.5), None));
        let whole = line(1.0, Some(2.0), 3);
        for end in 0..whole.len() - 2 {
            assert_eq!(Record::parse(&whole.as_bytes()[..end]), None, "{}", &whole[..end]);
        }
        for (from, to) in [("1.0,\"div", "inf,\"div"), ("\"step\":3", "\"step\":-3"), ("3,", "x,")]
        {
            let broken = whole.replacen(from, to, 1);
            assert_ne!(broken, whole);
            assert_eq!(Record::parse(broken.as_bytes()), None, "{broken}");
        }
    }
}
