//! Whether a configuration that is applied fits its shape, in the server's words.
//!
//! Only what has to be right for the configuration to be merged; rules of the kind are asked elsewhere. Source of the
//! contract: `kubernetes-sigs/structured-merge-diff:typed/validate.go`, `typed/helpers.go`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::element::Element;
use super::go;
use super::walk::key_of;
use crate::shape::{List, Shape, Takes};

/// More faults than anybody reads: a hostile configuration cannot make the answer larger than this many lines.
const MOST: usize = 100;

/// Judges a configuration.
///
/// # Errors
///
/// The faults as one text.
pub(super) fn judge(config: &Value, shape: Shape<'_>) -> Result<(), String> {
    let mut faults = Faults::default();
    visit(config, shape, &mut faults);
    match faults.lines.as_slice() {
        [] => Ok(()),
        [line] => Err(line.clone()),
        lines => {
            let mut text = "errors:".to_owned();
            for line in lines {
                text.push_str("\n  ");
                text.push_str(line);
            }
            Err(text)
        }
    }
}

#[derive(Default)]
struct Faults {
    path: String,
    lines: Vec<String>,
}

impl Faults {
    fn say(&mut self, fault: impl AsRef<str>) {
        let fault = fault.as_ref();
        if self.lines.len() < MOST {
            let line = match self.path.as_str() {
                "" => fault.to_owned(),
                path => format!("{path}: {fault}"),
            };
            self.lines.push(line);
        }
    }

    fn at(&mut self, element: &Element<'_>, visit: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        element.show(&mut self.path);
        visit(self);
        self.path.truncate(length);
    }
}

fn visit(value: &Value, shape: Shape<'_>, faults: &mut Faults) {
    match (shape.takes(), value) {
        (_, Value::Null) => {}
        (Takes::Object | Takes::Anything, Value::Object(fields)) => {
            for (name, value) in fields {
                let element = Element::Field(name);
                if !shape.allows(name) {
                    faults.at(&element, |faults| faults.say("field not declared in schema"));
                    break;
                }
                faults.at(&element, |faults| visit(value, shape.field(name), faults));
            }
        }
        (Takes::List | Takes::Anything, Value::Array(items)) => list(items, shape, faults),
        (Takes::Text, Value::String(_))
        | (Takes::Number, Value::Number(_))
        | (Takes::Boolean, Value::Bool(_))
        | (Takes::Scalar, Value::String(_) | Value::Number(_) | Value::Bool(_))
        | (Takes::Anything, _) => {}
        (Takes::Object, value) => {
            faults.say(format!("expected map, got {}", held(value)));
        }
        (Takes::List, value) => faults.say(format!("expected list, got {}", held(value))),
        (Takes::Text, value) => {
            let value = go::written(value);
            faults.say(format!("expected string, got &value.valueUnstructured{{Value:{value}}}"));
        }
        (Takes::Number, value) => {
            let value = go::type_of(value);
            faults.say(format!("expected numeric (int or float), got {value}"));
        }
        (Takes::Boolean, value) => faults.say(format!("expected boolean, got {}", held(value))),
        (Takes::Scalar, value) => faults.say(format!("expected any scalar, got {}", held(value))),
    }
}

fn held(value: &Value) -> String {
    format!("&{{{}}}", go::plain(value))
}

fn list(items: &[Value], shape: Shape<'_>, faults: &mut Faults) {
    let list = shape.list();
    let mut seen = BTreeSet::new();
    for (at, item) in items.iter().enumerate() {
        let element = if list == List::Atomic {
            Element::Index(i64::try_from(at).unwrap_or(i64::MAX))
        } else {
            let element = match key_of(item, &list) {
                Ok(element) => element,
                Err(no) => return faults.say(format!("element {at}: {no}")),
            };
            if !seen.insert(element.clone()) {
                let mut key = String::new();
                element.show(&mut key);
                faults.say(format!("duplicate entries for key {key}"));
            }
            element
        };
        faults.at(&element, |faults| visit(item, shape.item(), faults));
    }
}
