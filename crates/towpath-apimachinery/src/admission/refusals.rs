//! Policies and bindings that are refused themselves: their expressions are compiled when they are written.
//!
//! Source of the contract, words included:
//! `kubernetes/kubernetes:pkg/apis/admissionregistration/validation/validation.go`.

use serde_json::{Value, json};
use towpath_schema::cel::Compile;

use super::GROUP;
use super::policy::{compile, names};
use crate::object;
use crate::refusal::Cause;
use crate::resource::Resource;

/// What is refused of an object that judges requests; nothing of any other. What `old` had in the same place was
/// accepted before, and is again.
pub(crate) fn refusals(resource: &Resource, value: &Value, old: Option<&Value>) -> Vec<Cause> {
    if *resource.group != *GROUP {
        return Vec::new();
    }
    let mut found = Vec::new();
    let Some(spec) = value.get("spec") else { return found };
    match &*resource.kind {
        "ValidatingAdmissionPolicy" => {
            let same = old.is_some_and(|old| old.get("spec") == Some(spec));
            if !same {
                policy(spec, &mut found);
            }
        }
        "ValidatingAdmissionPolicyBinding" => binding(spec, &mut found),
        _ => {}
    }
    found
}

fn items<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    object::text(value, &[field]).unwrap_or_default()
}

fn is_given(value: &Value, field: &str) -> bool {
    value.get(field).is_some_and(|value| !value.is_null())
}

fn policy(spec: &Value, found: &mut Vec<Cause>) {
    if !is_given(spec, "matchConstraints") {
        found.push(Cause::required("spec.matchConstraints", ""));
    } else if items(&spec["matchConstraints"], "resourceRules").is_empty() {
        found.push(Cause::required("spec.matchConstraints.resourceRules", ""));
    }
    let mut known = names(spec, false);
    for (index, one) in items(spec, "matchConditions").iter().enumerate() {
        let at = format!("spec.matchConditions[{index}]");
        expression(one, "expression", &at, "", &known, found);
        if text(one, "name").is_empty() {
            found.push(Cause::required(format!("{at}.name"), ""));
        }
    }
    for (index, one) in items(spec, "variables").iter().enumerate() {
        let at = format!("spec.variables[{index}]");
        let name = text(one, "name");
        if name.trim().is_empty() {
            found.push(Cause::required(format!("{at}.name"), "name is not specified"));
        } else if !is_identifier(name) {
            let why = "name is not a valid CEL identifier";
            found.push(Cause::invalid(format!("{at}.name"), &json!(name), why));
        }
        expression(one, "expression", &at, "expression is not specified", &known, found);
        known.push(format!("variables.{name}"));
    }
    let (validations, annotations) = (items(spec, "validations"), items(spec, "auditAnnotations"));
    if validations.is_empty() && annotations.is_empty() {
        let why = "validations or auditAnnotations must contain at least one item";
        found.push(Cause::required("spec.validations", why));
        found.push(Cause::required("spec.auditAnnotations", why));
    }
    for (index, one) in validations.iter().enumerate() {
        validation(one, &format!("spec.validations[{index}]"), &known, found);
    }
    for (index, one) in annotations.iter().enumerate() {
        let at = format!("spec.auditAnnotations[{index}]");
        let why = "valueExpression is not specified";
        expression(one, "valueExpression", &at, why, &known, found);
    }
}

fn validation(one: &Value, at: &str, known: &[String], found: &mut Vec<Cause>) {
    const REASONS: [&str; 3] = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
    expression(one, "expression", at, "expression is not specified", known, found);
    let made = text(one, "messageExpression");
    if !made.is_empty() && made.trim().is_empty() {
        let why = "must be non-empty if specified";
        found.push(Cause::invalid(format!("{at}.messageExpression"), &json!(made), why));
    } else if !made.is_empty() {
        expression(one, "messageExpression", at, "", known, found);
    }
    let message = text(one, "message");
    if !message.is_empty() && message.trim().is_empty() {
        let why = "message must be non-empty if specified";
        found.push(Cause::invalid(format!("{at}.message"), &json!(message), why));
    } else if message.trim().contains(['\n', '\r']) {
        let why = "message must not contain line breaks";
        found.push(Cause::invalid(format!("{at}.message"), &json!(message), why));
    }
    let reason = text(one, "reason");
    if !reason.is_empty() && !REASONS.contains(&reason) {
        found.push(unsupported(format!("{at}.reason"), reason, &REASONS));
    }
}

fn unsupported(field: String, value: &str, known: &[&str]) -> Cause {
    let known: Vec<String> = known.iter().map(|one| format!("{one:?}")).collect();
    let message = format!("Unsupported value: {value:?}: supported values: {}", known.join(", "));
    Cause { reason: "FieldValueNotSupported", message, field }
}

/// An expression has to be one. What means something to the API server and nothing here is let in.
fn expression(
    one: &Value,
    field: &str,
    at: &str,
    missing: &str,
    known: &[String],
    found: &mut Vec<Cause>,
) {
    let text = text(one, field);
    let at = format!("{at}.{field}");
    if text.trim().is_empty() {
        found.push(Cause::required(at, missing));
        return;
    }
    if let Err(error @ (Compile::Syntax(_) | Compile::Undeclared(_))) = compile(text, known) {
        let why = format!("compilation failed: {error}");
        found.push(Cause::invalid(at, &json!(text), &why));
    }
}

fn is_identifier(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn binding(spec: &Value, found: &mut Vec<Cause>) {
    const ACTIONS: [&str; 3] = ["Audit", "Deny", "Warn"];
    if text(spec, "policyName").is_empty() {
        found.push(Cause::required("spec.policyName", ""));
    }
    if let Some(parameters) = spec.get("paramRef").filter(|value| !value.is_null()) {
        let (name, has_selector) = (text(parameters, "name"), is_given(parameters, "selector"));
        if !name.is_empty() && has_selector {
            let why = "name and selector are mutually exclusive";
            found.push(Cause::forbidden("spec.paramRef.name", why));
            found.push(Cause::forbidden("spec.paramRef.selector", why));
        } else if name.is_empty() && !has_selector {
            let why = "one of name or selector must be specified";
            found.push(Cause::required("spec.paramRef", why));
        }
        let action = text(parameters, "parameterNotFoundAction");
        let at = "spec.paramRef.parameterNotFoundAction";
        if action.is_empty() {
            found.push(Cause::required(at, ""));
        } else if !["Allow", "Deny"].contains(&action) {
            found.push(unsupported(at.to_owned(), action, &["Deny", "Allow"]));
        }
    }
    let actions = items(spec, "validationActions");
    let at = "spec.validationActions";
    for (index, action) in actions.iter().enumerate() {
        let action = action.as_str().unwrap_or_default();
        if !ACTIONS.contains(&action) {
            found.push(unsupported(format!("{at}[{index}]"), action, &ACTIONS));
        }
        if actions[..index].iter().any(|other| other == action) {
            let message = format!("Duplicate value: {action:?}");
            let field = format!("{at}[{index}]");
            found.push(Cause { reason: "FieldValueDuplicate", message, field });
        }
    }
    if actions.iter().any(|one| one == "Deny") && actions.iter().any(|one| one == "Warn") {
        let why = "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
        found.push(Cause::invalid(at, &json!(actions), why));
    }
    if actions.is_empty() {
        found.push(Cause::required(at, "at least one validation action is required"));
    }
}
