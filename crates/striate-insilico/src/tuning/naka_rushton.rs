//! Saturation with contrast.

/// Rounds of ever finer grids, each of which narrows the range by about five.
const N_ROUNDS: usize = 8;

/// Places along each axis of a grid.
const N_PLACES: usize = 21;

/// `maximum c^n / (c^n + s^n)` with the semi-saturation contrast `s` (Naka & Rushton 1966; Albrecht &
/// Hamilton 1982, "Striate cortex of monkey and cat: contrast response function", equation 4).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NakaRushton {
    pub(super) maximum: f64,
    pub(super) semi_saturation: f64,
    pub(super) exponent: f64,
    pub(super) explained_variance: f64,
}

/// Fit by least squares over grids of `s` (0.005 to 5) and `n` (0.3 to 8), for each of which the best
/// maximum is known. NaN where responses are all the same.
pub(super) fn fit(contrasts: &[f64], responses: &[f64]) -> NakaRushton {
    let mean = responses.iter().sum::<f64>() / responses.len() as f64;
    let total: f64 = responses.iter().map(|r| (r - mean).powi(2)).sum();
    let ranges = [[0.005f64.ln(), 5f64.ln()], [0.3f64.ln(), 8f64.ln()]];
    let mut window = ranges;
    let mut best = (f64::INFINITY, [f64::NAN; 3]);
    for _ in 0..N_ROUNDS {
        let along = |[low, high]: [f64; 2], place: usize| {
            low + (high - low) * place as f64 / (N_PLACES - 1) as f64
        };
        for i in 0..N_PLACES * N_PLACES {
            let [s, n] = [along(window[0], i / N_PLACES), along(window[1], i % N_PLACES)];
            let (error, maximum) = best_maximum(contrasts, responses, s.exp(), n.exp());
            if error < best.0 {
                best = (error, [maximum, s, n]);
            }
        }
        for (axis, range) in ranges.iter().enumerate() {
            let half = 2.0 * (window[axis][1] - window[axis][0]) / (N_PLACES - 1) as f64;
            let at = best.1[axis + 1];
            window[axis] = [(at - half).max(range[0]), (at + half).min(range[1])];
        }
    }
    let (error, [maximum, s, n]) = best;
    NakaRushton {
        maximum,
        semi_saturation: s.exp(),
        exponent: n.exp(),
        explained_variance: 1.0 - error / total,
    }
}

/// Squared error with the best maximum that is not negative, and that.
fn best_maximum(contrasts: &[f64], responses: &[f64], s: f64, n: f64) -> (f64, f64) {
    let shape = |c: &f64| 1.0 / (1.0 + (s / c).powf(n));
    let [mut overlap, mut squares] = [0.0; 2];
    for (c, r) in contrasts.iter().zip(responses) {
        overlap += shape(c) * r;
        squares += shape(c).powi(2);
    }
    let maximum = (overlap / squares).max(0.0);
    let errors = contrasts.iter().zip(responses).map(|(c, r)| (r - maximum * shape(c)).powi(2));
    (errors.sum(), maximum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_curve_that_made_the_responses() {
        let contrasts = [0.06, 0.12, 0.2, 0.35, 0.5, 0.7, 1.0];
        let made = |c: f64| 7.0 * c.powf(2.3) / (c.powf(2.3) + 0.31f64.powf(2.3));
        let found = fit(&contrasts, &contrasts.map(made));
        // The last grid is finer than a part in a thousand.
        assert!((found.semi_saturation / 0.31 - 1.0).abs() < 2e-3, "{found:?}");
        assert!((found.exponent / 2.3 - 1.0).abs() < 2e-3 && (found.maximum - 7.0).abs() < 2e-2);
        assert!(found.explained_variance > 0.99999);
    }
}
