//! Revisions of StatefulSets and DaemonSets: what their template was, to go back to.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/history`.

use serde_json::{Value, json};

use super::desk::{Desk, MANAGER, Seen, hash, int, text};
use crate::deletion::How;
use crate::object;

pub(super) const REVISIONS: &str = "controllerrevisions.apps";
pub(super) const HASH: &str = "controller-revision-hash";

/// The revision of the template as it is now, made or renumbered if need be, and all others, the oldest first.
pub(super) fn settle<'m>(desk: &mut Desk<'m>, owner: &Seen<'m>) -> (String, Vec<Seen<'m>>) {
    let mut template = owner.value.pointer("/spec/template").cloned().unwrap_or_default();
    object::map(&mut template).insert("$patch".into(), "replace".into());
    let data = json!({"spec": {"template": template}});
    let mut all: Vec<Seen<'m>> =
        desk.owned(owner.uid(), REVISIONS).filter_map(|one| desk.open(REVISIONS, one)).collect();
    all.sort_by_key(|one| int(&one.value, &["revision"]));
    let newest = all.last().map_or(0, |one| int(&one.value, &["revision"]));
    if let Some(at) = all.iter().position(|one| one.value.get("data") == Some(&data)) {
        let found = all.remove(at);
        let name = found.name().to_owned();
        if int(&found.value, &["revision"]) < newest {
            let mut new = found.value.clone();
            object::map(&mut new).insert("revision".into(), (newest + 1).into());
            desk.exchange(&found, new, MANAGER);
        }
        return (name, all);
    }
    let hash = hash(&data);
    let name = format!("{}-{hash}", owner.name());
    let mut labels = owner.value.pointer("/spec/template/metadata/labels").cloned();
    object::map(labels.get_or_insert_with(|| json!({}))).insert(HASH.into(), hash.into());
    let mut annotations = owner.value.pointer("/metadata/annotations").cloned();
    let fields = object::map(annotations.get_or_insert_with(|| json!({})));
    fields.shift_remove("kubectl.kubernetes.io/last-applied-configuration");
    let revision = json!({
        "metadata": {
            "name": name,
            "namespace": owner.namespace(),
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [owner.controls()],
        },
        "data": data,
        "revision": newest + 1,
    });
    // A quota that forbids it is told of when pods are made.
    let _ = desk.create(REVISIONS, revision, MANAGER);
    (name, all)
}

/// The hash in the name of a revision, as labels of pods of a DaemonSet have it.
pub(super) fn hash_of(name: &str) -> &str {
    name.rsplit('-').next().unwrap_or(name)
}

/// The template that a revision holds, without what makes it a patch.
pub(super) fn template(revision: &Value) -> Value {
    let mut template = revision.pointer("/data/spec/template").cloned().unwrap_or_default();
    object::map(&mut template).shift_remove("$patch");
    template
}

/// Deletes revisions that nothing runs any more, beyond those that are kept.
pub(super) fn clean<'m>(
    desk: &mut Desk<'m>,
    owner: &Seen<'m>,
    others: &[Seen<'m>],
    live: impl Fn(&str) -> bool,
) {
    let limit = owner.value.pointer("/spec/revisionHistoryLimit").and_then(Value::as_i64);
    let Ok(limit) = usize::try_from(limit.unwrap_or(10)) else { return };
    let idle: Vec<&Seen<'m>> = others.iter().filter(|one| !live(one.name())).collect();
    for one in idle.iter().take(idle.len().saturating_sub(limit)) {
        desk.delete(one, How::default());
    }
}

/// The revision that a pod is of, as its label says.
pub(super) fn of(pod: &Value) -> &str {
    text(pod, &["metadata", "labels", HASH])
}
