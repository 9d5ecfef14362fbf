//! Rules in CEL, `x-kubernetes-validations`: what they say of an object, at every value that has some.
//!
//! They run when all else was looked at, and only if that found no fault which makes the object unfit to be
//! asked. What cannot be evaluated is told as not checked, with the reason; an error of the language is a
//! violation, as it is for the API server.
//!
//! Source of the contract: `kubernetes/apiextensions-apiserver:pkg/apiserver/schema/cel/validation.go`,
//! `pkg/registry/customresource/strategy.go`. Next: `expression.rs`.

use serde_json::{Map, Value};

use super::at::At;
use super::cel;
use super::expression::{Budget, Cannot, Expression, OldSelf};
use super::schema::{Entries, Fault, ListType, Node, Ratchet, Run, Violation};
use super::words;

/// How many steps one evaluation may take; the API server has the same limit, in units much like these.
pub const MAX_RULE_STEPS: u64 = 1_000_000;

/// How many steps all rules of an object may take together.
pub const MAX_OBJECT_STEPS: u64 = 10_000_000;

/// The longest that a message which is made by an expression may be.
const MAX_MESSAGE: usize = 5 * 1024;

/// What the API server says of an object with other faults.
const UNFIT: &str = "some validation rules were not checked because the object was invalid; \
                     correct the existing errors to complete validation";

/// A rule, ready to be evaluated.
#[derive(Debug)]
pub(super) struct Validation {
    /// Its message, or its expression.
    name: String,
    message: String,
    expression: Expression,
    message_expression: Option<Expression>,
    reason: Reason,
    field_path: Vec<String>,
    optional_old_self: bool,
}

#[derive(Debug, Clone, Copy)]
enum Reason {
    Invalid,
    Forbidden,
    Required,
    Duplicate,
}

impl Validation {
    /// Prepares a rule, whose shape was checked when the definition was read.
    pub(super) fn of(rule: &Value) -> Validation {
        let text = |field: &str| rule.get(field).and_then(Value::as_str).unwrap_or_default();
        let message = text("messageExpression");
        Validation {
            name: cel::name(rule).trim().to_owned(),
            message: text("message").trim().to_owned(),
            expression: Expression::new(text("rule")),
            // A message that cannot be made is replaced by the other one.
            message_expression: Some(message)
                .filter(|message| !message.is_empty())
                .map(Expression::new),
            reason: match text("reason") {
                "FieldValueForbidden" => Reason::Forbidden,
                "FieldValueRequired" => Reason::Required,
                "FieldValueDuplicate" => Reason::Duplicate,
                _ => Reason::Invalid,
            },
            field_path: steps(text("fieldPath")),
            optional_old_self: rule.get("optionalOldSelf") == Some(&Value::Bool(true)),
        }
    }

    fn names_old_self(&self) -> bool {
        self.expression.names_old_self()
    }
}

/// The names of `.spec.labels['a.b']`. What is no path has none.
fn steps(path: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (name, after) = if let Some(quoted) = rest.strip_prefix("['") {
            let Some((name, after)) = quoted.split_once("']") else { return Vec::new() };
            (name, after)
        } else {
            let Some(name) = rest.strip_prefix('.') else { return Vec::new() };
            name.split_at(name.find(['.', '[']).unwrap_or(name.len()))
        };
        names.push(name.to_owned());
        rest = after;
    }
    names
}

/// Evaluates all rules below a schema for an object, and for its state before an update.
pub(super) fn validate(root: &Node, object: &Value, old: Option<&Value>, run: &mut Run) {
    if !root.has_rules {
        return;
    }
    if run.found.iter().any(makes_unfit) {
        run.skip(String::new(), UNFIT.to_owned());
        return;
    }
    let mut walk = Walk { run, left: MAX_OBJECT_STEPS };
    let place = Place { at: &At::ROOT, whole: None };
    walk.visit(root, root, object, old, place);
}

/// Faults after which no rule is evaluated.
fn makes_unfit(violation: &Violation) -> bool {
    matches!(
        violation.fault,
        Fault::Required
            | Fault::Type
            | Fault::Enum
            | Fault::MaxLength
            | Fault::MaxItems
            | Fault::MaxProperties
    )
}

/// Where a value is, and which value around it is correlated with its old self.
#[derive(Clone, Copy)]
struct Place<'p> {
    at: &'p At<'p>,
    whole: Option<&'p At<'p>>,
}

struct Walk<'r> {
    run: &'r mut Run,
    /// Steps that all rules together may still take.
    left: u64,
}

