//! The schema of one version, ready to judge objects the way the API server does.
//!
//! [`Schema::of`] prepares a version; [`Schema::validate`] takes an object through what the API server
//! does in order: fields that no schema names are set aside, nulls that are not accepted are removed,
//! defaults are filled in, the rest is validated, and rules in CEL are evaluated. Nothing is looked up
//! anywhere, and what cannot be judged, or would take too long, is reported as not checked.
//!
//! Source of the contract: `kubernetes/apiextensions-apiserver:pkg/apiserver`,
//! `kubernetes/kube-openapi:pkg/validation/validate`; words as kube-apiserver 1.36 answers.
//!
//! Next: `prepare.rs`, `validate.rs`, `duplicates.rs`, `embedded.rs`, `validations.rs`, and `words.rs` for
//! what is said.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;
use serde_json::{Map, Value};

use super::cel::X_VALIDATIONS;
use super::definition::values;
use super::fields::X_PRESERVE;
use super::formats::{self, Format};
use super::patterns::Patterns;
use super::validations::{self, Validation};
use super::walk::flag;
use super::{Definition, Version, definition, duplicates, embedded, prepare, validate};

pub use super::validations::{MAX_OBJECT_STEPS, MAX_RULE_STEPS};
pub use super::words::{Fault, Ratchet, Violation};

/// How deep an object may be nested; readers of JSON stop here as well.
pub const MAX_OBJECT_DEPTH: usize = 128;

/// How many steps one object may take: each is one value looked at by one schema, or one value compared.
/// An object of 1.5 MB, the most that etcd takes, needs fewer than a million with any schema that people write.
pub const MAX_STEPS: usize = 5_000_000;

/// How many violations of one object are listed.
pub const MAX_VIOLATIONS: usize = 100;

/// The schema of one version.
#[derive(Debug)]
pub struct Schema {
    pub(super) root: Node,
    /// Whether unknown fields are kept everywhere.
    pub(super) preserve: bool,
}

/// What is said of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What the API server would refuse, or drop.
    pub violations: Vec<Violation>,
    /// What was not checked.
    pub not_checked: Vec<NotChecked>,
}

/// Something of an object that was not checked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotChecked {
    /// Where in the object.
    pub path: String,
    /// What: a rule in CEL by its message or expression, with the reason; a pattern, or a limit.
    pub what: String,
}

impl Schema {
    /// Prepares the schema of a version of a definition.
    #[must_use]
    pub fn of(definition: &Definition, version: &Version) -> Schema {
        let preserve = flag(&definition.spec, "preserveUnknownFields") || version.schema.is_empty();
        let mut root = node(&version.schema, &mut Patterns::default());
        // Kind, version and metadata are known to every object, whatever its schema says.
        root.is_resource = true;
        Schema { root, preserve }
    }

    /// Takes an object through what the API server does before it judges it: fields that no schema names are dropped,
    /// nulls that are not accepted removed, defaults filled in. The paths of what was dropped.
    pub fn prepare(&self, object: &mut Value) -> Vec<String> {
        if !definition::within_depth(object, MAX_OBJECT_DEPTH) {
            return Vec::new();
        }
        let mut run = Run::default();
        prepare::prepare(self, object, &mut run);
        let unknown = run.found.into_iter().filter(|found| found.fault == Fault::UnknownField);
        unknown.map(|found| found.path).collect()
    }

    /// What the API server would say of an object that is created.
    #[must_use]
    pub fn validate(&self, object: &Value) -> Report {
        self.judge(object, None)
    }

    /// What it would say of an object that replaces another one: the same, and what rules in CEL say that look
    /// at the old value. Which faults are let pass because the old object has them is left to
    /// [`Violation::ratchet`].
    #[must_use]
    pub fn validate_update(&self, object: &Value, old: &Value) -> Report {
        self.judge(object, Some(old))
    }

    fn judge(&self, object: &Value, old: Option<&Value>) -> Report {
        let mut run = Run::default();
        let is_deep = |object| !definition::within_depth(object, MAX_OBJECT_DEPTH);
        if is_deep(object) || old.is_some_and(is_deep) {
            let what = format!("an object nested deeper than {MAX_OBJECT_DEPTH} levels");
            run.skip(String::new(), what);
            return run.into_report();
        }
        let mut object = object.clone();
        prepare::prepare(self, &mut object, &mut run);
        validate::validate(&self.root, &object, &mut run);
        embedded::validate(&self.root, &object, &mut run);
        duplicates::validate(&self.root, &object, &mut run);
        let old = old.filter(|_| self.root.has_rules).map(|old| self.as_read(old));
        validations::validate(&self.root, &object, old.as_ref(), &mut run);
        run.into_report()
    }

