//! HTTP/1.1 as far as clients of model APIs use it: one request a connection, whole answers and streams of events, and
//! every way to break off. A server library was rejected: none lets a stream be cut in the middle of its coding.

use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// A connection that hangs is given up after this, far beyond any test's limit.
const FOREVER: Duration = Duration::from_mins(15);
/// Most headers of a request.
const HEADERS: usize = 128;

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) body: Vec<u8>,
}

/// What is sent back.
#[derive(Debug, PartialEq)]
pub(super) enum Reply {
    /// A status, headers of its own, and a JSON body.
    Whole(u16, Vec<(&'static str, String)>, Value),
    /// Server-sent events.
    Stream(Vec<Event>, StreamEnd),
    /// The connection is closed without a byte.
    Closed,
    /// Nothing, and the connection stays open.
    Hang,
}

/// How a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamEnd {
    /// As it should.
    Whole,
    /// The connection is closed in the middle.
    Cut,
    /// Nothing more comes, and the connection stays open.
    Stall,
}

/// One server-sent event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) name: Option<String>,
    pub(super) data: String,
}

impl Event {
    /// An event without a name.
    pub(super) fn data(data: &Value) -> Self {
        Self { name: None, data: data.to_string() }
    }

    /// An event named by the `type` of its data.
    pub(super) fn typed(data: &Value) -> Self {
        Self { name: data["type"].as_str().map(str::to_owned), data: data.to_string() }
    }

    fn text(&self) -> String {
        let name = self.name.as_ref().map(|name| format!("event: {name}\n")).unwrap_or_default();
        format!("{name}data: {}\n\n", self.data)
    }
}

impl Reply {
    /// A JSON body without headers of its own.
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self::Whole(status, Vec::new(), body)
    }
}

/// Reads one request, answers it and closes.
pub(super) fn serve(mut connection: &TcpStream, reply: impl FnOnce(&Request) -> Reply) {
    let Ok(Some(request)) = read(&mut connection) else { return };
    // Whoever broke off has no use for the rest of the answer.
    let _broken_off = send(connection, &request, &reply(&request));
    let _closed_already = connection.shutdown(Shutdown::Both);
}

fn send(mut connection: &TcpStream, request: &Request, reply: &Reply) -> io::Result<()> {
    match reply {
        Reply::Whole(status, headers, body) => {
            let body = body.to_string();
            let mut text = head(*status, "application/json", headers);
            text.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
            if request.method != "HEAD" {
                text.push_str(&body);
            }
            connection.write_all(text.as_bytes())
        }
        Reply::Stream(events, end) => {
            let head = head(200, "text/event-stream", &[]);
            connection
                .write_all(format!("{head}cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n").as_bytes())?;
            for event in events {
                let text = event.text();
                connection.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes())?;
            }
            match end {
                StreamEnd::Whole => connection.write_all(b"0\r\n\r\n"),
                StreamEnd::Cut => Ok(()),
                StreamEnd::Stall => wait_for_close(connection),
            }
        }
        Reply::Closed => Ok(()),
        Reply::Hang => wait_for_close(connection),
    }
}

fn head(status: u16, kind: &str, headers: &[(&'static str, String)]) -> String {
    let own: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status} {}\r\ncontent-type: {kind}\r\nconnection: close\r\n{own}", reason(status))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}

fn wait_for_close(mut connection: &TcpStream) -> io::Result<()> {
    connection.set_read_timeout(Some(FOREVER))?;
    let mut rest = [0; 1024];
    while connection.read(&mut rest)? > 0 {}
    Ok(())
}

/// `None` when the peer closed before its request was whole, or when it is no HTTP.
fn read(connection: &mut (impl Read + Write)) -> io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let Some(head) = until(connection, &mut bytes, Head::parse)? else { return Ok(None) };
    if head.expects_continue {
        connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    bytes.drain(..head.length);
    let body = match head.body {
        BodyLength::Known(length) => until(connection, &mut bytes, |bytes| known(bytes, length))?,
        BodyLength::Chunked => until(connection, &mut bytes, chunked)?,
    };
    Ok(body.map(|body| Request { method: head.method, target: head.target, body }))
}

/// What a look at the bytes that have come shows.
enum Look<T> {
    Whole(T),
    More,
    Broken,
}

/// Reads on until `look` has what it wants.
fn until<T>(from: &mut impl Read, bytes: &mut Vec<u8>, look: impl Fn(&[u8]) -> Look<T>) -> io::Result<Option<T>> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match look(bytes) {
            Look::Whole(found) => return Ok(Some(found)),
            Look::Broken => return Ok(None),
            Look::More => {}
        }
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&buffer[..count]);
    }
}

enum BodyLength {
    Known(usize),
    Chunked,
}

struct Head {
    method: String,
    target: String,
    body: BodyLength,
    expects_continue: bool,
    /// Bytes of the head itself.
    length: usize,
}

impl Head {
    fn parse(bytes: &[u8]) -> Look<Self> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let length = match request.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Look::More,
            Err(_) => return Look::Broken,
        };
        let header = |name: &str| {
            let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
            std::str::from_utf8(found.value).ok().map(str::trim)
        };
        let is_chunked = header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
        let known = header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        Look::Whole(Self {
            method: request.method.unwrap_or_default().to_owned(),
            target: request.path.unwrap_or_default().to_owned(),
            body: if is_chunked { BodyLength::Chunked } else { BodyLength::Known(known) },
            expects_continue: header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")),
            length,
        })
    }
}

fn known(bytes: &[u8], length: usize) -> Look<Vec<u8>> {
    bytes.get(..length).map_or(Look::More, |body| Look::Whole(body.to_vec()))
}

fn chunked(bytes: &[u8]) -> Look<Vec<u8>> {
    let mut body = Vec::new();
    let mut rest = bytes;
    loop {
        let (start, size) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return Look::More,
            Err(_) => return Look::Broken,
        };
        let Ok(size) = usize::try_from(size) else { return Look::Broken };
        // Each chunk ends with a line end of its own.
        let Some(chunk) = rest.get(start..start + size + 2) else { return Look::More };
        if size == 0 {
            return Look::Whole(body);
        }
        body.extend_from_slice(&chunk[..size]);
        rest = &rest[start + size + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes byte by byte, and what was written.
    struct Slow(Vec<u8>, Vec<u8>);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = usize::from(!self.0.is_empty());
            buffer[..count].copy_from_slice(&self.0.drain(..count).collect::<Vec<_>>());
            Ok(count)
        }
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[track_caller]
    fn check(text: &str, body: Option<&str>) {
        let mut connection = Slow(text.into(), Vec::new());
        let request = read(&mut connection).expect("memory has no errors");
        assert_eq!(request.map(|request| String::from_utf8(request.body).expect("text")).as_deref(), body, "{text}");
    }

    #[test]
    fn a_body_is_read_by_its_length_or_in_chunks_however_it_comes() {
        check("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyrest", Some("body"));
        check("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nbo\r\n2;x=y\r\ndy\r\n0\r\n\r\n", Some("body"));
        check("GET /a HTTP/1.1\r\n\r\n", Some(""));
        check("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbod", None);
        check("no http\r\n\r\n", None);
    }

    #[test]
    fn a_client_that_waits_for_leave_gets_it() {
        let text = "POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\nx";
        let mut connection = Slow(text.into(), Vec::new());
        assert!(read(&mut connection).is_ok_and(|request| request.is_some()));
        assert_eq!(connection.1, b"HTTP/1.1 100 Continue\r\n\r\n");
    }
}
