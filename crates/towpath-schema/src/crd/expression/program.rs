//! Expressions that are no rules of a schema: compiled once, evaluated over values that have names.
//!
//! A value that could not be made is an error of whoever reads it, and of nobody else, as in the API server.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/admission/plugin/cel/compile.go`, `activation.go`,
//! `composition.go`.

use std::collections::BTreeMap;

use kube_cel::cel::objects::Value;
use kube_cel::cel::{Context, ExecutionError};
use serde_json::Value as Json;

use super::cost::{self, Sizes};
use super::value::Reading;
use super::vet::{self, Vetted};
use super::{Budget, Cannot, Refused, context, scan};

/// How many steps one evaluation may take; the API server has the same limit, in units much like these.
pub const MAX_STEPS: u64 = 1_000_000;

/// How many steps all expressions of one policy may take for one request.
pub const MAX_STEPS_TOGETHER: u64 = 10_000_000;

/// An expression that was compiled.
#[derive(Debug)]
pub struct Program {
    text: Box<str>,
    vetted: Vetted,
}

/// Why an expression was not compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Compile {
    /// It is no expression of the language; with its place, as the API server tells it.
    #[error("{0}")]
    Syntax(String),
    /// It names what nothing was said of; with its place.
    #[error("{0}")]
    Undeclared(String),
    /// It may mean something to the API server, and nothing here.
    #[error("not known here: {0}")]
    Unsupported(String),
}

impl Compile {
    fn of(refused: Refused, text: &str) -> Self {
        match refused {
            Refused::Syntax(why) => {
                let (line, column, why) = vet::fault(text).unwrap_or((1, 1, why));
                Compile::Syntax(located(text, line, column, &format!("Syntax error: {why}")))
            }
            Refused::Undeclared(name) => {
                let (line, column) = place_of(text, &name);
                let why = match name.split_once('.') {
                    Some((_, field)) => format!("undefined field '{field}'"),
                    None => format!("undeclared reference to '{name}' (in container '')"),
                };
                Compile::Undeclared(located(text, line, column, &why))
            }
            Refused::Unsupported(what) => Compile::Unsupported(what),
            other => Compile::Unsupported(other.to_string()),
        }
    }
}

/// An error with its place; lines and columns count from 1.
fn located(text: &str, line: usize, column: usize, why: &str) -> String {
    let shown = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let dots = ".".repeat(column.saturating_sub(1));
    format!("ERROR: <input>:{line}:{column}: {why}\n | {shown}\n | {dots}^")
}

/// Where a name stands for the first time.
fn place_of(text: &str, name: &str) -> (usize, usize) {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    for (line, shown) in text.lines().enumerate() {
        let found = shown.match_indices(name).find(|(at, _)| {
            let after = shown[at + name.len()..].chars().next();
            !shown[..*at].ends_with(is_part) && after.is_none_or(|c| c == '.' || !is_part(c))
        });
        if let Some((at, _)) = found {
            // The server points at the dot of a field.
            let dot = name.find('.').unwrap_or(0);
            return (line + 1, shown[..at].chars().count() + dot + 1);
        }
    }
    (1, 1)
}

/// Why an evaluation has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// An error of the language, in its words where they are known.
    #[error("{0}")]
    Error(String),
    /// More steps than are left.
    #[error("it takes too many steps")]
    Afford,
}

/// What an expression says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Yes or no.
    Bool(bool),
    /// A text.
    Text(String),
    /// Nothing.
    Null,
    /// Something that no policy asks for.
    Other,
}

/// How many steps may still be taken.
#[derive(Debug)]
pub struct Steps(u64);

impl Default for Steps {
    fn default() -> Self {
        Self(MAX_STEPS_TOGETHER)
    }
}

impl Steps {
    fn spend(&mut self, steps: u64) -> Result<(), NoAnswer> {
        let mut budget = Budget::new(self.0.min(MAX_STEPS));
        let before = budget.left();
        budget.spend(steps).map_err(|_| NoAnswer::Afford)?;
        self.0 -= before - budget.left();
        Ok(())
    }
}

