//! The checksum that tells an intact checkpoint from a damaged one.

use std::collections::BTreeMap;

use striate_formats::safetensors::NamedTensor;

/// Metadata key of the checksum itself.
pub(super) const KEY: &str = "blake3";

/// BLAKE3 over names, shapes and values of all tensors and over all metadata but the checksum.
/// Tensors count in the order of their names, since a file may hold them in another order.
pub(super) fn of(tensors: &[NamedTensor<'_>], metadata: &BTreeMap<String, String>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (key, value) in metadata.iter().filter(|(key, _)| *key != KEY) {
        put(&mut hasher, key.as_bytes());
        put(&mut hasher, value.as_bytes());
    }
    let mut sorted: Vec<&NamedTensor<'_>> = tensors.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(b.name));
    for tensor in sorted {
        put(&mut hasher, tensor.name.as_bytes());
        for &length in tensor.shape {
            hasher.update(&(length as u64).to_le_bytes());
        }
        put_values(&mut hasher, tensor.values);
    }
    hasher.finalize().to_hex().to_string()
}

/// Length first, so that no two sequences of fields look alike.
fn put(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

fn put_values(hasher: &mut blake3::Hasher, values: &[f32]) {
    hasher.update(&(values.len() as u64).to_le_bytes());
    let mut bytes = [0; 4096];
    for chunk in values.chunks(bytes.len() / 4) {
        for (target, value) in bytes.chunks_exact_mut(4).zip(chunk) {
            target.copy_from_slice(&value.to_le_bytes());
        }
        hasher.update(&bytes[..chunk.len() * 4]);
    }
}
