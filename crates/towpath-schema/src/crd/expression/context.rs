//! The functions of expressions: the library's, and in place of those that answer otherwise than the API server, or
//! panic, a few that do not. What may be called at all is in `vet.rs`.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use kube_cel::KubeCelExt;
use kube_cel::cel::extractors::{Arguments, This};
use kube_cel::cel::objects::{Opaque, Value};
use kube_cel::cel::{Context, ExecutionError, FunctionContext, functions as library};
use regex::Regex;

use super::{amount, operators};

/// How long a date, a time or a duration may be; the library's sum of durations overflows for much longer ones.
const MAX_TIME: usize = 128;

/// A pattern of a rule, compiled once. The library would compile it at each call.
#[derive(Debug, Clone)]
pub(super) struct Pattern(pub(super) Arc<Regex>);

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl Opaque for Pattern {
    fn runtime_type_name(&self) -> &str {
        "towpath.Pattern"
    }
}

impl Pattern {
    pub(super) fn value(&self) -> Value {
        Value::Opaque(Arc::new(self.clone()))
    }
}

/// All functions; they keep nothing from one evaluation to the next.
pub(super) fn functions() -> &'static Context<'static> {
    static FUNCTIONS: LazyLock<Context<'static>> = LazyLock::new(|| {
        let mut context = Context::default().with_all();
        context.add_function("size", size);
        context.add_function("contains", contains);
        context.add_function("matches", matches);
        context.add_function("find", find);
        context.add_function("findAll", find_all);
        context.add_function("string", string);
        context.add_function("duration", duration);
        context.add_function("timestamp", timestamp);
        operators::register(&mut context);
        amount::register(&mut context);
        context
    });
    &FUNCTIONS
}

/// The library counts the bytes of a text.
fn size(context: &FunctionContext<'_, '_>, This(this): This<Value>) -> Result<i64, ExecutionError> {
    match this {
        Value::String(text) => Ok(i64::try_from(text.chars().count()).unwrap_or(i64::MAX)),
        other => library::size(context, This(other)),
    }
}

/// The library's panics for bytes that are empty, and takes lists, which the language does not.
fn contains(This(this): This<Arc<String>>, part: Arc<String>) -> bool {
    this.contains(part.as_str())
}

fn compiled<'p>(
    context: &FunctionContext<'_, '_>,
    pattern: &'p Value,
) -> Result<&'p Regex, ExecutionError> {
    let compiled = match pattern {
        Value::Opaque(opaque) => opaque.downcast_ref::<Pattern>(),
        _ => None,
    };
    let compiled = compiled.map(|Pattern(regex)| &**regex);
    compiled.ok_or_else(|| context.error("a pattern that is not written out"))
}

fn matches(
    context: &FunctionContext<'_, '_>,
    This(this): This<Arc<String>>,
    pattern: Value,
) -> Result<bool, ExecutionError> {
    Ok(compiled(context, &pattern)?.is_match(&this))
}

/// The first match; an empty text where there is none.
fn find(
    context: &FunctionContext<'_, '_>,
    This(this): This<Arc<String>>,
    pattern: Value,
) -> Result<Value, ExecutionError> {
    let found = compiled(context, &pattern)?.find(&this);
    Ok(Value::String(Arc::new(found.map_or_else(String::new, |found| found.as_str().to_owned()))))
}

/// All matches, or as many as are asked for.
fn find_all(
    context: &FunctionContext<'_, '_>,
    This(this): This<Arc<String>>,
    Arguments(args): Arguments,
) -> Result<Value, ExecutionError> {
    let (pattern, most) = match args.as_slice() {
        [pattern] => (pattern, usize::MAX),
        [pattern, Value::Int(most)] => (pattern, usize::try_from(*most).unwrap_or(usize::MAX)),
        _ => return Err(context.error("neither a pattern nor a number")),
    };
    let found = compiled(context, pattern)?.find_iter(&this).take(most);
    let found = found.map(|found| Value::String(Arc::new(found.as_str().to_owned())));
    Ok(Value::List(Arc::new(found.collect())))
}

/// The library writes the others as Rust does.
fn string(
    context: &FunctionContext<'_, '_>,
    This(this): This<Value>,
) -> Result<Value, ExecutionError> {
    match this {
        Value::String(_) | Value::Int(_) => library::string(context, This(this)),
        _ => Err(context.error("a type that is written otherwise")),
    }
}

pub(super) fn duration(text: Arc<String>) -> Result<Value, ExecutionError> {
    if text.len() > MAX_TIME {
        return Err(ExecutionError::function_error("duration", "too long"));
    }
    library::duration(text)
}

/// In UTC, which is how the language reads fields of it; the library reads them with the offset that was written.
pub(super) fn timestamp(text: Arc<String>) -> Result<Value, ExecutionError> {
    if text.len() > MAX_TIME {
        return Err(ExecutionError::function_error("timestamp", "too long"));
    }
    library::timestamp(text.clone())?;
    let instant: Timestamp =
        text.parse().map_err(|error| ExecutionError::function_error("timestamp", error))?;
    library::timestamp(Arc::new(instant.to_string()))
}
