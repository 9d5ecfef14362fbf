//! Variables as Flux replaces them (`fluxcd/pkg:envsubst`).

use anyhow::{Context, Result};
use serde_json::Value;
use towpath_render::flux::{Strictness, Variables, expand};

use super::{Suite, table, text};

const TABLE: &str = "cases/tables/flux-substitution.jsonl";

pub(super) const SUITE: Suite =
    Suite { name: "flux-substitution", needs: &[TABLE], run: |dir| table(&dir.join(TABLE), judge) };

fn judge(row: &Value) -> Result<Option<String>> {
    let variables = row["vars"].as_object().context("no mapping `vars`")?;
    let variables = variables
        .iter()
        .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect::<Option<_>>()
        .context("a variable is no text")?;
    // The recorded answers are those of a Flux that takes a missing variable for an empty one.
    let expanded = expand(text(row, "input")?, &Variables::of(variables), Strictness::Lenient);
    let expected = row["output"].as_str();
    Ok(match (expanded, expected) {
        (Ok(expanded), Some(expected)) if expanded.text == expected => None,
        (Ok(expanded), _) => Some(format!("we say {:?}", expanded.text)),
        (Err(_), None) => None,
        (Err(error), Some(_)) => Some(format!("we refuse: {error}")),
    })
}
