//! A few vectors over the pixels of a block.

use faer::Mat;
use ndarray::Array2;
use striate_kernels::matrix::{PADDING, Rows, add_product};

/// A vector is lost where orthogonalisation leaves less than this of it.
const LOST: f64 = 1e-6;

/// `k` vectors of `d` values: `[d, k]`, with padding behind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Basis {
    values: Vec<f32>,
    d: usize,
    k: usize,
}

impl Basis {
    pub(crate) fn zeros(d: usize, k: usize) -> Self {
        Self { values: vec![0.0; d * k + PADDING], d, k }
    }

    /// Standard normal vectors.
    pub(crate) fn random(d: usize, k: usize, key: u64) -> Self {
        let mut basis = Self::zeros(d, k);
        striate_kernels::noise::fill_normal(key, basis.values_mut());
        basis
    }

    pub(crate) fn k(&self) -> usize {
        self.k
    }

    /// `[d, k]`.
    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values[..self.d * self.k]
    }

    /// `[d, k]`, with padding.
    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows { values: &self.values, step: self.k }
    }

    /// `[d, k]`.
    pub(crate) fn to_array(&self) -> Array2<f64> {
        Array2::from_shape_fn((self.d, self.k), |(i, j)| self.values[i * self.k + j].into())
    }

    /// Of an array `[d, k]`.
    pub(crate) fn of_array(array: &Array2<f64>) -> Self {
        let mut basis = Self::zeros(array.nrows(), array.ncols());
        basis.values_mut().iter_mut().zip(array).for_each(|(out, &value)| *out = value as f32);
        basis
    }

    /// The values of all vectors at one pixel.
    pub(crate) fn row(&self, pixel: usize) -> &[f32] {
        &self.values[pixel * self.k..(pixel + 1) * self.k]
    }

    /// `[d, k]` from pixel `first` on, with padding.
    pub(crate) fn rows_from(&self, first: usize) -> Rows<'_> {
        Rows { values: &self.values[first * self.k..], step: self.k }
    }

    /// The same vectors with pixel `i` moved to `places[i]`.
    pub(crate) fn moved_to(&self, places: &[usize]) -> Self {
        let mut out = Self::zeros(self.d, self.k);
        for (i, &place) in places.iter().enumerate() {
            out.values[place * self.k..(place + 1) * self.k].copy_from_slice(self.row(i));
        }
        out
    }

    /// Vector `j`.
    pub(crate) fn column(&self, j: usize) -> Vec<f32> {
        (0..self.d).map(|i| self.values[i * self.k + j]).collect()
    }

    /// The first `k` vectors.
    pub(crate) fn truncate(&self, k: usize) -> Self {
        let mut out = Self::zeros(self.d, k);
        for i in 0..self.d {
            out.values[i * k..(i + 1) * k]
                .copy_from_slice(&self.values[i * self.k..i * self.k + k]);
        }
        out
    }

    pub(crate) fn scale(&mut self, factor: f32) {
        self.values_mut().iter_mut().for_each(|value| *value *= factor);
    }

    pub(crate) fn add_scaled(&mut self, other: &Self, factor: f32) {
        let others = &other.values[..self.d * self.k];
        self.values_mut()
            .iter_mut()
            .zip(others)
            .for_each(|(value, other)| *value += factor * other);
    }

    /// `[k, k]`: products of own vectors with those of another basis, made symmetric.
    pub(crate) fn inner_products(&self, other: &Self) -> Mat<f64> {
        let (own, others) = (self.columns(), other.columns());
        let products = Mat::from_fn(self.k, self.k, |i, j| dot(&own[i], &others[j]));
        Mat::from_fn(self.k, self.k, |i, j| 0.5 * (products[(i, j)] + products[(j, i)]))
    }

    /// The combinations of vectors that the columns of `turn` say.
    pub(crate) fn combine(&self, turn: &Mat<f64>) -> Self {
        let k = turn.ncols();
        let mut weights: Vec<f32> = (0..self.k * k).map(|i| turn[(i / k, i % k)] as f32).collect();
        weights.resize(self.k * k + PADDING, 0.0);
        let mut out = Self::zeros(self.d, k);
        let weights = Rows { values: &weights, step: k };
        add_product([self.d, self.k, k], self.rows(), weights, out.values_mut());
        out
    }

    /// Make the vectors orthonormal, in their order (modified Gram-Schmidt, twice); one that depends on those
    /// before becomes 0.
    pub(crate) fn orthonormalise(&mut self) {
        let mut columns = self.columns();
        for j in 0..self.k {
            let (before, rest) = columns.split_at_mut(j);
            let column = &mut rest[0];
            let norm = dot(column, column).sqrt();
            for _ in 0..2 {
                for other in before.iter() {
                    let along = dot(other, column) as f32;
                    column.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
                }
            }
            let left = dot(column, column).sqrt();
            let scale = if left > LOST * norm { (1.0 / left) as f32 } else { 0.0 };
            column.iter_mut().for_each(|value| *value *= scale);
        }
        for (j, column) in columns.iter().enumerate() {
            for (i, &value) in column.iter().enumerate() {
                self.values[i * self.k + j] = value;
            }
        }
    }

    fn columns(&self) -> Vec<Vec<f32>> {
        (0..self.k).map(|j| self.column(j)).collect()
    }
}

/// In f64 throughout: what a weak vector keeps of strong ones would look like signal.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let ((eights, rest), (other_eights, other_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let rest = rest.iter().zip(other_rest);
    let mut sums = [0.0f64; 8];
    for (a, b) in eights.iter().zip(other_eights) {
        for i in 0..8 {
            sums[i] += f64::from(a[i]) * f64::from(b[i]);
        }
    }
    sums.iter().sum::<f64>() + rest.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>()
}
