//! What every write does: what is accepted, whose the fields are, and the change that comes of it.

use std::sync::Arc;

use serde_json::Value;
use towpath_schema::builtin;
use towpath_schema::crd::schema::{Fault, Ratchet, Report, Violation};

use super::Call;
use crate::access::escalation::{self, Written};
use crate::access::{Attributes, Objects};
use crate::custom::DEFINITIONS;
use crate::decision::{Decision, Reply, Told};
use crate::refusal::{Cause, Refusal};
use crate::request::DryRun;
use crate::store::{Change, Draft, Expected, Stored, What};
use crate::{admission, fields, object, strategy};

impl Call<'_> {
    /// Whether the user may create what a patch finds missing.
    pub(super) fn may_create(&self) -> Result<(), Refusal> {
        let objects = Objects {
            group: &self.resource.group,
            resource: &self.resource.plural,
            namespace: self.namespace(),
            name: self.name().into(),
            ..Objects::default()
        };
        let asked = Attributes::objects("create", objects);
        let verdict = self.machine.policy().judge(&self.user, &asked);
        if verdict.is_allowed {
            return Ok(());
        }
        Err(Refusal::forbidden(&self.subject(self.name()), &verdict.reason))
    }

    /// Whether the user has the rights that a role or a binding hands on.
    pub(super) fn hands_on_no_more(&self, old: Option<&Value>, new: &Value) -> Result<(), Refusal> {
        let written = Written {
            user: &self.user,
            resource: &self.resource,
            namespace: self.namespace(),
            name: self.name(),
            old,
            new,
        };
        escalation::check(self.machine, &written)
    }

    /// Whether an object is accepted, in place of `old` or as a new one.
    pub(super) fn validate(&self, value: &Value, old: Option<&Value>) -> Result<(), Refusal> {
        let causes = match &self.resource.custom {
            Some(custom) => {
                let minor = self.machine.surface().catalog().minor();
                let is_namespaced = self.resource.is_namespaced();
                let mut causes = strategy::metadata_causes(minor, old, value, is_namespaced);
                let report = match old {
                    Some(old) => custom.schema.validate_update(value, old),
                    None => custom.schema.validate(value),
                };
                causes.extend(custom_causes(&report, value, old));
                causes
            }
            None => self.built_in_causes(value, old)?,
        };
        if causes.is_empty() {
            return Ok(());
        }
        Err(Refusal::invalid(&self.subject(object::name(value)), causes))
    }

    fn built_in_causes(&self, value: &Value, old: Option<&Value>) -> Result<Vec<Cause>, Refusal> {
        let catalog = self.machine.surface().catalog();
        let found = builtin::validate(catalog, value).unwrap_or_default().violations;
        let undecodable = found.iter().find(|one| matches!(one.fault, Fault::Type | Fault::Format));
        if let Some(violation) = undecodable {
            return Err(self.undecodable(violation));
        }
        let mut causes = strategy::causes(catalog, &self.resource.gvk(), old, value, &found);
        let more = admission::refusals(&self.resource, value, old);
        causes.retain(|cause| more.iter().all(|one| one.field != cause.field));
        causes.extend(more);
        if &*self.resource.id == DEFINITIONS {
            // What a definition says is judged by what is known of definitions, and nowhere else.
            causes.retain(|cause| cause.field.starts_with("metadata."));
            for cause in crate::custom::refusals(value, old) {
                if !causes.contains(&cause) {
                    causes.push(cause);
                }
            }
        }
        Ok(causes)
    }

    fn undecodable(&self, violation: &Violation) -> Refusal {
        Refusal::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}: {}",
            self.resource.kind, self.resource.version, self.resource.kind, violation.message
        ))
    }

    /// Notes whose the fields of an object are that was written whole.
    pub(super) fn own(&self, old: Option<&Value>, new: &mut Value) {
        let (manager, time) = (self.manager(), self.time());
        let (shape, writer) = (self.machine.shape(&self.resource), self.writer(&manager, &time));
        let Some(mut sent) = self.sent.clone() else {
            fields::update(old, new, &shape, &writer);
            return;
        };
        fields::update(old, &mut sent, &shape, &writer);
        let managed = object::metadata(&mut sent).shift_remove("managedFields");
        match managed {
            Some(managed) => object::metadata(new).insert("managedFields".into(), managed),
            None => object::metadata(new).shift_remove("managedFields"),
        };
    }

    pub(super) fn writer<'b>(&'b self, manager: &'b str, time: &'b str) -> fields::Writer<'b> {
        fields::Writer {
            manager,
            api_version: &self.resource.api_version,
            subresource: self.subresource.as_deref().unwrap_or_default(),
            time,
            ignored: self.ignored(),
        }
    }

    /// Fields that a write here leaves as they are.
    fn ignored(&self) -> &'static [&'static [&'static str]] {
        let has_status = self.resource.subresource("status").is_some();
        match self.subresource.as_deref() {
            None if has_status => &[&["status"]],
            Some("status") => &[&["spec"]],
            _ => &[],
        }
    }

    /// The change that puts an object in its place, unless it could not be read again: owners of its fields are noted
    /// deeper than the fields are.
    pub(super) fn change(&self, old: Option<&Stored>, mut value: Value) -> Result<Change, Refusal> {
        readable(&value)?;
        let resource = &self.resource;
        let key = self.key(object::name(&value));
        if resource.is_converted() && resource.custom.is_none() {
            strategy::convert(&mut value, &resource.gvk(), &resource.storage_gvk());
        }
        let expected = old.map_or(Expected::Absent, |old| Expected::Revision(old.revision));
        Ok(Change { key, expected, what: What::Put(Draft::of(&value, &resource.selectable)) })
    }

    /// Writes an object, or says what would be written.
    ///
    /// # Errors
    ///
    /// 400, if it is nested too deeply.
    pub(super) fn put(
        self,
        code: u16,
        old: Option<&Stored>,
        value: Value,
    ) -> Result<Decision, Refusal> {
        if self.options.dry_run == DryRun::All {
            readable(&value)?;
            return Ok(self.answer(self.render().value(code, value)));
        }
        let change = self.change(old, value)?;
        Ok(self.write(code, vec![change], Told::Object))
    }

    pub(super) fn write(self, code: u16, changes: Vec<Change>, what: Told) -> Decision {
        let reply = Reply {
            code,
            resource: Arc::clone(&self.resource),
            form: self.form,
            now: self.request.now,
            warnings: self.warnings,
            what,
        };
        Decision::Write { changes, reply }
    }
}

