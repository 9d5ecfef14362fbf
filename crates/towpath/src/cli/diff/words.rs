//! What the forms of a difference share: values on one line, where a change is, how many there are.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;
use towpath_render::Identity;
use towpath_render::compare::{
    Change, Counts, FieldChange, Group, Groups, Item, Kind, Masked, Path, Step, What,
};

use super::super::words::{count, list};

/// Names that are listed before the rest is only counted.
const MOST_NAMES: usize = 5;

/// What stands for a secret.
pub(super) const SECRET: &str = "(secret)";

/// A value on one line: as YAML in flow style.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => towpath_yaml::quote(text).into_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{}: {}", towpath_yaml::quote(key), inline(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// A value on one line, or what stands for a secret. A text is without quotes where it can be nothing else.
pub(super) fn shown(value: &Masked) -> String {
    match value.value() {
        None => SECRET.to_owned(),
        Some(Value::String(text)) if can_only_be(text) => text.clone(),
        Some(value) => inline(value),
    }
}

/// Whether a text on a line of its own is read as just that text, and has no arrow that could be taken for ours.
fn can_only_be(text: &str) -> bool {
    let read = towpath_yaml::parse(text.as_bytes());
    let same = read.is_ok_and(|all| matches!(&all[..], [one] if one.root.as_str() == Some(text)));
    same && !text.contains(" -> ") && !text.contains('\n')
}

/// A field that one side has: what is to be said of it on the line of its path, and on lines below. The fields that
/// tell an item of a list apart are said by the path already.
pub(super) fn one_side(
    path: &Path,
    value: &Masked,
    width: usize,
) -> (Option<String>, Option<String>) {
    let Some(whole) = value.value() else { return (Some(SECRET.to_owned()), None) };
    let rest = match (path.0.last(), whole) {
        (Some(Step::Item(item)), Value::Object(fields)) => {
            let mut fields = fields.clone();
            item.0.iter().for_each(|(key, _)| {
                fields.shift_remove(key);
            });
            if fields.is_empty() {
                return (None, None);
            }
            Cow::Owned(Value::Object(fields))
        }
        _ => Cow::Borrowed(whole),
    };
    match rest.as_ref() {
        Value::String(text) if text.contains('\n') => (None, Some(text.clone())),
        Value::String(text) if can_only_be(text) => (Some(text.clone()), None),
        Value::Object(_) | Value::Array(_) if inline(&rest).len() > width => {
            (None, Some(towpath_yaml::write(&rest)))
        }
        rest => (Some(inline(rest)), None),
    }
}

/// Both texts, where at least one has several lines: they are told line by line.
pub(super) fn texts<'m>(old: &'m Masked, new: &'m Masked) -> Option<(&'m str, &'m str)> {
    let (old, new) = (old.value()?.as_str()?, new.value()?.as_str()?);
    (old.contains('\n') || new.contains('\n')).then_some((old, new))
}

/// An object without what its name says already, as YAML.
pub(super) fn body(object: &Masked) -> String {
    let Some(Value::Object(fields)) = object.value() else { return String::new() };
    let mut fields = fields.clone();
    fields.shift_remove("apiVersion");
    fields.shift_remove("kind");
    if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
        metadata.shift_remove("name");
        metadata.shift_remove("namespace");
        if metadata.is_empty() {
            fields.shift_remove("metadata");
        }
    }
    if fields.is_empty() { String::new() } else { towpath_yaml::write(&Value::Object(fields)) }
}

/// `Deployment web/web`, with the group where it is not obvious from the kind being a built-in one.
pub(super) fn name(identity: &Identity) -> String {
    if identity.group.contains('.') && !identity.group.ends_with(".k8s.io") {
        let Identity { group, kind, .. } = identity;
        let rest = identity.to_string();
        format!("{kind}.{group}{}", &rest[kind.len()..])
    } else {
        identity.to_string()
    }
}

/// `+`, `-` or `~`.
pub(super) fn sign(change: &Change) -> char {
    match change.kind {
        Kind::Added(_) => '+',
        Kind::Removed(_) => '-',
        Kind::Changed { .. } => '~',
    }
}

