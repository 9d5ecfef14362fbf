//! What operators and functions cost, and what they make.
//!
//! Source of the contract: `google/cel-go:checker/cost.go`, `kubernetes/apiserver:pkg/cel/library/cost.go`.

use std::rc::Rc;

use kube_cel::cel::common::ast::{CallExpr, Expr, LiteralValue, operators};

use super::super::declared::Declared;
use super::{Known, Size, TRAVERSAL, Type, UNKNOWN, both, factored, fixed};

/// What each sign of a pattern costs.
const PATTERN: f64 = 0.25;

/// The bytes of an address, twice over, and what is done with them.
const CONTAINS_IP: u64 = 4;
const CONTAINS_CIDR: u64 = 7;

/// The longest pattern of a format with a name.
const FORMAT_PATTERN: f64 = 128.0;

/// Whether a call is an operator with two sides.
pub(super) fn is_operator(name: &str) -> bool {
    name.starts_with('_') || name == operators::IN
}

/// The price of an operator by itself.
pub(super) fn operator(name: &str, left: &Known, right: &Known, root: &Rc<Declared>) -> Known {
    let is_text = |known: &Known| known.kind.is(|kind| matches!(kind, Type::String | Type::Bytes));
    match name {
        operators::EQUALS
            if left.kind == right.kind && matches!(left.kind, Type::Unit | Type::Network) =>
        {
            Known::new(1, Type::Scalar)
        }
        operators::EQUALS | operators::NOT_EQUALS => {
            let most = left.size_or_unknown().most.min(right.size_or_unknown().most);
            Known::new(factored(most, TRAVERSAL), Type::Scalar)
        }
        operators::LESS
        | operators::LESS_EQUALS
        | operators::GREATER
        | operators::GREATER_EQUALS
            if is_text(left) && is_text(right) =>
        {
            let most = left.size_or_unknown().most.min(right.size_or_unknown().most);
            Known::new(
                factored(most, TRAVERSAL).max(u64::from(left.kind == Type::Dyn)),
                Type::Scalar,
            )
        }
        operators::ADD => {
            let is_list = |known: &Known| known.kind.is(|kind| matches!(kind, Type::List(_)));
            let size = left.size_or_unknown().plus(right.size_or_unknown());
            let cost =
                if is_text(left) && is_text(right) { size.cost(TRAVERSAL).max(1) } else { 1 };
            let kind = if left.kind == Type::Dyn { right.kind.clone() } else { left.kind.clone() };
            let known = Known::new(cost, kind);
            if !is_text(left) && !is_list(left) {
                return known;
            }
            Known { entry: both(left.entry, right.entry), ..known.sized(size) }
        }
        operators::IN if right.kind.is(|kind| matches!(kind, Type::List(_))) => {
            Known::new(right.size_or_unknown().most.max(1), Type::Scalar)
        }
        operators::INDEX => {
            let path = left.path.step(root, |declared| declared.element.clone());
            let size = left.entry.map(|entry| entry.value);
            Known { path, size, ..Known::new(1, left.kind.element()) }
        }
        operators::OPT_SELECT | operators::OPT_INDEX => {
            Known::new(1, Type::Optional(Box::new(Type::Dyn)))
        }
        _ => Known::new(1, Type::Scalar),
    }
}

