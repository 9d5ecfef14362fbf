//! How far a cluster is with an object, as Flux's library of health says (`fluxcd/cli-utils:pkg/kstatus/status`).

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::Value;
use towpath_engine::running::kstatus::status;

use super::{Suite, table, text};

const TABLE: &str = "cases/tables/kstatus.jsonl";

pub(super) const SUITE: Suite =
    Suite { name: "kstatus", needs: &[TABLE], run: |dir| table(&dir.join(TABLE), judge) };

fn judge(row: &Value) -> Result<Option<String>> {
    let documents = towpath_yaml::parse(once(text(row, "object")?).as_bytes())?;
    let object = documents.first().context("no object")?.root.to_json();
    let ours = status(&object, Timestamp::UNIX_EPOCH);
    let is_same = ours.progress.to_string() == text(row, "status")?;
    Ok((!is_same).then(|| format!("we say {}, {}", ours.progress, ours.why)))
}

/// The object with each of its fields once: the library's own cases repeat some, which no loader of ours takes.
fn once(object: &str) -> String {
    let mut fields = BTreeSet::new();
    let mut out = String::new();
    for line in object.lines() {
        let indent = line.len() - line.trim_start().len();
        if indent == 0 {
            fields.clear();
        }
        if indent != 3 || fields.insert(line) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
