//! A covariance shrunk towards a multiple of the identity.

use rayon::prelude::*;

/// A mean and a shrunk covariance, with its Cholesky factor.
///
/// Ledoit and Wolf (2004), "A well-conditioned estimator for large-dimensional covariance matrices", section
/// 3.3: `b^2/d^2 m I + a^2/d^2 S`.
#[derive(Debug, Clone)]
pub(super) struct Shrunk {
    mean: Vec<f64>,
    /// Of the sample, `[feature, feature]`, divided by the number of points.
    sample: Vec<f64>,
    shrinkage: f64,
    /// Lower triangle `[feature, feature]`.
    factor: Vec<f64>,
}

impl Shrunk {
    /// Of points `[point][feature]`, at least one.
    pub(super) fn of(points: &[Vec<f64>]) -> Self {
        let p = points.first().map_or(0, Vec::len);
        let n = points.len() as f64;
        let mean: Vec<f64> =
            (0..p).map(|f| points.iter().map(|point| point[f]).sum::<f64>() / n).collect();
        let mut sample = vec![0.0; p * p];
        for point in points {
            add_outer(&mut sample, &centred(point, &mean), 1.0 / n);
        }
        let shrinkage = shrinkage(points, &mean, &sample);
        let factor = cholesky(&shrunk(&sample, shrinkage), p);
        Self { mean, sample, shrinkage, factor }
    }

    pub(super) fn shrinkage(&self) -> f64 {
        self.shrinkage
    }

    /// Mahalanobis distance from the mean.
    pub(super) fn distance(&self, point: &[f64]) -> f64 {
        length(&self.factor, centred(point, &self.mean))
    }

    /// Distance of each of the points that the covariance is of from the mean of the others, under the
    /// covariance of the others (with the same shrinkage).
    pub(super) fn leave_one_out(&self, points: &[Vec<f64>]) -> Vec<f64> {
        let (p, n) = (self.mean.len(), points.len() as f64);
        let without = |point: &Vec<f64>| {
            let offset = centred(point, &self.mean);
            let mut sample: Vec<f64> = self.sample.iter().map(|s| s * n / (n - 1.0)).collect();
            add_outer(&mut sample, &offset, -n / (n - 1.0).powi(2));
            let factor = cholesky(&shrunk(&sample, self.shrinkage), p);
            // The mean of the others is offset / (n - 1) on the other side of the mean of all.
            length(&factor, offset.into_iter().map(|value| value * n / (n - 1.0)).collect())
        };
        points.par_iter().map(without).collect()
    }
}

fn centred(point: &[f64], mean: &[f64]) -> Vec<f64> {
    point.iter().zip(mean).map(|(value, mean)| value - mean).collect()
}

fn add_outer(matrix: &mut [f64], offset: &[f64], weight: f64) {
    for (row, &a) in matrix.chunks_exact_mut(offset.len().max(1)).zip(offset) {
        row.iter_mut().zip(offset).for_each(|(value, &b)| *value += weight * a * b);
    }
}

/// `b^2 / d^2`: how much of the identity.
fn shrinkage(points: &[Vec<f64>], mean: &[f64], sample: &[f64]) -> f64 {
    let (p, n) = (mean.len(), points.len() as f64);
    let scale = trace(sample, p) / p as f64;
    let square = |matrix: &[f64]| matrix.iter().map(|value| value * value).sum::<f64>();
    let mut apart = sample.to_vec();
    apart.iter_mut().step_by(p + 1).for_each(|value| *value -= scale);
    let apart = square(&apart);
    let spread = points.iter().map(|point| {
        let mut of_point: Vec<f64> = sample.iter().map(|value| -value).collect();
        add_outer(&mut of_point, &centred(point, mean), 1.0);
        square(&of_point)
    });
    let spread = spread.sum::<f64>() / (n * n);
    if apart > 0.0 { (spread / apart).min(1.0) } else { 1.0 }
}

fn trace(matrix: &[f64], p: usize) -> f64 {
    matrix.iter().step_by(p + 1).sum()
}

/// Mixed with the identity; where no feature varies at all, the identity.
fn shrunk(sample: &[f64], shrinkage: f64) -> Vec<f64> {
    let p = sample.len().isqrt();
    let scale = trace(sample, p) / p as f64;
    let (shrinkage, scale) = if scale > 0.0 { (shrinkage, scale) } else { (1.0, 1.0) };
    let mut found: Vec<f64> = sample.iter().map(|value| (1.0 - shrinkage) * value).collect();
    // Two features that always agree leave no volume without shrinkage.
    let added = shrinkage.max(1e-9) * scale;
    found.iter_mut().step_by(p + 1).for_each(|value| *value += added);
    found
}

/// Lower triangular factor of a positive definite matrix.
fn cholesky(matrix: &[f64], p: usize) -> Vec<f64> {
    let mut factor = vec![0.0; p * p];
    for i in 0..p {
        for j in 0..=i {
            let done: f64 = (0..j).map(|k| factor[i * p + k] * factor[j * p + k]).sum();
            let rest = matrix[i * p + j] - done;
            factor[i * p + j] =
                if i == j { rest.max(f64::MIN_POSITIVE).sqrt() } else { rest / factor[j * p + j] };
        }
    }
    factor
}

/// Length of the vector that the factor turns into the offset.
fn length(factor: &[f64], mut offset: Vec<f64>) -> f64 {
    let p = offset.len();
    for i in 0..p {
        let done: f64 = (0..i).map(|k| factor[i * p + k] * offset[k]).sum();
        offset[i] = (offset[i] - done) / factor[i * p + i];
    }
    offset.iter().map(|value| value * value).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinkage_is_that_of_ledoit_and_wolf() {
        let points = [[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]].map(Vec::from);
        let found = Shrunk::of(&points);
        // By hand: S = diag(1/2, 2), m = 5/4, d^2 = 9/16, b^2 = 17/32.
        assert!((found.shrinkage() - 17.0 / 18.0).abs() < 1e-12);
        let variances = [1.25 * 17.0 + 0.5, 1.25 * 17.0 + 2.0].map(|v: f64| v / 18.0);
        let expected = (9.0 / variances[0] + 16.0 / variances[1]).sqrt();
        assert!((found.distance(&[3.0, -4.0]) - expected).abs() < 1e-12);
    }

    #[test]
    fn distances_without_a_point_are_those_of_a_covariance_without_it() {
        let points = [[1.0, 0.0, 2.0], [-1.0, 0.5, 0.0], [0.0, 2.0, 1.0], [0.3, -2.0, 4.0]];
        let points = points.map(Vec::from);
        let all = Shrunk::of(&points);
        let mut others = Shrunk::of(&points[1..]);
        others.factor = cholesky(&shrunk(&others.sample, all.shrinkage), 3);
        let found = all.leave_one_out(&points)[0];
        assert!((found - others.distance(&points[0])).abs() < 1e-12 * found);
    }

    #[test]
    fn points_that_do_not_vary_have_a_distance() {
        let points = vec![vec![1.0, 2.0]; 3];
        let found = Shrunk::of(&points);
        assert_eq!(found.leave_one_out(&points), [0.0; 3]);
        assert!((found.distance(&[1.0, 5.0]) - 3.0).abs() < 1e-12);
    }
}
