//! What a request says behind the question mark, and in a body of a deletion.
//!
//! Source of the contract: `kubernetes/apimachinery:pkg/apis/meta/v1/types.go` and
//! `pkg/apis/meta/v1/validation/validation.go`.

use serde_json::Value;

use super::Method;
use crate::refusal::{Cause, Refusal, Subject};

/// Whether a write is only tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DryRun {
    /// It is done.
    #[default]
    No,
    /// Everything but the writing is done.
    All,
}

/// What becomes of fields that no schema knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Validation {
    /// They are dropped.
    Ignore,
    /// They are dropped and told of.
    #[default]
    Warn,
    /// The request is refused.
    Strict,
}

/// What becomes of what an object owns when it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// It goes later.
    Background,
    /// It goes first.
    Foreground,
    /// It stays.
    Orphan,
}

/// Options of a request. Each verb reads those that concern it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "named after the options of the API")]
pub struct Options {
    pub dry_run: DryRun,
    pub validation: Validation,
    pub field_manager: String,
    pub force: Option<bool>,
    pub label_selector: String,
    pub field_selector: String,
    pub limit: Option<usize>,
    pub continue_token: String,
    pub resource_version: String,
    pub resource_version_match: String,
    pub watch: bool,
    pub allow_watch_bookmarks: bool,
    pub send_initial_events: Option<bool>,
    /// In seconds.
    pub timeout: Option<u64>,
    pub propagation: Option<Propagation>,
    /// In seconds.
    pub grace_period: Option<i64>,
    /// What the object to be deleted must be: its uid and its resource version.
    pub preconditions: (Option<String>, Option<String>),
}

const MAX_MANAGER: usize = 128;

impl Options {
    /// Reads what follows the question mark.
    ///
    /// # Errors
    ///
    /// 400 for values that are none, 422 for those that are not allowed.
    pub fn parse(query: &str, method: Method, is_apply: bool) -> Result<Self, Refusal> {
        let mut options = Self::default();
        let mut causes = Vec::new();
        let mut dry_runs: Vec<String> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            match &*name {
                "dryRun" => dry_runs.push(value),
                "fieldValidation" => match value.as_str() {
                    "" => {}
                    "Ignore" => options.validation = Validation::Ignore,
                    "Warn" => options.validation = Validation::Warn,
                    "Strict" => options.validation = Validation::Strict,
                    other => causes.push(unsupported(
                        "fieldValidation",
                        &format!("{other:?}"),
                        "\"\", \"Ignore\", \"Strict\", \"Warn\"",
                    )),
                },
                "fieldManager" => options.field_manager = value,
                "force" => options.force = Some(boolean(&value)),
                "labelSelector" => options.label_selector = value,
                "fieldSelector" => options.field_selector = value,
                "limit" => options.limit = number(&value)?,
                "continue" => options.continue_token = value,
                "resourceVersion" => options.resource_version = value,
                "resourceVersionMatch" => options.resource_version_match = value,
                "watch" => options.watch = boolean(&value),
                "allowWatchBookmarks" => options.allow_watch_bookmarks = boolean(&value),
                "sendInitialEvents" => options.send_initial_events = Some(boolean(&value)),
                "timeoutSeconds" => options.timeout = number(&value)?.map(|n| n as u64),
                "propagationPolicy" => options.propagation = propagation(&value, &mut causes),
                "gracePeriodSeconds" => options.grace_period = value.parse().ok(),
                "orphanDependents" if boolean(&value) => {
                    options.propagation = Some(Propagation::Orphan);
                }
                _ => {}
            }
        }
        options.read_dry_run(&dry_runs, &mut causes);
        options.validate_manager(is_apply, &mut causes);
        refuse(causes, method)?;
        Ok(options)
    }

    /// Reads the options that a deletion sends as its body.
    ///
    /// # Errors
    ///
    /// 422 for those that are not allowed.
    pub fn with_body(mut self, body: &Value) -> Result<Self, Refusal> {
        let mut causes = Vec::new();
        let text = |path: &str| body.pointer(path).and_then(Value::as_str).map(str::to_owned);
        if let Some(policy) = text("/propagationPolicy") {
            self.propagation = propagation(&policy, &mut causes);
        }
        match body.get("orphanDependents").and_then(Value::as_bool) {
            Some(true) => self.propagation = Some(Propagation::Orphan),
            Some(false) => self.propagation = Some(Propagation::Background),
            None => {}
        }
        if let Some(seconds) = body.get("gracePeriodSeconds").and_then(Value::as_i64) {
            self.grace_period = Some(seconds);
        }
        self.preconditions = (text("/preconditions/uid"), text("/preconditions/resourceVersion"));
        let dry_runs = body.get("dryRun").and_then(Value::as_array).into_iter().flatten();
        let dry_runs: Vec<String> =
            dry_runs.filter_map(|one| one.as_str().map(str::to_owned)).collect();
        self.read_dry_run(&dry_runs, &mut causes);
        refuse(causes, Method::Delete)?;
        Ok(self)
    }

    fn read_dry_run(&mut self, values: &[String], causes: &mut Vec<Cause>) {
        if values.iter().any(|value| value != "All") {
            let found = Value::from(values.to_vec()).to_string();
            causes.push(unsupported("dryRun", &found, "\"All\""));
        } else if !values.is_empty() {
            self.dry_run = DryRun::All;
        }
    }

    fn validate_manager(&self, is_apply: bool, causes: &mut Vec<Cause>) {
        let manager = &self.field_manager;
        let cause = if manager.len() > MAX_MANAGER {
            let message = format!("Too long: may not be more than {MAX_MANAGER} bytes");
            Some(Cause { reason: "FieldValueTooLong", message, field: "fieldManager".into() })
        } else if manager.chars().any(char::is_control) {
            let value = Value::from(manager.as_str());
            Some(Cause::invalid("fieldManager", &value, "should only contain printable characters"))
        } else if is_apply && manager.is_empty() {
            Some(Cause::required("fieldManager", "is required for apply patch"))
        } else {
            None
        };
        causes.extend(cause);
        if !is_apply && self.force.is_some() {
            causes.push(Cause::forbidden("force", "may not be specified for non-apply patch"));
        }
    }
}

