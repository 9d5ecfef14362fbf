//! Quantities: `quantity('1.5Gi')` and what can be asked of one. The library's arithmetic overflows, and this one has
//! no answer where a number is larger or finer than it holds.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/cel/library/quantity.go`, `kubernetes/apimachinery:pkg/api/resource`.

use std::sync::Arc;

use kube_cel::cel::extractors::This;
use kube_cel::cel::objects::{Opaque, Value};
use kube_cel::cel::{Context, ExecutionError, FunctionContext};

use crate::builtin::quantity;

/// How many of the smallest parts there are in one.
const PARTS: i128 = 1_000_000_000;

/// An amount in parts of 10^-9, which are the smallest that there are.
#[derive(Debug, Clone)]
struct Amount {
    parts: i128,
    /// Whether it was written without a point and without a fraction for its suffix.
    is_plain: bool,
}

impl PartialEq for Amount {
    fn eq(&self, other: &Amount) -> bool {
        self.parts == other.parts
    }
}

impl Eq for Amount {}

impl Opaque for Amount {
    fn runtime_type_name(&self) -> &str {
        "kubernetes.Quantity"
    }
}

fn parse(text: &str) -> Option<Amount> {
    // Whether it is one at all is asked once, and elsewhere.
    quantity::parse(text).ok()?;
    let (sign, bare) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = bare.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bare.len());
    let (digits, suffix) = bare.split_at(end);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (base, power): (i128, i32) = match suffix {
        "" => (10, 0),
        "n" => (10, -9),
        "u" => (10, -6),
        "m" => (10, -3),
        "k" => (10, 3),
        "M" => (10, 6),
        "G" => (10, 9),
        "T" => (10, 12),
        "P" => (10, 15),
        "E" => (10, 18),
        "Ki" => (1024, 1),
        "Mi" => (1024, 2),
        "Gi" => (1024, 3),
        "Ti" => (1024, 4),
        "Pi" => (1024, 5),
        "Ei" => (1024, 6),
        _ => (10, suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    let mut parts: i128 = format!("0{whole}{fraction}").parse().ok()?;
    let mut scale = 9_i32.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    if base == 10 {
        scale = scale.checked_add(power)?;
    } else {
        parts = parts.checked_mul(base.checked_pow(u32::try_from(power).ok()?)?)?;
    }
    let factor = 10_i128.checked_pow(scale.unsigned_abs())?;
    parts = match scale {
        0.. => parts.checked_mul(factor)?,
        // What is finer is rounded by the server.
        _ if parts % factor != 0 => return None,
        _ => parts / factor,
    };
    let is_plain = fraction.is_empty() && power >= 0;
    Some(Amount { parts: parts.checked_mul(sign)?, is_plain })
}

fn amount(value: &Value) -> Option<&Amount> {
    match value {
        Value::Opaque(opaque) => opaque.downcast_ref::<Amount>(),
        _ => None,
    }
}

fn made(parts: Option<i128>, is_plain: bool) -> Option<Value> {
    Some(Value::Opaque(Arc::new(Amount { parts: parts?, is_plain })))
}

/// What a function with one argument answers, or that it has no answer.
fn told(context: &FunctionContext<'_, '_>, value: Option<Value>) -> Result<Value, ExecutionError> {
    value.ok_or_else(|| context.error("no answer for this quantity"))
}

fn quantity(context: &FunctionContext<'_, '_>, text: Arc<String>) -> Result<Value, ExecutionError> {
    told(context, parse(&text).map(|amount| Value::Opaque(Arc::new(amount))))
}

fn is_quantity(text: Arc<String>) -> bool {
    quantity::parse(&text).is_ok()
}

/// The whole number that it is; none where the server might see another precision.
fn whole(amount: &Amount) -> Option<Option<i64>> {
    match amount.parts % PARTS {
        0 if amount.is_plain => Some(i64::try_from(amount.parts / PARTS).ok()),
        0 => None,
        _ => Some(None),
    }
}

fn is_integer(
    context: &FunctionContext<'_, '_>,
    This(this): This<Value>,
) -> Result<Value, ExecutionError> {
    let whole = amount(&this).and_then(whole);
    told(context, whole.map(|whole| Value::Bool(whole.is_some())))
}

fn as_integer(
    context: &FunctionContext<'_, '_>,
    This(this): This<Value>,
) -> Result<Value, ExecutionError> {
    told(context, amount(&this).and_then(whole).flatten().map(Value::Int))
}

fn as_float(
    context: &FunctionContext<'_, '_>,
    This(this): This<Value>,
) -> Result<Value, ExecutionError> {
    told(context, amount(&this).map(|amount| Value::Float(amount.parts as f64 / PARTS as f64)))
}

fn sign(
    context: &FunctionContext<'_, '_>,
    This(this): This<Value>,
) -> Result<Value, ExecutionError> {
    told(context, amount(&this).map(|amount| Value::Int(amount.parts.signum() as i64)))
}

/// Another amount, or a whole number.
fn other(value: &Value) -> Option<(i128, bool)> {
    match value {
        Value::Int(whole) => Some((i128::from(*whole) * PARTS, true)),
        other => amount(other).map(|amount| (amount.parts, amount.is_plain)),
    }
}

fn add(
    context: &FunctionContext<'_, '_>,
    This(this): This<Value>,
    more: Value,
) -> Result<Value, ExecutionError> {
    let sum = amount(&this).zip(other(&more)).and_then(|(amount, (parts, is_plain))| {
        made(amount.parts.checked_add(parts), amount.is_plain && is_plain)
    });
    told(context, sum)
}

fn sub(
    context: &FunctionContext<'_, '_>,
    This(this): This<Value>,
    less: Value,
) -> Result<Value, ExecutionError> {
    let rest = amount(&this).zip(other(&less)).and_then(|(amount, (parts, is_plain))| {
        made(amount.parts.checked_sub(parts), amount.is_plain && is_plain)
    });
    told(context, rest)
}

fn compared(
    context: &FunctionContext<'_, '_>,
    this: &Value,
    other: &Value,
    answer: fn(std::cmp::Ordering) -> Value,
) -> Result<Value, ExecutionError> {
    let both = amount(this).zip(amount(other));
    told(context, both.map(|(this, other)| answer(this.parts.cmp(&other.parts))))
}

fn is_greater(
    context: &FunctionContext<'_, '_>,
    This(this): This<Value>,
    than: Value,
) -> Result<Value, ExecutionError> {
    compared(context, &this, &than, |order| Value::Bool(order.is_gt()))
}

fn is_less(
    context: &FunctionContext<'_, '_>,
    This(this): This<Value>,
    than: Value,
) -> Result<Value, ExecutionError> {
    compared(context, &this, &than, |order| Value::Bool(order.is_lt()))
}

fn compare(
    context: &FunctionContext<'_, '_>,
    This(this): This<Value>,
    to: Value,
) -> Result<Value, ExecutionError> {
    compared(context, &this, &to, |order| Value::Int(order as i64))
}

/// Adds the functions.
pub(super) fn register(context: &mut Context<'_>) {
    context.add_function("quantity", quantity);
    context.add_function("isQuantity", is_quantity);
    context.add_function("isInteger", is_integer);
    context.add_function("asInteger", as_integer);
    context.add_function("asApproximateFloat", as_float);
    context.add_function("sign", sign);
    context.add_function("add", add);
    context.add_function("sub", sub);
    context.add_function("isGreaterThan", is_greater);
    context.add_function("isLessThan", is_less);
    context.add_function("compareTo", compare);
}
