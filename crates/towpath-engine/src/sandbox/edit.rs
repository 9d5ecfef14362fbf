//! Replacing the values that facts point to, with the proof that nothing else of the file changed.
//!
//! Must not decide what is replaced.

use towpath_core::id::RepoPath;
use towpath_core::pin::Location;
use towpath_discovery::facts::Field;
use towpath_yaml::{Document, Edit, EditError, Entry, Node, Value};

/// What a field becomes.
pub(super) enum New {
    /// Another value under the same key, in the quotes it has.
    Value(String),
    /// Another key and value, in the quotes they have.
    Entry(&'static str, String),
    /// The very bytes of another field, key and value.
    Written(Field),
}

/// A value that cannot be replaced on its own.
#[derive(Debug, thiserror::Error)]
#[error("{at} cannot be changed on its own")]
pub struct EditFailed {
    /// Where the value stands.
    pub at: Location,
    /// Why.
    #[source]
    pub source: EditError,
}

impl EditFailed {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let what = match self.source {
            EditError::Shared { .. } => "write the value out instead of an anchor or merge key",
            EditError::BlockScalar { .. } => "write the value on the line of its key",
            EditError::Tagged { .. } => "write the value without a tag",
            _ => return None,
        };
        Some(format!("{what} at {}", self.at))
    }
}

/// The bytes of `file` with the fields replaced, and for each field what is written in its place.
pub(super) fn rewrite(
    file: &RepoPath,
    source: &[u8],
    fields: &[(&Field, New)],
) -> Result<(Vec<u8>, Vec<String>), EditFailed> {
    let failed = |field: Option<&Field>| {
        let at = match field {
            Some(field) => field.key.in_file(file),
            None => Location { file: file.clone(), line: 1, column: 1 },
        };
        move |source| EditFailed { at, source }
    };
    let first = fields.first().map(|(field, _)| *field);
    let documents =
        towpath_yaml::parse(source).map_err(EditError::Before).map_err(failed(first))?;
    let mut edits = Vec::new();
    let mut written = Vec::new();
    for (field, new) in fields {
        let own = edits_of(&documents, source, field, new).map_err(failed(Some(field)))?;
        written.push(with_edits(field, &own));
        edits.extend(own);
    }
    edits.sort_by_key(|edit| edit.range.start);
    let bytes = towpath_yaml::replace_checked(source, &edits).map_err(failed(first))?;
    Ok((bytes, written))
}

fn edits_of(
    documents: &[Document],
    source: &[u8],
    field: &Field,
    new: &New,
) -> Result<Vec<Edit>, EditError> {
    let line = field.at.line;
    if field.shared {
        return Err(EditError::Shared { line });
    }
    let entry = documents.iter().find_map(|document| entry_at(&document.root, field.start));
    let entry = entry.ok_or(EditError::Stale { line })?;
    let edits = match new {
        New::Value(value) => vec![towpath_yaml::set_scalar(source, &entry.value, value)?],
        New::Entry(key, value) => towpath_yaml::set_entry(source, entry, key, value)?,
        New::Written(other) => {
            let key = other.written.get(..other.key_len).unwrap_or_default();
            vec![
                Edit { range: entry.key.span.range(), new: key.to_owned() },
                Edit { range: entry.value.span.range(), new: other.value_written().to_owned() },
            ]
        }
    };
    let changes = |edit: &Edit| source.get(edit.range.clone()) != Some(edit.new.as_bytes());
    Ok(edits.into_iter().filter(changes).collect())
}

/// The entry whose key begins at a byte of the source.
fn entry_at(node: &Node, start: usize) -> Option<&Entry> {
    match &node.value {
        Value::Map(mapping) => mapping.iter().find_map(|entry| {
            if entry.key.span.start == start && !entry.key.aliased {
                return Some(entry);
            }
            entry_at(&entry.value, start)
        }),
        Value::Seq(items) => items.iter().find_map(|item| entry_at(item, start)),
        _ => None,
    }
}

/// What a field says after the edits of its key and value.
fn with_edits(field: &Field, edits: &[Edit]) -> String {
    let mut text = field.written.clone();
    for edit in edits.iter().rev() {
        let range = edit.range.start - field.start..edit.range.end - field.start;
        text.replace_range(range, &edit.new);
    }
    text
}
