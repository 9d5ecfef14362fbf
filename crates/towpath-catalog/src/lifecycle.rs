//! When each built-in kind came, was deprecated and went. Needs no [`crate::Catalog`] and loads nothing.
//!
//! The table is `data/lifecycle.tsv`. Its columns `first` and `gone` are measured: the minors in which the published
//! schema first and no longer had the kind; `cargo xtask catalog build` writes them. The others are what the project
//! itself says and are kept by hand, from the functions `APILifecycleIntroduced`, `APILifecycleDeprecated`,
//! `APILifecycleRemoved` and `APILifecycleReplacement` (`kubernetes/api:apps/v1beta1/zz_generated.prerelease-lifecycle.go`
//! and its like). A removal that is planned and one that happened are two facts: only the second makes
//! [`Phase::Removed`].
//!
//! Where the project names no replacement although the same kind exists in a version that has come further, that one is
//! in the table; where it names a kind that never was (`apps/v1 DeploymentRollback`) or a list (`IngressClassList`), the
//! cell is empty or names the item.

use crate::gvk::{GroupVersionKind, Stability};
use crate::minor::Minor;
use crate::tsv::{Cell, Cursor, Texts, compare, equal, minor, order, rows, utf8};

/// What became of one kind in one version over all minors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifecycle {
    /// The kind.
    pub kind: GroupVersionKind<'static>,
    /// The first minor with the kind in its schema. 1.11 stands for 1.11 or before.
    pub first: Minor,
    /// The first minor whose schema no longer has the kind; `None` while the newest known minor has it.
    pub gone: Option<Minor>,
    /// Introduced in, as the project says; it can lie before `first`, and is not said of every kind.
    pub introduced: Option<Minor>,
    /// Deprecated from, as the project says; can lie in the future, and behind `gone`.
    pub deprecated: Option<Minor>,
    /// Planned to be removed in, as the project says. What happened is `gone`.
    pub removed: Option<Minor>,
    /// What to use instead. Fields may differ: compare the schemas before rewriting an `apiVersion`.
    pub replacement: Option<GroupVersionKind<'static>>,
}

/// What a kind is in one minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The schema does not have it yet.
    Unborn,
    /// In use.
    Current,
    /// In use, and announced to go.
    Deprecated,
    /// The schema no longer has it.
    Removed,
}

impl Lifecycle {
    /// What the kind is in `minor`. Of a minor newer than [`Minor::NEWEST`] only what is known by then is said: what is
    /// still there is not taken for removed, whatever the plan.
    #[must_use]
    pub fn phase(&self, minor: Minor) -> Phase {
        if self.gone.is_some_and(|gone| gone <= minor) {
            Phase::Removed
        } else if minor < self.first {
            Phase::Unborn
        } else if self.deprecated.is_some_and(|deprecated| deprecated <= minor) {
            Phase::Deprecated
        } else {
            Phase::Current
        }
    }

    /// Whether a cluster of `minor` with the defaults serves the kind: it has it, and it is stable, or a beta from the
    /// time when betas were served unasked. Since 1.24 new betas are not (KEP-3136), but new versions of old betas are,
    /// of which there was one.
    #[must_use]
    pub fn is_served_by_default(&self, minor: Minor) -> bool {
        let unasked = match self.kind.stability() {
            Stability::Stable => true,
            Stability::Beta => {
                self.first < BETAS_ON_REQUEST
                    || (self.kind.group, self.kind.version) == LATE_VERSION_OF_AN_OLD_BETA
            }
            Stability::Alpha => false,
        };
        unasked && matches!(self.phase(minor), Phase::Current | Phase::Deprecated)
    }

    /// The replacement that `minor` has: a replacement that has gone itself is followed to its own.
    #[must_use]
    pub fn replacement_in(&self, minor: Minor) -> Option<Self> {
        let mut next = self.replacement;
        // Replacements come further each time, alpha to beta to stable: the chain ends.
        while let Some(kind) = next {
            let candidate = lifecycle(&kind)?;
            match candidate.phase(minor) {
                Phase::Current | Phase::Deprecated => return Some(candidate),
                Phase::Removed => next = candidate.replacement,
                Phase::Unborn => return None,
            }
        }
        None
    }
}

const BETAS_ON_REQUEST: Minor = Minor::new(24);
const LATE_VERSION_OF_AN_OLD_BETA: (&str, &str) = ("flowcontrol.apiserver.k8s.io", "v1beta3");

