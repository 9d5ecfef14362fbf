//! The tables of `docs/architecture.md` as values. The document is the configuration, so it cannot drift.
//!
//! A table is recognised by the first cell of its header: `crate` for the walls, `outside crate` for those that reach
//! the outside world. A row that cannot be read is an error with its line. Judging is [`crate::arch`]'s.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};

/// The document, relative to the root.
pub(crate) const DOCUMENT: &str = "docs/architecture.md";

/// What the document says of the crates.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Walls {
    /// Our crates by name.
    pub(crate) crates: BTreeMap<String, Wall>,
    /// Outside crates by name.
    pub(crate) outside: BTreeMap<String, Outside>,
}

/// One row of the walls.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wall {
    /// Line of the document, from 1.
    pub(crate) line: usize,
    /// Full names of our crates that it may import.
    pub(crate) imports: BTreeSet<String>,
    /// Full names of our crates that only its tests may import.
    pub(crate) tests_import: BTreeSet<String>,
    /// Which bans hold in it.
    pub(crate) kind: Kind,
}

/// Which bans hold in a crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No clock, environment, disk, network, process or thread; `ordered`: no collection without an order either.
    Pure {
        /// Whether collections without an order are banned too.
        ordered: bool,
    },
    /// Touches the outside world by design.
    Edge,
    /// Never shipped.
    Tests,
}

/// One row of the outside crates.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outside {
    /// Line of the document, from 1.
    pub(crate) line: usize,
    /// Full names of our crates that may depend on it directly.
    pub(crate) allowed: BTreeSet<String>,
}

impl Walls {
    /// Reads the text of the document.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let wall_rows = table(text, DOCUMENT, "crate", 5)?;
        let ours: BTreeSet<String> = wall_rows.iter().map(|row| row.cells[0].clone()).collect();
        let full = |row: &Row, list: &str| -> Result<BTreeSet<String>> {
            list.split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty() && *name != "nothing")
                .map(|name| {
                    [name.to_owned(), format!("towpath-{name}")]
                        .into_iter()
                        .find(|name| ours.contains(name))
                        .with_context(|| format!("{DOCUMENT}:{}: no row for `{name}`", row.line))
                })
                .collect()
        };

        let mut crates = BTreeMap::new();
        for row in &wall_rows {
            let (imports, in_tests) =
                row.cells[2].split_once("; in tests:").unwrap_or((&row.cells[2], ""));
            let wall = Wall {
                line: row.line,
                imports: full(row, imports)?,
                tests_import: full(row, in_tests)?,
                kind: kind(&row.cells[3])
                    .with_context(|| format!("{DOCUMENT}:{}: unknown kind", row.line))?,
            };
            let name = &row.cells[0];
            ensure!(
                crates.insert(name.clone(), wall).is_none(),
                "{DOCUMENT}:{}: a second row for `{name}`",
                row.line
            );
        }

        let mut outside = BTreeMap::new();
        for row in table(text, DOCUMENT, "outside crate", 3)? {
            let allowed = full(&row, &row.cells[1])?;
            outside.insert(row.cells[0].clone(), Outside { line: row.line, allowed });
        }
        Ok(Self { crates, outside })
    }

    /// Whether the crate's row says that it is pure.
    pub(crate) fn is_pure(&self, name: &str) -> bool {
        matches!(self.crates.get(name).map(|wall| wall.kind), Some(Kind::Pure { .. }))
    }

    /// Reads the document of the repository.
    pub(crate) fn read() -> Result<Self> {
        let file = crate::workspace::root().join(DOCUMENT);
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {DOCUMENT}"))?;
        Self::parse(&text)
    }
}

fn kind(text: &str) -> Option<Kind> {
    Some(match text {
        "pure" => Kind::Pure { ordered: false },
        "pure, ordered" => Kind::Pure { ordered: true },
        "edge" => Kind::Edge,
        "tests" => Kind::Tests,
        _ => return None,
    })
}

/// A row of a table in a document.
pub(crate) struct Row {
    /// Line of the document, from 1.
    pub(crate) line: usize,
    /// Its cells; one that is code as a whole is without its backticks.
    pub(crate) cells: Vec<String>,
}

/// The rows below the header whose first cell is `first`, each of `width` cells. `document` is for errors.
pub(crate) fn table(text: &str, document: &str, first: &str, width: usize) -> Result<Vec<Row>> {
    let mut lines = text.lines().zip(1..).skip_while(|(line, _)| {
        cells(line).and_then(|cells| cells.into_iter().next()).as_deref() != Some(first)
    });
    if lines.next().is_none() {
        bail!("{document} has no table whose first column is `{first}`");
    }
    // The second line of a table draws its columns.
    let rows: Vec<Row> = lines
        .skip(1)
        .map_while(|(line, number)| Some(Row { line: number, cells: cells(line)? }))
        .collect();
    for row in &rows {
        ensure!(
            row.cells.len() == width,
            "{document}:{}: {} cells, but the table has {width}",
            row.line,
            row.cells.len()
        );
    }
    Ok(rows)
}

fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(|cell| bare(cell.trim()).to_owned()).collect())
}

/// The text between the backticks of a cell that is one piece of code.
fn bare(cell: &str) -> &str {
    let inside = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
    inside.filter(|inside| !inside.contains('`')).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
words

| crate | what it is | may import of ours | kind | why |
| --- | --- | --- | --- | --- |
| `towpath-core` | types | nothing | pure, ordered | x |
| `towpath-engine` | loop | core; in tests: testkit | pure | x |
| `towpath-testkit` | peers | core, towpath-engine | tests | x |

| outside crate | direct dependency of | why |
| --- | --- | --- |
| `tokio` | testkit | x |
";

    fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn both_tables_are_read_with_their_lines() -> Result<()> {
        let walls = Walls::parse(TEXT)?;
        assert_eq!(
            walls.crates["towpath-engine"],
            Wall {
                line: 6,
                imports: names(["towpath-core"]),
                tests_import: names(["towpath-testkit"]),
                kind: Kind::Pure { ordered: false },
            }
        );
        assert_eq!(
            walls.crates["towpath-testkit"].imports,
            names(["towpath-core", "towpath-engine"])
        );
        let tokio = Outside { line: 11, allowed: names(["towpath-testkit"]) };
        assert_eq!(walls.outside["tokio"], tokio);
        Ok(())
    }

    #[test]
    fn what_cannot_be_read_is_an_error_with_its_line() {
        for (from, to, expected) in [
            ("core; in", "cor; in", "docs/architecture.md:6: no row for `cor`"),
            ("pure | x", "pur | x", "docs/architecture.md:6: unknown kind"),
            ("| tests | x |", "| tests |", "docs/architecture.md:7: 4 cells, but the table has 5"),
            (
                "`towpath-testkit` |",
                "`towpath-core` |",
                "docs/architecture.md:6: no row for `testkit`",
            ),
            (
                "outside crate",
                "other",
                "docs/architecture.md has no table whose first column is `outside crate`",
            ),
        ] {
            let error = Walls::parse(&TEXT.replace(from, to)).map_err(|error| format!("{error:#}"));
            assert_eq!(error, Err(expected.to_owned()));
        }
    }
}
