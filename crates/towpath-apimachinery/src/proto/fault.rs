//! What can be wrong with a body, in words of a server where there are any.

use crate::refusal::Refusal;

/// Why a body is no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error(
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
    )]
    Magic,
    #[error("the content of the message is encoded in a way that is not understood")]
    Encoding,
    #[error(
        "no kind {kind:?} is registered for version {api_version:?} in scheme \"pkg/api/legacyscheme/scheme.go:30\""
    )]
    Kind { api_version: String, kind: String },
    #[error("unexpected EOF")]
    Cut,
    #[error("proto: integer overflow")]
    Overflow,
    #[error("proto: illegal tag {0}")]
    Tag(u64),
    #[error("proto: illegal wireType {0}")]
    WireType(u64),
    #[error("proto: wrong wireType for field {field}")]
    Mismatch { field: String },
    #[error("messages are nested too deeply")]
    Depth,
    #[error("Request entity too large: more than {0} values")]
    Values(usize),
    #[error("a time is out of range")]
    Time,
    #[error("a number is none that JSON has")]
    Number,
    #[error("embedded JSON: {0}")]
    Json(String),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let message = fault.to_string();
        match fault {
            Fault::Values(_) => Self::too_large(message),
            _ => Self::bad_request(message),
        }
    }
}
