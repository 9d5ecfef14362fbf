//! Every "no" that the API server has, as a value: the `Status` that a client is sent.
//!
//! The words are the server's: clients and people read them. Source of the contract:
//! `kubernetes/apimachinery:pkg/api/errors/errors.go`, `pkg/apis/meta/v1/types.go`.

use serde_json::{Map, Value, json};
use towpath_schema::crd::schema::{Fault, Violation};

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The code of HTTP.
    pub code: u16,
    /// For example `NotFound`; empty where the server gives none.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// What is concerned; `None` where the server sends no details at all. Boxed, to keep results small.
    pub details: Option<Box<Details>>,
}

/// What a refusal is about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Details {
    /// The name of the object.
    pub name: String,
    /// The group, empty for the core.
    pub group: String,
    /// The kind in messages of validation, the resource elsewhere.
    pub kind: String,
    /// One by one what is wrong.
    pub causes: Vec<Cause>,
    /// When to ask again, in seconds.
    pub retry_after: Option<u32>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// For example `FieldValueRequired`.
    pub reason: &'static str,
    /// The message without the field.
    pub message: String,
    /// For example `spec.ports[0].port`.
    pub field: String,
}

/// What a request is about, as messages name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Empty for the core.
    pub group: &'a str,
    /// `deployments`.
    pub resource: &'a str,
    /// `Deployment`.
    pub kind: &'a str,
    /// The name of the object, empty if it has none.
    pub name: &'a str,
}

impl Subject<'_> {
    /// `deployments.apps`, `configmaps`.
    #[must_use]
    pub fn qualified_resource(&self) -> String {
        qualified(self.resource, self.group)
    }

    /// `Deployment.apps`, `ConfigMap`.
    #[must_use]
    pub fn qualified_kind(&self) -> String {
        qualified(self.kind, self.group)
    }

    fn details(&self) -> Details {
        Details {
            name: self.name.to_owned(),
            group: self.group.to_owned(),
            kind: self.resource.to_owned(),
            ..Details::default()
        }
    }
}

fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

impl Cause {
    /// `Required value`, with or without more words.
    #[must_use]
    pub fn required(field: impl Into<String>, why: &str) -> Self {
        let message = match why {
            "" => "Required value".to_owned(),
            why => format!("Required value: {why}"),
        };
        Self { reason: "FieldValueRequired", message, field: field.into() }
    }

    /// `Invalid value: VALUE: WHY`.
    #[must_use]
    pub fn invalid(field: impl Into<String>, value: &Value, why: &str) -> Self {
        let message = format!("Invalid value: {value}: {why}");
        Self { reason: "FieldValueInvalid", message, field: field.into() }
    }

    /// `Forbidden: WHY`.
    #[must_use]
    pub fn forbidden(field: impl Into<String>, why: &str) -> Self {
        let message = format!("Forbidden: {why}");
        Self { reason: "FieldValueForbidden", message, field: field.into() }
    }

    fn value(&self) -> Value {
        let parts = [("reason", self.reason), ("message", &self.message), ("field", &self.field)];
        let said = parts.into_iter().filter(|(_, text)| !text.is_empty());
        Value::Object(said.map(|(name, text)| (name.to_owned(), text.into())).collect())
    }

    /// `FIELD: MESSAGE`, as messages list it.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{}: {}", self.field, self.message)
    }
}

impl From<&Violation> for Cause {
    fn from(violation: &Violation) -> Self {
        let reason = match violation.fault {
            Fault::Required => "FieldValueRequired",
            Fault::Duplicate => "FieldValueDuplicate",
            Fault::Enum => "FieldValueNotSupported",
            Fault::Forbidden => "FieldValueForbidden",
            Fault::Type => "FieldValueTypeInvalid",
            _ if violation.message.starts_with("Too long") => "FieldValueTooLong",
            _ if violation.message.starts_with("Too many") => "FieldValueTooMany",
            _ => "FieldValueInvalid",
        };
        Self { reason, message: violation.message.clone(), field: violation.path.clone() }
    }
}

