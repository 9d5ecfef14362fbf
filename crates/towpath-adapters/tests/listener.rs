//! The listener over real sockets: who is believed, what is bounded, and that nothing but a ring comes in.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use towpath_adapters::listener::{Door, Limits, Listener};
use towpath_core::source::Credential;
use towpath_engine::hook::{Secret, Sender, sign};

const SECRET: &str = "a secret of some length";

struct Peer {
    listener: Listener,
    rung: Arc<Mutex<Vec<Sender>>>,
    folder: TempDir,
}

impl Peer {
    fn start(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, format!("{SECRET}\n")).unwrap();
        Self::with(limits, Some(Credential::File(file.to_str().unwrap().to_owned())), folder)
    }

    fn with(limits: Limits, secret: Option<Credential>, folder: TempDir) -> Self {
        let rung: Arc<Mutex<Vec<Sender>>> = Arc::default();
        let bell = Arc::clone(&rung);
        let door = Door {
            secret,
            ring: Box::new(move |sender| bell.lock().unwrap().push(sender)),
            metrics: Box::new(|| "# EOF\n".to_owned()),
        };
        let listener = Listener::start((Ipv4Addr::LOCALHOST, 0).into(), door, limits).unwrap();
        Self { listener, rung, folder }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.listener.address()).unwrap()
    }

    fn send(&self, line: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        let head =
            format!("{line} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{headers}\r\n");
        answer(self.connect(), &format!("{head}{body}"))
    }

    fn rung(&self) -> Vec<Sender> {
        self.rung.lock().unwrap().clone()
    }
}

/// What the listener says until it closes the connection.
fn answer(mut stream: TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("no answer")
}

fn signed(body: &str) -> String {
    sign(body.as_bytes(), &Secret::new(SECRET).unwrap())
}

#[test]
fn every_forge_that_proves_the_secret_rings() {
    let peer = Peer::start(Limits::default());
    let body = r#"{"ref":"refs/heads/main"}"#;
    let signature = signed(body);
    let digits = signature.trim_start_matches("sha256=");
    for (path, header) in [
        ("github", format!("X-Hub-Signature-256: {signature}\r\n")),
        ("gitlab", format!("X-Gitlab-Token: {SECRET}\r\n")),
        ("gitea", format!("X-Gitea-Signature: {digits}\r\n")),
        ("forgejo", format!("X-Gitea-Signature: {digits}\r\n")),
        ("generic", format!("X-Towpath-Signature: {signature}\r\n")),
    ] {
        let told = peer.send(&format!("POST /hooks/{path}"), &header, body);
        assert_eq!(status(&told), "202", "{path}: {told}");
    }
    use Sender as S;
    assert_eq!(peer.rung(), [S::GitHub, S::GitLab, S::Gitea, S::Gitea, S::Generic]);
}

#[test]
fn whoever_proves_nothing_or_asks_for_something_else_does_not_ring() {
    let peer = Peer::start(Limits { body: 1000, ..Limits::default() });
    let body = "x";
    let good = format!("X-Hub-Signature-256: {}\r\n", signed(body));
    let bad = format!("X-Hub-Signature-256: {}\r\n", signed("y"));
    let large = "x".repeat(1001);
    let signed_large = format!("X-Hub-Signature-256: {}\r\n", signed(&large));
    for (line, headers, body, expected) in [
        ("POST /hooks/github", "", body, "401"),
        ("POST /hooks/github", bad.as_str(), body, "401"),
        ("POST /hooks/gitea", &good, body, "401"),
        ("POST /hooks/gitlab", &good, body, "401"),
        ("POST /hooks/github", &signed_large, &large, "413"),
        ("POST /hooks/bitbucket", &good, body, "404"),
        ("POST /hooks/", &good, body, "404"),
        ("POST /", &good, body, "404"),
        ("GET /hooks/github", &good, "", "405"),
        ("PUT /hooks/github", &good, body, "405"),
        ("POST /metrics", "", "", "405"),
        ("DELETE /healthz", "", "", "405"),
    ] {
        let told = peer.send(line, headers, body);
        assert_eq!(status(&told), expected, "{line} {headers}: {told}");
        assert!(!told.contains(SECRET) && !told.contains(signed(body).as_str()), "{told}");
    }
    assert_eq!(peer.rung(), []);
}

#[test]
fn a_body_without_a_length_is_bounded_too() {
    let peer = Peer::start(Limits { body: 1000, ..Limits::default() });
    let head = "POST /hooks/github HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let told = answer(peer.connect(), &format!("{head}7d0\r\n{}\r\n0\r\n\r\n", "x".repeat(2000)));
    assert_eq!(status(&told), "413", "{told}");
}

#[test]
fn health_and_metrics_need_no_secret() {
    let peer = Peer::with(Limits::default(), None, tempfile::tempdir().unwrap());
    let told = peer.send("GET /healthz", "", "");
    assert!(told.starts_with("HTTP/1.1 200 ") && told.ends_with("\r\n\r\nok\n"), "{told}");
    let told = peer.send("GET /metrics", "", "");
    assert!(told.contains("application/openmetrics-text"), "{told}");
    assert!(told.ends_with("\r\n\r\n# EOF\n"), "{told}");
    let header = format!("X-Towpath-Signature: {}\r\n", signed(""));
    assert_eq!(status(&peer.send("POST /hooks/generic", &header, "")), "404");
}

#[test]
fn a_client_that_sends_nothing_more_is_cut_off() {
    let short = Duration::from_millis(50);
    let peer = Peer::start(Limits { head: short, whole: short * 2, ..Limits::default() });
    for part in ["", "POST /hooks/gith", "POST /hooks/github HTTP/1.1\r\nHost: a\r\n"] {
        let told = answer(peer.connect(), part);
        assert!(matches!(status(&told), "no answer" | "408"), "{told}");
    }
    let half = "POST /hooks/github HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345";
    assert_eq!(answer(peer.connect(), half), "");
    assert_eq!(peer.rung(), []);
}

#[test]
fn more_connections_than_places_wait_for_one() {
    let peer = Peer::start(Limits { connections: 1, ..Limits::default() });
    let idle = peer.connect();
    let mut second = peer.connect();
    second.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    drop(idle);
    let mut told = String::new();
    second.read_to_string(&mut told).unwrap();
    assert_eq!(status(&told), "200");
}

#[test]
fn a_secret_is_read_where_it_is_now_and_must_be_there_at_first() {
    let peer = Peer::start(Limits::default());
    let file = peer.folder.path().join("secret");
    let header = |key: &str| {
        let signature = sign(b"", &Secret::new(key).unwrap());
        format!("X-Towpath-Signature: {signature}\r\n")
    };
    std::fs::write(&file, "another").unwrap();
    assert_eq!(status(&peer.send("POST /hooks/generic", &header(SECRET), "")), "401");
    assert_eq!(status(&peer.send("POST /hooks/generic", &header("another"), "")), "202");
    std::fs::write(&file, "\n").unwrap();
    assert_eq!(status(&peer.send("POST /hooks/generic", &header("another"), "")), "503");
    let credential = Credential::File(file.to_str().unwrap().to_owned());
    let door =
        Door { secret: Some(credential), ring: Box::new(|_| {}), metrics: Box::new(String::new) };
    let refused = Listener::start((Ipv4Addr::LOCALHOST, 0).into(), door, Limits::default());
    assert!(refused.unwrap_err().to_string().ends_with("is empty"));
}
