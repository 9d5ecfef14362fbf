//! Which rules in CEL refuse nothing that was accepted before.
//!
//! A proof and no guess: a rule is first read as the old schema makes it, where a field that is not there is not given,
//! a required one is, and a value is none that its `enum` lacks. What is left must be true, or follow by `&&`, `||`,
//! `?:`, `all` and `exists_one` from one rule that was there. An error counts as a refusal, so nothing is taken for true
//! that could be one. What is not proven here may be harmless all the same.
//!
//! Where to go next: `truth.rs` for what follows from the signs alone.

#[cfg(test)]
mod tests;
mod truth;

use kube_cel::cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr, IdedExpr, ListExpr, LiteralValue,
    MapEntryExpr, MapExpr, SelectExpr, operators,
};
use serde_json::{Map, Value};

use super::expression::{self, escape};
use super::walk::flag;
use truth::{Outcome, Table, renamed};

/// How many pairs of parts are compared before a proof is given up.
const MOST_STEPS: u32 = 20_000;

/// Fields that every object has, whatever its schema says.
const OF_EVERY_OBJECT: [&str; 3] = ["apiVersion", "kind", "metadata"];

type Schema = Map<String, Value>;

/// Whether every value that the old schema accepts, its rules included, satisfies the rule.
pub(super) fn is_implied(rule: &Value, before: &[Value], old: &Schema) -> bool {
    let Some(new) = read(rule, old) else { return false };
    let mut proof = Proof { left: MOST_STEPS, within: Vec::new() };
    is(&new, true)
        || before
            .iter()
            .filter(|was| runs_where(was, rule))
            .filter_map(|was| read(was, old))
            .any(|was| proof.follows(&was, &new))
}

/// Whether a rule runs at least where another one does: those that name the old value run on updates only.
fn runs_where(was: &Value, is: &Value) -> bool {
    let names_old = |rule: &Value| rule["rule"].as_str().is_some_and(|it| it.contains("oldSelf"));
    !names_old(was) || (names_old(is) && was.get("optionalOldSelf") == is.get("optionalOldSelf"))
}

fn read(rule: &Value, old: &Schema) -> Option<IdedExpr> {
    let tree = expression::parsed(rule["rule"].as_str()?).ok()?;
    let bound = vec![("self".to_owned(), Some(old)), ("oldSelf".to_owned(), Some(old))];
    Reading { bound }.of(tree)
}

/// A place in the tree, without the number that the parser gave it.
fn bare(expr: Expr) -> IdedExpr {
    IdedExpr { id: 0, expr }
}

fn truth(value: bool) -> IdedExpr {
    bare(Expr::Literal(LiteralValue::Boolean(value.into())))
}

fn is(expression: &IdedExpr, value: bool) -> bool {
    *expression == truth(value)
}

/// What the old schema says of a field.
enum Field<'s> {
    /// No value has it.
    Absent,
    /// Some or all values have it.
    Is {
        schema: &'s Schema,
        always: bool,
    },
    Unknown,
}

fn field<'s>(schema: &'s Schema, name: &str) -> Field<'s> {
    let is_open = flag(schema, "x-kubernetes-preserve-unknown-fields")
        || flag(schema, "x-kubernetes-embedded-resource")
        || schema.contains_key("additionalProperties")
        || OF_EVERY_OBJECT.contains(&name);
    let fields = schema.get("properties").and_then(Value::as_object);
    let Some(fields) = fields.filter(|_| !is_open) else { return Field::Unknown };
    let written = |key: &str| escape(key).as_deref().unwrap_or(key) == name;
    match fields.iter().find(|(key, _)| written(key)) {
        None => Field::Absent,
        Some((key, Value::Object(below))) => {
            let required = schema.get("required").and_then(Value::as_array);
            let is_required = required.is_some_and(|all| all.iter().any(|it| it == key));
            let is_given = !flag(below, "nullable") && is_required;
            // Of a field that is not given, the server asks after it has put in the default.
            let is_filled = below.get("default").is_some_and(|it| !it.is_null());
            Field::Is { schema: below, always: is_given || is_filled }
        }
        Some(_) => Field::Unknown,
    }
}

