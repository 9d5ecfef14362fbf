//! A running cluster: one machine behind a lock, and the way of a request through it.
//!
//! Deciding needs the lock for reading only, so that requests are decided side by side; the commit is short. A decision
//! that was overtaken is made again.

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use tokio::sync::watch;
use towpath_apimachinery::access::{Authority, Credentials, Impersonation, User};
use towpath_apimachinery::bootstrap::Bootstrap;
use towpath_apimachinery::control;
use towpath_apimachinery::decision::{Answer, Decision};
use towpath_apimachinery::machine::Machine;
use towpath_apimachinery::refusal::Refusal;
use towpath_apimachinery::request::{Method, Request};
use towpath_apimachinery::store::Event;
use towpath_apimachinery::surface::Surface;

use crate::body::Body;
use crate::clock::Clock;
use crate::stream;

/// How often a request is decided anew because others were faster.
const ATTEMPTS: usize = 64;

/// A cluster that runs in this process. Clones are the same cluster.
#[derive(Clone)]
pub struct Cluster {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    machine: RwLock<Machine>,
    clock: Clock,
    /// The revision of the last commit.
    newest: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Machine) -> T) -> T {
        read(&self.machine.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }
}

impl Cluster {
    /// A fresh cluster, which signs tokens with a key of its own. Many of them are made faster by one [`Bootstrap`].
    #[must_use]
    pub fn new(surface: Arc<Surface>, clock: Clock) -> Self {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the system has random bits");
        let now = clock.now();
        let bootstrap = Bootstrap::new(surface, now);
        let authority = Arc::new(Authority::default().key(key));
        Self::of(bootstrap.cluster(authority, now, entropy()), clock)
    }

    /// A cluster as it is.
    #[must_use]
    pub fn of(machine: Machine, clock: Clock) -> Self {
        let newest = watch::Sender::new(machine.state().revision());
        Self { shared: Arc::new(Shared { machine: RwLock::new(machine), clock, newest }) }
    }

    /// Answers a request whose body has been read. `identity` is who the connection is known to be from, if it is.
    #[must_use]
    pub fn answer(
        &self,
        parts: &http::request::Parts,
        body: &[u8],
        identity: Option<&User>,
    ) -> Response<Body> {
        let Some(method) = method(&parts.method) else {
            return response(Answer::from(&Refusal::method_not_allowed()));
        };
        let header = |name: header::HeaderName| text(&parts.headers, &name);
        let headers = parts.headers.iter();
        let impersonation = Impersonation::of(
            headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default())),
        );
        let mut request = Request {
            method,
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            content_type: header(header::CONTENT_TYPE),
            accept: header(header::ACCEPT),
            agent: header(header::USER_AGENT),
            credentials: Credentials {
                identity,
                authorization: header(header::AUTHORIZATION),
                impersonation: impersonation.as_ref(),
            },
            body,
            now: self.shared.clock.now(),
            entropy: entropy(),
        };
        for _ in 0..ATTEMPTS {
            match self.shared.read(|machine| machine.decide(&request)) {
                Err(refusal) => return response(Answer::from(&refusal)),
                Ok(Decision::Answer(answer)) => return response(answer),
                Ok(Decision::Watch(watch)) => return stream::response(&self.shared, watch),
                Ok(Decision::Write { changes, reply }) => {
                    let mut machine =
                        self.shared.machine.write().unwrap_or_else(PoisonError::into_inner);
                    if let Ok(events) = machine.commit(changes) {
                        let answer = reply.answer(&machine, &events);
                        settle(&mut machine, events, request.now);
                        self.shared.newest.send_replace(machine.state().revision());
                        return response(answer);
                    }
                }
            }
            request.now = self.shared.clock.now();
            request.entropy = entropy();
        }
        let message = "the object is written by others faster than this request could follow";
        response(Answer::from(&Refusal::internal(message)))
    }
}

/// Lets the cluster do what it does by itself, until nothing more happens.
fn settle(machine: &mut Machine, events: Vec<Arc<Event>>, now: jiff::Timestamp) {
    let mut events = std::collections::VecDeque::from(events);
    while let Some(event) = events.pop_front() {
        for changes in control::react(machine, &event, now) {
            // What an earlier reaction to the same event has overtaken, its own event asks for again.
            if let Ok(caused) = machine.commit(changes) {
                events.extend(caused);
            }
        }
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").finish_non_exhaustive()
    }
}

fn method(method: &http::Method) -> Option<Method> {
    Some(match *method {
        http::Method::GET | http::Method::HEAD => Method::Get,
        http::Method::POST => Method::Post,
        http::Method::PUT => Method::Put,
        http::Method::PATCH => Method::Patch,
        http::Method::DELETE => Method::Delete,
        _ => return None,
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn entropy() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has random bits");
    u128::from_ne_bytes(bytes)
}

fn response(answer: Answer) -> Response<Body> {
    let Answer { code, content_type, body, warnings } = answer;
    let mut response = Response::new(Body::whole(Bytes::from(body)));
    *response.status_mut() = http::StatusCode::from_u16(code).expect("refusals have codes of HTTP");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    warn(headers, &warnings);
    response
}

/// Adds what a client should know.
pub(crate) fn warn(headers: &mut HeaderMap, warnings: &[String]) {
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            headers.append(header::WARNING, value);
        }
    }
}

/// The answer to a body that ended early or never ends.
pub(crate) fn unreadable(error: Box<dyn std::error::Error + Send + Sync>) -> Response<Body> {
    let refusal = if error.is::<http_body_util::LengthLimitError>() {
        Refusal::too_large("Request entity too large: limit is 3145728")
    } else {
        Refusal::bad_request(format!("cannot read the body of the request: {error}"))
    };
    response(Answer::from(&refusal))
}
