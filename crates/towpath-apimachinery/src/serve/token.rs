//! Tokens of service accounts, asked for one by one.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/registry/core/serviceaccount/storage/token.go`,
//! `pkg/apis/authentication/validation/validation.go`.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::create::uid;
use super::{Call, decode};
use crate::access::{AUDIENCE, Bound, Claims};
use crate::decision::Decision;
use crate::deletion;
use crate::object;
use crate::refusal::{Cause, Refusal, Subject};

/// How long a token is good for whose client does not say, and how long it is at least and at most, in seconds.
const DEFAULT: i64 = 3600;
const LEAST: i64 = 600;
const MOST: i64 = 1 << 32;

/// Whether a request asks for a token.
pub(super) fn is_asked(call: &Call<'_>) -> bool {
    &*call.resource.id == "serviceaccounts" && call.is_below("token")
}

/// Signs a token.
pub(super) fn answer(call: Call<'_>) -> Result<Decision, Refusal> {
    let mut request = decode::value(call.request.body, call.body)?;
    let said = |field: &str| object::text(&request, &[field]).unwrap_or_default();
    let (version, kind) = (said("apiVersion"), said("kind"));
    if !matches!(version, "" | "authentication.k8s.io/v1") || !matches!(kind, "" | "TokenRequest") {
        let message = format!(
            "{kind} in version {:?} cannot be handled as a TokenRequest: no kind {kind:?} is registered for version {version:?}",
            version.rsplit('/').next().unwrap_or_default()
        );
        return Err(Refusal::bad_request(message));
    }
    let account = call.stored()?.clone();
    let now = call.request.now;
    let seconds = object::at(&request, &["spec", "expirationSeconds"]).and_then(Value::as_i64);
    let seconds = seconds.unwrap_or(DEFAULT);
    let why = match seconds {
        ..LEAST => Some("may not specify a duration less than 10 minutes"),
        LEAST..=MOST => None,
        _ => Some("may not specify a duration larger than 2^32 seconds"),
    };
    if let Some(why) = why {
        let name = call.name();
        let subject =
            Subject { group: "authentication.k8s.io", resource: "", kind: "TokenRequest", name };
        let cause = Cause::invalid("spec.expirationSeconds", &seconds.into(), why);
        return Err(Refusal::invalid(&subject, vec![cause]));
    }
    let audiences = object::at(&request, &["spec", "audiences"]).and_then(Value::as_array);
    let audiences = audiences.into_iter().flatten().filter_map(Value::as_str);
    let mut audiences: Vec<String> = audiences.map(str::to_owned).collect();
    if audiences.is_empty() {
        audiences.push(AUDIENCE.to_owned());
    }
    let bound = object::at(&request, &["spec", "boundObjectRef"]).filter(|one| one.is_object());
    let bound = bound.map(|reference| call.bound(reference)).transpose()?;
    let claims = Claims {
        namespace: call.namespace().to_owned(),
        name: call.name().to_owned(),
        uid: account.head.uid.to_string(),
        audiences: audiences.clone(),
        issued: now.as_second(),
        expires: Some(now.as_second().saturating_add(seconds)),
        id: uid(call.request.entropy),
        bound,
    };
    let token = call.machine.authority().sign(&claims).ok_or_else(|| {
        Refusal::internal("this cluster has no key to sign tokens of service accounts with")
    })?;
    let expires = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
    let mut spec = Map::new();
    spec.insert("audiences".into(), audiences.into());
    spec.insert("expirationSeconds".into(), seconds.into());
    let bound = request.pointer_mut("/spec/boundObjectRef").map(Value::take);
    spec.insert("boundObjectRef".into(), bound.unwrap_or(Value::Null));
    let value = json!({
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": call.name(),
            "namespace": call.namespace(),
            "creationTimestamp": call.time(),
        },
        "spec": spec,
        "status": {"token": token, "expirationTimestamp": deletion::time(expires)},
    });
    Ok(call.answer(call.render().value(201, value)))
}

impl Call<'_> {
    /// The object that a token is to live and die with.
    fn bound(&self, reference: &Value) -> Result<Bound, Refusal> {
        let text = |field: &str| object::text(reference, &[field]).unwrap_or_default();
        let (version, kind, name, wanted) =
            (text("apiVersion"), text("kind"), text("name"), text("uid"));
        let (resource, namespace) = match (version, kind) {
            ("v1", "Pod") => ("pods", self.namespace()),
            ("v1", "Secret") => ("secrets", self.namespace()),
            ("v1", "Node") => ("nodes", ""),
            _ => {
                let (group, version) = version.split_once('/').unwrap_or(("", version));
                return Err(Refusal::bad_request(format!(
                    "cannot bind token for object of type {group}/{version}, Kind={kind}"
                )));
            }
        };
        let subject = Subject { group: "", resource, kind, name };
        let found = self.machine.state().find(resource, namespace, name);
        let found = found.ok_or_else(|| Refusal::not_found(&subject))?;
        if !wanted.is_empty() && *wanted != *found.head.uid {
            let why = format!(
                "the UID in the bound object reference ({wanted}) does not match the UID in record. The object might have been deleted and then recreated"
            );
            return Err(Refusal::conflict(&subject, &why));
        }
        Ok(Bound { kind: kind.to_owned(), name: name.to_owned(), uid: found.head.uid.to_string() })
    }
}
