//! When versions of well-known custom resources came and went, counted in the releases of the project that owns them.
//!
//! The table is `data/crd-spans.tsv`, read from the CRD files of the first patch of every minor release of each project.
//! A release is `major.minor` of the project, not of Kubernetes; for the controllers of Flux
//! [`CrdSpan::flux`] tells the release of Flux that brought it.

use std::fmt;

use crate::gvk::GroupVersionKind;
use crate::lifecycle::{add, before};
use crate::tsv::{Cell, Cursor, Texts, compare, rows, utf8, version};

/// A minor release of a project, for example 1.8 of source-controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What became of one version of a custom resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrdSpan {
    /// The kind.
    pub kind: GroupVersionKind<'static>,
    /// The project that owns it, as `owner/repo`.
    pub project: &'static str,
    /// The first release whose CRD has the version, of the releases that were read.
    pub first: Release,
    /// The first release whose CRD marks the version as deprecated.
    pub deprecated: Option<Release>,
    /// The first release whose CRD has the version but does not serve it.
    pub unserved: Option<Release>,
    /// The first release whose CRD no longer has the version.
    pub gone: Option<Release>,
    /// The first and last release in which objects are stored in this version.
    pub storage: Option<(Release, Release)>,
}

impl CrdSpan {
    /// The first release in which an object of this version is refused.
    #[must_use]
    pub fn removed(&self) -> Option<Release> {
        match (self.unserved, self.gone) {
            (Some(unserved), Some(gone)) => Some(unserved.min(gone)),
            (unserved, gone) => unserved.or(gone),
        }
    }

    /// The release of Flux with `release` of this project, if it is a controller of Flux and the release is of Flux 2.0
    /// or later.
    #[must_use]
    pub fn flux(&self, release: Release) -> Option<Release> {
        let column = FLUX_CONTROLLERS.iter().position(|name| *name == self.project)?;
        let minor =
            FLUX_RELEASES.iter().position(|row| row[column] == (release.major, release.minor))?;
        Some(Release { major: 2, minor: u16::try_from(minor).ok()? })
    }

    /// The version of the same kind in which its objects are stored now, if that is another one: what to write instead.
    #[must_use]
    pub fn successor(&self) -> Option<Self> {
        let newest = crd_spans()
            .filter(|row| (row.kind.group, row.kind.kind) == (self.kind.group, self.kind.kind))
            .filter(|row| row.removed().is_none())
            .max_by_key(|row| row.storage.map(|(_, last)| last))?;
        (newest.kind != self.kind).then_some(newest)
    }
}

const FLUX_CONTROLLERS: [&str; 6] = [
    "fluxcd/source-controller",
    "fluxcd/kustomize-controller",
    "fluxcd/notification-controller",
    "fluxcd/helm-controller",
    "fluxcd/image-reflector-controller",
    "fluxcd/image-automation-controller",
];

/// The minors of the controllers in Flux 2.0, 2.1 and so on (`fluxcd/flux2:manifests/bases`).
const FLUX_RELEASES: [[(u16, u16); 6]; 10] = [
    [(1, 0), (1, 0), (1, 0), (0, 35), (0, 29), (0, 35)],
    [(1, 1), (1, 1), (1, 1), (0, 36), (0, 30), (0, 36)],
    [(1, 2), (1, 2), (1, 2), (0, 37), (0, 31), (0, 37)],
    [(1, 3), (1, 3), (1, 3), (1, 0), (0, 32), (0, 38)],
    [(1, 4), (1, 4), (1, 4), (1, 1), (0, 33), (0, 39)],
    [(1, 5), (1, 5), (1, 5), (1, 2), (0, 34), (0, 40)],
    [(1, 6), (1, 6), (1, 6), (1, 3), (0, 35), (0, 41)],
    [(1, 7), (1, 7), (1, 7), (1, 4), (1, 0), (1, 0)],
    [(1, 8), (1, 8), (1, 8), (1, 5), (1, 1), (1, 1)],
    [(1, 9), (1, 9), (1, 9), (1, 6), (1, 2), (1, 2)],
];

/// The release of each controller that a release of Flux brings, by the name of its project; none of a Flux that is not
/// known.
pub fn flux_controllers(flux: Release) -> impl Iterator<Item = (&'static str, Release)> {
    let row = (flux.major == 2).then(|| FLUX_RELEASES.get(usize::from(flux.minor))).flatten();
    let release = |&(major, minor): &(u16, u16)| Release { major, minor };
    FLUX_CONTROLLERS.into_iter().zip(row.into_iter().flatten().map(release))
}

/// What became of a version of a custom resource, if the project that owns it is in the table.
#[must_use]
pub fn crd_span(kind: &GroupVersionKind<'_>) -> Option<CrdSpan> {
    let at = ROWS.binary_search_by(|row| compare(row.kind, &BYTES, kind)).ok()?;
    Some(ROWS[at].read())
}

/// Every version in the table in the order of group, version and kind.
pub fn crd_spans() -> impl ExactSizeIterator<Item = CrdSpan> + Clone {
    ROWS.iter().map(Row::read)
}

const TABLE: &str = include_str!("../data/crd-spans.tsv");
const COLUMNS: &str =
    "group\tversion\tkind\tproject\tfirst\tdeprecated\tunserved\tgone\tstorage_from\tstorage_to";
const COUNT: usize = rows(TABLE);

/// A row with texts of [`TEXTS`].
#[derive(Clone, Copy)]
struct Row {
    kind: [Cell; 3],
    project: Cell,
    first: Release,
    deprecated: Option<Release>,
    unserved: Option<Release>,
    gone: Option<Release>,
    storage: Option<(Release, Release)>,
}

