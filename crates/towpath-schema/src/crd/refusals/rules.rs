//! Rules in CEL as a definition states them: their texts, and what their expressions are.
//!
//! Source of the contract: `kubernetes/apiextensions-apiserver:pkg/apis/apiextensions/validation`,
//! `pkg/apiserver/schema/cel/compilation.go`.

use std::cmp::Reverse;
use std::rc::Rc;

use serde_json::{Value, json};

use super::Found;
use super::read::{Fields, flag, get, items, text};
use super::version::valid_path;
use crate::crd::cel::X_VALIDATIONS;
use crate::crd::expression::{Declared, Expression, MAX_REQUEST, Priced, declare};

/// What one expression may cost.
const MAX_COST: u64 = 10_000_000;

/// What all expressions of a schema may cost together.
const MAX_TOTAL: u64 = 100_000_000;

const REASONS: [&str; 4] =
    ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/// What the texts of rules are refused for.
pub(super) fn shape(schema: &Fields, at: &str, found: &mut Found) {
    for (index, rule) in items(schema, X_VALIDATIONS).iter().enumerate() {
        let Some(rule) = rule.as_object() else { continue };
        let at = |name: &str| format!("{at}.{X_VALIDATIONS}[{index}].{name}");
        let (expression, message) = (text(rule, "rule"), text(rule, "message"));
        let has_breaks = |text: &str| text.trim().contains(['\n', '\r']);
        let is_blank = |text: &str| !text.is_empty() && text.trim().is_empty();
        if expression.trim().is_empty() {
            found.required(&at("rule"), "rule is not specified");
        } else if is_blank(message) {
            found.invalid_text(&at("message"), message, "must be non-empty if specified");
        } else if has_breaks(message) {
            found.invalid_text(&at("message"), message, "must not contain line breaks");
        } else if has_breaks(expression) && message.is_empty() {
            found
                .required(&at("message"), "message must be specified if rule contains line breaks");
        }
        if is_blank(text(rule, "messageExpression")) {
            let why = "messageExpression must be non-empty if specified";
            found.required(&at("messageExpression"), why);
        }
        if let Some(reason) = get(rule, "reason").and_then(Value::as_str)
            && !REASONS.contains(&reason)
        {
            found.unsupported(&at("reason"), reason, &REASONS);
        }
        let path = text(rule, "fieldPath");
        if is_blank(path) {
            found.invalid_text(&at("fieldPath"), path, "must be non-empty if specified");
        }
        if path.contains(['\n', '\r']) {
            found.invalid_text(&at("fieldPath"), path, "must not contain line breaks");
        }
        if !path.is_empty() && valid_path(path, schema, true).is_err() {
            found.invalid_text(&at("fieldPath"), path, "must be a valid path");
        }
    }
}

/// The place of a schema that may have rules.
#[derive(Clone)]
pub(super) struct Within<'a> {
    schema: &'a Fields,
    is_root: bool,
    /// How many values there can be at this place; none where nothing bounds it.
    most: Option<u64>,
}

