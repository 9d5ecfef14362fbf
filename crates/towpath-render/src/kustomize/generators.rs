//! Ties `generate/`, `replacement/` and `vars` to a kustomization: which files they may read, where their errors stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::accumulate::{Accumulated, Target};
use super::error::{Error, Place, Problem, Warning};
use super::fields::chain;
use super::generate::{self, Generator, hash};
use super::replacement;
use super::resource::Resource;
use super::set::Set;
use super::shape::text;
use super::shared::settle;
use super::vars;
use crate::{Origin, Touch};

impl Target<'_, '_, '_> {
    /// What a generator of that kind makes; `line` is where it is configured.
    pub(crate) fn make(
        &self,
        kind: &str,
        config: &Value,
        general: Option<&Value>,
        line: usize,
    ) -> Result<Resource, Problem> {
        let wrong = |error: generate::GenerateError| Problem::failed(kind, chain(&error));
        let generator = Generator::from_value(config).map_err(wrong)?;
        let general = general.map(generate::Options::from_value).transpose().map_err(wrong)?;
        let general = general.unwrap_or_default();
        let read = |path: &str| {
            self.folder
                .read(path)
                .map(std::borrow::Cow::into_owned)
                .map_err(|problem| problem.to_string())
        };
        let file = Arc::clone(&self.kustomization.file);
        let origin = Origin { file, line, touched: Vec::new() };
        let make = if kind == "SecretGenerator" { generate::secret } else { generate::config_map };
        make(&generator, &general, &read, origin).map_err(wrong)
    }

    /// Makes one entry of `replacements`, or those in the file that it names.
    pub(crate) fn replace(
        &self,
        set: &mut Set,
        value: &Value,
        touch: &Touch,
    ) -> Result<(), Problem> {
        let path = text(value, "path");
        let read;
        let value = if path.is_empty() {
            value
        } else {
            if value.get("source").is_some() || value.get("targets").is_some() {
                let why = "a path and a replacement of its own exclude one another";
                return Err(Problem::failed("replacement", why));
            }
            read = self.document(&path)?;
            &read
        };
        let failed = |error: replacement::ReplacementError| {
            Problem::failed(if path.is_empty() { "replacement" } else { &path }, chain(&error))
        };
        let replacements = replacement::parse(value).map_err(failed)?;
        replacement::apply(set.list_mut(), &replacements, self.context.schema(), Some(touch))
            .map_err(failed)?;
        for resource in set.inner_mut().iter_mut().filter(|resource| !resource.shared.is_empty()) {
            settle(resource);
        }
        Ok(())
    }

    /// The first document of a file.
    pub(crate) fn document(&self, path: &str) -> Result<Value, Problem> {
        let text = self.text(path)?;
        let documents = towpath_yaml::parse(text.as_bytes())
            .map_err(|error| Problem::Yaml(format!("{path}:{}: {}", error.line(), error.kind())))?;
        Ok(documents.first().map_or(Value::Null, |document| document.root.to_json()))
    }
}

/// Puts the hash of its content behind the name of each object that is still to get it.
pub(crate) fn add_hashes(set: &mut Set, touch: &Touch) -> Result<(), Problem> {
    if set.iter().all(|resource| !resource.needs_hash) {
        return Ok(());
    }
    for resource in set.list_mut().iter_mut().filter(|resource| resource.needs_hash) {
        let id = resource.identity();
        let Some(hash) = hash::of(&resource.value) else {
            return Err(Problem::failed(id.to_string(), "its kind has no hash"));
        };
        resource.remember();
        if let Some(name) = resource.value.pointer_mut("/metadata/name") {
            *name = Value::String(format!("{}-{hash}", id.name));
        }
        resource.touch(touch);
    }
    Ok(())
}

/// Puts the values of variables where they are used.
pub(crate) fn expand(target: &Target<'_, '_, '_>, all: &mut Accumulated) -> Result<(), Error> {
    let mut values = BTreeMap::new();
    for (item, var) in &all.vars {
        let owner = all.set.iter().find(|resource| resource.variables.contains(&var.name));
        let value = vars::value(var, owner)
            .map_err(|error| target.at(item)(Problem::failed(&*item.field, chain(&error))))?;
        values.insert(var.name.clone(), value);
    }
    if values.is_empty() {
        return Ok(());
    }
    let place = Place::file(&target.kustomization.file);
    let unused = vars::expand(all.set.list_mut(), &values, &all.config.var_reference)
        .map_err(|error| Problem::failed("vars", chain(&error)).at(place))?;
    for resource in all.set.inner_mut().iter_mut().filter(|resource| !resource.shared.is_empty()) {
        settle(resource);
    }
    for (item, var) in all.vars.iter().filter(|(_, var)| unused.contains(&var.name)) {
        let message = format!("variable `{}` is used nowhere", var.name);
        let place = target.kustomization.place(item);
        target.context.warnings.borrow_mut().push(Warning { place, message });
    }
    Ok(())
}