/// Reads an expression as the old schema makes it.
struct Reading<'s> {
    /// The variables, each with its schema where that is known.
    bound: Vec<(String, Option<&'s Schema>)>,
}

impl<'s> Reading<'s> {
    /// [`None`] for what rules do not have.
    fn of(&mut self, expression: IdedExpr) -> Option<IdedExpr> {
        Some(match expression.expr {
            Expr::Literal(_) | Expr::Ident(_) => bare(expression.expr),
            Expr::Select(select) => self.select(select)?,
            Expr::Call(call) => self.call(call)?,
            Expr::Comprehension(each) => self.each(*each)?,
            Expr::List(ListExpr { elements, optional_indices }) => {
                let elements = self.all(elements)?;
                bare(Expr::List(ListExpr { elements, optional_indices }))
            }
            Expr::Map(map) => {
                let entries = map.entries.into_iter().map(|entry| self.entry(entry));
                bare(Expr::Map(MapExpr { entries: entries.collect::<Option<_>>()? }))
            }
            Expr::Struct(_) | Expr::Unspecified => return None,
        })
    }

    fn all(&mut self, expressions: Vec<IdedExpr>) -> Option<Vec<IdedExpr>> {
        expressions.into_iter().map(|it| self.of(it)).collect()
    }

    fn entry(&mut self, entry: IdedEntryExpr) -> Option<IdedEntryExpr> {
        let EntryExpr::MapEntry(MapEntryExpr { key, value, optional }) = entry.expr else {
            return None;
        };
        let (key, value) = (self.of(key)?, self.of(value)?);
        let expr = EntryExpr::MapEntry(MapEntryExpr { key, value, optional });
        Some(IdedEntryExpr { id: 0, expr })
    }

    fn select(&mut self, select: SelectExpr) -> Option<IdedExpr> {
        let operand = self.of(*select.operand)?;
        if select.test && self.is_sure(&operand) {
            match self.schema_of(&operand).map(|schema| field(schema, &select.field)) {
                Some(Field::Absent) => return Some(truth(false)),
                Some(Field::Is { always: true, .. }) => return Some(truth(true)),
                _ => {}
            }
        }
        Some(bare(Expr::Select(SelectExpr { operand: Box::new(operand), ..select })))
    }

    fn call(&mut self, call: CallExpr) -> Option<IdedExpr> {
        let target = match call.target {
            Some(target) => Some(Box::new(self.of(*target)?)),
            None => None,
        };
        let args = self.all(call.args)?;
        let name = call.func_name.as_str();
        match (name, args.as_slice()) {
            (operators::LOGICAL_AND, _) => return Some(joined(name, args, true)),
            (operators::LOGICAL_OR, _) => {
                let any = joined(name, args, false);
                let all_chosen = parts(&any, name).is_some_and(|it| self.is_any_choice(it));
                return Some(if all_chosen { truth(true) } else { any });
            }
            (operators::LOGICAL_NOT, [one]) if is(one, true) => return Some(truth(false)),
            (operators::LOGICAL_NOT, [one]) if is(one, false) => return Some(truth(true)),
            (operators::CONDITIONAL, [cond, yes, _]) if is(cond, true) => return Some(yes.clone()),
            (operators::CONDITIONAL, [cond, _, no]) if is(cond, false) => return Some(no.clone()),
            (operators::EQUALS | operators::NOT_EQUALS, [one, other])
                if self.never_equal(one, other) || self.never_equal(other, one) =>
            {
                return Some(truth(name == operators::NOT_EQUALS));
            }
            _ => {}
        }
        let call = bare(Expr::Call(CallExpr { target, args, ..call }));
        Some(if self.is_any_choice(std::slice::from_ref(&call)) { truth(true) } else { call })
    }

