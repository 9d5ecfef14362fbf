//! Expressions in CEL: `cel` evaluates them, with Kubernetes' functions of `kube-cel`, behind bounds of ours.
//!
//! The libraries bound neither stack, time nor memory, and panic on some input. So a text is scanned before it is
//! parsed, what is parsed is vetted against a list of what is known to be answered as the API server does, and
//! what an evaluation takes is estimated from above before it starts. What does not pass is refused with a reason.
//! Nothing here evaluates anything, and an expression is parsed when the first value asks for it.
//!
//! What is known to be answered otherwise: see `docs/design/0003-check.md`. Source of the contract:
//! `google/cel-spec:doc/langdef.md`, `kubernetes/apiserver:pkg/cel`.
//!
//! Next: `scan.rs`, `vet.rs`, `cost.rs`, `value.rs`, `context.rs`; `program.rs` for expressions that are no rules of a schema.

mod amount;
mod context;
mod cost;
mod declared;
mod escape;
mod macros;
mod operators;
mod price;
pub(crate) mod program;
mod scan;
mod value;
mod vet;

use std::rc::Rc;
use std::sync::OnceLock;

use kube_cel::cel::common::ast::IdedExpr;
use kube_cel::cel::objects::{OptionalValue, Value};
use kube_cel::cel::{Context, ExecutionError};
use serde_json::Value as Json;

use super::schema::Node;
use value::Reading;
use vet::Vetted;

pub(super) use cost::Budget;
pub(super) use declared::{Declared, MAX_REQUEST, declare};
pub(super) use escape::escape;
pub(super) use price::Priced;

/// An expression as it is written, which is not vetted: to be looked at, and never evaluated.
pub(super) fn parsed(text: &str) -> Result<IdedExpr, Refused> {
    scan::scan(text)?;
    vet::parse(text)
}

/// An expression, parsed when it is needed.
#[derive(Debug)]
pub(super) struct Expression {
    text: String,
    vetted: OnceLock<Result<Vetted, Refused>>,
}

/// Why an expression cannot be evaluated at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("it is not understood: {0}")]
    Syntax(String),
    /// It names what nothing was said of.
    #[error("not known here: undeclared reference to '{0}'")]
    Undeclared(String),
    /// It may mean something to the API server.
    #[error("not known here: {0}")]
    Unsupported(String),
    #[error("longer than {} bytes", scan::MAX_BYTES)]
    TooLong,
    #[error("nested too deep")]
    TooDeep,
}

/// Why an evaluation has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cannot {
    Refused(Refused),
    /// An error of the language, in its words: `division by zero`. The API server has it, too.
    Error(String),
    /// The API server may have a value, or another error.
    Unsure(&'static str),
    /// More steps than are left.
    Afford,
}

/// What is known of the old value.
#[derive(Debug, Clone, Copy)]
pub(super) enum OldSelf<'a> {
    /// The rule does not name it.
    Unnamed,
    Is(&'a Json),
    /// The rule takes it as an optional value.
    Optional(Option<&'a Json>),
}

impl<'a> OldSelf<'a> {
    fn json(self) -> Option<&'a Json> {
        match self {
            OldSelf::Unnamed => None,
            OldSelf::Is(json) => Some(json),
            OldSelf::Optional(json) => json,
        }
    }
}

impl Expression {
    pub(super) fn new(text: &str) -> Expression {
        Expression { text: text.to_owned(), vetted: OnceLock::new() }
    }

    fn vetted(&self) -> Result<&Vetted, Cannot> {
        let vetted = self.vetted.get_or_init(|| {
            scan::scan(&self.text)?;
            vet::vet(&self.text)
        });
        vetted.as_ref().map_err(|refused| Cannot::Refused(refused.clone()))
    }

    /// Whether it looks at the value before an update.
    pub(super) fn names_old_self(&self) -> bool {
        self.vetted().is_ok_and(|vetted| vetted.names_old_self)
    }

    /// The same, if the expression is understood.
    pub(super) fn looks_back(&self) -> Option<bool> {
        self.vetted().ok().map(|vetted| vetted.names_old_self)
    }

