//! A write as admission is asked about it.

use serde_json::{Map, Value, json};

use super::Call;
use crate::admission::{self, About, Operation};
use crate::deletion::NAMESPACES;
use crate::object;
use crate::refusal::Refusal;
use crate::request::{DryRun, Propagation, Validation};

impl Call<'_> {
    /// Whether what judges requests lets a write pass, which has been found good by itself.
    pub(super) fn judge(
        &mut self,
        operation: Operation,
        object: Option<&Value>,
        old: Option<&Value>,
    ) -> Result<(), Refusal> {
        if self.machine.admission().is_empty() {
            return Ok(());
        }
        let options = self.told_options(operation);
        let warnings = admission::validate(&self.about(operation, object, old, &options))?;
        self.warnings.extend(warnings);
        Ok(())
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