    /// Whether one of the alternatives holds since they are all choices that a field has.
    fn is_any_choice(&self, any: &[IdedExpr]) -> bool {
        let named: Option<Vec<_>> = any.iter().map(choices).collect();
        let Some(named) = named else { return false };
        let Some((field, _)) = named.first() else { return false };
        let is_named = |choice: &Value| {
            named.iter().any(|(_, texts)| texts.iter().any(|text| choice == *text))
        };
        let all = self.schema_of(field).and_then(|it| it.get("enum")).and_then(Value::as_array);
        self.is_sure(field)
            && named.iter().all(|(other, _)| other == field)
            && all.is_some_and(|all| all.iter().all(is_named))
    }

    /// Whether a field that every value has cannot be what is written out.
    fn never_equal(&self, one: &IdedExpr, written: &IdedExpr) -> bool {
        let Expr::Literal(LiteralValue::String(text)) = &written.expr else { return false };
        let choices = self.schema_of(one).and_then(|it| it.get("enum")).and_then(Value::as_array);
        self.is_sure(one) && choices.is_some_and(|all| !all.iter().any(|it| it == text.inner()))
    }

    fn each(&mut self, each: ComprehensionExpr) -> Option<IdedExpr> {
        if each.iter_var2.is_some() {
            return None;
        }
        let iter_range = self.of(each.iter_range)?;
        let accu_init = self.of(each.accu_init)?;
        let item = self.schema_of(&iter_range).and_then(|it| it.get("items")?.as_object());
        let outer = self.bound.len();
        self.bound.extend([(each.iter_var.clone(), item), (each.accu_var.clone(), None)]);
        let below = (self.of(each.loop_cond), self.of(each.loop_step), self.of(each.result));
        self.bound.truncate(outer);
        let (loop_cond, loop_step, result) = (below.0?, below.1?, below.2?);
        let accu = bare(Expr::Ident(each.accu_var.clone()));
        if loop_step == accu && result == accu && self.is_sure(&iter_range) {
            return Some(accu_init);
        }
        Some(bare(Expr::Comprehension(Box::new(ComprehensionExpr {
            iter_range,
            accu_init,
            loop_cond,
            loop_step,
            result,
            ..each
        }))))
    }

    fn schema_of(&self, expression: &IdedExpr) -> Option<&'s Schema> {
        match &expression.expr {
            Expr::Ident(name) => self.bound.iter().rev().find(|(known, _)| known == name)?.1,
            Expr::Select(select) if !select.test => {
                match field(self.schema_of(&select.operand)?, &select.field) {
                    Field::Is { schema, .. } => Some(schema),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether there is always a value, and never an error.
    fn is_sure(&self, expression: &IdedExpr) -> bool {
        match &expression.expr {
            Expr::Ident(name) => self.bound.iter().any(|(known, _)| known == name),
            Expr::Select(select) if !select.test && self.is_sure(&select.operand) => {
                let above = self.schema_of(&select.operand);
                let below = above.map(|schema| field(schema, &select.field));
                matches!(below, Some(Field::Is { always: true, .. }))
            }
            _ => false,
        }
    }
}

/// What is compared with texts, and the texts: `field == 'a'`, `field in ['a', 'b']`.
fn choices(expression: &IdedExpr) -> Option<(&IdedExpr, Vec<&str>)> {
    fn text(expression: &IdedExpr) -> Option<&str> {
        match &expression.expr {
            Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
            _ => None,
        }
    }
    let Expr::Call(call) = &expression.expr else { return None };
    let [one, other] = call.args.as_slice() else { return None };
    match (call.func_name.as_str(), &other.expr) {
        (operators::EQUALS, _) => match (text(one), text(other)) {
            (None, Some(text)) => Some((one, vec![text])),
            (Some(text), None) => Some((other, vec![text])),
            _ => None,
        },
        (operators::IN, Expr::List(list)) => {
            Some((one, list.elements.iter().map(text).collect::<Option<_>>()?))
        }
        _ => None,
    }
}

/// A chain of `&&`, whose neutral part is true, or of `||`.
fn joined(name: &str, args: Vec<IdedExpr>, neutral: bool) -> IdedExpr {
    if args.iter().any(|arg| is(arg, !neutral)) {
        return truth(!neutral);
    }
    let mut args: Vec<IdedExpr> = args.into_iter().filter(|arg| !is(arg, neutral)).collect();
    match (args.pop(), args.is_empty()) {
        (None, _) => truth(neutral),
        (Some(last), true) => last,
        (Some(last), false) => {
            args.push(last);
            bare(Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }))
        }
    }
}

/// The parts of a call of this name.
fn parts<'e>(expression: &'e IdedExpr, name: &str) -> Option<&'e [IdedExpr]> {
    match &expression.expr {
        Expr::Call(call) if call.func_name == name => Some(&call.args),
        _ => None,
    }
}

