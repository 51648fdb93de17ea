//! Angles between subspaces, as those spanned by true and by inferred loadings.
//!
//! Loadings `[latent, neuron]` span with their rows a subspace of the space of all neurons. Latents
//! are known up to an invertible map only, but that subspace is not touched by it: it can be compared.

use ndarray::{Array2, ArrayView2};

use crate::cca::{CcaError, Svd, check_finite};

/// Principal angles in degrees, ascending, between the row spaces of two arrays `[latent, neuron]`: as
/// many as the smaller of the two ranks.
///
/// The cosines are the singular values of the product of two orthonormal bases, the sines those of
/// what one basis leaves of the other (Björck & Golub, Math. Comp. 27:579, 1973, theorems 1 and 2);
/// each angle is taken from whichever is smaller, so that none below 1e-8 is lost to rounding.
///
/// # Errors
/// [`CcaError`] where numbers of neurons differ, a value is not finite, or an array is all zeros.
///
/// ```
/// use ndarray::array;
/// use striate_score::subspace::principal_angles_deg;
///
/// let plane = array![[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]];
/// let line = array![[0.0, 2.0, 2.0]];
/// let angles = principal_angles_deg(plane.view(), line.view())?;
/// assert!(angles.len() == 1 && (angles[0] - 45.0).abs() < 1e-12);
/// # Ok::<(), striate_score::cca::CcaError>(())
/// ```
pub fn principal_angles_deg(
    first: ArrayView2<'_, f64>,
    second: ArrayView2<'_, f64>,
) -> Result<Vec<f64>, CcaError> {
    let [mut large, mut small] = bases(first, second)?;
    if large.ncols() < small.ncols() {
        std::mem::swap(&mut large, &mut small);
    }
    let overlap = large.t().dot(&small);
    let cosines = padded(&overlap, small.ncols())?;
    let mut sines = padded(&(&small - &large.dot(&overlap)), small.ncols())?;
    sines.reverse();
    let angle = |(cosine, sine): (f64, f64)| {
        if cosine * cosine < 0.5 { cosine.min(1.0).acos() } else { sine.min(1.0).asin() }
    };
    Ok(cosines.into_iter().zip(sines).map(|pair| angle(pair).to_degrees()).collect())
}

/// Largest angle in degrees between a direction in the row space of `of` and the row space of
/// `within`, both `[latent, neuron]`: 0 where `of` lies within, 90 where a direction of it is missing
/// there, as it must be where `within` has the lower rank.
///
/// With `of` the true loadings, more inferred latents than true ones do no harm and fewer are found out,
/// which [`principal_angles_deg`] would hide. For equal ranks it is the largest principal angle.
/// Weak rows count as much as strong ones: leave out latents that the model does not use.
///
/// # Errors
/// As [`principal_angles_deg`].
///
/// ```
/// use ndarray::array;
/// use striate_score::subspace::largest_angle_deg;
///
/// let (plane, line) = (array![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], array![[3.0, 4.0, 0.0]]);
/// assert!(largest_angle_deg(line.view(), plane.view())? < 1e-9);
/// assert!((largest_angle_deg(plane.view(), line.view())? - 90.0).abs() < 1e-6);
/// # Ok::<(), striate_score::cca::CcaError>(())
/// ```
pub fn largest_angle_deg(
    of: ArrayView2<'_, f64>,
    within: ArrayView2<'_, f64>,
) -> Result<f64, CcaError> {
    let [directions, subspace] = bases(of, within)?;
    if directions.ncols() > subspace.ncols() {
        return Ok(90.0);
    }
    let angles = principal_angles_deg(of, within)?;
    Ok(angles.last().copied().unwrap_or(90.0))
}

/// Orthonormal bases of both row spaces, `[neuron, direction]`.
fn bases(
    first: ArrayView2<'_, f64>,
    second: ArrayView2<'_, f64>,
) -> Result<[Array2<f64>; 2], CcaError> {
    if first.ncols() != second.ncols() {
        return Err(CcaError::shape("neurons of the second array", second.ncols(), first.ncols()));
    }
    Ok([basis("the first array", first)?, basis("the second array", second)?])
}

fn basis(what: &'static str, rows: ArrayView2<'_, f64>) -> Result<Array2<f64>, CcaError> {
    check_finite(what, rows)?;
    let svd = Svd::of(&rows.to_owned())?;
    if svd.singular.is_empty() {
        return Err(CcaError::shape(what, "nothing but zeros", "at least one direction"));
    }
    Ok(svd.right)
}

/// Singular values, descending, with zeros for those that are lost to rounding.
fn padded(matrix: &Array2<f64>, n: usize) -> Result<Vec<f64>, CcaError> {
    let mut values = Svd::of(matrix)?.singular.to_vec();
    values.resize(n, 0.0);
    Ok(values)
}

#[cfg(test)]
mod tests;
