//! Fewer points that look the same.

/// Places of at most `most` points (two or more) that draw the same curve: of each of `most / 2` stretches the lowest
/// and the highest, and the last of all.
///
/// A place of a stretch without finite values is kept as well, so that gaps stay.
pub(crate) fn extremes(values: &[f32], most: usize) -> Vec<usize> {
    let n = values.len();
    if n <= most {
        return (0..n).collect();
    }
    // One place is for the last point.
    let n_stretches = (most.saturating_sub(1) / 2).max(1);
    let mut places = Vec::with_capacity(most + 1);
    for i in 0..n_stretches {
        let (start, end) = (n * i / n_stretches, n * (i + 1) / n_stretches);
        let (low, high) = lowest_and_highest(&values[start..end]);
        places.push(start + low.min(high));
        if low != high {
            places.push(start + low.max(high));
        }
    }
    if places.last() != Some(&(n - 1)) {
        places.push(n - 1);
    }
    places
}

/// Places of the extremes; the first place twice where nothing is finite.
fn lowest_and_highest(values: &[f32]) -> (usize, usize) {
    let (mut low, mut high) = (None, None);
    for (i, &value) in values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        if low.is_none_or(|(_, least)| value < least) {
            low = Some((i, value));
        }
        if high.is_none_or(|(_, most)| value > most) {
            high = Some((i, value));
        }
    }
    (low.map_or(0, |(i, _)| i), high.map_or(0, |(i, _)| i))
}