/// `1 added, 2 changed, 1 removed`, and how many only follow a new name.
pub(in crate::cli) fn counts(counts: Counts) -> String {
    let Counts { added, changed, removed, following } = counts;
    let mut text = format!("{added} added, {changed} changed, {removed} removed");
    match following {
        0 => {}
        1 => text.push_str("; 1 more only follows a new name"),
        more => {
            let _ = write!(text, "; {more} more only follow a new name");
        }
    }
    text
}

/// Where a group's changes are: `on all 500 clusters of production`; nothing where two folders are compared.
pub(super) fn places(group: &Group, groups: &Groups) -> Option<String> {
    let mut clusters: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut kustomizations = BTreeSet::new();
    for place in &group.places {
        clusters.entry(&place.environment).or_default().insert(&place.cluster);
        kustomizations.insert(place.kustomization.as_str());
    }
    // In the order of the summary, which is that of the path.
    let parts: Vec<String> = groups
        .summary
        .environments
        .iter()
        .filter_map(|all| Some((all, clusters.get(all.name.as_str())?)))
        .filter(|(all, names)| !all.name.is_empty() || !names.contains(""))
        .map(|(all, names)| of_environment(&all.name, names, all.clusters.len()))
        .collect();
    let only =
        kustomizations.iter().next().filter(|name| kustomizations.len() == 1 && !name.is_empty());
    match (parts.is_empty(), only) {
        (true, None) => None,
        (true, Some(only)) => Some(format!("in {only}")),
        (false, None) => Some(format!("on {}", list(&parts))),
        (false, Some(only)) => Some(format!("on {}, in {only}", list(&parts))),
    }
}

/// Names for a sentence; of many, the first and how many more.
pub(super) fn some<T: std::fmt::Display>(names: &[T]) -> String {
    let mut shown: Vec<String> = names.iter().take(MOST_NAMES).map(ToString::to_string).collect();
    if names.len() > MOST_NAMES {
        shown.push(format!("{} more", names.len() - MOST_NAMES));
    }
    list(&shown)
}

/// `production/eu`; where the environment is the cluster, its name once.
pub(super) fn cluster(environment: &str, name: &str) -> String {
    match (environment, name) {
        ("", one) | (one, "") => one.to_owned(),
        (environment, name) if environment == name => name.to_owned(),
        (environment, name) => format!("{environment}/{name}"),
    }
}

fn of_environment(environment: &str, names: &BTreeSet<&str>, all: usize) -> String {
    let of = if environment.is_empty() { String::new() } else { format!(" of {environment}") };
    match names.len() {
        1 => {
            let name = names.first().copied().unwrap_or_default();
            cluster(environment, name)
        }
        some if some == all => format!("all {some} clusters{of}"),
        some => {
            let names: Vec<&&str> = names.iter().collect();
            format!("{some} of {all} clusters{of} ({})", self::some(&names))
        }
    }
}

/// How much is said of a list's new order: `a, b -> b, a`.
pub(super) fn order(what: &What) -> Option<String> {
    let What::Reordered { old, new } = what else { return None };
    let names = |items: &[Item]| {
        let names: Vec<String> = items
            .iter()
            .map(|item| match item.0.as_slice() {
                [(_, value)] => inline(value),
                _ => item.to_string(),
            })
            .collect();
        names.join(", ")
    };
    Some(format!("{} -> {}", names(old), names(new)))
}

/// The fields that are told one by one, and what the others follow.
pub(super) fn told(fields: &[FieldChange]) -> (Vec<&FieldChange>, Option<String>) {
    let (following, told): (Vec<_>, Vec<_>) =
        fields.iter().partition(|field| field.follows.is_some());
    let of: BTreeSet<String> = following
        .iter()
        .filter_map(|f| f.follows.as_ref())
        .map(|to| format!("{} {}", to.kind, to.name))
        .collect();
    let of: Vec<String> = of.into_iter().collect();
    let follows = (!of.is_empty()).then(|| {
        format!("{} to the new name of {}", count(following.len(), "reference"), list(&of))
    });
    (told, follows)
}
