//! Defaults: each must be what its own schema accepts, and hold no field that the schema does not name.
//!
//! Source of the contract: `kubernetes/apiextensions-apiserver:pkg/apiserver/schema/defaulting/validation.go`.

use serde_json::Value;

use super::read::{Fields, get, object, properties};
use super::{Found, RefusalKind};
use crate::crd::at::At;
use crate::crd::patterns::Patterns;
use crate::crd::schema::{self, Fault, Node, Run, Violation};
use crate::crd::{embedded, normal, prepare, validate, validations};

/// Tells what is wrong with the defaults of a structural schema.
pub(super) fn check(schema: &Fields, at: &str, found: &mut Found) {
    let mut patterns = Patterns::default();
    visit(schema, true, at, &mut patterns, found);
}

fn visit(schema: &Fields, is_root: bool, at: &str, patterns: &mut Patterns, found: &mut Found) {
    if let Some(default) = get(schema, "default")
        && let Ok(normal) = normal::schema(&Value::Object(schema.clone()), at)
    {
        let mut node = schema::node(&normal, patterns);
        node.is_resource |= is_root;
        one(&node, default, &format!("{at}.default"), found);
    }
    // What is below `additionalProperties` has no defaults that count.
    if let Some(items) = object(schema, "items") {
        visit(items, false, &format!("{at}.items"), patterns, found);
    }
    for (name, field) in properties(schema) {
        visit(field, false, &format!("{at}.properties[{name}]"), patterns, found);
    }
}

fn one(node: &Node, default: &Value, at: &str, found: &mut Found) {
    let mut run = Run::default();
    let mut pruned = default.clone();
    prepare::prune(Some(node), &mut pruned, &At::ROOT, &mut run);
    if pruned != *default {
        found.invalid(at, default, "must not have unknown fields");
    }
    let steps: [&dyn Fn(&mut Run); 3] = [
        &|run| embedded::validate(node, default, run),
        &|run| validate::validate(node, default, run),
        // A rule that looks back is asked twice, as a default may be there from the beginning or come later.
        &|run| {
            validations::validate(node, default, Some(default), run);
            if run.found.is_empty() {
                validations::validate(node, default, None, run);
            }
        },
    ];
    for step in steps {
        let mut run = Run::default();
        step(&mut run);
        let is_fine = run.found.is_empty();
        for violation in run.found {
            add(&violation, at, found);
        }
        if !is_fine {
            return;
        }
    }
}

fn add(violation: &Violation, at: &str, found: &mut Found) {
    let path = match violation.path.as_str() {
        "" => at.to_owned(),
        path if path.starts_with('[') => format!("{at}{path}"),
        path => format!("{at}.{path}"),
    };
    let kind = match violation.fault {
        Fault::Required => RefusalKind::Required,
        Fault::Enum => RefusalKind::NotSupported,
        Fault::Duplicate => RefusalKind::Duplicate,
        _ if violation.message.starts_with("Too many:") => RefusalKind::TooMany,
        _ if violation.message.starts_with("Forbidden:") => RefusalKind::Forbidden,
        _ => RefusalKind::Invalid,
    };
    found.add(&path, kind, violation.message.clone());
}
