//! What one object says of a version, and which bytes to replace to make that exact.
//!
//! The precedence of fields is Flux's: of an `OCIRepository` digest, semver, tag; of a
//! `GitRepository` commit, name, semver, tag, branch
//! (`fluxcd/source-controller:internal/controller/ocirepository_controller.go`,
//! `fluxcd/pkg:git/repository`). Must not know of components or environments.

use towpath_core::id::{BranchName, CommitId, Digest, RepoPath};
use towpath_core::pin::{Blank, Fill, Location, NotEditable, Splice};
use towpath_core::tracking::{Exact, Tracking};
use towpath_core::version::Range;

use crate::facts::{Field, HelmRelease, InstanceSync, Promise, Source, SourceKind, Style};
use crate::inventory::Placed;

/// What an object says of a version.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) field: String,
    pub(super) at: Location,
    pub(super) tracking: Tracking,
    pub(super) splices: Result<Vec<Splice>, NotEditable>,
}

/// A field, the file it stands in and its name in `spec.ref`.
#[derive(Clone, Copy)]
struct Given<'a> {
    name: &'static str,
    field: &'a Field,
    file: &'a RepoPath,
}

impl Given<'_> {
    fn at(&self) -> Location {
        self.field.key.in_file(self.file)
    }

    fn text(&self) -> &str {
        self.field.value.trim()
    }
}

/// Reads `spec.ref` of a source. A patch adds its fields to those of the object.
pub(super) fn source(
    placed: Placed<'_>,
    source: &Source,
    patch: Option<(Placed<'_>, &Source)>,
) -> Reading {
    let all = |placed: &Placed<'_>, source: &Source| -> Vec<(&'static str, Field, RepoPath)> {
        let r = &source.reference;
        let named = [
            ("commit", &r.commit),
            ("digest", &r.digest),
            ("name", &r.name),
            ("semver", &r.semver),
            ("tag", &r.tag),
            ("branch", &r.branch),
        ];
        let given = named.into_iter().filter_map(|(name, f)| Some((name, f.clone()?)));
        given.map(|(name, field)| (name, field, placed.file.clone())).collect()
    };
    let mut fields = patch.map(|(placed, source)| all(&placed, source)).unwrap_or_default();
    for base in all(&placed, source) {
        if !fields.iter().any(|(name, _, _)| *name == base.0) {
            fields.push(base);
        }
    }
    let find = |name: &str| {
        let found = fields.iter().find(|(n, _, _)| *n == name);
        found.map(|(name, field, file)| Given { name, field, file })
    };
    let precedence: &[&str] = match source.kind {
        SourceKind::OciRepository => &["digest", "semver", "tag"],
        _ => &["commit", "name", "semver", "tag", "branch"],
    };
    let given: Vec<Given<'_>> = precedence.iter().filter_map(|name| find(name)).collect();
    let Some(first) = given.first() else {
        let tracking = match source.kind {
            SourceKind::OciRepository => Tracking::Exact(Exact::default()),
            _ => branch("master"),
        };
        let at = source.reference.at.unwrap_or(placed.object.at).in_file(placed.file);
        return Reading {
            field: "spec.ref".to_owned(),
            at,
            tracking,
            splices: Err(NotEditable::Missing),
        };
    };
    let tag = given.iter().find(|g| g.name == "tag");
    let (tracking, splices) = match (first.name, &given[1..]) {
        ("digest", []) => (digest(first.text(), None), value(first, Blank::Digest, "")),
        ("digest", [only]) if only.name == "tag" && only.file == first.file => {
            let both = value(only, Blank::Tag, "").and_then(|mut tag| {
                tag.extend(value(first, Blank::Digest, "")?);
                tag.sort_by_key(|splice| splice.range.start);
                Ok(tag)
            });
            (digest(first.text(), Some(only.text())), both)
        }
        ("digest", _) => (digest(first.text(), tag.map(Given::text)), Err(NotEditable::Ambiguous)),
        (_, rest) => {
            let (tracking, splices) = single(first);
            // An empty `tag` is no value to Flux, and in the way of a new one.
            let is_new = first.name != "tag" && tag.is_none();
            let in_the_way = is_new && source.reference.tag_key;
            let clear = rest.is_empty() && !in_the_way;
            (tracking, if clear { splices } else { Err(NotEditable::Ambiguous) })
        }
    };
    Reading { field: format!("spec.ref.{}", first.name), at: first.at(), tracking, splices }
}

type Read = (Tracking, Result<Vec<Splice>, NotEditable>);

/// Reads a reference of one field, none of them a digest.
fn single(given: &Given<'_>) -> Read {
    let text = given.text();
    match given.name {
        "semver" => match Range::parse(text) {
            Ok(range) if range.is_exact() => {
                let version = text.trim_start_matches('=').trim_start();
                let sign = &text[..text.len() - version.len()];
                (Tracking::Exact(Exact::tag(version)), value(given, Blank::Tag, sign))
            }
            Ok(range) => (Tracking::Semver(range), renamed(given)),
            Err(_) => (Tracking::Exact(unread(text)), renamed(given)),
        },
        "tag" => (Tracking::Exact(Exact::tag(text)), value(given, Blank::Tag, "")),
        "branch" => (branch(text), renamed(given)),
        "commit" => {
            let commit = CommitId::parse(text).ok();
            let tag = commit.is_none().then(|| text.to_owned());
            (Tracking::Exact(Exact { commit, tag, ..Exact::default() }), renamed(given))
        }
        _ => git_name(given),
    }
}

