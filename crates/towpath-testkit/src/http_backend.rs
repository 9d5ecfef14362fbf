//! Repositories over smart HTTP on the loopback: Git's own `http-backend` behind a small server, with the
//! faults that real servers have.
//!
//! The server is written on sockets, because hanging up in the middle of an answer is one of the faults.
//! One request per connection. Must not be reachable from elsewhere than this machine.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::git::TestRepo;

/// What the server does instead of its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answers every request with this status: 401, 403, 500 ...
    Status(u16),
    /// Hangs up when a push arrives; nothing has moved.
    HangUpBeforePush,
    /// Takes a push, and hangs up instead of saying so; the branches have moved.
    HangUpAfterPush,
}

/// A user and password, as HTTP basic authentication has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password or token.
    pub password: String,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    env: Vec<(std::ffi::OsString, std::ffi::OsString)>,
    login: Option<Login>,
    fault: Mutex<Option<Fault>>,
    requests: Mutex<Vec<String>>,
    stop: AtomicBool,
}

/// A running server; it stops when dropped.
#[derive(Debug)]
pub struct HttpBackend {
    shared: Arc<Shared>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl HttpBackend {
    /// Serves the folder that the family of `repo` lives in, for reading and pushing.
    ///
    /// # Panics
    /// When the loopback cannot be listened on.
    #[must_use]
    pub fn start(repo: &TestRepo, login: Option<Login>) -> Self {
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).expect("the loopback can be listened on");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared {
            root: repo.outside().to_owned(),
            env: repo.env(),
            login,
            fault: Mutex::new(None),
            requests: Mutex::new(Vec::new()),
            stop: AtomicBool::new(false),
        });
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for stream in listener.incoming() {
                    if shared.stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let shared = Arc::clone(&shared);
                    // A client that goes away in the middle is its own affair.
                    std::thread::spawn(move || stream.and_then(|stream| shared.serve(stream)));
                }
            }
        });
        Self { shared, address, thread: Some(thread) }
    }

    /// The URL of a repository of the family.
    ///
    /// # Panics
    /// When the repository is not of the family.
    #[must_use]
    pub fn url(&self, repo: &TestRepo) -> String {
        self.url_with(repo, "")
    }

    /// The URL with credentials in it, as some users write it.
    ///
    /// # Panics
    /// When the repository is not of the family.
    #[must_use]
    pub fn url_with_login(&self, repo: &TestRepo, login: &Login) -> String {
        self.url_with(repo, &format!("{}:{}@", login.user, login.password))
    }

    fn url_with(&self, repo: &TestRepo, credentials: &str) -> String {
        let path = repo.path().strip_prefix(&self.shared.root).expect("a repository of the family");
        format!("http://{credentials}{}/{}", self.address, path.display())
    }

    /// What the server does wrong from now on; `None` makes it work again.
    pub fn set_fault(&self, fault: Option<Fault>) {
        *lock(&self.shared.fault) = fault;
    }

    /// The requests so far, as `METHOD path?query`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        lock(&self.shared.requests).clone()
    }
}

impl Drop for HttpBackend {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Wakes the listener; it looks at `stop` and ends.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One request, read whole.
struct Request {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    fn is_push(&self) -> bool {
        self.method == "POST" && self.path.ends_with("/git-receive-pack")
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let Some(request) = read_request(&stream)? else { return Ok(()) };
        lock(&self.requests).push(format!("{} {}?{}", request.method, request.path, request.query));
        let fault = *lock(&self.fault);
        if let Some(Fault::Status(status)) = fault {
            return answer(&mut stream, status, "", b"no\n");
        }
        if let Some(login) = &self.login {
            let pair = format!("{}:{}", login.user, login.password);
            let wanted = format!("Basic {}", base64(pair.as_bytes()));
            if request.header("authorization") != Some(wanted.as_str()) {
                let ask = "WWW-Authenticate: Basic realm=\"towpath\"\r\n";
                return answer(&mut stream, 401, ask, b"who are you?\n");
            }
        }
        if request.is_push() && fault == Some(Fault::HangUpBeforePush) {
            return Ok(());
        }
        let (status, headers, body) = self.run(&request)?;
        if request.is_push() && fault == Some(Fault::HangUpAfterPush) {
            return Ok(());
        }
        answer(&mut stream, status, &headers, &body)
    }

    /// Has Git answer: the common gateway interface of `git http-backend`.
    fn run(&self, request: &Request) -> std::io::Result<(u16, String, Vec<u8>)> {
        let mut child = Command::new("git")
            .args(["-c", "http.receivepack=true", "http-backend"])
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("REQUEST_METHOD", &request.method)
            .env("PATH_INFO", &request.path)
            .env("QUERY_STRING", &request.query)
            .env("CONTENT_TYPE", request.header("content-type").unwrap_or(""))
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("HTTP_CONTENT_ENCODING", request.header("content-encoding").unwrap_or(""))
            .env("GIT_PROTOCOL", request.header("git-protocol").unwrap_or(""))
            .env("REMOTE_ADDR", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(&request.body)));
            child.wait_with_output()
        })?
        .stdout;
        let end = output.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.ok_or_else(|| std::io::Error::other("git http-backend gave no header"))?;
        let mut status = 200;
        let mut headers = String::new();
        for line in String::from_utf8_lossy(&output[..end]).lines() {
            match line.strip_prefix("Status: ").and_then(|status| status.get(..3)) {
                Some(code) => status = code.parse().unwrap_or(500),
                None => headers.push_str(&format!("{line}\r\n")),
            }
        }
        Ok((status, headers, output[end + 4..].to_vec()))
    }
}

fn answer(stream: &mut TcpStream, status: u16, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} status\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    stream.flush()
}

/// Reads one request; `None` where the client only knocked.
fn read_request(stream: &TcpStream) -> std::io::Result<Option<Request>> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let method = words.next().unwrap_or("").to_owned();
    let target = words.next().unwrap_or("").to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    if find(&headers, "expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
        (&mut &*stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut body = Vec::new();
    if find(&headers, "transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let size = line.trim().split(';').next().unwrap_or("");
            let size = u64::from_str_radix(size, 16).map_err(std::io::Error::other)?;
            (&mut reader).take(size).read_to_end(&mut body)?;
            line.clear();
            reader.read_line(&mut line)?;
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = find(&headers, "content-length") {
        let length = length.parse().map_err(std::io::Error::other)?;
        reader.take(length).read_to_end(&mut body)?;
    }
    Ok(Some(Request { method, path, query, headers, body }))
}

/// Base64 of RFC 4648, section 4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_as_in_the_rfc() {
        for (text, want) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(text.as_bytes()), want);
        }
    }
}
