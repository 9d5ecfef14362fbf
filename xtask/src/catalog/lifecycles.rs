//! The table of lives: its measured columns anew, its columns kept by hand as they are.
//!
//! A kind that the packages have and the table lacks becomes a row with empty hand-kept cells.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use towpath_catalog::Minor;

use super::schemas::{Definition, Gvk};

/// In which minors each kind was.
#[derive(Default)]
pub(super) struct Spans {
    seen: BTreeMap<Gvk, BTreeSet<Minor>>,
    minors: BTreeSet<Minor>,
}

/// Group, version, kind, first, gone; the rest is kept by hand.
const KEY: usize = 3;
const MEASURED: usize = 5;
const COLUMNS: usize = 9;

impl Spans {
    /// Notes what a minor has. Lists live as long as their items, and what every group has (`Status`) is no object.
    pub(super) fn add(&mut self, minor: Minor, definitions: &[Definition]) {
        self.minors.insert(minor);
        let objects = definitions.iter().filter(|it| !it.name.contains(".apis.meta."));
        for kind in objects.filter_map(|definition| definition.kind.as_ref()) {
            if !kind[2].ends_with("List") {
                self.seen.entry(kind.clone()).or_default().insert(minor);
            }
        }
    }

    /// The table with what was seen.
    pub(super) fn update(&self, table: &str) -> Result<String> {
        let mut lines = table.lines();
        let mut out = format!("{}\n", lines.next().context("the table is empty")?);
        let mut by_hand = BTreeMap::new();
        for line in lines {
            let cells: Vec<&str> = line.split('\t').collect();
            ensure!(cells.len() == COLUMNS, "`{line}` has {} cells", cells.len());
            let [group, version, kind] = [cells[0], cells[1], cells[2]].map(str::to_owned);
            let key = [group, version, kind];
            ensure!(self.seen.contains_key(&key), "{:?} was never seen", &cells[..KEY]);
            by_hand.insert(key, cells[MEASURED..].join("\t"));
        }
        for (kind, seen) in &self.seen {
            let (first, gone) = self.span(seen).with_context(|| format!("{kind:?}"))?;
            let gone = gone.map(|minor| minor.to_string()).unwrap_or_default();
            let rest = by_hand.get(kind).map_or("\t\t\t", String::as_str);
            writeln!(out, "{}\t{first}\t{gone}\t{rest}", kind.join("\t"))?;
        }
        Ok(out)
    }

    /// The first minor, and the first one after the last.
    fn span(&self, seen: &BTreeSet<Minor>) -> Result<(Minor, Option<Minor>)> {
        let (first, last) = seen.first().zip(seen.last()).context("was never seen")?;
        ensure!(self.minors.range(first..=last).eq(seen), "has gone and come back");
        let gone = self.minors.iter().find(|minor| *minor > last);
        Ok((*first, gone.copied()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::schemas::Schema;

    fn spans(minors: &[(u8, &[&str])]) -> Spans {
        let mut spans = Spans::default();
        for (minor, kinds) in minors {
            let definitions: Vec<Definition> = kinds
                .iter()
                .map(|kind| Definition {
                    name: format!("io.k8s.api.g.v1.{kind}"),
                    kind: Some(["g", "v1", kind].map(str::to_owned)),
                    schema: Schema::default(),
                })
                .collect();
            spans.add(Minor::new(*minor), &definitions);
        }
        spans
    }

    #[test]
    fn spans_are_measured_and_the_rest_is_kept() -> Result<()> {
        let spans = spans(&[(11, &["A", "AList"]), (12, &["A", "B"]), (13, &["B"])]);
        let table = "header\ng\tv1\tA\t1.1\t\t1.9\t\t\tg/v2 A\n";
        assert_eq!(
            spans.update(table)?,
            "header\ng\tv1\tA\t1.11\t1.13\t1.9\t\t\tg/v2 A\ng\tv1\tB\t1.12\t\t\t\t\t\n"
        );
        assert!(spans.update("header\ng\tv1\tC\t1.1\t\t\t\t\t\n").is_err());
        Ok(())
    }

    #[test]
    fn a_kind_that_comes_back_is_refused() {
        assert!(spans(&[(11, &["A"]), (12, &[]), (13, &["A"])]).update("header\n").is_err());
    }
}
