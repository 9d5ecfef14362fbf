//! Lines of `.sourceignore` as Flux understands them, one pattern against one path.

use anyhow::Result;
use serde_json::Value;
use towpath_artifact::ignore::{Match, Pattern};

use super::{Suite, flag, table, text, texts};

const TABLE: &str = "cases/tables/flux-ignore-pattern.jsonl";

pub(super) const SUITE: Suite = Suite {
    name: "flux-ignore-patterns",
    needs: &[TABLE],
    run: |dir| table(&dir.join(TABLE), judge),
};

fn judge(row: &Value) -> Result<Option<String>> {
    let expected = text(row, "result")?;
    let pattern = Pattern::parse(text(row, "pattern")?, &texts(row, "domain")?);
    let said = match pattern.matches(&texts(row, "path")?, flag(row, "is_dir")?) {
        Match::NoMatch => "NoMatch",
        Match::Include => "Include",
        Match::Exclude => "Exclude",
    };
    Ok((said != expected).then(|| format!("we say {said}")))
}