struct Proof {
    left: u32,
    /// The lists whose items are being looked at, each with the variable for an item.
    within: Vec<(IdedExpr, String)>,
}

impl Proof {
    /// Whether there are as many steps left.
    fn spend(&mut self, steps: u32) -> bool {
        let left = self.left.checked_sub(steps);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// Whether `new` is true, and no error, wherever `old` is true.
    fn follows(&mut self, old: &IdedExpr, new: &IdedExpr) -> bool {
        if !self.spend(1) {
            return false;
        }
        if old == new || is(new, true) || is(old, false) {
            return true;
        }
        if let Some(all) = parts(new, operators::LOGICAL_AND) {
            return all.iter().all(|it| self.follows(old, it));
        }
        if let Some(any) = parts(old, operators::LOGICAL_OR) {
            return any.iter().all(|it| self.follows(it, new));
        }
        if let Some(any) = parts(new, operators::LOGICAL_OR)
            && any.iter().any(|it| self.follows(old, it))
        {
            return true;
        }
        if let Some(all) = parts(old, operators::LOGICAL_AND)
            && all.iter().any(|it| self.follows(it, new))
        {
            return true;
        }
        let branches = |it| parts(it, operators::CONDITIONAL);
        if let (Some([was, a, b]), Some([is, c, d])) = (branches(old), branches(new))
            && was == is
            && self.follows(a, c)
            && self.follows(b, d)
        {
            return true;
        }
        let of_one_list =
            |a: &Items<'_>, b: &Items<'_>| a.range == b.range && a.variable == b.variable;
        if let (Some(a), Some(b)) = (every(old), every(new))
            && of_one_list(&a, &b)
        {
            self.within.push((b.range.clone(), b.variable.to_owned()));
            let holds = self.follows(a.holds, b.holds);
            self.within.pop();
            return holds;
        }
        if let (Some(a), Some(b)) = (exactly_one(old), exactly_one(new))
            && of_one_list(&a, &b)
        {
            return self.stays_one(&a, &b);
        }
        self.follows_by_signs(old, new)
    }

    fn follows_by_signs(&mut self, old: &IdedExpr, new: &IdedExpr) -> bool {
        let mut table = Table::default();
        let (was, is) = (table.read(old), table.read(new));
        if was.is_part() && is.is_part() {
            return false;
        }
        let Some(rows) = table.rows().filter(|rows| self.spend(*rows)) else { return false };
        let of_lists = |it: &IdedExpr| matches!(it.expr, Expr::Comprehension(_));
        table.learn(|a, b| of_lists(a) && of_lists(b) && self.follows(a, b));
        rows > 0 && table.always(|row| was.of(row) != Outcome::True || is.of(row) == Outcome::True)
    }

    /// Whether there is still exactly one item: the old condition was no error for any of them, or there would have been
    /// none.
    fn stays_one(&mut self, old: &Items<'_>, new: &Items<'_>) -> bool {
        let mut table = Table::default();
        let (was, is) = (table.read(old.holds), table.read(new.holds));
        if !table.rows().is_some_and(|rows| self.spend(2 * rows)) {
            return false;
        }
        if table.always(|row| was.of(row) == Outcome::Error || was.of(row) == is.of(row)) {
            return true;
        }
        // The one is the item itself, if it is asked for each item of the list which others are like it.
        let is_narrower = table.always(|row| match (was.of(row), is.of(row)) {
            (Outcome::Error, _) | (_, Outcome::False) => true,
            (was, is) => was == is,
        });
        let around = self.within.iter().rev().find(|(range, _)| range == new.range);
        let Some((_, item)) = around.filter(|(range, item)| is_narrower && is_apart(range, item))
        else {
            return false;
        };
        let of_itself = |it| renamed(it, new.variable, item);
        let (Some(was), Some(is)) = (of_itself(old.holds), of_itself(new.holds)) else {
            return false;
        };
        let mut table = Table::default();
        let (was, is) = (table.read(&was), table.read(&is));
        table.always(|row| was.of(row) == Outcome::Error || is.of(row) == Outcome::True)
    }
}

/// Whether it is a field, or a field of one, of another variable than this.
fn is_apart(expression: &IdedExpr, variable: &str) -> bool {
    match &expression.expr {
        Expr::Ident(name) => name != variable,
        Expr::Select(select) => is_apart(&select.operand, variable),
        _ => false,
    }
}

/// What is asked of the items of a list: `range.all(variable, holds)`.
struct Items<'e> {
    range: &'e IdedExpr,
    variable: &'e str,
    holds: &'e IdedExpr,
}

