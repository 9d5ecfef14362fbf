//! The one door of the loop: webhooks come in, metrics go out, over plain HTTP/1.1.
//!
//! A webhook is believed by [`towpath_engine::hook`] and then only rings; nothing that it says is used, kept or
//! logged. What one client can cost is bounded ([`Limits`]): each connection is for one request, and is cut off where
//! it takes too long. TLS and who may reach this is for what stands before it. Must not decide what follows from a
//! ring.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};
use towpath_core::source::Credential;
use towpath_engine::hook::{self, Secret, Sender};

use crate::credential;

/// How long to wait when the system has no more sockets for us.
const NO_SOCKETS: Duration = Duration::from_millis(20);

/// The form of [`Door::metrics`]: `prometheus/OpenMetrics:specification/OpenMetrics.md`.
pub const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What one client, and all together, can cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest body, in bytes.
    pub body: usize,
    /// How long the head of a request may take.
    pub head: Duration,
    /// How long a connection may take, from its beginning to the end of the answer.
    pub whole: Duration,
    /// How many connections are served at once; others wait.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            head: Duration::from_secs(5),
            whole: Duration::from_secs(15),
            connections: 64,
        }
    }
}

/// What is behind the door. Both are called on the listener's thread and must not block.
pub struct Door {
    /// Where the secret of webhooks is found; `None`: no webhook is taken.
    pub secret: Option<Credential>,
    /// A webhook that is believed came from this sender.
    pub ring: Box<dyn Fn(Sender) + Send + Sync>,
    /// The metrics as they stand, in the form [`METRICS_TYPE`].
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
}

/// Why nobody can listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be had.
    #[error("nothing can listen at {address}")]
    Bind {
        /// Which one.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is no thread or runtime for it.
    #[error("the listener cannot be started")]
    Start(#[source] std::io::Error),
    /// The secret of webhooks cannot be read now. The text holds none.
    #[error("webhooks cannot be checked: {0}")]
    Secret(String),
}

/// A listener at work; it ends when dropped.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens at an address; port 0 is a free one.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn start(address: SocketAddr, door: Door, limits: Limits) -> Result<Self, ListenError> {
        if let Some(secret) = &door.secret {
            read(secret).map_err(ListenError::Secret)?;
        }
        let bound = std::net::TcpListener::bind(address)
            .and_then(|it| it.set_nonblocking(true).map(|()| it))
            .map_err(|source| ListenError::Bind { address, source })?;
        let address = bound.local_addr().map_err(ListenError::Start)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(ListenError::Start)?;
        let (stop, stopped) = oneshot::channel();
        let serve = move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(bound) else { return };
                tokio::select! {
                    _ = stopped => {}
                    () = serve(listener, Arc::new(door), limits) => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("listener".to_owned()).spawn(serve);
        let thread = thread.map_err(ListenError::Start)?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, door: Arc<Door>, limits: Limits) {
    let places = Arc::new(Semaphore::new(limits.connections));
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                sleep(NO_SOCKETS).await;
                continue;
            }
        };
        let door = Arc::clone(&door);
        tokio::spawn(async move {
            converse(stream, &door, limits).await;
            drop(place);
        });
    }
}

/// A connection that breaks or is too slow is its client's affair.
async fn converse(stream: TcpStream, door: &Door, limits: Limits) {
    let service =
        service_fn(async |request| Ok::<_, Infallible>(door.answer(request, limits).await));
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let _ = timeout(limits.whole, pin!(conversation)).await;
}

type Answer = Response<Full<Bytes>>;

impl Door {
    async fn answer(&self, request: Request<Incoming>, limits: Limits) -> Answer {
        let path = request.uri().path();
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        match path {
            "/healthz" | "/metrics" if !reads => only("GET, HEAD"),
            "/healthz" => plain(StatusCode::OK, "ok"),
            "/metrics" => {
                let mut answer = Response::new(Full::from((self.metrics)()));
                answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(METRICS_TYPE));
                answer
            }
            _ => {
                match path.strip_prefix("/hooks/").and_then(Sender::named).zip(self.secret.as_ref())
                {
                    None => plain(StatusCode::NOT_FOUND, "there is nothing here"),
                    Some(_) if *request.method() != Method::POST => only("POST"),
                    Some((sender, secret)) => self.hear(sender, secret, request, limits).await,
                }
            }
        }
    }

    async fn hear(
        &self,
        sender: Sender,
        secret: &Credential,
        request: Request<Incoming>,
        limits: Limits,
    ) -> Answer {
        let too_large = || {
            let why = format!("a body of more than {} bytes is not read", limits.body);
            plain(StatusCode::PAYLOAD_TOO_LARGE, &why)
        };
        let length = request.headers().get(CONTENT_LENGTH).and_then(|it| it.to_str().ok());
        // Said before anything is read: who sends need not send it all to learn that.
        if length.and_then(|it| it.parse().ok()).is_some_and(|it: usize| it > limits.body) {
            return too_large();
        }
        let (head, body) = request.into_parts();
        let body = match Limited::new(body, limits.body).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return too_large(),
            Err(_) => return plain(StatusCode::BAD_REQUEST, "the body cannot be read"),
        };
        let Ok(secret) = read(secret) else {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "nobody can check this now");
        };
        let headers = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        match hook::verify(sender, headers, &body, &secret) {
            Ok(()) => {
                (self.ring)(sender);
                plain(StatusCode::ACCEPTED, "the world is looked at again")
            }
            Err(refused) => plain(StatusCode::UNAUTHORIZED, &refused.to_string()),
        }
    }
}

fn read(secret: &Credential) -> Result<Secret, String> {
    let text = credential::read(secret, &credential::variable)?;
    Secret::new(text).ok_or_else(|| format!("{secret} is empty"))
}

fn only(methods: &'static str) -> Answer {
    let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "this is asked otherwise");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    answer
}

fn plain(status: StatusCode, text: &str) -> Answer {
    let mut answer = Response::new(Full::from(format!("{text}\n")));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
