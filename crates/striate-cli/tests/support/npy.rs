//! NPY and ZIP files written by hand, well-formed or not.

#![allow(dead_code)] // Every test file uses its part of this.

use std::path::Path;

/// The bytes of a version 1 header.
pub(crate) fn header(dtype: &str, fortran: bool, shape: &str) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let mut text =
        format!("{{'descr': '{dtype}', 'fortran_order': {order}, 'shape': ({shape}), }}");
    // Magic, version and length take 10 bytes; the whole is padded to a multiple of 64.
    while (10 + text.len() + 1) % 64 != 0 {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&u16::try_from(text.len()).expect("headers are short").to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// Write an array of 32-bit floats in C order.
pub(crate) fn write_f32(path: &Path, shape: &[usize], values: impl IntoIterator<Item = f32>) {
    let text: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let mut bytes = header("<f4", false, &text);
    let start = bytes.len();
    bytes.extend(values.into_iter().flat_map(f32::to_le_bytes));
    let n: usize = shape.iter().product();
    assert_eq!(bytes.len() - start, 4 * n, "shape and values agree");
    write(path, &bytes);
}

/// Write a file, making its folder.
pub(crate) fn write(path: &Path, bytes: &[u8]) {
    let folder = path.parent().expect("files lie in folders");
    std::fs::create_dir_all(folder).expect("folder can be made");
    std::fs::write(path, bytes).expect("file can be written");
}

/// A ZIP archive of one deflated member that unpacks to `n` zero bytes after `start`.
pub(crate) fn zip_of_zeros(name: &str, start: &[u8], n: usize) -> Vec<u8> {
    let mut data = start.to_vec();
    data.resize(start.len() + n, 0);
    let packed = deflate(&data);
    let mut local = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0".to_vec();
    let mut fields = crc32(&data).to_le_bytes().to_vec();
    for length in [packed.len(), data.len()] {
        fields.extend_from_slice(&u32::try_from(length).expect("below 4 GiB").to_le_bytes());
    }
    fields.extend_from_slice(&u16::try_from(name.len()).expect("short name").to_le_bytes());
    fields.extend_from_slice(&[0, 0]);
    local.extend_from_slice(&fields);
    local.extend_from_slice(name.as_bytes());
    local.extend_from_slice(&packed);
    let mut central = b"PK\x01\x02\x14\0\x14\0\0\0\x08\0\0\0\0\0".to_vec();
    central.extend_from_slice(&fields);
    central.extend_from_slice(&[0; 14]);
    central.extend_from_slice(name.as_bytes());
    let mut end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec();
    for length in [central.len(), local.len()] {
        end.extend_from_slice(&u32::try_from(length).expect("below 4 GiB").to_le_bytes());
    }
    end.extend_from_slice(&[0, 0]);
    [local, central, end].concat()
}

/// Deflate (RFC 1951) for data that end in a long run of one byte: the start is stored, the run is
/// one block of the fixed code whose every match repeats the last byte 258 times, 13 bits each.
fn deflate(data: &[u8]) -> Vec<u8> {
    let run = data.iter().rev().take_while(|byte| **byte == 0).count() / 258 * 258;
    let run = run.saturating_sub(258);
    let (stored, _) = data.split_at(data.len() - run);
    let mut out = Vec::new();
    for block in stored.chunks(65_535) {
        let length = u16::try_from(block.len()).expect("chunks are short");
        out.push(0);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    let mut bits = Bits { out, held: 0, n: 0 };
    bits.put(0b011, 3); // last block, fixed code
    for _ in 0..run / 258 {
        bits.put_code(0b1100_0101, 8); // length 258
        bits.put_code(0, 5); // distance 1
    }
    bits.put_code(0, 7); // end of block
    bits.put(0, 7); // whatever is left of the last byte
    bits.out
}

struct Bits {
    out: Vec<u8>,
    held: u32,
    n: u32,
}

impl Bits {
    fn put(&mut self, value: u32, n: u32) {
        self.held |= value << self.n;
        self.n += n;
        while self.n >= 8 {
            self.out.push(self.held as u8);
            self.held >>= 8;
            self.n -= 8;
        }
    }

    /// Codes are written from their highest bit.
    fn put_code(&mut self, value: u32, n: u32) {
        self.put(value.reverse_bits() >> (32 - n), n);
    }
}

fn crc32(data: &[u8]) -> u32 {
    let mut table = [0u32; 256];
    for (value, entry) in (0u32..).zip(&mut table) {
        *entry = (0..8).fold(value, |v, _| if v & 1 == 1 { v >> 1 ^ 0xedb8_8320 } else { v >> 1 });
    }
    !data
        .iter()
        .fold(!0u32, |crc, &byte| table[((crc ^ u32::from(byte)) & 255) as usize] ^ crc >> 8)
}
