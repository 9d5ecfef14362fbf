//! By which fields the items of a list are told apart: a port, because the answer is a schema's.

use std::borrow::Cow;

use super::Step;
use crate::Identity;
use crate::kustomize::patch::schema::{ListKeys, Schema};

/// What a schema knows of lists.
pub trait MergeKeys {
    /// The fields whose values tell the items of a list apart, as `["containerPort", "protocol"]`; `None` for a list
    /// whose items have no such fields, or of which nothing is known.
    ///
    /// `path` is the way from the object's top down to the list.
    fn keys(&self, identity: &Identity, path: &[Step]) -> Option<Cow<'_, [&str]>>;
}

/// Knows no list. Items are then told apart by `name`, `id` or `key` where every one has its own, else by their order.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoKeys;

impl MergeKeys for NoKeys {
    fn keys(&self, _: &Identity, _: &[Step]) -> Option<Cow<'_, [&str]>> {
        None
    }
}

impl MergeKeys for Schema {
    fn keys(&self, identity: &Identity, path: &[Step]) -> Option<Cow<'_, [&str]>> {
        let mut place = self.kind(&identity.api_version(), &identity.kind)?;
        for step in path {
            place = match step {
                Step::Key(name) => place.field(name)?,
                Step::Index { .. } | Step::Item(_) => place.items()?,
            };
        }
        match place.keys() {
            ListKeys::Fields(keys) => Some(keys),
            ListKeys::Whole | ListKeys::Values => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_schema_knows_lists_inside_of_lists() {
        let of = |api_version: &str, kind: &str, path: &[&str]| {
            let value = serde_json::json!({"apiVersion": api_version, "kind": kind});
            let step = |name: &&str| match *name {
                "[]" => Step::Index { old: Some(0), new: Some(0) },
                name => Step::Key(name.to_owned()),
            };
            let path: Vec<Step> = path.iter().map(step).collect();
            Schema::builtin().keys(&Identity::of(&value), &path).map(Cow::into_owned)
        };
        let containers = ["spec", "template", "spec", "containers"];
        assert_eq!(of("apps/v1", "Deployment", &containers), Some(vec!["name"]));
        let ports = [&containers[..], &["[]", "ports"]].concat();
        let by_port = of("apps/v1", "Deployment", &ports);
        assert_eq!(by_port, Some(vec!["containerPort", "protocol"]));
        assert_eq!(of("apps/v1", "Deployment", &[&containers[..], &["[]", "args"]].concat()), None);
        assert_eq!(of("example.com/v1", "Thing", &["spec", "list"]), None);
    }
}
