//! A running cluster: one machine behind a lock, and the way of a request through it.
//!
//! Deciding needs the lock for reading only, so that requests are decided side by side; the commit is short. A decision
//! that was overtaken is made again.

use std::path::Path;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use tokio::sync::watch;
use towpath_apimachinery::access::{Authority, Credentials, Impersonation, User};
use towpath_apimachinery::bootstrap::Bootstrap;
use towpath_apimachinery::control::{self, living::Script};
use towpath_apimachinery::decision::{Answer, Decision};
use towpath_apimachinery::machine::Machine;
use towpath_apimachinery::refusal::Refusal;
use towpath_apimachinery::request::{Method, Request};
use towpath_apimachinery::store::{Event, Happened, Key};
use towpath_apimachinery::surface::Surface;

use crate::body::Body;
use crate::clock::Clock;
use crate::identity::write_private;
use crate::journal::disk::Disk;
use crate::journal::{JournalError, Progress, Writer};
use crate::{stream, webhooks};

/// How often a request is decided anew because others were faster.
const ATTEMPTS: usize = 64;

/// How long a cluster that lives rests at least before it looks at its clock again.
const REST: Duration = Duration::from_millis(100);

/// How long it rests where nothing waits for a time.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// A cluster that runs in this process. Clones are the same cluster.
#[derive(Clone)]
pub struct Cluster {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    machine: RwLock<Machine>,
    clock: Clock,
    /// Where events are written down, if they are.
    writer: Option<Writer>,
    /// How far clients may be told.
    progress: Arc<Progress>,
    is_closed: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Machine) -> T) -> T {
        read(&self.machine.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(crate) fn closed(&self) -> watch::Receiver<bool> {
        self.is_closed.subscribe()
    }

    /// Takes note of what was committed. The machine is still locked, so that notes are in the order of commits.
    fn note(&self, machine: &Machine, events: Vec<Arc<Event>>) {
        match &self.writer {
            Some(writer) => writer.push(events),
            None => self.progress.reach(machine.state().revision()),
        }
    }
}

impl Cluster {
    /// A fresh cluster, in memory only, which signs tokens with a key of its own.
    #[must_use]
    pub fn new(surface: Arc<Surface>, clock: Clock) -> Self {
        Self::fresh(&Bootstrap::new(surface, clock.now()), clock)
    }

    /// A fresh cluster, in memory only. What all fresh clusters of a minor have is shared by those of one `bootstrap`.
    #[must_use]
    pub fn fresh(bootstrap: &Bootstrap, clock: Clock) -> Self {
        let authority = Authority::default().key(random());
        let machine = bootstrap.cluster(Arc::new(authority), clock.now(), entropy());
        let progress = Progress::at(machine.state().revision());
        Self::of(machine, clock, None, progress, Vec::new())
    }

    /// The cluster that a folder holds: it goes on where it was, and every answer waits until what it tells is on disk.
    ///
    /// # Errors
    ///
    /// [`JournalError`].
    pub fn open(surface: Arc<Surface>, clock: Clock, folder: &Path) -> Result<Self, JournalError> {
        let kubernetes = surface.catalog().minor().to_string();
        let (journal, past) = Disk::open(folder, &kubernetes)?;
        let key =
            signing_key(folder).map_err(|error| JournalError::Folder(folder.to_owned(), error))?;
        let authority = Arc::new(Authority::default().key(key));
        let (machine, told, news) = match past.revision {
            Some(revision) => {
                let unreadable = |error| JournalError::Unreadable(journal.file().to_owned(), error);
                let machine =
                    Machine::restore(surface, revision, past.objects).map_err(unreadable)?;
                let mut machine = machine.believing(authority);
                let news = control::resume(&mut machine, clock.now());
                (machine, revision, news)
            }
            None => {
                let bootstrap = Bootstrap::new(surface, clock.now());
                let machine = bootstrap.cluster(authority, clock.now(), entropy());
                let news = everything(&machine);
                let revision = machine.state().revision();
                (machine, revision, news)
            }
        };
        let progress = Progress::at(told);
        let writer = Writer::start(journal, Arc::clone(&progress))
            .map_err(|error| JournalError::Folder(folder.to_owned(), error))?;
        Ok(Self::of(machine, clock, Some(writer), progress, news))
    }

    fn of(
        machine: Machine,
        clock: Clock,
        writer: Option<Writer>,
        progress: Arc<Progress>,
        news: Vec<Arc<Event>>,
    ) -> Self {
        let shared = Shared {
            machine: RwLock::new(machine),
            clock,
            writer,
            progress,
            is_closed: watch::Sender::new(false),
        };
        shared.read(|machine| shared.note(machine, news));
        Self { shared: Arc::new(shared) }
    }

    /// From now on the cluster lives: workloads get the status that a healthy cluster gives them, or the one that a
    /// script asks for. Time passes in it when [`Cluster::tick`] is called, or [`Cluster::live`] runs.
    #[must_use]
    pub fn living(self, script: Arc<Script>) -> Self {
        let now = self.shared.clock.now();
        let mut machine = self.shared.machine.write().unwrap_or_else(PoisonError::into_inner);
        let events = control::awaken(&mut machine, script, now);
        self.shared.note(&machine, events);
        drop(machine);
        self
    }

    /// Lets the cluster do what time asks of it, by its clock. Gives when to call again; never, if nothing waits for a
    /// time.
    pub fn tick(&self) -> Option<jiff::Timestamp> {
        let now = self.shared.clock.now();
        // Most of the time there is nothing to do, and requests need not wait to learn that.
        let (todo, wake) = self.shared.read(|machine| control::due(machine, now));
        if todo.is_empty() {
            return wake;
        }
        let mut machine = self.shared.machine.write().unwrap_or_else(PoisonError::into_inner);
        let (events, wake) = control::tick(&mut machine, now);
        self.shared.note(&machine, events);
        wake
    }

    /// Lets time pass in the cluster, for as long as this is awaited. One whose clock is held waits for
    /// [`Cluster::tick`] instead, and one that does not live for nothing.
    pub async fn live(&self) {
        let is_alive = self.shared.read(|machine| machine.script().is_some());
        if !is_alive || matches!(self.shared.clock, Clock::Held(_)) {
            return std::future::pending().await;
        }
        loop {
            let wake = self.tick();
            let revision = self.shared.read(|machine| machine.state().revision());
            let wait = wake.map_or(LONG, |wake| {
                wake.duration_since(self.shared.clock.now()).try_into().unwrap_or_default()
            });
            // Whatever is written may have to be looked at again sooner.
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                told = self.shared.progress.wait(revision + 1) => {
                    if told.is_err() {
                        return;
                    }
                }
            }
            tokio::time::sleep(REST).await;
        }
    }

    /// Reads what the cluster serves and holds now.
    pub(crate) fn machine<T>(&self, read: impl FnOnce(&Machine) -> T) -> T {
        self.shared.read(read)
    }

    /// Ends all watches, now and from now on.
    pub(crate) fn end_watches(&self) {
        self.shared.is_closed.send_replace(true);
    }

    /// Ends the cluster: what was answered is on disk, if it is kept, and another process can open its folder. Whoever
    /// asks it later is told so, whichever clone is asked.
    pub fn close(&self) {
        self.end_watches();
        if let Some(writer) = &self.shared.writer {
            writer.close();
        }
        self.shared.progress.fail(JournalError::Closed);
    }

    /// Waits until the cluster cannot be kept any more, and says why. One in memory never comes to that.
    pub async fn broken(&self) -> Arc<JournalError> {
        self.shared.progress.fault().await
    }

    /// Answers a request whose body has been read, once what is told is there for good. `identity` is who the connection
    /// is known to be from, if it is; otherwise the headers have to say it.
    pub async fn answer(
        &self,
        parts: &http::request::Parts,
        body: &[u8],
        identity: Option<&User>,
    ) -> Response<Body> {
        let (response, revision) = self.decide(parts, body, identity).await;
        match self.shared.progress.wait(revision).await {
            Ok(()) => response,
            Err(error) => {
                let message = format!("the cluster cannot be kept any more: {error}");
                refused(&Refusal::internal(message))
            }
        }
    }

    /// The answer to a request, and the revision that it was given at.
    async fn decide(
        &self,
        parts: &http::request::Parts,
        body: &[u8],
        identity: Option<&User>,
    ) -> (Response<Body>, u64) {
        let Some(method) = method(&parts.method) else {
            return (refused(&Refusal::method_not_allowed()), 0);
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
        let mut asked = Vec::new();
        for _ in 0..ATTEMPTS {
            let (decision, revision) = self.shared.read(|machine| {
                (machine.decide_with(&request, &asked), machine.state().revision())
            });
            match decision {
                Ok(Decision::Ask(asks)) => {
                    asked.extend(webhooks::ask(asks).await);
                    // With the same time and random bits, so that what was asked is what is decided.
                    continue;
                }
                Err(refusal) => return (refused(&refusal), revision),
                Ok(Decision::Answer(answer)) => return (response(answer), revision),
                Ok(Decision::List(list)) => return (response(list.answer()), revision),
                Ok(Decision::Watch(watch)) => {
                    return (stream::response(&self.shared, watch), revision);
                }
                Ok(Decision::Write { changes, reply }) => {
                    let mut machine =
                        self.shared.machine.write().unwrap_or_else(PoisonError::into_inner);
                    if let Ok(events) = machine.commit(changes) {
                        let answer = reply.answer(&machine, &events);
                        let events = control::settle(&mut machine, events, request.now);
                        self.shared.note(&machine, events);
                        return (response(answer), machine.state().revision());
                    }
                }
            }
            request.now = self.shared.clock.now();
            request.entropy = entropy();
        }
        let message = "the object is written by others faster than this request could follow";
        (refused(&Refusal::internal(message)), 0)
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
    u128::from_ne_bytes(random())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has random bits");
    bytes
}

/// The key with which the cluster that a folder holds signs tokens; a new one if there is none yet.
fn signing_key(folder: &Path) -> std::io::Result<[u8; 32]> {
    let file = folder.join("signing.key");
    match std::fs::read(&file) {
        Ok(bytes) => bytes.try_into().map_err(|_| {
            let message = format!("{} is damaged: it must have 32 bytes", file.display());
            std::io::Error::new(std::io::ErrorKind::InvalidData, message)
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = random();
            write_private(&file, &key)?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

/// All that a cluster holds as if it had just happened, in order.
fn everything(machine: &Machine) -> Vec<Arc<Event>> {
    let tables = machine.state().tables();
    let objects = tables.flat_map(|(resource, table)| table.values().map(move |o| (resource, o)));
    let mut events: Vec<Arc<Event>> = objects
        .map(|(resource, object)| {
            Arc::new(Event {
                revision: object.revision,
                key: Key::new(resource, &object.head.namespace, &object.head.name),
                happened: Happened::Added,
                object: Arc::clone(object),
                previous: None,
                text: OnceLock::new(),
            })
        })
        .collect();
    events.sort_by_key(|event| event.revision);
    events
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
    refused(&refusal)
}

/// The answer that is a "no".
pub(crate) fn refused(refusal: &Refusal) -> Response<Body> {
    response(Answer::from(refusal))
}