fn every(expression: &IdedExpr) -> Option<Items<'_>> {
    let Expr::Comprehension(each) = &expression.expr else { return None };
    let accu = bare(Expr::Ident(each.accu_var.clone()));
    let [first, holds] = parts(&each.loop_step, operators::LOGICAL_AND)? else { return None };
    let is_all = is(&each.accu_init, true) && *first == accu && each.result == accu;
    is_all.then_some(Items { range: &each.iter_range, variable: &each.iter_var, holds })
}

/// `range.exists_one(variable, holds)`.
fn exactly_one(expression: &IdedExpr) -> Option<Items<'_>> {
    let Expr::Comprehension(each) = &expression.expr else { return None };
    let accu = bare(Expr::Ident(each.accu_var.clone()));
    let number = |it: i64| bare(Expr::Literal(LiteralValue::Int(it.into())));
    let of = |it, name| match parts(it, name) {
        Some([one, other]) => Some((one, other)),
        _ => None,
    };
    let [holds, more, same] = parts(&each.loop_step, operators::CONDITIONAL)? else { return None };
    let counts = of(more, operators::ADD)? == (&accu, &number(1)) && *same == accu;
    let is_one = of(&each.result, operators::EQUALS)? == (&accu, &number(1));
    let is_it = counts && is_one && each.accu_init == number(0);
    is_it.then_some(Items { range: &each.iter_range, variable: &each.iter_var, holds })
}

#[cfg(test)]
mod cases {
    use serde_json::json;

    use super::*;

    fn old() -> Value {
        json!({
            "type": "object",
            "required": ["type", "value"],
            "properties": {
                "type": {"type": "string", "enum": ["A", "B"]},
                "value": {"type": "string"},
                "some": {"type": "string"},
                "kind": {"type": "string"},
                "filled": {"type": "string", "enum": ["A", "B"], "default": "A"},
                "choice": {"type": "string", "enum": ["A", "B"]},
                "loose": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "maybe": {"type": "object", "required": ["x"], "properties": {"x": {"type": "string"}}},
                "list": {"type": "array", "items": {
                    "type": "object", "required": ["value"], "properties": {"value": {"type": "string"}}
                }},
            },
        })
    }