impl Refusal {
    fn of(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None }
    }

    fn about(mut self, details: Details) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// The request makes no sense.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::of(400, "BadRequest", message)
    }

    /// No credentials, or wrong ones.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::of(401, "Unauthorized", "Unauthorized")
    }

    /// Not allowed, with the server's sentence after `is forbidden: `.
    #[must_use]
    pub fn forbidden(subject: &Subject<'_>, why: &str) -> Self {
        let resource = subject.qualified_resource();
        let message = if subject.name.is_empty() {
            format!("{resource} is forbidden: {why}")
        } else {
            format!("{resource} \"{}\" is forbidden: {why}", subject.name)
        };
        Self::of(403, "Forbidden", message).about(subject.details())
    }

    /// Not allowed at a path that is none of objects, with the server's sentence after `forbidden: `.
    #[must_use]
    pub fn forbidden_path(why: &str) -> Self {
        Self::of(403, "Forbidden", format!("forbidden: {why}")).about(Details::default())
    }

    /// There is no such object.
    #[must_use]
    pub fn not_found(subject: &Subject<'_>) -> Self {
        let message = format!("{} \"{}\" not found", subject.qualified_resource(), subject.name);
        Self::of(404, "NotFound", message).about(subject.details())
    }

    /// There is nothing at all at this address.
    #[must_use]
    pub fn no_such_resource() -> Self {
        Self::of(404, "NotFound", "the server could not find the requested resource")
            .about(Details::default())
    }

    /// The address knows no such verb.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::of(405, "MethodNotAllowed", message).about(Details::default())
    }

    /// None of the representations that the client takes.
    #[must_use]
    pub fn not_acceptable(accepted: &str) -> Self {
        let message = format!("only the following media types are accepted: {accepted}");
        Self::of(406, "NotAcceptable", message)
    }

    /// The name is taken.
    #[must_use]
    pub fn already_exists(subject: &Subject<'_>) -> Self {
        let message =
            format!("{} \"{}\" already exists", subject.qualified_resource(), subject.name);
        Self::of(409, "AlreadyExists", message).about(subject.details())
    }

    /// Another write was faster, or the object is not the one that was meant.
    #[must_use]
    pub fn conflict(subject: &Subject<'_>, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{}\": {why}",
            subject.qualified_resource(),
            subject.name
        );
        Self::of(409, "Conflict", message).about(subject.details())
    }

    /// The object was changed since it was read.
    #[must_use]
    pub fn modified(subject: &Subject<'_>) -> Self {
        Self::conflict(
            subject,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// Others own fields that an applier wants.
    #[must_use]
    pub fn apply_conflict(message: String, causes: Vec<Cause>) -> Self {
        Self::of(409, "Conflict", message).about(Details { causes, ..Details::default() })
    }

    /// What was asked for is too old to be told.
    #[must_use]
    pub fn expired(message: impl Into<String>) -> Self {
        Self::of(410, "Expired", message)
    }

    /// Not now: the budget of a pod does not allow it to go.
    #[must_use]
    pub fn disrupts(cause: String) -> Self {
        let message = "Cannot evict pod as it would violate the pod's disruption budget.";
        let cause = Cause { reason: "DisruptionBudget", message: cause, field: String::new() };
        Self::of(429, "TooManyRequests", message)
            .about(Details { causes: vec![cause], ..Details::default() })
    }

    /// The body is larger than the server takes.
    #[must_use]
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::of(413, "RequestEntityTooLarge", message)
    }

    /// The body is of no kind that the server reads here.
    #[must_use]
    pub fn unsupported_media_type(accepted: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {accepted}"
        );
        Self::of(415, "UnsupportedMediaType", message)
    }

    /// The object breaks rules. `causes` must not be empty.
    #[must_use]
    pub fn invalid(subject: &Subject<'_>, causes: Vec<Cause>) -> Self {
        let mut lines: Vec<String> = Vec::new();
        for line in causes.iter().map(Cause::line) {
            // The aggregate that the server prints has each message once.
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let said = match lines.as_slice() {
            [line] => line.clone(),
            lines => format!("[{}]", lines.join(", ")),
        };
        let message =
            format!("{} \"{}\" is invalid: {said}", subject.qualified_kind(), subject.name);
        Self::of(422, "Invalid", message).about(Details {
            name: subject.name.to_owned(),
            group: subject.group.to_owned(),
            kind: subject.kind.to_owned(),
            causes,
            retry_after: None,
        })
    }

    /// A patch that cannot be carried out on what is there.
    #[must_use]
    pub fn unprocessable() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::of(422, "Invalid", message).about(Details::default())
    }

    /// Something the server did not expect, without a reason of its own.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::of(500, "", message)
    }

    /// Something the server did not expect, with its reason.
    #[must_use]
    pub fn failed(why: String) -> Self {
        let message = format!("Internal error occurred: {why}");
        let cause = Cause { reason: "", message: why, field: String::new() };
        let details = Details { causes: vec![cause], ..Details::default() };
        Self::of(500, "InternalError", message).about(details)
    }

    /// The `Status` that a client is sent.
    #[must_use]
    pub fn status(&self) -> Value {
        let mut status = Map::new();
        status.insert("kind".into(), "Status".into());
        status.insert("apiVersion".into(), "v1".into());
        status.insert("metadata".into(), json!({}));
        status.insert("status".into(), "Failure".into());
        status.insert("message".into(), self.message.clone().into());
        if !self.reason.is_empty() {
            status.insert("reason".into(), self.reason.into());
        }
        if let Some(details) = &self.details {
            status.insert("details".into(), details.value());
        }
        status.insert("code".into(), self.code.into());
        Value::Object(status)
    }
}

impl Details {
    fn value(&self) -> Value {
        let mut details = Map::new();
        for (name, text) in [("name", &self.name), ("group", &self.group), ("kind", &self.kind)] {
            if !text.is_empty() {
                details.insert(name.into(), text.clone().into());
            }
        }
        if !self.causes.is_empty() {
            let causes = self.causes.iter().map(Cause::value);
            details.insert("causes".into(), causes.collect());
        }
        if let Some(seconds) = self.retry_after {
            details.insert("retryAfterSeconds".into(), seconds.into());
        }
        Value::Object(details)
    }
}
