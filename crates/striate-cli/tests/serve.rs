//! `striate serve` from its first line to Ctrl-C.

#[path = "support/command.rs"]
mod command;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use command::{command, striate, text};

#[cfg(unix)]
#[test]
fn a_folder_is_served_until_it_is_interrupted() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = text(folder.path());
    let mut serving = command(&["serve", &path, "--port", "0", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("striate starts");
    let mut lines = BufReader::new(serving.stdout.take().expect("stdout")).lines();
    let mut said = String::new();
    while !said.ends_with('}') {
        said += &lines.next().expect("more to come").expect("text");
    }
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let url = said["url"].as_str().expect("an address");
    let rest = url.strip_prefix("http://127.0.0.1:").expect("this machine");
    let (port, path) = rest.split_once('/').expect("a path");
    assert_eq!(said["port"].to_string(), port);
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("it listens");
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n")
        .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let pid = serving.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill").success());
    let mut told = String::new();
    serving.stderr.take().expect("stderr").read_to_string(&mut told).expect("text");
    assert!(serving.wait().expect("it ends").success(), "{told}");
    assert!(told.contains(&format!("ssh -L {port}:localhost:{port}")), "{told}");
    let (_, token) = path.split_once("token=").expect("a token");
    assert!(!told.contains(token), "the token is shown once");
}

#[test]
fn what_would_be_unsafe_is_refused() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = text(folder.path());
    let refused = striate(&["serve", &path, "--host", "0.0.0.0", "--port", "0"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("--allow-remote"), "{refused:?}");
    assert_eq!(striate(&["serve", &path, "--base-path", "x"]).code, Some(2));
    assert_eq!(striate(&["serve", "no/such/folder"]).code, Some(3));
}
