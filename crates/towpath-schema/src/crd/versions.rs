//! Versions that come, go, are served, stored or deprecated.

use serde_json::Value;

use super::found::{Finding, Found};
use super::{
    Definition, Effect, Example, Place, Rule, RuleId, Version, columns, names, subresources,
};

pub(super) const ADDED: Rule = Rule {
    id: "crd-version-added",
    place: Place::Definition,
    title: "A version is new",
    why: "Objects can be read and written in it. How it differs from the others is told by `served-versions-differ`.",
    found: Example {
        before: "versions: [{name: v1, served: true, storage: true}]\n",
        after: "versions: [{name: v1, served: true, storage: true}, {name: v2, served: true, storage: false}]\n",
    },
    effect: Effect::Loosening,
    passes: Example {
        before: "versions: [{name: v1, served: true, storage: true}]\n",
        after: "versions: [{name: v1, served: true, storage: true, deprecated: true}]\n",
    },
};

pub(super) const REMOVED: Rule = Rule {
    id: "crd-version-removed",
    place: Place::Definition,
    title: "A version is gone",
    why: "\
Manifests and clients that name it fail: the API server knows no such kind. A version that was not served is missed by
nobody, unless objects are stored in it.",
    found: Example {
        before: "versions: [{name: v1, served: true, storage: true}, {name: v1beta1, served: true, storage: false}]\n",
        after: "versions: [{name: v1, served: true, storage: true}]\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "versions: [{name: v1, served: true, storage: true}, {name: v1beta1, served: true, storage: false}]\n",
        after: "versions: [{name: v1, served: true, storage: true}, {name: v1beta1, served: false, storage: false}]\n",
    },
};

pub(super) const SERVED: Rule = Rule {
    id: "crd-version-served",
    place: Place::Version,
    title: "A version is no longer served, or served again",
    why: "\
Manifests and clients that name a version which is not served fail: the API server knows no such kind. It can be switched
on again, unlike a version that is gone.",
    found: Example {
        before: "served: true\nstorage: true\n",
        after: "served: false\nstorage: true\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "served: true\nstorage: true\n",
        after: "served: true\nstorage: true\ndeprecated: true\n",
    },
};

pub(super) const STORAGE: Rule = Rule {
    id: "crd-storage-version",
    place: Place::Definition,
    title: "Objects are stored in another version",
    why: "\
No object is rejected. Those that are written from now on are converted to the new version, and what that one cannot
express is lost; those that lie in etcd stay as they are until somebody writes them.",
    found: Example {
        before: "versions: [{name: v1, served: true, storage: false}, {name: v1beta1, served: true, storage: true}]\n",
        after: "versions: [{name: v1, served: true, storage: true}, {name: v1beta1, served: true, storage: false}]\n",
    },
    effect: Effect::Neutral,
    passes: Example {
        before: "versions: [{name: v1, served: true, storage: true}, {name: v1beta1, served: true, storage: false}]\n",
        after: "versions: [{name: v1, served: true, storage: true}, {name: v1beta1, served: false, storage: false}]\n",
    },
};

pub(super) const STORED_REMOVED: Rule = Rule {
    id: "crd-stored-version-removed",
    place: Place::Definition,
    title: "A version is gone in which objects may be stored",
    why: "\
The API server refuses the change as long as `status.storedVersions` names the version. Objects have to be written in another
version first, and the name taken out of the status.",
    found: Example {
        before: "versions: [{name: v1, served: true, storage: false}, {name: v1beta1, served: true, storage: true}]\n",
        after: "versions: [{name: v1, served: true, storage: true}]\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "versions: [{name: v1, served: true, storage: true}, {name: v1beta1, served: true, storage: false}]\n",
        after: "versions: [{name: v1, served: true, storage: true}]\n",
    },
};

pub(super) const DEPRECATED: Rule = Rule {
    id: "crd-deprecated-version",
    place: Place::Version,
    title: "A version is deprecated, or no longer, or with another warning",
    why: "\
Requests work and are answered with a warning. A deprecated version is what a later release removes.",
    found: Example {
        before: "served: true\nstorage: true\n",
        after: "served: true\nstorage: true\ndeprecated: true\n",
    },
    effect: Effect::Neutral,
    passes: Example {
        before: "served: true\nstorage: true\n",
        after: "served: true\nstorage: true\ndeprecated: false\n",
    },
};

