//! The ends of the display's range, as -2.1,2.4.

use std::str::FromStr;

/// Values of luminance 0 and 255, on the scale of the recording's stimulus.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LuminanceRange(pub(super) [f32; 2]);

impl FromStr for LuminanceRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ends = text.split_once(',').and_then(|(low, high)| {
            let [low, high] = [low, high].map(|end| end.trim().parse::<f32>().ok());
            low.zip(high).filter(|(low, high)| low.is_finite() && high.is_finite() && low < high)
        });
        let (low, high) = ends.ok_or_else(|| {
            format!("found `{text}`, expected two finite numbers as -2.1,2.4, the lower one first")
        })?;
        Ok(Self([low, high]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_the_lower_one_first() {
        assert_eq!("-2.5, 1e1".parse(), Ok(LuminanceRange([-2.5, 10.0])));
        for wrong in ["", "1", "2,1", "1,1", "NaN,1", "0,inf", "0,1e39", "1,2,3", "a,b", ","] {
            assert!(wrong.parse::<LuminanceRange>().is_err(), "{wrong}");
        }
    }
}
