//! Replacing and patching: an object as it was, an object as it is to be, and what may not change between them.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/registry/rest/update.go`, `pkg/endpoints/handlers/patch.go`.

use std::sync::Arc;

use serde_json::Value;

use super::{Call, decode, delete};
use crate::admission::Operation;
use crate::decision::Decision;
use crate::refusal::Refusal;
use crate::request::{Body, DryRun};
use crate::store::Stored;
use crate::{custom, deletion, fields, object, patch as patches, scale, strategy};

/// Replaces an object by what was sent.
pub(super) fn replace(mut call: Call<'_>) -> Result<Decision, Refusal> {
    if call.is_below("scale") {
        return scale_to(call, |call, _| decode::value(call.request.body, call.body));
    }
    let value = call.decode()?;
    if object::name(&value) != call.name() {
        let sent = object::name(&value);
        if sent.is_empty() {
            return Err(Refusal::bad_request("name must be provided"));
        }
        return Err(call.wrong_name(sent));
    }
    let stored = Arc::clone(call.stored()?);
    let old = call.value(&stored);
    call.exchange(&stored, &old, value, true)
}

/// Changes an object as a patch says.
pub(super) fn patch(mut call: Call<'_>) -> Result<Decision, Refusal> {
    if call.is_below("scale") {
        return scale_to(call, |call, scale| call.patched(scale));
    }
    if call.body == Body::Apply {
        return apply(call);
    }
    let stored = Arc::clone(call.stored()?);
    let old = call.value(&stored);
    let mut new = call.patched(&old)?;
    let sent = object::name(&new);
    if sent != call.name() {
        return Err(call.wrong_name(sent));
    }
    new = call.admit_kind(new)?;
    call.exchange(&stored, &old, new, true)
}

/// Server-side apply: creates what is not there.
fn apply(mut call: Call<'_>) -> Result<Decision, Refusal> {
    let mut config = decode::value(call.request.body, call.body)?;
    if config.pointer("/metadata/managedFields").is_some() {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    let sent = object::name(&config);
    if !sent.is_empty() && sent != call.name() {
        return Err(call.wrong_name(sent));
    }
    let name = call.name().to_owned();
    object::metadata(&mut config).insert("name".into(), name.into());
    call.place(&mut config)?;
    let stored = call.found().cloned();
    let old = stored.as_ref().map(|stored| call.value(stored));
    let (manager, time) = (call.manager(), call.time());
    let is_forced = call.options.force == Some(true);
    // What the applier sent is judged by itself: a field that no schema knows is told of once.
    let mut config = call.admit_sent(config)?;
    if config.get("status").is_some() && call.subresource.is_none() {
        // Of what has a subresource for it, a status is not applied along with the rest.
        if call.resource.subresource("status").is_some() {
            object::map(&mut config).shift_remove("status");
        }
    }
    let shape = call.machine.shape(&call.resource);
    let new =
        fields::apply(old.as_ref(), &config, &shape, &call.writer(&manager, &time), is_forced)?;
    match (stored, old) {
        (Some(stored), Some(old)) => {
            let mut new = new;
            call.complete(&mut new)?;
            call.exchange(&stored, &old, new, false)
        }
        _ if call.subresource.is_some() => Err(Refusal::not_found(&call.subject(call.name()))),
        _ => {
            call.may_create()?;
            let mut new = new;
            call.complete(&mut new)?;
            call.is_applied = true;
            call.insert(new)
        }
    }
}

impl Call<'_> {
    /// What a patch makes of a value.
    fn patched(&self, value: &Value) -> Result<Value, Refusal> {
        let patch = decode::value(self.request.body, self.body)?;
        match self.body {
            Body::JsonPatch => patches::json(value, &patch),
            Body::MergePatch => Ok(patches::merge(value, &patch)),
            _ => patches::strategic(value, &patch, &self.machine.shape(&self.resource)),
        }
    }

    /// Puts an object in the place of another. `owns` is false where it is known already whose its fields are.
    fn exchange(
        mut self,
        stored: &Stored,
        old: &Value,
        mut new: Value,
        owns: bool,
    ) -> Result<Decision, Refusal> {
        self.place(&mut new)?;
        self.precondition(stored, &new)?;
        carry(old, &mut new);
        if let Some(asks) = self.mutate(Operation::Update, &mut new, Some(old))? {
            return Ok(Decision::Ask(asks));
        }
        let catalog = self.machine.surface().catalog();
        let below = self.subresource.as_deref();
        match &self.resource.custom {
            Some(version) => custom::prepare_update(version, old, &mut new, below),
            None => {
                strategy::prepare_update(catalog, &self.resource.gvk(), old, &mut new, below);
            }
        }
        if &*self.resource.id == "services" {
            crate::addresses::allocate(self.machine.state(), self.request.entropy, &mut new);
        }
        self.hands_on_no_more(Some(old), &new)?;
        self.validate(&new, Some(old))?;
        if &*self.resource.id == "persistentvolumeclaims" && self.subresource.is_none() {
            self.within_limits(&new)?;
        }
        if let Some(asks) = self.judge(Operation::Update, Some(&new), Some(old))? {
            return Ok(Decision::Ask(asks));
        }
        if &*self.resource.id == custom::DEFINITIONS {
            custom::establish(self.machine, &mut new, &self.time());
        }
        if owns {
            self.own(Some(old), &mut new);
        }
        self.warnings.dedup();
        if new == *old {
            return Ok(self.answer(self.render().stored(200, stored)));
        }
        if deletion::is_let_go(&self.resource, &new) && self.options.dry_run == DryRun::No {
            return Ok(delete::finish(self, stored, new));
        }
        self.put(200, Some(stored), new)
    }

    /// Whether the object that is sent is meant for the one that is there.
    fn precondition(&self, stored: &Stored, new: &Value) -> Result<(), Refusal> {
        let sent =
            |field: &str| object::text(new, &["metadata", field]).filter(|text| !text.is_empty());
        if let Some(uid) = sent("uid")
            && *uid != *stored.head.uid
        {
            return Err(Refusal::conflict(
                &self.subject(self.name()),
                &format!(
                    "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                    stored.head.uid
                ),
            ));
        }
        match sent("resourceVersion") {
            Some(version) if version != stored.revision.to_string() => {
                Err(Refusal::modified(&self.subject(self.name())))
            }
            _ => Ok(()),
        }
    }

    /// Drops what no schema knows from what an applier sent, without filling in anything.
    fn admit_sent(&mut self, config: Value) -> Result<Value, Refusal> {
        let resource = Arc::clone(&self.resource);
        let text = |name: &str| config.get(name).and_then(Value::as_str).unwrap_or_default();
        let (version, kind) = (text("apiVersion"), text("kind"));
        if version.is_empty() || kind.is_empty() {
            return Err(Refusal::bad_request(format!(
                "invalid object type: {}, Kind={kind}",
                if version.is_empty() { "/" } else { version }
            )));
        }
        if *version != *resource.api_version || *kind != *resource.kind {
            return Err(Refusal::bad_request(format!(
                "{kind} in version {:?} cannot be handled as a {}: the patch is of {version}, Kind={kind}",
                resource.version, resource.kind
            )));
        }
        Ok(config)
    }
}

