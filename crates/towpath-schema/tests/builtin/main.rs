//! Objects of built-in kinds against the schemas of minors.
//!
//! - `words`: what the API server says, from recorded answers and its sources;
//! - `kinds`: the rules of each kind, a file of cases for each group: an object, and what is said of it;
//! - `laws`: properties over objects that are generated from the schemas.

mod kinds;
mod laws;
mod words;

use serde_json::Value;
use towpath_catalog::{Catalog, Minor};
use towpath_schema::builtin::validate;

/// The documents of a text.
fn documents(text: &str) -> Vec<Value> {
    let documents = towpath_yaml::parse(text.as_bytes()).expect("YAML");
    documents.iter().map(|document| document.root.to_json()).collect()
}

fn catalog(minor: u8) -> Catalog {
    Catalog::load(Minor::new(minor)).expect("a minor that is known")
}

/// What is said of an object, a line each; `unknown kind` if the minor has none.
fn said(catalog: &Catalog, object: &Value) -> Vec<String> {
    let Some(report) = validate(catalog, object) else { return vec!["unknown kind".to_owned()] };
    let violations = report.violations.iter().map(ToString::to_string);
    let skipped =
        report.not_checked.iter().map(|one| format!("not checked: {}: {}", one.path, one.what));
    violations.chain(skipped).collect()
}
