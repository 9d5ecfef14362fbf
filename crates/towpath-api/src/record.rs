//! A record of the ledger as JSON: what stands in the message of a ledger commit.
//!
//! Written once and read for ever: fields are added, never renamed or removed. Unknown fields are
//! ignored when read, so that an older Towpath can read what a newer one wrote; an unknown kind of event
//! is an error, because state folded without it would be wrong.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_core::id::InvalidId;
use towpath_core::record::{Event, Record, Signature};

use crate::API_VERSION;

pub use self::event::{EventFile, PromotionFile, ReleaseFile, SandboxFile};
pub use self::evidence::{EvidenceFile, GivenFile, InputsFile, evidence};

mod event;
mod evidence;

/// A record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Record")]
pub struct RecordFile {
    /// `towpath.dev/v1alpha1`.
    pub api_version: String,
    /// `Record`.
    pub kind: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// Who: `Name <email>`.
    pub by: String,
    /// What happened.
    pub event: EventFile,
}

/// Why a text is no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is not the JSON of a record.
    #[error("not a record")]
    Json(#[from] serde_json::Error),
    /// Another version or kind.
    #[error(
        "apiVersion {api_version:?} and kind {kind:?} are not a record that this version reads"
    )]
    Version {
        /// What stands there.
        api_version: String,
        /// What stands there.
        kind: String,
    },
    /// A name or identity in it is none.
    #[error("a record with an invalid value")]
    Id(#[from] InvalidId),
    /// A version in it is none.
    #[error("a record with an invalid version")]
    BadVersion(#[from] towpath_core::version::VersionError),
    /// A window in it is none.
    #[error("a record with an invalid window: {0}")]
    BadWindow(String),
    /// Not a matcher of alerts.
    #[error(transparent)]
    BadMatcher(#[from] towpath_core::source::InvalidMatcher),
    /// A range in it is none.
    #[error("a record with an invalid range")]
    BadRange(#[from] towpath_core::version::RangeError),
    /// A time in it is none.
    #[error("a record with an invalid time")]
    Time(#[from] jiff::Error),
}

/// Writes a record as JSON, indented, with a line end.
#[must_use]
pub fn to_json(record: &Record) -> String {
    let mut text = serde_json::to_string_pretty(&RecordFile::from(record))
        .expect("strings and numbers always serialise");
    text.push('\n');
    text
}

/// Reads a record.
///
/// # Errors
/// [`RecordError`].
pub fn from_json(text: &str) -> Result<Record, RecordError> {
    let file: RecordFile = serde_json::from_str(text)?;
    if file.api_version != API_VERSION || file.kind != "Record" {
        return Err(RecordError::Version { api_version: file.api_version, kind: file.kind });
    }
    Record::try_from(file)
}

impl From<&Record> for RecordFile {
    fn from(record: &Record) -> Self {
        Self {
            api_version: API_VERSION.to_owned(),
            kind: "Record".to_owned(),
            at: record.at.to_string(),
            by: record.by.clone(),
            event: EventFile::from(&record.event),
        }
    }
}

impl TryFrom<RecordFile> for Record {
    type Error = RecordError;

    fn try_from(file: RecordFile) -> Result<Self, RecordError> {
        let event = Event::try_from(file.event)?;
        // A signature is of the commit that holds the record; whoever reads that tells.
        Ok(Self { at: file.at.parse()?, by: file.by, event, signature: Signature::NotChecked })
    }
}
