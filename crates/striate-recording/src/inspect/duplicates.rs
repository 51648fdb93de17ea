//! Trials that hold the same numbers as another.

use std::collections::BTreeMap;

/// Hashes of what each trial shows and of what was recorded in it.
#[derive(Debug, Default)]
pub(super) struct Duplicates {
    stimuli: BTreeMap<usize, Mark>,
    responses: BTreeMap<usize, Mark>,
}

/// A hash of numbers, and whether they differ at all.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    hash: u64,
    first: Option<u32>,
    varies: bool,
}

impl Duplicates {
    /// See the next frames that a trial shows.
    pub(super) fn stimulus<'a>(&mut self, trial: usize, values: impl Iterator<Item = &'a f32>) {
        add(&mut self.stimuli, trial, values);
    }

    /// See the next responses of a trial.
    pub(super) fn responses<'a>(&mut self, trial: usize, values: impl Iterator<Item = &'a f32>) {
        add(&mut self.responses, trial, values);
    }

    /// Groups of trials with equal responses that are not all the same number.
    pub(super) fn equal_responses(&self) -> Vec<Vec<usize>> {
        groups(&self.responses)
    }

    /// Groups of trials that show the same.
    pub(super) fn equal_stimuli(&self) -> Vec<Vec<usize>> {
        groups(&self.stimuli)
    }
}

fn add<'a>(marks: &mut BTreeMap<usize, Mark>, trial: usize, values: impl Iterator<Item = &'a f32>) {
    let mark = marks.entry(trial).or_default();
    for value in values {
        let bits = value.to_bits();
        mark.varies |= bits != *mark.first.get_or_insert(bits);
        // The multiplier of Knuth's linear congruential generator MMIX.
        let mixed = (mark.hash ^ u64::from(bits)).wrapping_mul(0x5851_f42d_4c95_7f2d);
        mark.hash = mixed.rotate_left(29) ^ mixed;
    }
}

fn groups(marks: &BTreeMap<usize, Mark>) -> Vec<Vec<usize>> {
    let mut of_hash: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (&trial, mark) in marks.iter().filter(|(_, mark)| mark.varies) {
        of_hash.entry(mark.hash).or_default().push(trial);
    }
    let mut groups: Vec<Vec<usize>> =
        of_hash.into_values().filter(|group| group.len() > 1).collect();
    groups.sort();
    groups
}