/// What became of a built-in kind; of `DeploymentList`, that of its items. `None` for what Kubernetes itself never had
/// since 1.11: kinds of custom resources, and mistakes.
#[must_use]
pub fn lifecycle(kind: &GroupVersionKind<'_>) -> Option<Lifecycle> {
    let find = |kind: &GroupVersionKind<'_>| {
        let at = ROWS.binary_search_by(|row| compare(row.kind, &BYTES, kind)).ok()?;
        Some(ROWS[at].read())
    };
    find(kind).or_else(|| {
        let item = kind.kind.strip_suffix("List")?;
        find(&GroupVersionKind { kind: item, ..*kind })
    })
}

/// Whether the group is one of Kubernetes itself, in whatever minor. The group of `v1` is.
#[must_use]
pub fn is_built_in_group(group: &str) -> bool {
    lifecycles().any(|life| life.kind.group == group)
}

/// Every built-in kind since 1.11 in the order of group, version and kind.
pub fn lifecycles() -> impl ExactSizeIterator<Item = Lifecycle> + Clone {
    ROWS.iter().map(Row::read)
}

const TABLE: &str = include_str!("../data/lifecycle.tsv");
const COLUMNS: &str =
    "group\tversion\tkind\tfirst\tgone\tintroduced\tdeprecated\tremoved\treplacement";
const COUNT: usize = rows(TABLE);

/// A row with texts of [`TEXTS`].
#[derive(Clone, Copy)]
struct Row {
    kind: [Cell; 3],
    first: Minor,
    gone: Option<Minor>,
    introduced: Option<Minor>,
    deprecated: Option<Minor>,
    removed: Option<Minor>,
    /// All empty for none.
    replacement: [Cell; 3],
}

const READ: ([Row; COUNT], Texts<{ TABLE.len() }>) = read();

static ROWS: [Row; COUNT] = READ.0;
static BYTES: [u8; READ.1.length()] = READ.1.cut();
static TEXTS: &str = utf8(&BYTES);

fn gvk([group, version, kind]: [Cell; 3]) -> GroupVersionKind<'static> {
    GroupVersionKind::new(group.text(TEXTS), version.text(TEXTS), kind.text(TEXTS))
}

impl Row {
    fn read(&self) -> Lifecycle {
        Lifecycle {
            kind: gvk(self.kind),
            first: self.first,
            gone: self.gone,
            introduced: self.introduced,
            deprecated: self.deprecated,
            removed: self.removed,
            replacement: Some(gvk(self.replacement)).filter(|kind| !kind.kind.is_empty()),
        }
    }
}

const fn read() -> ([Row; COUNT], Texts<{ TABLE.len() }>) {
    const NOTHING: [Cell; 3] = [Cell::EMPTY; 3];
    const BLANK: Row = Row {
        kind: NOTHING,
        first: Minor::new(0),
        gone: None,
        introduced: None,
        deprecated: None,
        removed: None,
        replacement: NOTHING,
    };
    let mut cursor = Cursor::new(TABLE, COLUMNS);
    let (mut table, mut texts) = ([BLANK; COUNT], Texts::new());
    let (mut last, mut cells) = (GroupVersionKind::new("", "", ""), NOTHING);
    let mut at = 0;
    while at < COUNT {
        let kind = GroupVersionKind::new(cursor.cell(), cursor.cell(), cursor.cell());
        assert!(before(&last, &kind), "rows are in order");
        cells = add(&mut texts, &kind, cells);
        table[at] = Row {
            kind: cells,
            first: minor(cursor.cell()).expect("every kind has been in a schema"),
            gone: minor(cursor.cell()),
            introduced: minor(cursor.cell()),
            deprecated: minor(cursor.cell()),
            removed: minor(cursor.cell()),
            replacement: match replacement(cursor.last()) {
                Some(kind) => add(&mut texts, &kind, cells),
                None => NOTHING,
            },
        };
        last = kind;
        at += 1;
    }
    (table, texts)
}

/// The texts of a kind, some of which may be those of another.
pub(crate) const fn add<const N: usize>(
    texts: &mut Texts<N>,
    kind: &GroupVersionKind<'_>,
    again: [Cell; 3],
) -> [Cell; 3] {
    [
        texts.add(kind.group, again[0]),
        texts.add(kind.version, again[1]),
        texts.add(kind.kind, again[2]),
    ]
}

/// `group/version Kind` or `version Kind`.
const fn replacement(cell: &'static str) -> Option<GroupVersionKind<'static>> {
    if cell.is_empty() {
        return None;
    }
    let (api_version, kind) = split(cell, b' ');
    let (group, version) = split(api_version, b'/');
    Some(if version.is_empty() {
        GroupVersionKind::new("", group, kind)
    } else {
        GroupVersionKind::new(group, version, kind)
    })
}

/// What is before and behind the first `separator`.
const fn split(text: &'static str, separator: u8) -> (&'static str, &'static str) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == separator {
            let (before, rest) = text.split_at(at);
            return (before, rest.split_at(1).1);
        }
        at += 1;
    }
    (text, "")
}

