//! As much of a browser as measuring needs.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tungstenite::Message;
use tungstenite::handshake::client::{Request, generate_key};

/// Asks one server, with its cookie.
pub(crate) struct Client {
    address: String,
    cookie: Option<String>,
    token: String,
}

impl Client {
    /// Of the server at `url`, which need not answer yet.
    pub(crate) fn new(url: &str) -> Result<Self, Box<dyn Error>> {
        let rest = url.strip_prefix("http://").ok_or("no address")?;
        let (address, path) = rest.split_once('/').ok_or("no path")?;
        Ok(Self { address: address.to_owned(), cookie: None, token: format!("/{path}") })
    }

    /// The body of the answer, and a line on how long it took.
    pub(crate) fn timed(&mut self, what: &str, path: &str) -> Result<Vec<u8>, Box<dyn Error>> {
        if self.cookie.is_none() {
            let (head, _) = self.get(&self.token.clone())?;
            let line = head
                .lines()
                .find_map(|line| line.strip_prefix("set-cookie: "))
                .ok_or("no cookie")?;
            self.cookie = line.split(';').next().map(str::to_owned);
        }
        let clock = Instant::now();
        let (head, body) = self.get(path)?;
        let (milliseconds, kib) = (clock.elapsed().as_secs_f64() * 1e3, body.len() / 1024);
        println!("{what}: {milliseconds:.0} ms, {kib} KiB");
        if !head.starts_with("HTTP/1.1 200") {
            return Err(head.into());
        }
        Ok(body)
    }

    fn get(&self, path: &str) -> Result<(String, Vec<u8>), Box<dyn Error>> {
        let Self { address, cookie, .. } = self;
        let cookie = cookie.as_deref().unwrap_or_default();
        let mut stream = TcpStream::connect(address)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no answer")?;
        let body = answer.split_off(end + 4);
        Ok((String::from_utf8_lossy(&answer).into_owned(), body))
    }
}

impl Client {
    /// How often a page that draws some runs hears something while a record is added to each a hundred times a second.
    pub(crate) fn live(&self, ids: &[&str], folder: &Path) -> Result<(), Box<dyn Error>> {
        let Self { address, cookie, .. } = self;
        let request = Request::builder()
            .uri(format!("ws://{address}/api/live"))
            .header("host", address)
            .header("origin", format!("http://{address}"))
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", generate_key())
            .header("cookie", cookie.as_deref().unwrap_or_default())
            .body(())?;
        let (mut socket, _) = tungstenite::client(request, TcpStream::connect(address)?)?;
        let text = serde_json::json!({"subscribe": {"runs": ids, "key": "loss"}}).to_string();
        socket.send(Message::from(text))?;
        let files: Vec<PathBuf> = (0..ids.len())
            .map(|number| folder.join(format!("run-{number:04}/metrics.jsonl")))
            .collect();
        let line = std::fs::read(&files[0])?
            .split_inclusive(|&byte| byte == b'\n')
            .next()
            .map(<[u8]>::to_vec);
        let line = line.ok_or("no record")?;
        let writing = std::thread::spawn(move || -> std::io::Result<()> {
            for _ in 0..400 {
                for file in &files {
                    OpenOptions::new().append(true).open(file)?.write_all(&line)?;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            Ok(())
        });
        let (clock, mut n) = (Instant::now(), 0);
        while clock.elapsed() < Duration::from_secs(3) {
            if socket.read()?.is_text() {
                n += 1;
            }
        }
        let rate = f64::from(n) / clock.elapsed().as_secs_f64() / ids.len() as f64;
        println!("live: {rate:.0} updates a second of each of {} runs", ids.len());
        writing.join().map_err(|_| "the writer panicked")??;
        Ok(())
    }
}
