//! TensorBoard event files: protocol-buffer `Event` messages in `TFRecord` framing.
//!
//! A record is the length (u64), the masked CRC-32C of those 8 bytes, the message, and the masked
//! CRC-32C of the message, all little-endian. Of the message types only what scalars need is
//! written: `Event { 1: wall_time, 2: step, 3: file_version, 5: Summary { 1: Value { 1: tag,
//! 2: simple_value } } }`.

use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::appender::Appender;
use super::crc32c;

/// What the file's name begins with; TensorBoard looks for it.
pub(super) const FILE_PREFIX: &str = "events.out.tfevents.";

/// Writes scalars for TensorBoard.
#[derive(Debug)]
pub(super) struct EventWriter {
    file: Appender,
}

impl EventWriter {
    /// Open or create the events file at `path`, cut back to `length` bytes.
    pub(super) fn open(path: &Path, length: u64) -> io::Result<Self> {
        let mut file = Appender::open(path, length)?;
        if file.length() == 0 {
            let mut event = event(wall_time(), 0);
            put_bytes(&mut event, 3, b"brain.Event:2");
            file.append(&record(&event))?;
        }
        Ok(Self { file })
    }

    /// Write named values reached at `step`.
    pub(super) fn scalars(&mut self, step: u64, scalars: &[(&str, f64)]) -> io::Result<()> {
        self.file.append(&record(&scalar_event(wall_time(), step, scalars)))
    }

    /// Bring everything to the disk and say how long the file is.
    pub(super) fn sync(&mut self) -> io::Result<u64> {
        self.file.sync()
    }
}

fn scalar_event(wall_time: f64, step: u64, scalars: &[(&str, f64)]) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, value) in scalars {
        let mut one = Vec::new();
        put_bytes(&mut one, 1, tag.as_bytes());
        one.push(key(2, FIXED_32));
        one.extend((*value as f32).to_le_bytes());
        put_bytes(&mut summary, 1, &one);
    }
    let mut event = event(wall_time, step);
    put_bytes(&mut event, 5, &summary);
    event
}

fn event(wall_time: f64, step: u64) -> Vec<u8> {
    let mut event = vec![key(1, FIXED_64)];
    event.extend(wall_time.to_le_bytes());
    // A zero is the default of protocol buffers and left out, as TensorBoard's own writer does.
    if step != 0 {
        event.push(key(2, VARINT));
        put_varint(&mut event, step);
    }
    event
}

fn record(message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(message.len() + 16);
    record.extend(length);
    record.extend(crc32c::masked(&length).to_le_bytes());
    record.extend(message);
    record.extend(crc32c::masked(message).to_le_bytes());
    record
}

const VARINT: u8 = 0;
const FIXED_64: u8 = 1;
const LENGTH_DELIMITED: u8 = 2;
const FIXED_32: u8 = 5;

const fn key(field: u8, wire_type: u8) -> u8 {
    (field << 3) | wire_type
}

fn put_bytes(target: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    target.push(key(field, LENGTH_DELIMITED));
    put_varint(target, bytes.len() as u64);
    target.extend(bytes);
}

fn put_varint(target: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        target.push((value as u8) | 0x80);
        value >>= 7;
    }
    target.push(value as u8);
}

fn wall_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of an events file, each checksum verified.
    fn messages(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
            assert_eq!(word(8), crc32c::masked(&rest[..8]));
            let message = &rest[12..12 + length];
            assert_eq!(word(12 + length), crc32c::masked(message));
            messages.push(message.to_vec());
            rest = &rest[16 + length..];
        }
        messages
    }

    #[test]
    fn scalar_event_has_the_bytes_of_the_protocol() {
        // Written out by hand from event.proto and summary.proto: wall_time 1.0, step 300, tag "a",
        // simple_value 0.5.
        let mut expected = vec![0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F];
        expected.extend([0x10, 0xAC, 0x02]);
        expected.extend([0x2A, 0x0A, 0x0A, 0x08, 0x0A, 0x01, b'a', 0x15, 0, 0, 0, 0x3F]);
        assert_eq!(scalar_event(1.0, 300, &[("a", 0.5)]), expected);
    }

    #[test]
    fn file_begins_with_the_bytes_of_every_events_file() {
        // Length 24 and its masked checksum: the first 12 bytes of any file TensorFlow writes.
        let mut event = event(0.0, 0);
        put_bytes(&mut event, 3, b"brain.Event:2");
        let bytes = record(&event);
        assert_eq!(bytes[..12], [24, 0, 0, 0, 0, 0, 0, 0, 0xA3, 0x7F, 0x4B, 0x22]);
        assert_eq!(messages(&bytes), [event]);
    }

    #[test]
    fn written_file_reads_back_and_resumes_behind_its_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.out.tfevents.0.striate");
        let mut writer = EventWriter::open(&path, 0).unwrap();
        writer.scalars(1, &[("loss", 2.0)]).unwrap();
        let length = writer.sync().unwrap();
        writer.scalars(2, &[("loss", 1.0)]).unwrap();
        drop(writer);
        let mut writer = EventWriter::open(&path, length).unwrap();
        writer.scalars(3, &[("loss", 0.5), ("rate", 0.1)]).unwrap();
        drop(writer);
        let found = messages(&std::fs::read(&path).unwrap());
        assert_eq!(found.len(), 3);
        assert!(found[0].ends_with(b"brain.Event:2"));
        // Behind the 9 bytes of wall time: field 2, the step.
        assert_eq!(found[1][9..11], [0x10, 1]);
        assert_eq!(found[2][9..11], [0x10, 3]);
        assert!(found[2].ends_with(&0.1f32.to_le_bytes()));
    }
}