    /// An object that exists, as it is read: pruned, and with its defaults.
    fn as_read(&self, object: &Value) -> Value {
        let mut object = object.clone();
        prepare::prepare(self, &mut object, &mut Run::default());
        object
    }
}

/// The validation of one object: what it found and what it may still spend.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) found: Vec<Violation>,
    not_checked: Vec<NotChecked>,
    steps: usize,
    is_spent: bool,
    skips: usize,
}

impl Default for Run {
    fn default() -> Self {
        Run {
            found: Vec::new(),
            not_checked: Vec::new(),
            steps: MAX_STEPS,
            is_spent: false,
            skips: 0,
        }
    }
}

impl Run {
    /// Spends steps, or says no. After the first no the rest of the object is not looked at, and the
    /// report says so.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        if !self.is_spent && self.steps >= steps {
            self.steps -= steps;
            return true;
        }
        if self.is_spent {
            self.skips += 1;
        } else {
            self.is_spent = true;
            self.skip(String::new(), "an object that takes too long to validate".to_owned());
        }
        false
    }

    /// Says that something was not checked.
    pub(super) fn skip(&mut self, path: String, what: String) {
        self.skips += 1;
        // The limits themselves are always told.
        if self.not_checked.len() < MAX_VIOLATIONS || path.is_empty() {
            self.not_checked.push(NotChecked { path, what });
        }
    }

    /// How often something was not checked; grows while it is uncertain what an alternative says.
    pub(super) fn skipped(&self) -> usize {
        self.skips
    }

    fn into_report(mut self) -> Report {
        if self.found.len() > MAX_VIOLATIONS {
            let more = self.found.len() - MAX_VIOLATIONS;
            self.found.truncate(MAX_VIOLATIONS);
            let what = format!("{more} violations more");
            self.not_checked.push(NotChecked { path: String::new(), what });
        }
        self.not_checked.sort();
        self.not_checked.dedup();
        Report { violations: self.found, not_checked: self.not_checked }
    }
}

/// A place of a schema.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The types it accepts, null aside; empty for all.
    pub(super) types: Vec<&'static str>,
    pub(super) nullable: bool,
    pub(super) checks: Vec<Check>,
    pub(super) fields: BTreeMap<String, Node>,
    pub(super) required: Vec<String>,
    pub(super) entries: Entries,
    pub(super) items: Option<Box<Node>>,
    pub(super) preserve: bool,
    pub(super) is_resource: bool,
    /// Whether an applier owns the whole map.
    pub(super) is_atomic_map: bool,
    pub(super) list: ListType,
    pub(super) logic: Option<Box<Logic>>,
    /// The default, and how many values it holds.
    pub(super) default: Option<Box<(Value, usize)>>,
    /// Rules in CEL.
    pub(super) rules: Vec<Validation>,
    /// Whether there are rules here or below.
    pub(super) has_rules: bool,
}

/// Entries of an object that are no named fields.
#[derive(Debug, Default)]
pub(super) enum Entries {
    #[default]
    Unknown,
    Refused,
    Anything,
    Described(Box<Node>),
}

#[derive(Debug, Default)]
pub(super) enum ListType {
    #[default]
    Atomic,
    Set,
    Map(Vec<String>),
}

#[derive(Debug, Default)]
pub(super) struct Logic {
    pub(super) any_of: Vec<Node>,
    pub(super) one_of: Vec<Node>,
    pub(super) all_of: Vec<Node>,
    pub(super) not: Option<Node>,
}

/// A check of a value of one JSON type.
#[derive(Debug)]
pub(super) enum Check {
    MaxLength(i64),
    MinLength(i64),
    /// The pattern, and its program if it can be checked.
    Pattern(String, Option<Arc<Regex>>),
    /// The format, and its name as the schema writes it.
    Format(Format, String),
    MultipleOf(f64),
    Maximum {
        bound: f64,
        exclusive: bool,
    },
    Minimum {
        bound: f64,
        exclusive: bool,
    },
    MinItems(i64),
    MaxItems(i64),
    UniqueItems,
    Enum(Vec<Value>),
    MinProperties(i64),
    MaxProperties(i64),
}

