//! A server that answers as a Kubernetes API server does to who only reads: what it serves, its version, lists in pages.
//!
//! It plays a value, on plain HTTP, through the scripts of [`crate::faulty_registry`], so that any answer can be replaced by
//! one that no sound server gives. Must not grow into a server of objects: what it does not know is 404.

use std::io;

use serde_json::{Value, json};

use crate::faulty_registry::{Answer, FaultyRegistry, Rule, Seen};

/// How many objects a page has, whatever is asked for.
pub const PAGE: usize = 2;

/// What the user of [`ApiServer::kubeconfig`] logs in with.
pub const TOKEN: &str = "token-only-for-tests-4711";

/// A kind that is served, and its objects.
#[derive(Debug, Clone)]
pub struct Served {
    /// `apps`; empty for the core group.
    pub group: &'static str,
    /// `v1`.
    pub version: &'static str,
    /// `Deployment`.
    pub kind: &'static str,
    /// `deployments`.
    pub plural: &'static str,
    /// Its objects.
    pub objects: Vec<Value>,
}

impl Served {
    /// A kind with its objects.
    #[must_use]
    pub fn new(api_version: &'static str, kind: &'static str, plural: &'static str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group, version, kind, plural, objects: Vec::new() }
    }

    /// The same with objects, each of them JSON.
    #[must_use]
    pub fn with(mut self, objects: impl IntoIterator<Item = Value>) -> Self {
        self.objects.extend(objects);
        self
    }

    /// The address of its list.
    #[must_use]
    pub fn address(&self) -> String {
        match self.group {
            "" => format!("/api/{}/{}", self.version, self.plural),
            group => format!("/apis/{group}/{}/{}", self.version, self.plural),
        }
    }

    fn described(&self) -> Value {
        json!({
            "resource": self.plural, "scope": "Namespaced", "verbs": ["get", "list", "watch"],
            "responseKind": {"group": self.group, "version": self.version, "kind": self.kind},
        })
    }

    /// A rule for each page: the later ones first, as the first rule that fits a request answers.
    fn pages(&self) -> Vec<Rule> {
        // Of Secrets those are handed out that are asked for.
        let selected = match self.kind {
            "Secret" => {
                "&fieldSelector=type%3Dhelm.sh%2Frelease.v1&labelSelector=status%3Ddeployed"
            }
            _ => "",
        };
        let is_release = |object: &&Value| object["type"] == "helm.sh/release.v1";
        let objects: Vec<&Value> = match self.kind {
            "Secret" => self.objects.iter().filter(is_release).collect(),
            _ => self.objects.iter().collect(),
        };
        let first = format!("GET {}?limit=500{selected}", self.address());
        let mut rules = Vec::new();
        for (number, page) in objects.chunks(PAGE).enumerate() {
            let is_last = (number + 1) * PAGE >= objects.len();
            let next = if is_last { String::new() } else { format!("page-{}", number + 1) };
            let asked = match number {
                0 => first.clone(),
                number => format!("{first}&continue=page-{number}"),
            };
            rules.push(Rule::new(&asked, [Answer::ok(self.list(page, &next))]));
        }
        if rules.is_empty() {
            rules.push(Rule::new(&first, [Answer::ok(self.list(&[], ""))]));
        }
        rules.reverse();
        rules
    }

    /// Servers leave `apiVersion` and `kind` out of the items of built-in kinds.
    fn list(&self, objects: &[&Value], next: &str) -> String {
        let items = objects.iter().map(|object| {
            let mut item = (*object).clone();
            if let Some(fields) = item.as_object_mut() {
                fields.remove("apiVersion");
                fields.remove("kind");
            }
            item
        });
        json!({
            "kind": format!("{}List", self.kind),
            "metadata": {"resourceVersion": "1", "continue": next},
            "items": items.collect::<Vec<_>>(),
        })
        .to_string()
    }
}

/// A running server; it ends when dropped.
pub struct ApiServer(FaultyRegistry);

impl ApiServer {
    /// Starts a server of a minor version. Of `instead`, the first rule that fits a request answers before all else.
    ///
    /// # Errors
    /// When no port of loopback can be had.
    pub fn start(minor: &str, served: &[Served], instead: Vec<Rule>) -> io::Result<Self> {
        let mut rules = instead;
        let version = json!({"major": "1", "minor": minor, "gitVersion": format!("v1.{minor}.0")});
        rules.push(Rule::new("GET /version", [Answer::ok(version.to_string())]));
        rules.extend(served.iter().flat_map(Served::pages));
        for (address, is_core) in [("GET /apis", false), ("GET /api", true)] {
            let mut groups: Vec<Value> = Vec::new();
            for one in served.iter().filter(|one| one.group.is_empty() == is_core) {
                let known = groups.iter_mut().find(|group| group["metadata"]["name"] == one.group);
                let versions = known.and_then(|group| group["versions"].as_array_mut());
                let version = json!({
                    "version": one.version, "freshness": "Current", "resources": [one.described()],
                });
                match versions {
                    Some(versions) => versions.push(version),
                    None => {
                        groups.push(json!({"metadata": {"name": one.group}, "versions": [version]}))
                    }
                }
            }
            let answer = json!({
                "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": groups,
            });
            // The list of an unknown kind begins in the same way.
            rules.push(Rule::new(&format!("{address}/"), [refusal(404, "not found")]));
            rules.push(Rule::new(address, [Answer::ok(answer.to_string())]));
        }
        Ok(Self(FaultyRegistry::start(rules)?))
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        self.0.host()
    }

    /// The requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.0.seen()
    }

    /// A kubeconfig with one context, whose user logs in with [`TOKEN`].
    #[must_use]
    pub fn kubeconfig(&self, context: &str) -> String {
        json!({
            "apiVersion": "v1", "kind": "Config",
            "clusters": [{"name": context, "cluster": {"server": format!("http://{}", self.host())}}],
            "users": [{"name": context, "user": {"token": TOKEN}}],
            "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        })
        .to_string()
    }
}

/// How a server says no (`kubernetes/apimachinery:pkg/apis/meta/v1/types.go`, `Status`).
#[must_use]
pub fn refusal(status: u16, message: &str) -> Answer {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": status});
    Answer::status(status, body.to_string())
}