pub(crate) const fn before(a: &GroupVersionKind<'_>, b: &GroupVersionKind<'_>) -> bool {
    if !equal(a.group, b.group) {
        order(a.group, b.group) < 0
    } else if !equal(a.version, b.version) {
        order(a.version, b.version) < 0
    } else {
        order(a.kind, b.kind) < 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(api_version: &str, kind: &str) -> Lifecycle {
        lifecycle(&GroupVersionKind::of(api_version, kind)).expect("the table has it")
    }

    fn phase(row: Lifecycle, minor: u8) -> Phase {
        row.phase(Minor::new(minor))
    }

    #[test]
    fn a_kind_is_deprecated_and_removed_when_it_was() {
        let cron_job = of("batch/v1beta1", "CronJob");
        assert_eq!(phase(cron_job, 20), Phase::Current);
        assert_eq!(phase(cron_job, 21), Phase::Deprecated);
        assert_eq!(phase(cron_job, 24), Phase::Deprecated);
        assert_eq!(phase(cron_job, 25), Phase::Removed);
        assert_eq!(phase(of("batch/v1", "CronJob"), 20), Phase::Unborn);
        assert_eq!(phase(of("v1", "Pod"), 40), Phase::Current);
    }

    #[test]
    fn what_happened_counts_and_not_the_plan() {
        let cidr = of("networking.k8s.io/v1alpha1", "ClusterCIDR");
        assert_eq!((cidr.removed, cidr.gone), (Some(Minor::new(31)), Some(Minor::new(29))));
        assert_eq!(phase(cidr, 29), Phase::Removed);
        let claim = of("resource.k8s.io/v1beta1", "ResourceClaim");
        assert_eq!(claim.removed, Some(Minor::new(38)));
        assert_eq!(phase(claim, 38), Phase::Deprecated);
        // Gone before it was to be deprecated.
        let request = of("certificates.k8s.io/v1alpha1", "PodCertificateRequest");
        assert_eq!(phase(request, 34), Phase::Current);
        assert_eq!(phase(request, 35), Phase::Removed);
    }

    #[test]
    fn a_replacement_is_followed_to_one_that_is_there() {
        let schema = of("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema");
        let version = |minor| schema.replacement_in(Minor::new(minor)).map(|row| row.kind.version);
        assert_eq!(version(25), None);
        assert_eq!(version(26), Some("v1beta3"));
        assert_eq!(version(31), Some("v1beta3"));
        assert_eq!(version(32), Some("v1"));
        let policy = of("policy/v1beta1", "PodSecurityPolicy");
        assert_eq!(policy.replacement_in(Minor::NEWEST), None);
    }

    #[test]
    fn a_list_has_the_life_of_its_items() {
        let ingress = of("extensions/v1beta1", "Ingress");
        assert_eq!(of("extensions/v1beta1", "IngressList"), ingress);
        assert_eq!(lifecycle(&GroupVersionKind::of("example.com/v1", "ThingList")), None);
        assert_eq!(lifecycle(&GroupVersionKind::of("v1", "List")), None);
    }

    #[test]
    fn what_is_served_unasked() {
        let served = |api_version, kind, minor| {
            of(api_version, kind).is_served_by_default(Minor::new(minor))
        };
        assert!(served("v1", "Pod", 19));
        assert!(served("batch/v1beta1", "CronJob", 24));
        assert!(!served("batch/v1beta1", "CronJob", 25));
        assert!(served("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", 31));
        assert!(!served("resource.k8s.io/v1beta1", "ResourceClaim", 32));
        assert!(!served("internal.apiserver.k8s.io/v1alpha1", "StorageVersion", 30));
    }

    #[test]
    fn the_table_makes_sense() {
        for row in lifecycles() {
            let name = row.kind;
            assert!(row.gone.is_none_or(|gone| row.first < gone), "{name}");
            assert!(row.gone.is_none_or(|gone| gone <= Minor::NEWEST), "{name}");
            if let Some(replacement) = row.replacement {
                let other = lifecycle(&replacement).expect("a replacement is a kind");
                assert!(
                    other.kind.stability() >= row.kind.stability() && other.kind != row.kind,
                    "{name} is replaced by {replacement}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn a_kind_never_comes_back(row in 0..lifecycles().len(), a: u8, b: u8) {
            let row = lifecycles().nth(row).expect("the table is as long as it says");
            let (earlier, later) = (a.min(b), a.max(b));
            prop_assert!(phase(row, earlier) <= phase(row, later));
            prop_assert_eq!(lifecycle(&row.kind), Some(row));
        }
    }
}
