//! What is known of a stack beside its pixels.

/// How pixels come off the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Access {
    /// Pages lie at equal distances: a stretch is read at once.
    Strided,
    /// Each page is found and unpacked by itself.
    PageByPage,
    /// The array is cut into chunks.
    Chunked,
    /// One file for each page.
    FileByFile,
    /// Frames do not lie together: a stretch is gathered from the whole file.
    Gathered,
    /// Unpacked into memory when it was opened.
    Memory,
}

/// What is known of a stack beside its pixels.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct StackFacts {
    /// Format, as `BigTIFF (ScanImage)`.
    pub format: String,
    /// Compression, `none` where there is none.
    pub compression: String,
    /// How pixels come off the disk.
    pub access: Access,
    /// Array within the file, for formats with names.
    pub dataset: Option<String>,
    /// Number of channels whose pages take turns.
    pub n_channels: usize,
    /// Number of planes whose pages take turns.
    pub n_planes: usize,
    /// Frames a second of the plane that is read, where the file says so.
    pub frame_rate_hz: Option<f64>,
    /// Numbers missing from the names of a folder's files, as `17` or `20-39`.
    pub missing: Vec<String>,
    /// Frames in a chunk: stretches that begin and end at multiples of it are read fastest.
    pub chunk_frames: Option<usize>,
    /// Memory that stays taken while the stack is open, in bytes.
    pub resident_bytes: u64,
    /// Whatever else a user should know, a sentence each.
    pub notes: Vec<String>,
}

impl StackFacts {
    pub(super) fn new(format: impl Into<String>, access: Access) -> Self {
        Self {
            format: format.into(),
            compression: "none".to_owned(),
            access,
            dataset: None,
            n_channels: 1,
            n_planes: 1,
            frame_rate_hz: None,
            missing: Vec::new(),
            chunk_frames: None,
            resident_bytes: 0,
            notes: Vec::new(),
        }
    }
}
