//! Paths of the API, taken apart.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/endpoints/request/requestinfo.go`.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address<'a> {
    /// `/healthz`, `/livez`, `/readyz`, and what is below them.
    Health,
    /// `/version`.
    Version,
    /// `/api`.
    Api,
    /// `/apis`.
    Apis,
    /// `/apis/GROUP`.
    Group(Cow<'a, str>),
    /// `/api/v1`, `/apis/GROUP/VERSION`.
    GroupVersion(Cow<'a, str>, Cow<'a, str>),
    /// `/openapi/v2`.
    OpenApiV2,
    /// `/openapi/v3` and what is below it.
    OpenApiV3(&'a str),
    /// Objects.
    Objects(Below<'a>),
    /// Nothing that the API has.
    Unknown,
}

/// What lies below the version of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Below<'a> {
    /// Empty for the core.
    pub group: Cow<'a, str>,
    /// `v1`.
    pub version: Cow<'a, str>,
    /// The namespace, if the path has one.
    pub namespace: Option<Cow<'a, str>>,
    /// The plural.
    pub resource: Cow<'a, str>,
    /// The name of one object.
    pub name: Option<Cow<'a, str>>,
    /// What is below the object: `status`, `scale`.
    pub subresource: Option<Cow<'a, str>>,
}

/// Takes a path apart.
#[must_use]
pub fn address(path: &str) -> Address<'_> {
    let path = path.strip_prefix('/').unwrap_or(path);
    if let Some(rest) = path.strip_prefix("openapi/v3") {
        return Address::OpenApiV3(rest.trim_matches('/'));
    }
    let parts: Vec<Cow<'_, str>> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8_lossy())
        .collect();
    let texts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    match texts.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => Address::Health,
        ["version"] => Address::Version,
        ["openapi", "v2"] => Address::OpenApiV2,
        ["api"] => Address::Api,
        ["apis"] => Address::Apis,
        ["apis", _] => Address::Group(parts[1].clone()),
        ["api", _] => Address::GroupVersion("".into(), parts[1].clone()),
        ["apis", _, _] => Address::GroupVersion(parts[1].clone(), parts[2].clone()),
        ["api", _, ..] => below("".into(), parts[1].clone(), &parts[2..]),
        ["apis", _, _, ..] => below(parts[1].clone(), parts[2].clone(), &parts[3..]),
        _ => Address::Unknown,
    }
}

fn below<'a>(group: Cow<'a, str>, version: Cow<'a, str>, parts: &[Cow<'a, str>]) -> Address<'a> {
    // `namespaces/a` is an object, `namespaces/a/pods` are the pods in it, `namespaces/a/status` is a part of it.
    let is_inside = parts.len() > 2
        && parts[0] == "namespaces"
        && !(group.is_empty() && parts.len() == 3 && matches!(&*parts[2], "status" | "finalize"));
    let (namespace, parts) =
        if is_inside { (Some(parts[1].clone()), &parts[2..]) } else { (None, parts) };
    // `services/a/proxy/any/path` goes on as far as it likes.
    let is_proxy = parts.get(2).is_some_and(|part| part == "proxy");
    if parts.len() > 3 && !is_proxy {
        return Address::Unknown;
    }
    let Some(resource) = parts.first().cloned() else { return Address::Unknown };
    let (name, subresource) = (parts.get(1).cloned(), parts.get(2).cloned());
    Address::Objects(Below { group, version, namespace, resource, name, subresource })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str) -> String {
        match address(path) {
            Address::Objects(it) => format!(
                "{}/{} {} {} {} {}",
                it.group,
                it.version,
                it.namespace.as_deref().unwrap_or("-"),
                it.resource,
                it.name.as_deref().unwrap_or("-"),
                it.subresource.as_deref().unwrap_or("-")
            ),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn paths_are_taken_apart() {
        for (path, expected) in [
            ("/api/v1/namespaces", "/v1 - namespaces - -"),
            ("/api/v1/namespaces/a", "/v1 - namespaces a -"),
            ("/api/v1/namespaces/a/status", "/v1 - namespaces a status"),
            ("/api/v1/namespaces/a/pods", "/v1 a pods - -"),
            ("/api/v1/namespaces/a/pods/b/log", "/v1 a pods b log"),
            ("/apis/apps/v1/deployments", "apps/v1 - deployments - -"),
            ("/apis/apps/v1/namespaces/a/deployments/b/scale", "apps/v1 a deployments b scale"),
            ("/apis/x.example.com/v1/namespaces/a/status", "x.example.com/v1 a status - -"),
            ("/api/v1/namespaces/a%2fb/pods", "/v1 a/b pods - -"),
            ("/api/v1/namespaces/a/services/b/proxy/c/d", "/v1 a services b proxy"),
            ("/api/v1/a/b/c/d", "Unknown"),
            ("/apis/apps", "Group(\"apps\")"),
            ("/apis/apps/v1/", "GroupVersion(\"apps\", \"v1\")"),
            ("/openapi/v3/apis/apps/v1", "OpenApiV3(\"apis/apps/v1\")"),
            ("/", "Unknown"),
        ] {
            assert_eq!(told(path), expected, "{path}");
        }
    }
}
