//! Looks at each page before the `parquet` crate does: that crate unpacks what there is to unpack,
//! whatever size the page declares, and reads as many levels as a run-length code promises.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parquet::basic::Compression;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;

use super::page_header::{self, PageHeader};
use crate::error::FormatError;
use crate::files::SeenFile;

/// Most bytes of a page, unpacked.
const LARGEST_PAGE: u64 = 32 << 20;

/// Most bytes of the header of a page.
const LONGEST_HEADER: u64 = 64 << 10;

/// Most values of one row of one column: 16 000 neurons in 250 frames, for example.
pub(super) const MOST_VALUES: u64 = 4 << 20;

/// Values that may still be read for the row being read.
#[derive(Debug, Clone, Default)]
pub(super) struct Budget(Arc<AtomicU64>);

impl Budget {
    /// A new row begins.
    pub(super) fn renew(&self) {
        self.0.store(MOST_VALUES, Ordering::Relaxed);
    }

    fn take(&self, n: u64) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(n))
            .is_ok()
    }
}

/// The pages of a column in a group of rows, each looked at before it is unpacked.
pub(super) struct GuardedPages {
    inner: SerializedPageReader<File>,
    file: File,
    /// Where the next page begins.
    next: u64,
    /// Where the last one ends.
    end: u64,
    is_packed: bool,
    /// Whether the next page has been looked at.
    is_checked: bool,
    budget: Budget,
    path: PathBuf,
}

impl GuardedPages {
    pub(super) fn new(
        seen: &SeenFile,
        chunk: &ColumnChunkMetaData,
        n_rows: usize,
        budget: Budget,
    ) -> Result<Self, FormatError> {
        let path = seen.path.as_path();
        let (start, end) = range(chunk, seen.n_bytes).ok_or_else(|| {
            let expected = format!("part of the {} bytes of the file", seen.n_bytes);
            FormatError::malformed("place of a column", "a place outside", expected, path)
        })?;
        let is_packed = match chunk.compression() {
            Compression::UNCOMPRESSED => false,
            Compression::BROTLI(_) => true,
            other => {
                let found = format!("{other:?}");
                return Err(FormatError::malformed("compression", found, "BROTLI or none", path));
            }
        };
        let file = seen.reopen()?;
        let inner = SerializedPageReader::new(Arc::new(seen.reopen()?), chunk, n_rows, None)
            .map_err(|error| read_error(error, path))?;
        let path = path.to_owned();
        Ok(Self { inner, file, next: start, end, is_packed, is_checked: false, budget, path })
    }

    /// Look at the next page, if there is one and it has not been looked at.
    fn check(&mut self) -> ParquetResult<()> {
        while !self.is_checked && self.next < self.end {
            let header = self.header().map_err(ours)?;
            self.next += header.n_bytes;
            if header.packed_bytes > self.end - self.next {
                return Err(ours(self.refuse("a page beyond its column", "complete pages")));
            }
            let unpacked = if self.is_packed { self.unpack(header)? } else { header.packed_bytes };
            if unpacked != header.unpacked_bytes {
                let expected = format!("{} bytes", header.unpacked_bytes);
                return Err(ours(self.refuse(&format!("{unpacked} bytes unpacked"), &expected)));
            }
            self.next += header.packed_bytes;
            // Pages of an index are passed over, here as there.
            self.is_checked = header.kind != 1;
        }
        Ok(())
    }

    fn header(&mut self) -> Result<PageHeader, FormatError> {
        let n_bytes = LONGEST_HEADER.min(self.end - self.next);
        let mut bytes = Vec::new();
        let read = self
            .file
            .seek(SeekFrom::Start(self.next))
            .and_then(|_| Read::take(&mut self.file, n_bytes).read_to_end(&mut bytes));
        read.map_err(FormatError::io("read", &self.path))?;
        let header = page_header::parse(&bytes)
            .ok_or_else(|| self.refuse("no header", "the header of a page"))?;
        if header.kind > 2 {
            return Err(self.refuse(&format!("page type {}", header.kind), "pages of version 1"));
        }
        if header.unpacked_bytes > LARGEST_PAGE {
            return Err(FormatError::TooLarge {
                what: "bytes of a page".to_owned(),
                found: header.unpacked_bytes,
                limit: LARGEST_PAGE,
                path: self.path.clone(),
            });
        }
        Ok(header)
    }

    /// How many bytes the page that begins here unpacks to, counted up to one too many.
    fn unpack(&mut self, header: PageHeader) -> ParquetResult<u64> {
        self.file.seek(SeekFrom::Start(self.next))?;
        let packed = Read::take(&mut self.file, header.packed_bytes);
        let unpacked = brotli::Decompressor::new(packed, 4096);
        let counted = io::copy(&mut unpacked.take(header.unpacked_bytes + 1), &mut io::sink());
        counted.map_err(|error| ours(self.refuse(&error.to_string(), "brotli")))
    }

    fn refuse(&self, found: &str, expected: &str) -> FormatError {
        FormatError::malformed("page of a column", found, expected, &self.path)
    }
}

/// First byte of a column and the one after its last, both inside the file.
fn range(chunk: &ColumnChunkMetaData, n_bytes: u64) -> Option<(u64, u64)> {
    let data = u64::try_from(chunk.data_page_offset()).ok()?;
    let dictionary =
        chunk.dictionary_page_offset().map_or(Some(data), |o| u64::try_from(o).ok())?;
    // As the crate reads it: the dictionary, where there is one, comes first.
    let start = if chunk.dictionary_page_offset().is_some() { dictionary } else { data };
    let end = start.checked_add(u64::try_from(chunk.compressed_size()).ok()?)?;
    (end <= n_bytes).then_some((start, end))
}

impl Iterator for GuardedPages {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for GuardedPages {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        self.check()?;
        self.is_checked = false;
        let page = self.inner.get_next_page()?;
        let n_values = page.as_ref().map_or(0, |page| u64::from(page.num_values()));
        if self.budget.take(n_values) {
            return Ok(page);
        }
        Err(ours(FormatError::TooLarge {
            what: "values of a row or page".to_owned(),
            found: n_values.max(MOST_VALUES + 1),
            limit: MOST_VALUES,
            path: self.path.clone(),
        }))
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        self.check()?;
        self.inner.peek_next_page()
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        self.check()?;
        self.is_checked = false;
        self.inner.skip_next_page()
    }
}

/// One of our errors on its way through the crate.
fn ours(error: FormatError) -> ParquetError {
    ParquetError::External(Box::new(error))
}

/// Turns an error of reading into one of ours.
pub(super) fn read_error(error: ParquetError, path: &Path) -> FormatError {
    let error = match error {
        ParquetError::External(inner) => match inner.downcast::<FormatError>() {
            Ok(ours) => return *ours,
            Err(other) => other.to_string(),
        },
        error => error.to_string(),
    };
    let found: String = error.chars().take(300).collect();
    FormatError::malformed("table", found, "a complete Parquet file", path)
}