    fn implied(before: &[&str], rule: &str) -> bool {
        let rule_of = |text: &&str| json!({"rule": text});
        let before: Vec<Value> = before.iter().map(rule_of).collect();
        old().as_object().is_some_and(|old| is_implied(&rule_of(&rule), &before, old))
    }

    #[test]
    fn what_no_accepted_object_can_break_is_implied() {
        let sure: &[(&[&str], &str)] = &[
            // A field that is new, as in fluxcd/kustomize-controller 1.7.0 and kubernetes-sigs/gateway-api 1.2.0.
            (&[], "!has(self.fresh) || !has(self.some)"),
            (&[], "!(has(self.fresh) && has(self.some))"),
            (&[], "has(self.fresh) || has(self.value)"),
            (&[], "(has(self.value) && !has(self.fresh)) || (!has(self.value) && has(self.fresh))"),
            // A choice that is new, as in kubernetes-sigs/gateway-api 1.3.0.
            (&[], "!(has(self.fresh) && self.type != 'C')"),
            (&[], "!(!has(self.fresh) && self.type == 'C')"),
            (&[], "'C' != self.type"),
            // All choices that there are, as in kubernetes-sigs/gateway-api 0.8.0.
            (&[], "self.type in ['A'] || self.type == 'B'"),
            (&[], "self.filled in ['A', 'B', 'C'] || 'x' == self.filled"),
            // Another alternative, as in kubernetes-sigs/gateway-api 1.1.0 and 1.1.1.
            (&["self.some == 'x'"], "!has(self.some) || self.some == 'x'"),
            (&["a(self) || self.some == 'x'"], "self.some == 'x' || has(self.loose) || a(self)"),
            (
                &["self.type == 'A' ? f(self) : true"],
                "self.type == 'A' ? f(self) || g(self) : true",
            ),
            (&["f(self) && g(self)"], "g(self)"),
            (&["self.f.all(x, f(x) && g(x))"], "self.f.all(x, g(x) || h(x))"),
            // The same in other signs, as in kubernetes-sigs/gateway-api 1.0.0.
            (
                &["(!has(self.some) || self.some == '') && (!has(self.kind) || self.kind == '') \
                    || has(self.some) && self.some != '' && has(self.kind) && self.kind != ''"],
                "(!has(self.some) || self.some == '') == (!has(self.kind) || self.kind == '')",
            ),
            // Every item is like itself, as in kubernetes-sigs/gateway-api 0.8.1.
            (
                &["self.f.all(x, self.f.exists_one(y, \
                    x.p == y.p && (has(x.h) && has(y.h) ? x.h == y.h : true)))"],
                "self.f.all(x, self.f.exists_one(y, \
                    x.p == y.p && (has(x.h) && has(y.h) ? x.h == y.h : !has(x.h) && !has(y.h))))",
            ),
            // An error says that a value was given, as in kubernetes-sigs/gateway-api 1.4.0.
            (
                &[
                    "self.f.all(x, x.t == 'H' ? self.f.exists_one(y, y.t == x.t && y.v == x.v) : true)",
                ],
                "self.f.all(x, x.t == 'H' && has(x.v) \
                    ? self.f.exists_one(y, y.t == x.t && has(y.v) && y.v == x.v) : true)",
            ),
            // What was required can be left out, as in kubernetes-sigs/gateway-api 1.4.0.
            (&["f(self.value)"], "!has(self.value) || f(self.value)"),
            (&["oldSelf == self"], "oldSelf == self || f(self)"),
        ];
        for (before, rule) in sure {
            assert!(implied(before, rule), "{before:?} and {rule}");
        }
    }

