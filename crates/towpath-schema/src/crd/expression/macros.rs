//! What the parser of the library leaves as calls and the language does not: `cel.bind`, `optMap`, loops with two
//! variables. Each becomes a loop that the library knows.
//!
//! Source of the contract: `google/cel-go:ext/bindings.go`, `ext/comprehensions.go`, `cel/library.go`.

use kube_cel::cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr, IdedExpr, ListExpr, LiteralValue, operators,
};

use super::operators::{ITEMS, KEYS};

/// No name of the language begins like these.
const RESULT: &str = "@result";
const RANGE: &str = "@range";
const OPTIONAL: &str = "@optional";

fn of(expr: Expr) -> IdedExpr {
    IdedExpr { id: 0, expr }
}

fn name(name: &str) -> IdedExpr {
    of(Expr::Ident(name.to_owned()))
}

fn truth(value: bool) -> IdedExpr {
    of(Expr::Literal(LiteralValue::Boolean(value.into())))
}

fn number(value: i64) -> IdedExpr {
    of(Expr::Literal(LiteralValue::Int(value.into())))
}

fn call(func_name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    of(Expr::Call(CallExpr { func_name: func_name.to_owned(), target: None, args }))
}

fn method(target: IdedExpr, func_name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    let target = Some(Box::new(target));
    of(Expr::Call(CallExpr { func_name: func_name.to_owned(), target, args }))
}

fn list(elements: Vec<IdedExpr>) -> IdedExpr {
    of(Expr::List(ListExpr::new(elements)))
}

/// A value with a name, for one expression.
fn bind(variable: &str, value: IdedExpr, result: IdedExpr) -> IdedExpr {
    of(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: list(Vec::new()),
        iter_var: "@unused".to_owned(),
        iter_var2: None,
        accu_var: variable.to_owned(),
        accu_init: value,
        loop_cond: truth(false),
        loop_step: name(variable),
        result,
    })))
}

/// Whether a loop has nothing to go through, and only gives a value a name.
pub(super) fn is_bind(each: &ComprehensionExpr) -> bool {
    matches!(&each.iter_range.expr, Expr::List(list) if list.elements.is_empty())
}

fn variable(expression: &IdedExpr) -> Option<String> {
    match &expression.expr {
        Expr::Ident(name) => Some(name.clone()),
        _ => None,
    }
}

/// What a call stands for, if it is one of these.
pub(super) fn expand(found: &CallExpr) -> Option<IdedExpr> {
    let target = found.target.as_deref()?;
    match (found.func_name.as_str(), found.args.as_slice()) {
        ("bind", [named, value, result]) if matches!(&target.expr, Expr::Ident(name) if name == "cel") => {
            Some(bind(&variable(named)?, value.clone(), result.clone()))
        }
        ("optMap" | "optFlatMap", [named, result]) => {
            // An optional value that has a name loses in the library that it is one; a list of it does not.
            let inner = call(operators::INDEX, vec![name(OPTIONAL), number(0)]);
            let mapped = bind(&variable(named)?, inner, result.clone());
            let mapped = match found.func_name.as_str() {
                "optMap" => method(name("optional"), "of", vec![mapped]),
                _ => mapped,
            };
            let none = method(name("optional"), "none", Vec::new());
            let size = method(name(OPTIONAL), "size", Vec::new());
            let has = call(operators::GREATER, vec![size, number(0)]);
            let result = call(operators::CONDITIONAL, vec![has, mapped, none]);
            Some(bind(OPTIONAL, call(ITEMS, vec![target.clone()]), result))
        }
        (kind, [key, value, rest @ ..]) => {
            let (key, value) = (variable(key)?, variable(value)?);
            let bound = |body: &IdedExpr| {
                let item = call(operators::INDEX, vec![name(RANGE), name(&key)]);
                bind(&value, item, body.clone())
            };
            Some(bind(RANGE, target.clone(), pairs(kind, &key, rest, bound)?))
        }
        _ => None,
    }
}

/// A loop over the keys of what has the name [`RANGE`].
fn pairs(
    kind: &str,
    key: &str,
    rest: &[IdedExpr],
    bound: impl Fn(&IdedExpr) -> IdedExpr,
) -> Option<IdedExpr> {
    let and_so_on = |arg| call(operators::NOT_STRICTLY_FALSE, vec![arg]);
    let more = |value| call(operators::ADD, vec![name(RESULT), value]);
    let when = |condition, then| call(operators::CONDITIONAL, vec![condition, then, name(RESULT)]);
    let (accu_init, loop_cond, loop_step, result) = match (kind, rest) {
        ("all", [body]) => {
            let step = call(operators::LOGICAL_AND, vec![name(RESULT), bound(body)]);
            (truth(true), and_so_on(name(RESULT)), step, name(RESULT))
        }
        ("exists", [body]) => {
            let not = call(operators::LOGICAL_NOT, vec![name(RESULT)]);
            let step = call(operators::LOGICAL_OR, vec![name(RESULT), bound(body)]);
            (truth(false), and_so_on(not), step, name(RESULT))
        }
        ("exists_one" | "existsOne", [body]) => {
            let is_one = call(operators::EQUALS, vec![name(RESULT), number(1)]);
            (number(0), truth(true), when(bound(body), more(number(1))), is_one)
        }
        ("transformList", [body]) => {
            (list(Vec::new()), truth(true), more(list(vec![bound(body)])), name(RESULT))
        }
        ("transformList", [filter, body]) => {
            let step = when(bound(filter), more(list(vec![bound(body)])));
            (list(Vec::new()), truth(true), step, name(RESULT))
        }
        _ => return None,
    };
    Some(of(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: call(KEYS, vec![name(RANGE)]),
        iter_var: key.to_owned(),
        iter_var2: None,
        accu_var: RESULT.to_owned(),
        accu_init,
        loop_cond,
        loop_step,
        result,
    }))))
}
