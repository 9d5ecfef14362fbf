//! ValidatingAdmissionPolicies: expressions that have to hold of a request.
//!
//! Source of the contract, words included:
//! `kubernetes/apiserver:pkg/admission/plugin/policy/validating/dispatcher.go`, `validator.go`,
//! `pkg/admission/plugin/policy/generic/policy_dispatcher.go`, `pkg/admission/plugin/webhook/matchconditions`.

use serde_json::Value;
use towpath_schema::cel::{Answer, Compile, NoAnswer, Program, Scope, Steps};

use super::about::About;
use super::configuration::Configuration;
use super::matching::Criteria;
use crate::object;
use crate::refusal::{Cause, Refusal};
use crate::resource::Resource;
use crate::selector::Selector;

/// The longest message that an expression may make, in bytes.
const MAX_MESSAGE: usize = 5 * 1024;

/// Names that every expression may read.
pub(super) const NAMES: [&str; 4] = ["object", "oldObject", "request", "namespaceObject"];

/// What expressions call the parameters of a policy.
pub(super) const PARAMS: &str = "params";

/// An expression, or why it is none.
pub(super) type Compiled = Result<Program, Compile>;

/// A condition that a request has to meet to be judged at all.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) expression: Compiled,
    text: Box<str>,
}

/// A policy.
#[derive(Debug)]
pub(super) struct Policy {
    /// Whether a request is refused where the policy cannot be asked.
    fails_closed: bool,
    /// The version and the kind of its parameters.
    parameters: Option<(Box<str>, Box<str>)>,
    criteria: Criteria,
    conditions: Vec<Condition>,
    variables: Vec<(Box<str>, Compiled)>,
    validations: Vec<Validation>,
}

#[derive(Debug)]
struct Validation {
    expression: Compiled,
    text: Box<str>,
    message: Box<str>,
    message_expression: Option<Compiled>,
    reason: Reason,
}

/// With which code a request is refused.
#[derive(Debug, Clone, Copy)]
enum Reason {
    Invalid,
    Forbidden,
    Unauthorized,
    TooLarge,
}

impl Reason {
    fn told(self) -> (u16, &'static str) {
        match self {
            Reason::Invalid => (422, "Invalid"),
            Reason::Forbidden => (403, "Forbidden"),
            Reason::Unauthorized => (401, "Unauthorized"),
            Reason::TooLarge => (413, "RequestEntityTooLarge"),
        }
    }
}

/// What puts a policy to use.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) policy: Box<str>,
    parameters: Option<Reference>,
    criteria: Option<Criteria>,
    denies: bool,
    warns: bool,
}

/// Which objects are the parameters.
#[derive(Debug)]
struct Reference {
    name: Box<str>,
    namespace: Box<str>,
    selector: Option<Selector>,
    denies_without: bool,
}

/// Something that is wrong with a request.
struct Denied {
    message: String,
    reason: Reason,
}

fn items<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    object::text(value, &[field]).unwrap_or_default()
}

/// Names that the expressions of a policy may read; conditions cannot read variables.
pub(super) fn names(spec: &Value, has_variables: bool) -> Vec<String> {
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    if spec.get("paramKind").is_some_and(|kind| !kind.is_null()) {
        names.push(PARAMS.to_owned());
    }
    if has_variables {
        names
            .extend(items(spec, "variables").map(|one| format!("variables.{}", text(one, "name"))));
    }
    names
}

pub(super) fn compile(text: &str, names: &[String]) -> Compiled {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Program::compile(text, &names)
}

/// The conditions of a policy or a webhook.
pub(super) fn conditions(value: &Value, names: &[String]) -> Vec<Condition> {
    let read = |one: &Value| {
        let text = text(one, "expression");
        Condition { expression: compile(text, names), text: text.into() }
    };
    items(value, "matchConditions").map(read).collect()
}

impl Policy {
    pub(super) fn read(value: &Value) -> Self {
        static NOTHING: Value = Value::Null;
        let spec = value.get("spec").unwrap_or(&NOTHING);
        let few = names(spec, false);
        let mut known = few.clone();
        let mut variables = Vec::new();
        for one in items(spec, "variables") {
            let name = text(one, "name");
            variables.push((name.into(), compile(text(one, "expression"), &known)));
            known.push(format!("variables.{name}"));
        }
        let validations = items(spec, "validations").map(|one| Validation {
            expression: compile(text(one, "expression"), &known),
            text: text(one, "expression").into(),
            message: text(one, "message").trim().into(),
            message_expression: Some(text(one, "messageExpression"))
                .filter(|text| !text.is_empty())
                .map(|text| compile(text, &known)),
            reason: match text(one, "reason") {
                "Forbidden" => Reason::Forbidden,
                "Unauthorized" => Reason::Unauthorized,
                "RequestEntityTooLarge" => Reason::TooLarge,
                _ => Reason::Invalid,
            },
        });
        let parameters = spec.get("paramKind").filter(|kind| !kind.is_null());
        Self {
            fails_closed: text(spec, "failurePolicy") != "Ignore",
            parameters: parameters
                .map(|kind| (text(kind, "apiVersion").into(), text(kind, "kind").into())),
            criteria: Criteria::read(
                spec.get("matchConstraints").unwrap_or(&NOTHING),
                "resourceRules",
            ),
            conditions: conditions(spec, &few),
            validations: validations.collect(),
            variables,
        }
    }

