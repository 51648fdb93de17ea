use std::fs;

use striate_base::{CancelToken, NoProgress};
use striate_formats::safetensors::{read, write};

use super::super::tests::{cells, run};
use super::*;
use crate::decomposition::{RankRule, decompose};
use crate::{ArrayMovie, Movie};

fn frames(movie: &FactorisedMovie) -> Vec<f32> {
    let mut out = vec![0.0; movie.shape.n_frames * movie.shape.n_pixels()];
    movie.read(0..movie.shape.n_frames, &mut out).unwrap();
    out
}

#[test]
fn a_movie_comes_back_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("factors.safetensors");
    let (movie, _) = cells(2, [200, 64, 50], 4.0);
    let config = DecompositionConfig {
        rank_rule: RankRule::PlusOne,
        block: 18,
        seed: 9,
        ..Default::default()
    };
    let found = run(&movie, &config);
    found.save(&path).unwrap();
    let opened = FactorisedMovie::open(&path).unwrap();
    assert_eq!(opened.config(), &config);
    assert_eq!(opened.standard(), found.standard());
    assert_eq!(opened.thresholds(), found.thresholds());
    assert_eq!(opened.blocks(), found.blocks());
    assert_eq!(frames(&opened), frames(&found));
    assert_eq!(opened.compression(), found.compression());
    // Over the file that it reads from.
    opened.save(&path).unwrap();
    assert_eq!(frames(&FactorisedMovie::open(&path).unwrap()), frames(&found));
    assert!(opened.read(0..1, &mut [0.0; 64 * 50]).is_err(), "the file has changed");
}

#[test]
fn a_movie_with_candidates_in_a_scratch_file_is_saved_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let (path, scratch) = (folder.path().join("factors"), folder.path().join("scratch"));
    let (movie, _) = cells(2, [200, 40, 40], 4.0);
    let config = DecompositionConfig::default();
    let found =
        decompose(&movie, &config, Some(&scratch), &mut NoProgress, &CancelToken::new()).unwrap();
    assert_eq!(frames(&found), frames(&run(&movie, &config)));
    found.save(&path).unwrap();
    let opened = FactorisedMovie::open(&path).unwrap();
    assert_eq!(frames(&opened), frames(&found));
    drop(found);
    assert!(!scratch.exists(), "the scratch file goes with the movie");
}

#[test]
fn a_movie_without_components_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("factors");
    let mut values = ndarray::Array3::from_elem((5, 3, 4), 7.0f32);
    values[[2, 1, 1]] = f32::NAN;
    let found = run(&ArrayMovie::new(values), &DecompositionConfig::default());
    found.save(&path).unwrap();
    let opened = FactorisedMovie::open(&path).unwrap();
    let values = frames(&opened);
    assert!(values.iter().enumerate().all(|(i, &v)| if i % 12 == 5 {
        v.is_nan()
    } else {
        v == 7.0
    }));
}

/// Every way in which the parts may not fit each other is refused with the part's name.
#[test]
fn a_file_whose_parts_do_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("factors");
    let (movie, _) = cells(2, [100, 24, 30], 6.0);
    let found = run(&movie, &DecompositionConfig::default());
    assert!(found.n_components() > 1);
    found.save(&path).unwrap();
    let (tensors, text) = read(&path).unwrap();
    let refused = |name: &str, shape: Option<&[usize]>, change: &dyn Fn(&mut Vec<f32>)| {
        let mut tensors = tensors.clone();
        let tensor = tensors.iter_mut().find(|tensor| tensor.name == name).unwrap();
        change(&mut tensor.values);
        tensor.shape = shape.map_or(tensor.shape.clone(), <[usize]>::to_vec);
        let tensors: Vec<_> = tensors
            .iter()
            .map(|t| NamedTensor { name: &t.name, shape: &t.shape, values: &t.values })
            .collect();
        write(&path, &tensors, &text).unwrap();
        let error = FactorisedMovie::open(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("`{name}`")), "{name}: {error}");
    };
    refused("noise", Some(&[30, 24]), &|_| ());
    refused("mean", Some(&[24 * 30]), &|_| ());
    refused("noise", Some(&[24 * 30]), &|_| ());
    refused("noise", None, &|values| values[3] = 0.0);
    refused("places", None, &|values| values[0] = 1.0);
    refused("places", None, &|values| values[1] = f32::NAN);
    refused("ranks", None, &|values| values[0] += 1.0);
    refused("ranks", None, &|values| values[0] = -1.0);
    refused("ranks", None, &|values| values[0] = f32::INFINITY);
    refused("ranks", Some(&[2, 2]), &|values| values.truncate(4));
    refused("spatial", Some(&[1]), &|values| values.truncate(1));
    refused("weights", Some(&[1]), &|values| values.truncate(1));
    refused("temporal", Some(&[100 * found.n_components()]), &|_| ());
}

#[test]
fn text_that_is_not_a_factorised_movies_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("factors");
    let (movie, _) = cells(2, [100, 24, 30], 6.0);
    run(&movie, &DecompositionConfig::default()).save(&path).unwrap();
    let (tensors, text) = read(&path).unwrap();
    let tensors: Vec<_> = tensors
        .iter()
        .map(|t| NamedTensor { name: &t.name, shape: &t.shape, values: &t.values })
        .collect();
    for (key, value) in [
        ("format", "striate-twin"),
        ("format_version", "2"),
        ("config", "{\"block\": 0}"),
        ("config", "{\"blok\": 20}"),
        ("spatial_threshold", "smooth"),
    ] {
        let mut text = text.clone();
        text.insert(key.to_owned(), value.to_owned());
        write(&path, &tensors, &text).unwrap();
        let error = FactorisedMovie::open(&path).unwrap_err().to_string();
        assert!(error.starts_with(key), "{key}: {error}");
        text.remove(key);
        write(&path, &tensors, &text).unwrap();
        assert!(FactorisedMovie::open(&path).is_err());
    }
    fs::write(&path, b"PK\x03\x04 and so on").unwrap();
    assert!(FactorisedMovie::open(&path).is_err());
}