    #[test]
    fn what_may_be_broken_is_not_implied() {
        let unsure: &[(&[&str], &str)] = &[
            (&[], "self.some == 'x'"),
            (&[], "!has(self.some)"),
            // It may be an error, which is a refusal.
            (&[], "!has(self.maybe.fresh)"),
            (&[], "self.maybe.x != 'y' || true && has(self.maybe.x)"),
            (&[], "has(self.loose.fresh) || has(self.some)"),
            (&[], "!has(self.loose.fresh)"),
            (&[], "!has(self.metadata)"),
            (&[], "!has(self.kind)"),
            (&[], "self.type != 'A'"),
            (&[], "self.list.all(x, has(x.value))"),
            (&["self.some == 'x' || f(self)"], "self.some == 'x'"),
            (&["f(self)"], "f(self) && g(self)"),
            (&["self.type == 'A' ? f(self) : true"], "self.type == 'B' ? f(self) : true"),
            (&["self.f.all(x, f(x))"], "self.g.all(x, f(x))"),
            (&["self.f.exists(x, f(x))"], "self.f.all(x, f(x))"),
            (&[], "self.type in ['A'] || self.type == 'C'"),
            (&[], "self.type == 'A' || self.filled == 'B'"),
            (&[], "self.choice == 'A' || self.choice == 'B'"),
            (&["has(self.some) == has(self.kind)"], "has(self.some) && has(self.kind)"),
            (&["has(self.some) || f(self)"], "self.some == 'x' || f(self)"),
            // Another item may be like it, and more may be one.
            (
                &["self.f.all(x, self.f.exists_one(y, x.p == y.p && x.h == y.h))"],
                "self.f.all(x, self.f.exists_one(y, x.p == y.p))",
            ),
            (&["self.f.exists_one(y, y.p || y.h)"], "self.f.exists_one(y, y.p)"),
            (
                &["self.f.all(x, self.f.exists_one(y, x.p == y.p))"],
                "self.f.all(x, self.f.exists_one(y, x.p == y.p && x.h != y.h))",
            ),
            // It is an error where nothing is given.
            (
                &["self.f.all(x, x.t ? self.f.exists_one(y, x.p == y.p) : true)"],
                "self.f.all(x, self.f.exists_one(y, x.p == y.p && x.v == y.v))",
            ),
            // It was asked on updates only.
            (&["oldSelf.value == self.value"], "self.value == self.value"),
            (&["f(oldSelf) && f(self)"], "f(self)"),
            (&[], "("),
        ];
        for (before, rule) in unsure {
            assert!(!implied(before, rule), "{before:?} and {rule}");
        }
    }

    #[test]
    fn items_are_read_by_their_schema() {
        let old = json!({"type": "array", "items": {
            "type": "object", "required": ["value"], "properties": {"value": {"type": "string"}}
        }});
        let Some(schema) = old.as_object() else { return };
        for (rule, expected) in [
            (
                "self.all(a, !has(a.name) || self.exists_one(b, has(b.name) && a.name == b.name))",
                true,
            ),
            ("self.all(a, has(a.value))", true),
            ("self.exists(a, has(a.name))", false),
            ("self.all(a, a.value != '')", false),
        ] {
            assert_eq!(is_implied(&json!({"rule": rule}), &[], schema), expected, "{rule}");
        }
        // As in kubernetes-sigs/gateway-api 1.4.0.
        let was =
            json!({"rule": "self.all(a, f(a) ? self.exists_one(b, a.value == b.value) : true)"});
        let is = json!({"rule": "self.all(a, f(a) && has(a.value) \
            ? self.exists_one(b, has(b.value) && a.value == b.value) : true)"});
        assert!(is_implied(&is, &[was], schema));
    }

    #[test]
    fn a_proof_ends() {
        let long = |sign: &str, name: &str| {
            (0..60).map(|n| format!("{name}{n}(self)")).collect::<Vec<_>>().join(sign)
        };
        assert!(!implied(&[&long(" && ", "f")], &long(" || ", "g")));
    }
}
