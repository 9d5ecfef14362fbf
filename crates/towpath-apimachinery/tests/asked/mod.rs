//! A cluster that is sent one request after the other: what the worlds of access and of admission are made of.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde_json::Value;
use towpath_apimachinery::access::{Authority, Credentials};
use towpath_apimachinery::admission::{Ask, Asked};
use towpath_apimachinery::bootstrap::Bootstrap;
use towpath_apimachinery::control;
use towpath_apimachinery::decision::{Answer, Decision};
use towpath_apimachinery::machine::Machine;
use towpath_apimachinery::request::{Method, Request};
use towpath_apimachinery::surface::Surface;
use towpath_catalog::Minor;

static FRESH: LazyLock<Bootstrap> = LazyLock::new(|| {
    let surface = Surface::load(Minor::new(36)).expect("the catalog has this minor");
    Bootstrap::new(Arc::new(surface), Timestamp::UNIX_EPOCH)
});

pub(crate) struct Cluster {
    pub(crate) machine: Machine,
    pub(crate) now: Timestamp,
    pub(crate) asked: u128,
}

impl Cluster {
    pub(crate) fn new(authority: Authority) -> Self {
        let now = Timestamp::from_second(1_000_000).expect("it is a time");
        Self { machine: FRESH.cluster(Arc::new(authority), now, 7), now, asked: 0 }
    }

    /// The answer to a request, and its body. `say` is what webhooks say.
    pub(crate) fn send(
        &mut self,
        credentials: Credentials<'_>,
        method: Method,
        path: &str,
        body: &Value,
        say: impl FnMut(&Ask) -> Asked,
    ) -> (Answer, Value) {
        self.asked += 1;
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request {
            method,
            path,
            query,
            content_type: match method {
                Method::Patch => "application/merge-patch+json",
                _ => "application/json",
            },
            accept: "application/json",
            agent: "test",
            credentials,
            body: body.as_bytes(),
            now: self.now,
            entropy: self.asked << 64 | self.asked,
        };
        let mut answer = self.decide(&request, say);
        let text = String::from_utf8(std::mem::take(&mut answer.body)).expect("answers are texts");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        (answer, body)
    }

    fn decide(&mut self, request: &Request<'_>, mut say: impl FnMut(&Ask) -> Asked) -> Answer {
        let mut said = Vec::new();
        loop {
            return match self.machine.decide_with(request, &said) {
                Ok(Decision::Ask(asks)) => {
                    said.extend(asks.iter().map(&mut say));
                    continue;
                }
                Err(refusal) => Answer::from(&refusal),
                Ok(Decision::Answer(answer)) => answer,
                Ok(Decision::List(list)) => list.answer(),
                Ok(Decision::Watch(_)) => Answer::text(200, "watching"),
                Ok(Decision::Write { changes, reply }) => {
                    let events = self.machine.commit(changes).expect("nobody else writes");
                    let answer = reply.answer(&self.machine, &events);
                    control::settle(&mut self.machine, events, self.now);
                    answer
                }
            };
        }
    }
}
