//! Filling a sandbox with the clone of a live cluster: each object by a request of its own, as a client would send it.
//!
//! What is told of each is what the sandbox answered. Which objects, and in which order, is
//! `towpath_apimachinery::clone`; nothing here asks the live cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{Method, Request};
use http_body_util::BodyExt as _;
use serde_json::Value;
use towpath_apimachinery::clone::{Plan, Step, reown};
use towpath_apimachinery::object::{name, namespace, text};
use towpath_apimachinery::resource::{Resource, qualified};
use towpath_apimachinery::strategy;
use towpath_catalog::{GroupVersionKind, Phase, is_built_in_group, lifecycle};

use crate::access::administrator;
use crate::cluster::Cluster;

/// Who fills, as managed fields name it.
const AGENT: &str = "towpath-clone";

/// Which object is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// `apps/v1`, as the live cluster has it.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Empty where there is none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What became of a clone.
#[derive(Debug, Clone, Default)]
pub struct Filled {
    /// How many objects of each kind are there, by `Deployment.apps`.
    pub copied: BTreeMap<String, usize>,
    /// What is there in another version, since its own is not served: the version that it has now.
    pub moved: Vec<(Named, String)>,
    /// What the sandbox does not serve, and why.
    pub not_served: Vec<(Named, String)>,
    /// What the sandbox refuses, in its words.
    pub refused: Vec<(Named, String)>,
    /// What the sandbox warns of.
    pub warned: Vec<(Named, String)>,
}

/// What a sandbox answered.
struct Reply {
    code: u16,
    body: Value,
    warnings: Vec<String>,
}

impl Reply {
    fn is_good(&self) -> bool {
        (200..300).contains(&self.code)
    }

    fn message(&self) -> String {
        match self.body["message"].as_str() {
            Some(message) => message.to_owned(),
            None => format!("it answered {} without a reason", self.code),
        }
    }
}

/// Writes a clone into a sandbox.
pub async fn fill(cluster: &Cluster, plan: Plan) -> Filled {
    let mut filled = Filled::default();
    let mut uids = BTreeMap::new();
    for step in plan.steps {
        copy(cluster, step, &mut uids, &mut filled).await;
    }
    filled
}

async fn copy(
    cluster: &Cluster,
    step: Step,
    uids: &mut BTreeMap<String, String>,
    filled: &mut Filled,
) {
    let Step { mut object, status, uid } = step;
    let named = Named {
        api_version: text(&object, &["apiVersion"]).unwrap_or_default().to_owned(),
        kind: text(&object, &["kind"]).unwrap_or_default().to_owned(),
        namespace: namespace(&object).to_owned(),
        name: name(&object).to_owned(),
    };
    let gvk = GroupVersionKind::of(&named.api_version, &named.kind);
    let Some(resource) = served(cluster, &gvk) else {
        filled.not_served.push((named.clone(), why(cluster, &gvk)));
        return;
    };
    let api_version = resource.gvk().api_version();
    if api_version != named.api_version {
        // Kinds of two groups that only share a name have no common shape, and the sandbox says what it thinks of it.
        if !strategy::convert(&mut object, &gvk, &resource.gvk()) {
            object["apiVersion"] = api_version.as_str().into();
        }
        filled.moved.push((named.clone(), api_version));
    }
    reown(&mut object, uids);
    let place = place(&resource, &named.namespace);
    let own = format!("{place}/{}", named.name);
    let mut reply = ask(cluster, Method::POST, &place, &object).await;
    if reply.code == 409 && reply.body["reason"] == "AlreadyExists" {
        // The sandbox has made one of its own, and gets the live one's fields.
        let there = ask(cluster, Method::GET, &own, &Value::Null).await.body;
        object["metadata"]["resourceVersion"] = there["metadata"]["resourceVersion"].clone();
        reply = ask(cluster, Method::PUT, &own, &object).await;
    }
    let warnings = reply.warnings.iter().map(|warning| (named.clone(), warning.clone()));
    filled.warned.extend(warnings);
    if !reply.is_good() {
        filled.refused.push((named, reply.message()));
        return;
    }
    if let Some(new) = text(&reply.body, &["metadata", "uid"]) {
        uids.insert(uid, new.to_owned());
    }
    *filled.copied.entry(qualified(gvk.kind, gvk.group)).or_default() += 1;
    let Some(status) = status.filter(|_| resource.subresource("status").is_some()) else { return };
    let mut whole = reply.body;
    whole["status"] = status;
    let reply = ask(cluster, Method::PUT, &format!("{own}/status"), &whole).await;
    if !reply.is_good() {
        filled.refused.push((named, format!("its status: {}", reply.message())));
    }
}

