//! The functions of expressions: the library's, and in place of those that answer otherwise than the API server, or
//! panic, a few that do not. What may be called at all is in `vet.rs`.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use kube_cel::KubeCelExt;
use kube_cel::cel::extractors::This;
use kube_cel::cel::objects::{Opaque, Value};
use kube_cel::cel::{Context, ExecutionError, FunctionContext, functions as library};
use regex::Regex;

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
        context.add_function("string", string);
        context.add_function("duration", duration);
        context.add_function("timestamp", timestamp);
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

fn matches(
    context: &FunctionContext<'_, '_>,
    This(this): This<Arc<String>>,
    pattern: Value,
) -> Result<bool, ExecutionError> {
    let compiled = match &pattern {
        Value::Opaque(opaque) => opaque.downcast_ref::<Pattern>(),
        _ => None,
    };
    compiled
        .map(|Pattern(regex)| regex.is_match(&this))
        .ok_or_else(|| context.error("a pattern that is not written out"))
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
