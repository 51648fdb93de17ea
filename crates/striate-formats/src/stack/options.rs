//! What a caller must say of a file that does not say it itself.

use std::path::Path;

use super::PixelType;
use crate::error::FormatError;

/// How to read a stack. The default reads whatever says of itself what it is.
///
/// ```
/// use striate_formats::stack::StackOptions;
///
/// let options: StackOptions = serde_json::from_str(r#"{"channel": 1, "channels": 2}"#)?;
/// assert_eq!(options.channel, Some(1));
/// assert!(serde_json::from_str::<StackOptions>(r#"{"chanel": 1}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StackOptions {
    /// Name of the array in an HDF5, NWB or NPZ file, as `/acquisition/movie/data`. Default: the
    /// only one with three axes.
    pub dataset: Option<String>,
    /// Layout of a file without a header. Default: none, such files are refused.
    pub raw: Option<RawLayout>,
    /// Order of the axes of an NPY, NPZ, HDF5 or raw array: the letters `t`, `y`, `x`, slowest axis
    /// of NumPy's shape first. Default: `tyx`, and `txy` for a `TwoPhotonSeries` of NWB.
    pub axes: Option<AxisOrder>,
    /// Which channel to read, from 0. Default: the only one.
    pub channel: Option<usize>,
    /// Number of channels whose pages take turns, 1 or more. Default: what the file says, else 1.
    pub channels: Option<usize>,
    /// Which plane to read, from 0. Default: the only one.
    pub plane: Option<usize>,
    /// Number of planes whose pages take turns, 1 or more. Default: what the file says, else 1.
    pub planes: Option<usize>,
}

/// Layout of a file that is nothing but pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLayout {
    /// `[frames, height, width]`, whatever the order of the axes; frames of 0 stands for as many as
    /// the file has.
    pub shape: [usize; 3],
    /// Type of the pixels.
    pub pixel_type: PixelType,
    /// Bytes before the first pixel. Default 0.
    #[serde(default)]
    pub offset: u64,
    /// Whether the most significant byte comes first. Default `false`.
    #[serde(default)]
    pub big_endian: bool,
}

/// An axis of a movie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    T,
    Y,
    X,
}

/// An order of the three axes, slowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AxisOrder {
    /// Frame, row, column.
    Tyx,
    /// Frame, column, row, as in NWB.
    Txy,
    /// Row, column, frame.
    Yxt,
    /// Column, row, frame.
    Xyt,
    /// Row, frame, column.
    Ytx,
    /// Column, frame, row.
    Xty,
}

impl AxisOrder {
    /// The axes, slowest first.
    pub(super) fn axes(self) -> [Axis; 3] {
        use Axis::{T, X, Y};
        match self {
            Self::Tyx => [T, Y, X],
            Self::Txy => [T, X, Y],
            Self::Yxt => [Y, X, T],
            Self::Xyt => [X, Y, T],
            Self::Ytx => [Y, T, X],
            Self::Xty => [X, T, Y],
        }
    }

    /// The same axes, fastest first.
    pub(super) fn reversed(self) -> Self {
        match self {
            Self::Tyx => Self::Xyt,
            Self::Txy => Self::Yxt,
            Self::Yxt => Self::Txy,
            Self::Xyt => Self::Tyx,
            Self::Ytx => Self::Xty,
            Self::Xty => Self::Ytx,
        }
    }

    /// Numbers of frames, rows and columns of an array of `shape` in this order.
    pub(super) fn movie_shape(self, shape: [usize; 3]) -> [usize; 3] {
        let mut movie = [0; 3];
        for (axis, length) in self.axes().into_iter().zip(shape) {
            movie[axis as usize] = length;
        }
        movie
    }

    /// Shape in this order of a movie of `movie`, `[frames, height, width]`.
    pub(super) fn file_shape(self, movie: [usize; 3]) -> [usize; 3] {
        self.axes().map(|axis| movie[axis as usize])
    }
}

impl StackOptions {
    /// Refuse options that only other formats understand.
    pub(super) fn refuse_unused(
        &self,
        understood: &[&str],
        format: &str,
        path: &Path,
    ) -> Result<(), FormatError> {
        let given = [
            ("dataset", self.dataset.is_some()),
            ("raw", self.raw.is_some()),
            ("axes", self.axes.is_some()),
        ];
        match given.iter().find(|(name, given)| *given && !understood.contains(name)) {
            None => Ok(()),
            Some((name, _)) => {
                let expected = format!("none, which {format} does not need");
                Err(FormatError::malformed(format!("option `{name}`"), "a value", expected, path))
            }
        }
    }
}
