//! Twins with products of bf16 numbers.

use super::*;
use crate::core::{CoreConfig, Precision};

/// The small twin with another precision, and the same parameters.
fn small_in(precision: Precision) -> Twin {
    let mut spec = small_spec();
    let CoreConfig::Factorised(core) = &mut spec.model.core else { panic!("another core") };
    core.precision = precision;
    Twin::build(spec, &small_starts(), &Streams::new(3)).unwrap()
}

#[test]
fn bf16_changes_predictions_by_no_more_than_rounding() {
    let [exact, rounded] = [Precision::F32, Precision::Bf16].map(small_in);
    let batch = Batch::random(&exact, 0, 2, 12);
    let exact = exact.predict(&batch.input()).unwrap();
    let found = rounded.predict(&batch.input()).unwrap();
    assert_ne!(found, exact);
    for (found, exact) in found.iter().zip(exact) {
        // Rates are of size 1, and the core's errors about 0.2 % where nothing is in tiles.
        assert!((found - exact).abs() < 0.05, "{found}, {exact} in f32");
    }
}

#[test]
fn a_saved_twin_keeps_its_precision() {
    let folder = tempfile::tempdir().unwrap();
    let twin = small_in(Precision::Bf16);
    twin.save(folder.path()).unwrap();
    let loaded = Twin::load(folder.path()).unwrap();
    assert_eq!(loaded.spec(), twin.spec());
    let batch = Batch::random(&twin, 1, 1, 9);
    let predict = |twin: &Twin| twin.predict(&batch.input()).unwrap();
    assert_eq!(predict(&loaded), predict(&twin));
}
