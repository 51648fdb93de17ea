//! Several twins that predict as one.

use ndarray::{Array2, s};

use super::{JudgedTrial, Predictor, TrialInput, TwinPredictor};
use crate::error::ScoreError;

/// Twins of one recording as one: its rates are the means of theirs, its densities those of the mixture of
/// their distributions.
pub struct EnsemblePredictor<'a> {
    members: Vec<TwinPredictor<'a>>,
}

impl<'a> EnsemblePredictor<'a> {
    /// What score tables call it.
    pub const NAME: &'static str = "ensemble";

    /// Let twins predict together.
    ///
    /// # Errors
    /// [`ScoreError::Mismatch`] where there is none.
    pub fn new(members: Vec<TwinPredictor<'a>>) -> Result<Self, ScoreError> {
        if members.is_empty() {
            return Err(ScoreError::mismatch("twins of an ensemble", 0, "at least one"));
        }
        Ok(Self { members })
    }

    /// The frames that all members predict.
    fn common(&self, member: &TwinPredictor<'_>, rates: Array2<f32>) -> Array2<f32> {
        let more = self.frames_consumed() - member.frames_consumed();
        if more == 0 { rates } else { rates.slice(s![more.min(rates.nrows()).., ..]).to_owned() }
    }
}

impl Predictor for EnsemblePredictor<'_> {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn frames_consumed(&self) -> usize {
        self.members.iter().map(Predictor::frames_consumed).max().unwrap_or(0)
    }

    fn frames_ahead(&self) -> usize {
        self.members.iter().map(Predictor::frames_ahead).max().unwrap_or(0)
    }

    fn predict(&self, input: TrialInput<'_>) -> Result<Array2<f32>, ScoreError> {
        let mut all = self.predict_all(&[input])?;
        all.pop().ok_or_else(|| ScoreError::mismatch("predicted trials", 0, 1))
    }

    fn predict_all(&self, inputs: &[TrialInput<'_>]) -> Result<Vec<Array2<f32>>, ScoreError> {
        let mut found = Vec::new();
        for member in &self.members {
            let of_member = member.predict_all(inputs)?.into_iter();
            found.push(of_member.map(|rates| self.common(member, rates)).collect());
        }
        Ok(combined(found, mean))
    }

    fn judge_all(&self, inputs: &[TrialInput<'_>]) -> Result<Vec<JudgedTrial>, ScoreError> {
        let (mut rates, mut densities) = (Vec::new(), Vec::new());
        for member in &self.members {
            let (mut of_rates, mut of_densities) = (Vec::new(), Vec::new());
            for judged in member.judge_all(inputs)? {
                of_rates.push(self.common(member, judged.rates));
                let common = |density| self.common(member, density);
                of_densities.push(judged.log_densities.into_iter().map(common).collect());
            }
            rates.push(of_rates);
            densities.push(of_densities);
        }
        let rates = combined(rates, mean).into_iter();
        let mixture = |of_members: Vec<Vec<Array2<f32>>>| combined(of_members, log_mean_exp);
        let densities = transposed(densities).into_iter().map(mixture);
        let judged = |(rates, log_densities)| JudgedTrial { rates, log_densities };
        Ok(rates.zip(densities).map(judged).collect())
    }
}

/// `[member][item]` as one value an item.
fn combined(members: Vec<Vec<Array2<f32>>>, how: impl Fn(&[f32]) -> f32) -> Vec<Array2<f32>> {
    let of_item = |arrays: Vec<Array2<f32>>| {
        let mut values = vec![0.0; arrays.len()];
        Array2::from_shape_fn(arrays[0].dim(), |place| {
            values.iter_mut().zip(&arrays).for_each(|(value, array)| *value = array[place]);
            how(&values)
        })
    };
    transposed(members).into_iter().map(of_item).collect()
}

/// `[member][item]` as `[item][member]`; every member has as many items, and there is one.
fn transposed<T>(members: Vec<Vec<T>>) -> Vec<Vec<T>> {
    let mut items: Vec<Vec<T>> = Vec::new();
    for member in members {
        items.resize_with(items.len().max(member.len()), Vec::new);
        items.iter_mut().zip(member).for_each(|(item, value)| item.push(value));
    }
    items
}

fn mean(values: &[f32]) -> f32 {
    (values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64) as f32
}

/// Logarithm of the mean of exponentials; NaN where one is NaN.
fn log_mean_exp(values: &[f32]) -> f32 {
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if !largest.is_finite() || values.iter().any(|value| value.is_nan()) {
        return values.iter().sum::<f32>() / values.len() as f32;
    }
    let sum: f64 = values.iter().map(|&value| f64::from(value - largest).exp()).sum();
    largest + (sum / values.len() as f64).ln() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixtures_have_the_mean_density() {
        let found = log_mean_exp(&[0.2f32.ln(), 0.6f32.ln()]);
        assert!((found - 0.4f32.ln()).abs() < 1e-6);
        assert_eq!(log_mean_exp(&[f32::NEG_INFINITY, 0.0]), -(2.0f32.ln()));
        assert!(log_mean_exp(&[f32::NAN, 0.0]).is_nan());
        assert_eq!(log_mean_exp(&[f32::NEG_INFINITY; 2]), f32::NEG_INFINITY);
    }

    #[test]
    fn items_are_combined_member_by_member() {
        let array = |value: f32| Array2::from_elem((1, 2), value);
        let members = vec![vec![array(1.0), array(10.0)], vec![array(3.0), array(30.0)]];
        let found = combined(members, mean);
        assert_eq!(found, [array(2.0), array(20.0)]);
    }
}
