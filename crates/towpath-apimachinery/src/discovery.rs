//! What a cluster says that it serves: groups, versions, resources, and its own version.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/endpoints/discovery`, and `aggregated` below it.

use serde_json::{Map, Value, json};
use towpath_catalog::Verbs;

use crate::decision::Answer;
use crate::machine::Machine;
use crate::openapi;
use crate::refusal::Refusal;
use crate::request::{Address, Encoding, Form, Request, form};
use crate::resource::{Resource, Subresource, api_version};
use crate::serve::nothing;
use crate::surface::{Group, Version};

/// Answers what is asked for besides objects.
///
/// # Errors
///
/// Where there is no such group or version, or the form is not spoken.
pub fn answer(
    machine: &Machine,
    request: &Request<'_>,
    address: &Address<'_>,
) -> Result<Answer, Refusal> {
    if *address == Address::OpenApiV2 && openapi::wants_binary(request.accept) {
        return Ok(openapi::version_2_binary(machine));
    }
    let form = form(request.accept)?;
    let core = |group: &&Group| group.name.is_empty();
    let value = match address {
        Address::Version => version(machine),
        Address::Api if form.is_aggregated => {
            return Ok(aggregated(machine.groups().filter(core), form));
        }
        Address::Apis if form.is_aggregated => {
            return Ok(aggregated(machine.groups().filter(|group| !core(group)), form));
        }
        Address::Api => json!({
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": ""}],
        }),
        Address::Apis => json!({
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": machine.groups().filter(|group| !core(group)).map(group).collect::<Vec<_>>(),
        }),
        Address::Group(name) => match machine.group(name) {
            Some(found) => {
                let mut found = group(found);
                let whole = found.as_object_mut().expect("a group is an object");
                whole.insert("kind".into(), "APIGroup".into());
                whole.insert("apiVersion".into(), "v1".into());
                found
            }
            None => return Ok(nothing()),
        },
        Address::GroupVersion(group, version) => {
            let Some(found) = machine.group(group) else { return Ok(nothing()) };
            let found = found.version(version).ok_or_else(Refusal::no_such_resource)?;
            resources(group, found)
        }
        Address::OpenApiV3("") => openapi::index(machine),
        Address::OpenApiV3(path) => match openapi::version_3(machine, path) {
            Some(document) => document,
            None => return Ok(nothing()),
        },
        Address::OpenApiV2 => openapi::version_2(machine),
        _ => return Ok(nothing()),
    };
    Ok(Answer::value(200, &value, form.encoding))
}

/// What the server is. It says that it is no ordinary one, in the part that is for builders.
fn version(machine: &Machine) -> Value {
    let minor = machine.surface().catalog().minor();
    json!({
        "major": "1",
        "minor": minor.number().to_string(),
        "emulationMajor": "1",
        "emulationMinor": minor.number().to_string(),
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": minor.number().saturating_sub(1).to_string(),
        "gitVersion": format!("v1.{}.0+towpath", minor.number()),
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": "linux/amd64",
    })
}

fn group(group: &Group) -> Value {
    let version = |version: &Version| {
        json!({
            "groupVersion": api_version(&group.name, &version.name),
            "version": *version.name,
        })
    };
    json!({
        "name": *group.name,
        "versions": group.versions.iter().map(version).collect::<Vec<_>>(),
        "preferredVersion": group.versions.first().map(version),
    })
}

fn resources(group: &str, version: &Version) -> Value {
    let mut all: Vec<(String, Value)> = Vec::new();
    for resource in version.resources.values() {
        if resource.verbs.iter().next().is_some() {
            all.push((resource.plural.to_string(), whole(resource)));
        }
        for below in &resource.subresources {
            let name = format!("{}/{}", resource.plural, below.name);
            let value = part(resource, below, &name);
            all.push((name, value));
        }
    }
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut list = Map::new();
    list.insert("kind".into(), "APIResourceList".into());
    if !group.is_empty() {
        // The list of the core is older than this field.
        list.insert("apiVersion".into(), "v1".into());
    }
    list.insert("groupVersion".into(), api_version(group, &version.name).into());
    list.insert("resources".into(), all.into_iter().map(|(_, value)| value).collect());
    Value::Object(list)
}

