//! A write as admission is asked about it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Call;
use super::create::generate;
use crate::admission::{self, About, Ask, May, Operation, Outcome, Round};
use crate::deletion::NAMESPACES;
use crate::object;
use crate::refusal::Refusal;
use crate::request::{DryRun, Propagation, Validation};

impl Call<'_> {
    /// Adds to a new pod what the cluster adds to all of them.
    pub(super) fn furnish(&mut self, object: &mut Value) -> Result<(), Refusal> {
        if &*self.resource.id != "pods" || self.subresource.is_some() {
            return Ok(());
        }
        let sent = object.clone();
        let suffix = generate("", self.request.entropy.rotate_left(64));
        let admitted = admission::furnish_pod(self.machine, self.namespace(), object, &suffix);
        admitted.map_err(|why| self.forbidden(&sent, &why))?;
        self.complete_quietly(object)?;
        self.sent = Some(sent);
        Ok(())
    }

    /// Whether the LimitRanges of the namespace let an object ask for what it asks for.
    pub(super) fn within_limits(&self, object: &Value) -> Result<(), Refusal> {
        let id = &*self.resource.id;
        admission::within_limits(self.machine, self.namespace(), id, object)
            .map_err(|why| self.forbidden(object, &why))
    }

    fn forbidden(&self, object: &Value, why: &str) -> Refusal {
        let generated = object::text(object, &["metadata", "generateName"]).unwrap_or_default();
        let name = Some(object::name(object)).filter(|name| !name.is_empty());
        Refusal::forbidden(&self.subject(name.unwrap_or(generated)), why)
    }

    /// Lets webhooks change an object that is to be written. Gives whom to ask first, if that is not known yet.
    pub(super) fn mutate(
        &mut self,
        operation: Operation,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<Option<Vec<Ask>>, Refusal> {
        let configuration = self.machine.admission();
        if configuration.mutating().next().is_none() {
            return Ok(None);
        }
        let options = self.told_options(operation);
        let sent = object.clone();
        // Who is asked once more, because others changed what they had seen; and who would be.
        let (mut again, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for is_again in [false, true] {
            for (index, hook) in configuration.mutating().enumerate() {
                if is_again && !again.contains(&index) {
                    continue;
                }
                let about = self.about(operation, Some(object), old, &options);
                if about.is_exempt() {
                    return Ok(None);
                }
                match hook.call(&about, May::Change, self.round(is_again))? {
                    Outcome::Passes => continue,
                    Outcome::Warns(warnings) => self.warnings.extend(warnings),
                    Outcome::Ask(ask) => return Ok(Some(vec![ask])),
                    Outcome::Changes(warnings, mut changed) => {
                        self.warnings.extend(warnings);
                        self.complete_quietly(&mut changed)?;
                        if changed != *object {
                            *object = changed;
                            again.append(&mut seen);
                        }
                    }
                }
                if hook.is_reinvoked {
                    seen.insert(index);
                }
            }
            if again.is_empty() {
                break;
            }
        }
        if *object != sent {
            self.sent.get_or_insert(sent);
        }
        Ok(None)
    }

    /// Asks webhooks that may change objects about one that has nothing to change.
    pub(super) fn consult(
        &mut self,
        operation: Operation,
        old: Option<&Value>,
    ) -> Result<Option<Vec<Ask>>, Refusal> {
        let configuration = self.machine.admission();
        let options = self.told_options(operation);
        for hook in configuration.mutating() {
            let about = self.about(operation, None, old, &options);
            if about.is_exempt() {
                return Ok(None);
            }
            match hook.call(&about, May::Change, self.round(false))? {
                Outcome::Passes | Outcome::Changes(..) => {}
                Outcome::Warns(warnings) => self.warnings.extend(warnings),
                Outcome::Ask(ask) => return Ok(Some(vec![ask])),
            }
        }
        Ok(None)
    }

    /// Whether what judges requests lets a write pass, which has been found good by itself. Gives whom to ask first, if
    /// that is not known yet.
    pub(super) fn judge(
        &mut self,
        operation: Operation,
        object: Option<&Value>,
        old: Option<&Value>,
    ) -> Result<Option<Vec<Ask>>, Refusal> {
        let configuration = self.machine.admission();
        if configuration.is_empty() {
            return Ok(None);
        }
        let options = self.told_options(operation);
        let about = self.about(operation, object, old, &options);
        let mut warnings = admission::validate(&about)?;
        let mut asks = Vec::new();
        let mut refused = None;
        if !about.is_exempt() {
            for hook in configuration.validating() {
                match hook.call(&about, May::Judge, self.round(false)) {
                    Ok(Outcome::Passes | Outcome::Changes(..)) => {}
                    Ok(Outcome::Warns(more)) => warnings.extend(more),
                    Ok(Outcome::Ask(ask)) => asks.push(ask),
                    // All are asked, whatever the others say.
                    Err(refusal) => refused = refused.or(Some(refusal)),
                }
            }
        }
        if !asks.is_empty() {
            return Ok(Some(asks));
        }
        self.warnings.extend(warnings);
        refused.map_or(Ok(None), Err)
    }

    fn round(&self, is_again: bool) -> Round<'_> {
        Round { asked: self.asked, entropy: self.request.entropy, is_again }
    }

    /// Fills in what is not said of an object that a webhook changed.
    fn complete_quietly(&mut self, object: &mut Value) -> Result<(), Refusal> {
        let validation = std::mem::replace(&mut self.options.validation, Validation::Ignore);
        let completed = self.complete(object);
        self.options.validation = validation;
        completed
    }

    fn about<'b>(
        &'b self,
        operation: Operation,
        object: Option<&'b Value>,
        old: Option<&'b Value>,
        options: &'b Value,
    ) -> About<'b> {
        let name = match object {
            Some(object) if self.name.is_none() => object::name(object),
            _ => self.name(),
        };
        let is_namespace = &*self.resource.id == NAMESPACES;
        About {
            machine: self.machine,
            resource: &self.resource,
            subresource: self.subresource.as_deref().unwrap_or_default(),
            operation,
            namespace: if is_namespace { name } else { self.namespace() },
            name,
            object,
            old,
            options,
            user: &self.user,
            is_dry: self.options.dry_run == DryRun::All,
            now: self.request.now,
        }
    }

    /// The options of the request as an object of their own.
    fn told_options(&self, operation: Operation) -> Value {
        let options = &self.options;
        let mut told = Map::new();
        let kind = match operation {
            Operation::Create => "CreateOptions",
            Operation::Update => "UpdateOptions",
            Operation::Delete => "DeleteOptions",
        };
        told.insert("kind".into(), kind.into());
        told.insert("apiVersion".into(), "meta.k8s.io/v1".into());
        if options.dry_run == DryRun::All {
            told.insert("dryRun".into(), json!(["All"]));
        }
        if operation == Operation::Delete {
            if let Some(seconds) = options.grace_period {
                told.insert("gracePeriodSeconds".into(), seconds.into());
            }
            let policy = options.propagation.map(|propagation| match propagation {
                Propagation::Background => "Background",
                Propagation::Foreground => "Foreground",
                Propagation::Orphan => "Orphan",
            });
            told.extend(policy.map(|policy| ("propagationPolicy".to_owned(), policy.into())));
            return Value::Object(told);
        }
        if !options.field_manager.is_empty() {
            told.insert("fieldManager".into(), options.field_manager.clone().into());
        }
        let validation = match options.validation {
            Validation::Ignore => "Ignore",
            Validation::Warn => "Warn",
            Validation::Strict => "Strict",
        };
        told.insert("fieldValidation".into(), validation.into());
        Value::Object(told)
    }
}