/// Whether an object can be read again when it is kept.
fn readable(value: &Value) -> Result<(), Refusal> {
    if object::is_within(value, object::DEEPEST) {
        return Ok(());
    }
    Err(Refusal::bad_request("exceeded max depth"))
}

/// What the server says of a custom resource. Rules in CEL are not evaluated on objects that are wrong in certain ways.
fn custom_causes(report: &Report, value: &Value, old: Option<&Value>) -> Vec<Cause> {
    let is_kept = |violation: &Violation| match (&violation.ratchet, old) {
        (Ratchet::Always, Some(_)) => true,
        (Ratchet::While(path), Some(old)) => value_at(old, path) == value_at(value, path),
        _ => false,
    };
    let counts = |violation: &&Violation| {
        !matches!(violation.fault, Fault::UnknownField | Fault::Apply) && !is_kept(violation)
    };
    let (rules, others): (Vec<&Violation>, Vec<&Violation>) = report
        .violations
        .iter()
        .filter(counts)
        .partition(|violation| violation.fault == Fault::Rule);
    let blocks = |fault| {
        matches!(
            fault,
            Fault::Type | Fault::Required | Fault::Enum | Fault::MaxLength | Fault::MaxItems
        )
    };
    let is_blocked = others.iter().any(|violation| blocks(violation.fault));
    let mut causes: Vec<Cause> = others.into_iter().map(Cause::from).collect();
    if is_blocked {
        let why = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
        causes.push(Cause::invalid("<nil>", &Value::Null, why));
    } else {
        causes.extend(rules.into_iter().map(Cause::from));
    }
    causes
}

/// The value at a path as violations write it: `spec.items[0].id`.
fn value_at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    let mut value = object;
    for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
        let step = step.trim_end_matches(']');
        value = match value {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            other => other.get(step)?,
        };
    }
    Some(value)
}
