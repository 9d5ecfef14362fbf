//! A client that costs little: HTTP/1.1 on one kept connection, bodies read by their length or chunk by chunk.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};

/// A connection.
pub(super) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(super) fn connect(address: &str) -> Result<Self> {
        let stream =
            TcpStream::connect(address).with_context(|| format!("no server on {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::with_capacity(64 << 10, stream) })
    }

    /// Asks and gives the body of the answer, which must be a yes.
    pub(super) fn ask(&mut self, verb: &str, path: &str, body: &[u8]) -> Result<Vec<u8>> {
        let length = self.send(verb, path, body)?;
        let mut answer = Vec::new();
        match length {
            Some(length) => {
                answer.resize(length, 0);
                self.stream.read_exact(&mut answer)?;
            }
            None => while self.chunk(&mut answer)? {},
        }
        Ok(answer)
    }

    /// Begins to watch.
    pub(super) fn watch(&mut self, path: &str) -> Result<()> {
        self.send("GET", path, b"").map(drop)
    }

    /// Reads some of what a watch tells; `false` when it is over.
    pub(super) fn chunk(&mut self, into: &mut Vec<u8>) -> Result<bool> {
        let line = self.line()?;
        let length = usize::from_str_radix(line.trim(), 16).context("no chunk")?;
        let start = into.len();
        into.resize(start + length, 0);
        self.stream.read_exact(into.get_mut(start..).unwrap_or_default())?;
        self.line()?;
        Ok(length > 0)
    }

    fn send(&mut self, verb: &str, path: &str, body: &[u8]) -> Result<Option<usize>> {
        let head = format!(
            "{verb} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.stream.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        let status = self.line()?;
        ensure!(status.starts_with("HTTP/1.1 2"), "{verb} {path}: {status}");
        let mut length = None;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                return Ok(length);
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = Some(value.trim().parse()?);
            }
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        ensure!(self.stream.read_line(&mut line)? > 0, "the server hung up");
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}
