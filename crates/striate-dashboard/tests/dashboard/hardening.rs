//! What no request gets.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::files::{FOLDER, begin_run, record};
use crate::support::{Answer, Dashboard};

/// Every answer must have these; what is asked for does not matter.
fn check_headers(what: &str, answer: &Answer) {
    let header = |name: &str| answer.headers.get(name).map_or("", String::as_str);
    let policy = header("content-security-policy");
    let parts: Vec<&str> = policy.split("; ").collect();
    for part in
        ["default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]
    {
        assert!(parts.contains(&part), "{what}: {policy:?}");
    }
    for never in ["unsafe", "*", "http:", "https:", "script-src"] {
        assert!(!policy.contains(never), "{what}: {policy:?}");
    }
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(header("x-frame-options"), "DENY", "{what}");
    assert_eq!(header("referrer-policy"), "no-referrer", "{what}");
    assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{what}");
    assert!(["no-store", "no-cache"].contains(&header("cache-control")), "{what}");
    assert!(!answer.headers.contains_key("access-control-allow-origin"), "{what}");
    let media_type = header("content-type");
    let is_page = media_type.starts_with("text/html");
    let is_file = header("content-disposition").starts_with("attachment");
    let is_ours = what.starts_with("/?") || ["/", "/index.html"].contains(&what);
    assert!(!is_page || is_ours || is_file, "{what} is shown as a page");
}

#[test]
fn every_answer_has_the_headers() {
    let dashboard = Dashboard::of(&FOLDER);
    let overview = dashboard.json("/api/overview");
    let id = |kind: &str| overview[kind][0]["id"].as_str().unwrap().to_owned();
    let (run, recording, extraction) = (id("runs"), id("recordings"), id("extractions"));
    let trial = format!("/api/recordings/{recording}/sessions/0/trials/0");
    let experiment = format!("/api/runs/{run}/experiments/tuning/0");
    let paths = [
        "/".to_owned(),
        "/index.html".into(),
        "/app.js".into(),
        "/app.css".into(),
        "/favicon.svg".into(),
        "/no/such/page".into(),
        "/api/overview".into(),
        "/api/none".into(),
        "/api/live".into(),
        format!("/api/curves?runs={run}&key=loss"),
        "/api/curves?key=nonsense".into(),
        format!("/api/runs/{run}"),
        "/api/runs/0123456789abcdef".into(),
        format!("/api/runs/{run}/neurons"),
        format!("/api/runs/{run}/neurons/0/2"),
        format!("/api/runs/{run}/neurons/0/2/trace"),
        format!("/api/runs/{run}/neurons/0/2/arrays/tuning/curve"),
        format!("/api/runs/{run}/latents"),
        format!("/api/runs/{run}/report"),
        experiment.clone(),
        format!("{experiment}/arrays/matrix"),
        format!("{experiment}/pictures"),
        format!("{experiment}/pictures/0"),
        format!("{experiment}/pictures/1"),
        format!("/api/recordings/{recording}"),
        format!("{trial}/stimulus"),
        format!("{trial}/responses"),
        format!("{trial}/behaviour"),
        format!("/api/extractions/{extraction}"),
        format!("/api/extractions/{extraction}/frames/0?kind=denoised"),
        format!("/api/extractions/{extraction}/traces/0"),
    ];
    let mut n_found = 0;
    for path in &paths {
        let answer = dashboard.get(path);
        n_found += usize::from(answer.status == 200);
        check_headers(path, &answer);
    }
    assert_eq!(n_found, 25, "each of the others is missing on purpose");
    // Those who are not let in.
    check_headers("no token", &dashboard.ask("GET /api/overview HTTP/1.1", &[]));
    check_headers("method", &dashboard.ask("POST / HTTP/1.1", &[("cookie", &dashboard.cookie)]));
    check_headers(
        "first visit",
        &dashboard.ask(&format!("GET /?token={} HTTP/1.1", dashboard.token), &[]),
    );
    let foreign = [("cookie", &*dashboard.cookie), ("origin", "http://evil.example")];
    check_headers("origin", &dashboard.ask("GET / HTTP/1.1", &foreign));
}

#[test]
fn what_somebody_made_is_handed_out_and_not_shown() {
    let dashboard = Dashboard::of(&FOLDER);
    let run = dashboard.json("/api/overview")["runs"][0]["id"].as_str().unwrap().to_owned();
    for path in ["report", "experiments/tuning/0/pictures/0", "experiments/tuning/0/pictures/1"] {
        let answer = dashboard.get(&format!("/api/runs/{run}/{path}"));
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            answer.headers["content-disposition"].starts_with("attachment; filename=\""),
            "{path}"
        );
    }
}

/// Ways to say `..`, `/` and the end of a name, as they and servers before this one took them.
fn traversals() -> Vec<String> {
    let dots = [
        "..",
        ".",
        "%2e%2e",
        "%2E%2e",
        ".%2e",
        "%252e%252e",
        "%c0%ae%c0%ae",
        "%uff0e%uff0e",
        "....",
        "..;",
        "..%00",
        "..%0a",
    ];
    let slashes = [
        "/",
        "%2f",
        "%2F",
        "\\",
        "%5c",
        "%252f",
        "%255c",
        "//",
        "/./",
        ";/",
        "%c0%af",
        "%ef%bc%8f",
    ];
    let ends = ["etc/passwd", "secret.json", "config.toml", "etc%2fpasswd%00.png"];
    let mut all = Vec::new();
    for dot in dots {
        for slash in slashes {
            for end in ends {
                all.push(format!("{dot}{slash}{dot}{slash}{end}"));
            }
        }
    }
    all.extend(
        ["/etc/passwd", "%2fetc%2fpasswd", "file:///etc/passwd", "C:%5cwindows%5cwin.ini"]
            .map(str::to_owned),
    );
    all
}

