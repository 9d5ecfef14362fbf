//! Clients that do not behave, on plain sockets: whatever they do, the next one is served.

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use towpath_apiserver::Server;

use crate::support::{Served, cluster};

/// Sends bytes, ends its half of the connection and gives what comes back.
async fn say(served: &Served, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    // Whoever is cut off while it speaks has its answer as well.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn is_served(served: &Served) {
    let answer =
        say(served, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nok"), "{answer}");
}

#[tokio::test]
async fn what_is_no_request_takes_nothing_down() {
    let served = Served::plain(&cluster()).await;
    let long = [b"GET /".as_slice(), &vec![b'a'; 1 << 20], b" HTTP/1.1\r\n\r\n"].concat();
    let many: String = (0..1000).map(|n| format!("X-{n}: y\r\n")).collect();
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n");
    let post =
        "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    let huge = format!("{post}Content-Length: 99999999999\r\n\r\n{{");
    let half = format!("{post}Content-Length: 100\r\n\r\n{{\"half\":");
    let chunks = format!("{post}Transfer-Encoding: chunked\r\n\r\nzz\r\n");
    let wrong =
        format!("{post}Content-Type: application/json\r\nContent-Length: 3\r\n\r\n\u{1}\u{2}\u{3}");
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\0\0";
    for (garbage, code) in [
        (&b"\0\x16\x03\x01\xff\xfe"[..], "400"),
        (b"", ""),
        (b"GET", ""),
        (b"GET / HTTP/9.9\r\n\r\n", "400"),
        (&long, ""),
        (many.as_bytes(), "431"),
        (huge.as_bytes(), ""),
        (half.as_bytes(), ""),
        (chunks.as_bytes(), ""),
        (wrong.as_bytes(), "400"),
        (preface.as_bytes(), ""),
    ] {
        let answer = say(&served, garbage).await;
        assert!(code.is_empty() || answer.starts_with(&format!("HTTP/1.1 {code}")), "{answer}");
        is_served(&served).await;
    }
    served.stop().await;
}

#[tokio::test]
async fn a_body_has_a_limit() {
    let served = Served::plain(&cluster()).await;
    let body = vec![b' '; 5 << 20];
    let head = format!(
        "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let answer = say(&served, &[head.as_bytes(), &body].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    served.stop().await;
}

#[tokio::test]
async fn verbs_that_an_api_does_not_have_are_refused_and_a_head_has_no_body() {
    let served = Served::plain(&cluster()).await;
    for (verb, code) in [("OPTIONS", "405"), ("TRACE", "405"), ("BREW", "405"), ("HEAD", "200")] {
        let request =
            format!("{verb} /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = say(&served, request.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {code}")), "{verb}: {answer}");
        assert_eq!(answer.ends_with("\r\n\r\n"), verb == "HEAD", "{answer}");
    }
    served.stop().await;
}

#[tokio::test]
async fn many_idle_connections_leave_room_for_one_that_asks() {
    let served = Served::plain(&cluster()).await;
    let mut idle = Vec::new();
    for number in 0..300 {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(b"GET /api/v1/namespaces HTTP/1.1\r\nHos").await.unwrap();
        }
        idle.push(stream);
    }
    is_served(&served).await;
    drop(idle);
    served.stop().await;
}

#[tokio::test]
async fn whoever_is_one_too_many_waits_for_a_place() {
    let served = Served::of(Server::plain(cluster()).max_connections(1)).await;
    let mut first = TcpStream::connect(served.address).await.unwrap();
    first.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    first.read_exact(&mut answer).await.unwrap();
    let second = is_served(&served);
    drop(first);
    second.await;
    served.stop().await;
}

#[tokio::test]
async fn stopping_ends_watches_and_is_not_held_up_by_who_says_nothing() {
    let served = Served::plain(&cluster()).await;
    let silent = TcpStream::connect(served.address).await.unwrap();
    let stream = TcpStream::connect(served.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::get("/api/v1/namespaces?watch=true").header("host", "x");
    let watch = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    let mut body = watch.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"{\"type\":\"ADDED\""), "{first:?}");
    served.stop().await;
    while let Some(frame) = body.frame().await {
        frame.unwrap();
    }
    drop((sender, silent));
    connection.await.unwrap().unwrap();
}
