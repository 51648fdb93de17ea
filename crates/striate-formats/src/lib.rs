//! Foreign bytes to arrays and back, guarded.
//!
//! | module | reads | writes |
//! | --- | --- | --- |
//! | [`npy`] | NumPy arrays: booleans, integers, floats, text; both byte orders, both axis orders; parts of files | floats, bytes, 64-bit integers, text |
//! | [`npz`] | NumPy archives, stored or deflated | 32-bit floats, stored |
//! | [`image`] | JPEG and PNG as grey values, one by one or from ZIP archives | PNG (RGB) |
//! | [`stack`] | movies: TIFF, BigTIFF, HDF5, NWB, NPY, NPZ, raw pixels, folders of TIFFs | TIFF |
//! | [`parquet`] | submissions to Sensorium 2023 | the same, brotli |
//! | [`csv`] | submissions to Sensorium 2022 | the same |
//! | [`safetensors`] | 32-bit floats and text; parts of files | the same, row by row if need be |
//!
//! Input is hostile. Sizes a file declares are checked against its length and against limits before
//! anything is allocated; pickles are refused; a file that is too short, too long or changes while
//! it is read is an error and never a shorter array. Whatever is wrong comes back as a
//! [`FormatError`] with what was found, what was expected and, last, the file. Refusing a file takes
//! at most 64 MiB beyond its size; reading a good one takes 4 bytes for each `f32` handed over (8
//! for each `f64`) and buffers of 1 MiB. `attacks/README.md` beside the sources lists the abuse that
//! was tried.
//!
//! Files are written by [`striate_base::files`]: the old contents or the new, nothing between.
//!
//! ```
//! use ndarray::array;
//! use striate_formats::npy::{self, NpyFile};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("responses.npy");
//! npy::write_f32(&path, &array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].view().into_dyn())?;
//!
//! let file = NpyFile::open(&path)?;
//! assert_eq!(file.shape(), [2, 3]);
//! assert_eq!(file.read_last_axis_f32(1..3)?, array![[2.0, 3.0], [5.0, 6.0]].into_dyn());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod archive;
pub mod csv;
mod error;
mod files;
pub mod image;
pub mod npy;
pub mod npz;
pub mod parquet;
pub mod safetensors;
pub mod stack;

pub use error::FormatError;
