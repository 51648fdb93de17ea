//! Total variation in one dimension, exactly.

use std::collections::VecDeque;

/// Where the derivative of a message bends, and by how much slope and intercept change there.
#[derive(Debug, Clone, Copy)]
struct Knot {
    at: f64,
    slope: f64,
    intercept: f64,
}

/// A line as slope and intercept.
#[derive(Debug, Clone, Copy)]
struct Line {
    slope: f64,
    intercept: f64,
}

impl Line {
    fn at(self, x: f64) -> f64 {
        self.slope * x + self.intercept
    }

    fn after(self, knot: &Knot) -> Self {
        Self { slope: self.slope + knot.slope, intercept: self.intercept + knot.intercept }
    }

    fn before(self, knot: &Knot) -> Self {
        Self { slope: self.slope - knot.slope, intercept: self.intercept - knot.intercept }
    }

    fn reaches(self, level: f64) -> f64 {
        (level - self.intercept) / self.slope
    }
}

/// `argmin_x 1/2 |x - data|^2 + lambda sum_i |x_{i+1} - x_i|`, exactly and in `O(n)` amortised time
/// by dynamic programming (Johnson, J. Comput. Graph. Stat. 22 (2013)): the derivative of the best
/// value of all that is before `i`, as a function of `x_i`, is piecewise linear and increasing;
/// the next one is that one clipped to `[-lambda, lambda]`, plus `x - data_i`.
///
/// ```
/// use striate_imaging::penalised::total_variation;
///
/// assert_eq!(total_variation(&[0.0, 0.0, 6.0, 6.0], 1.0), [0.5, 0.5, 5.5, 5.5]);
/// ```
pub fn total_variation(data: &[f64], lambda: f64) -> Vec<f64> {
    let Some((&first, rest)) = data.split_first() else { return Vec::new() };
    if lambda <= 0.0 {
        return data.to_vec();
    }
    let mut knots: VecDeque<Knot> = VecDeque::new();
    // The derivative left of all knots and right of all.
    let mut left = Line { slope: 1.0, intercept: -first };
    let mut right = left;
    let mut bounds = Vec::with_capacity(data.len());
    for &value in rest {
        bounds.push(clip(&mut knots, left, right, lambda));
        left = Line { slope: 1.0, intercept: -lambda - value };
        right = Line { slope: 1.0, intercept: lambda - value };
    }
    let mut line = left;
    while let Some(knot) = knots.front()
        && line.at(knot.at) <= 0.0
    {
        line = line.after(knot);
        knots.pop_front();
    }
    let mut x = vec![line.reaches(0.0); data.len()];
    for (i, [low, high]) in bounds.into_iter().enumerate().rev() {
        x[i] = x[i + 1].clamp(low, high);
    }
    x
}

/// Clip the derivative to `[-lambda, lambda]`; where it does so.
fn clip(knots: &mut VecDeque<Knot>, mut left: Line, mut right: Line, lambda: f64) -> [f64; 2] {
    while let Some(knot) = knots.front()
        && left.at(knot.at) <= -lambda
    {
        left = left.after(knot);
        knots.pop_front();
    }
    let low = left.reaches(-lambda);
    while let Some(knot) = knots.back()
        && right.at(knot.at) >= lambda
    {
        right = right.before(knot);
        knots.pop_back();
    }
    // Rounding must not put the bounds in the wrong order.
    let high = right.reaches(lambda).max(low);
    knots.push_front(Knot { at: low, slope: left.slope, intercept: left.intercept + lambda });
    knots.push_back(Knot { at: high, slope: -right.slope, intercept: lambda - right.intercept });
    [low, high]
}