pub(super) fn node(schema: &Map<String, Value>, patterns: &mut Patterns) -> Node {
    let mut below = |value: &Value| value.as_object().map(|schema| node(schema, patterns));
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let fields: BTreeMap<String, Node> =
        fields.filter_map(|(name, field)| Some((name.clone(), below(field)?))).collect();
    let entries = match schema.get("additionalProperties") {
        None => Entries::Unknown,
        Some(Value::Bool(false)) => Entries::Refused,
        Some(entry) => below(entry).map_or(Entries::Anything, |n| Entries::Described(Box::new(n))),
    };
    let items: Option<Box<Node>> = schema.get("items").and_then(&mut below).map(Box::new);
    let mut list = |keyword: &str| -> Vec<Node> {
        let schemas = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
        schemas.filter_map(&mut below).collect()
    };
    let mut logic =
        Logic { any_of: list("anyOf"), one_of: list("oneOf"), all_of: list("allOf"), not: None };
    logic.not = schema.get("not").and_then(&mut below);
    let has_logic =
        schema.keys().any(|k| matches!(k.as_str(), "anyOf" | "oneOf" | "allOf" | "not"));
    let rules = schema.get(X_VALIDATIONS).and_then(Value::as_array).into_iter().flatten();
    let rules: Vec<Validation> = rules.map(Validation::of).collect();
    let has_rules = !rules.is_empty()
        || fields.values().any(|field| field.has_rules)
        || matches!(&entries, Entries::Described(entry) if entry.has_rules)
        || items.as_ref().is_some_and(|items| items.has_rules)
        || logic.all_of.iter().any(|node| node.has_rules);
    let default = schema.get("default").map(|value| Box::new((value.clone(), values(value))));
    Node {
        types: types(schema),
        nullable: flag(schema, "nullable"),
        checks: checks(schema, patterns),
        fields,
        required: texts(schema, "required"),
        entries,
        items,
        preserve: flag(schema, X_PRESERVE),
        is_resource: flag(schema, "x-kubernetes-embedded-resource"),
        is_atomic_map: schema.get("x-kubernetes-map-type") == Some(&Value::from("atomic")),
        list: match schema.get("x-kubernetes-list-type").and_then(Value::as_str) {
            Some("set") => ListType::Set,
            Some("map") => ListType::Map(texts(schema, "x-kubernetes-list-map-keys")),
            _ => ListType::Atomic,
        },
        logic: has_logic.then(|| Box::new(logic)),
        default,
        rules,
        has_rules,
    }
}

fn types(schema: &Map<String, Value>) -> Vec<&'static str> {
    const TYPES: [&str; 6] = ["object", "array", "string", "integer", "number", "boolean"];
    if flag(schema, "x-kubernetes-int-or-string") {
        return vec!["integer", "string"];
    }
    let named = schema.get("type").and_then(Value::as_str);
    named.and_then(|named| TYPES.into_iter().find(|known| *known == named)).into_iter().collect()
}

fn texts(schema: &Map<String, Value>, keyword: &str) -> Vec<String> {
    let texts = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn checks(schema: &Map<String, Value>, patterns: &mut Patterns) -> Vec<Check> {
    let count = |keyword: &str| schema.get(keyword).and_then(Value::as_i64);
    let number = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    let text = |keyword: &str| schema.get(keyword).and_then(Value::as_str);
    let mut checks = Vec::new();
    checks.extend(count("maxLength").map(Check::MaxLength));
    checks.extend(count("minLength").map(Check::MinLength));
    checks.extend(text("pattern").map(|p| Check::Pattern(p.to_owned(), patterns.compile(p))));
    if let (Some(format), Some(name)) = (formats::of(schema), text("format")) {
        checks.push(Check::Format(format, name.to_owned()));
    }
    checks.extend(number("multipleOf").map(Check::MultipleOf));
    let exclusive = flag(schema, "exclusiveMinimum");
    checks.extend(number("minimum").map(|bound| Check::Minimum { bound, exclusive }));
    let exclusive = flag(schema, "exclusiveMaximum");
    checks.extend(number("maximum").map(|bound| Check::Maximum { bound, exclusive }));
    checks.extend(count("minItems").map(Check::MinItems));
    checks.extend(count("maxItems").map(Check::MaxItems));
    checks.extend(flag(schema, "uniqueItems").then_some(Check::UniqueItems));
    checks.extend(schema.get("enum").and_then(Value::as_array).cloned().map(Check::Enum));
    checks.extend(count("minProperties").map(Check::MinProperties));
    checks.extend(count("maxProperties").map(Check::MaxProperties));
    checks
}
