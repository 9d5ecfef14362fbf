//! What a request comes to: an answer, something to write and then answer, or something to watch.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::admission::Ask;
use crate::machine::Machine;
use crate::refusal::Refusal;
use crate::render;
use crate::request::{Encoding, Form};
use crate::resource::Resource;
use crate::store::{Change, Event, Page, Stored};
use crate::watch::Watch;

/// What a request comes to.
#[derive(Debug)]
pub enum Decision {
    /// Nothing changes.
    Answer(Answer),
    /// Commit the changes, then answer. If they are stale, decide again.
    Write {
        /// All or none.
        changes: Vec<Change>,
        /// What to answer then.
        reply: Reply,
    },
    /// Nothing changes, and what is told is long: it is written when nobody waits for the machine any more.
    List(Listing),
    /// Go on telling what happens.
    Watch(Watch),
    /// Ask webhooks, and decide again with what they said: [`Machine::decide_with`].
    Ask(Vec<Ask>),
}

/// A list that was found and is still to be written.
#[derive(Debug)]
pub struct Listing {
    /// What is listed.
    pub resource: Arc<Resource>,
    /// In which form it is wanted.
    pub form: Form,
    /// When the request came.
    pub now: Timestamp,
    /// The objects.
    pub page: Page,
    /// Whether it is told how many objects come behind.
    pub tells_remaining: bool,
    /// Texts for headers `Warning`.
    pub warnings: Vec<String>,
}

impl Listing {
    /// The list as it is told.
    #[must_use]
    pub fn answer(self) -> Answer {
        let Self { resource, form, now, page, tells_remaining, warnings } = self;
        let render = render::Render { resource: &resource, form, now };
        let remaining = (tells_remaining && page.next.is_some()).then_some(page.remaining);
        let answer = render.list(&page.objects, page.revision, page.next.as_ref(), remaining);
        answer.warning(warnings)
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The code of HTTP.
    pub code: u16,
    /// The header `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// Texts for headers `Warning`.
    pub warnings: Vec<String>,
}

/// An answer that waits for a commit.
#[derive(Debug)]
pub struct Reply {
    /// The code of HTTP.
    pub code: u16,
    /// What is written.
    pub resource: Arc<Resource>,
    /// In which form it is wanted.
    pub form: Form,
    /// When the request came.
    pub now: Timestamp,
    /// Texts for headers `Warning`.
    pub warnings: Vec<String>,
    /// What is told.
    pub what: Told,
}

/// What is told of a write.
#[derive(Debug)]
pub enum Told {
    /// The object of the first change.
    Object,
    /// A value that was known before.
    Value(Value),
    /// The scale of the object of the first change.
    Scale,
    /// The objects that were removed, as a list.
    Removed(Vec<Arc<Stored>>),
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const YAML: &str = "application/yaml";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

impl Answer {
    /// A value in a form.
    #[must_use]
    pub fn value(code: u16, value: &Value, encoding: Encoding) -> Self {
        let (content_type, body) = match encoding {
            Encoding::Json => (JSON, value.to_string().into_bytes()),
            Encoding::Yaml => (YAML, towpath_yaml::write(value).into_bytes()),
        };
        Self { code, content_type, body, warnings: Vec::new() }
    }

    /// JSON that is written already.
    #[must_use]
    pub fn json(code: u16, body: Vec<u8>) -> Self {
        Self { code, content_type: JSON, body, warnings: Vec::new() }
    }

    /// A text.
    #[must_use]
    pub fn text(code: u16, text: &str) -> Self {
        Self { code, content_type: TEXT, body: text.into(), warnings: Vec::new() }
    }

    pub(crate) fn warning(mut self, warnings: Vec<String>) -> Self {
        self.warnings = warnings;
        self
    }
}

impl From<&Refusal> for Answer {
    fn from(refusal: &Refusal) -> Self {
        Self::value(refusal.code, &refusal.status(), Encoding::Json)
    }
}

impl Reply {
    /// The answer after the commit that made these events.
    #[must_use]
    pub fn answer(self, machine: &Machine, events: &[Arc<Event>]) -> Answer {
        let Self { code, resource, form, now, warnings, what } = self;
        let render = render::Render { resource: &resource, form, now };
        let answer = match (&what, events.first()) {
            (Told::Object, Some(event)) => render.stored(code, &event.object),
            (Told::Scale, Some(event)) => {
                let scale = crate::scale::of(&resource, &render.object(&event.object));
                render.value(code, scale)
            }
            (Told::Value(value), _) => Answer::value(code, value, form.encoding),
            (Told::Removed(objects), _) => {
                render.list(objects, machine.state().revision(), None, None)
            }
            (Told::Object | Told::Scale, None) => {
                unreachable!("a write that tells its object writes one")
            }
        };
        answer.warning(warnings)
    }
}
