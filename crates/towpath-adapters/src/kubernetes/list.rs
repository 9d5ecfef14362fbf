//! Lists of objects, page by page (`kubernetes/apimachinery:pkg/apis/meta/v1/types.go`, `ListOptions`).
//!
//! What is not wanted of a page is dropped before the next one is asked for. A list that grew too old to go on (410) begins
//! anew. Must not judge objects. Next: `session`.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::task::JoinSet;

use super::discovery::Resource;
use super::fault::ClusterError;
use super::session::Session;

/// How often a list may begin.
const BEGINNINGS: u32 = 3;

/// What is wanted of a kind.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The kind.
    pub resource: Resource,
    /// Which objects the server is to choose by their fields, `type=helm.sh/release.v1`; empty: all.
    pub fields: String,
    /// Which objects the server is to choose by their labels, `owner=helm`; empty: all.
    pub labels: String,
    /// Which of those that came are kept.
    pub keep: fn(&Value) -> bool,
}

impl Listing {
    /// All objects of a kind.
    #[must_use]
    pub fn all(resource: Resource) -> Self {
        Self { resource, fields: String::new(), labels: String::new(), keep: |_| true }
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    items: Option<Vec<Map<String, Value>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageMetadata {
    #[serde(rename = "continue", default)]
    next: Option<String>,
    #[serde(default)]
    resource_version: String,
}

/// Lists several kinds, some at the same time.
pub(super) async fn all(
    session: &Session,
    wanted: &[Listing],
    at_once: usize,
) -> Vec<Result<Vec<Value>, ClusterError>> {
    let mut answers: Vec<_> = wanted.iter().map(|_| None).collect();
    let mut waiting = wanted.iter().cloned().enumerate();
    let mut running = JoinSet::new();
    loop {
        while running.len() < at_once
            && let Some((number, listing)) = waiting.next()
        {
            let session = session.clone();
            running.spawn(async move {
                let answer = one(&session, &listing, |object| object).await;
                (number, answer.map(|(found, _)| found))
            });
        }
        match running.join_next().await {
            Some(Ok((number, answer))) => answers[number] = Some(answer),
            Some(Err(error)) if error.is_panic() => {
                std::panic::resume_unwind(error.into_panic());
            }
            Some(Err(_)) => {}
            None => break,
        }
    }
    answers
        .into_iter()
        .map(|answer| answer.expect("every task ended, and none is cancelled"))
        .collect()
}

/// All objects of a listing, each as `shape` leaves it, and the version of the list: where a watch goes on.
pub(super) async fn one(
    session: &Session,
    listing: &Listing,
    shape: impl Fn(Value) -> Value,
) -> Result<(Vec<Value>, String), ClusterError> {
    let doing = format!("list {} on", listing.resource.name());
    let mut beginnings = 1;
    'anew: loop {
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let path = path(listing, session.settings.page, next.as_deref());
            let page: Page = match session.get(&path, &doing).await {
                Err(error) if error.is_gone() && next.is_some() && beginnings < BEGINNINGS => {
                    beginnings += 1;
                    continue 'anew;
                }
                answer => answer?,
            };
            let items = page.items.unwrap_or_default().into_iter();
            let items = items.map(|item| whole(item, &listing.resource)).filter(listing.keep);
            found.extend(items.map(&shape));
            let following = page.metadata.next.clone().filter(|token| !token.is_empty());
            if following.is_some() && following == next {
                return Err(session.faults.garbage(&doing));
            }
            match following {
                None => return Ok((found, page.metadata.resource_version)),
                following => next = following,
            }
        }
    }
}

/// The object with what the items of a list leave out.
pub(super) fn whole(item: Map<String, Value>, resource: &Resource) -> Value {
    if item.contains_key("apiVersion") && item.contains_key("kind") {
        return Value::Object(item);
    }
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), resource.api_version().into());
    object.insert("kind".to_owned(), resource.kind.clone().into());
    object.extend(item.into_iter().filter(|(key, _)| key != "apiVersion" && key != "kind"));
    Value::Object(object)
}

fn path(listing: &Listing, page: u32, next: Option<&str>) -> String {
    let mut path = format!("{}/{}?limit={page}", listing.resource.root(), listing.resource.plural);
    let options = [
        ("fieldSelector", listing.fields.as_str()),
        ("labelSelector", listing.labels.as_str()),
        ("continue", next.unwrap_or_default()),
    ];
    for (name, value) in options.into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(path, "&{name}={}", escaped(value));
    }
    path
}

/// A value as it may stand in a query.
pub(super) fn escaped(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_for_as_servers_read_it() {
        let secrets = Resource {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "Secret".to_owned(),
            plural: "secrets".to_owned(),
            namespaced: true,
            verbs: vec!["list".to_owned()],
        };
        let listing = Listing { fields: "type=a/b".to_owned(), ..Listing::all(secrets) };
        assert_eq!(
            path(&listing, 500, None),
            "/api/v1/secrets?limit=500&fieldSelector=type%3Da%2Fb"
        );
        let second = path(&listing, 2, Some("a+b="));
        assert_eq!(second, "/api/v1/secrets?limit=2&fieldSelector=type%3Da%2Fb&continue=a%2Bb%3D");
    }
}
