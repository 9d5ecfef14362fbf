//! A server that answers as a registry never should: cut, slow to end, redirecting, refusing, lying.
//!
//! The answers are scripted per request line and the requests are kept, so that a test can say what was
//! asked and with which headers. It writes HTTP/1.1 by itself because a sound server would not let half a
//! body out. Must not grow into a registry; that is [`crate::registry`].

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// One answer to one request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A whole answer.
    Full {
        /// The HTTP status.
        status: u16,
        /// The headers, without those of length and connection.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// Status 200 and the length of the whole body, but only the first half of it.
    Half(Vec<u8>),
    /// Status 200 and zeros until the other side has had enough.
    Endless,
    /// The connection is closed without a word.
    HangUp,
    /// Nothing, until the other side gives up.
    Silence,
    /// The values of the request's `Authorization` header, as a refusal with this status.
    EchoAuthorization(u16),
}

impl Answer {
    /// An answer with this status and body.
    #[must_use]
    pub fn status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Full { status, headers: Vec::new(), body: body.into() }
    }

    /// Status 200 with this body.
    #[must_use]
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200, body)
    }

    /// The same answer with one header more; only [`Answer::Full`] has headers.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Full { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// A temporary redirect.
    #[must_use]
    pub fn redirect(to: &str) -> Self {
        Self::status(307, "").header("Location", to)
    }
}

/// What one kind of request is answered.
#[derive(Debug, Clone)]
pub struct Rule {
    starts_with: String,
    answers: Vec<Answer>,
    given: usize,
}

impl Rule {
    /// Requests whose method and target start so, such as `GET /v2/a/tags/`, get these answers in turn,
    /// then the last one for ever.
    #[must_use]
    pub fn new(starts_with: &str, answers: impl Into<Vec<Answer>>) -> Self {
        Self { starts_with: starts_with.to_owned(), answers: answers.into(), given: 0 }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Method and target, such as `GET /v2/`.
    pub line: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Seen {
    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

struct Shared {
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<Vec<Seen>>,
    stopping: AtomicBool,
}

/// A running server; it ends when dropped.
pub struct FaultyRegistry {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

impl FaultyRegistry {
    /// Starts the server. Of the rules that fit a request the first one answers; without one, `/v2/`
    /// is 200 and all else is 404 in the form of the specification.
    ///
    /// # Errors
    /// When no port of loopback can be had.
    pub fn start(rules: impl Into<Vec<Rule>>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            rules: Mutex::new(rules.into()),
            seen: Mutex::default(),
            stopping: AtomicBool::new(false),
        });
        let for_thread = Arc::clone(&shared);
        let listening = std::thread::spawn(move || listen(&listener, &for_thread));
        Ok(Self { address, shared, listening: Some(listening) })
    }

    /// `127.0.0.1:PORT`. It speaks plain HTTP.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The requests so far, in the order in which they came.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many requests have come whose method and target start so.
    #[must_use]
    pub fn count(&self, starts_with: &str) -> usize {
        self.seen().iter().filter(|seen| seen.line.starts_with(starts_with)).count()
    }
}

impl Drop for FaultyRegistry {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is to stop.
        let _ = TcpStream::connect(self.address);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        if let Ok(stream) = stream {
            let shared = Arc::clone(shared);
            // The other side leaves when it has had enough; an error here is just that.
            std::thread::spawn(move || drop(serve(stream, &shared)));
        }
    }
}

/// Serves the one request of a connection.
fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let Some(request) = read(&stream)? else { return Ok(()) };
    let answer = {
        let mut rules = shared.rules.lock().unwrap_or_else(PoisonError::into_inner);
        choose(&mut rules, &request.line)
    };
    let authorization = request.header("authorization").unwrap_or_default().to_owned();
    shared.seen.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    match answer {
        Answer::Full { status, headers, body } => {
            head(&mut stream, status, &headers, Some(body.len()))?;
            if !request.line.starts_with("HEAD ") {
                stream.write_all(&body)?;
            }
            Ok(())
        }
        Answer::Half(body) => {
            head(&mut stream, 200, &[], Some(body.len()))?;
            stream.write_all(&body[..body.len() / 2])
        }
        Answer::Endless => {
            head(&mut stream, 200, &[], None)?;
            loop {
                stream.write_all(&[0; 4096])?;
            }
        }
        Answer::HangUp => Ok(()),
        Answer::Silence => io::copy(&mut stream, &mut io::sink()).map(drop),
        Answer::EchoAuthorization(status) => {
            let secret = authorization.rsplit(' ').next().unwrap_or_default();
            let error = serde_json::json!({
                "code": "UNKNOWN",
                "message": format!("you sent {authorization} that is {secret}"),
            });
            let body = serde_json::json!({ "errors": [error] }).to_string();
            head(&mut stream, status, &[], Some(body.len()))?;
            stream.write_all(body.as_bytes())
        }
    }
}

fn choose(rules: &mut [Rule], line: &str) -> Answer {
    for rule in rules.iter_mut().filter(|rule| line.starts_with(&rule.starts_with)) {
        if let Some(answer) = rule.answers.get(rule.given).or(rule.answers.last()) {
            rule.given += 1;
            return answer.clone();
        }
    }
    if line == "GET /v2/" {
        return Answer::ok("{}");
    }
    Answer::status(404, r#"{"errors":[{"code":"NAME_UNKNOWN","message":"not known here"}]}"#)
}

/// `None` when the other side said nothing.
fn read(stream: &TcpStream) -> io::Result<Option<Seen>> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    // The version at the end is of no interest.
    let line = first.trim_end().rsplit_once(' ').map_or(first.trim_end(), |(line, _)| line);
    let mut seen = Seen { line: line.to_owned(), headers: Vec::new(), body: Vec::new() };
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        seen.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = seen.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    reader.take(length).read_to_end(&mut seen.body)?;
    Ok(Some(seen))
}

fn head(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(String, String)],
    length: Option<usize>,
) -> io::Result<()> {
    let mut text = format!("HTTP/1.1 {status} Scripted\r\nConnection: close\r\n");
    if let Some(length) = length {
        text.push_str(&format!("Content-Length: {length}\r\n"));
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes())
}
