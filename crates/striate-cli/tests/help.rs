//! What every verb says of itself, and how wrong usage is answered.

#[path = "support/command.rs"]
mod command;

use command::striate;

const VERBS: [&str; 10] = [
    "demo", "simulate", "inspect", "extract", "fit", "score", "predict", "submit", "report",
    "serve",
];

#[test]
fn every_verb_explains_itself_with_an_example() {
    let overview = striate(&["--help"]).succeeded().stdout;
    for verb in VERBS {
        assert!(overview.contains(verb), "{verb} is not in the overview");
        let help = striate(&[verb, "--help"]).succeeded().stdout;
        assert!(help.contains("Example"), "{verb}: {help}");
        assert!(help.contains(&format!("striate {verb}")), "{verb}: {help}");
        for shared in ["--json", "--seed", "--threads", "--memory-limit", "--quiet"] {
            assert!(help.contains(shared), "{verb} lacks {shared}");
        }
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    let cases: &[&[&str]] = &[
        &[],
        &["no-such-verb"],
        &["fit"],
        &["fit", "a.toml", "--out", "run", "--no-such-flag"],
        &["inspect", "x", "--threads", "0"],
        &["inspect", "x", "--threads", "many"],
        &["inspect", "x", "--memory-limit", "five"],
        &["submit", "run", "--track", "1999", "--out", "x"],
    ];
    for case in cases {
        let outcome = striate(case);
        assert_eq!(outcome.code, Some(2), "{case:?}: {outcome:?}");
        assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");
    }
}

#[test]
fn version_is_the_packages() {
    let outcome = striate(&["--version"]).succeeded();
    assert_eq!(outcome.stdout, format!("striate {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_failure_is_json_too_where_json_is_asked_for() {
    let outcome = striate(&["inspect", "no/such/recording", "--json"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    let error = &outcome.json()["error"];
    assert_eq!(error["exit_code"], 3);
    assert_eq!(error["class"], "input-data");
    assert!(error["message"].as_str().is_some_and(|m| m.contains("no/such/recording")), "{error}");
    assert!(outcome.stderr.contains("no/such/recording"));
}
