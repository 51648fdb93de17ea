//! The two largest values and how often they occur: a detector that saturates piles up values at its
//! largest.

/// Largest values of common converters and pixel types.
const FULL_SCALES: [f32; 8] = [255.0, 1023.0, 2047.0, 4095.0, 8191.0, 16383.0, 32767.0, 65535.0];

/// Fewest values at the largest that can be a pile.
const FEWEST: u64 = 16;

/// How many times more often than the next a value must occur to be a pile.
const TIMES_THE_NEXT: u64 = 4;

/// The largest and second largest value with their counts; a count of 0 stands for no value.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Top {
    largest: (f32, u64),
    second: (f32, u64),
}

impl Top {
    /// Whether a row whose largest value is `max` can change anything.
    pub(super) fn can_change(&self, max: f32) -> bool {
        self.second.1 == 0 || max >= self.second.0
    }

    /// Take in a finite value that occurs `count` times.
    pub(super) fn take(&mut self, value: f32, count: u64) {
        if count == 0 {
            return;
        }
        if self.largest.1 == 0 || value > self.largest.0 {
            self.second = self.largest;
            self.largest = (value, count);
        } else if value == self.largest.0 {
            self.largest.1 += count;
        } else if self.second.1 == 0 || value > self.second.0 {
            self.second = (value, count);
        } else if value == self.second.0 {
            self.second.1 += count;
        }
    }

    /// The same of all values of both.
    pub(super) fn joined(mut self, other: &Self) -> Self {
        self.take(other.largest.0, other.largest.1);
        self.take(other.second.0, other.second.1);
        self
    }

    /// The level of saturation and how many values are at it. A full scale of a converter that is
    /// reached is one; any other largest value must be a pile.
    pub(super) fn saturation(&self) -> (Option<f32>, u64) {
        let (level, count) = self.largest;
        let is_pile = count >= FEWEST && count > TIMES_THE_NEXT * self.second.1;
        let is_changing = self.second.1 > 0;
        if count > 0 && is_changing && (FULL_SCALES.contains(&level) || is_pile) {
            (Some(level), count)
        } else {
            (None, 0)
        }
    }
}