fn unsupported(field: &str, found: &str, supported: &str) -> Cause {
    Cause {
        reason: "FieldValueNotSupported",
        message: format!("Unsupported value: {found}: supported values: {supported}"),
        field: field.to_owned(),
    }
}

fn refuse(causes: Vec<Cause>, method: Method) -> Result<(), Refusal> {
    if causes.is_empty() {
        return Ok(());
    }
    let kind = match method {
        Method::Get => "ListOptions",
        Method::Post => "CreateOptions",
        Method::Put => "UpdateOptions",
        Method::Patch => "PatchOptions",
        Method::Delete => "DeleteOptions",
    };
    let subject = Subject { group: "meta.k8s.io", resource: "", kind, name: "" };
    Err(Refusal::invalid(&subject, causes))
}

fn propagation(text: &str, causes: &mut Vec<Cause>) -> Option<Propagation> {
    match text {
        "Background" => Some(Propagation::Background),
        "Foreground" => Some(Propagation::Foreground),
        "Orphan" => Some(Propagation::Orphan),
        other => {
            let supported = "\"Background\", \"Foreground\", \"Orphan\", \"nil\"";
            causes.push(unsupported("propagationPolicy", &format!("{other:?}"), supported));
            None
        }
    }
}

/// Everything but these is true, as the server reads it.
fn boolean(text: &str) -> bool {
    !matches!(text.to_ascii_lowercase().as_str(), "false" | "0")
}

fn number(text: &str) -> Result<Option<usize>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<i64>() {
        Ok(number) => Ok(usize::try_from(number).ok().filter(|number| *number > 0)),
        Err(_) => {
            Err(Refusal::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax")))
        }
    }
}