    /// The resource that its parameters are of.
    fn parameter_resource<'a>(&self, about: &About<'a>) -> Result<Option<&'a Resource>, String> {
        let Some((api_version, kind)) = &self.parameters else { return Ok(None) };
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let found = about.machine.kind(group, version, kind);
        found.map(|resource| Some(&**resource)).ok_or_else(|| {
            format!(
                "failed to configure policy: failed to find resource referenced by paramKind: '{}, Kind={kind}'",
                if group.is_empty() { format!("/{version}") } else { api_version.to_string() }
            )
        })
    }

    /// What is wrong with a request by the policy, with one set of parameters.
    fn judge(&self, about: &About<'_>, given: &Given) -> Vec<Denied> {
        match self.decide(about, given) {
            Ok(denied) => denied,
            Err(message) if self.fails_closed => vec![Denied { message, reason: Reason::Invalid }],
            Err(_) => Vec::new(),
        }
    }

    fn decide(&self, about: &About<'_>, given: &Given) -> Result<Vec<Denied>, String> {
        let mut scope = given.scope();
        if !are_met(&self.conditions, &scope)? {
            return Ok(Vec::new());
        }
        let namespace = about.namespace_object().unwrap_or(Value::Null);
        scope.set("namespaceObject", &namespace);
        let mut steps = Steps::default();
        for (name, program) in &self.variables {
            scope.define(name, program, &mut steps).map_err(|_| out_of_budget())?;
        }
        let mut denied = Vec::new();
        for one in &self.validations {
            match evaluate(&one.expression, &one.text, &scope, &mut steps)? {
                Ok(Answer::Bool(true)) => {}
                Ok(_) => denied
                    .push(Denied { message: one.told(&scope, &mut steps), reason: one.reason }),
                Err(message) if self.fails_closed => {
                    denied.push(Denied { message, reason: Reason::Invalid });
                }
                Err(_) => {}
            }
        }
        Ok(denied)
    }
}

fn out_of_budget() -> String {
    "validation failed due to running out of cost budget, no further validation rules will be run"
        .to_owned()
}

/// What an expression says; the outer error ends everything, the inner one is of this expression.
fn evaluate(
    expression: &Compiled,
    text: &str,
    scope: &Scope,
    steps: &mut Steps,
) -> Result<Result<Answer, String>, String> {
    let program = match expression {
        Ok(program) => program,
        Err(error @ Compile::Unsupported(_)) => {
            return Ok(Err(format!("compilation error: {error}")));
        }
        Err(error) => return Ok(Err(format!("compilation error: compilation failed: {error}"))),
    };
    match program.evaluate(scope, steps) {
        Ok(answer) => Ok(Ok(answer)),
        Err(NoAnswer::Afford) => Err(out_of_budget()),
        Err(error) => Ok(Err(format!("expression '{text}' resulted in error: {error}"))),
    }
}

/// Whether all conditions are met. One that is not met outweighs those that cannot be asked.
pub(super) fn are_met(conditions: &[Condition], scope: &Scope) -> Result<bool, String> {
    let mut errors: Vec<String> = Vec::new();
    let mut steps = Steps::default();
    for one in conditions {
        match evaluate(&one.expression, &one.text, scope, &mut steps)? {
            Ok(Answer::Bool(false)) => return Ok(false),
            Ok(_) => {}
            Err(error) => errors.push(error),
        }
    }
    match errors.as_slice() {
        [] => Ok(true),
        [error] => Err(error.clone()),
        errors => Err(format!("[{}]", errors.join(", "))),
    }
}

impl Validation {
    /// The message of a request that breaks it.
    fn told(&self, scope: &Scope, steps: &mut Steps) -> String {
        let made = self.message_expression.as_ref().and_then(|expression| {
            match expression.as_ref().ok()?.evaluate(scope, steps).ok()? {
                Answer::Text(text) => Some(text.trim().to_owned()),
                _ => None,
            }
        });
        let made = made.filter(|made| made.len() <= MAX_MESSAGE && !made.contains('\n'));
        match made.filter(|made| !made.is_empty()) {
            Some(made) => made,
            None if self.message.is_empty() => format!("failed expression: {}", self.text.trim()),
            None => self.message.to_string(),
        }
    }
}

impl Binding {
    pub(super) fn read(value: &Value) -> Self {
        static NOTHING: Value = Value::Null;
        let spec = value.get("spec").unwrap_or(&NOTHING);
        let acts = |action: &str| items(spec, "validationActions").any(|one| one == action);
        let given = |field: &str| spec.get(field).filter(|value| !value.is_null());
        Self {
            policy: text(spec, "policyName").into(),
            parameters: given("paramRef").map(|one| Reference {
                name: text(one, "name").into(),
                namespace: text(one, "namespace").into(),
                selector: one.get("selector").map(Selector::of_labels),
                denies_without: text(one, "parameterNotFoundAction") == "Deny",
            }),
            criteria: given("matchResources").map(|one| Criteria::read(one, "resourceRules")),
            denies: acts("Deny"),
            warns: acts("Warn"),
        }
    }

