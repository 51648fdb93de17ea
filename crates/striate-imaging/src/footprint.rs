//! Where a cell lies.

/// Pixels of a cell with their weights: sparse, not negative.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Footprint {
    /// Pixels (`y * width + x`), ascending.
    pub pixels: Vec<u32>,
    /// Weight of each.
    pub weights: Vec<f32>,
}

impl Footprint {
    /// A footprint of equal weights, from pixels in any order.
    pub fn of_mask(mut pixels: Vec<u32>) -> Self {
        pixels.sort_unstable();
        pixels.dedup();
        let weights = vec![1.0; pixels.len()];
        Self { pixels, weights }
    }

    /// Sum over shared pixels of the products of weights.
    ///
    /// ```
    /// let a = striate_imaging::Footprint { pixels: vec![1, 4, 6], weights: vec![1.0, 2.0, 3.0] };
    /// let b = striate_imaging::Footprint { pixels: vec![4, 5, 6], weights: vec![1.0, 1.0, 0.5] };
    /// assert_eq!(a.dot(&b), 3.5);
    /// ```
    pub fn dot(&self, other: &Self) -> f64 {
        if self.pixels.last() < other.pixels.first() || other.pixels.last() < self.pixels.first() {
            return 0.0;
        }
        let (mut i, mut j, mut sum) = (0, 0, 0.0);
        while i < self.pixels.len() && j < other.pixels.len() {
            match self.pixels[i].cmp(&other.pixels[j]) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    sum += f64::from(self.weights[i]) * f64::from(other.weights[j]);
                    i += 1;
                    j += 1;
                }
            }
        }
        sum
    }

    /// Centre of gravity `[y, x]`, in pixels; `[0, 0]` where all weights are 0.
    ///
    /// ```
    /// let cell = striate_imaging::Footprint { pixels: vec![0, 1, 11], weights: vec![1.0, 1.0, 2.0] };
    /// assert_eq!(cell.centroid(10), [0.5, 0.75]);
    /// ```
    pub fn centroid(&self, width: usize) -> [f64; 2] {
        let mut sums = [0.0; 3];
        for (&pixel, &weight) in self.pixels.iter().zip(&self.weights) {
            let weight = f64::from(weight);
            sums[0] += weight;
            sums[1] += weight * (pixel as usize / width) as f64;
            sums[2] += weight * (pixel as usize % width) as f64;
        }
        if sums[0] > 0.0 { [sums[1] / sums[0], sums[2] / sums[0]] } else { [0.0; 2] }
    }
}
