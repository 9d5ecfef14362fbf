//! Reviews: questions about who somebody is and what they may do, asked by a `POST`. Nothing is stored.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/registry/authorization`, `pkg/registry/authentication`,
//! `pkg/apis/authorization/validation/validation.go`.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::Call;
use crate::access::{AUDIENCE, Asked, Attributes, Objects, User};
use crate::decision::Decision;
use crate::object;
use crate::refusal::{Cause, Refusal};
use crate::resource::Resource;

/// Whether objects of a resource are questions.
pub(super) fn is_one(resource: &Resource) -> bool {
    matches!(&*resource.group, "authorization.k8s.io" | "authentication.k8s.io")
        && resource.custom.is_none()
}

/// Answers a question.
pub(super) fn answer(mut call: Call<'_>) -> Result<Decision, Refusal> {
    let mut value = call.decode()?;
    if call.namespace.is_some() {
        call.place(&mut value)?;
    }
    call.own(None, &mut value);
    let status = match &*call.resource.plural {
        "selfsubjectreviews" => {
            // The server answers with an object of its own.
            let time = call.time();
            object::map(&mut value).insert("metadata".into(), json!({"creationTimestamp": time}));
            json!({"userInfo": call.user.info()})
        }
        "selfsubjectaccessreviews" => access(&call, &value, &call.user)?,
        "subjectaccessreviews" | "localsubjectaccessreviews" => {
            let user = subject(&call, &value)?;
            access(&call, &value, &user)?
        }
        "selfsubjectrulesreviews" => rules(&call, &value)?,
        "tokenreviews" => token(&call, &value)?,
        _ => return Err(Refusal::no_such_resource()),
    };
    object::map(&mut value).insert("status".into(), status);
    Ok(call.answer(call.render().value(201, value)))
}

/// Whom an access review is about.
fn subject(call: &Call<'_>, value: &Value) -> Result<User, Refusal> {
    let spec = value.get("spec");
    let text = |field: &str| {
        let text = spec.and_then(|spec| spec.get(field)).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let texts = |value: Option<&Value>| -> Vec<String> {
        let texts = value.and_then(Value::as_array).into_iter().flatten();
        texts.filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let extra = object::at(value, &["spec", "extra"]).and_then(Value::as_object);
    let extra = extra.into_iter().flatten();
    let user = User {
        name: text("user"),
        uid: text("uid"),
        groups: texts(spec.and_then(|spec| spec.get("groups"))),
        extra: extra.map(|(key, values)| (key.to_lowercase(), texts(Some(values)))).collect(),
    };
    if user.name.is_empty() && user.groups.is_empty() {
        let why = "at least one of user or group must be specified";
        return Err(invalid(call, Cause::invalid("spec.user", &"".into(), why)));
    }
    Ok(user)
}

fn invalid(call: &Call<'_>, cause: Cause) -> Refusal {
    Refusal::invalid(&call.subject(""), vec![cause])
}

/// The status of a review of what somebody may do.
fn access(call: &Call<'_>, value: &Value, user: &User) -> Result<Value, Refusal> {
    let wanted = |field: &str| {
        object::at(value, &["spec", field]).filter(|attributes| attributes.is_object())
    };
    let (objects, path) = (wanted("resourceAttributes"), wanted("nonResourceAttributes"));
    let said = |field: &'static str| {
        let attributes = objects.or(path);
        attributes.and_then(|attributes| object::text(attributes, &[field])).unwrap_or_default()
    };
    let asked = match (objects, path) {
        (Some(_), Some(path)) => {
            let why = "cannot be specified in combination with resourceAttributes";
            return Err(invalid(call, Cause::invalid("spec.nonResourceAttributes", path, why)));
        }
        (None, None) => {
            let why =
                "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            let cause = Cause::invalid("spec.resourceAttributes", &Value::Null, why);
            return Err(invalid(call, cause));
        }
        (None, Some(path)) if call.resource.is_namespaced() => {
            let why = "disallowed on this kind of request";
            return Err(invalid(call, Cause::invalid("spec.nonResourceAttributes", path, why)));
        }
        (None, Some(_)) => Asked::Path(said("path")),
        (Some(_), None) => {
            let namespace = said("namespace");
            if call.resource.is_namespaced() && namespace != call.namespace() {
                let field = "spec.resourceAttributes.namespace";
                let why = "must match metadata.namespace";
                return Err(invalid(call, Cause::invalid(field, &namespace.into(), why)));
            }
            Asked::Objects(Objects {
                group: said("group"),
                resource: said("resource"),
                subresource: said("subresource"),
                namespace,
                name: Cow::Borrowed(said("name")),
            })
        }
    };
    let verdict = call.machine.policy().judge(user, &Attributes { verb: said("verb"), asked });
    let mut status = Map::new();
    status.insert("allowed".into(), verdict.is_allowed.into());
    if !verdict.reason.is_empty() {
        status.insert("reason".into(), verdict.reason.into());
    }
    Ok(Value::Object(status))
}

/// The status of a review of all that somebody may do in a namespace.
fn rules(call: &Call<'_>, value: &Value) -> Result<Value, Refusal> {
    let namespace = object::text(value, &["spec", "namespace"]).unwrap_or_default();
    if namespace.is_empty() {
        return Err(Refusal::bad_request("no namespace on request"));
    }
    let resolved = call.machine.policy().resolve(&call.user, namespace);
    let (objects, paths): (Vec<_>, Vec<_>) =
        resolved.rules.iter().partition(|rule| rule.urls.is_empty());
    let values = |rules: Vec<&crate::access::Rule>| -> Vec<Value> {
        rules.into_iter().map(crate::access::Rule::value).collect()
    };
    let mut status = Map::new();
    status.insert("resourceRules".into(), values(objects).into());
    status.insert("nonResourceRules".into(), values(paths).into());
    status.insert("incomplete".into(), (!resolved.missing.is_empty()).into());
    if !resolved.missing.is_empty() {
        let errors: Vec<String> = resolved.missing.iter().map(ToString::to_string).collect();
        status.insert("evaluationError".into(), errors.join(", ").into());
    }
    Ok(Value::Object(status))
}

/// The status of a review of a token.
fn token(call: &Call<'_>, value: &Value) -> Result<Value, Refusal> {
    let token = object::text(value, &["spec", "token"]).unwrap_or_default();
    if token.is_empty() {
        let why = "token is required for TokenReview in authentication";
        return Err(Refusal::bad_request(why));
    }
    let audiences = object::at(value, &["spec", "audiences"]).and_then(Value::as_array);
    let named: Vec<&str> = audiences.into_iter().flatten().filter_map(Value::as_str).collect();
    let audiences = if named.is_empty() { vec![AUDIENCE] } else { named.clone() };
    let holder = call.machine.authority().holder(call.machine, token, &audiences, call.request.now);
    Ok(match holder {
        None => json!({"user": {}, "error": "invalid bearer token"}),
        Some((user, audiences)) => {
            json!({"authenticated": true, "user": user.info(), "audiences": audiences})
        }
    })
}
