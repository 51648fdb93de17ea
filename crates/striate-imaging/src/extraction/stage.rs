//! Stages whose products are kept.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use striate_base::files::write_atomic_bytes;
use striate_base::provenance::hash_bytes;

use crate::ImagingError;

/// Folder of the records, in the folder of the products.
const RECORDS: &str = "stages";

/// Runs stages, or takes what an earlier call left.
pub(crate) struct Stages {
    records: PathBuf,
    /// Hash of everything before the next stage.
    key: String,
    /// What has been run or taken.
    pub(crate) seconds: Vec<(String, f64)>,
}

/// What a product was made from.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    key: String,
    seconds: f64,
}

impl Stages {
    pub(crate) fn new(folder: &Path, identity: &str) -> Result<Self, ImagingError> {
        let records = folder.join(RECORDS);
        std::fs::create_dir_all(&records).map_err(ImagingError::io("make the folder", &records))?;
        let key = hash_bytes(format!("{} {identity}", env!("CARGO_PKG_VERSION")).as_bytes());
        Ok(Self { records, key, seconds: Vec::new() })
    }

    /// The product of a stage: read where the record says that it was made from the same, else made and recorded.
    pub(crate) fn run<T>(
        &mut self,
        name: &str,
        settings: &impl Serialize,
        read: impl FnOnce() -> Result<T, ImagingError>,
        make: impl FnOnce() -> Result<T, ImagingError>,
    ) -> Result<T, ImagingError> {
        let settings = serde_json::to_string(settings).expect("settings are numbers and text");
        self.key = hash_bytes(format!("{} {name} {settings}", self.key).as_bytes());
        let path = self.records.join(format!("{name}.json"));
        let record = std::fs::read(&path).ok();
        let record = record.and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok());
        if let Some(record) = record.filter(|record| record.key == self.key)
            // A product that somebody removed or damaged is made again.
            && let Ok(product) = read()
        {
            self.seconds.push((name.to_owned(), record.seconds));
            return Ok(product);
        }
        // The old record must not vouch for a product that is being replaced.
        if path.exists() {
            std::fs::remove_file(&path).map_err(ImagingError::io("remove the record", &path))?;
        }
        let clock = Instant::now();
        let product = make()?;
        let seconds = clock.elapsed().as_secs_f64();
        let record = Record { key: self.key.clone(), seconds };
        let bytes = serde_json::to_vec(&record).expect("a record is numbers and text");
        write_atomic_bytes(&path, &bytes).map_err(ImagingError::io("write the record", &path))?;
        self.seconds.push((name.to_owned(), seconds));
        Ok(product)
    }
}
