//! An HTTP/1.1 client that sends just what a test says, well-formed or not.

use std::{collections::BTreeMap, net::SocketAddr, sync::Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::DEADLINE;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|cause| panic!("{cause}: {}", self.text()))
    }

    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer with a head");
        let head = String::from_utf8_lossy(&bytes[..end]);
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut answer = Self { status, headers, body: bytes[end + 4..].to_vec() };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = unchunked(&answer.body);
        }
        answer
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(&String::from_utf8_lossy(&bytes[..end]), 16).expect("a chunk's size");
        if size == 0 {
            break;
        }
        out.extend(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
    out
}

pub type Headers<'a> = &'a [(&'a str, &'a str)];

/// The administrators' tokens, by server.
static ADMINISTRATORS: Mutex<BTreeMap<SocketAddr, String>> = Mutex::new(BTreeMap::new());

/// From now on requests to this server are its administrator's, unless they say otherwise.
pub fn administer(server: SocketAddr, token: String) {
    ADMINISTRATORS.lock().expect("nobody panicked").insert(server, token);
}

/// Says that nobody is asking.
pub const NOBODY: (&str, &str) = ("Authorization", "");

/// A request's head: with `Host`, `Connection: close` and the administrator's token, unless `headers` say otherwise.
pub fn head(server: SocketAddr, method: &str, path: &str, headers: Headers) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    let has = |name: &str| headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    if !has("authorization")
        && !has("cookie")
        && let Some(token) = ADMINISTRATORS.lock().expect("nobody panicked").get(&server)
    {
        head.push_str(&format!("Authorization: Bearer {token}\r\n"));
    }
    if !has("host") {
        head.push_str(&format!("Host: {server}\r\n"));
    }
    if !has("connection") {
        head.push_str("Connection: close\r\n");
    }
    for (name, value) in headers.iter().filter(|header| **header != NOBODY) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head + "\r\n"
}

/// Sends these bytes, whole or until the server will have no more, and gives what comes back.
pub async fn exchange(server: SocketAddr, request: &[u8]) -> Answer {
    let exchange = async {
        let mut stream = TcpStream::connect(server).await.expect("connects");
        let (mut reader, mut writer) = stream.split();
        let sending = async {
            // A server that has answered already may close.
            let _ = writer.write_all(request).await;
        };
        let mut bytes = Vec::new();
        let reading = async {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = reader.read(&mut buffer).await {
                bytes.extend(&buffer[..read]);
            }
        };
        tokio::join!(sending, reading);
        Answer::parse(&bytes)
    };
    tokio::time::timeout(DEADLINE, exchange).await.expect("an answer in time")
}

/// The status of an answer that has no end.
pub async fn status_of_stream(server: SocketAddr, path: &str, headers: Headers<'_>) -> u16 {
    let exchange = async {
        let mut stream = TcpStream::connect(server).await.expect("connects");
        stream.write_all(head(server, "GET", path, headers).as_bytes()).await.expect("asks");
        let mut bytes = Vec::new();
        while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
            assert!(stream.read_buf(&mut bytes).await.expect("reads") > 0, "an answer with a head");
        }
        String::from_utf8_lossy(&bytes).split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
    };
    tokio::time::timeout(DEADLINE, exchange).await.expect("an answer in time")
}

pub async fn get(server: SocketAddr, path: &str, headers: Headers<'_>) -> Answer {
    exchange(server, head(server, "GET", path, headers).as_bytes()).await
}

pub async fn post(server: SocketAddr, path: &str, headers: Headers<'_>, body: &[u8]) -> Answer {
    let length = body.len().to_string();
    let headers = [headers, &[("Content-Length", &length)]].concat();
    let mut request = head(server, "POST", path, &headers).into_bytes();
    request.extend(body);
    exchange(server, &request).await
}

/// As `post`, in chunks and without a length, as the official client sends.
pub async fn post_chunked(server: SocketAddr, path: &str, headers: Headers<'_>, body: &[u8]) -> Answer {
    let headers = [headers, &[("Transfer-Encoding", "chunked")]].concat();
    let mut request = head(server, "POST", path, &headers).into_bytes();
    for chunk in body.chunks(1000) {
        request.extend(format!("{:x}\r\n", chunk.len()).bytes());
        request.extend(chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    exchange(server, &request).await
}

pub const ZIP: Headers = &[("Content-Type", "application/octet-stream")];

/// A form with one file.
pub async fn post_form(server: SocketAddr, path: &str, fields: &[(&str, &str)], file: &[u8]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    let disposition = "Content-Disposition: form-data; name=\"file\"; filename=\"a.zip\"";
    body.extend(format!("--edge\r\n{disposition}\r\nContent-Type: application/zip\r\n\r\n").bytes());
    body.extend(file);
    body.extend(b"\r\n--edge--\r\n");
    post(server, path, &[("Content-Type", "multipart/form-data; boundary=edge")], &body).await
}

/// An open stream of server-sent events.
pub struct EventStream {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl EventStream {
    pub async fn open(server: SocketAddr, path: &str, headers: Headers<'_>) -> Self {
        let mut stream = TcpStream::connect(server).await.expect("connects");
        stream.write_all(head(server, "GET", path, headers).as_bytes()).await.expect("asks");
        let mut this = Self { stream, bytes: Vec::new() };
        while !this.line().await.is_empty() {}
        this
    }

    /// The next event: its id and its data.
    pub async fn next(&mut self) -> (i64, serde_json::Value) {
        let (mut id, mut data) = (None, None);
        loop {
            let line = self.line().await;
            if let Some(value) = line.strip_prefix("id: ") {
                id = value.parse().ok();
            } else if let Some(value) = line.strip_prefix("data: ") {
                data = serde_json::from_str(value).ok();
            }
            if let (Some(id), Some(data)) = (id, &data) {
                return (id, serde_json::Value::clone(data));
            }
        }
    }

    async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.bytes.drain(..=end).collect();
                return String::from_utf8_lossy(&line).trim_end().to_owned();
            }
            let mut buffer = vec![0; 16 * 1024];
            let reading = self.stream.read(&mut buffer);
            let read = tokio::time::timeout(DEADLINE, reading).await.expect("an event in time").expect("reads");
            assert!(read > 0, "the stream has ended");
            self.bytes.extend(&buffer[..read]);
        }
    }
}

pub const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Sends JSON with any method.
pub async fn send(server: SocketAddr, method: &str, path: &str, headers: Headers<'_>, body: &str) -> Answer {
    let length = body.len().to_string();
    let headers = [headers, &[JSON, ("Content-Length", &length)]].concat();
    exchange(server, (head(server, method, path, &headers) + body).as_bytes()).await
}