#[test]
fn no_name_leads_out_of_what_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let served = folder.path().join("served");
    let run = begin_run(&served, "run");
    std::fs::write(folder.path().join("secret.json"), "hit me").unwrap();
    std::fs::write(run.join("metrics.jsonl"), record(1, 1.0)).unwrap();
    std::fs::write(run.join("secret.json"), "hit me").unwrap();
    crate::files::make_experiment(&run);
    let dashboard = Dashboard::of(&served);
    let id = dashboard.json("/api/overview")["runs"][0]["id"].as_str().unwrap().to_owned();
    let mut n_tried = 0;
    for bad in traversals() {
        for path in [
            format!("/{bad}"),
            format!("/api/runs/{bad}"),
            format!("/api/runs/{id}/experiments/{bad}/0"),
            format!("/api/runs/{id}/experiments/tuning/0/arrays/{bad}"),
            format!("/api/recordings/{bad}"),
        ] {
            let answer = dashboard.get(&path);
            n_tried += 1;
            let body = String::from_utf8_lossy(&answer.body);
            assert!(!(200..400).contains(&answer.status), "{path}: {}", answer.status);
            assert!(!body.contains("hit me") && !body.contains("root:"), "{path}");
        }
    }
    assert!(n_tried > 2500, "{n_tried}");
    // A name that is in the file and not in its description is nothing either.
    let path = format!("/api/runs/{id}/experiments/tuning/0/arrays/secret");
    assert_eq!(dashboard.get(&path).status, 404);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let served = folder.path().join("served");
    let run = begin_run(&served, "run");
    std::fs::write(folder.path().join("secret"), "hit me").unwrap();
    for name in ["report.html", "latents.json"] {
        std::os::unix::fs::symlink(folder.path().join("secret"), run.join(name)).unwrap();
    }
    begin_run(folder.path(), "outside");
    std::os::unix::fs::symlink(folder.path().join("outside"), served.join("link")).unwrap();
    let dashboard = Dashboard::of(&served);
    let overview = dashboard.json("/api/overview");
    assert_eq!(overview["runs"].as_array().unwrap().len(), 1, "{overview}");
    let id = overview["runs"][0]["id"].as_str().unwrap();
    for name in ["report", "latents"] {
        assert_eq!(dashboard.get(&format!("/api/runs/{id}/{name}")).status, 404, "{name}");
    }
}

#[test]
fn bodies_and_heads_have_limits() {
    let dashboard = Dashboard::of(&FOLDER);
    let (cookie, host) = (&dashboard.cookie, dashboard.host());
    let length = |n: &str| {
        dashboard.ask("GET / HTTP/1.1", &[("cookie", cookie), ("content-length", n)]).status
    };
    assert_eq!(length("1048577"), 413);
    assert_eq!(length("99999999999999999999"), 400);
    let long = "x".repeat(400_000);
    let answer =
        dashboard.send(format!("GET / HTTP/1.1\r\nhost: {host}\r\nx: {long}\r\n\r\n").as_bytes());
    assert!([0, 431].contains(&answer.status), "{answer:?}");
    let answer = dashboard.send(format!("GET /{long} HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes());
    assert!([0, 414, 431].contains(&answer.status), "{answer:?}");
    assert_eq!(dashboard.send(b"GET / HTTP/1.1\r\n\r\n").status, 403, "without Host");
    assert_eq!(
        dashboard.send(b"GET / HTTP/1.0\r\n\r\n").status,
        403,
        "without Host, as in old times"
    );
    assert_eq!(dashboard.get("/").status, 200);
}

#[test]
fn the_sixty_fifth_connection_is_turned_away() {
    let dashboard = Dashboard::of(&FOLDER);
    let idle: Vec<_> = (0..64).map(|_| dashboard.connect()).collect();
    // The server takes them one after the other.
    let clock = Instant::now();
    let mut status = dashboard.get("/").status;
    while status == 200 && clock.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(20));
        status = dashboard.get("/").status;
    }
    assert!([0, 503].contains(&status), "{status}");
    drop(idle);
    let mut status = 0;
    while status != 200 && clock.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
        status = dashboard.get("/").status;
    }
    assert_eq!(status, 200, "places are free again");
}

#[test]
fn a_request_that_never_ends_is_given_up() {
    let dashboard = Dashboard::of(&FOLDER);
    let mut slow = dashboard.connect();
    slow.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let head = format!("GET / HTTP/1.1\r\nhost: {}\r\nx-slow: ", dashboard.host());
    slow.write_all(head.as_bytes()).unwrap();
    let clock = Instant::now();
    let mut byte = [0; 512];
    // A byte now and then, as a slow loris sends them.
    let is_closed = loop {
        if slow.write_all(b"x").is_err() {
            break true;
        }
        match slow.read(&mut byte) {
            Ok(0) => break true,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break true,
            _ if clock.elapsed() > Duration::from_secs(40) => break false,
            _ => {}
        }
    };
    assert!(is_closed, "the connection was kept for {:?}", clock.elapsed());
}
