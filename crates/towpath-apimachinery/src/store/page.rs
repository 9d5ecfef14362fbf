//! Pages of a long list, all as of one revision.
//!
//! A token says at which revision the list began and where the next page begins. What was written since is undone by
//! the history; once that has forgotten, the list is refused as expired, and the client begins again.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/storage/continue.go`.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{State, Stored, Table, TooOld};

type Place = (Box<str>, Box<str>);

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The revision as of which the list is.
    pub revision: u64,
    /// The last object that was told.
    pub after: Place,
    /// How many objects come behind it, whether or not they match.
    pub behind: usize,
}

/// A token that this server did not make.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("continue key is not valid: {0}")]
pub struct BadToken(&'static str);

/// A part of a list.
#[derive(Debug)]
pub struct Page {
    /// The revision as of which it is.
    pub revision: u64,
    /// Its objects.
    pub objects: Vec<Arc<Stored>>,
    /// Where it goes on, if it does.
    pub next: Option<Token>,
    /// How many objects come behind, whether or not they match.
    pub remaining: usize,
}

/// The objects of a table in one namespace or in all, behind a place.
pub(super) fn range<'a>(
    table: &'a Table,
    namespace: Option<&'a str>,
    after: Option<&Place>,
) -> impl Iterator<Item = (&'a Place, &'a Arc<Stored>)> + use<'a> {
    let start = match (after, namespace) {
        (Some(after), _) => Bound::Excluded(after.clone()),
        (None, Some(namespace)) => Bound::Included((namespace.into(), "".into())),
        (None, None) => Bound::Unbounded,
    };
    table
        .range((start, Bound::Unbounded))
        .take_while(move |((space, _), _)| namespace.is_none_or(|wanted| **space == *wanted))
}

impl State {
    /// A page of at most `limit` objects that match, as of the token's revision or of now.
    ///
    /// # Errors
    ///
    /// [`TooOld`], if the history has forgotten what was written since the token's revision.
    pub fn page(
        &self,
        resource: &str,
        namespace: Option<&str>,
        token: Option<&Token>,
        limit: usize,
        matches: impl Fn(&Stored) -> bool,
    ) -> Result<Page, TooOld> {
        let revision = token.map_or(self.revision, |token| token.revision);
        let after = token.map(|token| &token.after).filter(|after| !after.1.is_empty());
        let empty = Table::new();
        let table = self.tables.get(resource).unwrap_or(&empty);
        let undone = self.undone(resource, namespace, revision)?;
        let mut all = overlay(table, namespace, after, &undone).peekable();
        let mut objects: Vec<Arc<Stored>> = Vec::new();
        let mut passed = 0;
        while let Some((_, object)) = all.next_if(|_| objects.len() < limit) {
            passed += 1;
            if matches(object) {
                objects.push(object.clone());
            }
        }
        // Objects behind the last one that do not match need no page of their own.
        if !all.any(|(_, object)| matches(object)) {
            return Ok(Page { revision, objects, next: None, remaining: 0 });
        }
        // A list is counted once: its pages take off what they tell.
        let behind = match (token, after) {
            (Some(token), Some(_)) => token.behind,
            _ => self.count(resource, namespace, table, &undone),
        };
        let remaining = behind.saturating_sub(passed).max(1);
        let next = objects.last().map(|last| Token {
            revision,
            after: (last.head.namespace.clone(), last.head.name.clone()),
            behind: remaining,
        });
        Ok(Page { revision, objects, next, remaining })
    }

    /// How many objects there were, before what is undone.
    fn count(
        &self,
        resource: &str,
        namespace: Option<&str>,
        table: &Table,
        undone: &BTreeMap<Place, Option<Arc<Stored>>>,
    ) -> usize {
        let now = match namespace {
            Some(namespace) => self.spaces.get(resource).and_then(|of| of.get(namespace).copied()),
            None => Some(table.len()),
        };
        let came =
            undone.iter().filter(|(place, then)| then.is_none() && table.contains_key(place));
        let went =
            undone.iter().filter(|(place, then)| then.is_some() && !table.contains_key(place));
        (now.unwrap_or_default() + went.count()).saturating_sub(came.count())
    }

    /// Objects that were written after a revision, as they were then.
    fn undone(
        &self,
        resource: &str,
        namespace: Option<&str>,
        revision: u64,
    ) -> Result<BTreeMap<Place, Option<Arc<Stored>>>, TooOld> {
        let mut undone = BTreeMap::new();
        for event in self.history.since(revision)?.rev() {
            let key = &event.key;
            if *key.resource == *resource
                && namespace.is_none_or(|wanted| *key.namespace == *wanted)
            {
                undone.insert((key.namespace.clone(), key.name.clone()), event.previous.clone());
            }
        }
        Ok(undone)
    }
}

/// The table with what is undone in its place, in order.
fn overlay<'a>(
    table: &'a Table,
    namespace: Option<&'a str>,
    after: Option<&Place>,
    undone: &'a BTreeMap<Place, Option<Arc<Stored>>>,
) -> impl Iterator<Item = (&'a Place, &'a Arc<Stored>)> + use<'a> {
    let mut now = range(table, namespace, after).peekable();
    let start = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.clone()));
    let mut then = undone.range((start, Bound::Unbounded)).peekable();
    std::iter::from_fn(move || {
        loop {
            let is_undone = match (now.peek(), then.peek()) {
                (None, None) => return None,
                (Some(_), None) => false,
                (None, Some(_)) => true,
                (Some((now_at, _)), Some((then_at, _))) => then_at <= now_at,
            };
            if !is_undone {
                return now.next();
            }
            let (place, object) = then.next()?;
            now.next_if(|(now_at, _)| *now_at == place);
            if let Some(object) = object {
                return Some((place, object));
            }
        }
    })
}

impl Token {
    /// As clients send it back.
    #[must_use]
    pub fn text(&self) -> String {
        let (namespace, name) = &self.after;
        let start = if namespace.is_empty() {
            format!("{name}\0")
        } else {
            format!("{namespace}/{name}\0")
        };
        let (revision, behind) = (self.revision, self.behind);
        let token =
            json!({"v": "meta.k8s.io/v1", "rv": revision, "start": start, "behind": behind});
        base64_url(token.to_string().as_bytes())
    }

    /// Reads what a client sends back.
    ///
    /// # Errors
    ///
    /// [`BadToken`], if it is no token.
    pub fn parse(text: &str) -> Result<Self, BadToken> {
        let bytes = from_base64_url(text).ok_or(BadToken("illegal base64 data"))?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| BadToken("not JSON"))?;
        if value.get("v").and_then(Value::as_str) != Some("meta.k8s.io/v1") {
            return Err(BadToken("server does not recognize this encoded version"));
        }
        let revision = value.get("rv").and_then(Value::as_u64).filter(|rv| *rv > 0);
        let revision = revision.ok_or(BadToken("incorrect encoded start resourceVersion"))?;
        let start = value.get("start").and_then(Value::as_str).unwrap_or_default();
        let start = start.strip_suffix('\0').unwrap_or(start);
        let (namespace, name) = start.split_once('/').unwrap_or(("", start));
        if name.is_empty() || name.contains('/') {
            return Err(BadToken("start key is not an object"));
        }
        let behind = value.get("behind").and_then(Value::as_u64).unwrap_or_default();
        let behind = usize::try_from(behind).unwrap_or(usize::MAX);
        Ok(Self { revision, after: (namespace.into(), name.into()), behind })
    }
}

fn base64_url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn from_base64_url(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}
