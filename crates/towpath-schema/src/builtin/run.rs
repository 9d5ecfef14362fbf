//! The validation of one object: what was found so far, and what is known of the whole.

use serde_json::Value;
use towpath_catalog::Minor;

use crate::crd::at::At;
use crate::crd::schema::{Fault, MAX_VIOLATIONS, NotChecked, Ratchet, Report, Violation};
use crate::crd::words;

/// What one validation finds.
pub(super) struct Run {
    pub(super) minor: Minor,
    /// Whether values that the decoder refuses must not be shown.
    pub(super) is_secret: bool,
    /// Volumes that the pods have besides those of their template.
    pub(super) claims: Vec<String>,
    found: Vec<Violation>,
    not_checked: Vec<NotChecked>,
    more: usize,
}

impl Run {
    pub(super) fn new(minor: Minor) -> Self {
        Self {
            minor,
            is_secret: false,
            claims: Vec::new(),
            found: Vec::new(),
            not_checked: Vec::new(),
            more: 0,
        }
    }

    /// Adds a violation; what it says is written only if there is room for it.
    pub(super) fn add(&mut self, fault: Fault, at: &At<'_>, message: impl FnOnce() -> String) {
        if self.found.len() >= MAX_VIOLATIONS {
            self.more += 1;
            return;
        }
        // A decoder writes entries of maps as it writes fields.
        let path = match fault {
            Fault::UnknownField | Fault::Type | Fault::Format => format!("{at:#}"),
            _ => at.to_string(),
        };
        // What is wrong with a built-in kind is refused with every write.
        let ratchet = if fault == Fault::UnknownField { Ratchet::Always } else { Ratchet::Never };
        self.found.push(Violation { path, fault, message: message(), ratchet });
    }

    pub(super) fn invalid(&mut self, at: &At<'_>, value: &Value, why: &str) {
        self.add(Fault::Invalid, at, || format!("Invalid value: {}: {why}", words::value(value)));
    }

    pub(super) fn required(&mut self, at: &At<'_>, why: &str) {
        self.add(Fault::Required, at, || match why {
            "" => "Required value".to_owned(),
            why => format!("Required value: {why}"),
        });
    }

    pub(super) fn forbidden(&mut self, at: &At<'_>, why: &str) {
        self.add(Fault::Forbidden, at, || format!("Forbidden: {why}"));
    }

    pub(super) fn duplicate(&mut self, at: &At<'_>, value: &Value) {
        self.add(Fault::Duplicate, at, || format!("Duplicate value: {}", words::value(value)));
    }

    pub(super) fn unsupported(&mut self, at: &At<'_>, found: &str, supported: &[&str]) {
        self.add(Fault::Enum, at, || {
            let supported: Vec<String> = supported.iter().map(|one| format!("{one:?}")).collect();
            let supported = supported.join(", ");
            format!("Unsupported value: {found:?}: supported values: {supported}")
        });
    }

    pub(super) fn has_claim(&self, name: &str) -> bool {
        self.claims.iter().any(|claim| claim == name)
    }

    pub(super) fn skip(&mut self, at: &At<'_>, what: &str) {
        if self.not_checked.len() < MAX_VIOLATIONS {
            let (path, what) = (at.to_string(), what.to_owned());
            self.not_checked.push(NotChecked { path, what });
        }
    }

    pub(super) fn into_report(mut self) -> Report {
        if self.more > 0 {
            let what = format!("{} violations more", self.more);
            self.not_checked.push(NotChecked { path: String::new(), what });
        }
        self.not_checked.sort();
        // One fact is one violation: what is refused anyway is not told of server-side apply as well.
        let refused: Vec<String> = self
            .found
            .iter()
            .filter(|one| matches!(one.fault, Fault::Duplicate | Fault::Invalid))
            .map(|one| one.path.clone())
            .collect();
        self.found.retain(|one| {
            one.fault != Fault::Apply || !refused.iter().any(|path| path.starts_with(&one.path))
        });
        Report { violations: self.found, not_checked: self.not_checked }
    }
}
