//! In which form a client sends and wants what.
//!
//! Protobuf is read, since typed clients of Go send nothing else, and never answered: a client that offers JSON as well
//! is answered in JSON, another is told what is understood.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/endpoints/handlers/negotiation/negotiate.go`.

use crate::refusal::Refusal;

/// What a server reads and writes, as its messages list it.
const ACCEPTED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
/// The same of custom resources, which have no messages.
const ACCEPTED_CUSTOM: &str = "application/json, application/yaml";

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// What of an object is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// All of it.
    Whole,
    /// A row of a table.
    Table,
    /// Its metadata.
    Metadata,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// How it is written.
    pub encoding: Encoding,
    /// What is wanted.
    pub view: View,
    /// Whether lists of groups come with their resources.
    pub is_aggregated: bool,
}

/// What the header `Accept` asks for; the first that is spoken.
///
/// # Errors
///
/// 406, if none is.
pub fn form(accept: &str) -> Result<Form, Refusal> {
    let plain = Form { encoding: Encoding::Json, view: View::Whole, is_aggregated: false };
    if accept.trim().is_empty() {
        return Ok(plain);
    }
    for one in accept.split(',') {
        let mut parts = one.split(';').map(str::trim);
        let encoding = match parts.next().unwrap_or_default() {
            "application/json" | "*/*" | "application/*" => Encoding::Json,
            "application/yaml" => Encoding::Yaml,
            _ => continue,
        };
        let parameters: Vec<(&str, &str)> =
            parts.filter_map(|parameter| parameter.split_once('=')).collect();
        let get = |name| parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let form = match (get("as"), get("g"), get("v")) {
            (None, ..) => Form { encoding, ..plain },
            (Some("Table"), Some("meta.k8s.io"), Some("v1")) => {
                Form { encoding, view: View::Table, ..plain }
            }
            (
                Some("PartialObjectMetadata" | "PartialObjectMetadataList"),
                Some("meta.k8s.io"),
                Some("v1"),
            ) => Form { encoding, view: View::Metadata, ..plain },
            (Some("APIGroupDiscoveryList"), Some("apidiscovery.k8s.io"), Some("v2")) => {
                Form { encoding, is_aggregated: true, ..plain }
            }
            _ => continue,
        };
        return Ok(form);
    }
    Err(Refusal::not_acceptable(ACCEPTED))
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// An object in JSON.
    Json,
    /// An object in YAML.
    Yaml,
    /// An object of a built-in kind as a message.
    Protobuf,
    /// A JSON patch.
    JsonPatch,
    /// A merge patch.
    MergePatch,
    /// A strategic merge patch.
    StrategicPatch,
    /// What an applier wants, in YAML or JSON.
    Apply,
}

/// What the header `Content-Type` says a body is that has an object; `has_message` where it may be one of a kind that
/// has messages.
///
/// # Errors
///
/// 415 for what is not understood here.
pub fn object_of(content_type: &str, has_message: bool) -> Result<Body, Refusal> {
    match media(content_type) {
        "" | "application/json" => Ok(Body::Json),
        "application/yaml" => Ok(Body::Yaml),
        "application/vnd.kubernetes.protobuf" if has_message => Ok(Body::Protobuf),
        _ if has_message => Err(Refusal::unsupported_media_type(ACCEPTED)),
        _ => Err(Refusal::unsupported_media_type(ACCEPTED_CUSTOM)),
    }
}

/// What the header `Content-Type` says a body is that has a patch, of those that the resource takes.
///
/// # Errors
///
/// 415 for what is not understood here.
pub fn patch_of(content_type: &str, patches: &[Body]) -> Result<Body, Refusal> {
    let media = media(content_type);
    let body = patches.iter().copied().find(|body| body.media() == media);
    body.ok_or_else(|| {
        let accepted: Vec<&str> = patches.iter().map(|body| body.media()).collect();
        Refusal::unsupported_media_type(&accepted.join(", "))
    })
}

fn media(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

impl Body {
    /// Patches of built-in kinds, in the order in which messages list them.
    pub const BUILT_IN: [Body; 4] =
        [Body::JsonPatch, Body::MergePatch, Body::StrategicPatch, Body::Apply];
    /// Patches of custom resources.
    pub const CUSTOM: [Body; 3] = [Body::JsonPatch, Body::MergePatch, Body::Apply];

    fn media(self) -> &'static str {
        match self {
            Body::Json => "application/json",
            Body::Yaml => "application/yaml",
            Body::Protobuf => "application/vnd.kubernetes.protobuf",
            Body::JsonPatch => "application/json-patch+json",
            Body::MergePatch => "application/merge-patch+json",
            Body::StrategicPatch => "application/strategic-merge-patch+json",
            Body::Apply => "application/apply-patch+yaml",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_of_built_in_kinds() {
        let told = |media: &str, has_message| match object_of(media, has_message) {
            Ok(body) => format!("{body:?}"),
            Err(refusal) => refusal.message.to_string(),
        };
        let proto = "application/vnd.kubernetes.protobuf";
        assert_eq!(told(proto, true), "Protobuf");
        assert_eq!(told("application/json; charset=utf-8", false), "Json");
        for (media, has_message, accepted) in
            [("text/plain", true, ACCEPTED), (proto, false, ACCEPTED_CUSTOM)]
        {
            assert!(told(media, has_message).ends_with(&format!("include: {accepted}")), "{media}");
        }
    }

    #[test]
    fn the_first_that_is_spoken_is_taken() {
        let told = |accept: &str| match form(accept) {
            Ok(form) => format!("{:?} {:?} {}", form.encoding, form.view, form.is_aggregated),
            Err(refusal) => refusal.code.to_string(),
        };
        for (accept, expected) in [
            ("", "Json Whole false"),
            ("*/*", "Json Whole false"),
            ("application/yaml", "Yaml Whole false"),
            ("application/vnd.kubernetes.protobuf,application/json", "Json Whole false"),
            ("application/vnd.kubernetes.protobuf", "406"),
            ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "Json Table false"),
            ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", "Json Whole false"),
            ("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", "Json Metadata false"),
            (
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
                "Json Whole true",
            ),
        ] {
            assert_eq!(told(accept), expected, "{accept}");
        }
    }
}
