//! As much of a browser as measuring needs.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

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
            let line = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).ok_or("no cookie")?;
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
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no answer")?;
        let body = answer.split_off(end + 4);
        Ok((String::from_utf8_lossy(&answer).into_owned(), body))
    }
}