    /// What it costs at most for any value that is declared so, as the API server reckons.
    pub(super) fn price(&self, declared: &Rc<Declared>, is_optional: bool) -> Priced {
        let parsed = scan::scan(&self.text).and_then(|()| vet::parse(&self.text));
        parsed.map_or(Priced::Nothing, |tree| price::price(&tree, declared, is_optional))
    }

    /// Whether it holds of a value.
    pub(super) fn holds(
        &self,
        value: &Json,
        old: OldSelf<'_>,
        node: &Node,
        budget: &mut Budget,
    ) -> Result<bool, Cannot> {
        match self.evaluate(value, old, node, budget)? {
            Value::Bool(holds) => Ok(holds),
            _ => Err(Cannot::Unsure("it says neither yes nor no")),
        }
    }

    /// The text that it makes of a value.
    pub(super) fn text(
        &self,
        value: &Json,
        old: OldSelf<'_>,
        node: &Node,
        budget: &mut Budget,
    ) -> Result<String, Cannot> {
        match self.evaluate(value, old, node, budget)? {
            Value::String(text) => Ok(text.to_string()),
            _ => Err(Cannot::Unsure("it makes no text")),
        }
    }

    fn evaluate(
        &self,
        value: &Json,
        old: OldSelf<'_>,
        node: &Node,
        budget: &mut Budget,
    ) -> Result<Value, Cannot> {
        let vetted = self.vetted()?;
        budget.spend(cost::estimate(&vetted.tree, value, old.json()))?;
        let mut reading = Reading::default();
        let mut context: Context<'_> = context::functions().new_inner_scope();
        context.add_variable_from_value("self", reading.value(value, Some(node))?);
        let before = old.json().map(|json| reading.value(json, Some(node))).transpose()?;
        match (old, before) {
            (OldSelf::Is(_), Some(before)) => context.add_variable_from_value("oldSelf", before),
            (OldSelf::Optional(_), before) => {
                let optional = before.map_or_else(OptionalValue::none, OptionalValue::of);
                context.add_variable_from_value(
                    "oldSelf",
                    Value::Opaque(std::sync::Arc::new(optional)),
                );
            }
            _ => {}
        }
        for (name, pattern) in &vetted.patterns {
            context.add_variable_from_value(name.as_str(), pattern.value());
        }
        if vetted.selects_from_old && matches!(old, OldSelf::Optional(_)) {
            return Err(Cannot::Unsure("it reads a field of an optional value"));
        }
        if reading.has_null && vetted.reads_below {
            return Err(Cannot::Unsure("it reads below a value that may be null"));
        }
        if reading.is_unordered && vetted.compares_values {
            return Err(Cannot::Unsure("it compares lists whose order does not count"));
        }
        if reading.has_map && vetted.keeps_order {
            return Err(Cannot::Unsure("it goes through a map, which has no order"));
        }
        Value::resolve(&vetted.tree, &context).map_err(|error| told(&error, vetted))
    }
}

/// An error in the words of the API server, where it is certain to have the same.
fn told(error: &ExecutionError, vetted: &Vetted) -> Cannot {
    // Loops of the language go on after an error, and may find an answer; the library's stop.
    if vetted.has_loops {
        return Cannot::Unsure("an error inside of a loop");
    }
    told_plainly(error)
}

fn told_plainly(error: &ExecutionError) -> Cannot {
    match error {
        ExecutionError::DivisionByZero(_) => Cannot::Error("division by zero".to_owned()),
        ExecutionError::RemainderByZero(_) => Cannot::Error("modulus by zero".to_owned()),
        ExecutionError::Overflow(_, Value::Int(_) | Value::UInt(_), _) => {
            Cannot::Error("integer overflow".to_owned())
        }
        ExecutionError::NoSuchKey(key) => Cannot::Error(format!("no such key: {key}")),
        ExecutionError::IndexOutOfBounds(Value::Int(index)) => {
            Cannot::Error(format!("index out of bounds: {index}"))
        }
        ExecutionError::FunctionError { .. } => Cannot::Unsure("a function has no value for this"),
        ExecutionError::UndeclaredReference(_) => Cannot::Unsure("it names what is not there"),
        // The others print values, and values may be secrets.
        _ => Cannot::Unsure("the types do not fit"),
    }
}