/// The kind in the sandbox: in its own version, in that which replaced it, or in another of its group.
fn served(cluster: &Cluster, gvk: &GroupVersionKind<'_>) -> Option<Arc<Resource>> {
    cluster.machine(|machine| {
        let of =
            |gvk: &GroupVersionKind<'_>| machine.kind(gvk.group, gvk.version, gvk.kind).cloned();
        let replaced = || {
            let replacement =
                lifecycle(gvk)?.replacement_in(machine.surface().catalog().minor())?;
            of(&replacement.kind).filter(|it| *it.kind == *gvk.kind)
        };
        let other = || {
            let versions = machine.group(gvk.group)?.versions.iter();
            versions.flat_map(|it| it.resources.values()).find(|it| *it.kind == *gvk.kind).cloned()
        };
        of(gvk).or_else(replaced).or_else(other)
    })
}

fn why(cluster: &Cluster, gvk: &GroupVersionKind<'_>) -> String {
    let minor = cluster.machine(|machine| machine.surface().catalog().minor());
    let life = lifecycle(gvk).map(|life| (life.phase(minor), life.gone));
    match life {
        Some((Phase::Removed, Some(removed))) => {
            format!("Kubernetes {removed} no longer serves it")
        }
        Some((Phase::Unborn, _)) => format!("Kubernetes {minor} does not serve it yet"),
        _ if is_built_in_group(gvk.group) => format!("Kubernetes {minor} does not serve it"),
        _ => "no CustomResourceDefinition that was copied defines it".to_owned(),
    }
}

fn place(resource: &Resource, namespace: &str) -> String {
    let gvk = resource.gvk();
    let root = match gvk.group {
        "" => format!("/api/{}", gvk.version),
        group => format!("/apis/{group}/{}", gvk.version),
    };
    match resource.is_namespaced() {
        true => format!("{root}/namespaces/{namespace}/{}", resource.plural),
        false => format!("{root}/{}", resource.plural),
    }
}

async fn ask(cluster: &Cluster, method: Method, path: &str, body: &Value) -> Reply {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = Request::builder()
        .method(method)
        .uri(format!("{path}?fieldValidation=Warn"))
        .header(http::header::CONTENT_TYPE, "application/json")
        .header(http::header::USER_AGENT, AGENT)
        .body(());
    let (parts, ()) = match request {
        Ok(request) => request.into_parts(),
        Err(error) => {
            let body = serde_json::json!({"message": format!("it cannot be addressed: {error}")});
            return Reply { code: 400, body, warnings: Vec::new() };
        }
    };
    let response = cluster.answer(&parts, &body, Some(&administrator())).await;
    let warnings = response.headers().get_all(http::header::WARNING).iter();
    let warnings = warnings.filter_map(|it| warning(it.to_str().ok()?)).collect();
    let code = response.status().as_u16();
    let bytes = match response.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    };
    Reply { code, body: serde_json::from_slice(&bytes).unwrap_or_default(), warnings }
}

/// The text of `299 - "text"`.
fn warning(header: &str) -> Option<String> {
    let text = header.strip_prefix("299 - \"")?.strip_suffix('"')?;
    Some(text.replace("\\\"", "\"").replace("\\\\", "\\"))
}
