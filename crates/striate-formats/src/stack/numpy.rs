//! Movies in NumPy's files.

use std::io::{BufReader, Read};
use std::path::Path;

use zip::{CompressionMethod, ZipArchive};

use super::bytes::Bytes;
use super::facts::{Access, StackFacts};
use super::options::{AxisOrder, StackOptions};
use super::pixel::{Encoding, PixelType};
use super::strided::{Layout, Strided};
use super::{Opened, listed};
use crate::archive::{Archive, zip_error};
use crate::error::FormatError;
use crate::files::{SeenFile, reserve};
use crate::npy::Header;

/// Largest array that is unpacked into memory.
const LARGEST_UNPACKED: u64 = 1 << 30;

/// Open an `.npy` file.
pub(super) fn open_npy(path: &Path, options: &StackOptions) -> Result<Opened, FormatError> {
    options.refuse_unused(&["axes"], "an NPY file", path)?;
    let (seen, mut reader) = SeenFile::open(path)?;
    let header = Header::read(&mut reader, seen.n_bytes, path)?;
    let layout = layout(&header, 0, options, path)?;
    strided(Bytes::open(path)?, layout, StackFacts::new("NPY", Access::Strided))
}

/// Open an array of an `.npz` file.
pub(super) fn open_npz(path: &Path, options: &StackOptions) -> Result<Opened, FormatError> {
    options.refuse_unused(&["axes", "dataset"], "an NPZ file", path)?;
    let archive = Archive::open(path)?;
    let name = choose(&archive, options)?;
    let mut facts = StackFacts::new("NPZ", Access::Strided);
    facts.dataset = Some(name.trim_end_matches(".npy").to_owned());
    let header = header(&archive, &name)?;
    let member_path = archive.path_of(&name);
    if let Some(start) = stored_at(&archive, &name)? {
        let layout = layout(&header, start, options, &member_path)?;
        return strided(Bytes::open(path)?, layout, facts);
    }
    let bytes = unpack(&archive, &name, &header)?;
    facts.access = Access::Memory;
    "deflate".clone_into(&mut facts.compression);
    facts.resident_bytes = bytes.len() as u64;
    let layout = Layout { first: 0, ..layout(&header, 0, options, &member_path)? };
    strided(Bytes::in_memory(archive.file, bytes), layout, facts)
}

fn strided(bytes: Bytes, layout: Layout, mut facts: StackFacts) -> Result<Opened, FormatError> {
    if !layout.frames_lie_together() {
        super::note_gathered(&mut facts);
    }
    let bytes_on_disk = bytes.on_disk();
    let source = Box::new(Strided::new(bytes, layout)?);
    let (shape, pixel_type) = (layout.shape, layout.encoding.pixel);
    Ok(Opened { source, shape, pixel_type, facts, bytes_on_disk })
}

/// Where the pixels lie, counted from the start of the header at `start`.
fn layout(
    header: &Header,
    start: u64,
    options: &StackOptions,
    path: &Path,
) -> Result<Layout, FormatError> {
    let pixel = PixelType::of_element(header.element).ok_or_else(|| FormatError::ElementType {
        found: header.element.to_string(),
        expected: "integers, or floats of 32 or 64 bits",
        path: path.to_owned(),
    })?;
    let shape: [usize; 3] = header.shape.as_slice().try_into().map_err(|_| {
        FormatError::malformed("shape", format!("{:?}", header.shape), "three axes", path)
    })?;
    let order = options.axes.unwrap_or(AxisOrder::Tyx);
    let movie = order.movie_shape(shape);
    let order = if header.fortran_order { order.reversed() } else { order };
    let encoding = Encoding { pixel, big_endian: header.big_endian };
    Layout::dense(encoding, start + header.data_offset, movie, order, path)
}

/// Name of the member that holds the movie.
fn choose(archive: &Archive, options: &StackOptions) -> Result<String, FormatError> {
    let path = &archive.file.path;
    let arrays: Vec<&String> = archive.names.iter().filter(|n| n.ends_with(".npy")).collect();
    if let Some(name) = &options.dataset {
        let wanted = format!("{}.npy", name.trim_end_matches(".npy"));
        return arrays.into_iter().find(|&n| *n == wanted).cloned().ok_or_else(|| {
            let known = listed(archive.names.iter().map(|n| n.trim_end_matches(".npy").to_owned()));
            FormatError::NoMember { name: name.clone(), known, path: path.clone() }
        });
    }
    let mut candidates = Vec::new();
    for name in arrays {
        // What is no array of numbers, such as a pickle, is no candidate either.
        if let Ok(header) = header(archive, name)
            && header.shape.len() == 3
            && PixelType::of_element(header.element).is_some()
        {
            candidates.push((name.clone(), header.shape));
        }
    }
    let described = candidates.iter().map(|(n, s)| format!("{} {s:?}", n.trim_end_matches(".npy")));
    super::only_one(described.collect(), path)?;
    Ok(candidates.swap_remove(0).0)
}

fn header(archive: &Archive, name: &str) -> Result<Header, FormatError> {
    archive.member(name, |member| {
        let (n_bytes, path) = (member.n_bytes, member.path.clone());
        Header::read(member, n_bytes, &path)
    })
}

/// First byte of a member that is not packed.
fn stored_at(archive: &Archive, name: &str) -> Result<Option<u64>, FormatError> {
    let path = archive.path_of(name);
    let zip = ZipArchive::new(BufReader::new(archive.file.reopen()?));
    let mut zip = zip.map_err(|e| zip_error(e, &path))?;
    let member = zip.by_name(name).map_err(|e| zip_error(e, &path))?;
    let is_stored = member.compression() == CompressionMethod::Stored;
    Ok(member.data_start().filter(|_| is_stored))
}

/// The elements of a packed array, as they are in the file.
fn unpack(archive: &Archive, name: &str, header: &Header) -> Result<Vec<u8>, FormatError> {
    archive.member(name, |member| {
        if header.data_bytes > LARGEST_UNPACKED {
            return Err(FormatError::TooLarge {
                what: "bytes of a packed array (save it by numpy.save or numpy.savez)".to_owned(),
                found: header.data_bytes,
                limit: LARGEST_UNPACKED,
                path: member.path.clone(),
            });
        }
        member.refuse_bomb(header.data_bytes)?;
        let mut bytes = reserve(header.data_bytes as usize, &member.path)?;
        let (n_bytes, path) = (member.n_bytes, member.path.clone());
        Header::read(member, n_bytes, &path)?;
        bytes.resize(header.data_bytes as usize, 0);
        member.read_exact(&mut bytes).map_err(member.read_error())?;
        member.finish()?;
        Ok(bytes)
    })
}