impl<'a> Within<'a> {
    pub(super) fn root(schema: &'a Fields) -> Within<'a> {
        Within { schema, is_root: true, most: Some(1) }
    }

    /// The place of a schema right below.
    pub(super) fn below(&self, schema: &'a Fields) -> Within<'a> {
        let bound = |name: &str| {
            let bound = get(self.schema, name).and_then(Value::as_f64);
            bound.map(|bound| bound.max(0.0) as u64)
        };
        let each = match text(self.schema, "type") {
            "object" if get(self.schema, "additionalProperties").is_some() => {
                bound("maxProperties")
            }
            "array" => bound("maxItems"),
            _ => Some(1),
        };
        let most = self.most.zip(each).map(|(most, each)| most.saturating_mul(each));
        Within { schema, is_root: false, most }
    }
}

/// What was found of all rules of a schema, and what they cost together.
#[derive(Debug, Default)]
pub(super) struct Rules {
    found: Found,
    total: u64,
    /// The dearest, with their paths.
    dearest: Vec<(u64, String)>,
}

impl Rules {
    /// The rules of one place, whose schema is as it should be.
    pub(super) fn check(&mut self, within: &Within<'_>, uncorrelated: Option<&str>, at: &str) {
        let is_resource = within.is_root || flag(within.schema, "x-kubernetes-embedded-resource");
        let declared = declare(within.schema, is_resource);
        for (index, rule) in items(within.schema, X_VALIDATIONS).iter().enumerate() {
            let Some(rule) = rule.as_object() else { continue };
            let at = format!("{at}.{X_VALIDATIONS}[{index}]");
            if let Some(declared) = &declared {
                self.costs(rule, within, declared, &at);
            }
            self.looks_back(rule, uncorrelated, &at);
        }
    }

    fn costs(&mut self, rule: &Fields, within: &Within<'_>, declared: &Rc<Declared>, at: &str) {
        let is_optional = flag(rule, "optionalOldSelf");
        let most = within.most.unwrap_or(MAX_REQUEST / (declared.least_bytes + 1));
        let cost = self.cost(rule, "rule", "compilation failed", declared, is_optional, at);
        let cost = cost.saturating_mul(most);
        self.spend(cost, "estimated rule cost", &format!("{at}.rule"));
        if !text(rule, "messageExpression").is_empty() {
            let what = "messageExpression compilation failed";
            let cost = self.cost(rule, "messageExpression", what, declared, is_optional, at);
            let at = format!("{at}.messageExpression");
            self.spend(cost, "estimated messageExpression cost", &at);
        }
    }

    /// The cost of an expression; nothing for one that is refused, or has no price.
    fn cost(
        &mut self,
        rule: &Fields,
        name: &str,
        failed: &str,
        declared: &Rc<Declared>,
        is_optional: bool,
        at: &str,
    ) -> u64 {
        let expression = text(rule, name);
        match Expression::new(expression).price(declared, is_optional) {
            Priced::At(cost) => cost,
            Priced::Nothing => 0,
            Priced::Unknown(what, named) => {
                let why = format!("{failed}: {}", pointed(expression, &what, &named));
                self.found.invalid(&format!("{at}.{name}"), &shown(rule), &why);
                0
            }
        }
    }

    fn spend(&mut self, cost: u64, what: &str, at: &str) {
        if cost > MAX_COST {
            self.found.forbidden(at, &exceeds(what, cost, MAX_COST));
        }
        self.total = self.total.saturating_add(cost);
        // What takes less than a hundredth is not named.
        if cost >= MAX_TOTAL / 100 {
            self.dearest.push((cost, at.to_owned()));
            self.dearest.sort_by_key(|(cost, _)| Reverse(*cost));
            self.dearest.truncate(4);
        }
    }

    fn looks_back(&mut self, rule: &Fields, uncorrelated: Option<&str>, at: &str) {
        let expression = text(rule, "rule");
        // What is not understood is not said to look anywhere.
        let Some(looks_back) = Expression::new(expression).looks_back() else { return };
        if let Some(path) = uncorrelated.filter(|_| looks_back) {
            let why = format!(
                "oldSelf cannot be used on the uncorrelatable portion of the schema within {path}"
            );
            self.found.invalid_text(&format!("{at}.rule"), expression, &why);
        } else if let Some(optional) = get(rule, "optionalOldSelf").filter(|_| !looks_back) {
            let why = "may not be set if oldSelf is not used in rule";
            self.found.invalid(&format!("{at}.optionalOldSelf"), optional, why);
        }
    }

    /// What is told of each rule, and of all together.
    pub(super) fn finish(mut self, at: &str, found: &mut Found) {
        found.refusals.append(&mut self.found.refusals);
        if self.total <= MAX_TOTAL {
            return;
        }
        for (_, path) in &self.dearest {
            let why = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
            found.forbidden(path, why);
        }
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        found.forbidden(at, &exceeds(what, self.total, MAX_TOTAL));
    }
}

fn exceeds(what: &str, cost: u64, most: u64) -> String {
    let times = cost as f64 / most as f64;
    let factor = if times > 100.0 {
        "more than 100x".to_owned()
    } else if times < 1.5 {
        format!("{times:.6}x")
    } else {
        format!("{times:.1}x")
    };
    format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and \
         maxLength where arrays, maps, and strings are declared)"
    )
}

/// An error of the compiler, with the line that it is about: `ERROR: <input>:1:5: undefined field 'b'`.
fn pointed(expression: &str, what: &str, named: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts = |at: usize| {
        named.starts_with('.') || !expression[..at].ends_with(|c: char| is_part(c) || c == '.')
    };
    let ends = |at: usize| !expression[at + named.len()..].starts_with(is_part);
    let place =
        expression.match_indices(named).map(|(at, _)| at).find(|at| starts(*at) && ends(*at));
    let before = &expression[..place.unwrap_or_default()];
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    let shown = expression.split('\n').nth(line).unwrap_or_default();
    format!(
        "ERROR: <input>:{}:{}: {what}\n | {shown}\n | {}^",
        line + 1,
        column + 1,
        ".".repeat(column)
    )
}

/// A rule as the server shows it: with the names of its own fields.
fn shown(rule: &Fields) -> Value {
    json!({
        "Rule": text(rule, "rule"),
        "Message": text(rule, "message"),
        "MessageExpression": text(rule, "messageExpression"),
        "Reason": get(rule, "reason"),
        "FieldPath": text(rule, "fieldPath"),
        "OptionalOldSelf": get(rule, "optionalOldSelf"),
    })
}
