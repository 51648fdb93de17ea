//! `striate demo imaging`: cells of a moving movie against the truth.

#[path = "support/command.rs"]
mod command;

use command::{striate, text};

#[test]
fn cells_of_a_moving_movie_are_those_that_are_there() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let out = text(folder.path());
    let value = striate(&["demo", "imaging", "--out", &out, "--json"]).succeeded().json();
    let number = |key: &str| value[key].as_f64().unwrap_or_else(|| panic!("{key}: {value}"));
    for (key, least) in [
        ("f1", 0.9),
        ("trace_correlation_median", 0.95),
        ("spike_correlation_median", 0.85),
        ("spike_correlation_median_roi_means", 0.7),
        ("snr_gain_median", 2.0),
        ("compression", 8.0),
        ("peak_mb", 1.0),
        ("seconds", 0.0),
    ] {
        assert!(number(key) > least, "{key}: {value}");
    }
    assert!(
        number("spike_correlation_median") > number("spike_correlation_median_roi_means"),
        "demixing helps: {value}"
    );
    let path = |name: &str| text(&folder.path().join(name));
    let (movie, extracted) = (path("simulated/movie.tif"), path("extracted"));
    let call = ["extract", &movie, "--out", &extracted, "--set", "register=rigid", "--json"];
    let truth = striate(&call).succeeded().json()["truth"].clone();
    assert_eq!(truth["f1"], value["f1"]);
    // True cells were moved the right way: the template lies more than a pixel from the unmoved frame.
    assert!(truth["distance_px_median"].as_f64().is_some_and(|px| px < 0.7), "{truth}");
}
