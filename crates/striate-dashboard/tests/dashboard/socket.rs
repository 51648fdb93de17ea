//! A page's WebSocket.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value, json};
use tungstenite::handshake::client::Request;
use tungstenite::{Message, WebSocket, client};

use crate::support::Dashboard;

pub(crate) fn request(dashboard: &Dashboard, origin: Option<&str>, cookie: &str) -> Request {
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

pub(crate) fn listen(dashboard: &Dashboard, ids: &[&str]) -> WebSocket<TcpStream> {
    let origin = format!("http://{}", dashboard.host());
    let request = request(dashboard, Some(&origin), &dashboard.cookie);
    let (mut socket, _) = client(request, dashboard.connect()).unwrap();
    let text = json!({"subscribe": {"runs": ids, "key": "loss"}}).to_string();
    socket.send(Message::from(text)).unwrap();
    socket
}

pub(crate) fn next(socket: &mut WebSocket<TcpStream>) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

pub(crate) fn append(run: &Path, text: &str) {
    let file = OpenOptions::new().append(true).create(true).open(run.join("metrics.jsonl"));
    file.unwrap().write_all(text.as_bytes()).unwrap();
}

pub(crate) fn id(dashboard: &Dashboard) -> String {
    dashboard.json("/api/overview")["runs"][0]["id"].as_str().unwrap().to_owned()
}