impl Walk<'_> {
    /// Goes through a value: `rules` has the rules, `node` the types. They differ below `allOf`.
    fn visit(
        &mut self,
        rules: &Node,
        node: &Node,
        value: &Value,
        old: Option<&Value>,
        place: Place<'_>,
    ) {
        // What has no type is hidden from rules, and null is left to the rules around it.
        let is_hidden = node.types.is_empty() && !place.at.is_root();
        if !rules.has_rules || value.is_null() || is_hidden || !self.run.spend(1) {
            return;
        }
        let old = old.filter(|old| !old.is_null());
        for rule in &rules.rules {
            self.evaluate(rule, node, value, old, place);
        }
        for all in rules.logic.iter().flat_map(|logic| &logic.all_of) {
            let whole = Some(place.whole.unwrap_or(place.at));
            self.visit(all, node, value, old, Place { whole, ..place });
        }
        match value {
            Value::Object(fields) => self.fields(rules, node, fields, old, place),
            Value::Array(items) => {
                let (Some(below), Some(item_node)) = (&rules.items, &node.items) else { return };
                if !below.has_rules {
                    return;
                }
                let before = old.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let is_map = matches!(node.list, ListType::Map(_));
                for (index, item) in items.iter().enumerate() {
                    let at = place.at.item(index);
                    let whole = place.whole.or((!is_map).then_some(place.at));
                    let old = self.same_item(node, item, before, index);
                    let place = Place { at: &at, whole };
                    self.visit(below, item_node, item, old, place);
                }
            }
            _ => {}
        }
    }

    fn fields(
        &mut self,
        rules: &Node,
        node: &Node,
        fields: &Map<String, Value>,
        old: Option<&Value>,
        place: Place<'_>,
    ) {
        for (name, value) in fields {
            let old = old.and_then(|old| old.get(name));
            if let (Some(rules), Some(node)) = (rules.fields.get(name), node.fields.get(name)) {
                let at = place.at.field(name);
                self.visit(rules, node, value, old, Place { at: &at, ..place });
            } else if let (Entries::Described(rules), Entries::Described(node)) =
                (&rules.entries, &node.entries)
            {
                let at = place.at.key(name);
                self.visit(rules, node, value, old, Place { at: &at, ..place });
            }
        }
    }

    /// The item that had the same keys before, most likely at the same place.
    fn same_item<'o>(
        &mut self,
        node: &Node,
        item: &Value,
        before: &'o [Value],
        index: usize,
    ) -> Option<&'o Value> {
        let ListType::Map(keys) = &node.list else { return None };
        let is_same = |old: &&Value| keys.iter().all(|key| old.get(key) == item.get(key));
        before.get(index).filter(is_same).or_else(|| {
            let may_look = self.run.spend(before.len());
            before.iter().filter(|_| may_look).find(is_same)
        })
    }

    fn evaluate(
        &mut self,
        rule: &Validation,
        node: &Node,
        value: &Value,
        old: Option<&Value>,
        place: Place<'_>,
    ) {
        let old = match (rule.names_old_self(), rule.optional_old_self, old) {
            (false, ..) => OldSelf::Unnamed,
            (true, true, old) => OldSelf::Optional(old),
            (true, false, Some(old)) => OldSelf::Is(old),
            (true, false, None) => return,
        };
        let answer = self.spending(|budget| rule.expression.holds(value, old, node, budget));
        let kind =
            node.types.first().filter(|_| node.types.len() == 1).copied().unwrap_or_default();
        match answer {
            Ok(true) => {}
            Ok(false) => self.fails(rule, node, kind, value, old, place),
            Err(Cannot::Error(error)) => {
                let named = &rule.name;
                let message = format!("Invalid value: {kind:?}: {error} evaluating rule: {named}");
                let (path, ratchet) = (place.at.to_string(), Ratchet::Never);
                self.run.found.push(Violation { path, fault: Fault::Rule, message, ratchet });
            }
            Err(Cannot::Refused(refused)) => self.skip(rule, place, &refused.to_string()),
            Err(Cannot::Unsure(why)) => self.skip(rule, place, &format!("not certain here: {why}")),
            Err(Cannot::Afford) => self.skip(rule, place, "it takes too many steps"),
        }
    }

    fn skip(&mut self, rule: &Validation, place: Place<'_>, why: &str) {
        self.run.skip(place.at.to_string(), format!("rule in CEL: {}: {why}", rule.name));
    }

    fn spending<T>(&mut self, evaluate: impl FnOnce(&mut Budget) -> T) -> T {
        let most = self.left.min(MAX_RULE_STEPS);
        let mut budget = Budget::new(most);
        let answer = evaluate(&mut budget);
        self.left -= most - budget.left();
        answer
    }

    fn fails(
        &mut self,
        rule: &Validation,
        node: &Node,
        kind: &str,
        value: &Value,
        old: OldSelf<'_>,
        place: Place<'_>,
    ) {
        let made = rule.message_expression.as_ref().and_then(|expression| {
            self.spending(|budget| expression.text(value, old, node, budget)).ok()
        });
        let made = made.as_deref().map(str::trim);
        let made = made.filter(|m| !m.is_empty() && m.len() <= MAX_MESSAGE && !m.contains('\n'));
        let detail = match made {
            Some(made) => made.to_owned(),
            None if rule.message.is_empty() => format!("failed rule: {}", rule.name),
            None => rule.message.clone(),
        };
        let shown = match kind {
            "object" | "array" => String::new(),
            _ => format!("{}: ", words::value(value)),
        };
        let message = match rule.reason {
            Reason::Invalid => format!("Invalid value: {shown}{detail}"),
            Reason::Forbidden => format!("Forbidden: {detail}"),
            Reason::Required => format!("Required value: {detail}"),
            Reason::Duplicate => {
                let shown = shown.trim_end_matches(": ");
                format!("Duplicate value: {shown}").trim_end_matches(": ").to_owned()
            }
        };
        let path = with_steps(place.at, node, &rule.field_path);
        let ratchet = if rule.names_old_self() { Ratchet::Never } else { ratchet(place) };
        self.run.found.push(Violation { path, fault: Fault::Rule, message, ratchet });
    }
}

fn ratchet(place: Place<'_>) -> Ratchet {
    let whole = place.whole.unwrap_or(place.at);
    // Every update changes the object itself, if only in its metadata.
    if whole.is_root() { Ratchet::Never } else { Ratchet::While(whole.to_string()) }
}

/// The path of what a rule names: fields are written with a dot, keys of maps in brackets.
fn with_steps(at: &At<'_>, node: &Node, steps: &[String]) -> String {
    let mut path = at.to_string();
    let mut node = Some(node);
    for name in steps {
        let field = node.and_then(|node| node.fields.get(name));
        if let (None, Some(Entries::Described(entry))) = (field, node.map(|node| &node.entries)) {
            path.push_str(&format!("[{name}]"));
            node = Some(entry);
            continue;
        }
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
        node = field;
    }
    path
}
