//! Files become objects, or a finding that says why not.
//!
//! Must not decide which files are read; nothing that is handed in is skipped in silence.

use towpath_core::finding::{Finding, Severity};
use towpath_core::id::RepoPath;
use towpath_core::pin::Location;
use towpath_yaml::{Node, Skimmed, skim};

use crate::subject::{Head, Subject};
use crate::{helm, live};

/// Whether a file is one that objects are written in, by its name.
#[must_use]
pub fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name.rsplit_once('.'), Some((_, "yaml" | "yml" | "json"))) || name == "Kustomization"
}

/// Who the objects of a file are, those included that others hold: what Helm stored of a release, and the versions in
/// which a cluster says that an object was written; and what of it cannot be read. The items of a `List` stand in its
/// place; documents that are no Kubernetes objects, such as the values of a chart, are none.
///
/// # Errors
/// The finding that tells why the file cannot be read.
pub fn heads(file: &RepoPath, bytes: &[u8]) -> Result<(Vec<Head>, Vec<Finding>), Box<Finding>> {
    if let Some(heads) = skim(bytes).and_then(|documents| plain_heads(file, &documents)) {
        return Ok((heads, Vec::new()));
    }
    let read = read(file, bytes, |head, node| {
        let text = |path: &[&str]| node.at(path).and_then(Node::as_str);
        let holds = live::is_told(|path| node.at(path).is_some()) || may_hold_release(&head, text);
        (holds.then(|| Subject { head: head.clone(), value: node.to_json().into() }), head)
    });
    let read = read.map_err(|error| Box::new(unreadable(file, &error)))?;
    let (holders, mut heads): (Vec<_>, Vec<_>) = read.into_iter().unzip();
    let (more, unreadable) = held(&holders.into_iter().flatten().collect::<Vec<_>>());
    heads.extend(more);
    Ok((heads, unreadable))
}

/// Who the objects of a plainly written file are; `None` where one may hold others, which takes all of it to see.
fn plain_heads(file: &RepoPath, documents: &[Skimmed<'_>]) -> Option<Vec<Head>> {
    let mut heads = Vec::with_capacity(documents.len());
    for document in documents {
        if Head::PATHS.iter().any(|path| document.is_block(path)) {
            return None;
        }
        let at = Location { file: file.clone(), line: document.line, column: 1 };
        let Some(head) = Head::of(|path| document.text(path), at) else { continue };
        let has = |path: &[&str]| document.has(path);
        let text = |path: &[&str]| document.text(path);
        let is_list = head.kind.ends_with("List") && has(&["items"]);
        if is_list || live::is_told(has) || may_hold_release(&head, text) {
            return None;
        }
        heads.push(head);
    }
    Some(heads)
}

/// Who the objects are that others hold, and what of it cannot be read.
#[must_use]
pub fn held(subjects: &[Subject]) -> (Vec<Head>, Vec<Finding>) {
    let (releases, unreadable) = helm::releases(subjects);
    let of_releases = releases.into_iter().flat_map(|release| release.subjects);
    let mut heads: Vec<Head> = of_releases.map(|subject| subject.head).collect();
    heads.extend(subjects.iter().flat_map(live::heads));
    (heads, unreadable.iter().map(helm::Unreadable::finding).collect())
}

/// Whether Helm may have stored a release in an object: most Secrets and ConfigMaps are not worth a second look.
fn may_hold_release<'t>(head: &Head, text: impl Fn(&[&str]) -> Option<&'t str>) -> bool {
    match (head.api_version.as_str(), head.kind.as_str()) {
        ("v1", "Secret") => text(&["type"]) == Some("helm.sh/release.v1"),
        ("v1", "ConfigMap") => text(&["metadata", "labels", "owner"]) == Some("helm"),
        _ => false,
    }
}

/// The objects of a file, as [`heads`] finds them.
///
/// # Errors
/// The finding that tells why the file cannot be read.
pub fn subjects(file: &RepoPath, bytes: &[u8]) -> Result<Vec<Subject>, Box<Finding>> {
    documents(file, bytes).map_err(|error| Box::new(unreadable(file, &error)))
}

/// The objects of a text that is not a file itself, and why it cannot be read.
pub(crate) fn documents(
    file: &RepoPath,
    bytes: &[u8],
) -> Result<Vec<Subject>, towpath_yaml::Error> {
    read(file, bytes, |head, node| Subject { head, value: node.to_json().into() })
}

fn read<T>(
    file: &RepoPath,
    bytes: &[u8],
    keep: impl Fn(Head, &Node) -> T,
) -> Result<Vec<T>, towpath_yaml::Error> {
    let documents = towpath_yaml::parse(bytes)?;
    let mut found = Vec::new();
    for document in &documents {
        collect(file, &document.root, &keep, &mut found, true);
    }
    Ok(found)
}

fn collect<T>(
    file: &RepoPath,
    node: &Node,
    keep: &impl Fn(Head, &Node) -> T,
    found: &mut Vec<T>,
    may_be_list: bool,
) {
    let at = Location { file: file.clone(), line: node.span.line, column: node.span.column };
    let Some(head) = Head::of_node(node, at) else { return };
    // As `kubectl` and kustomize do: `v1 List`, and any kind of that name with `items`.
    if may_be_list
        && head.kind.ends_with("List")
        && let Some(items) = node.get("items").and_then(Node::as_seq)
    {
        for item in items {
            collect(file, item, keep, found, false);
        }
        return;
    }
    found.push(keep(head, node));
}

fn unreadable(file: &RepoPath, error: &towpath_yaml::Error) -> Finding {
    Finding {
        rule: "unreadable-file",
        severity: Severity::Error,
        environments: Vec::new(),
        object: None,
        field: None,
        at: Location { file: file.clone(), line: error.line(), column: error.column() },
        message: format!("the file cannot be read, so nothing in it is checked: {error}"),
        fix: "mend the file, or name the folders that hold manifests".to_owned(),
    }
}
