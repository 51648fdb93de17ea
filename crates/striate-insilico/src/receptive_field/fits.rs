//! Gabor functions and differences of Gaussians as descriptions of fields.

use ndarray::Array2;
use rayon::prelude::*;

use super::field::Field;
use super::separated::Separated;
use crate::experiment::Experiment;
use crate::jackknife::Error;
use crate::parametric::{
    DifferenceOfGaussiansFit, GaborFit, PictureFitConfig, fit_difference_of_gaussians, fit_gabor,
};

/// Both descriptions of one field; none where there is nothing to describe.
struct Fits {
    gabor: Option<GaborFit>,
    difference: Option<DifferenceOfGaussiansFit>,
}

/// A number of a fit with its error.
type Told = (f64, Option<f64>);

/// Fit the spatial part of each field, and add the descriptions' columns. Errors hold for noise that is
/// independent from pixel to pixel.
pub(super) fn add(found: &mut Experiment, fields: &[Field]) {
    let fits: Vec<Fits> = fields.par_iter().map(Fits::new).collect();
    let places: Vec<[f64; 2]> =
        fields.iter().map(|f| [f.origin[1] as f64, f.origin[0] as f64]).collect();
    let table = Table { found, fits: &fits, places: &places };
    table.add();
}

impl Fits {
    fn new(field: &Field) -> Self {
        let spatial = Separated::new(&field.mean(None), field.n_frames).spatial;
        let highest = spatial.iter().fold(0.0f64, |highest, v| highest.max(v.abs()));
        // Scaled, so that no field is too small for single precision.
        let scaled = spatial.iter().map(|value| (value / highest) as f32).collect();
        let picture = Array2::from_shape_vec((field.size[0], field.size[1]), scaled);
        let Ok(picture) = picture else { return Self { gabor: None, difference: None } };
        let config = PictureFitConfig::default();
        // A field that is constant or too small has no description.
        Self {
            gabor: fit_gabor(picture.view(), &config).ok(),
            difference: fit_difference_of_gaussians(picture.view(), &config).ok(),
        }
    }

    fn of_gabor(&self, of: impl Fn(&crate::parametric::EllipticalGabor) -> f64) -> Told {
        let Some(fit) = &self.gabor else { return (f64::NAN, None) };
        (of(&fit.gabor), fit.standard_errors.as_ref().map(of))
    }

    fn of_difference(&self, of: impl Fn(&crate::parametric::DifferenceOfGaussians) -> f64) -> Told {
        let Some(fit) = &self.difference else { return (f64::NAN, None) };
        (of(&fit.parameters), fit.standard_errors.as_ref().map(of))
    }

    fn explained_by_gabor(&self) -> f64 {
        self.gabor.as_ref().map_or(f64::NAN, |fit| fit.quality.explained_variance)
    }

    fn explained_by_difference(&self) -> f64 {
        self.difference.as_ref().map_or(f64::NAN, |fit| fit.quality.explained_variance)
    }

    fn is_difference_at_bound(&self) -> f64 {
        self.difference.as_ref().map_or(f64::NAN, |fit| f64::from(u8::from(fit.is_at_bound)))
    }

    /// Along an axis, the centre of the description that explains more.
    fn centre(&self, axis: usize) -> Told {
        if self.explained_by_difference() > self.explained_by_gabor() || self.gabor.is_none() {
            self.of_difference(|fit| fit.centre_px[axis])
        } else {
            self.of_gabor(|fit| fit.centre_px[axis])
        }
    }
}

struct Table<'a> {
    found: &'a mut Experiment,
    fits: &'a [Fits],
    /// x and y of the windows.
    places: &'a [[f64; 2]],
}

impl Table<'_> {
    fn add(mut self) {
        let (fits, places) = (self.fits, self.places);
        let moved =
            |axis: usize, (value, error): Told, fit: usize| (value + places[fit][axis], error);
        self.pair("centre_x", "px", "Column of the centre of the fit that explains more.", |i| {
            moved(0, fits[i].centre(0), i)
        });
        self.pair("centre_y", "px", "Row of the centre of the fit that explains more.", |i| {
            moved(1, fits[i].centre(1), i)
        });
        let about = "Orientation of the stripes of the Gabor function fitted to the filter; 0 is horizontal, counted counter-clockwise.";
        self.pair("gabor_orientation", "deg", about, |i| fits[i].of_gabor(|g| g.orientation_deg));
        self.found.uncertain("gabor_orientation", Error::Circular(180.0));
        let about = "Wavelength of that Gabor function.";
        self.pair("gabor_wavelength", "px", about, |i| fits[i].of_gabor(|g| g.wavelength_px));
        let about = "Phase of its cosine at the centre; 0 is bright in the middle.";
        self.pair("gabor_phase", "deg", about, |i| fits[i].of_gabor(|g| g.phase_deg));
        self.found.uncertain("gabor_phase", Error::Circular(360.0));
        let about = "Standard deviation of its envelope along the stripes.";
        self.pair("gabor_sigma_along", "px", about, |i| fits[i].of_gabor(|g| g.sigma_along_px));
        let about = "Standard deviation of its envelope across the stripes.";
        self.pair("gabor_sigma_across", "px", about, |i| fits[i].of_gabor(|g| g.sigma_across_px));
        let about = "Share of the spatial variance that it explains.";
        self.found.column("gabor_fit", "", about, fits.iter().map(Fits::explained_by_gabor));
        let about =
            "Standard deviation of the centre of a difference of Gaussians fitted to the filter.";
        self.pair("centre_sigma", "px", about, |i| fits[i].of_difference(|d| d.sigma_centre_px));
        let about = "Standard deviation of its surround.";
        self.pair("surround_sigma", "px", about, |i| {
            fits[i].of_difference(|d| d.sigma_surround_px)
        });
        let about = "1 where its centre or a size is at an end of the range of the fit, and so has no error.";
        let at_bound = fits.iter().map(Fits::is_difference_at_bound);
        self.found.column("is_difference_of_gaussians_at_bound", "", about, at_bound);
        let about = "Share of the spatial variance that it explains.";
        let explained = fits.iter().map(Fits::explained_by_difference);
        self.found.column("difference_of_gaussians_fit", "", about, explained);
    }

    fn pair(&mut self, name: &str, unit: &str, about: &str, of: impl Fn(usize) -> Told) {
        let all: Vec<Told> = (0..self.fits.len()).map(of).collect();
        self.found.column(name, unit, about, all.iter().map(|told| told.0));
        let errors = all.iter().map(|told| told.1.unwrap_or(f64::NAN));
        let about = "Standard error of the column before.";
        self.found.column(&format!("{name}_error"), unit, about, errors);
        self.found.uncertain(name, Error::Linear);
    }
}
