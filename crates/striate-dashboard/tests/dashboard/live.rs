//! Curves that grow while somebody looks.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::handshake::client::Request;
use tungstenite::{Message, WebSocket, client};

use crate::files::{begin_run, record};
use crate::support::Dashboard;

fn request(dashboard: &Dashboard, origin: Option<&str>, cookie: &str) -> Request {
    let mut request = Request::builder()
        .uri(format!("ws://{}/api/live", dashboard.host()))
        .header("host", dashboard.host())
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", tungstenite::handshake::client::generate_key())
        .header("cookie", cookie);
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    request.body(()).unwrap()
}

fn listen(dashboard: &Dashboard, ids: &[&str]) -> WebSocket<TcpStream> {
    let origin = format!("http://{}", dashboard.host());
    let request = request(dashboard, Some(&origin), &dashboard.cookie);
    let (mut socket, _) = client(request, dashboard.connect()).unwrap();
    let text = json!({"subscribe": {"runs": ids, "key": "loss"}}).to_string();
    socket.send(Message::from(text)).unwrap();
    socket
}

fn next(socket: &mut WebSocket<TcpStream>) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

fn append(run: &Path, text: &str) {
    let file = OpenOptions::new().append(true).create(true).open(run.join("metrics.jsonl"));
    file.unwrap().write_all(text.as_bytes()).unwrap();
}

fn id(dashboard: &Dashboard) -> String {
    dashboard.json("/api/overview")["runs"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_new_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let run = begin_run(folder.path(), "run");
    append(&run, &(record(1, 4.0) + &record(2, 3.0)));
    let dashboard = Dashboard::of(folder.path());
    let id = id(&dashboard);
    let mut socket = listen(&dashboard, &[&id]);
    let first = next(&mut socket);
    assert_eq!((&first["run"], &first["key"], &first["reset"]), (&json!(id), &json!("loss"), &json!(true)));
    assert_eq!((&first["x"], &first["y"], &first["status"]), (&json!([10, 20]), &json!([4.0, 3.0]), &json!("running")));
    let third = record(3, 2.0);
    append(&run, &third[..20]);
    append(&run, &third[20..]);
    let second = next(&mut socket);
    assert_eq!((&second["x"], &second["y"], &second["reset"]), (&json!([30]), &json!([2.0]), &json!(false)));
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

/// A page that does not read must cost no memory, and must not slow others down.
#[test]
fn slow_pages_get_less_and_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run = begin_run(folder.path(), "run");
    append(&run, &record(1, 1.0));
    let dashboard = Dashboard::of(folder.path());
    let id = id(&dashboard);
    let slow: Vec<_> = (0..40).map(|_| listen(&dashboard, &[&id])).collect();
    let mut quick = listen(&dashboard, &[&id]);
    next(&mut quick);
    let before = striate_base::machine::peak_memory();
    let (clock, mut epoch, mut seen) = (Instant::now(), 1, 1);
    while clock.elapsed() < Duration::from_secs(5) {
        let lines: String = (0..500).map(|i| record(epoch + 1 + i, 1.0)).collect();
        epoch += 500;
        append(&run, &lines);
        std::thread::sleep(Duration::from_millis(20));
    }
    // All is heard in the end, in the order it came.
    while seen < epoch {
        let news = next(&mut quick);
        let last = news["x"].as_array().unwrap().last().map_or(seen, |x| x.as_u64().unwrap() / 10);
        assert!(last >= seen, "{news}");
        seen = last;
    }
    let grown = striate_base::machine::peak_memory().saturating_sub(before);
    assert!(grown < 50 << 20, "grown by {grown} bytes");
    drop(slow);
}
