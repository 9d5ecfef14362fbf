//! Goes through two schemas side by side and asks the rules about every keyword that differs.
//!
//! The rules of [`SCHEMA_RULES`] claim the keywords they answer for; what none claims is reported as
//! unknown. Fields that only one side has are left to `fields.rs`, and what stands below
//! `oneOf`, `anyOf`, `allOf` and `not` to `logic.rs`: there the direction of a change cannot be read off
//! a keyword.

use serde_json::{Map, Value};

use super::found::Found;
use super::{bounds, cel, enums, fields, lists, logic, path, strings, texts, types};

/// Two schemas of one place.
pub(super) struct Pair<'a> {
    pub(super) old: &'a Map<String, Value>,
    pub(super) new: &'a Map<String, Value>,
    pub(super) path: &'a str,
}

impl<'a> Pair<'a> {
    /// A keyword on both sides.
    pub(super) fn both(&self, keyword: &str) -> (Option<&'a Value>, Option<&'a Value>) {
        (self.old.get(keyword), self.new.get(keyword))
    }

    /// A flag on both sides; absent is false.
    pub(super) fn flags(&self, keyword: &str) -> (bool, bool) {
        (flag(self.old, keyword), flag(self.new, keyword))
    }
}

/// A flag of a schema; absent is false.
pub(super) fn flag(schema: &Map<String, Value>, keyword: &str) -> bool {
    schema.get(keyword) == Some(&Value::Bool(true))
}

/// A rule over keywords that belong together.
pub(super) struct SchemaRule {
    /// The keywords it answers for.
    pub(super) keywords: &'static [&'static str],
    /// Called once for a place at which one of them differs.
    pub(super) compare: fn(&Pair<'_>, &mut Found),
}

/// All of them.
pub(super) static SCHEMA_RULES: [&[SchemaRule]; 9] = [
    &types::RULES,
    &bounds::RULES,
    &enums::RULES,
    &strings::RULES,
    &fields::RULES,
    &lists::RULES,
    &logic::RULES,
    &cel::RULES,
    &texts::RULES,
];

pub(super) fn compare(old: &Map<String, Value>, new: &Map<String, Value>, found: &mut Found) {
    walk(&Pair { old, new, path: "." }, found);
}

fn walk(pair: &Pair<'_>, found: &mut Found) {
    if pair.old == pair.new {
        return;
    }
    let differs = |keyword: &str| {
        let (old, new) = pair.both(keyword);
        old != new
    };
    let rules = || SCHEMA_RULES.iter().copied().flatten();
    for rule in rules() {
        if rule.keywords.iter().any(|keyword| differs(keyword)) {
            (rule.compare)(pair, found);
        }
    }
    let added = pair.new.keys().filter(|keyword| !pair.old.contains_key(*keyword));
    for keyword in pair.old.keys().chain(added) {
        let known = rules().any(|rule| rule.keywords.contains(&keyword.as_str()));
        if !known && differs(keyword) {
            texts::unknown(pair, keyword, found);
        }
    }
    for (below, path) in children(pair) {
        walk(&Pair { path: &path, ..below }, found);
    }
}

/// The places below that both sides have.
fn children<'a>(pair: &Pair<'a>) -> Vec<(Pair<'a>, String)> {
    let mut children = Vec::new();
    let mut push = |old: Option<&'a Value>, new: Option<&'a Value>, path: String| {
        if let (Some(Value::Object(old)), Some(Value::Object(new))) = (old, new) {
            children.push((Pair { old, new, path: "" }, path));
        }
    };
    if let (Some(Value::Object(old)), Some(new)) = pair.both("properties") {
        for (name, old) in old {
            push(Some(old), new.get(name), path::field(pair.path, name));
        }
    }
    for (keyword, path) in
        [("items", path::item(pair.path)), ("additionalProperties", path::entry(pair.path))]
    {
        let (old, new) = pair.both(keyword);
        push(old, new, path);
    }
    children
}
