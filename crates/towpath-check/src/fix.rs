//! Writes another `apiVersion` where the shape of the object is the same in both.
//!
//! One value is replaced and no other byte. What has another shape is left to people: a field that moved would be lost in
//! silence.

use towpath_catalog::{Catalog, GroupVersionKind, Lifecycle, Minor, Phase, lifecycle};
use towpath_core::id::RepoPath;
use towpath_core::pin::{Location, ObjectRef};
use towpath_yaml::{Edit, EditError, Node, replace_checked, set_scalar};

use crate::given::Given;
use crate::subject::Head;

/// One `apiVersion` that was written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The object.
    pub object: ObjectRef,
    /// Where its `apiVersion` stands.
    pub at: Location,
    /// What stood there.
    pub was: String,
    /// What stands there now.
    pub is: String,
}

/// A file with newer versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// All of it.
    pub bytes: Vec<u8>,
    /// What was written anew.
    pub fixed: Vec<Fixed>,
}

/// Writes newer versions into a file, for all who may be given its objects. `None` where nothing can be written.
///
/// # Errors
/// [`EditError`] where the file does not stay what it was but for those values: then nothing is to be written.
pub fn api_versions(
    file: &RepoPath,
    source: &[u8],
    given: &Given,
) -> Result<Option<Mended>, EditError> {
    // What cannot be read is told by the check.
    let Ok(documents) = towpath_yaml::parse(source) else { return Ok(None) };
    let mut edits = Vec::new();
    let mut fixed = Vec::new();
    for document in &documents {
        let items = document.root.get("items").and_then(Node::as_seq).unwrap_or_default();
        for node in std::iter::once(&document.root).chain(items) {
            if let Some((edit, one)) = object(file, source, node, given)? {
                edits.push(edit);
                fixed.push(one);
            }
        }
    }
    if edits.is_empty() {
        return Ok(None);
    }
    Ok(Some(Mended { bytes: replace_checked(source, &edits)?, fixed }))
}

fn object(
    file: &RepoPath,
    source: &[u8],
    node: &Node,
    given: &Given,
) -> Result<Option<(Edit, Fixed)>, EditError> {
    let Some(value) = node.get("apiVersion") else { return Ok(None) };
    // An alias or an anchor is edited elsewhere, too.
    if value.aliased || value.anchored {
        return Ok(None);
    }
    let at = Location { file: file.clone(), line: value.span.line, column: value.span.column };
    let Some(head) = Head::of_node(node, at.clone()) else { return Ok(None) };
    let Some(next) = successor(&head, given) else { return Ok(None) };
    let edit = set_scalar(source, value, &next)?;
    Ok(Some((edit, Fixed { object: head.reference(), at, was: head.api_version, is: next })))
}

/// The version to write instead of a deprecated or removed one, if every target has it and the shape is the same.
#[must_use]
pub fn successor(head: &Head, given: &Given) -> Option<String> {
    let kind = head.gvk();
    match lifecycle(&kind) {
        Some(life) => built_in(&life, given, head),
        None => custom(&kind, given, head),
    }
}

fn built_in(life: &Lifecycle, given: &Given, head: &Head) -> Option<String> {
    let minors: Vec<Minor> = given.kubernetes_of(head).keys().map(|one| one.minor).collect();
    let is_old = |minor: &Minor| matches!(life.phase(*minor), Phase::Deprecated | Phase::Removed);
    if !minors.iter().any(is_old) {
        return None;
    }
    let newest = *minors.iter().max()?;
    let next = life.replacement_in(newest)?;
    let is_there = |minor: &Minor| matches!(next.phase(*minor), Phase::Current | Phase::Deprecated);
    if next.kind.kind != life.kind.kind || !minors.iter().all(is_there) {
        return None;
    }
    // Both are looked at in the last Kubernetes that has both.
    let last = match life.gone {
        Some(gone) => Minor::new(gone.number().checked_sub(1)?),
        None => newest.min(Minor::NEWEST),
    };
    let catalog = Catalog::load(last).ok()?;
    let same = catalog.schema(&life.kind)?.is_same_shape(&catalog.schema(&next.kind)?);
    same.then(|| next.kind.api_version())
}

/// For a custom resource whose definition is at hand: the version that is stored, if it is served and has the same schema.
fn custom(kind: &GroupVersionKind<'_>, given: &Given, head: &Head) -> Option<String> {
    let definitions = given.definitions_for(head);
    let mut next = None;
    for (defined, _) in &definitions {
        let definition = &defined.definition;
        let own = definition.version(kind.version)?;
        let stored =
            definition.versions.iter().find(|version| version.storage && version.served)?;
        let is_old = !own.served || own.is_deprecated();
        if !is_old || stored.name == own.name || !own.has_schema_of(stored) {
            return None;
        }
        if next.as_ref().is_some_and(|known| *known != stored.name) {
            return None;
        }
        next = Some(stored.name.clone());
    }
    next.map(|version| format!("{}/{version}", kind.group))
}
