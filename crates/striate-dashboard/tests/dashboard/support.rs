//! A server on a folder, and a client that says what it is told to.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use striate_base::CancelToken;
use striate_dashboard::{ServeConfig, ServeError, Server};

/// A server that is running, and the cookie of its first visitor.
pub(crate) struct Dashboard {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) cookie: String,
    cancel: CancelToken,
    serving: Option<JoinHandle<Result<(), ServeError>>>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn shape(&self) -> Vec<usize> {
        self.headers["x-shape"].split(',').map(|length| length.parse().unwrap()).collect()
    }

    pub(crate) fn floats(&self) -> Vec<f32> {
        assert_eq!(self.headers["x-type"], "f32");
        self.body.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
    }
}

impl Dashboard {
    pub(crate) fn of(folder: &Path) -> Self {
        Self::with(&ServeConfig { port: 0, ..ServeConfig::of(folder) })
    }

    pub(crate) fn with(config: &ServeConfig) -> Self {
        let server = Server::bind(config).unwrap();
        let (address, url, cancel) = (server.address(), server.url(), CancelToken::new());
        let stop = cancel.clone();
        let serving = Some(std::thread::spawn(move || server.run(&stop)));
        let token = url.split_once("?token=").unwrap().1.to_owned();
        let mut dashboard = Self { address, token, cookie: String::new(), cancel, serving };
        let entered = dashboard.ask(&format!("GET /?token={} HTTP/1.1", dashboard.token), &[]);
        assert_eq!(entered.status, 303, "{entered:?}");
        let cookie = &entered.headers["set-cookie"];
        let cookie = cookie.split(';').next().unwrap().to_owned();
        dashboard.cookie = cookie;
        dashboard
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Ask with the cookie.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1"), &[("cookie", &self.cookie)])
    }

    /// The JSON at `path`, which must be there.
    pub(crate) fn json(&self, path: &str) -> serde_json::Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    /// Send a request line and headers, beside those that every request needs.
    pub(crate) fn ask(&self, line: &str, headers: &[(&str, &str)]) -> Answer {
        let mut text = format!("{line}\r\nhost: {}\r\nconnection: close\r\n", self.host());
        headers.iter().for_each(|(name, value)| text += &format!("{name}: {value}\r\n"));
        self.send((text + "\r\n").as_bytes())
    }

    /// Send bytes, and read what comes until the connection is closed.
    pub(crate) fn send(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        // A server that refuses may close before it has read everything.
        let _ = stream.read_to_end(&mut answer);
        parse(&answer)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        self.cancel.cancel();
        if let Some(serving) = self.serving.take() {
            serving.join().unwrap().unwrap();
        }
    }
}

fn parse(answer: &[u8]) -> Answer {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Answer { status: 0, headers: BTreeMap::new(), body: answer.to_vec() };
    };
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let pairs = lines.map(|line| line.split_once(": ").unwrap_or((line, "")));
    let headers = pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Answer { status, headers, body: answer[end + 4..].to_vec() }
}