/// Values that have names.
pub struct Scope {
    context: Context<'static>,
    sizes: Vec<(String, Sizes)>,
    broken: BTreeMap<String, String>,
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("broken", &self.broken).finish_non_exhaustive()
    }
}

impl Default for Scope {
    fn default() -> Self {
        let context = context::functions().new_inner_scope();
        Self { context, sizes: Vec::new(), broken: BTreeMap::new() }
    }
}

impl Scope {
    /// Gives a value a name.
    pub fn set(&mut self, name: &str, json: &Json) {
        match Reading::default().value(json, None) {
            Ok(value) => self.put(name, value, Sizes::of(json)),
            Err(_) => self.fail(name, "it cannot be read".to_owned()),
        }
    }

    /// Gives what an expression says the name of a variable. Where it says nothing, whoever reads the variable has the
    /// error.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Afford`], and no other.
    pub fn define(
        &mut self,
        variable: &str,
        program: &Result<Program, Compile>,
        steps: &mut Steps,
    ) -> Result<(), NoAnswer> {
        let name = format!("variables.{variable}");
        let (made, what) = match program {
            Ok(program) => (program.value(self, steps), "evaluate"),
            Err(error) => (Err(NoAnswer::Error(error.to_string())), "compile"),
        };
        match made {
            Ok((value, sizes)) => self.put(&name, value, sizes),
            Err(NoAnswer::Error(error)) => {
                self.fail(
                    &name,
                    format!("composited variable {variable:?} fails to {what}: {error}"),
                );
            }
            Err(NoAnswer::Afford) => return Err(NoAnswer::Afford),
        }
        Ok(())
    }

    fn put(&mut self, name: &str, value: Value, sizes: Sizes) {
        self.context.add_variable_from_value(name, value);
        self.sizes.retain(|(known, _)| known != name);
        self.sizes.push((name.to_owned(), sizes));
    }

    fn fail(&mut self, name: &str, why: String) {
        self.broken.insert(name.to_owned(), why);
    }
}

impl Program {
    /// Compiles an expression over values of these names; a variable is named `variables.x`.
    ///
    /// # Errors
    ///
    /// [`Compile`].
    pub fn compile(text: &str, names: &[&str]) -> Result<Program, Compile> {
        let vetted = scan::scan(text).and_then(|()| vet::vet_dynamic(text, names));
        let vetted = vetted.map_err(|refused| Compile::of(refused, text))?;
        Ok(Program { text: text.into(), vetted })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it reads the value of a name.
    #[must_use]
    pub fn reads(&self, name: &str) -> bool {
        self.vetted.reads.contains(name)
    }

    /// What it says.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`].
    pub fn evaluate(&self, scope: &Scope, steps: &mut Steps) -> Result<Answer, NoAnswer> {
        Ok(match self.value(scope, steps)?.0 {
            Value::Bool(answer) => Answer::Bool(answer),
            Value::String(text) => Answer::Text(text.to_string()),
            Value::Null => Answer::Null,
            _ => Answer::Other,
        })
    }

    fn value(&self, scope: &Scope, steps: &mut Steps) -> Result<(Value, Sizes), NoAnswer> {
        let read = scope.sizes.iter().filter(|(name, _)| self.reads(name)).cloned().collect();
        let (estimate, sizes) = cost::estimate_in(&self.vetted.tree, read);
        steps.spend(estimate)?;
        let mut context = scope.context.new_inner_scope();
        for (name, pattern) in &self.vetted.patterns {
            context.add_variable_from_value(name.as_str(), pattern.value());
        }
        let value =
            Value::resolve(&self.vetted.tree, &context).map_err(|error| told(&error, scope))?;
        Ok((value, sizes))
    }
}

/// An error in the words of the API server where they are known, without the values that it is about.
fn told(error: &ExecutionError, scope: &Scope) -> NoAnswer {
    if let ExecutionError::UndeclaredReference(name) = error
        && let Some(why) = scope.broken.get(name.as_str())
    {
        return NoAnswer::Error(why.clone());
    }
    NoAnswer::Error(match super::told_plainly(error) {
        Cannot::Error(text) => text,
        Cannot::Unsure(why) => why.to_owned(),
        Cannot::Refused(_) | Cannot::Afford => "it cannot be evaluated".to_owned(),
    })
}
