//! Curves that grow while somebody looks.

use serde_json::json;
use tungstenite::{Message, client};

use crate::files::{begin_run, record};
use crate::socket::{append, id, listen, next, request};
use crate::support::Dashboard;

#[test]
fn what_is_new_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let run = begin_run(folder.path(), "run");
    append(&run, &(record(1, 4.0) + &record(2, 3.0)));
    let dashboard = Dashboard::of(folder.path());
    let id = id(&dashboard);
    let mut socket = listen(&dashboard, &[&id]);
    let first = next(&mut socket);
    assert_eq!(
        (&first["run"], &first["key"], &first["reset"]),
        (&json!(id), &json!("loss"), &json!(true))
    );
    assert_eq!(
        (&first["x"], &first["y"], &first["status"]),
        (&json!([10, 20]), &json!([4.0, 3.0]), &json!("running"))
    );
    let third = record(3, 2.0);
    append(&run, &third[..20]);
    append(&run, &third[20..]);
    let second = next(&mut socket);
    assert_eq!(
        (&second["x"], &second["y"], &second["reset"]),
        (&json!([30]), &json!([2.0]), &json!(false))
    );
    std::fs::write(run.join("status.json"), "{\"state\": \"interrupted\", \"step\": 30}").unwrap();
    let third = next(&mut socket);
    assert_eq!((&third["x"], &third["status"]), (&json!([]), &json!("interrupted")));
    std::fs::write(run.join("metrics.jsonl"), record(1, 9.0)).unwrap();
    let fourth = next(&mut socket);
    assert_eq!((&fourth["y"], &fourth["reset"]), (&json!([9.0]), &json!(true)), "cut back");
}

#[test]
fn a_run_without_records_says_so() {
    let folder = tempfile::tempdir().unwrap();
    begin_run(folder.path(), "run");
    let dashboard = Dashboard::of(folder.path());
    let first = next(&mut listen(&dashboard, &[&id(&dashboard)]));
    assert_eq!((&first["x"], &first["reset"]), (&json!([]), &json!(true)));
}

#[test]
fn nonsense_is_answered_and_survived() {
    let folder = tempfile::tempdir().unwrap();
    let run = begin_run(folder.path(), "run");
    append(&run, &record(1, 4.0));
    let dashboard = Dashboard::of(folder.path());
    let mut socket = listen(&dashboard, &["0123456789abcdef"]);
    assert!(next(&mut socket)["error"].as_str().unwrap().contains("no such run"));
    for bad in ["{", "{}", "{\"subscribe\": {\"runs\": [], \"key\": \"all\"}}"] {
        socket.send(Message::from(bad)).unwrap();
        assert!(next(&mut socket)["error"].is_string(), "{bad}");
    }
    let text = json!({"subscribe": {"runs": [id(&dashboard)], "key": "learning_rate"}}).to_string();
    socket.send(Message::from(text)).unwrap();
    assert_eq!(next(&mut socket)["y"], json!([0.5]));
    // Longer than anything a page says.
    let _ = socket.send(Message::from("x".repeat(100_000)));
    assert!(std::iter::repeat_with(|| socket.read()).take(100).any(|read| read.is_err()));
    assert_eq!(dashboard.get("/").status, 200);
}

#[test]
fn sockets_are_guarded_as_pages_are() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::of(folder.path());
    let own = format!("http://{}", dashboard.host());
    let open = |origin: Option<&str>, cookie: &str| {
        client(request(&dashboard, origin, cookie), dashboard.connect()).is_ok()
    };
    assert!(open(Some(&own), &dashboard.cookie));
    assert!(!open(Some("http://evil.example"), &dashboard.cookie));
    assert!(!open(Some("http://localhost:1"), &dashboard.cookie));
    assert!(!open(None, &dashboard.cookie));
    assert!(!open(Some(&own), "striate-0=1"));
}

#[test]
fn many_runs_are_told_of_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..30 {
        let run = begin_run(folder.path(), &format!("run-{number:02}"));
        append(&run, &record(1, f64::from(number)));
    }
    let dashboard = Dashboard::of(folder.path());
    let overview = dashboard.json("/api/overview");
    let runs = overview["runs"].as_array().unwrap();
    let ids: Vec<&str> = runs.iter().map(|run| run["id"].as_str().unwrap()).collect();
    let mut socket = listen(&dashboard, &ids);
    for (number, id) in ids.iter().enumerate() {
        let news = next(&mut socket);
        assert_eq!((&news["run"], &news["y"]), (&json!(id), &json!([number as f64])));
    }
}
