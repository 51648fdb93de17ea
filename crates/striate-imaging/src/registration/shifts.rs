//! How far each frame is off.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use ndarray::{Array2, Array3, ArrayD, Axis, Dimension};
use striate_formats::FormatError;
use striate_formats::safetensors::{self, NamedTensor, OwnedTensor};

use crate::ImagingError;

/// Shifts of a movie: what lies at `p` in the template lies at `p + shift` in the frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Shifts {
    /// Rigid shift `[frame, 2]` (y, x) in pixels.
    pub rigid: Array2<f32>,
    /// Shifts of patches, the rigid part included; none: rigid.
    pub field: Option<ShiftField>,
}

/// Shifts of patches; between their centres they are interpolated.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftField {
    /// Rows of the centres in pixels, ascending.
    pub centres_y: Vec<f32>,
    /// Columns of the centres in pixels, ascending.
    pub centres_x: Vec<f32>,
    /// Shift `[frame, patch, 2]` (y, x) in pixels, patches row by row.
    pub values: Array3<f32>,
}

impl Shifts {
    /// Frames.
    pub fn n_frames(&self) -> usize {
        self.rigid.nrows()
    }

    /// Rows and columns of the registered movie, of frames of `height` x `width`, that every frame
    /// shows; empty where there are none. Beyond them pixels repeat the border.
    ///
    /// ```
    /// use striate_imaging::registration::Shifts;
    ///
    /// let rigid = ndarray::arr2(&[[1.5, 0.0], [-2.0, 3.0]]);
    /// assert_eq!(Shifts { rigid, field: None }.shown_area((10, 10)), [2..8, 0..7]);
    /// ```
    pub fn shown_area(&self, (height, width): (usize, usize)) -> [Range<usize>; 2] {
        [0, 1].map(|axis| {
            let of_patches = self.field.iter().flat_map(|field| {
                field.values.index_axis(Axis(2), axis).iter().copied().collect::<Vec<f32>>()
            });
            let shifts = self.rigid.column(axis).into_iter().copied().chain(of_patches);
            let (least, most) =
                shifts.fold((0.0_f32, 0.0_f32), |(least, most), s| (least.min(s), most.max(s)));
            let length = [height, width][axis];
            let end = length.saturating_sub(most.ceil() as usize);
            ((-least).ceil() as usize).min(end)..end
        })
    }

    /// Write as safetensors: `rigid`, and where there is a field `field`, `centres_y`, `centres_x`.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ImagingError> {
        let (rigid, rigid_shape) = flat(&self.rigid);
        let mut tensors = vec![NamedTensor { name: "rigid", shape: &rigid_shape, values: &rigid }];
        let field = self.field.as_ref().map(|field| (field, flat(&field.values)));
        let lengths = field.as_ref().map(|(f, _)| ([f.centres_y.len()], [f.centres_x.len()]));
        if let (Some((field, (values, shape))), Some((n_y, n_x))) = (&field, &lengths) {
            tensors.push(NamedTensor { name: "field", shape, values });
            tensors.push(NamedTensor { name: "centres_y", shape: n_y, values: &field.centres_y });
            tensors.push(NamedTensor { name: "centres_x", shape: n_x, values: &field.centres_x });
        }
        let kind = BTreeMap::from([("format".to_owned(), "striate shifts 1".to_owned())]);
        Ok(safetensors::write(path, &tensors, &kind)?)
    }

    /// Read what [`Shifts::write`] wrote.
    ///
    /// # Errors
    /// A file that cannot be read or is not of this kind.
    pub fn read(path: &Path) -> Result<Self, ImagingError> {
        let (tensors, _) = safetensors::read(path)?;
        let mut tensors: BTreeMap<String, OwnedTensor> =
            tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
        let malformed = |found: String, expected: &str| {
            let (what, expected) = ("shifts".to_owned(), expected.to_owned());
            FormatError::Malformed { what, found, expected, path: path.to_owned() }
        };
        let mut take = |name: &str| tensors.remove(name);
        let Some(rigid) = take("rigid").and_then(array) else {
            return Err(malformed("no such tensor".into(), "`rigid` [frame, 2]").into());
        };
        let field = match (take("field").and_then(array), take("centres_y"), take("centres_x")) {
            (Some(values), Some(y), Some(x)) => {
                Some(ShiftField { centres_y: y.values, centres_x: x.values, values })
            }
            _ => None,
        };
        let shifts = Self { rigid, field };
        shifts.check().map_err(|found| malformed(found, "[frame, 2] and finite numbers"))?;
        Ok(shifts)
    }

    /// Whether the parts fit each other; what does not, where they do not.
    pub(super) fn check(&self) -> Result<(), String> {
        let n_frames = self.n_frames();
        if self.rigid.ncols() != 2 {
            return Err(format!("rigid shifts {:?}", self.rigid.dim()));
        }
        let mut values: Box<dyn Iterator<Item = &f32>> = Box::new(self.rigid.iter());
        if let Some(field) = &self.field {
            let n_patches = field.centres_y.len() * field.centres_x.len();
            if field.values.dim() != (n_frames, n_patches, 2) || n_patches == 0 {
                return Err(format!("a field {:?} of {n_patches} patches", field.values.dim()));
            }
            let ascends = |centres: &[f32]| centres.windows(2).all(|pair| pair[0] < pair[1]);
            if !ascends(&field.centres_y) || !ascends(&field.centres_x) {
                return Err("centres that do not ascend".into());
            }
            values = Box::new(values.chain(field.values.iter()));
        }
        values.find(|v| !v.is_finite()).map_or(Ok(()), |value| Err(format!("a shift of {value}")))
    }
}

/// Values in C order, and the shape.
fn flat<D: Dimension>(array: &ndarray::Array<f32, D>) -> (Vec<f32>, Vec<usize>) {
    (array.iter().copied().collect(), array.shape().to_vec())
}

fn array<D: Dimension>(tensor: OwnedTensor) -> Option<ndarray::Array<f32, D>> {
    ArrayD::from_shape_vec(tensor.shape, tensor.values).ok()?.into_dimensionality().ok()
}