/// Custom resources list their verbs in an order of their own.
fn verbs(verbs: Verbs, is_custom: bool) -> Vec<&'static str> {
    const CUSTOM: [&str; 8] =
        ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
    let mut names: Vec<&'static str> = verbs.iter().map(|verb| verb.name()).collect();
    if is_custom {
        names.sort_by_key(|name| CUSTOM.iter().position(|one| one == name));
    }
    names
}

fn whole(resource: &Resource) -> Value {
    let mut value = Map::new();
    value.insert("name".into(), (*resource.plural).into());
    value.insert("singularName".into(), (*resource.singular).into());
    value.insert("namespaced".into(), resource.is_namespaced().into());
    value.insert("kind".into(), (*resource.kind).into());
    value.insert("verbs".into(), verbs(resource.verbs, resource.custom.is_some()).into());
    texts(&mut value, "shortNames", &resource.short_names);
    texts(&mut value, "categories", &resource.categories);
    Value::Object(value)
}

fn part(resource: &Resource, below: &Subresource, name: &str) -> Value {
    let mut value = Map::new();
    value.insert("name".into(), name.into());
    value.insert("singularName".into(), "".into());
    value.insert("namespaced".into(), resource.is_namespaced().into());
    if (&below.group, &below.version) != (&resource.group, &resource.version) {
        if !below.group.is_empty() {
            value.insert("group".into(), (*below.group).into());
        }
        value.insert("version".into(), (*below.version).into());
    }
    value.insert("kind".into(), (*below.kind).into());
    value.insert("verbs".into(), verbs(below.verbs, false).into());
    Value::Object(value)
}

fn texts(value: &mut Map<String, Value>, name: &str, texts: &[Box<str>]) {
    if !texts.is_empty() {
        let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
        value.insert(name.into(), texts.into());
    }
}

fn aggregated<'a>(groups: impl Iterator<Item = &'a Group>, form: Form) -> Answer {
    let items: Vec<Value> = groups.map(aggregated_group).collect();
    let value = json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    });
    let mut answer = Answer::value(200, &value, form.encoding);
    if form.encoding == Encoding::Json {
        answer.content_type =
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    }
    answer
}

fn aggregated_group(group: &Group) -> Value {
    let versions = group.versions.iter().map(|version| {
        let resources = version.resources.values().map(|resource| aggregated_resource(resource));
        json!({
            "version": *version.name,
            "resources": resources.collect::<Vec<_>>(),
            "freshness": "Current",
        })
    });
    let mut metadata = Map::new();
    if !group.name.is_empty() {
        metadata.insert("name".into(), (*group.name).into());
    }
    metadata.insert("creationTimestamp".into(), Value::Null);
    json!({"metadata": metadata, "versions": versions.collect::<Vec<_>>()})
}

fn aggregated_resource(resource: &Resource) -> Value {
    let is_custom = resource.custom.is_some();
    let kind = |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    let mut value = Map::new();
    value.insert("resource".into(), (*resource.plural).into());
    value.insert("responseKind".into(), kind(&resource.group, &resource.version, &resource.kind));
    let scope = if resource.is_namespaced() { "Namespaced" } else { "Cluster" };
    value.insert("scope".into(), scope.into());
    value.insert("singularResource".into(), (*resource.singular).into());
    value.insert("verbs".into(), verbs(resource.verbs, is_custom).into());
    texts(&mut value, "shortNames", &resource.short_names);
    texts(&mut value, "categories", &resource.categories);
    let below = resource.subresources.iter().map(|below| {
        json!({
            "subresource": *below.name,
            "responseKind": kind(&below.group, &below.version, &below.kind),
            "verbs": verbs(below.verbs, is_custom),
        })
    });
    let below: Vec<Value> = below.collect();
    if !below.is_empty() {
        value.insert("subresources".into(), below.into());
    }
    Value::Object(value)
}
