//! An axis: its label, its range and where its ticks stand.

/// One axis of a plot.
#[derive(Debug, Clone)]
pub struct Axis {
    pub(super) label: String,
    pub(super) range: Option<[f64; 2]>,
    pub(super) logarithmic: bool,
    pub(super) downwards: bool,
    pub(super) ticks: TickLabels,
}

/// Which ticks an axis carries.
#[derive(Debug, Clone, PartialEq)]
pub enum TickLabels {
    /// Round numbers, as many as there is room for.
    Round,
    /// None at all.
    Hidden,
    /// These values with these labels.
    Named(Vec<(f64, String)>),
}

impl Axis {
    /// A linear axis over the data's range. The label carries the unit in brackets.
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            range: None,
            logarithmic: false,
            downwards: false,
            ticks: TickLabels::Round,
        }
    }

    /// Fix the range.
    #[must_use]
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some([low, high]);
        self
    }

    /// Space by powers of ten. Values at or below 0 are left out.
    #[must_use]
    pub fn logarithmic(mut self) -> Self {
        self.logarithmic = true;
        self
    }

    /// Let values grow downwards, as the rows of an image do.
    #[must_use]
    pub fn downwards(mut self) -> Self {
        self.downwards = true;
        self
    }

    /// Choose the ticks.
    #[must_use]
    pub fn ticks(mut self, ticks: TickLabels) -> Self {
        self.ticks = ticks;
        self
    }

    /// The value on the axis' own scale: the number or its logarithm, `None` where there is none.
    pub(super) fn scaled(&self, value: f64) -> Option<f64> {
        let scaled = if self.logarithmic { value.log10() } else { value };
        scaled.is_finite().then_some(scaled)
    }

    /// Ticks within `range` (on the axis' own scale), some `wanted` of them.
    pub(super) fn ticks_in(&self, range: [f64; 2], wanted: usize) -> Vec<(f64, String)> {
        match &self.ticks {
            TickLabels::Hidden => Vec::new(),
            TickLabels::Named(named) => named
                .iter()
                .filter_map(|(value, name)| Some((self.scaled(*value)?, name.clone())))
                .filter(|(value, _)| (range[0]..=range[1]).contains(value))
                .collect(),
            TickLabels::Round if self.logarithmic => powers_of_ten(range),
            TickLabels::Round => round_ticks(range, wanted),
        }
    }
}

/// Ticks at multiples of 1, 2 or 5 times a power of ten.
pub(crate) fn round_ticks([low, high]: [f64; 2], wanted: usize) -> Vec<(f64, String)> {
    let step = round_step((high - low) / wanted.max(1) as f64);
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last)
        .take(100)
        .map(|i| (i as f64 * step, format!("{:.decimals$}", i as f64 * step)))
        .map(|(value, text)| (value, if text.starts_with('-') { minus(&text) } else { text }))
        .collect()
}

fn minus(text: &str) -> String {
    format!("\u{2212}{}", &text[1..])
}

/// The smallest of 1, 2, 5, 10 times a power of ten that is not below `raw`.
fn round_step(raw: f64) -> f64 {
    if !(raw.is_finite() && raw > 0.0) {
        return 1.0;
    }
    let power = 10f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| f * power >= raw * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

/// Ticks at powers of ten; at 1, 2 and 5 times them where the range spans less than two.
fn powers_of_ten([low, high]: [f64; 2]) -> Vec<(f64, String)> {
    let factors: &[f64] = if high - low < 2.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let mut ticks = Vec::new();
    for exponent in (low.floor() as i32)..=(high.ceil() as i32) {
        for factor in factors {
            let value = factor.log10() + f64::from(exponent);
            if value >= low - 1e-9 && value <= high + 1e-9 {
                ticks.push((value, power_label(*factor, exponent)));
            }
        }
    }
    ticks
}

fn power_label(factor: f64, exponent: i32) -> String {
    if (-4..=4).contains(&exponent) {
        let decimals = (-exponent).max(0) as usize;
        return format!("{:.decimals$}", factor * 10f64.powi(exponent));
    }
    format!("{factor:.0}e{exponent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: Vec<(f64, String)>) -> Vec<String> {
        ticks.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(labels(round_ticks([0.0, 1.0], 5)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(round_ticks([0.0, 8100.0], 4)), ["0", "5000"]);
        assert_eq!(labels(round_ticks([-0.3, 0.3], 3)), ["\u{2212}0.2", "0.0", "0.2"]);
    }

    #[test]
    fn ticks_of_an_empty_or_infinite_range_are_few() {
        assert!(round_ticks([2.0, 2.0], 5).len() <= 2);
        assert!(round_ticks([0.0, f64::INFINITY], 5).len() <= 100);
    }

    #[test]
    fn logarithmic_ticks_stand_at_powers_of_ten() {
        assert_eq!(labels(powers_of_ten([-3.0, 0.0])), ["0.001", "0.01", "0.1", "1"]);
    }
}
