//! The description of the API that clients explain, validate and complete by: OpenAPI v3 for each version of a group,
//! and OpenAPI v2 for all of them.
//!
//! The catalog has no descriptions, so there are none here. Documents are made when they are asked for; clients keep
//! them by the hash in the index, which changes with what is served.
//!
//! Source of the contract: `kubernetes/kube-openapi:pkg/handler3`, `pkg/builder3`.

mod binary;
mod paths;
mod schemas;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::decision::Answer;
use crate::machine::Machine;
use crate::resource::Resource;
use crate::surface::{Group, Version};

/// Which version of OpenAPI a document is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edition {
    Two,
    Three,
}

impl Edition {
    /// Where documents keep what others refer to.
    fn reference(self, name: &str) -> Value {
        let at = match self {
            Edition::Two => "#/definitions/",
            Edition::Three => "#/components/schemas/",
        };
        format!("{at}{name}").into()
    }
}

/// The path of a version of a group below `/openapi/v3/`.
fn path(group: &str, version: &str) -> String {
    match group {
        "" => format!("api/{version}"),
        group => format!("apis/{group}/{version}"),
    }
}

/// Which documents there are.
#[must_use]
pub fn index(machine: &Machine) -> Value {
    let mut paths = Map::new();
    for (group, version) in versions(machine) {
        let path = path(&group.name, &version.name);
        let url = format!("/openapi/v3/{path}?hash={}", hash(machine, version));
        paths.insert(path, json!({"serverRelativeURL": url}));
    }
    json!({"paths": paths})
}

fn versions(machine: &Machine) -> impl Iterator<Item = (&Group, &Version)> {
    machine.groups().flat_map(|group| group.versions.iter().map(move |version| (group, version)))
}

/// Changes whenever what the version serves does.
fn hash(machine: &Machine, version: &Version) -> String {
    let mut hash = Sha256::new();
    hash.update([machine.surface().catalog().minor().number()]);
    for resource in version.resources.values() {
        hash.update(resource.api_version.as_bytes());
        hash.update(resource.kind.as_bytes());
        if let Some(custom) = &resource.custom {
            hash.update(Value::Object(custom.open_api.clone()).to_string());
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The document of a version of a group, by its path.
#[must_use]
pub fn version_3(machine: &Machine, wanted: &str) -> Option<Value> {
    let (_, version) =
        versions(machine).find(|(group, version)| path(&group.name, &version.name) == wanted)?;
    let mut all = BTreeMap::new();
    let mut paths = Map::new();
    for resource in version.resources.values() {
        schemas::collect(machine, resource, Edition::Three, &mut all);
        paths::collect(machine, resource, Edition::Three, &mut paths);
    }
    Some(json!({
        "openapi": "3.0.0",
        "info": info(machine),
        "paths": paths,
        "components": {"schemas": all},
    }))
}

/// The document of everything.
#[must_use]
pub fn version_2(machine: &Machine) -> Value {
    let mut all = BTreeMap::new();
    let mut paths = Map::new();
    for (_, version) in versions(machine) {
        for resource in version.resources.values() {
            schemas::collect(machine, resource, Edition::Two, &mut all);
            paths::collect(machine, resource, Edition::Two, &mut paths);
        }
    }
    json!({"swagger": "2.0", "info": info(machine), "paths": paths, "definitions": all})
}

/// The same in the binary form that older clients ask for; they know no other.
#[must_use]
pub fn version_2_binary(machine: &Machine) -> Answer {
    Answer {
        code: 200,
        content_type: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
        body: binary::document(&version_2(machine)),
        warnings: Vec::new(),
    }
}

/// Whether a client asks for the binary form: the name of the form has had a `@` in it.
#[must_use]
pub fn wants_binary(accept: &str) -> bool {
    let first = accept.split(',').next().unwrap_or_default();
    first.trim().starts_with("application/com.github.proto-openapi.spec.v2")
}

fn info(machine: &Machine) -> Value {
    let minor = machine.surface().catalog().minor().number();
    json!({"title": "Kubernetes", "version": format!("v1.{minor}.0")})
}

/// The name of the schema of a resource.
fn schema_name(machine: &Machine, resource: &Resource) -> String {
    match &resource.custom {
        Some(_) => {
            let group: Vec<&str> = resource.group.rsplit('.').collect();
            format!("{}.{}.{}", group.join("."), resource.version, resource.kind)
        }
        None => {
            let catalog = machine.surface().catalog();
            catalog.definition_of(&resource.gvk()).unwrap_or(&resource.kind).to_owned()
        }
    }
}

/// Group, version and kind, as extensions have them.
fn gvk(group: &str, version: &str, kind: &str) -> Value {
    json!({"group": group, "kind": kind, "version": version})
}
