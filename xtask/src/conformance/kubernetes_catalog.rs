//! The facts of `towpath-catalog` against what a kube-apiserver 1.36 listed in discovery, and against the tables of when
//! kinds and versions of custom resources came and went.
//!
//! The tables say nothing by an empty cell: a kind without a `deprecated` is never deprecated, one without a
//! `gone_schema` never removed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use towpath_catalog::{
    Catalog, GroupVersionKind, Kind, Minor, Phase, Scope, Verb, Verbs, crd_span, lifecycle,
};

use super::{Suite, Tally, text};

const DISCOVERY: &str = "cases/kubernetes-api/discovery.json";
const LIFECYCLE: &str = "reference/kubernetes-api-lifecycle.tsv";
const SPANS: &str = "reference/crd-version-spans.tsv";

pub(super) const SUITE: Suite =
    Suite { name: "kubernetes-catalog", needs: &[DISCOVERY, LIFECYCLE, SPANS], run };

/// The minor whose discovery was recorded.
const RECORDED: Minor = Minor::new(36);
/// The oldest minor whose schema was read for the table.
const OLDEST_READ: u8 = 11;

fn run(dir: &Path) -> Result<Tally> {
    let mut tally = Tally::default();
    discovery(&dir.join(DISCOVERY), &mut tally)?;
    for row in rows(&dir.join(LIFECYCLE))? {
        life(&row, &mut tally)?;
    }
    for row in rows(&dir.join(SPANS))? {
        // Files that are no CRD of a cluster left rows without a group or a version.
        if !row["group"].is_empty() && row["version"].starts_with('v') {
            span(&row, &mut tally);
        }
    }
    Ok(tally)
}

fn discovery(file: &Path, tally: &mut Tally) -> Result<()> {
    let recorded: Value = serde_json::from_slice(&fs::read(file)?)?;
    let catalog = Catalog::load(RECORDED)?;
    let steps = recorded["steps"].as_array().context("no steps")?;
    let lists: Vec<&Value> = steps
        .iter()
        .map(|step| &step["expect"]["body"])
        .filter(|body| body["kind"] == "APIResourceList")
        .collect();
    ensure!(!lists.is_empty(), "no list of resources was recorded");
    for list in lists {
        let api_version = text(list, "groupVersion")?;
        let of_version: Vec<Kind<'_>> = catalog
            .kinds()
            .filter(|kind| kind.served_by_default && kind.kind.api_version() == api_version)
            .collect();
        let mut ours: Vec<String> = of_version.iter().flat_map(lines).collect();
        let resources = list["resources"].as_array().context("no resources")?;
        let mut theirs: Vec<String> =
            resources.iter().map(|resource| line(resource, api_version)).collect::<Result<_>>()?;
        ours.sort();
        theirs.sort();
        tally.count(ours == theirs, || {
            format!("{api_version}:\n{}\nand not\n{}", ours.join("\n"), theirs.join("\n"))
        });
    }
    Ok(())
}

/// A resource and its subresources, as [`line`] writes them.
fn lines(kind: &Kind<'_>) -> Vec<String> {
    let namespaced = kind.scope == Scope::Namespaced;
    let plural = kind.plural;
    let mut lines = vec![format!(
        "{plural} {} {namespaced} {} {} {:?} {:?}",
        kind.singular(),
        kind.kind,
        verbs(kind.verbs),
        kind.short_names(),
        kind.categories()
    )];
    lines.extend(kind.subresources.iter().map(|below| {
        let verbs = verbs(below.verbs);
        format!("{plural}/{}  {namespaced} {} {verbs} [] []", below.name, below.kind)
    }));
    lines
}

fn line(resource: &Value, api_version: &str) -> Result<String> {
    let own = GroupVersionKind::of(api_version, text(resource, "kind")?);
    let part = |key: &str| resource[key].as_str();
    let kind = GroupVersionKind {
        group: part("group").unwrap_or(own.group),
        version: part("version").unwrap_or(own.version),
        ..own
    };
    let texts = |key: &str| -> Vec<&str> {
        resource[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    };
    Ok(format!(
        "{} {} {} {kind} {} {:?} {:?}",
        text(resource, "name")?,
        text(resource, "singularName")?,
        resource["namespaced"],
        texts("verbs").join(","),
        texts("shortNames"),
        texts("categories")
    ))
}

fn verbs(verbs: Verbs) -> String {
    verbs.iter().map(Verb::name).collect::<Vec<_>>().join(",")
}

/// Every minor from the oldest that was read to the newest must be in the phase that the row says.
fn life(row: &Row, tally: &mut Tally) -> Result<()> {
    let group = Some(row["group"].as_str()).filter(|group| *group != "core").unwrap_or_default();
    let kind = GroupVersionKind::new(group, &row["version"], &row["kind"]);
    let cell = |column: &str| -> Result<Option<Minor>> {
        let cell = row[column].as_str();
        Ok(if cell.is_empty() { None } else { Some(cell.parse()?) })
    };
    let (gone, deprecated) = (cell("gone_schema")?, cell("deprecated")?);
    let first = cell("first_schema")?.context("no first minor")?;
    let Some(life) = lifecycle(&kind) else {
        tally.count(false, || format!("{kind} is not known"));
        return Ok(());
    };
    for minor in (OLDEST_READ..=Minor::NEWEST.number()).map(Minor::new) {
        let reached = |then: Option<Minor>| then.is_some_and(|then| then <= minor);
        let expected = if reached(gone) {
            Phase::Removed
        } else if minor < first {
            Phase::Unborn
        } else if reached(deprecated) {
            Phase::Deprecated
        } else {
            Phase::Current
        };
        tally.count(life.phase(minor) == expected, || {
            format!("{kind} in {minor} is {:?}, not {expected:?}", life.phase(minor))
        });
    }
    for (column, ours) in [("introduced", life.introduced), ("removed", life.removed)] {
        tally.count(ours == cell(column)?, || format!("{kind} has {column} {ours:?}"));
    }
    Ok(())
}

fn span(row: &Row, tally: &mut Tally) {
    let kind = GroupVersionKind::new(&row["group"], &row["version"], &row["kind"]);
    // A test CRD of the project that no release installs.
    if kind.kind == "DummyCRD" {
        return;
    }
    let ours = crd_span(&kind).map(|span| {
        let cell = |release: Option<towpath_catalog::Release>| {
            release.map(|release| release.to_string()).unwrap_or_default()
        };
        [
            span.project.to_owned(),
            span.first.to_string(),
            cell(span.deprecated),
            cell(span.unserved),
            cell(span.gone),
            span.storage.map(|(from, to)| format!("{from}..{to}")).unwrap_or_default(),
        ]
    });
    let theirs =
        ["repo", "first_minor", "deprecated_from", "unserved_from", "gone_in", "storage_span"]
            .map(|column| row[column].clone());
    tally.count(ours.as_ref() == Some(&theirs), || format!("{kind} is {ours:?}, not {theirs:?}"));
}

/// Cells by the name of their column.
type Row = BTreeMap<String, String>;

pub(super) fn rows(file: &Path) -> Result<Vec<Row>> {
    let table = fs::read_to_string(file)?;
    let mut lines = table.lines();
    let columns: Vec<&str> = lines.next().context("the table is empty")?.split('\t').collect();
    let row = |line: &str| {
        // Trailing empty cells may have been cut.
        let cells = line.split('\t').chain(std::iter::repeat(""));
        columns
            .iter()
            .zip(cells)
            .map(|(column, cell)| ((*column).to_owned(), cell.to_owned()))
            .collect()
    };
    Ok(lines.map(row).collect())
}
