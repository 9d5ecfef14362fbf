//! What documents promise about code: tests that hold invariants, reasons for dependencies.
//!
//! Part of `cargo xtask tidy`. A document that names what does not exist, or leaves out what does, is wrong, and this
//! is where it is found out.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::walls::{self, table};
use crate::workspace::{self, Member};

const DEPENDENCIES: &str = "docs/dependencies.md";

/// Every promise that is not kept. `sources` are the texts of all `.rs` files.
pub(crate) fn broken(sources: &[String]) -> Result<Vec<String>> {
    let read = |file: &str| std::fs::read_to_string(workspace::root().join(file));
    let mut problems = tests_that_hold(&read(walls::DOCUMENT)?, sources)?;
    problems.extend(reasons(&read(DEPENDENCIES)?, &workspace::members()?)?);
    Ok(problems)
}

/// The tests that the table of invariants names must exist.
fn tests_that_hold(document: &str, sources: &[String]) -> Result<Vec<String>> {
    let is_test = |word: &&str| {
        word.contains('_')
            && word.bytes().all(|b| b.is_ascii_lowercase() || b"_0123456789".contains(&b))
    };
    let mut problems = Vec::new();
    for row in table(document, walls::DOCUMENT, "invariant", 3)? {
        // Words between backticks are every second part.
        for test in row.cells[2].split('`').skip(1).step_by(2).filter(is_test) {
            let function = format!("fn {test}(");
            if !sources.iter().any(|source| source.contains(&function)) {
                problems.push(format!(
                    "{}:{}: invariant {} is held by `{test}`, which does not exist",
                    walls::DOCUMENT,
                    row.line,
                    row.cells[0]
                ));
            }
        }
    }
    Ok(problems)
}

/// Every direct dependency has a row with its reason, and no other has one.
fn reasons(document: &str, members: &[Member]) -> Result<Vec<String>> {
    let rows = table(document, DEPENDENCIES, "dependency", 2)?;
    let given: BTreeSet<&str> = rows.iter().map(|row| row.cells[0].as_str()).collect();
    let used: BTreeSet<&str> = members
        .iter()
        .flat_map(|member| member.uses.iter().chain(&member.tests_use))
        .map(String::as_str)
        .filter(|name| !members.iter().any(|member| member.name == *name))
        .collect();
    let without_reason = used
        .difference(&given)
        .map(|name| format!("{DEPENDENCIES}: no row with the reason for `{name}`"));
    let without_use = given
        .difference(&used)
        .map(|name| format!("{DEPENDENCIES}: `{name}` has a row, but no crate uses it"));
    Ok(without_reason.chain(without_use).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_does_not_exist_holds_nothing() -> Result<()> {
        let document = "\
| invariant | says | held by |
| --- | --- | --- |
| 1 | a | `it_holds`, `it_is_gone` and `Clippy` |
";
        let sources = ["fn it_holds() {}".to_owned()];
        assert_eq!(
            tests_that_hold(document, &sources)?,
            ["docs/architecture.md:3: invariant 1 is held by `it_is_gone`, which does not exist"]
        );
        Ok(())
    }

    #[test]
    fn a_dependency_has_a_reason_and_a_reason_a_dependency() -> Result<()> {
        let document = "| dependency | why |\n| --- | --- |\n| `old` | x |\n| `known` | x |\n";
        let member = Member {
            name: "ours".to_owned(),
            folder: "crates/ours".to_owned(),
            uses: ["known", "ours"].map(str::to_owned).into(),
            tests_use: ["new"].map(str::to_owned).into(),
        };
        assert_eq!(
            reasons(document, &[member])?,
            [
                "docs/dependencies.md: no row with the reason for `new`",
                "docs/dependencies.md: `old` has a row, but no crate uses it",
            ]
        );
        Ok(())
    }
}
