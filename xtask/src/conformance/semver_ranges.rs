//! Ranges as Flux's library of versions understands them (`Masterminds/semver`, version 3).

use anyhow::Result;
use serde_json::Value;
use towpath_core::version::{Range, Version};

use super::{Suite, flag, table, text};

const TABLE: &str = "cases/tables/semver-constraints.jsonl";

pub(super) const SUITE: Suite =
    Suite { name: "semver-ranges", needs: &[TABLE], run: |dir| table(&dir.join(TABLE), judge) };

fn judge(row: &Value) -> Result<Option<String>> {
    let expected = flag(row, "satisfied")?;
    let range = match Range::parse(text(row, "constraint")?) {
        Ok(range) => range,
        Err(error) => return Ok(Some(format!("range not understood: {error}"))),
    };
    let version = match Version::parse_loose(text(row, "version")?) {
        Ok(version) => version,
        Err(error) => return Ok(Some(format!("version not understood: {error}"))),
    };
    let satisfied = range.matches_with(&version, flag(row, "include_prerelease")?);
    Ok((satisfied != expected).then(|| format!("we say {satisfied}")))
}
