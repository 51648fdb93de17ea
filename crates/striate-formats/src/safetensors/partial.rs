//! Reading parts of tensors.

use std::collections::BTreeMap;
use std::io::{BufReader, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use ::safetensors::Dtype;
use ::safetensors::tensor::{Metadata, TensorInfo};

use super::{OwnedTensor, read_header, read_values};
use crate::error::FormatError;
use crate::files::{SeenFile, visit};

/// A file of tensors whose header was read and checked: the values are read when they are asked for, in parts if
/// need be. It holds no descriptor; a file that changed since it was opened is an error.
#[derive(Debug, Clone)]
pub struct TensorFile {
    file: SeenFile,
    header: Metadata,
    /// Where the values begin.
    start: u64,
}

impl TensorFile {
    /// Read and check the header.
    ///
    /// # Errors
    /// [`FormatError`] for a file that cannot be opened or is not complete, and for a header that cannot be
    /// understood or does not cover the file exactly.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let (file, reader) = SeenFile::open(path)?;
        let header = read_header(&file, &mut BufReader::new(reader))?;
        let start = file.n_bytes - header.data_len() as u64;
        Ok(Self { file, header, start })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// The text beside the tensors.
    pub fn metadata(&self) -> BTreeMap<String, String> {
        self.header.metadata().clone().unwrap_or_default().into_iter().collect()
    }

    /// Lengths of the axes of a tensor.
    ///
    /// # Errors
    /// [`FormatError::NoMember`] where there is none of that name, [`FormatError::Malformed`] where its values are
    /// not 32-bit floats.
    pub fn shape(&self, name: &str) -> Result<&[usize], FormatError> {
        Ok(&self.info(name)?.shape)
    }

    /// Read a whole tensor.
    ///
    /// # Errors
    /// Those of [`Self::shape`], and where the file cannot be read or has changed.
    pub fn read(&self, name: &str) -> Result<OwnedTensor, FormatError> {
        let info = self.info(name)?;
        let mut reader = self.reader_at(info.data_offsets.0 as u64)?;
        let values = read_values(info, name, &self.file, &mut reader)?;
        Ok(OwnedTensor { name: name.to_owned(), shape: info.shape.clone(), values })
    }

    /// Read the values `part` of a tensor, counted in C order, into `out`, which is as long.
    ///
    /// # Errors
    /// Those of [`Self::read`], and for values that are not there.
    ///
    /// # Panics
    /// Where `out` has another length than `part`.
    pub fn read_part(
        &self,
        name: &str,
        part: Range<usize>,
        out: &mut [f32],
    ) -> Result<(), FormatError> {
        assert_eq!(part.len(), out.len(), "as many places as values");
        let info = self.info(name)?;
        let length = (info.data_offsets.1 - info.data_offsets.0) / 4;
        if part.end > length || part.start > part.end {
            let (what, path) = (format!("values of tensor `{name}`"), self.file.path.clone());
            return Err(FormatError::OutOfRange {
                what,
                length,
                start: part.start,
                end: part.end,
                path,
            });
        }
        let mut reader = self.reader_at((info.data_offsets.0 + 4 * part.start) as u64)?;
        let mut rest = out;
        visit(&mut reader, 4 * part.len() as u64, &mut |bytes| {
            let (elements, _) = bytes.as_chunks::<4>();
            let (now, later) = std::mem::take(&mut rest).split_at_mut(elements.len());
            now.iter_mut()
                .zip(elements)
                .for_each(|(value, &bytes)| *value = f32::from_le_bytes(bytes));
            rest = later;
        })
        .map_err(|error| self.file.read_error(error))
    }

    fn info(&self, name: &str) -> Result<&TensorInfo, FormatError> {
        let path = &self.file.path;
        let Some(info) = self.header.info(name) else {
            let known = self.header.offset_keys().join(", ");
            return Err(FormatError::NoMember { name: name.to_owned(), known, path: path.clone() });
        };
        if info.dtype != Dtype::F32 {
            let (what, found) = (format!("tensor `{name}`"), format!("{:?}", info.dtype));
            return Err(FormatError::malformed(what, found, "F32", path));
        }
        Ok(info)
    }

    /// The file from a place among the values on.
    fn reader_at(&self, offset: u64) -> Result<BufReader<std::fs::File>, FormatError> {
        let mut file = self.file.reopen()?;
        file.seek(SeekFrom::Start(self.start + offset))
            .map_err(FormatError::io("read", &self.file.path))?;
        Ok(BufReader::new(file))
    }
}
