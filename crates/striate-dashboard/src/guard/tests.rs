//! Who is turned away.

use std::net::IpAddr;

use axum::http::HeaderName;
use axum::http::header::ORIGIN;

use super::*;

const OWN: &str = "localhost:8421";

fn guard() -> Guard {
    guard_with("", &[])
}

fn guard_with(base_path: &str, allowed: &[&str]) -> Guard {
    let allowed: Vec<String> = allowed.iter().map(|&name| name.to_owned()).collect();
    let hosts = Hosts::new(IpAddr::from([127, 0, 0, 1]), &allowed);
    Guard::new(Token::draw().unwrap(), hosts, base_path.to_owned())
}

fn request(path: &str, headers: &[(HeaderName, &str)]) -> Request<()> {
    let mut request = Request::new(());
    *request.uri_mut() = path.parse().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    request
}

/// A request that has the cookie.
fn with_cookie(guard: &Guard, path: &str, headers: &[(HeaderName, &str)]) -> Request<()> {
    let mut request = request(path, headers);
    let cookie = guard.token().cookie();
    let pair = cookie.to_str().unwrap().split(';').next().unwrap();
    request.headers_mut().insert(COOKIE, HeaderValue::from_str(pair).unwrap());
    request
}

fn status(guard: &Guard, request: Request<()>) -> u16 {
    guard.admit(request).map_or_else(|refused| refused.status().as_u16(), |_| 200)
}

#[test]
fn names_of_this_machine_are_let_in_at_any_port() {
    let guard = guard();
    for host in
        ["localhost", OWN, "LocalHost:8421", "127.0.0.1:9000", "[::1]:8421", "[::1]", "localhost:1"]
    {
        assert_eq!(status(&guard, with_cookie(&guard, "/", &[(HOST, host)])), 200, "{host}");
    }
}

/// Each of these a browser can be brought to send for a page of somebody else's, or no browser sends.
const FOREIGN_HOSTS: [&str; 36] = [
    "evil.example",
    "evil.example:8421",
    "localhost.evil.example:8421",
    "evil.localhost:8421",
    "127.0.0.1.evil.example",
    "127.0.0.1.nip.io:8421",
    "localtest.me:8421",
    "localhost.",
    "localhost.:8421",
    "127.0.0.1.:8421",
    "127.0.0.2:8421",
    "127.1:8421",
    "127.0.1",
    "2130706433:8421",
    "0x7f000001:8421",
    "0x7f.0.0.1",
    "0177.0.0.1:8421",
    "0.0.0.0:8421",
    "0",
    "[::]:8421",
    "[::ffff:127.0.0.1]:8421",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]:8421",
    "[::1%25lo]:8421",
    "[::1",
    "::1",
    "[::1]8421",
    "[::1].evil.example",
    "localhost:",
    "localhost:0",
    "localhost:65536",
    "localhost:8421:80",
    "localhost:+80",
    "localhost:80@evil.example",
    "user@localhost:8421",
    "",
];

#[test]
fn other_names_are_refused_for_pages_and_sockets() {
    let guard = guard();
    for host in FOREIGN_HOSTS {
        let headers = [(HOST, host)];
        assert_eq!(status(&guard, with_cookie(&guard, "/api/overview", &headers)), 403, "{host:?}");
        // With an Origin to match, as a browser sends it after a rebinding.
        let origin = format!("http://{host}");
        let headers = [(HOST, host), (ORIGIN, &*origin), (UPGRADE, "websocket")];
        assert_eq!(status(&guard, with_cookie(&guard, "/api/live", &headers)), 403, "{host:?}");
        // The token does not help.
        let path = format!("/?token={}", guard.token().text());
        assert_eq!(status(&guard, request(&path, &[(HOST, host)])), 403, "{host:?}");
    }
}

#[test]
fn a_request_without_one_host_is_refused() {
    let guard = guard();
    assert_eq!(status(&guard, with_cookie(&guard, "/", &[])), 403);
    let twice = [(HOST, OWN), (HOST, "evil.example")];
    assert_eq!(status(&guard, with_cookie(&guard, "/", &twice)), 403);
    let path = "http://evil.example/api/overview";
    assert_eq!(status(&guard, with_cookie(&guard, path, &[(HOST, OWN)])), 403);
    let path = "http://localhost:8421/api/overview";
    assert_eq!(status(&guard, with_cookie(&guard, path, &[(HOST, OWN)])), 200);
}

const FOREIGN_ORIGINS: [&str; 12] = [
    "http://evil.example",
    "http://localhost",
    "http://localhost:3000",
    "https://localhost:8421",
    "http://127.0.0.1:8421",
    "http://localhost:8421.evil.example",
    "http://localhost:8421/",
    "http://localhost:8421@evil.example",
    "ws://localhost:8421",
    "file://",
    "null",
    "",
];

