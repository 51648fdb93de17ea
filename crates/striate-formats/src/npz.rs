//! NumPy archives (`.npz`), stored (`np.savez`) or deflated (`np.savez_compressed`).

mod write;

use std::path::Path;

use ndarray::ArrayD;

use crate::archive::{Archive, Member};
use crate::error::FormatError;
use crate::files::{reserve, visit};
use crate::npy::decode::{self, Number, Values, Whole};
use crate::npy::{ElementType, Header, text};
pub use write::NpzWriter;

/// An archive of arrays. It holds no open descriptor.
#[derive(Debug, Clone)]
pub struct NpzFile {
    archive: Archive,
}

impl NpzFile {
    /// Read the list of arrays.
    ///
    /// # Errors
    /// [`FormatError`] for a file that cannot be opened or is no complete ZIP archive.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let mut archive = Archive::open(path)?;
        archive.names.retain(|name| name.ends_with(".npy"));
        if archive.names.is_empty() {
            return Err(FormatError::malformed("members", "no array", "one or more (.npy)", path));
        }
        archive.names.sort();
        Ok(Self { archive })
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.archive.file.path
    }

    /// Names of the arrays, sorted, as in `numpy.load(path).files`.
    pub fn names(&self) -> Vec<&str> {
        self.archive.names.iter().filter_map(|name| name.strip_suffix(".npy")).collect()
    }

    /// Shape of an array. Unpacks its header only.
    ///
    /// # Errors
    /// [`FormatError`] for a name that is not there, contents that are no NumPy array or that are
    /// damaged.
    pub fn shape(&self, name: &str) -> Result<Vec<usize>, FormatError> {
        Ok(self.header(name)?.shape)
    }

    /// Type of the elements of an array.
    ///
    /// # Errors
    /// As [`NpzFile::shape`].
    pub fn dtype(&self, name: &str) -> Result<ElementType, FormatError> {
        Ok(self.header(name)?.element)
    }

    /// An array as `f32`, in standard layout; see [`crate::npy::NpyFile::read_f32`].
    ///
    /// # Errors
    /// As [`NpzFile::shape`]; and for text, too little memory, or more than 64 MiB packed into less
    /// than a hundredth.
    pub fn read_f32(&self, name: &str) -> Result<ArrayD<f32>, FormatError> {
        self.read(name)
    }

    /// An array as `f64`; see [`NpzFile::read_f32`].
    ///
    /// # Errors
    /// As [`NpzFile::read_f32`].
    pub fn read_f64(&self, name: &str) -> Result<ArrayD<f64>, FormatError> {
        self.read(name)
    }

    /// An array as `i64`; see [`crate::npy::NpyFile::read_i64`].
    ///
    /// # Errors
    /// As [`NpzFile::read_f32`], and for values that are no whole numbers or too large.
    pub fn read_i64(&self, name: &str) -> Result<ArrayD<i64>, FormatError> {
        let header = self.header(name)?;
        let path = self.archive.path_of(name);
        decode::integers(&header, &path, &mut Named { file: self, name })
    }

    /// The texts of an array; see [`crate::npy::NpyFile::read_strings`].
    ///
    /// # Errors
    /// As [`NpzFile::shape`] and [`crate::npy::NpyFile::read_strings`].
    pub fn read_strings(&self, name: &str) -> Result<Vec<String>, FormatError> {
        self.member(name, |member| {
            let header = header_of(member)?;
            member.refuse_bomb(header.data_bytes)?;
            let (path, read_error) = (member.path.clone(), member.read_error());
            let texts = text::read(&header, member, &path, &read_error)?;
            member.finish()?;
            Ok(texts)
        })
    }

    fn header(&self, name: &str) -> Result<Header, FormatError> {
        self.member(name, header_of)
    }

    fn read<T: Number>(&self, name: &str) -> Result<ArrayD<T>, FormatError> {
        self.member(name, |member| {
            let header = header_of(member)?;
            header.refuse_text(&member.path)?;
            member.refuse_bomb((header.count as u64).saturating_mul(size_of::<T>() as u64))?;
            let room = reserve(header.count, &member.path)?;
            let mut values = Values::new(&header.whole(), room);
            let read = visit(member, header.data_bytes, &mut |b| values.extend(&header, b));
            read.map_err(member.read_error())?;
            member.finish()?;
            values.into_array(&member.path)
        })
    }

    fn member<T>(
        &self,
        name: &str,
        read: impl FnOnce(&mut Member<'_>) -> Result<T, FormatError>,
    ) -> Result<T, FormatError> {
        let file_name = format!("{name}.npy");
        if self.archive.names.binary_search(&file_name).is_err() {
            return Err(FormatError::NoMember {
                name: name.to_owned(),
                known: self.names().join(", "),
                path: self.path().to_owned(),
            });
        }
        self.archive.member(&file_name, read)
    }
}

fn header_of(member: &mut Member<'_>) -> Result<Header, FormatError> {
    let (n_bytes, path) = (member.n_bytes, member.path.clone());
    Header::read(member, n_bytes, &path)
}

/// One array as a source of whole arrays of any type.
struct Named<'a> {
    file: &'a NpzFile,
    name: &'a str,
}

impl Whole for Named<'_> {
    fn read<T: Number>(&mut self) -> Result<ArrayD<T>, FormatError> {
        self.file.read(self.name)
    }
}