/// A Git reference in full: `refs/tags/1.2.3`, `refs/heads/main`.
fn git_name(given: &Given<'_>) -> Read {
    let text = given.text();
    let tracking = match text.strip_prefix("refs/tags/") {
        Some(tag) => Tracking::Exact(Exact::tag(tag)),
        None => branch(text.strip_prefix("refs/heads/").unwrap_or(text)),
    };
    (tracking, value(given, Blank::Tag, "refs/tags/"))
}

/// Reads `spec.chart.spec.version`; without one Helm takes the newest version that is no prerelease.
pub(super) fn helm_release(
    placed: Placed<'_>,
    release: &HelmRelease,
    patch: Option<(Placed<'_>, &HelmRelease)>,
) -> Reading {
    let patched = patch.and_then(|(p, r)| Some((p.file, r.version.as_ref()?)));
    let own = release.version.as_ref().map(|version| (placed.file, version));
    let field = "spec.chart.spec.version".to_owned();
    let Some((file, version)) = patched.or(own) else {
        let at = release.chart.as_ref().map_or(placed.object.at, |chart| chart.key);
        return Reading {
            field,
            at: at.in_file(placed.file),
            tracking: range("*"),
            splices: Err(NotEditable::Missing),
        };
    };
    let given = Given { name: "version", field: version, file };
    let text = given.text();
    let (tracking, sign) = match Range::parse(text) {
        Ok(range) if range.is_exact() => {
            let version = text.trim_start_matches('=').trim_start();
            (Tracking::Exact(Exact::tag(version)), "")
        }
        Ok(range) => (Tracking::Semver(range), ""),
        Err(_) => (Tracking::Exact(unread(text)), ""),
    };
    Reading { field, at: given.at(), tracking, splices: value(&given, Blank::Tag, sign) }
}

/// Reads the version label of a Promise; `None` where it has none.
pub(super) fn promise(placed: Placed<'_>, promise: &Promise) -> Option<Reading> {
    let field = promise.version.as_ref()?;
    let given = Given { name: "version", field, file: placed.file };
    Some(Reading {
        field: "metadata.labels.kratix.io/promise-version".to_owned(),
        at: given.at(),
        tracking: Tracking::Exact(Exact::tag(given.text())),
        splices: value(&given, Blank::Tag, ""),
    })
}

/// Reads `spec.sync.ref` of a `FluxInstance`.
pub(super) fn instance(placed: Placed<'_>, sync: &InstanceSync) -> Reading {
    let field = "spec.sync.ref".to_owned();
    let oci = sync.kind == "OCIRepository";
    let Some(reference) = &sync.reference else {
        let tracking = if oci { Tracking::Exact(Exact::default()) } else { branch("master") };
        let at = placed.at();
        return Reading { field, at, tracking, splices: Err(NotEditable::Missing) };
    };
    let given = Given { name: "ref", field: reference, file: placed.file };
    let (tracking, splices) = if oci {
        (Tracking::Exact(Exact::tag(given.text())), value(&given, Blank::Tag, ""))
    } else {
        git_name(&given)
    };
    Reading { field, at: given.at(), tracking, splices }
}

fn branch(text: &str) -> Tracking {
    BranchName::parse(text).map_or_else(|_| Tracking::Exact(unread(text)), Tracking::Branch)
}

fn range(text: &str) -> Tracking {
    Range::parse(text).map_or_else(|_| Tracking::Exact(unread(text)), Tracking::Semver)
}

/// A text that is no range or branch by itself, such as a substitution: it is shown as it is, and has
/// no version.
fn unread(text: &str) -> Exact {
    Exact { tag: Some(text.to_owned()), ..Exact::default() }
}

fn digest(text: &str, tag: Option<&str>) -> Tracking {
    let tagged = tag.map(Exact::tag).unwrap_or_default();
    match Digest::parse(text) {
        Ok(digest) => Tracking::Exact(Exact { digest: Some(digest), ..tagged }),
        Err(_) => Tracking::Exact(unread(text)),
    }
}

/// Replaces the value alone.
fn value(given: &Given<'_>, blank: Blank, prefix: &str) -> Result<Vec<Splice>, NotEditable> {
    let quote = editable(given.field)?;
    let field = given.field;
    Ok(vec![Splice {
        range: field.value_range(),
        line: field.at.line,
        old: field.value_written().to_owned(),
        new: Fill { before: format!("{quote}{prefix}"), blank, after: quote.to_owned() },
    }])
}

/// Replaces the key by `tag` and the value by the release's tag, and keeps what stands between them.
fn renamed(given: &Given<'_>) -> Result<Vec<Splice>, NotEditable> {
    let quote = editable(given.field)?;
    let field = given.field;
    let (Some(key), Some(between)) =
        (field.written.get(..field.key_len), field.written.get(field.key_len..field.value_at))
    else {
        return Err(NotEditable::NotPlain);
    };
    let key = key.replace(given.name, "tag");
    Ok(vec![Splice {
        range: field.start..field.start + field.written.len(),
        line: field.key.line,
        old: field.written.clone(),
        new: Fill {
            before: format!("{key}{between}{quote}"),
            blank: Blank::Tag,
            after: quote.to_owned(),
        },
    }])
}

/// The quote of a value that can be replaced, or why it cannot be.
fn editable(field: &Field) -> Result<&'static str, NotEditable> {
    if field.shared {
        return Err(NotEditable::Aliased);
    }
    let quote = match field.style {
        Style::Plain => "",
        Style::Single => "'",
        Style::Double => "\"",
        Style::Other => return Err(NotEditable::NotPlain),
    };
    if field.value.contains("${") {
        return Err(NotEditable::Substituted);
    }
    Ok(quote)
}
