//! Where rules put what they find, and how the findings of several versions become one change.

use serde_json::Value;

use super::{Change, Effect, RuleId};

/// How long a value may be before it is shortened.
const SHORT: usize = 80;

/// What the rules found.
#[derive(Default)]
pub(super) struct Found {
    version: Option<String>,
    changes: Vec<Change>,
}

/// One finding, before it is known in which versions it is.
pub(super) struct Finding<'a> {
    pub(super) rule: RuleId,
    pub(super) effect: Effect,
    pub(super) path: &'a str,
    pub(super) was: Option<&'a Value>,
    pub(super) is: Option<&'a Value>,
    pub(super) message: String,
}

impl Found {
    /// What follows is of this version.
    pub(super) fn in_version(&mut self, version: &str) {
        self.version = Some(version.to_owned());
    }

    /// What follows is of the definition as a whole.
    pub(super) fn in_definition(&mut self) {
        self.version = None;
    }

    pub(super) fn add(&mut self, finding: Finding<'_>) {
        let versions = self.version.clone().into_iter().collect();
        self.add_for(finding, versions);
    }

    /// Adds a finding with the versions it affects.
    pub(super) fn add_for(&mut self, finding: Finding<'_>, versions: Vec<String>) {
        self.changes.push(Change {
            rule: finding.rule,
            effect: finding.effect,
            versions,
            path: finding.path.to_owned(),
            was: finding.was.map(short),
            is: finding.is.map(short),
            message: finding.message,
        });
    }

    pub(super) fn into_changes(self) -> Vec<Change> {
        fn key(change: &Change) -> impl Ord + '_ {
            let values = (&change.was, &change.is, &change.message);
            (change.effect, &change.path, change.rule.as_str(), values)
        }
        let mut changes = self.changes;
        // Stable: versions stay in the order in which they were compared.
        changes.sort_by(|a, b| key(a).cmp(&key(b)));
        changes.dedup_by(|later, first| {
            let same = key(later) == key(first);
            if same {
                for version in later.versions.drain(..) {
                    if !first.versions.contains(&version) {
                        first.versions.push(version);
                    }
                }
            }
            same
        });
        changes
    }
}

/// A value in a few characters, as JSON; a string that is short stands without quotes.
pub(super) fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
