//! An `AdmissionReview`: what a webhook is sent, and what is made of its answer.
//!
//! Source of the contract, words included: `kubernetes/apiserver:pkg/admission/plugin/webhook/request`,
//! `pkg/admission/plugin/webhook/errors/statuserror.go`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::about::About;
use crate::object;
use crate::refusal::{Cause, Details, Refusal};
use crate::resource::Resource;

/// The group of reviews.
const GROUP: &str = "admission.k8s.io";

/// What a webhook said.
#[derive(Debug, Default)]
pub(super) struct Response {
    /// What to refuse the request with, if it is not allowed.
    pub(super) refusal: Option<Refusal>,
    pub(super) warnings: Vec<String>,
    /// A JSON patch.
    pub(super) patch: Option<Value>,
}

/// The review of a request as it is meant.
pub(super) fn request(about: &About<'_>, resource: &Resource, version: &str, uid: &str) -> Vec<u8> {
    let versioned = |value: Option<&Value>| {
        value.map_or(Value::Null, |value| about.at_version(value, resource))
    };
    let mut request = Map::new();
    request.insert("uid".into(), uid.into());
    for (name, value) in about.request(resource) {
        if name == "dryRun" {
            request.insert("object".into(), versioned(about.object));
            request.insert("oldObject".into(), versioned(about.old));
        }
        request.insert(name, value);
    }
    json!({
        "kind": "AdmissionReview",
        "apiVersion": format!("{GROUP}/{version}"),
        "request": request,
    })
    .to_string()
    .into_bytes()
}

/// What an answer says; the error is in the server's words, behind `failed calling webhook "x": `.
pub(super) fn response(
    said: &[u8],
    webhook: &str,
    version: &str,
    uid: &str,
    may_patch: bool,
) -> Result<Response, String> {
    let review: Value = serde_json::from_slice(said).map_err(|error| {
        format!("failed to call webhook: couldn't get version/kind; json parse error: {error}")
    })?;
    let invalid = |why: String| format!("received invalid webhook response: {why}");
    let text =
        |value: &Value, field: &str| object::text(value, &[field]).unwrap_or_default().to_owned();
    let response = review.get("response").filter(|response| response.is_object());
    let response = response.ok_or_else(|| invalid("webhook response was absent".to_owned()))?;
    let patch = text(response, "patch");
    let patch_type = response.get("patchType").and_then(Value::as_str);
    if version == "v1" {
        let found = text(response, "uid");
        if found != uid {
            return Err(invalid(format!("expected response.uid={uid:?}, got {found:?}")));
        }
        let (found, kind) = (text(&review, "apiVersion"), text(&review, "kind"));
        if found != format!("{GROUP}/v1") || kind != "AdmissionReview" {
            let why = format!(
                "expected webhook response of {GROUP}/v1, Kind=AdmissionReview, got {found}, Kind={kind}"
            );
            return Err(invalid(why));
        }
        let why = match (may_patch, patch.is_empty(), patch_type) {
            (true, false, None) => "webhook returned response.patch but not response.patchType",
            (true, true, Some(_)) => "webhook returned response.patchType but not response.patch",
            (false, false, _) => "validating webhook may not return response.patch",
            (false, true, Some(_)) => "validating webhook may not return response.patchType",
            _ => "",
        };
        if !why.is_empty() {
            return Err(invalid(why.to_owned()));
        }
    }
    let warnings = response.get("warnings").and_then(Value::as_array).into_iter().flatten();
    let warnings = warnings.filter_map(|warning| Some(warning.as_str()?.to_owned())).collect();
    if response.get("allowed") != Some(&Value::Bool(true)) {
        let refusal = Some(refusal(webhook, response.get("status").unwrap_or(&Value::Null)));
        return Ok(Response { refusal, warnings, patch: None });
    }
    let undecodable =
        |why: String| format!("received undecodable patch in webhook response: {why}");
    let patch = match patch.as_str() {
        "" => None,
        _ if !may_patch => None,
        text => {
            let bytes = STANDARD.decode(text).map_err(|error| undecodable(error.to_string()))?;
            let patch: Value =
                serde_json::from_slice(&bytes).map_err(|error| undecodable(error.to_string()))?;
            Some(patch).filter(|patch| patch.as_array().is_none_or(|list| !list.is_empty()))
        }
    };
    Ok(Response { refusal: None, warnings, patch })
}

/// Reasons that the API has words for. A webhook may have others, which no client knows.
const REASONS: [&str; 18] = [
    "AlreadyExists",
    "BadRequest",
    "Conflict",
    "Expired",
    "Forbidden",
    "Gone",
    "InternalError",
    "Invalid",
    "MethodNotAllowed",
    "NotAcceptable",
    "NotFound",
    "RequestEntityTooLarge",
    "ServerTimeout",
    "ServiceUnavailable",
    "Timeout",
    "TooManyRequests",
    "Unauthorized",
    "UnsupportedMediaType",
];

/// The refusal that a webhook asks for.
fn refusal(webhook: &str, status: &Value) -> Refusal {
    let text = |field: &str| object::text(status, &[field]).unwrap_or_default();
    let code = status.get("code").and_then(Value::as_u64).unwrap_or_default();
    let denied = format!("admission webhook {webhook:?} denied the request");
    let message = match (text("message"), text("reason")) {
        ("", "") => format!("{denied} without explanation"),
        ("", reason) => format!("{denied}: {reason}"),
        (message, _) => format!("{denied}: {message}"),
    };
    let details = status.get("details").filter(|details| details.is_object()).map(|details| {
        let text = |value: &Value, field: &str| {
            object::text(value, &[field]).unwrap_or_default().to_owned()
        };
        let causes = details.get("causes").and_then(Value::as_array).into_iter().flatten();
        let cause = |cause: &Value| Cause {
            reason: "",
            message: text(cause, "message"),
            field: text(cause, "field"),
        };
        Box::new(Details {
            name: text(details, "name"),
            group: text(details, "group"),
            kind: text(details, "kind"),
            causes: causes.map(cause).collect(),
            retry_after: None,
        })
    });
    Refusal {
        code: u16::try_from(code).ok().filter(|code| (400..600).contains(code)).unwrap_or(400),
        reason: REASONS.into_iter().find(|reason| *reason == text("reason")).unwrap_or_default(),
        message,
        details,
    }
}