#[test]
fn pages_of_other_origins_are_refused() {
    let guard = guard();
    for origin in FOREIGN_ORIGINS {
        let headers = [(HOST, OWN), (ORIGIN, origin)];
        assert_eq!(
            status(&guard, with_cookie(&guard, "/api/overview", &headers)),
            403,
            "{origin:?}"
        );
        let headers = [(HOST, OWN), (ORIGIN, origin), (UPGRADE, "websocket")];
        assert_eq!(status(&guard, with_cookie(&guard, "/api/live", &headers)), 403, "{origin:?}");
    }
    let own = [(HOST, OWN), (ORIGIN, "http://localhost:8421"), (UPGRADE, "websocket")];
    assert_eq!(status(&guard, with_cookie(&guard, "/api/live", &own)), 200);
    let none = [(HOST, OWN), (UPGRADE, "websocket")];
    assert_eq!(
        status(&guard, with_cookie(&guard, "/api/live", &none)),
        403,
        "browsers say where from"
    );
    let two = [(HOST, OWN), (ORIGIN, "http://localhost:8421"), (ORIGIN, "http://evil.example")];
    assert_eq!(status(&guard, with_cookie(&guard, "/", &two)), 403);
}

#[test]
fn what_the_browser_says_of_the_asking_page_counts() {
    let guard = guard();
    let asked = |site: &str, mode: &str| {
        let headers = [(HOST, OWN), (SEC_FETCH_SITE, site), (SEC_FETCH_MODE, mode)];
        status(&guard, with_cookie(&guard, "/api/overview", &headers))
    };
    assert_eq!(asked("same-origin", "cors"), 200);
    assert_eq!(asked("none", "navigate"), 200);
    assert_eq!(asked("cross-site", "navigate"), 200, "a link elsewhere leads here");
    for site in ["cross-site", "same-site", "else"] {
        for mode in ["cors", "no-cors", "websocket"] {
            assert_eq!(asked(site, mode), 403, "{site} {mode}");
        }
    }
}

#[test]
fn allowed_names_are_those_of_proxies() {
    let guard = guard_with("/striate", &["lab.example"]);
    let host = [(HOST, "lab.example")];
    assert_eq!(status(&guard, with_cookie(&guard, "/striate/api/overview", &host)), 200);
    assert_eq!(status(&guard, with_cookie(&guard, "/", &[(HOST, "evil.lab.example")])), 403);
    // The proxy speaks TLS and asks under a name of its own.
    let proxied = [(HOST, OWN), (ORIGIN, "https://lab.example"), (UPGRADE, "websocket")];
    assert_eq!(status(&guard, with_cookie(&guard, "/api/live", &proxied)), 200);
    let forged =
        [(HOST, "evil.example"), (HeaderName::from_static("x-forwarded-host"), "lab.example")];
    assert_eq!(status(&guard, with_cookie(&guard, "/", &forged)), 403);
}

#[test]
fn the_base_path_is_taken_off() {
    let guard = guard_with("/striate", &[]);
    let path = |path: &str| {
        let admitted = guard.admit(with_cookie(&guard, path, &[(HOST, OWN)]));
        admitted
            .map(|request| request.uri().to_string())
            .map_err(|refused| refused.headers()[LOCATION].clone())
    };
    assert_eq!(path("/striate/api/curves?runs=1").unwrap(), "/api/curves?runs=1");
    assert_eq!(path("/striate/").unwrap(), "/");
    assert_eq!(path("/api/overview").unwrap(), "/api/overview", "where the proxy took it off");
    assert_eq!(path("/striate-too/x").unwrap(), "/striate-too/x");
    assert_eq!(path("/striate?token=1").unwrap_err(), "striate/?token=1");
}

#[test]
fn the_first_visit_puts_the_token_into_a_cookie() {
    let guard = guard();
    let path = format!("/?token={}", guard.token().text());
    let response = guard.admit(request(&path, &[(HOST, OWN)])).unwrap_err();
    assert_eq!(response.status(), 303);
    assert_eq!(response.headers()[LOCATION], "./");
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains("Domain"), "{cookie}");
}

#[test]
fn without_the_token_there_is_nothing() {
    let guard = guard();
    let right = guard.token().text().to_owned();
    let flipped: String = right.chars().map(|c| if c == '0' { '1' } else { '0' }).collect();
    for path in ["/", "/index.html", "/app.js", "/api/overview", "/api/live", "/no/such"] {
        assert_eq!(status(&guard, request(path, &[(HOST, OWN)])), 401, "{path}");
    }
    // In the address it counts at the front page only: addresses are written down in many places.
    let path = format!("/api/overview?token={right}");
    assert_eq!(status(&guard, request(&path, &[(HOST, OWN)])), 401);
    for wrong in ["", "x", &right[..63], &format!("{right}0"), &flipped, &right.to_uppercase()] {
        let path = format!("/?token={wrong}");
        assert_eq!(status(&guard, request(&path, &[(HOST, OWN)])), 403, "{wrong}");
    }
    let other = guard_with("", &[]);
    assert_eq!(status(&guard, with_cookie(&other, "/", &[(HOST, OWN)])), 401);
}

#[test]
fn only_looking_is_allowed() {
    let guard = guard();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"] {
        let mut request = with_cookie(&guard, "/api/overview", &[(HOST, OWN)]);
        *request.method_mut() = method.parse().unwrap();
        let refused = guard.admit(request).unwrap_err();
        assert_eq!(refused.status(), 405, "{method}");
        assert_eq!(refused.headers()[ALLOW], "GET, HEAD");
    }
    let mut head = with_cookie(&guard, "/", &[(HOST, OWN)]);
    *head.method_mut() = Method::HEAD;
    assert_eq!(status(&guard, head), 200);
}