/// What concerns the list of versions.
pub(super) fn compare(old: &Definition, new: &Definition, found: &mut Found) {
    let gone = |name: &str| new.version(name).is_none();
    let mut add = |rule, effect, path: &str, version: &str, message: String| {
        let (was, is) = (None, None);
        let finding = Finding { rule, effect, path, was, is, message };
        found.add_for(finding, vec![version.to_owned()]);
    };
    for version in old.versions.iter().filter(|version| gone(&version.name)) {
        let (effect, was) = match version.served {
            true => (Effect::Tightening, "served"),
            false => (Effect::Neutral, "not served"),
        };
        let message = format!("version {} is gone; it was {was}", version.name);
        add(RuleId::VersionRemoved, effect, "spec.versions", &version.name, message);
    }
    for version in new.versions.iter().filter(|version| old.version(&version.name).is_none()) {
        let (effect, is) = match version.served {
            true => (Effect::Loosening, "served"),
            false => (Effect::Neutral, "not served"),
        };
        let message = format!("version {} is new and {is}", version.name);
        add(RuleId::VersionAdded, effect, "spec.versions", &version.name, message);
    }
    let stored = |version: &Version| version.storage || old.stored.contains(&version.name);
    let listed = old.versions.iter().filter(|version| stored(version)).map(|version| &version.name);
    let unlisted = old.stored.iter().filter(|name| old.version(name).is_none());
    for name in listed.chain(unlisted).filter(|name| gone(name)) {
        let message = format!("objects may be stored as {name}, which is gone");
        let path = "status.storedVersions";
        add(RuleId::StoredVersionRemoved, Effect::Tightening, path, name, message);
    }
    compare_storage(old, new, found);
}

fn compare_storage(old: &Definition, new: &Definition, found: &mut Found) {
    let storage = |definition: &'_ Definition| {
        let version = definition.versions.iter().find(|version| version.storage);
        version.map(|version| version.name.clone())
    };
    let (was, is) = (storage(old), storage(new));
    if was == is {
        return;
    }
    let text = |name: &Option<String>| name.clone().unwrap_or_else(|| "no version".to_owned());
    let message = format!("objects were stored as {} and are as {}", text(&was), text(&is));
    let versions = [&was, &is].into_iter().flatten().cloned().collect();
    let (was, is) = (was.map(Value::from), is.map(Value::from));
    let (rule, effect) = (RuleId::StorageVersion, Effect::Neutral);
    let (path, was, is) = ("spec.versions[].storage", was.as_ref(), is.as_ref());
    found.add_for(Finding { rule, effect, path, was, is, message }, versions);
}

/// Fields of a version that a rule answers for, besides name, served, storage and schema.
const KNOWN: [&str; 5] = [
    "deprecated",
    "deprecationWarning",
    "subresources",
    "additionalPrinterColumns",
    "selectableFields",
];

/// What concerns one version that both definitions have, its schema aside.
pub(super) fn compare_one(old: &Version, new: &Version, found: &mut Found) {
    if old.served != new.served {
        let (effect, message) = match new.served {
            true => (Effect::Loosening, "the version is served"),
            false => (Effect::Tightening, "the version is no longer served"),
        };
        let (was, is) = (Value::from(old.served), Value::from(new.served));
        let (was, is) = (Some(&was), Some(&is));
        let (rule, path) = (RuleId::VersionServed, "spec.versions[].served");
        let message = message.to_owned();
        found.add(Finding { rule, effect, path, was, is, message });
    }
    deprecated(old, new, found);
    subresources::compare(old, new, found);
    columns::compare(old, new, found);
    let added = new.rest.keys().filter(|field| !old.rest.contains_key(*field));
    for field in old.rest.keys().chain(added).filter(|field| !KNOWN.contains(&field.as_str())) {
        let path = format!("spec.versions[].{field}");
        names::unknown(&path, old.rest.get(field), new.rest.get(field), found);
    }
}

fn deprecated(old: &Version, new: &Version, found: &mut Found) {
    let on = |version: &Version| version.rest.get("deprecated") == Some(&Value::Bool(true));
    let warning = |version: &'_ Version| version.rest.get("deprecationWarning").cloned();
    let (field, message) = match (on(old), on(new)) {
        (false, true) => ("deprecated", "the version is deprecated"),
        (true, false) => ("deprecated", "the version is no longer deprecated"),
        _ if warning(old) != warning(new) => ("deprecationWarning", "the warning changed"),
        _ => return,
    };
    let (was, is) = (old.rest.get(field), new.rest.get(field));
    let path = format!("spec.versions[].{field}");
    let (rule, effect, message) = (RuleId::DeprecatedVersion, Effect::Neutral, message.to_owned());
    found.add(Finding { rule, effect, path: &path, was, is, message });
}