    /// The parameters that the policy is asked with, one after the other; null where it has none.
    fn parameters(
        &self,
        about: &About<'_>,
        resource: Option<&Resource>,
    ) -> Result<Vec<Value>, String> {
        let (Some(resource), Some(reference)) = (resource, &self.parameters) else {
            return Ok(vec![Value::Null]);
        };
        let namespace = match (resource.is_namespaced(), &*reference.namespace) {
            (true, "") if about.namespace.is_empty() => {
                return Err("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources".to_owned());
            }
            (true, "") => about.namespace,
            (false, namespace) if !namespace.is_empty() => {
                return Err(
                    "paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
                        .to_owned(),
                );
            }
            (_, namespace) => namespace,
        };
        let state = about.machine.state();
        let found: Vec<Value> = match &reference.selector {
            Some(selector) => state
                .list(&resource.id, resource.is_namespaced().then_some(namespace))
                .filter(|stored| selector.matches(stored))
                .map(|stored| about.stored(resource, stored))
                .collect(),
            None => {
                let found = state.find(&resource.id, namespace, &reference.name);
                found.map(|stored| about.stored(resource, stored)).into_iter().collect()
            }
        };
        if found.is_empty() && reference.denies_without {
            return Err(
                "no params found for policy binding with `Deny` parameterNotFoundAction".to_owned()
            );
        }
        Ok(found)
    }
}

/// What expressions are asked about.
pub(super) struct Given {
    object: Value,
    old: Value,
    request: Value,
    parameters: Value,
}

impl Given {
    /// A request as it is meant, without parameters.
    pub(super) fn of(about: &About<'_>, resource: &Resource) -> Self {
        let versioned = |value: Option<&Value>| {
            value.map_or(Value::Null, |value| about.at_version(value, resource))
        };
        Self {
            object: versioned(about.object),
            old: versioned(about.old),
            request: Value::Object(about.request(resource)),
            parameters: Value::Null,
        }
    }

    /// As expressions name it, without the namespace.
    pub(super) fn scope(&self) -> Scope {
        let mut scope = Scope::default();
        scope.set("object", &self.object);
        scope.set("oldObject", &self.old);
        scope.set("request", &self.request);
        scope.set(PARAMS, &self.parameters);
        scope.set("namespaceObject", &Value::Null);
        scope
    }
}

/// Whether the policies let a request pass. Gives what its client should know.
pub(super) fn validate(
    configuration: &Configuration,
    about: &About<'_>,
) -> Result<Vec<String>, Refusal> {
    let mut warnings = Vec::new();
    let mut first: Option<(String, Reason)> = None;
    for (name, policy, bindings) in configuration.bound() {
        let Some(meant) = policy.criteria.matches(about) else { continue };
        let resource = meant.resource(about);
        let said = |binding: Option<&str>, message: &str| match binding {
            Some(binding) => format!(
                "ValidatingAdmissionPolicy '{name}' with binding '{binding}' denied request: {message}"
            ),
            None => format!("ValidatingAdmissionPolicy '{name}' denied request: {message}"),
        };
        let parameters = match policy.parameter_resource(about) {
            Ok(found) => found,
            Err(error) => {
                if policy.fails_closed {
                    first.get_or_insert_with(|| (said(None, &error), Reason::Invalid));
                }
                continue;
            }
        };
        let mut given = Given::of(about, resource);
        for (binding_name, binding) in bindings {
            let is_meant =
                binding.criteria.as_ref().is_none_or(|criteria| criteria.matches(about).is_some());
            if !is_meant {
                continue;
            }
            let all = match binding.parameters(about, parameters) {
                Ok(all) => all,
                Err(error) => {
                    if policy.fails_closed {
                        let error = format!("failed to configure binding: {error}");
                        let message = said(Some(binding_name), &error);
                        first.get_or_insert((message, Reason::Invalid));
                    }
                    continue;
                }
            };
            for parameters in all {
                given.parameters = parameters;
                for denied in policy.judge(about, &given) {
                    if binding.warns {
                        warnings.push(format!(
                            "Validation failed for ValidatingAdmissionPolicy '{name}' with binding '{binding_name}': {}",
                            denied.message
                        ));
                    }
                    if binding.denies {
                        let message = said(Some(binding_name), &denied.message);
                        first.get_or_insert((message, denied.reason));
                    }
                }
            }
        }
    }
    match first {
        None => Ok(warnings),
        Some((message, reason)) => Err(refusal(about, message, reason)),
    }
}

fn refusal(about: &About<'_>, message: String, reason: Reason) -> Refusal {
    let mut refusal = about.forbidden(&message);
    (refusal.code, refusal.reason) = reason.told();
    if let Some(details) = &mut refusal.details {
        details.causes.push(Cause { reason: "", message, field: String::new() });
    }
    refusal
}