/// The price of a call by itself.
pub(super) fn function(
    name: &str,
    target: Option<&Known>,
    args: &[Known],
    call: &CallExpr,
) -> Option<Known> {
    let first = || target.or(args.first());
    let size = |known: Option<&Known>| known.map_or(UNKNOWN, Known::size_or_unknown);
    let own = size(first());
    let arg = size(if target.is_some() { args.first() } else { args.get(1) });
    let kind = first().map_or(Type::Dyn, |known| known.kind.clone());
    let text = |cost: u64, size: Size| Known::new(cost, Type::String).sized(size);
    let scalar = |cost: u64| Known::new(cost, Type::Scalar);
    let strings = || Type::List(Box::new(Type::String));
    Some(match name {
        "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" if target.is_some() => {
            let is_list = matches!(kind, Type::List(_));
            let element = kind.element();
            let each = match element {
                Type::String | Type::Bytes => {
                    let path = target.and_then(|target| target.path.declared()?.element.as_ref());
                    let most = path.map_or(u64::MAX, |path| path.most);
                    factored(most, TRAVERSAL).saturating_add(1)
                }
                _ => 1,
            };
            let cost = if is_list { own.most.saturating_mul(each) } else { own.cost(TRAVERSAL) };
            let kind = if matches!(name, "max" | "min" | "sum") { element } else { Type::Scalar };
            Known::new(cost, kind)
        }
        "url" => Known::new(own.cost(TRAVERSAL), Type::Unit).sized(own),
        "lowerAscii" | "upperAscii" | "substring" | "trim" => text(own.cost(TRAVERSAL), own),
        "replace" => text(own.cost(2.0 * TRAVERSAL), replaced(own, arg, size(args.get(1)))),
        "split" => {
            let limit = call.args.get(1).and_then(|arg| match &arg.expr {
                Expr::Literal(LiteralValue::Int(limit)) => Some(*limit.inner() as u64),
                _ => None,
            });
            let size = Size { least: 0, most: limit.unwrap_or(own.most) };
            Known::new(own.cost(2.0 * TRAVERSAL), strings()).sized(size)
        }
        "join" => {
            let element = target.and_then(|target| target.path.declared()?.element.as_ref());
            let element = element.map_or(UNKNOWN, |path| Size { least: 0, most: path.most });
            let mut size = own.times(element);
            if !args.is_empty() {
                let gaps =
                    Size { least: own.least.saturating_sub(1), most: own.most.saturating_sub(1) };
                size = size.plus(arg.times(gaps));
            }
            text(size.cost(TRAVERSAL), size)
        }
        "find" | "findAll" | "matches" => {
            let cost = own.plus(fixed(1)).cost(TRAVERSAL).saturating_mul(arg.cost(PATTERN));
            let found = Size { least: 0, most: own.most };
            match name {
                "find" => text(cost, found),
                "findAll" => Known::new(cost, strings()).sized(found),
                _ => scalar(cost),
            }
        }
        "contains" => scalar(own.cost(TRAVERSAL).saturating_mul(arg.cost(TRAVERSAL))),
        "startsWith" | "endsWith" => scalar(arg.cost(TRAVERSAL)),
        "isIP" | "isCIDR" | "isQuantity" | "isSemver" => scalar(own.cost(TRAVERSAL)),
        "quantity" | "semver" => Known::new(own.cost(TRAVERSAL), Type::Unit),
        "cidr" => Known::new(own.cost(TRAVERSAL), Type::Network),
        "ip" if kind == Type::Network => Known::new(1, Type::Unit),
        "ip" => Known::new(own.cost(TRAVERSAL), Type::Unit),
        "ip.isCanonical" => scalar(own.cost(2.0 * TRAVERSAL)),
        "containsIP" | "containsCIDR" => {
            let is_text = args.first().is_some_and(|arg| arg.kind.is(|kind| *kind == Type::String));
            let parsed = if is_text { arg.cost(TRAVERSAL) } else { 0 };
            let base = if name == "containsIP" { CONTAINS_IP } else { CONTAINS_CIDR };
            scalar(parsed.saturating_add(base))
        }
        "validate" => {
            let cost = factored(arg.cost(TRAVERSAL), FORMAT_PATTERN * PATTERN);
            Known::new(cost, Type::Optional(Box::new(strings())))
        }
        "format" => Known::new(own.cost(TRAVERSAL), Type::String),
        "bytes" | "string" if matches!(kind, Type::String | Type::Bytes) && target.is_none() => {
            let made = if name == "bytes" { Type::Bytes } else { Type::String };
            let size = match (name, &kind) {
                ("bytes", Type::String) => {
                    Size { least: own.least, most: own.most.saturating_mul(4) }
                }
                ("string", Type::Bytes) => Size { least: own.least / 4, most: own.most },
                _ => return Some(Known::new(1, made)),
            };
            Known::new(own.cost(TRAVERSAL), made).sized(size)
        }
        "string" | "charAt" | "getScheme" | "getHost" | "getHostname" | "getPort"
        | "getEscapedPath" => Known::new(1, Type::String),
        "size"
        | "int"
        | "uint"
        | "double"
        | "bool"
        | "duration"
        | "timestamp"
        | "isURL"
        | "family"
        | "hasValue"
        | "prefixLength"
        | "isUnspecified"
        | "isLoopback"
        | "isLinkLocalMulticast"
        | "isLinkLocalUnicast"
        | "isGlobalUnicast"
        | "sign"
        | "asInteger"
        | "isInteger"
        | "asApproximateFloat"
        | "isGreaterThan"
        | "isLessThan"
        | "compareTo"
        | "getDate"
        | "getDayOfMonth"
        | "getDayOfWeek"
        | "getDayOfYear"
        | "getFullYear"
        | "getHours"
        | "getMilliseconds"
        | "getMinutes"
        | "getMonth"
        | "getSeconds"
        | operators::LOGICAL_NOT
        | operators::NEGATE
        | operators::NOT_STRICTLY_FALSE => scalar(1),
        "add" | "sub" | "masked" => Known::new(1, kind),
        "type" => Known::new(1, Type::Unit),
        "orValue" | "value" => Known::new(1, kind.element()),
        "optional.of" | "optional.none" | "optional.ofNonZeroValue" => {
            Known::new(1, Type::Optional(Box::new(kind)))
        }
        // What else there is has prices of its own, which are not known here.
        _ => return None,
    })
}

/// The size of a text after its parts were replaced.
fn replaced(own: Size, from: Size, to: Size) -> Size {
    let (count, kept) = if from.least == 0 {
        (own.most.saturating_add(1), own.most)
    } else if to.most <= from.least {
        (0, own.most)
    } else {
        ((own.most as f64 / from.least as f64).ceil() as u64, 0)
    };
    let (fewest, left) = if from.most == 0 {
        (own.least.saturating_add(1), own.least)
    } else if from.most <= to.least {
        (0, own.least)
    } else {
        ((own.least as f64 / from.most as f64).ceil() as u64, 0)
    };
    Size {
        least: fewest.saturating_mul(to.least).saturating_add(left),
        most: count.saturating_mul(to.most).saturating_add(kept),
    }
}