/// What a writer cannot change is as it was, whatever was sent.
fn carry(old: &Value, new: &mut Value) {
    let metadata = object::metadata(new);
    for field in [
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        match old.pointer("/metadata").and_then(|old| old.get(field)) {
            Some(value) => {
                metadata.insert(field.into(), value.clone());
            }
            None => {
                metadata.shift_remove(field);
            }
        }
    }
    metadata.shift_remove("selfLink");
    if let Some(generated) = old.pointer("/metadata/generateName") {
        metadata.entry("generateName").or_insert_with(|| generated.clone());
    }
}

/// Writes the scale of an object, and with it the object.
fn scale_to(
    mut call: Call<'_>,
    scale: impl Fn(&Call<'_>, &Value) -> Result<Value, Refusal>,
) -> Result<Decision, Refusal> {
    let stored = Arc::clone(call.stored()?);
    let old = call.value(&stored);
    let before = scale::of(&call.resource, &old);
    let wanted = scale(&call, &before)?;
    let mut new = old.clone();
    scale::set(&call.resource, &mut new, &wanted, call.name())?;
    if let Some(version) = object::text(&wanted, &["metadata", "resourceVersion"])
        && !version.is_empty()
    {
        let version = version.to_owned();
        object::metadata(&mut new).insert("resourceVersion".into(), version.into());
    }
    call.precondition(&stored, &new)?;
    carry(&old, &mut new);
    let catalog = call.machine.surface().catalog();
    match &call.resource.custom {
        Some(version) => custom::prepare_update(version, &old, &mut new, None),
        None => strategy::prepare_update(catalog, &call.resource.gvk(), &old, &mut new, None),
    }
    call.validate(&new, Some(&old))?;
    let shown = scale::of(&call.resource, &new);
    if let Some(asks) = call.judge(Operation::Update, Some(&shown), Some(&before))? {
        return Ok(Decision::Ask(asks));
    }
    call.own(Some(&old), &mut new);
    if new == old || call.options.dry_run == DryRun::All {
        return Ok(call.answer(call.render().value(200, shown)));
    }
    let change = call.change(Some(&stored), new)?;
    Ok(call.write(200, vec![change], crate::decision::Told::Scale))
}
