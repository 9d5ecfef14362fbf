//! The stream of a watch, read line by line (`kubernetes/apimachinery:pkg/apis/meta/v1/watch.go`).
//!
//! Must not judge what is told; what a server tells of its own faults is an error here. Next: `watch`, `jobs`.

use http_body_util::BodyExt as _;
use kube::client::Body;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::fault::ClusterError;
use super::session::Session;

/// The longest word of a watch, in bytes: no object is stored that is larger.
const MAX_WORD: usize = 16 << 20;

/// The line of a stream.
#[derive(Deserialize)]
pub(super) struct Event {
    /// `ADDED`, `MODIFIED`, `DELETED` or `BOOKMARK`.
    #[serde(rename = "type")]
    pub(super) what: String,
    pub(super) object: Map<String, Value>,
}

/// A watch that goes on.
pub(super) struct Events<'a> {
    session: &'a Session,
    doing: &'a str,
    body: Body,
    /// What has come and is not told yet.
    held: Vec<u8>,
    /// So much of that holds no end of a line.
    sought: usize,
}

impl<'a> Events<'a> {
    /// Begins a watch. `doing` stands between "cannot" and the cluster.
    pub(super) async fn open(
        session: &'a Session,
        path: &str,
        doing: &'a str,
    ) -> Result<Self, ClusterError> {
        let body = session.open(path, doing).await?;
        Ok(Self { session, doing, body, held: Vec::new(), sought: 0 })
    }

    /// What is told next; `None`: the watch is over, as watches are. That the server has forgotten where it was is
    /// [`ClusterError::is_gone`].
    pub(super) async fn next(&mut self) -> Result<Option<Event>, ClusterError> {
        loop {
            while let Some(end) = self.held[self.sought..].iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.held.drain(..=self.sought + end).collect();
                self.sought = 0;
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                let garbage = |_| self.session.faults.garbage(self.doing);
                let event: Event = serde_json::from_slice(&line).map_err(garbage)?;
                return if event.what == "ERROR" {
                    Err(self.error(&event))
                } else {
                    Ok(Some(event))
                };
            }
            self.sought = self.held.len();
            if self.held.len() > MAX_WORD {
                return Err(self.session.faults.garbage(self.doing));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(_)) => return Err(self.session.faults.broken(self.doing)),
                // What is no data are trailers.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.held.extend_from_slice(&data);
                    }
                }
            }
        }
    }

    fn error(&self, event: &Event) -> ClusterError {
        let code = event.object.get("code").and_then(Value::as_u64);
        let code = code.and_then(|code| u16::try_from(code).ok()).unwrap_or(500);
        let said = serde_json::to_vec(&event.object).unwrap_or_default();
        self.session.faults.status(self.doing, code, &said)
    }
}
