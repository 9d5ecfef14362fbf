//! Deleting one object or many; how an object goes is [`deletion`](crate::deletion)'s.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Call, decode};
use crate::admission::{Ask, Operation};
use crate::decision::{Answer, Decision, Told};
use crate::deletion::{self, How, Outcome};
use crate::refusal::Refusal;
use crate::request::{DryRun, View};
use crate::selector::Selector;
use crate::store::Stored;

/// Removes an object with the write that let it go, and answers with what was written.
pub(super) fn finish(call: Call<'_>, stored: &Stored, new: Value) -> Decision {
    let change = deletion::remove(call.key(call.name()), stored);
    let shown = match call.form.view {
        View::Whole => new,
        _ => crate::render::partial(&new),
    };
    call.write(200, vec![change], Told::Value(shown))
}

/// Deletes the object that the path names.
pub(super) fn delete(mut call: Call<'_>) -> Result<Decision, Refusal> {
    call.read_options()?;
    let stored = Arc::clone(call.stored()?);
    call.meant(&stored)?;
    if !call.machine.admission().is_empty() {
        let asks = call.let_go(&[Arc::clone(&stored)])?;
        if !asks.is_empty() {
            return Ok(Decision::Ask(asks));
        }
    }
    let is_dry = call.options.dry_run == DryRun::All;
    match call.outcome(&stored) {
        Outcome::Gone(change) => {
            let told = if tells_object(&call.resource.plural, &call.resource.group) {
                call.value(&stored)
            } else {
                success(&call, &stored)
            };
            if is_dry {
                return Ok(call.answer(Answer::value(200, &told, call.form.encoding)));
            }
            Ok(call.write(200, vec![change], Told::Value(told)))
        }
        Outcome::Marked(Some(change), _) if !is_dry => {
            Ok(call.write(200, vec![change], Told::Object))
        }
        Outcome::Marked(_, value) => Ok(call.answer(call.render().value(200, value))),
    }
}

/// Deletes all objects that match.
pub(super) fn collection(mut call: Call<'_>) -> Result<Decision, Refusal> {
    call.read_options()?;
    let options = &call.options;
    let selector =
        Selector::parse(&options.label_selector, &options.field_selector, &call.resource)?;
    let state = call.machine.state();
    let objects: Vec<Arc<Stored>> = state
        .list(&call.resource.id, call.namespace.as_deref())
        .filter(|object| selector.matches(object))
        .cloned()
        .collect();
    if !call.machine.admission().is_empty() {
        let asks = call.let_go(&objects)?;
        if !asks.is_empty() {
            return Ok(Decision::Ask(asks));
        }
    }
    let changes: Vec<_> =
        objects.iter().filter_map(|object| call.outcome(object).change()).collect();
    if changes.is_empty() || call.options.dry_run == DryRun::All {
        let list = call.render().list(&objects, state.revision(), None, None);
        return Ok(call.answer(list));
    }
    Ok(call.write(200, changes, Told::Removed(objects)))
}

impl Call<'_> {
    fn read_options(&mut self) -> Result<(), Refusal> {
        if !self.request.body.is_empty() {
            let body = decode::value(self.request.body, self.body)?;
            let options = std::mem::take(&mut self.options);
            self.options = options.with_body(&body)?;
        }
        Ok(())
    }

    /// Whether admission lets objects go; whom else it wants to ask.
    fn let_go(&mut self, objects: &[Arc<Stored>]) -> Result<Vec<Ask>, Refusal> {
        let mut asks = Vec::new();
        for object in objects {
            let old = self.value(object);
            match self.consult(Operation::Delete, Some(&old))? {
                Some(more) => asks.extend(more),
                None => {
                    asks.extend(
                        self.judge(Operation::Delete, None, Some(&old))?.into_iter().flatten(),
                    );
                }
            }
        }
        Ok(asks)
    }

    /// Whether the object that is there is the one that is meant.
    fn meant(&self, stored: &Stored) -> Result<(), Refusal> {
        let (uid, version) = &self.options.preconditions;
        let refuse = |what: &str, wanted: &str, found: &str| {
            Err(Refusal::conflict(
                &self.subject(self.name()),
                &format!(
                    "Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}"
                ),
            ))
        };
        if let Some(uid) = uid.as_deref().filter(|uid| **uid != *stored.head.uid) {
            return refuse("UID", uid, &stored.head.uid);
        }
        let found = stored.revision.to_string();
        if let Some(version) = version.as_deref().filter(|version| *version != found) {
            return refuse("ResourceVersion", version, &found);
        }
        Ok(())
    }

    fn outcome(&self, stored: &Stored) -> Outcome {
        let how = How { propagation: self.options.propagation, grace: self.options.grace_period };
        deletion::delete(&self.resource, stored, self.value(stored), how, self.request.now)
    }
}

/// Kinds whose objects are told once more when they go. Source of the contract: `ReturnDeletedObject` in
/// `kubernetes/kubernetes:pkg/registry`.
fn tells_object(plural: &str, group: &str) -> bool {
    matches!(
        (group, plural),
        (
            "",
            "persistentvolumeclaims"
                | "persistentvolumes"
                | "pods"
                | "podtemplates"
                | "resourcequotas"
                | "serviceaccounts"
                | "services"
        ) | ("storage.k8s.io", "csidrivers" | "csinodes" | "storageclasses" | "volumeattachments")
    )
}

fn success(call: &Call<'_>, stored: &Stored) -> Value {
    let mut details = serde_json::Map::new();
    details.insert("name".into(), (*stored.head.name).into());
    if !call.resource.group.is_empty() {
        details.insert("group".into(), (*call.resource.group).into());
    }
    details.insert("kind".into(), (*call.resource.plural).into());
    details.insert("uid".into(), (*stored.head.uid).into());
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    })
}