const READ: ([Row; COUNT], Texts<{ TABLE.len() }>) = read();

static ROWS: [Row; COUNT] = READ.0;
static BYTES: [u8; READ.1.length()] = READ.1.cut();
static TEXTS: &str = utf8(&BYTES);

impl Row {
    fn kind(&self) -> GroupVersionKind<'static> {
        let [group, version, kind] = self.kind;
        GroupVersionKind::new(group.text(TEXTS), version.text(TEXTS), kind.text(TEXTS))
    }

    fn read(&self) -> CrdSpan {
        CrdSpan {
            kind: self.kind(),
            project: self.project.text(TEXTS),
            first: self.first,
            deprecated: self.deprecated,
            unserved: self.unserved,
            gone: self.gone,
            storage: self.storage,
        }
    }
}

const fn read() -> ([Row; COUNT], Texts<{ TABLE.len() }>) {
    const BLANK: Row = Row {
        kind: [Cell::EMPTY; 3],
        project: Cell::EMPTY,
        first: Release { major: 0, minor: 0 },
        deprecated: None,
        unserved: None,
        gone: None,
        storage: None,
    };
    let mut cursor = Cursor::new(TABLE, COLUMNS);
    let (mut table, mut texts) = ([BLANK; COUNT], Texts::new());
    let (mut last, mut above) = (GroupVersionKind::new("", "", ""), BLANK);
    let mut at = 0;
    while at < COUNT {
        let kind = GroupVersionKind::new(cursor.cell(), cursor.cell(), cursor.cell());
        assert!(before(&last, &kind), "rows are in order");
        table[at] = Row {
            kind: add(&mut texts, &kind, above.kind),
            project: texts.add(cursor.cell(), above.project),
            first: release(cursor.cell()).expect("every version has been in a release"),
            deprecated: release(cursor.cell()),
            unserved: release(cursor.cell()),
            gone: release(cursor.cell()),
            storage: match (release(cursor.cell()), release(cursor.last())) {
                (Some(from), Some(to)) => Some((from, to)),
                (None, None) => None,
                _ => panic!("storage has two ends"),
            },
        };
        (last, above) = (kind, table[at]);
        at += 1;
    }
    (table, texts)
}

const fn release(cell: &str) -> Option<Release> {
    match version(cell) {
        Some((major, minor)) => Some(Release { major, minor }),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(api_version: &str, kind: &str) -> CrdSpan {
        crd_span(&GroupVersionKind::of(api_version, kind)).expect("the table has it")
    }

    #[test]
    fn the_betas_of_flux_name_the_release_that_removed_them() {
        for (api_version, kind, controller, flux) in [
            ("source.toolkit.fluxcd.io/v1beta1", "GitRepository", "1.7", "2.7"),
            ("source.toolkit.fluxcd.io/v1beta2", "HelmRepository", "1.8", "2.8"),
            ("source.toolkit.fluxcd.io/v1beta2", "OCIRepository", "1.8", "2.8"),
            ("kustomize.toolkit.fluxcd.io/v1beta2", "Kustomization", "1.8", "2.8"),
            ("helm.toolkit.fluxcd.io/v2beta1", "HelmRelease", "1.4", "2.7"),
            ("helm.toolkit.fluxcd.io/v2beta2", "HelmRelease", "1.5", "2.8"),
            ("notification.toolkit.fluxcd.io/v1beta2", "Alert", "1.9", "2.9"),
            ("image.toolkit.fluxcd.io/v1beta2", "ImagePolicy", "1.2", "2.9"),
            ("image.toolkit.fluxcd.io/v1beta1", "ImageUpdateAutomation", "1.0", "2.7"),
        ] {
            let span = of(api_version, kind);
            let removed = span.removed().expect("it was removed");
            assert_eq!(removed.to_string(), controller, "{}", span.kind);
            assert_eq!(span.flux(removed).map(|it| it.to_string()).as_deref(), Some(flux));
        }
    }

    #[test]
    fn what_is_no_longer_served_is_removed() {
        let issuer = of("cert-manager.io/v1alpha2", "Issuer");
        assert_eq!(issuer.removed(), Some(Release { major: 1, minor: 6 }));
        assert_eq!(issuer.gone, Some(Release { major: 1, minor: 7 }));
        assert_eq!(issuer.flux(issuer.first), None);
        assert_eq!(crd_span(&GroupVersionKind::of("cert-manager.io/v9", "Issuer")), None);
    }

    #[test]
    fn the_successor_is_what_is_stored_now() {
        let version =
            |api_version, kind| of(api_version, kind).successor().map(|it| it.kind.version);
        assert_eq!(version("helm.toolkit.fluxcd.io/v2beta1", "HelmRelease"), Some("v2"));
        assert_eq!(version("notification.toolkit.fluxcd.io/v1beta1", "Alert"), Some("v1beta3"));
        assert_eq!(version("helm.toolkit.fluxcd.io/v2", "HelmRelease"), None);
        assert_eq!(version("kyverno.io/v1", "GenerateRequest"), None);
    }

    #[test]
    fn the_table_makes_sense() {
        for row in crd_spans() {
            assert!(row.gone.is_none_or(|gone| row.first < gone), "{}", row.kind);
            assert!(row.unserved.is_none_or(|unserved| row.first <= unserved), "{}", row.kind);
            assert!(row.storage.is_none_or(|(from, to)| row.first <= from && from <= to));
            assert_eq!(crd_span(&row.kind), Some(row));
        }
    }
}
